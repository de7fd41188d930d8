"""One connection of smtp(8) to one server: its address, what the server can do, whether the connection may be used again."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.net.tls import Session as TlsSession
from simulator.postfix.smtp_chat import Chat, ServerStream


@dataclass(frozen=True, slots=True)
class Server:
    """A server to try: the name that was looked up, the name that has the address, the address, the MX preference."""

    host: str
    real_name: str
    address: str
    preference: int = 0


@dataclass(slots=True)
class TlsState:
    """TLS of one session: what was negotiated, and what the check of the certificate gave."""

    session: TlsSession
    level: str
    trusted: bool = False
    matched: bool = False


@dataclass(slots=True)
class SmtpSession:
    """A conversation. `features`: ESMTP keywords and what else the client knows of the server.

    `reuse_until`: the connection may be cached until then; 0 = not; -1 = not, and the destination is bad.
    """

    stream: ServerStream
    chat: Chat
    server: Server
    port: int
    destination: str
    features: set[str] = field(default_factory=set)
    size_limit: int = 0
    helo: str = ""
    best_mx: bool = False
    errors: set[str] = field(default_factory=set)
    reuse_until: float = 0.0
    reuse_count: int = 0
    forbidden: bool = False
    tls: TlsState | None = None
    tls_nexthop: str = ""
    retry_plain: bool = False
    from_cache: bool = False
    mechanisms: list[str] | None = None
    credentials: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """`hub.example.com[192.0.2.40]`."""
        return f"{self.server.host}[{self.server.address}]"

    @property
    def name_port(self) -> str:
        """`hub.example.com[192.0.2.40]:25`; without the port for a socket in the file system."""
        return f"{self.name}:{self.port}" if self.port else self.name

    @property
    def cached(self) -> bool:
        return not self.forbidden and self.reuse_until > 0

    @property
    def throttled(self) -> bool:
        return not self.forbidden and self.reuse_until < 0

    def expired(self, now: float, count_limit: int) -> bool:
        """Has the connection been used long enough, or often enough?"""
        return self.cached and (self.reuse_until < now or (count_limit > 0 and self.reuse_count >= count_limit))

    @property
    def alive(self) -> bool:
        """May anything still be said?"""
        return not self.forbidden and not self.stream.dead
