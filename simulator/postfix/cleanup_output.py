"""The queue file that a session of cleanup(8) writes, record by record, as long as there is any point in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.postfix.cleanup_status import FLAG_BOUNCE, FLAG_DISCARD, FLAG_SMTPUTF8, MASK_INCOMPLETE, STAT_BAD, STAT_SIZE
from simulator.postfix.lib import records
from simulator.postfix.lib.queue_file import text_record
from simulator.postfix.lib.spool import INCOMING

if TYPE_CHECKING:
    from simulator.postfix.cleanup import Cleanup

#: SMTPUTF8 hint in the size record.
UTF8_REQUESTED: Final = 1
#: What is written to the queue file, and to the socket, at a time.
FILE_BUFFER: Final = 4096


class QueueFileOutput:
    """A new queue file, and what went wrong with it."""

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
        self.in_content = False
        self.queue = INCOMING
        self.queue_id = cleanup.spool.enter(INCOMING)

    @property
    def ok(self) -> bool:
        """Is there any point in writing on?"""
        return not self.errors & self.err_mask and not self.flags & FLAG_DISCARD

    def out(self, kind: str, data: bytes) -> None:
        """Write a record; message text longer than line_length_limit in several."""
        if not self.ok:
            return
        text = self.in_content and kind in (records.LINE, records.CONTINUED)
        while text and len(data) > self.line_limit:
            self.output += records.encode(records.CONTINUED, data[: self.line_limit])
            data = data[self.line_limit :]
        self.output += records.encode(kind, data)
        self.check_size(len(self.output) // FILE_BUFFER * FILE_BUFFER)

    def too_big(self, written: int) -> bool:
        """Does a file of that size exceed the limit?"""
        return 0 < self.size_limit < written

    def check_size(self, written: int) -> None:
        """postconf(5) message_size_limit is a limit for the whole file: RLIMIT_FSIZE of the process."""
        if self.too_big(written):
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
