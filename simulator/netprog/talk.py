"""A program's input goes to a connection, what comes back to its output: what nc and telnet have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from simulator.clock import Clock
from simulator.net.transport import StreamTransport
from simulator.unix.program import Killed, Process

T = TypeVar("T")
#: What a program would wait for ever is given up after a day.
_FOR_EVER = 86400.0
_SIGTERM = 15


def wait(p: Process, work: Coroutine[Any, Any, T]) -> T:
    """Wait for a conversation, as long as this program may live (timeout(1)). Raises Killed."""
    deadline = p.host.deadline
    limit = _FOR_EVER if deadline is None else max(0.0, deadline - p.clock.now)
    try:
        return p.clock.run_coroutine(work, limit=limit)
    except TimeoutError as error:
        if error.errno is None and deadline is not None:
            p.clock.run_until(deadline)
            raise Killed(_SIGTERM) from None
        raise


class Talk(asyncio.Protocol):
    """One conversation. `received(text)` gets what the other side says."""

    def __init__(self, clock: Clock, received: Callable[[str], None]) -> None:
        self.clock = clock
        self.received = received
        self.transport: StreamTransport
        self.moved = clock.now
        self.closed = False
        self.input_ended: float | None = None
        self._changed: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, StreamTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.moved = self.clock.now
        self.received(data.decode("utf-8", "surrogateescape"))

    def eof_received(self) -> bool:
        self._close()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._close()

    def _close(self) -> None:
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    async def run(self, pieces: Sequence[tuple[float, str]], limit: Callable[[], float | None], at_end: Callable[[], None]) -> None:
        """Send the pieces with their pauses, until the other side closes or the moment that `limit()` gives has come.

        `at_end()` is called when the input has ended. Whoever types at the other end of the pipe still finishes the pause
        that has begun; what is typed after it finds nobody.
        """
        typing = self.clock.loop.create_task(self._type(pieces, at_end))
        try:
            while not self.closed:
                moment = limit()
                if moment is not None and self.clock.now >= moment:
                    break
                self._changed = self.clock.loop.create_future()
                await asyncio.wait({self._changed}, timeout=None if moment is None else moment - self.clock.now)
        except asyncio.CancelledError:
            typing.cancel()
            raise
        finally:
            self.transport.close()
        await typing

    async def _type(self, pieces: Sequence[tuple[float, str]], at_end: Callable[[], None]) -> None:
        for wait, text in pieces:
            if wait:
                await asyncio.sleep(wait)
            if self.transport.is_closing():
                return
            if text:
                self.transport.write(text.encode("utf-8", "surrogateescape"))
                self.moved = self.clock.now
        self.input_ended = self.clock.now
        at_end()
        self._wake()
