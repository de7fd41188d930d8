"""Delivery of local(8) to a Maildir: home_mailbox or mail_spool_directory with a slash at the end, or such a file name."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.postfix.lib.delivery import Sent
from simulator.postfix.lib.mail_copy import MAILDIR, mail_copy
from simulator.postfix.lib.maildir_file import Maildir, MaildirError, warn_of_access

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State


def deliver_maildir(job: LocalDelivery, state: State, path: str) -> bool:
    """Store the message in the Maildir at `path` (with its slash)."""
    state = state.down()
    if job.request.trace_only:
        return job.report(state, Sent("2.0.0", "delivers to maildir", job.relay))
    if not job.settings.frozen_delivered:
        state = replace(state, delivered=state.recipient.address)
    copy = mail_copy(job.message, job.envelope(state), job.copy_options(MAILDIR, "file"))
    try:
        Maildir(job.agent.host, job.agent.pid, path, state.rights.cred, "5.2.0").deliver(copy, job.settings.size_limit)
    except MaildirError as trouble:
        if trouble.code == errno.EACCES:
            warn_of_access(job.agent.log, state.rights.cred, trouble)
        return job.fail(state, trouble.reason.behind("maildir delivery failed: "))
    return job.report(state, Sent("2.0.0", "delivered to maildir", job.relay))
