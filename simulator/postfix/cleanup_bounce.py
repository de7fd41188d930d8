"""Mail that cleanup(8) returns to its sender itself, for clients that cannot: pickup(8), local(8) forwarding, postsuper(1) -r."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mail.dsn import split_dsn
from simulator.postfix.cleanup_status import FLAG_DISCARD, STAT_CONT, STAT_SIZE, STAT_WRITE, status_detail
from simulator.postfix.daemon import ServiceUnavailable
from simulator.postfix.lib.delivery import RET_HDRS, Bounced
from simulator.postfix.lib.queue_file import QueueFile, Recipient
from simulator.postfix.lib.records import BadRecord
from simulator.postfix.lib.spool import BOUNCE

if TYPE_CHECKING:
    from simulator.postfix.cleanup_session import CleanupSession


def bounce_all(session: CleanupSession) -> None:
    """Return every recipient. Afterwards no error is left, or STAT_WRITE."""
    if session.reason:
        dsn, text = split_dsn(session.reason, "5.0.0")
    else:
        detail = status_detail(session.errors)
        dsn, text = detail.dsn, detail.text
    for recipient in _recipients(session) or [Recipient("unknown")]:
        done = session.cleanup.reporter.report(0, session.queue_id, session.stamps, recipient, Bounced(dsn, text), clean=True)
        if not done:
            session.errors |= STAT_WRITE
            break
    if not session.errors & STAT_WRITE:
        _flush(session)
    session.errors &= STAT_WRITE
    if session.errors:
        session.cleanup.spool.remove(BOUNCE, session.queue_id)
    else:
        session.flags |= FLAG_DISCARD


def _recipients(session: CleanupSession) -> list[Recipient]:
    """Those that were written so far: the file may be incomplete."""
    try:
        message = QueueFile.parse(bytes(session.output), with_content=True)
    except BadRecord:
        return []
    return [
        Recipient(one.address, one.orig_address or one.address, one.dsn_orcpt, one.dsn_notify)
        for one in message.recipients
        if not one.done
    ]


def _flush(session: CleanupSession) -> None:
    cleanup, params = session.cleanup, session.cleanup.params
    # The notification quotes the file: it must be there, even if it is not going to stay.
    cleanup.fs.write(cleanup.spool.path(session.queue, session.queue_id), bytes(session.output), cleanup.cred)
    ret = RET_HDRS if session.errors & (STAT_CONT | STAT_SIZE) else session.dsn_ret
    verp = "" if params.bool("disable_verp_bounces") else session.verp_delimiters
    try:
        bounce = cleanup.call(params["bounce_service_name"])
        done = bounce.flush(
            session.queue,
            session.queue_id,
            session.attributes.get("encoding", ""),
            session.smtputf8,
            session.sender,
            session.dsn_envid,
            ret,
            verp_delimiters=verp,
            clean=True,
        )
    except ServiceUnavailable:
        done = False
    if not done:
        cleanup.log.warning(f"{session.queue_id}: bounce message failure")
        session.errors |= STAT_WRITE
