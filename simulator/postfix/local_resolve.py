"""An address from an alias or .forward file: made complete, resolved, and delivered here or sent on as a message of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from simulator.mail.address import Token, externalize, internalize, scan
from simulator.postfix.lib.connect import connect
from simulator.postfix.lib.reason import Reason
from simulator.postfix.local_forward import deliver_indirect

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State


async def deliver_resolve_addr(job: LocalDelivery, state: State, address: str) -> bool:
    """Deliver to an address in external form."""
    return await deliver_resolve_tree(job, state, scan(address))


async def deliver_resolve_tree(job: LocalDelivery, state: State, tokens: Iterable[Token]) -> bool:
    """Deliver to the address that the tokens make up."""
    state = state.down()
    service = await connect(job.agent, job.agent.params["rewrite_service_name"])
    complete = service.rewrite("local", externalize(tokens))
    reply = service.resolve("", internalize(scan(complete)))
    if reply.failed:
        return job.fail(state, Reason("4.3.0", "address resolver failure"))
    if reply.is_error:
        return job.fail(state, Reason("5.1.3", f"bad recipient address syntax: {reply.recipient}"))
    state = state.to(address=_with_extension(state, reply.recipient))
    if reply.transport == job.relay:
        return await job.recipient(job, state)
    return deliver_indirect(job, state)


def _with_extension(state: State, address: str) -> str:
    """The new address inherits the extension of the old one (postconf(5) propagate_unmatched_extensions)."""
    if not state.unmatched:
        return address
    delimiter = state.local[len(state.user) : len(state.user) + 1]
    local, at, domain = address.rpartition("@")
    if not at:
        return f"{address}{delimiter}{state.unmatched}"
    return f"{local}{delimiter}{state.unmatched}@{domain}"
