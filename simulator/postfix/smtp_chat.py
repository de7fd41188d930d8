"""What is said between smtp(8) and a server: commands out, replies in, each wait with its time limit (RFC 5321 4.2, 4.5.3.2)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from simulator.mail.dsn import leading_dsn
from simulator.net.transport import StreamTransport
from simulator.postfix.lib.printable import printable

_LINE_END = re.compile(rb"\r*\n\Z")
_CODE = re.compile(r"(\d+)(.?)", re.S)
#: What is kept of a conversation for a notice to the postmaster: lines.
HISTORY_LIMIT = 500


class StreamTrouble(Exception):
    """The conversation cannot go on: "eof" (lost connection), "time" (timed out), "data" (trouble of our own)."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply. `text` has all lines with their codes, joined by newlines; `dsn` its enhanced status code (RFC 3463),
    x.0.0 where it has none, 5.5.0 where it makes no sense."""

    code: int
    dsn: str
    text: str

    @property
    def flat(self) -> str:
        """The reply in one line, as log and notifications show it."""
        return self.text.replace("\n", " ")

    @property
    def good(self) -> bool:
        return self.code // 100 == 2


class ServerStream(asyncio.Protocol):
    """The connection to a server. `timeout` in seconds applies to each line that is waited for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.timeout = 300.0
        self.dead = False
        self.transport: StreamTransport
        self._loop = loop
        self._input = bytearray()
        self._output: list[bytes] = []
        self._pending = 0
        self._eof = False
        self._blocked = False
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._watch: asyncio.TimerHandle | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, StreamTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._input += data
        self._wake()

    def eof_received(self) -> bool:
        self._eof = True
        self._wake()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._eof = True
        self._blocked = False
        self._wake()

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # Reading and writing

    @property
    def pending(self) -> int:
        """Bytes said but not yet sent."""
        return self._pending

    @property
    def unread(self) -> bool:
        """Has the server said something that nobody has read?"""
        return bool(self._input)

    def write(self, data: bytes) -> None:
        self._output.append(data)
        self._pending += len(data)

    def flush(self) -> None:
        """Send what was said."""
        if self._output and not self.dead:
            self.transport.write(b"".join(self._output))
        self.purge()

    def purge(self) -> None:
        """Forget what was not sent."""
        self._output.clear()
        self._pending = 0

    async def drain(self) -> None:
        """Send, and wait until the server has taken most of it. Raises StreamTrouble."""
        self.flush()
        while self._blocked:
            await self._wait()
        if self._eof and self.transport.is_closing():
            raise StreamTrouble("eof")

    async def line(self) -> bytes:
        """The next line without its end. Raises StreamTrouble."""
        self.flush()
        while (end := self._input.find(b"\n")) < 0:
            if self._eof:
                self.dead = True
                raise StreamTrouble("eof")
            await self._wait()
        line = bytes(self._input[: end + 1])
        del self._input[: end + 1]
        return _LINE_END.sub(b"", line)

    async def _wait(self) -> None:
        if self._eof and self._blocked:
            raise StreamTrouble("eof")
        self._deadline = self._loop.time() + self.timeout
        if self._watch is None or self._watch.when() > self._deadline:
            self._set_watch()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _set_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_at(self._deadline, self._check)

    def _check(self) -> None:
        """One timer serves all waits: it is set again when the deadline has moved."""
        self._watch = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._deadline:
            self._set_watch()
            return
        self.dead = True
        self._waiter.set_exception(StreamTrouble("time"))

    def close(self) -> None:
        """Hang up, after what was said."""
        self.flush()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self.transport.close()


class Chat:
    """Commands and replies on a stream, with a history for the postmaster."""

    def __init__(self, stream: ServerStream, name: str, line_limit: int, warn: Callable[[str], None]) -> None:
        self.stream = stream
        self.name = name
        self.history: list[str] = []
        self.protocol_error = False
        self._line_limit = line_limit
        self._warn = warn
        #: What to log about a line that is no reply, with pipelining: set by the handshake.
        self.on_garbage: Callable[[str], None] | None = None

    def say(self, command: str) -> None:
        """Queue a command; it is sent with the next wait."""
        self._note("Out: " + command)
        self.stream.write(command.encode("utf-8", "surrogateescape") + b"\r\n")

    def _note(self, line: str) -> None:
        if len(self.history) < HISTORY_LIMIT:
            self.history.append(line)

    async def reply(self, timeout: float) -> Reply:
        """The next reply. Lines that are none are skipped, and noted as a protocol error. Raises StreamTrouble."""
        self.stream.timeout = timeout
        lines: list[str] = []
        while True:
            line = self._readable(await self.stream.line())
            lines.append(line)
            self._note("In:  " + line)
            match = _CODE.match(line)
            if match and len(match[1]) == 3:
                if match[2] == "-":
                    continue
                if match[2] in ("", " "):
                    break
            self.protocol_error = True
            if self.on_garbage is not None:
                self.on_garbage(line)
        return Reply(int(line[:3]), _dsn(line), "\n".join(lines))

    def _readable(self, data: bytes) -> str:
        line = printable(data[: self._line_limit].decode("utf-8", "surrogateescape"))
        if len(data) > self._line_limit:
            self._warn(f"{self.name}: response longer than {self._line_limit}: {line[:30]}...")
        return line


def _dsn(line: str) -> str:
    """The enhanced status code of a reply line, if it fits the reply code."""
    if line[0] not in "245":
        return "5.5.0"
    found = leading_dsn(line[4:].lstrip(" "))
    return found if found and found[0] == line[0] else f"{line[0]}.0.0"
