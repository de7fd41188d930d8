"""NAME
    anvil - Postfix session count and request rate control

SYNOPSIS
    anvil     unix  -       -       y       -       1       anvil

DESCRIPTION
    Counts for smtpd(8) how often each client does something: connections at the same time, and per anvil_rate_time_unit
    connections, messages, recipients, TLS handshakes, AUTH commands. A client is a service and an address, "smtp:192.0.2.41".
    Limits are smtpd's business: smtpd_client_connection_count_limit, smtpd_client_connection_rate_limit,
    smtpd_client_message_rate_limit, smtpd_client_recipient_rate_limit, smtpd_client_new_tls_session_rate_limit,
    smtpd_client_auth_rate_limit, smtpd_client_event_limit_exceptions.

    Counts are in memory only. A rate is reset anvil_rate_time_unit after it began; a client without connections is forgotten
    after the same time.

LOG
    Every anvil_status_update_time, and at the end of the process, the highest values:
    statistics: max connection rate 4/60s for (smtp:192.0.2.41) at Nov 24 15:44:37
    statistics: max connection count 1 for (smtp:192.0.2.41) at Nov 24 15:44:37
    statistics: max cache size 2 at Nov 24 15:44:38

DIFFERS FROM POSTFIX
    In nothing that is known.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import ClassVar

from simulator.clock import Timer
from simulator.postfix.daemon import Daemon

#: What is counted, in the order of the statistics; behind "connection rate" stands the number of connections at a time.
RATES = {"rate": "connection", "mail": "message", "rcpt": "recipient", "ntls": "newtls", "auth": "auth"}


@dataclass(slots=True)
class Remote:
    """One client: how many connections it has, and what it did since `start` (whole seconds)."""

    ident: str
    start: int
    count: int = 0
    done: dict[str, int] = field(default_factory=dict)
    expiry: Timer | None = None


@dataclass(slots=True)
class Peak:
    """The highest value, whose it was, and when."""

    value: int = 0
    ident: str = ""
    when: int = 0


class Anvil(Daemon):
    """The service anvil."""

    program: ClassVar[str] = "anvil"
    process_limit: ClassVar[int | None] = 1
    multi: ClassVar[bool] = True

    def start(self) -> None:
        self.unit = self.params.time("anvil_rate_time_unit")
        if self.params.time("max_idle") < self.unit:
            self.max_idle_parameter = "anvil_rate_time_unit"  # type: ignore[misc]  # of this process alone
        self.remotes: dict[str, Remote] = {}
        self.peaks = {name: Peak() for name in (*RATES, "count")}
        self.cache_peak = Peak()
        #: The connection that each process of smtpd(8) has told of, by its pid.
        self.local: dict[int, Remote | None] = {}
        self.report_timer = self.clock.call_later(self.params.time("anvil_status_update_time"), self._report_again)

    # -- what clients call ----------------------------------------------------------------------------------------------

    def connect(self, pid: int, service: str, address: str) -> tuple[int, int]:
        """A connection begins. Connections at this time, and connections in this time unit."""
        remote = self._connected(pid, f"{service}:{address}")
        self._peak("rate", remote.done["rate"], remote.ident)
        self._peak("count", remote.count, remote.ident)
        return remote.count, remote.done["rate"]

    def count(self, what: str, pid: int, service: str, address: str) -> int:
        """The client does something ("mail", "rcpt", "ntls", "auth"): how often in this time unit."""
        ident = f"{service}:{address}"
        # After postfix reload this process may never have heard of the connection.
        remote = self.remotes.get(ident) or self._connected(pid, ident)
        value = self._increase(remote, what)
        self._peak(what, value, ident)
        return value

    def handshakes(self, service: str, address: str) -> int:
        """How many TLS handshakes the client has done, without counting one."""
        remote = self.remotes.get(f"{service}:{address}")
        if remote is None:
            return 0
        if remote.start and remote.start + self.unit < self._now():
            remote.done, remote.start = {}, 0
        return remote.done.get("ntls", 0)

    def disconnect(self, pid: int, service: str, address: str) -> None:
        """A connection has ended."""
        remote = self.remotes.get(f"{service}:{address}")
        if remote is not None and self.local.get(pid) is remote:
            self._drop(remote)
            self.local[pid] = None

    def leave(self, pid: int) -> None:
        """A process of smtpd(8) is gone, and what it told of with it."""
        remote = self.local.pop(pid, None)
        if remote is not None:
            self._drop(remote)
        self.clients = len(self.local)
        self.idle_since = self.clock.now

    # -- counting -------------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return int(self.clock.now)

    def _connected(self, pid: int, ident: str) -> Remote:
        remote = self.remotes.get(ident)
        if remote is None:
            remote = self.remotes[ident] = Remote(ident, self._now(), 1, {"rate": 1})
            if len(self.remotes) > self.cache_peak.value:
                self.cache_peak = Peak(len(self.remotes), "", self._now())
        else:
            self._increase(remote, "rate")
            if remote.expiry is not None:
                remote.expiry.cancel()
                remote.expiry = None
            remote.count += 1
        before = self.local.get(pid)
        if before is not None:
            self._drop(before)
        self.local[pid] = remote
        self.clients = len(self.local)
        return remote

    def _increase(self, remote: Remote, what: str) -> int:
        now = self._now()
        if remote.start + self.unit < now:
            remote.done, remote.start = {}, now
        remote.done[what] = remote.done.get(what, 0) + 1
        return remote.done[what]

    def _drop(self, remote: Remote) -> None:
        if remote.count > 0:
            remote.count -= 1
            if not remote.count:
                remote.expiry = self.clock.call_later(self.unit, self._expire, remote.ident)

    def _expire(self, ident: str) -> None:
        self.remotes.pop(ident, None)

    def _peak(self, what: str, value: int, ident: str) -> None:
        if value > self.peaks[what].value:
            self.peaks[what] = Peak(value, ident, self._now())

    # -- statistics -----------------------------------------------------------------------------------------------------

    def _report_again(self) -> None:
        if not self.ended:
            self.report()
            self.report_timer = self.clock.call_later(self.params.time("anvil_status_update_time"), self._report_again)

    def report(self) -> None:
        """Log the highest values, and begin anew."""
        for what, words in RATES.items():
            peak = self.peaks[what]
            if peak.value:
                self.log.info(f"statistics: max {words} rate {peak.value}/{self.unit}s for ({peak.ident}) at {_moment(peak.when)}")
                self.peaks[what] = Peak()
            if what == "rate" and self.peaks["count"].value:
                peak = self.peaks["count"]
                self.log.info(f"statistics: max connection count {peak.value} for ({peak.ident}) at {_moment(peak.when)}")
                self.peaks["count"] = Peak()
        if self.cache_peak.value:
            self.log.info(f"statistics: max cache size {self.cache_peak.value} at {_moment(self.cache_peak.when)}")
            self.cache_peak = Peak()

    def stop(self) -> None:
        self.report()
        self.report_timer.cancel()
        for remote in self.remotes.values():
            if remote.expiry is not None:
                remote.expiry.cancel()


def _moment(when: int) -> str:
    """`Nov 24 15:44:37`, ctime(3) without weekday and year."""
    return time.asctime(time.gmtime(when))[4:19]
