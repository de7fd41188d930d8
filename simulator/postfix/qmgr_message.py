"""A message in the active queue: what was read from its file, and where its recipients go. Part of qmgr(8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from simulator.mail.address import casefold, split_extension
from simulator.mail.dsn import split_dsn
from simulator.postfix.lib.delivery import (
    MTA_VERIFY,
    RECORD_DELAYED,
    TRACE_FLAGS,
    TRACE_ONLY,
    Deferred,
    Fate,
    Recipient,
    Sent,
    Stamps,
)
from simulator.postfix.lib.queue_file import QueueFile
from simulator.postfix.lib.resolve_reply import CLASS_LOCAL, Resolved
from simulator.postfix.lib.verp import delimiters_ok
from simulator.postfix.qmgr_transport import Destination, Entry, Transport

if TYPE_CHECKING:
    from simulator.postfix.qmgr import Qmgr

#: Flags of a queue scan, and of messages found in it.
SCAN_START, SCAN_ALL, FLUSH_ONCE, FLUSH_DEFER_TRANSPORTS, FLUSH_EACH, FORCE_EXPIRE = (1 << bit for bit in range(6))
RETRY: Final = "retry"
ERROR: Final = "error"
_ANSWER_SECONDS: Final = 30


@dataclass(slots=True, eq=False)
class ActiveMessage:
    """A message being delivered. `waiting` counts deliveries that are not done, `deferred` says that some must be tried again."""

    queue_id: str
    file: QueueFile
    flags: int
    active_time: float
    trace_flags: int
    warn_time: int
    verp_delimiters: str = ""
    waiting: int = 0
    deferred: bool = False
    recipients: list[Recipient] = field(default_factory=list)

    @property
    def sender(self) -> str:
        return self.file.sender or ""

    @property
    def stamps(self) -> Stamps:
        """For a new delivery of this message."""
        return Stamps(self.file.arrival_time, self.active_time)


Routed = tuple[Recipient, Destination | None]


def _order(routed: Routed) -> tuple[bool, str, str, bool, str, str]:
    """Recipients are handled by transport, destination, domain, address."""
    recipient, destination = routed
    _, at, domain = recipient.address.rpartition("@")
    return (
        destination is None,
        "" if destination is None else destination.transport.name,
        "" if destination is None else destination.name,
        not at,
        casefold(domain) if at else "",
        recipient.address,
    )


class Router:
    """Finds transport and destination of each recipient: qmgr_message_resolve."""

    def __init__(self, qmgr: Qmgr) -> None:
        self.qmgr = qmgr
        params = qmgr.params
        self.rewrite_service = params["rewrite_service_name"]
        self.defer_transports = frozenset(params["defer_transports"].replace(",", " ").split())
        self.double_bounce = casefold(params["double_bounce_sender"])
        self.delimiter = params["recipient_delimiter"]
        self.myhostname = params["myhostname"]
        self.filter_nexthop = params["default_filter_nexthop"]
        #: The process that answers while one message is routed.
        self.rewrite: Any = None
        self.asked: tuple[str, str, bool] | None = None
        self.answer = Resolved("", "", "")
        self.expires = 0

    def message(self, queue_id: str, file: QueueFile, flags: int) -> ActiveMessage:
        """A message from its parsed file."""
        trace_flags = file.trace_flags & TRACE_FLAGS
        if file.warn_time < 0 and self.qmgr.params.bool("confirm_delay_cleared"):
            trace_flags |= RECORD_DELAYED
        message = ActiveMessage(queue_id, file, flags, self.qmgr.clock.now, trace_flags, file.warn_time)
        message.verp_delimiters = self._verp(message, file.verp_delimiters)
        message.recipients = file.todo
        return message

    def _verp(self, message: ActiveMessage, delimiters: str) -> str:
        if not delimiters:
            return ""
        if not message.sender:
            self.qmgr.log.warning(f"{message.queue_id}: ignoring VERP request for null sender")
            return ""
        if not delimiters_ok(delimiters, self.qmgr.params["verp_delimiter_filter"]):
            self.qmgr.log.warning(f'{message.queue_id}: ignoring bad VERP request: "{delimiters[:100]}"')
            return ""
        return delimiters

    def prepare(self) -> None:
        """Reach trivial-rewrite(8). Raises ServiceUnavailable."""
        self.rewrite = self.qmgr.call(self.rewrite_service)

    def suspended(self, message: ActiveMessage, recipient: Recipient) -> Deferred | None:
        """Why mail for the recipient is not tried now; None if it is, or if that is less simple."""
        answer = self._resolve(message, recipient)
        if answer.recipient != recipient.address or (answer.flags & CLASS_LOCAL and self._is_double_bounce(recipient.address)):
            return None
        if answer.transport in self.defer_transports:
            return Deferred("4.3.2", "deferred transport")
        if answer.transport == RETRY:
            return Deferred(*split_dsn(answer.nexthop, "4.0.0"))
        transport = self.qmgr.scheduler.transport(answer.transport)
        destination = transport.destinations.get(self._destination_name(transport, answer))
        reason = transport.reason or (destination.reason if destination else None)
        return None if reason is None else Deferred(reason.dsn, reason.text)

    def assign(self, message: ActiveMessage) -> None:
        """Route all recipients and put them into deliveries. Raises ServiceUnavailable; then nothing has been done."""
        self.prepare()
        ordered = sorted(((one, None) for one in message.recipients), key=_order)
        if message.file.redirect:
            routed = [self._redirected(message, ordered[0][0])] if ordered else []
        else:
            routed = [self._route(message, recipient) for recipient, _ in ordered]
        message.recipients = []
        entries: dict[str, Entry] = {}
        for recipient, destination in sorted(routed, key=_order):
            if destination is not None:
                self._add(message, recipient, destination, entries)

    def _add(self, message: ActiveMessage, recipient: Recipient, destination: Destination, entries: dict[str, Entry]) -> None:
        key = f"{destination.transport.name}\0{destination.name}"
        entry, limit = entries.get(key), destination.transport.recipient_limit
        if entry is None or message.verp_delimiters or (limit and len(entry.recipients) >= limit):
            entry = entries[key] = self.qmgr.scheduler.entry(message, destination)
        entry.recipients.append(recipient)

    # -- one recipient --------------------------------------------------------------------------------------------------

    def _redirected(self, message: ActiveMessage, recipient: Recipient) -> Routed:
        """REDIRECT of an access or content check: all recipients become one."""
        address = self.rewrite.rewrite("local", message.file.redirect)
        return self._route(message, _with_address(recipient, address))

    def _route(self, message: ActiveMessage, recipient: Recipient) -> Routed:
        answer = self._resolve(message, recipient)
        if answer.recipient != recipient.address:
            recipient = _with_address(recipient, answer.recipient)
        if not recipient.address:
            answer = Resolved(ERROR, "5.1.3 null recipient address", "")
        if message.flags & FORCE_EXPIRE:
            answer = Resolved(RETRY, "4.7.0 message is administratively expired", recipient.address)
        if answer.flags & CLASS_LOCAL and self._is_double_bounce(recipient.address):
            self._discard(message, recipient)
            return recipient, None
        if answer.transport in self.defer_transports and not message.flags & FLUSH_DEFER_TRANSPORTS:
            cause = (("defer_transports", answer.transport, ""),)
            answer = Resolved(RETRY, "4.3.2 deferred transport", recipient.address, cause=cause)
        self.qmgr.trace(
            "routed", message.queue_id, recipient=recipient.address, transport=answer.transport, nexthop=answer.nexthop,
            address_class=answer.address_class, cause=answer.cause,
        )  # fmt: skip
        return recipient, self._destination(message, recipient, answer)

    def _resolve(self, message: ActiveMessage, recipient: Recipient) -> Resolved:
        if message.file.filter_transport and not message.trace_flags & TRACE_ONLY and not message.file.redirect:
            return self._filter(message.file.filter_transport, recipient.address)
        answer = self._ask(message.sender, recipient.address, bool(message.trace_flags & MTA_VERIFY))
        if answer.failed:
            return Resolved(RETRY, "4.3.0 address resolver failure", answer.recipient)
        if answer.is_error:
            return Resolved(ERROR, "5.1.3 bad address syntax", answer.recipient)
        return answer

    def _ask(self, sender: str, address: str, probe: bool) -> Resolved:
        """trivial-rewrite(8)'s answer. The last one is remembered for half a minute: resolve_clnt(3)."""
        question, now = (sender, address, probe), int(self.qmgr.clock.now)
        if question == self.asked and now < self.expires and address:
            return self.answer
        ask = self.rewrite.resolve_probe if probe else self.rewrite.resolve
        self.answer = ask(sender, address)
        self.asked, self.expires = question, now + _ANSWER_SECONDS
        return self.answer

    def _filter(self, content_filter: str, address: str) -> Resolved:
        transport, _, nexthop = content_filter.partition(":")
        domain = address.rpartition("@")[2] if "@" in address else ""
        nexthop = nexthop or self.filter_nexthop or domain or self.myhostname
        return Resolved(transport, nexthop, address, cause=(("content_filter", "", content_filter),))

    def _is_double_bounce(self, address: str) -> bool:
        return casefold(address.rpartition("@")[0] or address) == self.double_bounce

    def _discard(self, message: ActiveMessage, recipient: Recipient) -> None:
        """Mail to the double-bounce address goes nowhere, so that this works without a local delivery agent."""
        qmgr = self.qmgr
        fate = Sent("2.0.0", "undeliverable postmaster notification discarded")
        if qmgr.reporter.report(message.trace_flags, message.queue_id, message.stamps, recipient, fate):
            qmgr.mark_done(message, recipient)
        else:
            message.deferred = True

    def _destination(self, message: ActiveMessage, recipient: Recipient, answer: Resolved) -> Destination | None:
        scheduler = self.qmgr.scheduler
        transport = scheduler.transport(answer.transport)
        nexthop = answer.nexthop
        if message.flags & FLUSH_EACH and transport.dead:
            scheduler.revive_transport(transport)
        if transport.reason is not None:
            return self._via_retry(message, recipient, transport.reason)
        destination = transport.destination(self._destination_name(transport, answer), nexthop)
        if message.flags & FLUSH_EACH and destination.dead:
            destination.revive()
        if destination.reason is not None:
            return self._via_retry(message, recipient, destination.reason)
        return destination

    def _destination_name(self, transport: Transport, answer: Resolved) -> str:
        """Deliveries of one name share their limits: those for a next hop, with local(8) those for an address."""
        name = answer.nexthop
        if transport.name not in (ERROR, RETRY) and transport.recipient_limit == 1:
            local = answer.recipient.rpartition("@")[0] or answer.recipient
            name = f"{split_extension(local, self.delimiter)[0] if self.delimiter else local}@{name}"
        return name.lower()

    def _via_retry(self, message: ActiveMessage, recipient: Recipient, reason: Fate) -> Destination | None:
        """The recipient is deferred by the retry service; if that is dead too, by the queue manager itself."""
        destination = self.qmgr.scheduler.retry_destination(reason)
        if destination is None:
            self.qmgr.defer(message, recipient, Deferred(reason.dsn, reason.text))
        return destination


def _with_address(recipient: Recipient, address: str) -> Recipient:
    return Recipient(address, recipient.orig_address, recipient.dsn_orcpt, recipient.dsn_notify, recipient.offset)
