"""The mailbox of a user of local(8), in the order of postconf(5): mailbox_transport_maps, mailbox_transport,
mailbox_command_maps, mailbox_command, home_mailbox, mail_spool_directory.

The mail spool's mode decides with whose rights its files are made: the user's own where everybody may write, the user's
with the spool's group where that group may, else root's, who then gives the new file to the user.
"""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from simulator.postfix.lib.delivery import Sent
from simulator.postfix.lib.mail_copy import MBOX, mail_copy
from simulator.postfix.lib.mailbox_file import MailboxFile, open_reason, write_reason
from simulator.postfix.lib.reason import Reason
from simulator.postfix.lib.safe_open import MailboxError
from simulator.postfix.lib.tables import TableError
from simulator.postfix.local_command import deliver_command
from simulator.postfix.local_maildir import deliver_maildir
from simulator.postfix.local_pass import deliver_pass
from simulator.postfix.local_state import UMASK, UserAttributes
from simulator.unix.fs import ROOT, Cred
from simulator.unix.users import UserLookupError

if TYPE_CHECKING:
    from simulator.postfix.lib.tables import Maps
    from simulator.postfix.local_state import LocalDelivery, State

_LOOKUP_FAILURE: Final = Reason("4.3.0", "table lookup failure")


def user_lookup_failed(job: LocalDelivery, state: State, error: UserLookupError) -> bool:
    """The user database does not answer: mail waits."""
    job.agent.log.warning(f"error looking up passwd info for {state.user}: {os.strerror(errno.EIO)}")
    return job.fail(state, Reason("4.0.0", "user lookup error"))


async def deliver_mailbox(job: LocalDelivery, state: State) -> bool | None:
    """Deliver to the user's mailbox; None if there is no such user."""
    state = state.down()
    if job.seen(f"mailbox {state.local}"):
        return True
    try:
        transport = _find(job.agent.mailbox_transports, state.user) or job.settings.mailbox_transport
    except TableError:
        return job.fail(state, _LOOKUP_FAILURE)
    if transport:
        _note(job, state, "mailbox_transport" if transport == job.settings.mailbox_transport else "mailbox_transport_maps", transport)
        return await deliver_pass(job.agent, job.request, transport, state.recipient)
    try:
        user = job.agent.host.users.by_name(state.user)
    except UserLookupError as error:
        return user_lookup_failed(job, state, error)
    if user is None:
        return None
    return await _deliver_user(job, replace(state, rights=UserAttributes.of(user)))


def _find(maps: Maps | None, key: str) -> str | None:
    return maps.find(key) if maps is not None else None


def _note(job: LocalDelivery, state: State, parameter: str, place: str) -> None:
    """For the trace: where the mail goes, and the parameter that says so."""
    job.agent.trace("mailbox", job.request.queue_id, recipient=state.recipient.address, parameter=parameter, key=state.user, path=place)


async def _deliver_user(job: LocalDelivery, state: State) -> bool:
    settings, home = job.settings, state.rights.home
    try:
        command = _find(job.agent.mailbox_commands, state.user)
    except TableError:
        return job.fail(state, _LOOKUP_FAILURE)
    if command is not None:
        _note(job, state, "mailbox_command_maps", command)
        return await deliver_command(job, state, command)
    if settings.mailbox_command:
        _note(job, state, "mailbox_command", settings.mailbox_command)
        return await deliver_command(job, state, settings.mailbox_command)
    if settings.home_mailbox:
        _note(job, state, "home_mailbox", f"{home}/{settings.home_mailbox}")
    else:
        _note(job, state, "mail_spool_directory", f"{settings.spool_directory.rstrip('/')}/{state.user}")
    if settings.home_mailbox.endswith("/"):
        return deliver_maildir(job, state, f"{home}/{settings.home_mailbox}")
    if settings.spool_directory.endswith("/"):
        return deliver_maildir(job, state, f"{settings.spool_directory}{state.user}/")
    return await _deliver_file(job, state)


async def _deliver_file(job: LocalDelivery, state: State) -> bool:
    state = state.down()
    if job.request.trace_only:
        return job.report(state, Sent("2.0.0", "delivers to mailbox", job.relay))
    if not job.settings.frozen_delivered:
        state = replace(state, delivered=state.recipient.address)
    settings = job.settings
    path = f"{state.rights.home}/{settings.home_mailbox}" if settings.home_mailbox else f"{settings.spool_directory}/{state.user}"
    failure = await _append(job, state, path)
    if failure is not None:
        return job.fail(state, failure.behind(f"cannot update mailbox {path} for user {state.user}. "))
    return job.report(state, Sent("2.0.0", "delivered to mailbox", job.relay))


async def _append(job: LocalDelivery, state: State, path: str) -> Reason | None:
    """Why it failed, or None."""
    clock, settings = job.agent.clock, job.settings
    cred, owner = _spool_rights(job, state.rights)
    try:
        box = await MailboxFile.open(job.fs, lambda: clock.now, path, cred, settings.locks, owner)
    except MailboxError as trouble:
        return open_reason(trouble, "5.2.0")
    try:
        if not box.stat.is_file:
            return Reason("5.2.0", f"destination {path} is not a regular file")
        if settings.strict_owner and box.stat.uid != state.rights.uid:
            job.agent.log.warning('specify "strict_mailbox_ownership = no" to ignore mailbox ownership mismatch')
            return Reason("4.2.0", f"destination {path} is not owned by recipient")
        box.append(mail_copy(job.message, job.envelope(state), job.copy_options(MBOX, "file")), settings.size_limit)
    except MailboxError as trouble:
        return write_reason(trouble)
    finally:
        box.release()
    return None


def _spool_rights(job: LocalDelivery, rights: UserAttributes) -> tuple[Cred, tuple[int, int] | None]:
    """With whose rights the mailbox is opened, and to whom a new one is given."""
    own = rights.cred
    if job.settings.home_mailbox:
        return own, None
    try:
        spool = job.fs.stat(job.settings.spool_directory, ROOT)
    except OSError:
        return own, None
    if spool.mode & 0o002:
        return own, None
    if spool.mode & 0o020:
        return Cred(rights.uid, spool.gid, frozenset(), UMASK), None
    return Cred(0, 0, frozenset(), UMASK), None if rights.uid == 0 else (rights.uid, rights.gid)
