"""Replies of mail(1): reply and followup to all, Reply and Followup to the sender only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.mua.mail_address import Address, AddressError, parse, printable, union
from simulator.mua.mail_compose import Composition
from simulator.mua.mail_header import unfold
from simulator.mua.mail_mark import mark_read
from simulator.mua.mail_message_list import Rules
from simulator.mua.mail_send import compose_and_send
from simulator.mua.mbox import MboxMessage

if TYPE_CHECKING:
    from simulator.mua.mail_session import Session

_LOUD = Rules(silent=False)


def reply(session: Session, argv: list[str]) -> int:
    """r[eply] message, R[eply] [msglist]; `set flipr` exchanges them."""
    to_all = argv[0][0].islower() != session.variables.is_true("flipr")
    return _respond(session, argv, to_all, save_by_name=False)


def followup(session: Session, argv: list[str]) -> int:
    """fo[llowup] message, F[ollowup] [msglist]: as reply, with a copy by the sender's name."""
    return _respond(session, argv, argv[0][0].islower(), save_by_name=True)


def _respond(session: Session, argv: list[str], to_all: bool, save_by_name: bool) -> int:
    found = session.each(argv, _LOUD)
    if not found:
        return 1
    if to_all and len(found) > 1:
        return session.error("Can't reply to multiple messages at once")
    number, first = found[0]
    session.page.select(number)
    made = Composition.start(session)
    for _, message in found:
        _add(session, made, "To", _sender_of(session, message))
    if to_all:
        for name in ("To", "Cc"):
            _add(session, made, name, first.header.get(name))
    subject = first.header.get("Subject")
    if subject is not None:
        prefix = "" if re.match(r"re: *", subject, re.I) else session.variables.text("replyprefix") or ""
        made.set("Subject", prefix + subject)
    if not session.variables.is_true("fullnames"):
        _without_names(made)
    _announce(session, made)
    made.set("In-Reply-To", _in_reply_to(first))
    made.set("References", _references(first))
    status = compose_and_send(session, made, save_by_name)
    for _, message in found:
        mark_read(message)
    session.page.select(found[-1][0])
    return status


def _announce(session: Session, made: Composition) -> None:
    session.out(f"To: {made.header.get('To') or ''}\n")
    copies = made.header.get("Cc")
    if copies:
        session.out(f"Cc: {copies}\n")
    session.out(f"Subject: {made.header.get('Subject') or ''}\n\n")


def _sender_of(session: Session, message: MboxMessage) -> str:
    """The first of the `sender` fields that the message has, else the envelope's sender."""
    for name in session.senders:
        value = message.header.get(name)
        if value:
            return value
    return message.sender


def _add(session: Session, made: Composition, name: str, value: str | None) -> None:
    """Add addresses in their printed form; `set metoo` leaves out one's own (as the real program has it)."""
    if not value:
        return
    try:
        addresses: list[Address] = union([], parse(unfold(value)))
    except AddressError:
        made.merge(name, value)
        return
    made.merge(name, printable(addresses))


def _without_names(made: Composition) -> None:
    for name in ("To", "Cc"):
        value = made.header.get(name)
        if value:
            made.header.set(name, printable(Address(one.local, one.domain) for one in parse(value)))


def _in_reply_to(message: MboxMessage) -> str:
    date = message.header.get("Date") or message.date
    identity = message.header.get("Message-ID")
    return f"Your message of {date}" + (f"\n\t{identity}" if identity else "")


def _references(message: MboxMessage) -> str:
    """RFC 2822 3.6.4: the parent's references and its own id."""
    before = message.header.get("References") or message.header.get("In-Reply-To")
    texts = [before, message.header.get("Message-ID")]
    return " ".join(" ".join(re.findall(r"<[^>]*>", text)) for text in texts if text)
