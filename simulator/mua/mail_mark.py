"""Commands of mail(1) that mark messages; nothing is stored before `quit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mua.mail_message_list import Rules
from simulator.mua.mbox import MboxMessage

if TYPE_CHECKING:
    from simulator.mua.mail_session import Session

_EVERY, _KEPT, _LOUD = Rules(deleted=True), Rules(), Rules(silent=False)


def delete(session: Session, argv: list[str]) -> int:
    """d[elete] [msglist]."""
    found = session.each(argv, _KEPT)
    for _, message in found or ():
        message.flag("D")
        message.user_flags.discard("preserved")
    session.page.invalidate()
    if session.variables.is_true("autoprint"):
        session.do("print")
    return int(found is None)


def delete_and_print(session: Session, argv: list[str]) -> int:
    """dp, dt [msglist]: delete, then show the message that takes its place."""
    delete(session, argv)
    session.do("print")
    return 0


def undelete(session: Session, argv: list[str]) -> int:
    """u[ndelete] [msglist]."""
    found = session.each(argv, _EVERY)
    for _, message in found or ():
        message.flag("D", on=False)
        message.user_flags -= {"preserved", "mboxed"}
        mark_read(message)
    session.page.invalidate()
    return int(found is None)


def unread(session: Session, argv: list[str]) -> int:
    """U, unread [msglist]."""
    found = session.each(argv, _EVERY)
    for _, message in found or ():
        message.flag("R", on=False)
        message.user_flags.discard("shown")
    return int(found is None)


def hold(session: Session, argv: list[str]) -> int:
    """ho[ld], pre[serve] [msglist]: keep in the mailbox although it was read."""
    return _mark(session, argv, "preserved", "mboxed", _EVERY)


def mbox(session: Session, argv: list[str]) -> int:
    """mb[ox] [msglist]: move to ~/mbox at the end."""
    return _mark(session, argv, "mboxed", "preserved", _LOUD)


def touch(session: Session, argv: list[str]) -> int:
    """tou[ch] [msglist]: treat as read at the end."""
    return _mark(session, argv, "touched", "", _LOUD)


def tag(session: Session, argv: list[str]) -> int:
    """ta[g], unt[ag] [msglist]."""
    found = session.each(argv, _KEPT)
    for _, message in found or ():
        if argv[0].startswith("u"):
            message.user_flags.discard("tagged")
        else:
            message.user_flags.add("tagged")
    return int(found is None)


def _mark(session: Session, argv: list[str], mark: str, instead_of: str, rules: Rules) -> int:
    found = session.each(argv, rules)
    for number, message in found or ():
        message.user_flags.discard(instead_of)
        message.user_flags.add(mark)
        session.page.select(number)
    return int(found is None)


def mark_read(message: MboxMessage) -> None:
    """A message was shown: it is read, and moves to ~/mbox at the end."""
    message.flag("R")
    message.user_flags.add("shown")
