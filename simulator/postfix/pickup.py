"""NAME
    pickup - Postfix local mail pickup

SYNOPSIS
    pickup    unix  n       -       y       60      1       pickup

DESCRIPTION
    Woken by postdrop(1) and once a minute by master(8), it looks into the maildrop directory and feeds each file that is
    ready to cleanup(8), behind a Received: header with the user id of the file's owner. Files that were put back by
    postsuper(1) -r belong to the mail owner; their old queue id is logged.

    content_filter is added to the message; receive_override_options switches off what cleanup does.

LOG
    QID: uid=1000 from=<anna@ubuntu>
    QID: uid=101 from=<anna@ubuntu> orig_id=QID
    warning: NAME: message has been queued for N days

DIFFERS FROM POSTFIX
    In nothing that is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from simulator.mail.date import mail_date
from simulator.postfix.cleanup_status import (
    FLAG_AUTOUTF8,
    FLAG_BOUNCE,
    FLAG_MASK_EXTERNAL,
    FLAG_MILTER,
    STAT_BAD,
    STAT_RCPT,
    Outcome,
    input_transparency,
    status_text,
)
from simulator.postfix.daemon import Daemon
from simulator.postfix.lib import records
from simulator.postfix.lib.queue_file import text_record
from simulator.postfix.lib.records import BadRecord, Record, decode, split_attribute
from simulator.postfix.lib.spool import MAILDROP
from simulator.unix.fs import Stat

_BAD_RECORD = -2
_HOUR, _DAY = 3600, 86400


class Malformed(Exception):
    """The file in maildrop is not what postdrop(1) makes. `kind` is the type of the bad record, -1 for its end."""

    def __init__(self, kind: int) -> None:
        super().__init__(str(kind))
        self.kind = kind


class Pickup(Daemon):
    """The service pickup."""

    program: ClassVar[str] = "pickup"
    process_limit: ClassVar[int | None] = 1

    def start(self) -> None:
        self.transparency = input_transparency(self.params["receive_override_options"])
        self.mail_owner = self.master.owner.uid
        self.pending: list[str] = []
        self.progress = self.waiting = self.answered = False

    def trigger(self, request: str) -> None:
        """Look through maildrop as long as files can be removed from it."""
        if not self.busy:
            self.busy = True
            self.serve(self.scan)

    def scan(self) -> None:
        """One look through the directory, and more while there is progress."""
        try:
            self.pending = list(self.spool.ids(MAILDROP))[::-1]
        except PermissionError:
            self.fatal(f"scan_dir_push: open directory {MAILDROP}: Permission denied")
        self.progress = False
        self._work()

    def _work(self) -> None:
        while self.pending:
            name = self.pending[-1]
            entry = self.spool.ready(MAILDROP, name)
            if entry is not None and not self.take_file(name, entry):
                return
            self.pending.pop()
        self.busy = False
        if self.progress:
            self.trigger("W")

    # -- one file -------------------------------------------------------------------------------------------------------

    def take_file(self, name: str, entry: Stat) -> bool:
        """Feed a file to cleanup(8). False when cleanup cannot go on now: it calls back later. Raises ServiceUnavailable."""
        path = self.spool.relative(MAILDROP, name)
        try:
            data = self.spool.read(MAILDROP, name)
        except PermissionError:
            self.log.warning(f"open input file {path}: cannot open file: Permission denied")
            self.log.warning(
                f"if this file was created by Postfix < 1.1, then you may have to chmod a+r {self.params['queue_directory']}/{path}"
            )
            return True
        cleanup = self.call(self.params["cleanup_service_name"])
        session = cleanup.open(self._flags(entry))
        try:
            lines = list(self._copy(session.queue_id, data, entry, name))
        except (Malformed, BadRecord) as problem:
            session.abort()
            kind = problem.kind if isinstance(problem, Malformed) else _BAD_RECORD
            if isinstance(problem, BadRecord):
                self.log.warning(str(problem))
            self.log.warning(f"uid={entry.uid}: unexpected or malformed record type {kind}")
            self._remove(name)
            return True
        self.waiting = False
        self.answered = False
        cleanup.feed(session, lines, self._fed, name)
        self.waiting = not self.answered
        return self.answered

    def _fed(self, outcome: Outcome, name: str) -> None:
        """cleanup(8) is done with a file."""
        self.answered = True
        if outcome.status and not outcome.reason:
            self.log.warning(f"{self.spool.relative(MAILDROP, name)}: error writing {outcome.queue_id}: {status_text(outcome.status)}")
        if not outcome.status or outcome.status & (STAT_BAD | STAT_RCPT):
            self._remove(name)
        if self.waiting:
            self.waiting = False
            self.pending.pop()
            self.serve(self._work)

    def _remove(self, name: str) -> None:
        try:
            self.progress = self.spool.remove(MAILDROP, name) or self.progress
        except OSError as error:
            self.log.warning(f"remove {self.spool.relative(MAILDROP, name)}: {error.strerror}")

    def _requeued(self, entry: Stat) -> bool:
        """Put back by postsuper -r: the file belongs to the mail owner and others may not read it."""
        return entry.uid == self.mail_owner and not entry.mode & 0o004

    def _flags(self, entry: Stat) -> int:
        flags = (FLAG_BOUNCE | FLAG_MASK_EXTERNAL) & ~self.transparency
        if self._requeued(entry):
            return flags & ~FLAG_MILTER
        classes = self.params["smtputf8_autodetect_classes"].replace(",", " ").split()
        return flags | (FLAG_AUTOUTF8 if self.params.bool("smtputf8_enable") and {"sendmail", "all"} & set(classes) else 0)

    def _copy(self, queue_id: str, data: bytes, entry: Stat, name: str) -> Iterator[Record]:
        """The records for cleanup(8). Raises Malformed, BadRecord."""
        mtime = self._sane_time(queue_id, entry.mtime)
        if self.params["content_filter"]:
            yield text_record(records.FILTER, self.params["content_filter"])
        source = Source(data, self.spool.relative(MAILDROP, name))
        sender: str | None = None
        for kind, value in source.envelope(mtime):
            if kind == records.FROM and sender is None:
                sender = value.decode("utf-8", "surrogateescape")
            yield kind, value
        if sender is None:
            self.log.warning(f"{queue_id}: uid={entry.uid}: no envelope sender")
            raise Malformed(-1)
        origin = f" orig_id={name}" if self._requeued(entry) else ""
        self.log.info(f"{queue_id}: uid={entry.uid} from=<{sender}>{origin}")
        self.trace("picked up", queue_id, uid=entry.uid, sender=sender)
        yield records.MESSAGE, b""
        by = f"Received: by {self.params['myhostname']} ({self.params['mail_name']}, from userid {entry.uid})"
        yield text_record(records.LINE, by)
        yield text_record(records.LINE, f"\tid {queue_id}; {mail_date(mtime)}")
        yield from source.content()
        yield records.EXTRACTED, b""
        yield from source.extracted()
        yield records.END, b""

    def _sane_time(self, queue_id: str, mtime: float) -> float:
        now = self.clock.now
        if mtime > now + 2 * _HOUR:
            self.log.warning(f"{queue_id}: message dated {int(mtime - now)} seconds into the future")
            return now
        if mtime < now - _DAY:
            self.log.warning(f"{queue_id}: message has been queued for {int((now - mtime) // _DAY)} days")
        return mtime


class Source:
    """A file of maildrop, part by part: what of it may go on to cleanup(8)."""

    def __init__(self, data: bytes, path: str) -> None:
        self._records = decode(data, 0, path)

    def _part(self, expected: str) -> Iterator[Record]:
        for _, kind, value in self._records:
            if kind not in expected:
                raise Malformed(ord(kind))
            if kind == expected[0]:
                return
            yield kind, value
        raise Malformed(-1)

    def envelope(self, mtime: float) -> Iterator[Record]:
        """The envelope. After postsuper(1) -r filters and redirections are decided anew."""
        time_seen = False
        for kind, value in self._part(records.ENVELOPE_TYPES):
            if kind == records.FROM and not time_seen:
                yield records.TIME, str(int(mtime)).encode()
            time_seen = time_seen or kind == records.TIME
            if kind not in (records.FILTER, records.REDIRECT):
                yield kind, value

    def content(self) -> Iterator[Record]:
        """The message text. Were its first line to begin with a blank, it would continue our own Received: header."""
        first = True
        for kind, value in self._part(records.CONTENT_TYPES):
            if first and kind in (records.LINE, records.CONTINUED):
                first = False
                if value[:1] in (b" ", b"\t"):
                    yield records.LINE, b""
            yield kind, value

    def extracted(self) -> Iterator[Record]:
        """Recipients, without what cleanup(8) had added before."""
        dropped = (records.FILTER, records.REDIRECT, records.RETURN_RECEIPT, records.ERRORS_TO)
        for kind, value in self._part(records.EXTRACT_TYPES):
            if kind == records.ATTRIBUTE and split_attribute(value)[0] not in records.ATTRIBUTE_TYPES:
                continue
            if kind not in dropped:
                yield kind, value
