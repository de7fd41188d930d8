"""The client of Dovecot's authentication service: the Dovecot Authentication Protocol, version 1.1 (Dovecot's auth-protocol.txt).

auth = DovecotAuth(reader, writer)
mechanisms = await auth.handshake(pid)            # (("PLAIN", {"plaintext"}), ...)
step = await auth.first("PLAIN", "AGFubmEA...", {"service": "smtp", ...})
step = await auth.next("...")
"""

from __future__ import annotations

import asyncio
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.postfix.lib.printable import printable

#: Lines of the handshake, and of an answer that never comes, are read up to this number.
_MOST_LINES = 1000
_BASE64 = re.compile(r"[0-9A-Za-z+/=]*")
Mechanisms = tuple[tuple[str, frozenset[str]], ...]


class Progress(enum.Enum):
    """How far a login is."""

    DONE = enum.auto()
    MORE = enum.auto()
    FAILED = enum.auto()
    TEMPORARY = enum.auto()


@dataclass(frozen=True, slots=True)
class Step:
    """An answer of the server: a challenge (base64), or the reason of a failure."""

    progress: Progress
    text: str = ""
    user: str = ""


class ProtocolTrouble(Exception):
    """The server does not speak the protocol; the text is that of a warning."""


class DovecotAuth:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._request = 0

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    def _send(self, line: str) -> None:
        self._writer.write(line.encode("utf-8", "surrogateescape") + b"\n")

    async def _line(self) -> list[str] | None:
        """The fields of the next line; None when the server has hung up."""
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            return None
        return line[:-1].decode("utf-8", "surrogateescape").split("\t")

    async def handshake(self, pid: int) -> Mechanisms:
        """The mechanisms that the server offers, with their properties. Raises ProtocolTrouble."""
        self._send("VERSION\t1\t1")
        self._send(f"CPID\t{pid}")
        found: list[tuple[str, frozenset[str]]] = []
        for _ in range(_MOST_LINES):
            fields = await self._line()
            if fields is None:
                break
            match fields[0]:
                case "VERSION" if fields[1:2] != ["1"]:
                    mismatch = f"SASL: Protocol version mismatch ({fields[1]} vs. 1)" if len(fields) > 2 else ""
                    raise ProtocolTrouble(mismatch or "SASL: Protocol version error")
                case "MECH" if len(fields) > 1 and "private" not in fields[2:]:
                    found.append((fields[1], frozenset(map(str.lower, fields[2:]))))
                case "SPID" if not found:
                    raise ProtocolTrouble("SASL: Connected to wrong auth socket (auth-master instead of auth-client)")
                case "DONE":
                    return tuple(found)
        raise ProtocolTrouble("")

    async def first(self, mechanism: str, response: str | None, facts: Mapping[str, str | None]) -> Step:
        """Begin. `facts` are the parameters of the request, in order; None for one without a value."""
        if response is not None and not _is_base64(response):
            return Step(Progress.FAILED, "Invalid base64 data in initial response")
        self._request += 1
        words = ["AUTH", str(self._request), mechanism, *(name if value is None else f"{name}={value}" for name, value in facts.items())]
        if response is not None:
            words.append(f"resp={response}")
        self._send("\t".join(words))
        return await self._answer()

    async def next(self, response: str) -> Step:
        """The client's answer to a challenge."""
        if not _is_base64(response):
            return Step(Progress.FAILED, "Invalid base64 data in continued response")
        self._send(f"CONT\t{self._request}\t{response}")
        return await self._answer()

    async def _answer(self) -> Step:
        for _ in range(_MOST_LINES):
            fields = await self._line()
            if fields is None:
                break
            if fields[1:2] != [str(self._request)]:
                continue
            if fields[0] == "CONT":
                return Step(Progress.MORE, fields[2] if len(fields) > 2 else "")
            if fields[0] in ("OK", "FAIL"):
                return _outcome(fields)
        return Step(Progress.TEMPORARY, "Connection lost to authentication server")


def _outcome(fields: list[str]) -> Step:
    facts = dict(field.partition("=")[::2] for field in fields[2:])
    user = printable(facts.get("user", ""))
    if fields[0] == "OK":
        return Step(Progress.DONE, "", user) if user else Step(Progress.FAILED, "Authentication backend error")
    return Step(Progress.FAILED, printable(facts.get("reason", "")), user)


def _is_base64(text: str) -> bool:
    return _BASE64.fullmatch(text) is not None
