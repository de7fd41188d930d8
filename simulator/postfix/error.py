"""NAME
    error - Postfix error/retry mail delivery agent

SYNOPSIS
    error     unix  -       -       y       -       -       error
    retry     unix  -       -       y       -       -       error

DESCRIPTION
    Under the service name `error` it returns all recipients as undeliverable, under the name `retry` it defers them. The
    next hop is the reason; an enhanced status code in front of it is the one reported, otherwise 5.0.0 or 4.0.0.

    mailbox_transport = retry:4.2.1 closed until six

LOG
    QID: to=<...>, relay=none, delay=..., delays=..., dsn=..., status=bounced|deferred (REASON)

DIFFERS FROM POSTFIX
    In nothing that is known.
"""

from __future__ import annotations

from typing import ClassVar

from simulator.mail.dsn import split_dsn
from simulator.postfix.delivery_agent import DeliveryAgent
from simulator.postfix.lib.delivery import Bounced, Deferred, DeliveryRequest

#: What each service name does, and the status code for a reason without one.
_SERVICES = {"error": (Bounced, "5.0.0"), "retry": (Deferred, "4.0.0")}


class Error(DeliveryAgent):
    """The services error and retry."""

    program: ClassVar[str] = "error"
    tells_flush: ClassVar[bool] = True

    def deliver(self, request: DeliveryRequest) -> None:
        """Give every recipient the same fate."""
        if self.service_name not in _SERVICES:
            self.fatal(f"bad error service name: {self.service_name}")
        kind, default = _SERVICES[self.service_name]
        dsn, text = split_dsn(request.nexthop, default)
        for recipient in request.recipients:
            self.report(request, recipient, kind(dsn, text))
