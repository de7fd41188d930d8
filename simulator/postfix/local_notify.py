"""NOTIFY=SUCCESS and mailing lists: success is reported for the list alone, not for its members (RFC 3461 5.2.7)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.postfix.lib.delivery import NOTIFY_NEVER, NOTIFY_SUCCESS, Sent

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State


def without_success(notify: int) -> int:
    """What the members of a list, or what is sent on, inherit."""
    return NOTIFY_NEVER if notify == NOTIFY_SUCCESS else notify & ~NOTIFY_SUCCESS


def note_expanded(job: LocalDelivery, members: State, notify: int, action: str) -> None:
    """Put "expanded" (for a list with an owner "delivered") into the sender's report, if he asked for one."""
    if notify & NOTIFY_SUCCESS:
        recipient = replace(members.recipient, dsn_notify=notify)
        fate = Sent("2.0.0", "alias expanded", job.relay, action=action)
        job.agent.reporter.trace(0, job.request.queue_id, job.request.stamps, recipient, fate)
