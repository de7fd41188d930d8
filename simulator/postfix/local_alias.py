"""Aliases of local(8): the tables of postconf(5) alias_maps are asked in turn, the first that knows the name counts.

What the alias says is delivered with the rights of the table's owner; for root's tables with those of default_privs. An
alias owner-NAME makes its name (or, with expand_owner_alias, what it says) the sender of what goes out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from simulator.mail.address import casefold
from simulator.postfix.lib.delivery import Bounced, Sent
from simulator.postfix.lib.reason import Reason
from simulator.postfix.lib.tables import TableError
from simulator.postfix.local_notify import note_expanded, without_success
from simulator.postfix.local_owner import owner_of
from simulator.postfix.local_settings import ALIAS
from simulator.postfix.local_state import UserAttributes
from simulator.postfix.local_token import deliver_token_string

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State

#: Aliases that lead to aliases: local(8) counts four steps for each.
NESTING_LIMIT: Final = 100
_UNAVAILABLE: Final = Reason("4.3.0", "alias database unavailable")


async def deliver_alias(job: LocalDelivery, state: State, name: str) -> bool | None:
    """Deliver to what the alias `name` says; None if there is none."""
    state = state.down()
    if state.expanded_from is not None and casefold(state.expanded_from) == casefold(name):
        return None  # the alias names itself: the mailbox is meant
    if state.level > NESTING_LIMIT:
        text = f"alias database loop for {name}"
        job.agent.log.warning(text)
        return job.report(state, Bounced("5.4.6", text, job.relay))
    state = replace(state, expanded_from=name)
    for spec, table in job.agent.aliases.tables:
        try:
            value = table.lookup(name)
        except TableError:
            job.agent.log.warning(f"{table.type}:{table.name}: lookup of '{name}' failed")
            return job.fail(state, _UNAVAILABLE)
        if value is not None:
            return await _expand(job, state, name, (spec, table.owner_uid), value)
    return None


async def _expand(job: LocalDelivery, state: State, name: str, table: tuple[str, int | None], value: str) -> bool:
    """The alias is found; `table` is the table's name in alias_maps and its owner."""
    if job.address_probe:
        return job.report(state, Sent("2.0.0", f"aliased to {value}", job.relay))
    rights = _rights(job, *table)
    if isinstance(rights, Reason):
        return job.fail(state, rights)
    state = replace(state, expansion=ALIAS, rights=rights)
    job.agent.trace("aliased", job.request.queue_id, recipient=state.recipient.address, table=table[0], key=name, result=value)
    try:
        owner = await owner_of(job, name)
    except TableError:
        return job.fail(state, _UNAVAILABLE)
    members = _with_owner(job, state, owner)
    done, count = await deliver_token_string(job, members, value)
    if count < 1:
        job.agent.log.warning(f"no recipient in alias lookup result for {name}")
        return job.fail(members, _UNAVAILABLE)
    told = members.to(dsn_orcpt=state.recipient.dsn_orcpt)
    note_expanded(job, told, state.recipient.dsn_notify, "expanded" if owner is None else "delivered")
    return done


def _rights(job: LocalDelivery, spec: str, owner: int | None) -> UserAttributes | Reason:
    """Whose rights the alias has: those of the user who owns the table."""
    if owner == 0:
        return UserAttributes()
    if owner is None:
        job.agent.log.warning(f"deliver_alias: no owner UID for alias database {spec}")
        return Reason("4.3.0", "mail system configuration error")
    user = job.agent.host.users.by_uid(owner)
    if user is None:
        job.agent.log.warning(f"cannot find alias database owner for {spec}")
        return Reason("4.3.0", "cannot find alias database owner")
    return UserAttributes.of(user)


def _with_owner(job: LocalDelivery, state: State, owner: str | None) -> State:
    """The state for the members: a list with an owner has another sender and keeps the original recipient to itself."""
    members = state.to(dsn_notify=without_success(state.recipient.dsn_notify))
    if not job.settings.frozen_delivered:
        members = replace(members, delivered=state.recipient.address)
    if owner is not None:
        members = replace(members, sender=owner, owner=owner, dsn_envid="", dsn_ret=0)
        return members.to(dsn_orcpt="", orig_address="")
    return replace(members, owner=None) if job.settings.reset_owner else members
