"""Commands of mail(1) that show messages, and those that move the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mua.mail_header import decode, unfold
from simulator.mua.mail_headline import HeadlineContext, headline
from simulator.mua.mail_mark import mark_read
from simulator.mua.mail_message_list import Rules
from simulator.mua.mbox import MboxMessage

if TYPE_CHECKING:
    from simulator.mua.mail_session import Session

_KEPT, _LOUD, _EVERY = Rules(), Rules(silent=False), Rules(deleted=True)


def summary(session: Session, argv: list[str]) -> int:
    """su[mmary]: `"/var/mail/anna": 3 messages 1 new`; the first new message becomes the current one."""
    messages = session.messages
    for message in messages:
        message.loaded = True
    new = [number for number, message in enumerate(messages, 1) if message.recent]
    old = [number for number, message in enumerate(messages, 1) if "O" in message.flags and "R" not in message.flags]
    deleted = sum("D" in message.flags for message in messages)
    text = f'"{session.box.path if session.box else ""}": {plural(len(messages), "message")}'
    for count, word in ((len(new), "new"), (len(old), "unread"), (deleted, "deleted")):
        text += f" {count} {word}" if count else ""
    session.out(text + "\n")
    first = [number for number in (*new, *old) if "D" not in messages[number - 1].flags]
    session.page.select(first[0] if first else 1)
    return 0


def plural(count: int, noun: str) -> str:
    """`1 message`, `2 messages`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def print_headline(session: Session, number: int) -> None:
    """One line of the summary."""
    message = session.messages[number - 1]
    message.loaded = True
    context = HeadlineContext(
        number, number == session.current, session.columns, session.charset, session.variables.is_true("fromfield")
    )
    session.out(headline(session.variables.text("headline") or "", message, context) + "\n")


def from_lines(session: Session, argv: list[str]) -> int:
    """f[rom] [msglist]."""
    found = session.each(argv, _KEPT)
    for number, _ in found or ():
        print_headline(session, number)
    return int(found is None)


def headers(session: Session, argv: list[str]) -> int:
    """h[eaders] [msglist]: the page, or these messages."""
    if len(argv) > 1:
        return from_lines(session, argv)
    for number in list(session.page.numbers()):
        print_headline(session, number)
    return 0


def scroll(session: Session, argv: list[str]) -> int:
    """z[+|-|.] [count]: turn the page."""
    words = ([argv[0][1:]] if argv[0][1:] else []) + argv[1:]
    direction = words[0][0] if words else "+"
    if direction not in "+-.":
        return session.error("Bad arguments for the scrolling command")
    counts = ([words[0][1:]] if words and words[0][1:] else []) + words[1:]
    if len(counts) > 1:
        return session.error("Too many arguments for the scrolling command")
    if counts and direction == ".":
        return session.error("Argument not applicable for z")
    if counts and not (counts[0].isdigit() and int(counts[0])):
        return session.error("Bad number of pages")
    lines = (session.variables.number("screen") or 22) * int(counts[0] if counts else 1)
    if direction == "+" and session.page.turn(lines) == 0:
        session.out("On last screenful of messages\n")
    elif direction == "-" and session.page.turn(-lines) == 0:
        session.out("On first screenful of messages\n")
    else:
        headers(session, ["headers"])
    return 0


def show(session: Session, argv: list[str]) -> int:
    """p[rint], t[ype] with the wanted fields, P[rint], T[ype] with all."""
    found = session.each(argv, _KEPT)
    for number, message in found or ():
        if session.variables.is_true("showenvelope"):
            session.out(f"From {message.sender} {message.date}\n")
        session.out(message.text if argv[0][0].isupper() else wanted_fields(session, message) + "\n" + message.body)
        mark_read(message)
        session.page.select(number)
    return int(found is None)


def visible(session: Session, name: str) -> bool:
    """`retain` names what is shown, else `ignore` what is not."""
    if session.retained:
        return name.lower() in session.retained
    return name.lower() not in session.ignored


def wanted_fields(session: Session, message: MboxMessage) -> str:
    """The header without what `ignore` and `retain` hide, made readable."""
    text = ""
    for name, value in message.header.fields:
        if visible(session, name):
            value = unfold(value) if name.lower() in session.unfolded else value
            text += f"{name}: {decode(value, session.charset)}\n"
    return text


def top(session: Session, argv: list[str]) -> int:
    """to[p] [msglist]: the first `toplines` lines."""
    count = session.variables.number("toplines")
    if count is None:
        return session.error('No value set for "toplines"')
    found = session.each(argv, _LOUD)
    for number, message in found or ():
        session.out("".join(message.text.splitlines(keepends=True)[:count]))
        session.page.select(number)
        mark_read(message)
    return int(found is None)


def size(session: Session, argv: list[str]) -> int:
    """si[ze] [msglist]: lines and octets."""
    found = session.each(argv, _EVERY)
    for number, message in found or ():
        session.out(f"{'>' if number == session.current else ' '}{number:2d} {message.lines:3d}/{message.size:<5d}\n")
    return int(found is None)


def envelope(session: Session, argv: list[str]) -> int:
    """env[elope] [msglist]: sender and date of the From line."""
    found = session.each(argv, _KEPT)
    for _, message in found or ():
        session.out(f"{message.sender} {message.date}\n")
    return int(found is None)


def current_number(session: Session, argv: list[str]) -> int:
    """`=`: the number of the current message; with an argument another becomes the current one."""
    if len(argv) == 1:
        return _say_number(session) if session.current else session.error("No applicable message")
    places = session.places(argv, _LOUD) if len(argv) == 2 else None
    if places is None:
        return int(len(argv) > 2)
    if session.message(places[0].number) is not None:
        session.page.select(places[0].number)
        _say_number(session)
    return 0


def _say_number(session: Session) -> int:
    session.out(f"{session.current}\n")
    return 0


def following(session: Session, argv: list[str]) -> int:
    """n[ext] [message]: show the current message if it was not yet shown, else the next."""
    if len(argv) > 1:
        return _go_to(session, argv)
    number = session.current
    if number == 0:
        return session.error("No applicable message")
    if "shown" not in session.messages[number - 1].user_flags:
        return session.do("print")
    later = (after for after in range(number + 1, len(session.messages) + 1) if "D" not in session.messages[after - 1].flags)
    return _show(session, next(later, 0))


def previous(session: Session, argv: list[str]) -> int:
    """prev[ious] [message]."""
    if len(argv) > 1:
        return _go_to(session, argv)
    earlier = (before for before in range(session.current - 1, 0, -1) if "D" not in session.messages[before - 1].flags)
    return _show(session, next(earlier, 0))


def _go_to(session: Session, argv: list[str]) -> int:
    places = session.places(argv, _KEPT)
    return _show(session, places[0].number if places else 0)


def _show(session: Session, number: int) -> int:
    if number == 0:
        return session.error("No applicable message")
    session.page.select(number)
    session.do("print")
    return 0


def incorporate(session: Session, argv: list[str]) -> int:
    """inc[orporate]: look for new mail."""
    if not notice_new_mail(session):
        session.out(f"No new mail for {session.user}\n")
    return 0


def notice_new_mail(session: Session) -> bool:
    """Take up what was delivered meanwhile, and say so."""
    if session.box is None or not session.box.update():
        return False
    session.page.invalidate()
    session.out("New mail has arrived.\n")
    return True
