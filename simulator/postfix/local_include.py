"""`:include:/file` of local(8): a list in a file, read with the rights of whoever owns the alias or .forward file it stands in.

A list of root's that names another user's file gives its addresses that user's rights.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.postfix.lib.reason import Reason
from simulator.postfix.local_settings import INCLUDE
from simulator.postfix.local_state import UserAttributes

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State
    from simulator.unix.fs import Stat

Lines = Callable[["LocalDelivery", "State", str], Awaitable[tuple[bool, int]]]
_CONFIGURATION_ERROR = "mail system configuration error"


async def deliver_include(job: LocalDelivery, state: State, path: str, lines: Lines) -> bool:
    """Deliver to the addresses in a file; `lines` is deliver_token_lines."""
    state = state.down()
    if job.seen(f"include {state.rights.uid} {path}"):
        return True
    state = replace(state, expanded_from=state.local)
    entry = _checked(job, state, path)
    if entry is None:
        return job.fail(state, Reason("5.3.5", _CONFIGURATION_ERROR))
    rights = _rights(job, state, path, entry)
    if rights is None:
        return job.fail(state, Reason("4.3.5", _CONFIGURATION_ERROR))
    state = replace(state, expansion=INCLUDE, rights=rights)
    if state.owner is None:
        # The list itself answers for its members: each message that leaves has one owner.
        state = replace(state, owner=state.recipient.address)
    try:
        text = job.fs.read(path, rights.cred).decode("utf-8", "surrogateescape")
    except OSError as error:
        job.agent.log.warning(f"cannot open include file {path}: {error.strerror}")
        return job.fail(state, Reason("5.3.5", _CONFIGURATION_ERROR))
    job.agent.trace("include file", job.request.queue_id, recipient=state.recipient.address, path=path)
    if INCLUDE not in job.settings.propagate:
        state = replace(state, unmatched=None)
    done, _ = await lines(job, state, text)
    return done


def _checked(job: LocalDelivery, state: State, path: str) -> Stat | None:
    """The file, if its place, kind and mode are good."""
    warning = job.agent.log.warning
    if not path.startswith("/"):
        warning(f":include:{path} uses a relative path")
        return None
    try:
        entry = job.fs.stat(path, state.rights.cred)
    except OSError as error:
        warning(f"unable to lookup :include: file {path}: {error.strerror}")
        return None
    if not entry.is_file:
        warning(f":include: file {path} is not a regular file")
        return None
    if entry.mode & 0o002:
        warning(f":include: file {path} is world writable")
        return None
    return entry


def _rights(job: LocalDelivery, state: State, path: str, entry: Stat) -> UserAttributes | None:
    if state.rights.uid != 0:
        return state.rights
    user = job.agent.host.users.by_uid(entry.uid)
    if user is None:
        job.agent.log.warning(f"cannot find username for uid {entry.uid}")
        job.agent.log.warning(f"{path}: cannot find :include: file owner username")
        return None
    return UserAttributes.of(user) if user.uid != 0 else state.rights
