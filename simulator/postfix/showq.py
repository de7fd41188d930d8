"""NAME
    showq - list the Postfix mail queue

SYNOPSIS
    showq     unix  n       -       y       -       -       showq

DESCRIPTION
    Answers postqueue(1): for every file in maildrop, active, incoming, deferred and hold its id, time, size, sender, and
    the recipients that still wait, with the reason from the defer log. Files that are not ready are left out.

    entries(spool, params) does the same without a process, for a postqueue that root runs while the mail system is down.

LOG
    warning: QID: duplicate sender address: ... -- skipping remainder of this file

DIFFERS FROM POSTFIX
    In nothing that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from simulator.mail.quoting import quote_822_local
from simulator.postfix.daemon import Daemon, request
from simulator.postfix.lib import records
from simulator.postfix.lib.bounce_log import decode_entries
from simulator.postfix.lib.printable import printable
from simulator.postfix.lib.records import BadRecord, decode
from simulator.postfix.lib.spool import ACTIVE, DEFER, DEFERRED, EXPIRE, HOLD, INCOMING, MAILDROP, Spool
from simulator.unix.fs import Stat

_QUEUES = (MAILDROP, ACTIVE, INCOMING, DEFERRED, HOLD)
_DIGITS = frozenset(b"0123456789 ")

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A message in the queue. `recipients` are pairs of address and reason ("" if none is known); addresses are quoted."""

    queue: str
    queue_id: str
    arrival_time: int
    size: int
    forced_expire: bool
    sender: str
    recipients: tuple[tuple[str, str], ...]


def entries(spool: Spool, params: Any, warn: Warn) -> Iterator[QueueEntry]:
    """All messages, queue by queue. Raises OSError where a directory may not be read."""
    empty = params["empty_address_recipient"]
    for queue in _QUEUES:
        for queue_id in spool.ids(queue):
            entry = spool.ready(queue, queue_id)
            if entry is None:
                continue
            try:
                data = spool.read(queue, queue_id)
            except FileNotFoundError:
                continue
            except OSError as error:
                warn(f"open {queue} {queue_id}: {error.strerror}")
                continue
            found = _Reader(spool, queue_id, entry, empty, warn).read(queue, data)
            if found is not None:
                yield found


class _Reader:
    """Reads one file up to its end or to the first thing that makes no sense."""

    def __init__(self, spool: Spool, queue_id: str, entry: Stat, empty: str, warn: Warn) -> None:
        self.spool, self.queue_id, self.entry, self.empty, self.warn = spool, queue_id, entry, empty, warn
        self.arrival = 0
        self.size = entry.size
        self.size_known = False
        self.sender: str | None = None
        self.recipients: list[tuple[str, str]] = []
        self.listed: set[str] = set()

    def read(self, queue: str, data: bytes) -> QueueEntry | None:
        offset = 0
        try:
            while offset >= 0:
                offset = self._from(data, offset, self.spool.relative(queue, self.queue_id))
        except BadRecord as problem:
            self.warn(str(problem))
        if self.sender is None:
            return None
        return QueueEntry(
            queue,
            self.queue_id,
            self.arrival or int(self.entry.mtime),
            self.size,
            bool(self.entry.mode & EXPIRE),
            self.sender,
            tuple(self.recipients),
        )

    def _from(self, data: bytes, offset: int, path: str) -> int:
        """Read on from a place; the next place behind the message text, or -1 at the end."""
        for start, kind, value in decode(data, offset, path):
            if kind == records.MESSAGE and self.size_known:
                return start + 2 + self.size
            if kind == records.TIME:
                self.arrival = self.arrival or int(value.split()[0] or 0)
            elif kind == records.SIZE:
                self._size(value)
            elif kind == records.FROM:
                if not self._sender(self._address(value)):
                    return -1
            elif kind == records.RECIPIENT and not self._recipient(self._address(value)):
                return -1
        return -1

    def _address(self, value: bytes) -> str:
        return printable(quote_822_local(value.decode("utf-8", "surrogateescape") or self.empty))

    def _size(self, value: bytes) -> None:
        if self.size_known:
            return
        self.size_known = _DIGITS.issuperset(value) and bool(value.split())
        if self.size_known:
            self.size = int(value.split()[0])
        else:
            text = printable(value[:100].decode("utf-8", "surrogateescape"))
            self.warn(f"{self.queue_id}: malformed size record: {text} -- using file size instead")

    def _sender(self, address: str) -> bool:
        if self.sender is not None:
            self.warn(f"{self.queue_id}: duplicate sender address: {address} -- skipping remainder of this file")
            return False
        self.sender = address
        if self.spool.exists(DEFER, self.queue_id):
            for item in decode_entries(self.spool.read(DEFER, self.queue_id), DEFER):
                self.listed.add(item.address)
                self.recipients.append((item.address, item.reason))
        return True

    def _recipient(self, address: str) -> bool:
        if self.sender is None:
            self.warn(f"{self.queue_id}: missing sender address: {address} -- skipping remainder of this file")
            return False
        if address not in self.listed:
            self.recipients.append((address, ""))
        return True


class Showq(Daemon):
    """The service showq."""

    program: ClassVar[str] = "showq"

    @request
    def report(self) -> list[QueueEntry]:
        """All messages in the queue."""
        try:
            return list(entries(self.spool, self.params, self.log.warning))
        except OSError as error:
            directory = (error.filename or "").removeprefix(self.spool.directory + "/")
            self.fatal(f"scan_dir_push: open directory {directory}: {error.strerror}")
