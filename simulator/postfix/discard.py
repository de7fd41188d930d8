"""NAME
    discard - Postfix discard mail delivery agent

SYNOPSIS
    discard   unix  -       -       y       -       -       discard

DESCRIPTION
    Pretends to deliver. The next hop is the text for the log; an enhanced status code may stand in front of it.

LOG
    QID: to=<...>, relay=none, delay=..., delays=..., dsn=2.0.0, status=sent (REASON)

DIFFERS FROM POSTFIX
    In nothing that is known.
"""

from __future__ import annotations

from typing import ClassVar

from simulator.mail.dsn import split_dsn
from simulator.postfix.delivery_agent import DeliveryAgent
from simulator.postfix.lib.delivery import DeliveryRequest, Sent


class Discard(DeliveryAgent):
    """The service discard."""

    program: ClassVar[str] = "discard"
    tells_flush: ClassVar[bool] = True

    def deliver(self, request: DeliveryRequest) -> None:
        """Report every recipient as delivered."""
        dsn, text = split_dsn(request.nexthop, "2.0.0")
        for recipient in request.recipients:
            self.report(request, recipient, Sent(dsn, text))
