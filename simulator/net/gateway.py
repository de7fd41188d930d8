"""The loopback door: real programs on this computer talk to a simulated host.

    door = Door(lab.network, "hub", 25)        # listens at 127.0.0.1, on a free port
    print(door.port)                           # telnet 127.0.0.1 PORT
    door.serve(60)                             # for 60 real seconds, or until Ctrl-C
    door.close()

While the door serves, a second of real time is a second of the lab's. Visitors seem to come from a host of the lab, by default
from the host itself. Only this computer can reach the door. What the host says of TLS is modelled, so visitors have to do
without encryption.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import time

from simulator.net.network import Network
from simulator.net.transport import StreamTransport

#: How often the lab's clock moves on when nobody says anything, in seconds.
_TICK = 0.05
_CHUNK = 64 * 1024
#: A visitor that does not take what the host says is sent away above this many bytes.
_BACKLOG = 4 * 1024 * 1024


class _Visitor(asyncio.Protocol):
    """One real connection, and its end in the lab."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.transport: StreamTransport | None = None
        self.early = b""
        self.pending = bytearray()
        self.over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, StreamTransport)
        self.transport = transport
        transport.write(self.early)

    def data_received(self, data: bytes) -> None:
        self.pending += data

    def eof_received(self) -> bool:
        self.over = True
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.over = True

    def say(self, data: bytes) -> None:
        """The real program has spoken."""
        if self.transport is None:
            self.early += data
        else:
            self.transport.write(data)

    def hang_up(self) -> None:
        """Close both ends."""
        self.connection.close()
        if self.transport is not None:
            self.transport.close()


class Door:
    """A real listening socket in front of a port of a host. `client` is the host that visitors seem to come from."""

    def __init__(self, network: Network, host: str, port: int, client: str = "", address: str = "127.0.0.1") -> None:
        self.network = network
        self.target = network.hosts[host]
        self.origin = network.hosts[client or host]
        self.target_port = port
        self._visitors: list[_Visitor] = []
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server((address, 0))
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)

    @property
    def port(self) -> int:
        """The real port."""
        number: int = self._listener.getsockname()[1]
        return number

    def serve(self, duration: float | None = None) -> None:
        """Serve visitors for so many real seconds, or until Ctrl-C."""
        clock = self.network.clock
        start, begun = time.monotonic(), clock.now
        try:
            while duration is None or time.monotonic() - start < duration:
                for key, _ in self._selector.select(_TICK):
                    if key.data is None:
                        self._welcome()
                    else:
                        self._hear(key.data)
                clock.run_until(max(clock.now, begun + time.monotonic() - start))
                for visitor in tuple(self._visitors):
                    self._speak(visitor)
        except KeyboardInterrupt:
            return

    def close(self) -> None:
        """Send everybody away and listen no more."""
        for visitor in tuple(self._visitors):
            self._leave(visitor)
        self._selector.close()
        self._listener.close()
        self.network.clock.run_until(self.network.clock.now)

    def _welcome(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        visitor = _Visitor(connection)
        self._visitors.append(visitor)
        self._selector.register(connection, selectors.EVENT_READ, visitor)
        self.network.clock.spawn(self._connect(visitor))

    async def _connect(self, visitor: _Visitor) -> None:
        address = "127.0.0.1" if self.origin is self.target else self.target.addresses[1]
        try:
            await self.origin.connect(address, self.target_port, lambda: visitor)
        except OSError:
            visitor.over = True

    def _hear(self, visitor: _Visitor) -> None:
        try:
            data = visitor.connection.recv(_CHUNK)
        except OSError:
            data = b""
        if data:
            visitor.say(data)
        else:
            self._leave(visitor)

    def _speak(self, visitor: _Visitor) -> None:
        try:
            sent = visitor.connection.send(visitor.pending) if visitor.pending else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._leave(visitor)
            return
        del visitor.pending[:sent]
        if (visitor.over and not visitor.pending) or len(visitor.pending) > _BACKLOG:
            self._leave(visitor)

    def _leave(self, visitor: _Visitor) -> None:
        if visitor in self._visitors:
            self._visitors.remove(visitor)
            self._selector.unregister(visitor.connection)
            visitor.hang_up()
