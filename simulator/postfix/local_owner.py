"""Trouble with a member of a mailing list is told to the list's owner: the alias owner-LIST of the recipient.

local(8) does so where a list without its own message is at fault: for loops, files and commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mail.address import strip_extension
from simulator.mail.quoting import quote_822_local, unquote_822_local
from simulator.postfix.lib.connect import connect
from simulator.postfix.lib.reason import Reason
from simulator.postfix.lib.tables import TableError

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State


async def canonical(job: LocalDelivery, address: str) -> str:
    """The complete form of an address in internal form: canon_addr_internal(3)."""
    service = await connect(job.agent, job.agent.params["rewrite_service_name"])
    return unquote_822_local(service.rewrite("local", quote_822_local(address)))


async def owner_of(job: LocalDelivery, name: str) -> str | None:
    """The envelope sender for what the list sends out, or None if it has no owner. Raises TableError."""
    if not job.settings.owner_special:
        return None
    owner = f"owner-{name}"
    expansion = job.agent.aliases.find(owner)
    if expansion is None:
        return None
    return await canonical(job, expansion if job.settings.expand_owner else owner)


async def _owner_of_recipient(job: LocalDelivery, address: str) -> str | None:
    settings = job.settings
    found = await owner_of(job, address.rpartition("@")[0] or address)
    stripped = strip_extension(address, settings.delimiter, owner_request_special=True, double_bounce_sender=settings.double_bounce)
    if found is None and settings.delimiter and stripped is not None:
        found = await owner_of(job, stripped[0].rpartition("@")[0] or stripped[0])
    return found


async def fail_to_owner(job: LocalDelivery, state: State, reason: Reason) -> bool:
    """Bounce or defer; the owner of a list is told instead of the sender of the message."""
    try:
        owner = await _owner_of_recipient(job, state.recipient.address)
    except TableError:
        return job.fail(state, Reason("4.3.0", "alias database unavailable"))
    if owner is None:
        return job.fail(state, reason)
    reporter = job.agent.reporter
    return reporter.report_one(job.request, owner, state.dsn_envid, state.dsn_ret, state.recipient, reason.fate(job.relay))
