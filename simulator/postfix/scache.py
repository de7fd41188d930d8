"""NAME
    scache - Postfix shared connection cache server

DESCRIPTION
    Keeps open connections between deliveries, so that the next message to the same destination need not begin with a
    new connection. A connection is kept under the destination of the request and under the server's address, for
    smtp_connection_cache_time_limit seconds; then it is closed.

    By default (smtp_connection_cache_on_demand) connections are kept only while there is more mail for the destination
    in the active queue. Encrypted connections are not kept, unless smtp_tls_connection_reuse is on.

LOG
    statistics: domain lookup hits=N miss=N success=N%, and the like, when the process ends and every
    connection_cache_status_update_time

DIFFERS FROM POSTFIX
    While a connection is kept, a copy of the lab is made by replaying its session.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import ClassVar

from simulator.postfix.daemon import Daemon
from simulator.postfix.smtp_session import SmtpSession

#: More connections than this are not kept.
LIMIT = 100


@dataclass(slots=True)
class Statistics:
    """What was found and not found, and how much was kept at a time."""

    since: int
    found: dict[str, list[int]] = field(default_factory=lambda: {"domain": [0, 0], "address": [0, 0]})
    most: dict[str, int] = field(default_factory=lambda: {"domains": 0, "addresses": 0, "connection": 0})

    def note(self, kind: str, found: bool) -> None:
        self.found[kind][0 if found else 1] += 1

    def lines(self) -> list[str]:
        """For the log; none if there is nothing to tell."""
        lines = [
            f"{kind} lookup hits={hits} miss={miss} success={hits * 100 // (hits + miss)}%"
            for kind, (hits, miss) in self.found.items()
            if hits + miss
        ]
        if any(self.most.values()):
            lines.append("max simultaneous " + " ".join(f"{what}={number}" for what, number in self.most.items()))
        return [f"start interval {time.asctime(time.gmtime(self.since))[4:19]}", *lines] if lines else []


class Scache(Daemon):
    """The service scache."""

    program: ClassVar[str] = "scache"
    process_limit: ClassVar[int | None] = 1
    multi: ClassVar[bool] = True

    def start(self) -> None:
        self._sessions: dict[str, list[SmtpSession]] = {}
        self._destinations: dict[str, str] = {}
        self._interval = self.params.time("connection_cache_status_update_time")
        self._statistics = Statistics(int(self.clock.now))
        self._timer = self.clock.call_later(self._interval, self._report_again)

    def _report_again(self) -> None:
        if not self.ended:
            self._report()
            self._timer = self.clock.call_later(self._interval, self._report_again)

    def _report(self) -> None:
        for line in self._statistics.lines():
            self.log.info(f"statistics: {line}")
        self._statistics = Statistics(int(self.clock.now))

    def save(self, destination: str, endpoint: str, session: SmtpSession, seconds: float) -> None:
        """Keep a session for a while, under its server's address and, unless that is empty, a destination."""
        if sum(map(len, self._sessions.values())) >= LIMIT:
            session.stream.close()
            return
        if destination:
            self._destinations[destination] = endpoint
        self._sessions.setdefault(endpoint, []).append(session)
        now = {"domains": len(self._destinations), "addresses": len(self._sessions), "connection": sum(map(len, self._sessions.values()))}
        self._statistics.most = {what: max(number, now[what]) for what, number in self._statistics.most.items()}
        self.clock.loop.call_later(seconds, self._expire, endpoint, session)

    def by_destination(self, destination: str) -> SmtpSession | None:
        """A session for a destination, if one is kept."""
        session = self._take(self._destinations.get(destination, ""))
        self._statistics.note("domain", session is not None)
        return session

    def by_endpoint(self, endpoint: str) -> SmtpSession | None:
        """A session with a server, if one is kept."""
        session = self._take(endpoint)
        self._statistics.note("address", session is not None)
        return session

    def _take(self, endpoint: str) -> SmtpSession | None:
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
        self._report()
        self._timer.cancel()

    def gone(self) -> None:
        for kept in self._sessions.values():
            for session in kept:
                session.stream.close()
        self._sessions.clear()
