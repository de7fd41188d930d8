"""MIME messages of mail(1): -A, -M, ~+. Boundary and Content-ID have the real program's form."""

from __future__ import annotations

import base64
import posixpath
import quopri
import time
from typing import TYPE_CHECKING

from simulator.mua.mail_header import Header

if TYPE_CHECKING:
    from simulator.mua.mail_compose import Composition
    from simulator.mua.mail_session import Attachment, Session

#: The first number of rand(3) in a program that never calls srand(3): every boundary begins with it.
FIRST_RANDOM = 1804289383
ENCODINGS = ("base64", "quoted-printable", "7bit", "8bit", "binary", "B", "Q")
_LINE = 76


def attach(session: Session, attachments: list[Attachment], name: str, filename: str = "", mime_name: str = "",
           content_type: str = "", encoding: str = "") -> bool:  # fmt: skip
    """Add a file, or standard input for `-`. False after an error was printed."""
    process = session.process
    if name == "-":
        data = session.rest_of_input.encode("utf-8", "surrogateescape")
        session.use_no_input()
        session.do("set nullbody nullbodymsg")
        shown = "fd 0"
    else:
        path = process.path(name)
        if not process.fs.exists(path, process.caller):
            session.error(f"{name}: file does not exist")
            return False
        if not process.fs.stat(path, process.caller).is_file:
            session.error(f"{name}: not a regular file or FIFO")
            return False
        try:
            data = process.read(name)
        except OSError as error:
            session.error(f"can't open file {name}: {error.strerror}")
            return False
        filename, shown = filename or name, f'"{name}"'
    if encoding and encoding not in ENCODINGS:
        session.error(f"unsupported encoding: {encoding}")
        return False
    attachments.append(make(session, data, content_type or "application/octet-stream", encoding or "base64", shown, mime_name, filename))
    return True


def make(session: Session, data: bytes, content_type: str, encoding: str, shown: str, name: str, filename: str) -> Attachment:
    """An attachment; text gets the session's character set."""
    from simulator.mua.mail_session import Attachment

    if content_type.startswith("text/") and "charset=" not in content_type and session.charset:
        content_type += f"; charset={session.charset}"
    base = posixpath.basename(filename)
    return Attachment(data, content_type, encoding, shown, name or base, base)


def multipart(session: Session, made: Composition) -> list[Attachment]:
    """The parts: with `mime` set the text is one of them, the first."""
    if not session.variables.is_true("mime"):
        return made.attachments
    outgoing = session.outgoing
    data = made.text.encode("utf-8", "surrogateescape")
    body = make(session, data, outgoing.content_type or "text/plain", outgoing.encoding or "8bit", "(body)", "", "")
    body.inline = True
    return [body, *made.attachments]


def build(session: Session, made: Composition, parts: list[Attachment]) -> tuple[Header, str]:
    """Header and body of the MIME message."""
    if session.outgoing.skip_empty or made.alternative:
        parts = [part for part in parts if part.data or not (part.inline or session.outgoing.skip_empty)]
    header = Header([("MIME-Version", "1.0")])
    if len(parts) == 1:
        header.append("Content-Type", parts[0].content_type)
        header.append("Content-Transfer-Encoding", parts[0].encoding)
        body = encoded(parts[0])
    else:
        kind = "alternative" if made.alternative else "mixed"
        boundary = f"{FIRST_RANDOM}-{int(session.process.clock.now)}=:{session.process.pid}"
        header.append("Content-Type", f'multipart/{kind}; boundary="{boundary}"')
        body = "".join(
            f"{'' if index == 0 else chr(10)}--{boundary}\n{_part_header(session, part, index)}\n{encoded(part)}"
            for index, part in enumerate(parts)
        )
        body += f"\n--{boundary}--\n"
    for name, value in made.header.fields:
        if name.lower() == "mime-version" or name.lower().startswith("content-"):
            session.error(f"{name}: not setting header")
        elif name.lower() == "received" or name.lower().startswith("x-"):
            header.append(name, value)
        else:
            header.set(name, value)
    return header, body


def _part_header(session: Session, part: Attachment, index: int) -> str:
    content_type = part.content_type + (f'; name="{part.name}"' if part.name else "")
    disposition = "inline" if part.inline else "attachment" + (f'; filename="{part.filename}"' if part.filename else "")
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(session.process.clock.now))
    number = f".{index}" if index else ""
    return (
        f"Content-Type: {content_type}\nContent-Disposition: {disposition}\nContent-Transfer-Encoding: {part.encoding}\n"
        f"Content-ID: <{stamp}.{session.process.pid}{number}@{session.process.host.hostname}>\n"
    )


def encoded(part: Attachment) -> str:
    """The data as the encoding wants it."""
    if part.encoding in ("base64", "B"):
        text = base64.b64encode(part.data).decode("ascii")
        return "\n".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))
    if part.encoding in ("quoted-printable", "Q"):
        return quopri.encodestring(part.data).decode("ascii")
    return part.data.decode("utf-8", "surrogateescape")
