"""Handing one recipient to another delivery agent: mailbox_transport, fallback_transport and their maps (deliver_pass(3)).

The other agent reports the recipient; local(8) only learns whether it is done.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.postfix.lib.connect import connect
from simulator.postfix.lib.delivery import Deferred, DeliveryRequest, Recipient
from simulator.postfix.lib.log_lines import log_address
from simulator.postfix.lib.msg import Fatal

if TYPE_CHECKING:
    from simulator.postfix.delivery_agent import DeliveryAgent


async def deliver_pass(agent: DeliveryAgent, request: DeliveryRequest, service: str, recipient: Recipient) -> bool:
    """Let the transport in `service` ("transport:nexthop") deliver; without a next hop that of the request stays. True when done."""
    transport, _, nexthop = service.partition(":")
    if not transport:
        raise Fatal(f'missing transport name in "{service}"')
    address = log_address(recipient.address, agent.params["info_log_address_format"])
    agent.log.info(f"{request.queue_id}: passing <{address}> to transport={transport}")
    other: DeliveryAgent = await connect(agent, transport)
    passed = replace(
        request,
        nexthop=nexthop or request.nexthop,
        # The record in the queue file is marked by us: it stands for all that this recipient has become.
        recipients=[replace(recipient, offset=0)],
        stamps=replace(request.stamps),
        deferred=0,
        hop_status=None,
    )
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    other.take(passed, _answered, answer)
    crashed = await answer
    if crashed:
        agent.log.warning(f"private/{transport} socket: malformed response")
        fate = Deferred("4.3.0", "unknown mail transport error", "none")
        return agent.reporter.report(request.flags, request.queue_id, request.stamps, recipient, fate)
    return not passed.deferred


def _answered(answer: asyncio.Future[bool], request: DeliveryRequest, crashed: bool) -> None:
    """The other agent is done with the request."""
    answer.set_result(crashed)
