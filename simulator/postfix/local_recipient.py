"""One address of local(8): loops, duplicates, the parts of the address, and the order in which it is tried.

Aliases come first, with the whole local part and then without the extension; then the user's .forward file, the mailbox,
and what postconf(5) has for unknown users.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.mail.address import casefold, split_address, split_extension
from simulator.postfix.lib.delivery import Bounced
from simulator.postfix.lib.reason import Reason
from simulator.postfix.local_alias import deliver_alias
from simulator.postfix.local_dotforward import deliver_dotforward
from simulator.postfix.local_forward import deliver_indirect
from simulator.postfix.local_mailbox import deliver_mailbox, user_lookup_failed
from simulator.postfix.local_owner import fail_to_owner
from simulator.postfix.local_settings import ALIAS, INCLUDE
from simulator.postfix.local_unknown import deliver_unknown
from simulator.unix.fs import Cred
from simulator.unix.users import UserLookupError

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State


async def deliver_recipient(job: LocalDelivery, state: State) -> bool:
    """Deliver to one address, however it came up."""
    state = state.down()
    address = state.recipient.address
    if job.seen(f"recipient {state.level} {address}"):
        return True
    if address in job.loops:
        return await fail_to_owner(job, state, Reason("5.4.6", f"mail forwarding loop for {address}"))
    state = _with_parts(job, replace(state, delivered=state.delivered or address))
    if not state.user:
        return job.report(state, Bounced("5.1.3", f'null username in "{address}"', job.relay))
    return await _deliver_switch(job, state)


def _with_parts(job: LocalDelivery, state: State) -> State:
    """Local part, domain, user and extension, in lower case."""
    settings, log = job.settings, job.agent.log
    local, domain = split_address(casefold(state.recipient.address))
    if domain is None:
        log.warning(f"no @ in recipient address: {local}")
    user, extension = local, None
    if settings.delimiter:
        user, extension = split_extension(
            local, settings.delimiter, owner_request_special=settings.owner_special, double_bounce_sender=settings.double_bounce
        )
        if extension is not None and "/" in extension:
            # It would lead out of the home directory: forward_path.
            log.warning(f"{job.request.queue_id}: address with illegal extension: {local}")
            local, extension = user, None
    return replace(state, local=local, domain=domain, user=user, extension=extension, unmatched=extension)


async def _deliver_switch(job: LocalDelivery, state: State) -> bool:
    """Who takes this address?"""
    state = state.down()
    if state.recipient.address.startswith("\\"):
        # "\user" in a .forward file or an alias: the mailbox itself, without another look at aliases.
        state = state.to(address=state.recipient.address[1:])
        state = replace(state, local=state.local[1:], user=state.user[1:])
        done = await deliver_mailbox(job, state)
        return await deliver_unknown(job, state) if done is None else done
    state = replace(state, unmatched=None)
    done = await deliver_alias(job, state, state.local)
    if done is None and state.extension is not None:
        propagated = state.extension if ALIAS in job.settings.propagate else None
        done = await deliver_alias(job, replace(state, unmatched=propagated), state.user)
    if done is not None:
        return done
    if state.extension is not None:
        state = replace(state, unmatched=state.extension)
    if _belongs_to_another(state):
        return deliver_indirect(job, state)
    return await _deliver_user(job, state)


def _belongs_to_another(state: State) -> bool:
    """An address in another user's .forward, a list with an owner or an :include: file gets a message of its own."""
    foreign = state.owner is not None and casefold(state.owner) != casefold(state.user)
    return foreign or state.expansion == INCLUDE


async def _deliver_user(job: LocalDelivery, state: State) -> bool:
    if job.settings.need_home:
        done = _check_home(job, state)
        if done is not None:
            return done
    for attempt in (deliver_dotforward, deliver_mailbox):
        done = await attempt(job, state)
        if done is not None:
            return done
    return await deliver_unknown(job, state)


def _check_home(job: LocalDelivery, state: State) -> bool | None:
    """postconf(5) require_home_directory: mail waits while the home directory is away."""
    try:
        user = job.agent.host.users.by_name(state.user)
    except UserLookupError as error:
        return user_lookup_failed(job, state, error)
    if user is None:
        return None
    try:
        job.fs.stat(user.home, Cred(user.uid, user.gid))
    except OSError as error:
        return job.fail(state, Reason("4.3.0", f"cannot access home directory {user.home}: {error.strerror}"))
    return None
