"""The records of a queue file one after the other, as postcat(1) reads them: pointers followed, seeking where possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulator.postfix.lib import records
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.records import BadRecord

#: A file with more pointers backwards than this has a loop.
_MAX_REVERSE_JUMPS = 10_000
_READ_ERROR = "record read error"
#: What ftell(3) gives for a pipe, seen as an unsigned number.
NO_OFFSET = 2**64 - 1

RECORD_NAMES = {
    records.SIZE: "message_size",
    records.TIME: "message_arrival_time",
    records.CREATE_TIME: "queue_file_create_time",
    records.FULL_NAME: "sender_fullname",
    records.INSPECTOR: "content_inspector",
    records.FILTER: "content_filter",
    records.FROM: "sender",
    records.DONE: "done_recipient",
    records.CANCELED_RECIPIENT: "canceled_recipient",
    records.RECIPIENT: "recipient",
    records.ORIGINAL_RECIPIENT: "original_recipient",
    records.WARN: "warning_message_time",
    records.ATTRIBUTE: "named_attribute",
    records.POINTER: "pointer_record",
    records.KILLED: "killed_record",
    records.MESSAGE: "message_content",
    records.LINE: "regular_text",
    records.PADDING: "padding",
    records.EXTRACTED: "extracted_info",
    records.RETURN_RECEIPT: "return_receipt",
    records.ERRORS_TO: "errors_to",
    records.PRIORITY: "priority",
    records.VERP: "verp_delimiters",
    records.END: "message_end",
    records.REDIRECT: "redirect_to",
    records.FLAGS: "flags",
    records.DSN_RET: "dsn_return_flags",
    records.DSN_ENVID: "dsn_envelope_id",
    records.DSN_ORCPT: "dsn_original_recipient",
    records.DSN_NOTIFY: "dsn_notify_flags",
}
UNKNOWN = "unknown_record_type"


class RecordReader:
    """Reads `data`, which came from `path`. `raw`: pointers, padding and what follows the end are records like others."""

    def __init__(self, data: bytes, path: str, seekable: bool, raw: bool, warn: Callable[[str], None]) -> None:
        self.data, self.path, self.seekable, self.raw, self.warn = data, path, seekable, raw, warn
        self.offset = 0
        self._records: Iterator[tuple[int, str, bytes]] = iter(())
        self._last_jump = self._reverse_jumps = 0

    def start(self, offset: int) -> None:
        """Begin here; a pipe is read up to this place."""
        self._records = records.decode(self.data, offset, self.path)

    def seek(self, offset: int) -> None:
        """Go on from here. Raises Fatal for a pipe."""
        if not self.seekable:
            raise Fatal("seek error: Illegal seek")
        self.start(offset)

    def next(self) -> tuple[str, bytes] | None:
        """Type and data of the next record, None behind the last; `offset` tells its place. Raises Fatal."""
        first = True
        while True:
            try:
                found = next(self._records, None)
            except BadRecord as error:
                self.warn(str(error))
                raise Fatal(_READ_ERROR) from error
            if found is None:
                return None
            start, kind, value = found
            if first:
                self.offset, first = start if self.seekable else NO_OFFSET, False
            if self.raw:
                return kind, value
            if kind == records.POINTER:
                if not self.jump(value):
                    raise Fatal(_READ_ERROR)
            elif kind != records.PADDING:
                if kind == records.END:
                    self._seek_end()
                return kind, value

    def _seek_end(self) -> None:
        if not self.seekable:
            self.warn(f"{self.path}: seek error after reading END record: Illegal seek")
            raise Fatal(_READ_ERROR)
        self.start(len(self.data))

    def jump(self, value: bytes) -> bool:
        """Go to the target of a pointer record; 0 is none."""
        text = value.decode("latin-1").lstrip()
        if not text.isascii() or not text.isdigit():
            self.warn(f"{self.path}: malformed pointer record value: {text}")
            return False
        target = int(text)
        if target == 0:
            return True
        if target <= self._last_jump:
            self._reverse_jumps += 1
            if self._reverse_jumps > _MAX_REVERSE_JUMPS:
                self.warn(f"{self.path}: too many reverse jump records")
                return False
        if not self.seekable:
            self.warn(f"{self.path}: seek error after pointer record: Illegal seek")
            return False
        self._last_jump = target
        self.start(target)
        return True
