"""Mail for a user that does not exist: fallback_transport_maps, fallback_transport, luser_relay of postconf(5), or a bounce.

Mail for postmaster and MAILER-DAEMON that nobody reads vanishes with a warning, lest it bounce for ever.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from simulator.postfix.lib.connect import connect
from simulator.postfix.lib.delivery import Bounced, Sent
from simulator.postfix.lib.reason import Reason
from simulator.postfix.lib.tables import TableError
from simulator.postfix.local_expand import local_expand
from simulator.postfix.local_pass import deliver_pass
from simulator.postfix.local_resolve import deliver_resolve_addr

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State

_REQUIRED: Final = ("mailer-daemon", "postmaster")


async def deliver_unknown(job: LocalDelivery, state: State) -> bool:
    """Nobody knows this user."""
    state = state.down()
    if job.seen(f"deliver_unknown {state.local}"):
        return True
    maps = job.agent.fallback_transports
    try:
        transport = (maps.find(state.user) if maps is not None else None) or job.settings.fallback_transport
    except TableError:
        return job.fail(state, Reason("4.3.0", "table lookup failure"))
    if transport:
        return await deliver_pass(job.agent, job.request, transport, state.recipient)
    if job.settings.luser_relay:
        recipient = state.recipient.address
        job.agent.trace("mailbox", job.request.queue_id, recipient=recipient, parameter="luser_relay", key=state.user, path=job.settings.luser_relay)
        return await _relay(job, replace(state, unmatched=None))
    if state.user.lower() in _REQUIRED:
        job.agent.log.warning(f"required alias not found: {state.user}")
        return job.report(state, Sent("2.0.0", "discarded", job.relay))
    return _bounce(job, state)


async def _relay(job: LocalDelivery, state: State) -> bool:
    """postconf(5) luser_relay; an address that leads back to itself bounces."""
    expanded, _ = local_expand(job, state, job.settings.luser_relay)
    service = await connect(job.agent, job.agent.params["rewrite_service_name"])
    complete = service.rewrite("local", expanded.text)
    if complete.lower() == state.recipient.address.lower():
        return _bounce(job, state)
    return await deliver_resolve_addr(job, state, expanded.text)


def _bounce(job: LocalDelivery, state: State) -> bool:
    return job.report(state, Bounced("5.1.1", f'unknown user: "{state.user}"', job.relay))
