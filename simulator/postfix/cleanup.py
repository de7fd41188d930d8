"""NAME
    cleanup - canonicalize and enqueue Postfix message

SYNOPSIS
    cleanup   unix  n       -       y       -       0       cleanup

DESCRIPTION
    Every message enters the queue here: from pickup(8), smtpd(8), from local(8) that forwards, from bounce(8). Cleanup
    - makes envelope addresses and the addresses in headers complete (by trivial-rewrite(8); headers of remote clients
      only as far as local_header_rewrite_clients and remote_header_rewrite_domain say),
    - maps them: canonical_maps, sender_canonical_maps, recipient_canonical_maps, masquerade_domains,
    - expands virtual_alias_maps for envelope recipients, again and again, and drops duplicates,
    - adds always_bcc, sender_bcc_maps and recipient_bcc_maps recipients,
    - adds missing From, To, Message-Id and Date headers, drops those of message_drop_headers,
    - looks at headers and body lines with header_checks, mime_header_checks, nested_header_checks, body_checks,
    - refuses messages with hopcount_limit Received headers, or above message_size_limit,
    and puts the file into incoming (or hold) and wakes qmgr(8).

LOG
    QID: message-id=<...>
    QID: reject|warning|info|filter|hold|...: header|body TEXT from CLIENT; from=<...> to=<...> proto=... helo=<...>: TEXT
    warning: QID: message rejected: hopcount exceeded
    warning: QID: queue file size limit exceeded

DIFFERS FROM POSTFIX
    There are no Milters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from simulator.postfix.cleanup_address import AddressMaps
from simulator.postfix.cleanup_check import ContentChecks
from simulator.postfix.cleanup_session import CleanupSession
from simulator.postfix.cleanup_status import STAT_WRITE, Outcome
from simulator.postfix.daemon import Changeable, Daemon
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.records import Record


class Cleanup(Daemon):
    """The service cleanup."""

    program: ClassVar[str] = "cleanup"
    tells_flush: ClassVar[bool] = True
    process_limit: ClassVar[int | None] = 0

    def start(self) -> None:
        self.client: tuple[CleanupSession, Callable[..., None], tuple[Any, ...]] | None = None
        self.address_maps = AddressMaps(self)
        self.checks = ContentChecks(self)
        params = self.params
        self.always_add_headers = params.bool("always_add_missing_headers")
        self.drop_headers = frozenset(params["message_drop_headers"].lower().replace(",", " ").split())

    def tables(self) -> Iterable[Changeable]:
        yield from self.address_maps.tables()
        yield from self.checks.tables()

    def open(self, flags: int = 0) -> CleanupSession:
        """Begin a message: it has a queue id from now on. Send it records, then call `finish` or `abort`."""
        self.busy = True
        return CleanupSession(self, flags)

    def rewriter(self) -> Any:
        """A process of trivial-rewrite(8). Raises ServiceUnavailable."""
        return self.call(self.params["rewrite_service_name"])

    def receive(self, records: Iterable[Record], flags: int = 0) -> Outcome:
        """A whole message at once. Raises ServiceUnavailable; nothing is left in the queue then."""
        self.rewriter()
        session = self.open(flags)
        for kind, data in records:
            session.send(kind, data)
        return session.finish()

    def feed(self, session: CleanupSession, records: Iterable[Record], done: Callable[..., None], *args: Any) -> None:
        """Send records and finish; then `done(outcome, *args)`. While a service is missing, this process waits and its client with it."""
        self.client = (session, done, args)
        self.serve(self._feed, session, list(records)[::-1])

    def _feed(self, session: CleanupSession, left: list[Record]) -> None:
        while left:
            session.send(*left[-1])
            left.pop()
        self._answer(session.finish())

    def _answer(self, outcome: Outcome) -> None:
        assert self.client is not None
        (_, done, args), self.client = self.client, None
        done(outcome, *args)

    def die(self, fatal: Fatal) -> None:
        """The client sees that the connection breaks."""
        super().die(fatal)
        if self.client is not None:
            session = self.client[0]
            self.spool.remove(session.queue, session.queue_id)
            self._answer(Outcome(STAT_WRITE, session.queue_id))
