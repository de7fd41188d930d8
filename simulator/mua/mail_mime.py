"""Commands of mail(1) that know MIME: struct, decode, write."""

from __future__ import annotations

import email
import email.message
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.mua.mail_header import unfold
from simulator.mua.mail_mark import mark_read
from simulator.mua.mail_message_list import Place, Rules
from simulator.mua.mail_save import expand_name, sender_file
from simulator.mua.mail_show import visible

if TYPE_CHECKING:
    from simulator.mua.mail_session import Session

_RULES = Rules(parts=True)
#: Parts within parts: deeper is not looked into.
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of a message: its place (`3.1`), the stored text of header and body, and the decoded body."""

    place: Place
    content_type: str
    encoding: str
    fields: tuple[tuple[str, str], ...]
    text: str
    body: str

    @property
    def size(self) -> int:
        return len(self.text.encode("utf-8", "surrogateescape"))


def leaves(text: str, place: Place) -> Iterator[Part]:
    """The parts of a message that have no parts themselves, in order."""
    yield from _descend(email.message_from_string(text), text, place, 0)


def _descend(message: email.message.Message, text: str, place: Place, depth: int) -> Iterator[Part]:
    payload = message.get_payload()
    if message.is_multipart() and message.get_content_maintype() == "multipart" and depth < MAX_DEPTH and isinstance(payload, list):
        for index, part in enumerate(payload, 1):
            yield from _descend(part, _stored(part), Place(place.number, (*place.part, index)), depth + 1)
        return
    fields = tuple((name, str(value)) for name, value in message.items())
    content_type = unfold(str(message.get("Content-Type", "text/plain")))
    encoding = str(message.get("Content-Transfer-Encoding", "7bit"))
    yield Part(place, content_type, encoding, fields, text, _decoded(message, encoding))


def _stored(part: email.message.Message) -> str:
    payload = part.get_payload()
    head = "".join(f"{name}: {value}\n" for name, value in part.items())
    return f"{head}\n{payload if isinstance(payload, str) else ''}"


def _decoded(message: email.message.Message, encoding: str) -> str:
    if encoding.lower() in ("base64", "quoted-printable"):
        data = message.get_payload(decode=True)
        return data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else ""
    payload = message.get_payload()
    return payload if isinstance(payload, str) else ""


def _named(session: Session, argv: list[str]) -> list[Part] | None:
    """The leaves below what the arguments name; the messages count as read."""
    places = session.places(argv, _RULES)
    if places is None:
        return None
    found: list[Part] = []
    for place in places:
        message = session.message(place.number)
        if message is None:
            continue
        parts = [part for part in leaves(message.text, Place(place.number)) if part.place.part[: len(place.part)] == place.part]
        if not parts:
            session.error(f"No such (sub)part in the message: {place.part[-1]}")
        found += parts
    return found


def structure(session: Session, argv: list[str]) -> int:
    """st[ruct] [msglist]: type and size of each part."""
    parts = _named(session, argv)
    for part in parts or ():
        size = f" {part.size:4d}" if part.size < 1024 else f"{part.size // 1024:4d}K" if part.size < 1 << 20 else f"{part.size >> 20:4d}M"
        session.out(f"{part.place!s:<16} {part.content_type:<25}{size}\n")
        mark_read(session.messages[part.place.number - 1])
    return int(parts is None)


def decode_messages(session: Session, argv: list[str]) -> int:
    """dec[ode] [msglist]: each part under a frame, its body decoded."""
    parts = _named(session, argv)
    line = f"+{'-' * (session.columns - 2)}+\n"
    for part in parts or ():
        session.out(f"{line}| Message={part.place}\n| Type={part.content_type}\n| Encoding={part.encoding}\n{line}")
        session.out("".join(f"{name}: {value}\n" for name, value in part.fields if visible(session, name)) + "\n" + part.body)
        mark_read(session.messages[part.place.number - 1])
    return int(parts is None)


def write(session: Session, argv: list[str]) -> int:
    """w[rite] [[msglist] file], W[rite] [msglist]: bodies, decoded, without headers."""
    by_sender = argv[0][0].isupper()
    if not by_sender and len(argv) == 1 and session.current == 0:
        return session.error("No applicable message")
    name = str(session.current) if by_sender or len(argv) == 1 else argv[-1]
    parts = _named(session, argv if by_sender or len(argv) == 1 else argv[:-1])
    if not parts:
        return 1
    if by_sender:
        name = sender_file(session.messages[parts[0].place.number - 1])
    path = expand_name(session, name)
    if path is None:
        return 1
    text = "".join(part.body for part in parts)
    data = text.encode("utf-8", "surrogateescape")
    try:
        session.process.append(path, data, 0o600)
    except OSError as error:
        return session.error(f"can't open {path}: {error.strerror}")
    for part in parts:
        session.messages[part.place.number - 1].user_flags.add("saved")
    session.out(f'"{path}" {text.count(chr(10)):3d}/{len(data):<5d}\n')
    return 0
