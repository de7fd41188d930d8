"""The .forward file of local(8): where a user wants mail to go.

postconf(5) forward_path names the places; the first file that is there counts. It must belong to the user or root, be a
regular file and not be writable by everybody; if it cannot be used, or says nothing, mail goes to the mailbox.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.postfix.lib.delivery import Sent
from simulator.postfix.lib.logical_lines import tokens
from simulator.postfix.local_expand import local_expand
from simulator.postfix.local_mailbox import user_lookup_failed
from simulator.postfix.local_notify import note_expanded, without_success
from simulator.postfix.local_settings import FORWARD
from simulator.postfix.local_state import UserAttributes
from simulator.postfix.local_token import deliver_token_lines
from simulator.unix.users import UserLookupError

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State
    from simulator.unix.fs import Stat


async def deliver_dotforward(job: LocalDelivery, state: State) -> bool | None:
    """Deliver to what the user's file says; None if there is none that can be used."""
    state = state.down()
    if not job.settings.forward_path:
        return None
    try:
        user = job.agent.host.users.by_name(state.user)
    except UserLookupError as error:
        return user_lookup_failed(job, state, error)
    if user is None:
        return None
    state = replace(state, rights=UserAttributes.of(user), expansion=FORWARD, owner=state.user)
    if not job.settings.frozen_delivered:
        state = replace(state, delivered=state.recipient.address)
    found = _find(job, state)
    if found is None:
        return None
    path, entry, extension_used = found
    if extension_used or FORWARD not in job.settings.propagate:
        state = replace(state, unmatched=None)
    if job.address_probe:
        return job.report(state, Sent("2.0.0", f"forward via file: {path}", job.relay))
    if job.seen(f"forward {path}"):
        return True if f"forward-done {path}" in job.duplicates else None
    return await _follow(job, replace(state, expanded_from=state.local), path, entry)


def _find(job: LocalDelivery, state: State) -> tuple[str, Stat, bool] | None:
    """The first place of forward_path where there is something, and whether its name holds the extension."""
    for word in tokens(job.settings.forward_path):
        expanded, extension_used = local_expand(job, state, word, job.settings.forward_filter)
        if expanded.error or expanded.undefined:
            continue
        try:
            return expanded.text, job.fs.stat(expanded.text, state.rights.cred, follow=False), extension_used
        except OSError:
            continue
    return None


async def _follow(job: LocalDelivery, state: State, path: str, entry: Stat) -> bool | None:
    text = _content(job, state, path, entry)
    if text is None:
        return None
    job.agent.trace("forward file", job.request.queue_id, recipient=state.recipient.address, path=path, result=text)
    members = state.to(dsn_notify=without_success(state.recipient.dsn_notify))
    done, count = await deliver_token_lines(job, members, text)
    if count == 0:
        return None
    job.seen(f"forward-done {path}")
    if done:
        note_expanded(job, members, state.recipient.dsn_notify, "expanded")
    return done


def _content(job: LocalDelivery, state: State, path: str, entry: Stat) -> str | None:
    """The text of the file, or None and a warning if it is not to be trusted."""
    warning = job.agent.log.warning
    if not entry.is_file:
        warning(f"file {path} is not a regular file")
    elif entry.uid not in (0, state.rights.uid):
        warning(f"file {path} has bad owner uid {entry.uid}")
    elif entry.mode & 0o002:
        warning(f"file {path} is world writable")
    else:
        try:
            return job.fs.read(path, state.rights.cred).decode("utf-8", "surrogateescape")
        except OSError as error:
            warning(f"cannot open file {path}: {error.strerror}")
    return None
