"""One message on its way into the queue: the records of its envelope, in and out. Part of cleanup(8)."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

from simulator.postfix.cleanup_bounce import bounce_all
from simulator.postfix.cleanup_message import MessageContent
from simulator.postfix.cleanup_status import (
    FLAG_BCC_OK,
    FLAG_BOUNCE,
    FLAG_DISCARD,
    FLAG_HOLD,
    FLAG_MASK_EXTRA,
    FLAG_SMTPUTF8,
    MASK_CANT_BOUNCE,
    MASK_INCOMPLETE,
    STAT_BAD,
    STAT_RCPT,
    STAT_SIZE,
    STAT_WRITE,
    Outcome,
)
from simulator.postfix.daemon import ServiceUnavailable
from simulator.postfix.lib import records
from simulator.postfix.lib.delivery import Stamps
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.queue_file import SizeRecord, text_record
from simulator.postfix.lib.records import BadRecord, Record, split_attribute
from simulator.postfix.lib.spool import BOUNCE, DEFER, HOLD, INCOMING, TRACE
from simulator.postfix.lib.verp import delimiters_ok

if TYPE_CHECKING:
    from simulator.postfix.cleanup import Cleanup

#: SMTPUTF8 hints in the size record.
UTF8_REQUESTED, UTF8_HEADER, UTF8_SENDER = 1, 2, 4
#: qmgr(8) hints: recipients and other records are mixed; the NOTIFY bits of all recipients, shifted by one.
_MIXED = 1
_READY = 0o700
#: Records wait in the socket until there are so many bytes of them, or the client waits for the answer.
_SOCKET_BUFFER = 32_768
#: How long it takes until this process gets its turn, in seconds.
_SLICE = 0.001
#: What is written to the queue file, and to the socket, at a time.
_FILE_BUFFER = 4096


class CleanupSession:
    """The state of one message. `send` takes records in the order of a queue file: envelope, M, text, X, extracted, E."""

    def __init__(self, cleanup: Cleanup, flags: int) -> None:
        self.cleanup = cleanup
        self.log = cleanup.log
        self.flags = flags
        self.err_mask = MASK_INCOMPLETE if flags & FLAG_BOUNCE else ~0
        self.errors = 0
        self.reason = ""
        self.smtputf8 = UTF8_REQUESTED if flags & FLAG_SMTPUTF8 else 0
        self.output = bytearray()
        self.size_limit = cleanup.params.int("message_size_limit")
        self.line_limit = cleanup.params.int("line_length_limit")
        self.created = cleanup.clock.now
        self.queue = INCOMING
        self.queue_id = cleanup.spool.enter(INCOMING)
        self._remove_spurious_logs()

        self.arrival_time = 0.0
        self.full_name: str | None = None
        self.sender: str | None = None
        self.recipient: str | None = None
        self.attributes: dict[str, str] = {"log_message_origin": "local"}
        self.rewrite_context: str | None = "local"
        self.trace_flags = 0
        self.dsn_envid, self.dsn_ret, self.verp_delimiters = "", 0, ""
        self.original, self.dsn_orcpt, self.dsn_notify = "", "", 0
        self.recipients_seen: set[tuple[object, ...]] = set()
        self.recipient_count = 0
        self.qmgr_flags = 0
        self.in_recipients = self.warn_seen = self.end_seen = False
        self.filter = self.redirect = ""
        self.bcc_from_checks: list[str] = []
        self.data_offset = self.extra_offset = 0
        self.traced = False
        self.content: MessageContent | None = None
        self._segment = self._envelope
        self._waiting: deque[Record] = deque()
        self._waiting_bytes = 0
        self._reading = False

    def _remove_spurious_logs(self) -> None:
        for queue in (DEFER, BOUNCE, TRACE):
            if self.cleanup.spool.remove(queue, self.queue_id):
                self.log.warning(f"{queue}: removed spurious {self.queue_id} log")

    # -- what clients call ----------------------------------------------------------------------------------------------

    def send(self, kind: str, data: bytes = b"") -> None:
        """The next record. After a serious error the rest is ignored. Raises ServiceUnavailable; then send the same again."""
        if self._waiting_bytes + len(data) > _SOCKET_BUFFER:
            self._read()
        self._waiting.append((kind, data))
        self._waiting_bytes += len(data) + 2
        if self._waiting_bytes > _FILE_BUFFER and not self._reading:
            self._reading = True
            self.cleanup.clock.call_later(_SLICE, self._read_early)

    def _read_early(self) -> None:
        """The client has filled its buffer, and now it waits for more to come."""
        self._reading = False
        with contextlib.suppress(ServiceUnavailable):
            self._read()

    def _read(self) -> None:
        """Treat the records that have come. Raises ServiceUnavailable."""
        waiting = self._waiting
        try:
            while waiting and self.ok:
                self._segment(*waiting[0])
                waiting.popleft()
        except Fatal as fatal:
            self.errors |= STAT_WRITE
            self.cleanup.die(fatal)
        waiting.clear()
        self._waiting_bytes = 0

    def finish(self) -> Outcome:
        """All records were sent: the message is in the queue, bounced, discarded, or refused. Raises ServiceUnavailable."""
        self._read()
        if self.ok:
            if self.recipient is None:
                self.errors |= STAT_RCPT
            if not self.end_seen:
                self.errors |= STAT_BAD
        if self.flags & FLAG_DISCARD:
            self.errors = 0
        if self.ok:
            self._check_size(len(self.output))
        if self.ok:
            self._write_sizes()
        if self.errors and self._can_bounce():
            bounce_all(self)
        self._commit()
        self.cleanup.release()
        return Outcome(self.errors, self.queue_id, self.reason)

    def abort(self) -> None:
        """The client went away: nothing stays in the queue."""
        with contextlib.suppress(ServiceUnavailable):
            self._read()
        if self._too_big(len(self.output)):
            self.log.warning(_CLOSE_ERROR)
        self.cleanup.spool.remove(self.queue, self.queue_id)
        self._forget_logs()
        self.cleanup.release()

    @property
    def ok(self) -> bool:
        """Is there any point in writing on?"""
        return not self.errors & self.err_mask and not self.flags & FLAG_DISCARD

    def _can_bounce(self) -> bool:
        return not self.errors & MASK_CANT_BOUNCE and self.sender is not None and bool(self.flags & FLAG_BOUNCE)

    def _write_sizes(self) -> None:
        length = self.extra_offset - self.data_offset
        size = SizeRecord(length, self.data_offset, self.recipient_count, self.qmgr_flags, length, self.smtputf8)
        head = size.encode()
        self.output[: len(head)] = head

    def _commit(self) -> None:
        spool, cleanup = self.cleanup.spool, self.cleanup
        if self.errors or self.flags & FLAG_DISCARD:
            if self.errors & STAT_SIZE:
                self.log.warning(_CLOSE_ERROR)
            spool.remove(self.queue, self.queue_id)
            if self.traced:
                spool.remove(TRACE, self.queue_id)
            cleanup.trace("refused" if self.errors else "discarded", self.queue_id, reason=self.reason, sender=self.sender)
            return
        hold = bool(self.flags & FLAG_HOLD)
        if hold:
            spool.rename(self.queue_id, self.queue, HOLD)
            self.queue = HOLD
        path = spool.path(self.queue, self.queue_id)
        cleanup.fs.write(path, bytes(self.output), cleanup.cred)
        cleanup.fs.chmod(path, _READY, cleanup.cred)
        cleanup.trace("queued", self.queue_id, queue=self.queue, sender=self.sender, recipients=self.recipient_count)
        if not hold:
            self._wake_queue_manager()

    def _wake_queue_manager(self) -> None:
        try:
            self.cleanup.master.trigger(self.cleanup.params["queue_service_name"], "W")
        except ServiceUnavailable:
            # The queue file is safe; a queue manager that starts later finds it: mail_trigger(3).
            self.cleanup.trace("queue manager not reached", self.queue_id)

    def _forget_logs(self) -> None:
        for queue in (TRACE, BOUNCE):
            self.cleanup.spool.remove(queue, self.queue_id)

    # -- output ---------------------------------------------------------------------------------------------------------

    def out(self, kind: str, data: bytes) -> None:
        """Write a record; message text longer than line_length_limit in several."""
        if not self.ok:
            return
        text = kind in (records.LINE, records.CONTINUED) and self._segment == self._message
        while text and len(data) > self.line_limit:
            self.output += records.encode(records.CONTINUED, data[: self.line_limit])
            data = data[self.line_limit :]
        self.output += records.encode(kind, data)
        self._check_size(len(self.output) // _FILE_BUFFER * _FILE_BUFFER)

    def _too_big(self, written: int) -> bool:
        return 0 < self.size_limit < written

    def _check_size(self, written: int) -> None:
        """postconf(5) message_size_limit is a limit for the whole file: RLIMIT_FSIZE of the process."""
        if self._too_big(written):
            self.log.warning(f"{self.queue_id}: queue file size limit exceeded")
            self.errors |= STAT_SIZE

    def out_text(self, kind: str, text: str) -> None:
        """Write a record of text."""
        self.out(*text_record(kind, text))

    def out_attribute(self, name: str, value: str) -> None:
        """Write an `A` record."""
        self.out_text(records.ATTRIBUTE, f"{name}={value}")

    def reject(self, text: str) -> None:
        """The client does not keep to the protocol."""
        self.log.warning(f"{self.queue_id}: message rejected: {text}")
        self.errors |= STAT_BAD

    @property
    def stamps(self) -> Stamps:
        """For delivery lines of recipients that are bounced right here."""
        return Stamps(incoming_arrival=self.arrival_time)

    # -- the envelope ---------------------------------------------------------------------------------------------------

    def _envelope(self, kind: str, data: bytes) -> None:
        if not self.output:
            self.output += SizeRecord().encode()
        if kind == records.FLAGS:
            self._extra_flags(data)
            return
        mapped, name, text = self._mapped(kind, data)
        if not mapped:
            return
        if kind not in records.ENVELOPE_TYPES:
            self.reject(f"unexpected record type {ord(kind)} in envelope")
            return
        if not self.in_recipients and kind in _ENVELOPE_RECIPIENT_TYPES and not self._begin_recipients():
            return
        if self._recipient_record(kind, mapped, text):
            return
        if kind == records.MESSAGE:
            self.in_recipients = False
            self.out(records.MESSAGE, b"")
            self.data_offset = len(self.output)
            self.content = MessageContent(self)
            self._segment = self._message
            return
        if self.in_recipients:
            self.qmgr_flags |= _MIXED
        self._other_record(kind, mapped, name, text, data)

    def _extra_flags(self, data: bytes) -> None:
        flags = int(data or b"0")
        if flags & ~FLAG_MASK_EXTRA:
            self.log.warning(f"{self.queue_id}: ignoring bad extra flags: {flags:#x}")
        else:
            self.flags |= flags

    def _mapped(self, kind: str, data: bytes) -> tuple[str, str, str]:
        """Type, attribute name and text of a record; no type when an attribute record is malformed."""
        if kind != records.ATTRIBUTE:
            return kind, "", data.decode("utf-8", "surrogateescape")
        try:
            name, value = split_attribute(data)
        except BadRecord as error:
            self.reject(f"malformed attribute: {error}: {data[:100].decode('utf-8', 'surrogateescape')}")
            return "", "", ""
        if not value:
            self.log.warning(f'{self.queue_id}: spurious null attribute value for "{name}" -- ignored')
            return "", "", ""
        return records.ATTRIBUTE_TYPES.get(name, kind), name, value

    def _begin_recipients(self) -> bool:
        if self.sender is None:
            self.reject("missing sender envelope record")
            return False
        if not self.arrival_time:
            self.reject("missing time envelope record")
            return False
        warn_after = self.cleanup.params.time("delay_warning_time")
        if not self.warn_seen and self.sender and warn_after:
            self.out_text(records.WARN, f"{int(self.arrival_time) + warn_after:15d}")
        self.in_recipients = True
        return True

    def _recipient_record(self, kind: str, mapped: str, text: str) -> bool:
        """Records about a recipient, in either envelope segment. False: it is none."""
        if kind == records.RECIPIENT:
            if self.sender is None:
                self.reject("envelope recipient precedes sender")
            else:
                self.cleanup.address_maps.recipient(self, self.original or text, text)
                self.original, self.dsn_orcpt, self.dsn_notify = "", "", 0
        elif kind in (records.DONE, records.CANCELED_RECIPIENT):
            self.original, self.dsn_orcpt, self.dsn_notify = "", "", 0
        elif mapped == records.DSN_ORCPT:
            if self.dsn_orcpt:
                self.log.warning(f"{self.queue_id}: ignoring out-of-order DSN original recipient record <{self.dsn_orcpt[:200]}>")
            self.dsn_orcpt = text
        elif mapped == records.DSN_NOTIFY:
            self._notify_record(text)
        elif kind == records.ORIGINAL_RECIPIENT:
            if self.original:
                self.log.warning(f"{self.queue_id}: ignoring out-of-order original recipient record <{self.original[:200]}>")
            self.original = text
        else:
            return False
        return True

    def _notify_record(self, text: str) -> None:
        if self.dsn_notify:
            self.log.warning(f"{self.queue_id}: ignoring out-of-order DSN notify record <{self.dsn_notify}>")
            self.dsn_notify = 0
        if not text.isdigit() or not 0 < int(text) < 16 or (int(text) & 1 and int(text) != 1):
            self.log.warning(f"{self.queue_id}: ignoring malformed DSN notify record <{text[:200]}>")
            return
        self.dsn_notify = int(text)
        self.qmgr_flags |= self.dsn_notify << 1

    def _other_record(self, kind: str, mapped: str, name: str, text: str, data: bytes) -> None:
        handler = _OTHER.get(mapped)
        if handler is not None:
            handler(self, kind, name, text, data)
        else:
            self.out(kind, data)

    def _size(self, kind: str, name: str, text: str, data: bytes) -> None:
        words = text.split()
        if len(words) > 5 and words[5].isdigit():
            self.smtputf8 = int(words[5]) & UTF8_REQUESTED

    def _ignore(self, kind: str, name: str, text: str, data: bytes) -> None:
        """Replaced by a record of our own."""

    def _time(self, kind: str, name: str, text: str, data: bytes) -> None:
        if not self.arrival_time:
            seconds, _, microseconds = text.partition(" ")
            self.arrival_time = int(seconds or 0) + int(microseconds or 0) / 1e6
            self.out(kind, data)
        self.out_attribute("create_time", str(int(self.cleanup.clock.now)))

    def _full_name(self, kind: str, name: str, text: str, data: bytes) -> None:
        if self.full_name is None:
            self.full_name = text
            self.out(kind, data)

    def _from(self, kind: str, name: str, text: str, data: bytes) -> None:
        if self.sender is not None:
            self.reject("multiple envelope sender records")
        else:
            self.cleanup.address_maps.sender(self, text)

    def _envid(self, kind: str, name: str, text: str, data: bytes) -> None:
        if not all(" " <= char <= "~" for char in text):
            self.reject("bad DSN envelope ID record")
            return
        self.dsn_envid = text
        self.out(kind, data)

    def _ret(self, kind: str, name: str, text: str, data: bytes) -> None:
        if text not in ("1", "2"):
            self.reject(f"bad DSN RET record <{text[:200]}>")
            return
        self.dsn_ret = int(text)
        self.out(kind, data)

    def _warn(self, kind: str, name: str, text: str, data: bytes) -> None:
        if not self.warn_seen:
            self.warn_seen = True
            self.out(kind, data)

    def _verp(self, kind: str, name: str, text: str, data: bytes) -> None:
        if self.verp_delimiters:
            return
        if not self.sender:
            self.log.warning(f"{self.queue_id}: ignoring VERP request for null sender")
        elif not delimiters_ok(text, self.cleanup.params["verp_delimiter_filter"]):
            self.log.warning(f'{self.queue_id}: ignoring bad VERP request: "{text[:100]}"')
        else:
            self.verp_delimiters = text
            self.out(kind, data)

    def _attribute(self, kind: str, name: str, text: str, data: bytes) -> None:
        limit = self.cleanup.params.int("queue_file_attribute_count_limit")
        if len(self.attributes) >= limit:
            self.reject(f"attribute count exceeds limit {limit}")
            return
        if name == "rewrite_context" and not self._context(text):
            return
        if name == "trace_flags":
            if not text.isdigit():
                self.reject(f"bad TFLAG record <{text[:200]}>")
                return
            self.trace_flags = self.trace_flags or int(text)
        self.attributes[name] = text
        self.out(kind, data)

    def _context(self, text: str) -> bool:
        if text == "local":
            self.rewrite_context = "local"
        elif text == "remote":
            self.rewrite_context = "remote" if self.cleanup.params["remote_header_rewrite_domain"] else None
        else:
            self.reject(f"bad rewriting context: {text[:100]}")
            return False
        return True

    # -- message and what was extracted from it -------------------------------------------------------------------------

    def _message(self, kind: str, data: bytes) -> None:
        assert self.content is not None
        if kind == records.EXTRACTED:
            self.content.end()
            self.extra_offset = len(self.output)
            self._segment = self._extracted
            self.out(records.EXTRACTED, b"")
        elif kind in (records.LINE, records.CONTINUED):
            self.content.line(kind, data)
        else:
            self.log.warning(f"cleanup_message_headerbody: message rejected: unexpected record type {ord(kind)} in message content")
            self.errors |= STAT_BAD

    def _extracted(self, kind: str, data: bytes) -> None:
        if kind == records.FLAGS:
            self._extra_flags(data)
            return
        if kind not in records.EXTRACT_TYPES:
            self.reject(f"unexpected record type {ord(kind)} in extracted envelope")
            return
        mapped, _, text = self._mapped(kind, data)
        if not mapped:
            return
        if not self.in_recipients and kind in _EXTRACTED_RECIPIENT_TYPES:
            self._begin_extracted_recipients()
        if self._recipient_record(kind, mapped, text):
            return
        if kind == records.END:
            self.in_recipients = False
            self.end_seen = True
            self._finish_extracted()
            return
        if self.in_recipients:
            self.qmgr_flags |= _MIXED
        self.out(kind, data)

    def _begin_extracted_recipients(self) -> None:
        if self.filter:
            self.out_text(records.FILTER, self.filter)
        if self.redirect:
            self.out_text(records.REDIRECT, self.redirect)
        if "encoding" in self.attributes:
            self.out_attribute("encoding", self.attributes["encoding"])
        self.in_recipients = True

    def _finish_extracted(self) -> None:
        maps = self.cleanup.address_maps
        always_bcc = self.cleanup.params["always_bcc"]
        if self.flags & FLAG_BCC_OK and self.recipient is not None and always_bcc:
            maps.bcc(self, always_bcc)
        if self.ok and self.recipient is not None:
            for address in self.bcc_from_checks:
                maps.bcc(self, address)
        self.out(records.END, b"")

    def write_error(self) -> None:
        """A table did not answer: the client is to try again."""
        self.errors |= STAT_WRITE


_CLOSE_ERROR = "mail_stream_cleanup: close error"
_ENVELOPE_RECIPIENT_TYPES = frozenset("MDRO/Kon")
_EXTRACTED_RECIPIENT_TYPES = frozenset("EDRO/Kon")
_OTHER = {
    records.SIZE: CleanupSession._size,
    records.CREATE_TIME: CleanupSession._ignore,
    records.TIME: CleanupSession._time,
    records.FULL_NAME: CleanupSession._full_name,
    records.FROM: CleanupSession._from,
    records.DSN_ENVID: CleanupSession._envid,
    records.DSN_RET: CleanupSession._ret,
    records.WARN: CleanupSession._warn,
    records.VERP: CleanupSession._verp,
    records.ATTRIBUTE: CleanupSession._attribute,
}
