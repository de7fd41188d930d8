"""The client's side of an smtpd(8) session: lines and chunks in, replies out, with a time limit on each wait.

What arrives is kept until the session takes it; beyond a limit the sender is asked to pause, so a flood does not make the
process grow. Replies are collected and sent when the session waits for input, as a real smtpd's output buffer is flushed.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

#: Pause the sender above this many bytes that nobody has read, resume below a quarter of it.
INPUT_LIMIT = 256 * 1024
#: As many bytes as a real smtpd sees at once in its input buffer (VSTREAM_BUFSIZE).
PEEK_LIMIT = 4096


class ClientTimeout(Exception):
    """The client said nothing for smtpd_timeout."""


class ConnectionLost(Exception):
    """The client is gone."""


class Sender(Protocol):
    """What the stream needs of a transport."""

    def write(self, data: bytes) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def is_closing(self) -> bool: ...


class ClientStream:
    """Input and output of one session. `timeout` in seconds is renewed at each wait."""

    def __init__(self, transport: Sender, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        self.transport = transport
        self.timeout = timeout
        self.detect_bare_lf = False
        self.got_bare_lf = False
        self.partial = 0
        self._loop = loop
        self._input = bytearray()
        self._output: list[bytes] = []
        self._unsent = 0
        self._eof = False
        self._paused = False
        self._blocked = False
        self._waiter: asyncio.Future[None] | None = None

    # What the protocol calls

    def feed(self, data: bytes) -> None:
        """Bytes have arrived."""
        self._input += data
        if len(self._input) > INPUT_LIMIT and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def feed_eof(self) -> None:
        """The client sends no more, or the connection broke."""
        self._eof = True
        self._wake()

    def pause_writing(self) -> None:
        """The client does not read what we say."""
        self._blocked = True

    def resume_writing(self) -> None:
        """The client reads again."""
        self._blocked = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # What the session calls

    @property
    def ended(self) -> bool:
        """The client sends no more."""
        return self._eof

    def peek(self) -> bytes:
        """What has arrived and was not yet read."""
        return bytes(self._input[:PEEK_LIMIT])

    def purge(self) -> None:
        """Forget what has arrived: no plain text may be taken for text that came encrypted (RFC 3207 4.2)."""
        self._input.clear()

    def write(self, data: bytes) -> None:
        """Say something; it leaves with the next flush, or when there is much of it."""
        self._output.append(data)
        self._unsent += len(data)
        if self._unsent > PEEK_LIMIT:
            self.flush()

    def flush(self) -> None:
        """Send what was said. To a client that is gone it is lost."""
        if self._output and not self.transport.is_closing():
            self.transport.write(b"".join(self._output))
        self._output.clear()
        self._unsent = 0

    async def get_line(self, limit: int, skip: bool = False) -> tuple[bytes, bool]:
        """A line without its end, and whether it was complete within `limit` bytes; the rest of a longer one comes next, or
        is dropped if `skip`. CR LF ends a line, and so does LF alone. Raises ClientTimeout, ConnectionLost."""
        self.got_bare_lf = False
        self.partial = 0
        while self._blocked:
            await self._wait()
        end = self._input.find(b"\n", 0, limit)
        while end < 0 and len(self._input) <= limit:
            self.partial = len(self._input)
            await self._more()
            end = self._input.find(b"\n", max(self.partial - 1, 0), limit)
        if end < 0 and self._input[limit - 1 : limit + 1] == b"\r\n":
            end = limit
        if end >= 0:
            return self._strip(self._take(end + 1)), True
        part = self._take(limit)
        if skip:
            await self._skip_line()
        return part, False

    async def read(self, count: int) -> bytes:
        """Exactly `count` bytes. Raises ClientTimeout, ConnectionLost."""
        while len(self._input) < count:
            self.partial = len(self._input)
            await self._more()
        return self._take(count)

    def _strip(self, line: bytes) -> bytes:
        line = line[:-1]
        if not self.detect_bare_lf:
            return line.rstrip(b"\r")
        if line.endswith(b"\r"):
            return line[:-1]
        self.got_bare_lf = True
        return line

    async def _skip_line(self) -> None:
        while (end := self._input.find(b"\n")) < 0:
            self._take(len(self._input))
            await self._more()
        self._take(end + 1)

    def _take(self, count: int) -> bytes:
        data = bytes(self._input[:count])
        del self._input[:count]
        if self._paused and len(self._input) < INPUT_LIMIT // 4:
            self._paused = False
            self.transport.resume_reading()
        return data

    async def _more(self) -> None:
        """Send what was said, then wait for input."""
        self.flush()
        await self._wait()

    async def _wait(self) -> None:
        if self._eof:
            raise ConnectionLost
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(self.timeout, self._expire, self._waiter)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    @staticmethod
    def _expire(waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_exception(ClientTimeout())
