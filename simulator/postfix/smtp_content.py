"""The message as smtp(8) puts it on the wire: CR LF line ends, dots doubled, long lines broken, and what smtp_generic_maps
and header checks change on the way (RFC 5321 4.5.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

#: What is handed to the connection at a time.
CHUNK = 32 * 1024
_LEADING_DOT = re.compile(rb"(?m)^\.")


class ContentError(Exception):
    """The message cannot be sent in the form that the server needs."""

    def __init__(self, dsn: str, text: str) -> None:
        super().__init__(text)
        self.dsn = dsn
        self.text = text


def on_the_wire(message: bytes, line_limit: int, broken: Callable[[], None]) -> Iterator[bytes]:
    """The message in pieces, ready to be sent up to the final dot. Lines of `line_limit` bytes or more are broken with
    CR LF blank, and `broken()` is told (postconf(5) smtp_line_length_limit; 0 = no limit)."""
    if message and not message.endswith(b"\n"):
        message += b"\n"
    if line_limit and _has_long_line(message, line_limit):
        broken()
        message = b"".join(_folded(message, line_limit))
    data = _LEADING_DOT.sub(b"..", message).replace(b"\n", b"\r\n")
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


def _has_long_line(message: bytes, limit: int) -> bool:
    start = 0
    while start < len(message):
        end = message.find(b"\n", start)
        if end - start >= limit:
            return True
        start = end + 1
    return False


def _folded(message: bytes, limit: int) -> Iterator[bytes]:
    for line in message.splitlines(keepends=True):
        text, room = line[:-1], limit
        while len(text) >= room:
            yield text[:room] + b"\n"
            text, room = text[room:], limit
            if text:
                yield b" "
                room -= 1
        if text or len(line) == 1:
            yield text + b"\n"


def headers(message: bytes) -> tuple[list[bytes], bytes]:
    """The header fields of a message, each with its continuation lines and without the last newline, and the rest."""
    fields: list[bytes] = []
    position = 0
    while position < len(message):
        end = message.find(b"\n", position)
        end = len(message) if end < 0 else end
        line = message[position:end]
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += b"\n" + line
        elif re.match(rb"[!-9;-~]+[ \t]*:", line):
            fields.append(line)
        else:
            break
        position = end + 1
    return fields, message[position:]


def with_headers(message: bytes, change: Callable[[bytes], Iterable[bytes]]) -> bytes:
    """The message with each header field replaced by what `change` makes of it."""
    fields, rest = headers(message)
    lines = [line for field in fields for line in change(field)]
    return b"".join(line + b"\n" for line in lines) + rest
