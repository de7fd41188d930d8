"""Delivery of local(8) to a file that an alias or .forward file names: as a mailbox, or with a slash at its end as a Maildir."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.postfix.lib.delivery import Sent
from simulator.postfix.lib.mail_copy import MBOX, mail_copy
from simulator.postfix.lib.mailbox_file import MailboxFile, open_reason, write_reason
from simulator.postfix.lib.reason import Reason
from simulator.postfix.lib.safe_open import MailboxError
from simulator.postfix.local_maildir import deliver_maildir
from simulator.postfix.local_owner import fail_to_owner

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State, UserAttributes


def with_default_rights(job: LocalDelivery, rights: UserAttributes) -> UserAttributes:
    """Nothing is written or run as root: postconf(5) default_privs stands in."""
    uid, gid = job.settings.default_user
    return replace(rights, uid=rights.uid or uid, gid=rights.gid or gid)


async def deliver_file(job: LocalDelivery, state: State, path: str) -> bool:
    """Append to a file."""
    state = state.down()
    if job.seen(f"file {state.rights.uid} {path}"):
        return True
    if state.expansion not in job.settings.files_from:
        return await fail_to_owner(job, state, Reason("5.7.1", "mail to file is restricted"))
    if job.request.trace_only:
        return job.report(state, Sent("2.0.0", f"delivers to file: {path}", job.relay))
    state = replace(state, rights=with_default_rights(job, state.rights))
    if path.endswith("/"):
        return deliver_maildir(job, state, path)
    failure = await _append(job, state, path)
    if failure is not None:
        return await fail_to_owner(job, state, failure.behind(f"cannot append message to file {path}: "))
    return job.report(state, Sent("2.0.0", f"delivered to file: {path}", job.relay))


async def _append(job: LocalDelivery, state: State, path: str) -> Reason | None:
    """Why it failed, or None."""
    clock, log, settings = job.agent.clock, job.agent.log, job.settings
    try:
        box = await MailboxFile.open(job.fs, lambda: clock.now, path, state.rights.cred, settings.locks, lock_may_fail=log.warning)
    except MailboxError as trouble:
        return open_reason(trouble, "5.2.0")
    try:
        if box.stat.is_file and box.stat.mode & 0o111:
            return Reason("5.7.1", "file is executable")
        box.append(mail_copy(job.message, job.envelope(state), job.copy_options(MBOX, "file")), settings.size_limit)
    except MailboxError as trouble:
        return write_reason(trouble)
    finally:
        box.release()
    return None
