"""The end of a connection at which smtpd(8) sits: bytes to the session, and the session as a task on the lab's clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulator.net.transport import StreamTransport
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.smtpd_peer import find_peer
from simulator.postfix.smtpd_session import Session
from simulator.postfix.smtpd_state import SmtpdState, name_and_address
from simulator.postfix.smtpd_stream import ClientStream

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd


class SmtpdProtocol(asyncio.Protocol):
    """One connection. The process is released when the session is over, whatever its end."""

    def __init__(self, smtpd: Smtpd) -> None:
        self.smtpd = smtpd
        self.session: Session | None = None
        self._transport: StreamTransport | None = None
        self._stream: ClientStream | None = None
        self._task: asyncio.Task[None] | None = None

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, StreamTransport)
        clock = self.smtpd.clock
        self._transport = transport
        self._stream = ClientStream(transport, clock.loop, self.smtpd.params.time("smtpd_timeout"))
        if self.smtpd.tls.wrapped:
            # The client's first bytes are for the handshake.
            transport.pause_reading()
        self._task = clock.spawn(self._run(transport, self._stream))
        self._task.add_done_callback(_report)

    def data_received(self, data: bytes) -> None:
        if self._stream is not None:
            self._stream.feed(data)

    def eof_received(self) -> bool:
        if self._stream is not None:
            self._stream.feed_eof()
        return True  # what is said may still be read

    def connection_lost(self, error: Exception | None) -> None:
        if self._stream is not None:
            self._stream.feed_eof()

    def pause_writing(self) -> None:
        if self._stream is not None:
            self._stream.pause_writing()

    def resume_writing(self) -> None:
        if self._stream is not None:
            self._stream.resume_writing()

    # The session

    async def _run(self, transport: StreamTransport, stream: ClientStream) -> None:
        smtpd = self.smtpd
        try:
            # A client that does not wait for the greeting has spoken before a real process is ready to look.
            await asyncio.sleep(smtpd.master.pace.of("spawn" if smtpd.use_count <= 1 else "connect"))
            peer = await find_peer(smtpd, transport.get_extra_info("peername"), transport.get_extra_info("sockname"))
            state = SmtpdState(smtpd.service_name, peer, name_and_address(peer, smtpd.settings.logs_port))
            self.session = Session(smtpd, state, stream)
            self.session.connection = transport
            await self.session.run()
        except Fatal as fatal:
            transport.close()
            smtpd.die(fatal)
            return
        finally:
            self.session = None
            smtpd.forget(self)
        transport.close()
        smtpd.release()

    def abort(self) -> None:
        """The process was killed."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
        if self.session is not None and self.session.queue is not None:
            self.session.queue.abort()
        if self._transport is not None:
            self._transport.close()


def _report(task: asyncio.Task[None]) -> None:
    """An error of our own must not get lost with the task."""
    if not task.cancelled():
        task.result()
