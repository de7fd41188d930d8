"""In-memory TCP connections on the lab's clock.

A connection is a pair of transports, one at each end. They are asyncio transports: protocols and streams of asyncio (and so
aiosmtpd) work over them unchanged. Bytes need no time unless the link is slow; they arrive in order, after the sender's
current callback.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.clock import Clock

#: A sender is asked to pause when this many bytes were not yet taken by the other end (as a Linux socket buffer would).
HIGH_WATER = 256 * 1024
LOW_WATER = 64 * 1024
#: How much of a conversation is kept to be shown: bytes per connection.
TRANSCRIPT_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Address:
    """An end of a connection: IP address and port."""

    ip: str
    port: int

    def pair(self) -> tuple[str, int]:
        """As `socket.getpeername()` gives it."""
        return (self.ip, self.port)


@dataclass(slots=True)
class Link:
    """How the way between two ends behaves now; both transports of a connection look at the same one.

    delay: seconds that each segment needs; rate: bytes per second, 0 = unlimited; cut: every segment is lost.
    """

    delay: float = 0.0
    rate: float = 0.0
    cut: bool = False


@dataclass(slots=True)
class Transcript:
    """What was said on one connection: who, to whom, and the segments with their times. Long messages are cut."""

    client: str
    server: str
    local: Address
    remote: Address
    opened: float
    closed: float | None = None
    segments: list[tuple[float, str, bytes]] = field(default_factory=list)
    size: int = 0

    def add(self, when: float, direction: str, data: bytes) -> None:
        """`direction` is ">" for what the client sent and "<" for what the server sent."""
        room = TRANSCRIPT_LIMIT - self.size
        if room > 0:
            self.segments.append((when, direction, data[:room]))
            self.size += len(data)


def os_error(number: int) -> OSError:
    """The OSError (its fitting subclass) that the kernel raises, with libc's text."""
    return OSError(number, os.strerror(number))


class StreamTransport(asyncio.Transport):
    """One end of an in-memory connection.

    `get_extra_info` knows "peername" and "sockname" as (ip, port), "peer_host" and "host" (lab keys), "side" ("client" or
    "server"), and "tls" (a `net.tls.Session` once TLS was negotiated, else None).
    """

    def __init__(self, clock: Clock, link: Link, side: str, extra: dict[str, Any], transcript: Transcript) -> None:
        super().__init__(extra | {"side": side, "tls": None})
        self.clock = clock
        self.link = link
        self.peer: StreamTransport | None = None
        self.transcript = transcript
        self.mark = ">" if side == "client" else "<"
        self._protocol: asyncio.BaseProtocol | None = None
        self._incoming: list[bytes] = []
        self._unread = 0
        self._eof_arrived = False
        self._eof_sent = False
        self._reading = True
        self._closing = False
        self._lost = False
        self._reset: OSError | None = None
        self._last_arrival = 0.0
        self._writing_paused = False

    # Sending

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self._eof_sent or not data:
            return
        chunk = bytes(data)
        self.transcript.add(self.clock.now, self.mark, chunk)
        peer = self.peer
        if peer is None or self.link.cut:
            return
        peer._unread += len(chunk)
        self._send(peer._arrive, chunk)
        if peer._unread > HIGH_WATER and not self._writing_paused and isinstance(self._protocol, asyncio.Protocol):
            self._writing_paused = True
            self._protocol.pause_writing()

    def _send(self, arrive: Callable[..., None], *args: object) -> None:
        link, now = self.link, self.clock.now
        if not link.delay and not link.rate:
            self.clock.loop.call_soon(arrive, *args)
            return
        size = len(args[0]) if args and isinstance(args[0], bytes) else 0
        start = max(now, self._last_arrival)
        self._last_arrival = max(start + (size / link.rate if link.rate else 0.0), now + link.delay)
        self.clock.loop.call_at(self._last_arrival, arrive, *args)

    def write_eof(self) -> None:
        """Half-close: the other end reads end of file; this end can still read."""
        if self._closing or self._eof_sent:
            return
        self._eof_sent = True
        if self.peer is not None and not self.link.cut:
            self._send(self.peer._arrive_eof)

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return self.peer._unread if self.peer is not None else 0

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return (LOW_WATER, HIGH_WATER)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The limits are those of the simulated kernel."""

    # Receiving

    def _arrive(self, chunk: bytes) -> None:
        if self._closing or self._lost:
            self._unread -= len(chunk)
            if self._lost and self.peer is not None:  # a closed socket answers with a reset
                self.peer._break(os_error(errno.ECONNRESET))
            return
        if self._incoming or not self._reading or self._protocol is None:
            self._incoming.append(chunk)
            return
        self._take(chunk)

    def _take(self, chunk: bytes) -> None:
        self._unread -= len(chunk)
        self._protocol.data_received(chunk)  # type: ignore[union-attr]
        peer = self.peer
        if peer is not None and peer._writing_paused and self._unread < LOW_WATER:
            peer._writing_paused = False
            peer._protocol.resume_writing()  # type: ignore[union-attr]

    def _arrive_eof(self) -> None:
        self._eof_arrived = True
        self._flush()

    def _flush(self) -> None:
        """Hand over what waits for the protocol: data, then end of file."""
        while self._incoming and self._reading and not self._closing and self._protocol is not None:
            self._take(self._incoming.pop(0))
        if self._incoming or not self._eof_arrived or self._closing or self._protocol is None or not self._reading:
            return
        self._eof_arrived = False
        keep_open = self._protocol.eof_received()  # type: ignore[attr-defined]
        if not keep_open:
            self.close()

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
        self.clock.loop.call_soon(self._flush)

    def is_reading(self) -> bool:
        return self._reading and not self._closing

    # Ends

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._discard()
        if self.peer is not None and not self._eof_sent and not self.link.cut:
            self._send(self.peer._arrive_eof)
        self.clock.loop.call_soon(self._finish, None)

    def abort(self) -> None:
        """Close at once; the other end sees "Connection reset by peer"."""
        if self._lost:
            return
        self._closing = True
        self._discard()
        if self.peer is not None and not self.link.cut:
            self._send(self.peer._break, os_error(errno.ECONNRESET))
        self.clock.loop.call_soon(self._finish, None)

    def _break(self, error: OSError) -> None:
        if not self._closing:
            self._closing = True
            self._discard()
            self.clock.loop.call_soon(self._finish, error)

    def _discard(self) -> None:
        self._unread -= sum(map(len, self._incoming))
        self._incoming.clear()

    def _finish(self, error: OSError | None) -> None:
        if self._lost:
            return
        self._lost = True
        self.transcript.closed = self.clock.now
        protocol, self._protocol = self._protocol, None
        if self._writing_paused and isinstance(protocol, asyncio.Protocol):
            self._writing_paused = False
            protocol.resume_writing()
        if protocol is not None:
            protocol.connection_lost(error)

    def is_closing(self) -> bool:
        return self._closing

    # The protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Also what a process does that accepts a waiting connection: what arrived meanwhile is handed over."""
        self._protocol = protocol
        if self._incoming or self._eof_arrived:
            self.clock.loop.call_soon(self._flush)

    def get_protocol(self) -> asyncio.BaseProtocol:
        if self._protocol is None:
            raise RuntimeError("this connection has no protocol")
        return self._protocol

    @property
    def lost(self) -> bool:
        """Both directions are closed and the protocol was told."""
        return self._lost

    def set_tls(self, session: object) -> None:
        """Note the TLS session of this end: `get_extra_info("tls")`."""
        self._extra["tls"] = session  # type: ignore[attr-defined]
