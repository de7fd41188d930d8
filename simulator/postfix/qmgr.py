"""NAME
    qmgr - Postfix queue manager

SYNOPSIS
    qmgr      unix  n       -       n       300     1       qmgr

DESCRIPTION
    Takes messages from the incoming and the deferred queue into the active one, asks trivial-rewrite(8) where their
    recipients go, and gives them to delivery agents. What could not be delivered goes back to deferred with a time stamp in
    the future: the age of the message, but at least minimal_backoff_time and at most maximal_backoff_time. The deferred
    queue is scanned every queue_run_delay; files whose time stamp has come are tried again. After maximal_queue_lifetime
    (bounce_queue_lifetime for mail from <>) a message is returned; after delay_warning_time its sender is told.

    A destination that cannot be reached is left alone for minimal_backoff_time, a transport that does not work for
    transport_retry_time; their mail is deferred at once by the retry service. `postqueue -f` forgets about dead
    destinations, about time stamps and about defer_transports for one scan.

LOG
    QID: from=<...>, size=N, nrcpt=N (queue active)
    QID: from=<...>, status=expired|force-expired, returned to sender
    QID: removed
    warning: connect to transport private/NAME: No such file or directory

DIFFERS FROM POSTFIX
    All recipients of a message are read at once (qmgr_message_recipient_limit is not a limit); deliveries start in the
    order in which their messages came, without the preemption that delivery slots allow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import ClassVar, Final

from simulator.postfix.daemon import Changeable, Daemon
from simulator.postfix.lib.delivery import Fate, Recipient
from simulator.postfix.lib.spool import ACTIVE, DEFERRED, INCOMING
from simulator.postfix.qmgr_active import ActiveQueue
from simulator.postfix.qmgr_again import Again
from simulator.postfix.qmgr_deliver import Scheduler
from simulator.postfix.qmgr_message import FLUSH_DEFER_TRANSPORTS, FLUSH_ONCE, SCAN_ALL, SCAN_START, ActiveMessage, Router

#: So many queue files are read before anything else may happen, and how long that takes, in seconds.
_AT_ONCE: Final = 10
_REST: Final = 0.004


class Scan:
    """A walk through the incoming or the deferred queue, and what was asked for meanwhile."""

    def __init__(self, qmgr: Qmgr, queue: str) -> None:
        self.qmgr, self.queue = qmgr, queue
        self.flags = self.next_flags = 0
        self.names: deque[str] | None = None

    def request(self, flags: int) -> None:
        """Start a scan, or let the one under way be followed by another."""
        if flags & FLUSH_ONCE:
            self.qmgr.scheduler.revive_all()
        if self.names is not None:
            self.flags |= flags & (SCAN_ALL | FLUSH_DEFER_TRANSPORTS)
        self.next_flags |= flags
        if self.names is None and flags & SCAN_START:
            self._start()

    def _start(self) -> None:
        self.flags, self.next_flags = self.next_flags & ~SCAN_START, 0
        self.names = deque(self.qmgr.spool.due(self.queue, None if self.flags & SCAN_ALL else self.qmgr.clock.now + 1))

    def next(self) -> str | None:
        """The next name, None at the end."""
        if self.names is not None and not self.names:
            self.names = None
        if self.names is None and self.next_flags & SCAN_START:
            self._start()
        return self.names.popleft() if self.names else None


class Qmgr(Daemon):
    """The service qmgr."""

    program: ClassVar[str] = "qmgr"
    tells_flush: ClassVar[bool] = True
    process_limit: ClassVar[int | None] = 1
    unlimited: ClassVar[bool] = True

    def start(self) -> None:
        params = self.params
        if params.int("qmgr_message_recipient_limit") < params.int("qmgr_message_active_limit"):
            name = "qmgr_message_recipient_limit"
            self.log.warning(f"{name} is smaller than qmgr_message_active_limit - adjusting {name}")
        if params.time("bounce_queue_lifetime") > params.time("maximal_queue_lifetime"):
            name = "bounce_queue_lifetime"
            self.log.warning(f"{name} is larger than maximal_queue_lifetime - adjusting {name}")
        self.scheduler = Scheduler(self)
        self.router = Router(self)
        self.active = ActiveQueue(self)
        self.again = Again(self)
        self.compatible_logs = params.bool("backwards_bounce_logfile_compatibility")
        self.active_limit = params.int("qmgr_message_active_limit")
        self.scans = (Scan(self, INCOMING), Scan(self, DEFERRED))
        self.turn = 0
        self.unrouted: deque[ActiveMessage] = deque()
        self.working = self.resting = False
        self.fed = 0
        self._move_active()
        self.clock.call_soon(self._first_run)

    def tables(self) -> Iterable[Changeable]:
        return ()

    def _move_active(self) -> None:
        """What an earlier queue manager had begun starts again."""
        now = int(self.clock.now)
        for queue_id in list(self.spool.ids(ACTIVE)):
            self.fs.utime(self.spool.path(ACTIVE, queue_id), now, now, self.cred)
            self.spool.rename(queue_id, ACTIVE, INCOMING)

    def _first_run(self) -> None:
        if not self.ended:
            self.scans[0].request(SCAN_START)
            self._deferred_run()

    def _deferred_run(self) -> None:
        if self.ended:
            return
        self.scans[1].request(SCAN_START)
        self.clock.call_later(self.params.time("queue_run_delay"), self._deferred_run)
        self.work()

    # -- requests -------------------------------------------------------------------------------------------------------

    def trigger(self, request: str) -> None:
        """Letters of a request: W or I scan incoming, D deferred, F forget dead destinations, A ignore time stamps."""
        incoming = deferred = 0
        for letter in request:
            if letter in "WI":
                incoming |= SCAN_START
            elif letter == "D":
                deferred |= SCAN_START
            elif letter == "F":
                incoming |= FLUSH_ONCE | FLUSH_DEFER_TRANSPORTS
                deferred |= FLUSH_ONCE | FLUSH_DEFER_TRANSPORTS
            elif letter == "A":
                incoming |= SCAN_ALL
                deferred |= SCAN_ALL
        for scan, flags in zip(self.scans, (incoming, deferred), strict=True):
            if flags:
                scan.request(flags)
        self.work()

    def work(self) -> None:
        """Everything that can be done now."""
        if not self.working and not self.ended and not self.busy:
            self.working = True
            self.serve(self._work)

    def _work(self) -> None:
        try:
            while self._route_one() or self._feed_one():
                pass
            self.scheduler.drain()
        finally:
            self.working = False
        self.busy = False

    def _route_one(self) -> bool:
        if not self.unrouted:
            return False
        message = self.unrouted[0]
        self.router.assign(message)
        self.unrouted.popleft()
        self.scheduler.drain()
        if message.waiting == 0:
            self.active.done(message)
        return True

    def _feed_one(self) -> bool:
        """The next message, incoming ones and deferred ones in turn."""
        if self.resting or len(self.active.messages) >= self.active_limit:
            return False
        for index in (self.turn, 1 - self.turn):
            scan = self.scans[index]
            queue_id = scan.next()
            if queue_id is not None:
                self.turn = 1 - index
                if scan.queue == DEFERRED and not scan.flags and self.again.defer(queue_id):
                    return True
                message = self.active.feed(scan.queue, queue_id, scan.flags)
                if message is not None:
                    self.unrouted.append(message)
                self._take_time()
                return True
        return False

    def _take_time(self) -> None:
        """Reading a queue file takes a moment; the first deliveries of a long queue are over before its end is reached."""
        self.fed += 1
        if self.fed % _AT_ONCE == 0:
            self.resting = True
            self.clock.call_later(_REST, self._rested)

    def _rested(self) -> None:
        self.resting = False
        self.work()

    # -- recipients that need no delivery agent -------------------------------------------------------------------------

    def defer(self, message: ActiveMessage, recipient: Recipient, fate: Fate) -> None:
        """Defer a recipient in the queue manager's own name."""
        if not self.reporter.report(message.trace_flags, message.queue_id, message.stamps, recipient, fate):
            message.deferred = True

    def mark_done(self, message: ActiveMessage, recipient: Recipient) -> None:
        """Mark a recipient's record in the queue file."""
        self.fs.pwrite(self.spool.path(ACTIVE, message.queue_id), recipient.offset, b"D", self.cred)
