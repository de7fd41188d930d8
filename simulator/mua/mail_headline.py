"""The lines of a header summary: mail(1) variable `headline`. Widths count octets, as the real program does."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from simulator.mua.mail_address import AddressError, parse
from simulator.mua.mail_header import decode, unfold
from simulator.mua.mbox import MboxMessage

_ITEM = re.compile(r"%([-+]?)(\d*)(?:D\{([^}]*)\}|(.))", re.S)
_NUMBERS = "lLmo"
_MARKS = (("mboxed", "M"), ("preserved", "P"), ("saved", "*"), ("tagged", "T"), ("shown", "R"))


@dataclass(frozen=True, slots=True)
class HeadlineContext:
    """What the line depends on besides the message."""

    number: int
    current: bool
    columns: int
    charset: str
    from_field: bool = True
    my_names: tuple[str, ...] = ()


def headline(layout: str, message: MboxMessage, context: HeadlineContext) -> str:
    """One line of the summary, without the newline."""
    room = context.columns - 2
    line = b""
    at = 0
    for match in _ITEM.finditer(layout):
        line += layout[at : match.start()].encode("utf-8", "surrogateescape")[: room - len(line)]
        line += _column(match, message, context, room - len(line))
        at = match.end()
    line += layout[at:].encode("utf-8", "surrogateescape")[: room - len(line)]
    return line.decode("utf-8", "surrogateescape")


def _column(match: re.Match[str], message: MboxMessage, context: HeadlineContext, room: int) -> bytes:
    align, digits, date_format, letter = match.groups()
    letter = letter or "D"
    text = _value(letter, date_format, message, context).encode("utf-8", "surrogateescape")
    width = min(int(digits) if digits else len(text), max(room, 0))
    text = text[:width]
    right = align == "+" or (not align and letter in _NUMBERS)
    return text.rjust(width) if right else text.ljust(width)


def _value(letter: str, date_format: str | None, message: MboxMessage, context: HeadlineContext) -> str:
    match letter:
        case "a":
            return attribute(message)
        case "d" | "D":
            return _date(message.date, date_format or "%a %b %e %H:%M")
        case "f":
            return sender(message, context.charset, context.from_field)
        case "l" | "L":
            return str(message.lines)
        case "m":
            return str(context.number)
        case "o":
            return str(message.size)
        case "s":
            return subject(message, context.charset)
        case "S":
            return f'"{subject(message, context.charset)}"'
        case ">" | "<":
            return letter if context.current else " "
    return letter


def attribute(message: MboxMessage) -> str:
    """One letter for the state of a message: `from` in mail(1)."""
    for mark, letter in _MARKS:
        if mark in message.user_flags:
            return letter
    if message.recent:
        return "N"
    return " " if "R" in message.flags else "U"


def sender(message: MboxMessage, charset: str, from_field: bool = True) -> str:
    """The personal name in From, else the address; without the field (or `set nofromfield`) the envelope's sender."""
    value = message.header.get("From")
    if not from_field:
        return message.sender
    if value is None:
        return ""
    try:
        first = parse(unfold(value))[0]
    except AddressError:
        return decode(unfold(value), charset)
    return decode(first.personal or first.email, charset)


def subject(message: MboxMessage, charset: str) -> str:
    """The subject in one line."""
    return decode(unfold(message.header.get("Subject") or ""), charset)


def _date(moment: str, layout: str) -> str:
    try:
        parsed = time.strptime(moment, "%a %b %d %H:%M:%S %Y")
    except ValueError:
        return ""
    return time.strftime(layout.replace("%e", f"{parsed.tm_mday:2d}"), parsed)
