"""NAME
    flush - Postfix fast flush server

SYNOPSIS
    flush     unix  n       -       y       1000?   0       flush

DESCRIPTION
    Keeps for every destination in fast_flush_domains a list of queue ids with deferred mail (flush/example_org in the
    spool), so that `postqueue -s SITE` and ETRN need not try everything. It also answers `postqueue -i QID`.

    add(site, queue_id)      note a message (every delivery agent that defers does this)
    send_site(site)          move the noted messages to incoming and let qmgr(8) forget about dead destinations
    send_file(queue_id)      the same for one message

    Lists that nobody asked for within fast_flush_refresh_time are tried; empty ones go after fast_flush_purge_time.

LOG
    warning: bad queue id "..." in fast flush logfile SITE

DIFFERS FROM POSTFIX
    In nothing that is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from simulator.postfix.daemon import Changeable, Daemon, ServiceUnavailable, request
from simulator.postfix.lib.mailhost import ascii_domain
from simulator.postfix.lib.queue_id import is_valid
from simulator.postfix.lib.spool import DEFERRED, FLUSH, INCOMING, READY, UNTHROTTLE
from simulator.postfix.lib.tables import DomainList, TableError

#: Answers: done; a table failed; the request makes no sense; not a destination that is kept track of.
OK: Final = 0
FAIL: Final = -1
BAD: Final = -2
DENY: Final = 2


class Flush(Daemon):
    """The service flush."""

    program: ClassVar[str] = "flush"
    process_limit: ClassVar[int | None] = 0

    def start(self) -> None:
        self.domains = DomainList("fast_flush_domains", self.params["fast_flush_domains"], self.table_context)

    def tables(self) -> Iterable[Changeable]:
        yield self.domains

    def _allowed(self, site: str) -> int:
        try:
            return OK if self.domains.match(site) else DENY
        except TableError:
            return FAIL

    @staticmethod
    def _file_name(site: str) -> str | None:
        ascii_name = ascii_domain(site)
        if ascii_name is None:
            return None
        return "".join(char.lower() if char.isascii() and char.isalnum() else "_" for char in ascii_name)

    @request
    def add(self, site: str, queue_id: str) -> int:
        """Note that a message waits for this destination."""
        status = self._allowed(site)
        name = self._file_name(site)
        if status != OK or name is None:
            return status or DENY
        if not is_valid(name):
            return BAD
        self.spool.append(FLUSH, name, f"{queue_id}\n".encode())
        return OK

    @request
    def send_site(self, site: str) -> int:
        """Try all mail for a destination now."""
        status = self._allowed(site)
        name = self._file_name(site)
        if status != OK or name is None:
            return status or DENY
        return self._send(name, unthrottle=True)

    def _send(self, name: str, unthrottle: bool) -> int:
        if not is_valid(name):
            return BAD
        if not self.spool.exists(FLUSH, name):
            return OK
        if unthrottle:
            self._wake("F")
        count = 0
        for queue_id in dict.fromkeys(self.spool.read(FLUSH, name).decode("ascii", "replace").split("\n")):
            if not queue_id:
                continue
            if not is_valid(queue_id):
                self.log.warning(f'bad queue id "{queue_id[:30]}..." in fast flush logfile {name}')
                continue
            count += 1 + self._one(queue_id, False)
        if count:
            self.spool.write(FLUSH, name, b"")
            self._wake("I")
        now = self.clock.now
        self.fs.utime(self.spool.path(FLUSH, name), now, now, self.cred)
        return OK

    @request
    def send_file(self, queue_id: str) -> int:
        """Try one message now."""
        if not is_valid(queue_id):
            return BAD
        if self._one(queue_id, True):
            self._wake("I")
        return OK

    def _one(self, queue_id: str, unthrottle: bool) -> bool:
        """Move a file from deferred to incoming; its mode may tell qmgr(8) to forget about dead destinations for it."""
        spool, now = self.spool, int(self.clock.now)
        queue = next((queue for queue in (DEFERRED, INCOMING) if spool.exists(queue, queue_id)), None)
        if queue is None:
            return False
        path = spool.path(queue, queue_id)
        self.fs.utime(path, now, now, self.cred)
        if unthrottle:
            mode = self.fs.stat(path).mode
            if mode & READY != READY:
                return False
            self.fs.chmod(path, mode | UNTHROTTLE, self.cred)
        if queue != INCOMING:
            spool.rename(queue_id, queue, INCOMING)
        return True

    def _wake(self, request: str) -> None:
        try:
            self.master.trigger(self.params["queue_service_name"], request)
        except ServiceUnavailable as trouble:
            self.trace("queue manager not reached", reason=trouble.reason)

    def trigger(self, request: str) -> None:
        """master(8)'s timer: lists that are old."""
        self.refresh(self.params.time("fast_flush_refresh_time"))

    @request
    def refresh(self, age: int) -> None:
        """Try what was noted longer ago than this; remove lists that have been empty for long."""
        now, purge = self.clock.now, self.params.time("fast_flush_purge_time")
        for name in list(self.spool.ids(FLUSH)):
            if not is_valid(name):
                continue
            entry = self.fs.stat(self.spool.path(FLUSH, name))
            if entry.size == 0 and entry.mtime + purge < now:
                self.spool.remove(FLUSH, name)
            elif entry.size and entry.atime + age < now:
                self._send(name, unthrottle=False)
