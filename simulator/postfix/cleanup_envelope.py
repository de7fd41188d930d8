"""What the records of an envelope mean, before the message and behind it. Part of cleanup(8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.postfix.cleanup_output import UTF8_REQUESTED, QueueFileOutput
from simulator.postfix.cleanup_status import FLAG_BCC_OK, FLAG_MASK_EXTRA
from simulator.postfix.lib import records
from simulator.postfix.lib.delivery import Stamps
from simulator.postfix.lib.queue_file import SizeRecord
from simulator.postfix.lib.records import BadRecord, split_attribute
from simulator.postfix.lib.verp import delimiters_ok

if TYPE_CHECKING:
    from simulator.postfix.cleanup import Cleanup

#: qmgr(8) hint: recipients and other records are mixed. Above it stand the NOTIFY bits of all recipients, shifted by one.
_MIXED: Final = 1


class EnvelopeRecords(QueueFileOutput):
    """What is known of a message's envelope so far."""

    def __init__(self, cleanup: Cleanup, flags: int) -> None:
        super().__init__(cleanup, flags)
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

    def begin_message(self) -> None:
        """The envelope is complete."""
        raise NotImplementedError

    @property
    def stamps(self) -> Stamps:
        """For delivery lines of recipients that are bounced right here."""
        return Stamps(incoming_arrival=self.arrival_time)

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
            self.begin_message()
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

    # -- behind the message ---------------------------------------------------------------------------------------------

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


_ENVELOPE_RECIPIENT_TYPES = frozenset("MDRO/Kon")
_EXTRACTED_RECIPIENT_TYPES = frozenset("EDRO/Kon")
_OTHER = {
    records.SIZE: EnvelopeRecords._size,
    records.CREATE_TIME: EnvelopeRecords._ignore,
    records.TIME: EnvelopeRecords._time,
    records.FULL_NAME: EnvelopeRecords._full_name,
    records.FROM: EnvelopeRecords._from,
    records.DSN_ENVID: EnvelopeRecords._envid,
    records.DSN_RET: EnvelopeRecords._ret,
    records.WARN: EnvelopeRecords._warn,
    records.VERP: EnvelopeRecords._verp,
    records.ATTRIBUTE: EnvelopeRecords._attribute,
}
