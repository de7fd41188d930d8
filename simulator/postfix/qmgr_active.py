"""The active queue: messages come in from incoming and deferred, and leave it delivered, returned or deferred. Part of qmgr(8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.postfix.daemon import CONNECT_PAUSE, ConnectionLost, ServiceUnavailable
from simulator.postfix.lib import log_lines
from simulator.postfix.lib.delivery import NOTIFY_SUCCESS, RECORD, RECORD_DELAYED, USER_VERIFY
from simulator.postfix.lib.log_lines import log_address
from simulator.postfix.lib.queue_file import QueueFile
from simulator.postfix.lib.spool import ACTIVE, BOUNCE, CORRUPT, DEFER, DEFERRED, EXPIRE, INCOMING, UNTHROTTLE
from simulator.postfix.qmgr_message import FLUSH_DEFER_TRANSPORTS, FLUSH_EACH, FORCE_EXPIRE, SCAN_ALL, ActiveMessage
from simulator.unix.fs import Stat

if TYPE_CHECKING:
    from simulator.postfix.qmgr import Qmgr

#: A message whose delivery was under way when the queue manager was restarted comes back after this many seconds.
_STILL_DELIVERED: Final = 60
#: Deferred files whose records are kept for the next attempt.
_KNOWN_FILES: Final = 20_000
_NEWLINES: Final = str.maketrans("", "", "\r\n")


class ActiveQueue:
    """The messages in memory."""

    def __init__(self, qmgr: Qmgr) -> None:
        self.qmgr = qmgr
        self.messages: dict[str, ActiveMessage] = {}
        self.known: dict[str, QueueFile] = {}
        params = qmgr.params
        self.lifetime = params.time("maximal_queue_lifetime")
        self.bounce_lifetime = min(params.time("bounce_queue_lifetime"), self.lifetime)
        self.min_backoff, self.max_backoff = params.time("minimal_backoff_time"), params.time("maximal_backoff_time")
        self.no_verp_bounces = params.bool("disable_verp_bounces")
        self.address_form = params["info_log_address_format"]

    # -- in -------------------------------------------------------------------------------------------------------------

    def feed(self, queue: str, queue_id: str, flags: int) -> ActiveMessage | None:
        """Move a file into the active queue and read it; None if it is not (yet) to be delivered."""
        qmgr, spool = self.qmgr, self.qmgr.spool
        entry = spool.ready(queue, queue_id)
        if entry is None or (not flags & SCAN_ALL and entry.mtime > qmgr.clock.now + 1):
            return None
        try:
            spool.rename(queue_id, queue, ACTIVE)
        except FileNotFoundError as error:
            qmgr.log.warning(f"qmgr_active_feed: {queue_id}: rename from {queue} to {ACTIVE}: {error.strerror}")
            return None
        if queue_id in qmgr.master.in_delivery:
            qmgr.log.info(f"{queue_id}: skipped, still being delivered")
            self._postpone(queue_id, INCOMING, _STILL_DELIVERED)
            return None
        return self._open(queue_id, entry, flags)

    def _open(self, queue_id: str, entry: Stat, flags: int) -> ActiveMessage | None:
        qmgr, spool = self.qmgr, self.qmgr.spool
        file = self._read(queue_id)
        if file is None:
            self._corrupt(queue_id)
            return None
        if entry.mode & UNTHROTTLE:
            flags |= FLUSH_EACH | FLUSH_DEFER_TRANSPORTS
            qmgr.fs.chmod(spool.path(ACTIVE, queue_id), entry.mode & ~UNTHROTTLE, qmgr.cred)
        if entry.mode & EXPIRE:
            flags |= FORCE_EXPIRE
        message = qmgr.router.message(queue_id, file, flags)
        self.messages[queue_id] = message
        if flags & FORCE_EXPIRE and self._size(DEFER, queue_id):
            message.deferred = True
            message.recipients = []
        else:
            spool.remove(DEFER, queue_id)
        return message

    def _read(self, queue_id: str) -> QueueFile | None:
        """The parsed file, after a line in the log; None if it is damaged."""
        qmgr = self.qmgr
        file, damage = self._parsed(queue_id, qmgr.spool.read(ACTIVE, queue_id))
        if file.sender is not None:
            sender = log_address(file.sender, self.address_form)
            qmgr.log.info(log_lines.queue_active(queue_id, sender, file.content_length, file.size.recipient_count, ACTIVE))
            qmgr.trace("active", queue_id, sender=file.sender, size=file.content_length, recipients=file.size.recipient_count)
        if damage:
            qmgr.log.warning(damage)
        problem = _incomplete(file)
        if problem:
            qmgr.log.warning(f"{queue_id}: message rejected: {problem}")
        missing = file.size.recipient_count - len(file.recipients)
        if missing:
            qmgr.log.warning(f"{queue_id}: rcpt count mismatch ({missing})")
        return None if damage or problem else file

    def _parsed(self, queue_id: str, data: bytes) -> tuple[QueueFile, str]:
        """The file's records, which are known if it was here before and has not changed."""
        known = self.known.pop(queue_id, None)
        if known is not None and known.data == data:
            return known, ""
        return QueueFile.salvage(data, self.qmgr.spool.relative(ACTIVE, queue_id))

    def _corrupt(self, queue_id: str) -> None:
        qmgr = self.qmgr
        try:
            qmgr.spool.rename(queue_id, ACTIVE, CORRUPT)
        except FileNotFoundError:
            return
        qmgr.log.warning(f'saving corrupt file "{queue_id}" from queue "{ACTIVE}" to queue "{CORRUPT}"')

    def _size(self, queue: str, queue_id: str) -> int | None:
        """The size of a log file; None if there is none."""
        try:
            return self.qmgr.fs.stat(self.qmgr.spool.path(queue, queue_id)).size
        except FileNotFoundError:
            return None

    # -- out ------------------------------------------------------------------------------------------------------------

    def done(self, message: ActiveMessage) -> None:
        """All recipients have been tried: bounce, report, expire, warn, defer or remove."""
        if self.messages.get(message.queue_id) is not message:
            return
        try:
            self._done(message)
        except ServiceUnavailable:
            # bounce(8) is expected to answer one day; the message stays active until then.
            self.qmgr.clock.call_later(CONNECT_PAUSE, self.done, message)

    def _done(self, message: ActiveMessage) -> None:
        size = self._size(BOUNCE, message.queue_id)
        if size == 0:
            self.qmgr.spool.remove(BOUNCE, message.queue_id)
        elif size:
            message.deferred |= not self._notify("bounce_service_name", "flush", message, verp=True)
            # bounce(8) takes its time, and its notification is under way before the next one is written.
            self.qmgr.clock.call_later(self.qmgr.master.pace.of("spawn"), self._bounced, message)
            return
        self._settle(message)

    def _bounced(self, message: ActiveMessage) -> None:
        if self.messages.get(message.queue_id) is not message or self.qmgr.ended:
            return
        try:
            self._settle(message)
        except ServiceUnavailable:
            self.qmgr.clock.call_later(CONNECT_PAUSE, self._bounced, message)

    def _settle(self, message: ActiveMessage) -> None:
        if message.deferred and self.qmgr.spool.ready(ACTIVE, message.queue_id) is None:
            self._corrupt(message.queue_id)
            self._forget(message)
            return
        self._report_trace(message)
        if message.deferred:
            self._expire_or_warn(message)
        if message.deferred:
            self._defer(message)
        else:
            self._remove(message)
        self._forget(message)

    def _forget(self, message: ActiveMessage) -> None:
        self.messages.pop(message.queue_id, None)

    def _notify(self, service: str, method: str, message: ActiveMessage, verp: bool = False, **more: Any) -> bool:
        """Ask bounce(8), under one of its three names, for a notification. False: try again later."""
        file = message.file
        if verp and message.verp_delimiters and not self.no_verp_bounces:
            more["verp_delimiters"] = message.verp_delimiters
        try:
            process = self.qmgr.call(self.qmgr.params[service])
            ask = getattr(process, method)
            encoding = file.attributes.get("encoding", "")
            done = ask(ACTIVE, message.queue_id, encoding, file.size.smtputf8, message.sender, file.dsn_envid, file.dsn_ret, **more)
        except ConnectionLost:
            done = False
        except ServiceUnavailable as trouble:
            if not trouble.reason:
                raise
            self.qmgr.log.warning(f"connect to {trouble.path}: {trouble.reason}")
            done = False
        if not done:
            what = "verp" if "verp_delimiters" in more else _REQUESTS[method]
            self.qmgr.log.info(f"{message.queue_id}: status=deferred ({what} failed)")
        return bool(done)

    def _report_trace(self, message: ActiveMessage) -> None:
        wanted = message.trace_flags & (USER_VERIFY | RECORD | RECORD_DELAYED) or message.file.size.qmgr_flags & NOTIFY_SUCCESS << 1
        if not wanted:
            return
        done = self._notify("trace_service_name", "report_trace", message, flags=message.trace_flags)
        if done and message.trace_flags == RECORD and message.file.trace_flags_offset:
            self._overwrite(message, message.file.trace_flags_offset, b"K")
        message.deferred |= not done

    def _overwrite(self, message: ActiveMessage, offset: int, data: bytes) -> None:
        path = self.qmgr.spool.path(ACTIVE, message.queue_id)
        if self.qmgr.fs.exists(path):
            self.qmgr.fs.pwrite(path, offset, data, self.qmgr.cred)

    def _expire_or_warn(self, message: ActiveMessage) -> None:
        qmgr, now = self.qmgr, self.qmgr.clock.now
        lifetime = self.lifetime if message.sender else self.bounce_lifetime
        if message.flags & FORCE_EXPIRE:
            status = "force-expired"
        elif now >= message.file.create_time + lifetime:
            status = "expired"
        else:
            status = ""
        if status:
            sender = log_address(message.sender, self.address_form)
            qmgr.log.info(f"{message.queue_id}: from=<{sender}>, status={status}, returned to sender")
            parameter = "maximal_queue_lifetime" if message.sender else "bounce_queue_lifetime"
            qmgr.trace("expired", message.queue_id, status=status, age=now - message.file.create_time, parameter=parameter)
            message.deferred = not self._notify("defer_service_name", "flush", message, verp=True)
        elif message.warn_time > 0 and now >= message.warn_time - 1 and self._notify("defer_service_name", "warn", message):
            # The record is rewritten in place; -1 stands for "has been warned".
            self._overwrite(message, message.file.warn_offset + 2, f"{-1:15d}".encode())

    def _defer(self, message: ActiveMessage) -> None:
        delay = self.backoff(message.file)
        self._postpone(message.queue_id, DEFERRED, delay)
        self.qmgr.again.note(message)
        if len(self.known) < _KNOWN_FILES:
            self.known[message.queue_id] = message.file
        self.qmgr.trace("postponed", message.queue_id, delay=delay)

    def backoff(self, file: QueueFile) -> int:
        """How many seconds a message has to wait: as long as it has waited already, within limits."""
        return max(self.min_backoff, min(self.max_backoff, int(self.qmgr.clock.now) - file.create_time))

    def _postpone(self, queue_id: str, queue: str, delay: int) -> None:
        """Leave the active queue; the file's time stamp says when it is to be tried again."""
        qmgr, spool = self.qmgr, self.qmgr.spool
        when = int(qmgr.clock.now) + delay
        try:
            qmgr.fs.utime(spool.path(ACTIVE, queue_id), when, when, qmgr.cred)
            spool.rename(queue_id, ACTIVE, queue)
        except FileNotFoundError as error:
            qmgr.log.warning(f"qmgr_active_defer: rename {queue_id} from {ACTIVE} to {queue}: {error.strerror}")

    def _remove(self, message: ActiveMessage) -> None:
        qmgr = self.qmgr
        if qmgr.spool.remove(ACTIVE, message.queue_id):
            qmgr.log.info(log_lines.removed(message.queue_id))
            qmgr.trace("removed", message.queue_id)
        else:
            qmgr.log.warning(f"qmgr_active_done_3_generic: remove {message.queue_id} from {ACTIVE}: No such file or directory")


#: Requests to bounce(8), as log lines call them: abounce(3).
_REQUESTS = {"flush": "bounce", "warn": "delay warning", "report_trace": "trace"}


def _incomplete(file: QueueFile) -> str:
    if not file.complete:
        return "missing end record"
    if not file.arrival_time:
        return "missing arrival time record"
    if file.sender is None:
        return "missing sender record"
    return "" if file.size.data_offset else "missing size record"
