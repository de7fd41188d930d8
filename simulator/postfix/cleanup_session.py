"""One message on its way into the queue: the records of its envelope, in and out. Part of cleanup(8)."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

from simulator.postfix.cleanup_bounce import bounce_all
from simulator.postfix.cleanup_envelope import EnvelopeRecords
from simulator.postfix.cleanup_message import MessageContent
from simulator.postfix.cleanup_output import FILE_BUFFER
from simulator.postfix.cleanup_status import (
    FLAG_BOUNCE,
    FLAG_DISCARD,
    FLAG_HOLD,
    MASK_CANT_BOUNCE,
    STAT_BAD,
    STAT_RCPT,
    STAT_SIZE,
    STAT_WRITE,
    Outcome,
)
from simulator.postfix.lib import records
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.queue_file import SizeRecord
from simulator.postfix.lib.records import Record
from simulator.postfix.lib.service_client import ServiceUnavailable
from simulator.postfix.lib.spool import BOUNCE, DEFER, HOLD, TRACE

if TYPE_CHECKING:
    from simulator.postfix.cleanup import Cleanup

_READY = 0o700
#: Records wait in the socket until there are so many bytes of them, or the client waits for the answer.
_SOCKET_BUFFER = 32_768
#: How long it takes until this process gets its turn, in seconds.
_SLICE = 0.001
_CLOSE_ERROR = "mail_stream_cleanup: close error"


class CleanupSession(EnvelopeRecords):
    """The state of one message. `send` takes records in the order of a queue file: envelope, M, text, X, extracted, E."""

    def __init__(self, cleanup: Cleanup, flags: int) -> None:
        super().__init__(cleanup, flags)
        self.created = cleanup.clock.now
        self.message_id = ""
        self._remove_spurious_logs()

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
        if self._waiting_bytes > FILE_BUFFER and not self._reading:
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
            self.check_size(len(self.output))
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
        if self.too_big(len(self.output)):
            self.log.warning(_CLOSE_ERROR)
        self.cleanup.spool.remove(self.queue, self.queue_id)
        self._forget_logs()
        self.cleanup.release()

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
        cleanup.trace("queued", self.queue_id, queue=self.queue, sender=self.sender, recipients=self.recipient_count, message_id=self.message_id)
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

    # -- the message ----------------------------------------------------------------------------------------------------

    def begin_message(self) -> None:
        """What follows is the message's text."""
        self.content = MessageContent(self)
        self.in_content = True
        self._segment = self._message

    def _message(self, kind: str, data: bytes) -> None:
        assert self.content is not None
        if kind == records.EXTRACTED:
            self.content.end()
            self.in_content = False
            self.extra_offset = len(self.output)
            self._segment = self._extracted
            self.out(records.EXTRACTED, b"")
        elif kind in (records.LINE, records.CONTINUED):
            self.content.line(kind, data)
        else:
            self.log.warning(f"cleanup_message_headerbody: message rejected: unexpected record type {ord(kind)} in message content")
            self.errors |= STAT_BAD
