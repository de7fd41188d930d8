"""What queue manager and delivery agents tell each other: the request, and the fate of each recipient as a value.

    class Error(DeliveryAgent):
        def deliver(self, request):
            for recipient in request.recipients:
                self.report(request, recipient, Bounced("5.0.0", request.nexthop))

A fate says what happened; one place makes the log line of it, marks the queue file or asks bounce(8) (delivery_status.py).
`text` is the reason as log, mailq and notification show it; `diagnostic` and `mta` are for the notification alone:
("smtp", "550 5.1.1 no such user"), ("x-unix", "user unknown"); ("dns", "mx1.example.net").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

from simulator.postfix.lib.queue_file import (
    NOTIFY_DELAY,
    NOTIFY_FAILURE,
    NOTIFY_NEVER,
    NOTIFY_SUCCESS,
    RET_FULL,
    RET_HDRS,
    Recipient,
    content_at,
)

__all__ = [
    "CONN_LOAD", "CONN_STORE", "EXPAND_ONLY", "MTA_VERIFY", "NOTIFY_DELAY", "NOTIFY_FAILURE", "NOTIFY_NEVER", "NOTIFY_SUCCESS", "RECORD",
    "RECORD_DELAYED", "RET_FULL", "RET_HDRS", "TRACE_FLAGS", "TRACE_ONLY", "USER_VERIFY", "Bounced", "Deferred", "DeliveryRequest", "Fate",
    "Recipient", "Sent", "Stamps",
]

#: DeliveryRequest.flags: an address probe of verify(8); of a user (sendmail -bv); record and deliver (sendmail -v); tell the
#: sender that delayed mail was delivered.
MTA_VERIFY: Final = 1 << 8
USER_VERIFY: Final = 1 << 9
RECORD: Final = 1 << 10
RECORD_DELAYED: Final = 1 << 13
#: Deliver over a connection that was kept; keep the connection (smtp_connection_cache_on_demand).
CONN_LOAD: Final = 1 << 11
CONN_STORE: Final = 1 << 12
EXPAND_ONLY: Final = USER_VERIFY
TRACE_FLAGS: Final = MTA_VERIFY | USER_VERIFY | RECORD | RECORD_DELAYED
#: With one of these nothing is delivered.
TRACE_ONLY: Final = MTA_VERIFY | USER_VERIFY


@dataclass(slots=True)
class Stamps:
    """When a message reached its stations, in epoch seconds; 0 = not (yet). The delays of the log line come from them."""

    incoming_arrival: float = 0.0
    active_arrival: float = 0.0
    agent_handoff: float = 0.0
    conn_setup_done: float = 0.0
    deliver_done: float = 0.0
    reuse_count: int = 0


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one recipient in one attempt."""

    dsn: str
    text: str
    relay: str = "none"
    diagnostic: tuple[str, str] = ("", "")
    mta: tuple[str, str] = ("", "")
    #: RFC 3464 2.3.3 where it is not the usual one: "relayed", "expanded".
    action: str = ""

    digit: ClassVar[str] = ""
    word: ClassVar[str] = ""

    def acting(self, action: str) -> Self:
        """The same with that action."""
        return type(self)(self.dsn, self.text, self.relay, self.diagnostic, self.mta, action)


@dataclass(frozen=True, slots=True)
class Sent(Fate):
    """Delivered, or handed on to the next host."""

    digit: ClassVar[str] = "2"
    word: ClassVar[str] = "sent"


@dataclass(frozen=True, slots=True)
class Deferred(Fate):
    """To be tried again."""

    digit: ClassVar[str] = "4"
    word: ClassVar[str] = "deferred"


@dataclass(frozen=True, slots=True)
class Bounced(Fate):
    """Returned to the sender."""

    digit: ClassVar[str] = "5"
    word: ClassVar[str] = "bounced"


@dataclass(slots=True)
class DeliveryRequest:
    """One message and some of its recipients, for one transport and next hop.

    `queue_data` is the queue file; `hop_status` is set by an agent that could reach nobody at the next hop, so that qmgr(8)
    suspends the destination for a while; `deferred` counts the recipients that stay in the queue; `settled` holds the
    offsets of those whose fate has been reported, should an agent have to begin once more.
    """

    queue_name: str
    queue_id: str
    nexthop: str
    sender: str
    recipients: list[Recipient]
    queue_data: bytes = b""
    data_offset: int = 0
    data_size: int = 0
    encoding: str = ""
    smtputf8: int = 0
    dsn_envid: str = ""
    dsn_ret: int = 0
    stamps: Stamps = field(default_factory=Stamps)
    flags: int = 0
    client_name: str = ""
    client_address: str = ""
    client_port: str = ""
    helo_name: str = ""
    protocol_name: str = ""
    sasl_method: str = ""
    sasl_username: str = ""
    sasl_sender: str = ""
    log_ident: str = ""
    rewrite_context: str = "local"
    hop_status: Fate | None = None
    deferred: int = 0
    settled: set[int] = field(default_factory=set)

    def message(self) -> bytes:
        """Header and body, each line ended by a newline."""
        return content_at(self.queue_data, self.data_offset, self.data_size)

    @property
    def trace_only(self) -> bool:
        """Is this a question about the address, without a delivery?"""
        return bool(self.flags & TRACE_ONLY)
