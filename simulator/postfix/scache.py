"""NAME
    scache - Postfix shared connection cache server

DESCRIPTION
    Keeps open connections between deliveries, so that the next message to the same destination need not begin with a
    new connection. A connection is kept under the destination of the request and under the server's address, for
    smtp_connection_cache_time_limit seconds; then it is closed.

    By default (smtp_connection_cache_on_demand) connections are kept only while there is more mail for the destination
    in the active queue. Encrypted connections are not kept, unless smtp_tls_connection_reuse is on.

DIFFERS FROM POSTFIX
    No statistics are logged. While a connection is kept, a copy of the lab is made by replaying its session.
"""

from __future__ import annotations

from typing import ClassVar

from simulator.postfix.daemon import Daemon
from simulator.postfix.smtp_session import SmtpSession

#: More connections than this are not kept.
LIMIT = 100


class Scache(Daemon):
    """The service scache."""

    program: ClassVar[str] = "scache"
    multi: ClassVar[bool] = True

    def start(self) -> None:
        self._sessions: dict[str, list[SmtpSession]] = {}
        self._destinations: dict[str, str] = {}

    def save(self, destination: str, endpoint: str, session: SmtpSession, seconds: float) -> None:
        """Keep a session for a while, under its server's address and, unless that is empty, a destination."""
        if sum(map(len, self._sessions.values())) >= LIMIT:
            session.stream.close()
            return
        if destination:
            self._destinations[destination] = endpoint
        self._sessions.setdefault(endpoint, []).append(session)
        self.clock.loop.call_later(seconds, self._expire, endpoint, session)

    def by_destination(self, destination: str) -> SmtpSession | None:
        """A session for a destination, if one is kept."""
        endpoint = self._destinations.get(destination)
        return self.by_endpoint(endpoint) if endpoint is not None else None

    def by_endpoint(self, endpoint: str) -> SmtpSession | None:
        """A session with a server, if one is kept."""
        kept = self._sessions.get(endpoint)
        if not kept:
            return None
        session = kept.pop(0)
        if not kept:
            self._forget(endpoint)
        return session

    def _forget(self, endpoint: str) -> None:
        del self._sessions[endpoint]
        self._destinations = {name: other for name, other in self._destinations.items() if other != endpoint}

    def _expire(self, endpoint: str, session: SmtpSession) -> None:
        kept = self._sessions.get(endpoint, [])
        if any(one is session for one in kept):
            self._sessions[endpoint] = [one for one in kept if one is not session]
            if not self._sessions[endpoint]:
                self._forget(endpoint)
            session.stream.close()

    def stop(self) -> None:
        for kept in self._sessions.values():
            for session in kept:
                session.stream.close()
        self._sessions.clear()
