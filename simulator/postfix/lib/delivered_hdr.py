"""Mail loops: the Delivered-To: lines that a message already carries in its header.

local(8) and pipe(8) write such a line when they deliver; a message that comes back to an address it names is in a loop.
"""

from __future__ import annotations

from typing import Final

from simulator.mail.address import casefold
from simulator.mail.quoting import quote_822_local
from simulator.postfix.lib.printable import is_header

#: How many are remembered: a longer list of stations is a loop of its own.
LIMIT: Final = 1000
_NAME: Final = "delivered-to"


class DeliveredHeaders:
    """The addresses in the Delivered-To: lines of one message."""

    def __init__(self, message: bytes) -> None:
        self._addresses: set[str] = set()
        self._read(message)

    def _read(self, message: bytes) -> None:
        start = 0
        while len(self._addresses) < LIMIT and start < len(message):
            end = message.find(b"\n", start)
            end = len(message) if end < 0 else end
            line = message[start:end].decode("utf-8", "surrogateescape")
            start = end + 1
            if is_header(line):
                name, _, value = line.partition(":")
                if name.rstrip(" \t").lower() == _NAME:
                    self._addresses.add(casefold(value.lstrip(" \t\r\v\f")))
            elif not line[:1].isspace():
                return

    def __contains__(self, address: str) -> bool:
        return casefold(quote_822_local(address)) in self._addresses
