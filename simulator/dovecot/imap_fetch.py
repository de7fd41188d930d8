"""FETCH (RFC 3501 6.4.5): which items a client wants of a message, and their texts."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from simulator.dovecot.imap_mime import body, chosen_headers, envelope, headers, part, structure
from simulator.dovecot.imap_words import Quoted, Word
from simulator.dovecot.mailbox import Mail, Mailbox, flag_text

_MACROS = {"ALL": ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"], "FAST": ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
           "FULL": ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"]}  # fmt: skip
_PLAIN = ("FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE", "RFC822", "RFC822.HEADER", "RFC822.TEXT", "MODSEQ",
          "X-GUID", "X-MAILBOX")  # fmt: skip
_SECTION = re.compile(r"(BODY|BODY\.PEEK|BINARY|BINARY\.PEEK)\[(.*)\](?:<(\d+)(?:\.(\d+))?>)?\Z", re.S | re.I)


class UnknownItem(Exception):
    """The text is that of the server's BAD."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to fetch. `section` of BODY[...]; `start`, `count` of a partial one."""

    name: str
    section: str | None = None
    peek: bool = False
    start: int | None = None
    count: int | None = None
    fields: tuple[str, ...] = ()


def items(words: Word) -> list[Item]:
    """The items that a client's words name. Raises UnknownItem."""
    if isinstance(words, str):
        words = list(_MACROS.get(words.upper(), [words]))
    return [_item(str(word)) for word in words or [] if not isinstance(word, Quoted)]


def _item(text: str) -> Item:
    match = _SECTION.match(text)
    if match is None:
        if text.upper() not in _PLAIN:
            raise UnknownItem(f"Unknown parameter: {text.upper()}")
        return Item(text.upper())
    section = match[2].upper()
    fields: tuple[str, ...] = ()
    if "HEADER.FIELDS" in section:
        inside = re.search(r"\((.*)\)", match[2], re.S)
        fields = tuple(word.strip('"') for word in (inside[1] if inside else "").split())
    if not re.fullmatch(r"(\d+(\.\d+)*)?(\.?(HEADER|TEXT|MIME|HEADER\.FIELDS(\.NOT)? \(.*\)))?", section, re.S):
        raise UnknownItem(f"Unknown BODY[] section: {match[2]}" if section else "Invalid BODY[] parameter")
    start = int(match[3]) if match[3] is not None else None
    return Item("BODY", section, match[1].upper().endswith("PEEK"), start, int(match[4]) if match[4] else None, fields)


def sets_seen(wanted: list[Item]) -> bool:
    """Does fetching these items mark the message as seen?"""
    return any((one.section is not None and not one.peek) or one.name in ("RFC822", "RFC822.TEXT") for one in wanted)


def response(box: Mailbox, mail: Mail, wanted: list[Item]) -> bytes:
    """The items of a message, as they stand between the brackets."""
    return b" ".join(_value(box, mail, one) for one in wanted)


def internal_date(when: float) -> str:
    return time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(when))


def _value(box: Mailbox, mail: Mail, one: Item) -> bytes:
    if one.section is not None:
        return _body_section(box.wire(mail), one)
    name = one.name
    if name == "FLAGS":
        text = f"FLAGS ({flag_text(mail)})"
    elif name == "UID":
        text = f"UID {mail.uid}"
    elif name == "INTERNALDATE":
        text = f'INTERNALDATE "{internal_date(mail.received)}"'
    elif name == "RFC822.SIZE":
        text = f"RFC822.SIZE {box.virtual(mail)}"
    elif name == "ENVELOPE":
        text = f"ENVELOPE {envelope(box.wire(mail))}"
    elif name in ("BODY", "BODYSTRUCTURE"):
        text = f"{name} {structure(box.wire(mail), name != 'BODY')}"
    elif name == "MODSEQ":
        text = "MODSEQ (1)"
    elif name == "X-GUID":
        text = f"X-GUID {mail.guid}"
    elif name == "X-MAILBOX":
        text = f"X-MAILBOX {box.name}"
    else:
        data = box.wire(mail)
        return _literal(name, {"RFC822": data, "RFC822.HEADER": headers(data), "RFC822.TEXT": body(data)}[name])
    return text.encode("utf-8", "surrogateescape")


def _literal(name: str, data: bytes) -> bytes:
    return f"{name} {{{len(data)}}}\r\n".encode() + data


def _body_section(data: bytes, one: Item) -> bytes:
    section = one.section or ""
    match = re.match(r"[\d.]*", section)
    numbers = [int(number) for number in (match[0] if match else "").strip(".").split(".") if number]
    kind = section[match.end() if match else 0 :]
    found = part(data, numbers) if numbers else data
    if found is None:
        return f"BODY[{section}] NIL".encode()
    if kind.startswith("HEADER.FIELDS"):
        found = chosen_headers(found, list(one.fields), ".NOT" in kind)
        section = f"{section.partition('(')[0]}({' '.join(field.upper() for field in one.fields)})"
    elif kind in ("HEADER", "MIME"):
        found = headers(found)
    elif kind == "TEXT" or numbers:
        found = body(found)
    name = f"BODY[{section}]"
    if one.start is not None:
        found = found[one.start : None if one.count is None else one.start + one.count]
        name += f"<{one.start}>"
    return _literal(name, found)
