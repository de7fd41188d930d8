"""ENVELOPE, BODYSTRUCTURE and parts of a message (RFC 3501 7.4.2), from its bytes with CR LF."""

from __future__ import annotations

import email
import email.message
import email.policy
import email.utils
import re

from simulator.dovecot.imap_words import quote


def headers(data: bytes) -> bytes:
    """The header with the empty line behind it."""
    head, blank, _ = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" if blank else data


def body(data: bytes) -> bytes:
    """What is behind the header."""
    return data.partition(b"\r\n\r\n")[2]


def field_value(data: bytes, name: str) -> str | None:
    """A header's value, unfolded; None without it."""
    match = re.search(rb"^" + re.escape(name.encode()) + rb":[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", headers(data), re.M | re.I)
    return None if match is None else re.sub(r"\r?\n(?=[ \t])", "", match[1].decode("utf-8", "surrogateescape")).strip()


def chosen_headers(data: bytes, names: list[str], others: bool = False) -> bytes:
    """HEADER.FIELDS, or HEADER.FIELDS.NOT."""
    wanted = {name.lower() for name in names}
    lines = re.findall(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*", headers(data))
    found = [line for line in lines if (line.partition(b":")[0].strip().lower().decode("utf-8", "replace") in wanted) != others]
    return b"".join(found) + b"\r\n"


def _addresses(data: bytes, name: str) -> str:
    value = field_value(data, name)
    if not value:
        return "NIL"
    found = []
    for display, address in email.utils.getaddresses([value])[:100]:
        local, _, domain = address.rpartition("@") if "@" in address else (address, "", "")
        found.append(f"({quote(display or None)} NIL {quote(local)} {quote(domain or 'MISSING_DOMAIN')})")
    return f"({''.join(found)})"


def envelope(data: bytes) -> str:
    """The ENVELOPE."""
    sender = _addresses(data, "From")
    reply, from_ = _addresses(data, "Reply-To"), _addresses(data, "Sender")
    parts = [quote(field_value(data, "Date")), quote(field_value(data, "Subject")), sender, sender if from_ == "NIL" else from_,
             sender if reply == "NIL" else reply, _addresses(data, "To"), _addresses(data, "Cc"), _addresses(data, "Bcc"),
             quote(field_value(data, "In-Reply-To")), quote(field_value(data, "Message-ID"))]  # fmt: skip
    return f"({' '.join(parts)})"


def structure(data: bytes, extended: bool) -> str:
    """The BODYSTRUCTURE, or the BODY without extensions."""
    return _structure(email.message_from_bytes(data, policy=email.policy.compat32), data, extended, 0)


def _structure(message: email.message.Message, data: bytes, extended: bool, depth: int) -> str:
    if message.is_multipart() and message.get_content_maintype() == "multipart" and depth < 20:
        inner = "".join(_structure(part, part.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), extended, depth + 1)
                        for part in message.get_payload() if isinstance(part, email.message.Message))  # fmt: skip
        text = f"{inner} {quote(message.get_content_subtype())}"
        if extended:
            text += f" {_parameters(message)} {_disposition(message)} NIL NIL"
        return f"({text})"
    content = body(data)
    given = message.get("Content-Type") is not None
    charset = "" if given else '("charset" "us-ascii")'
    kind, subtype = message.get_content_maintype(), message.get_content_subtype()
    encoding = (message.get("Content-Transfer-Encoding") or "7bit").strip()
    fields = [quote(kind), quote(subtype), charset or _parameters(message), quote(message.get("Content-ID")), quote(message.get("Content-Description")),
              quote(encoding), str(len(content))]  # fmt: skip
    if kind == "text":
        fields.append(str(content.count(b"\n")))
    if extended:
        fields += ["NIL", _disposition(message), "NIL", "NIL"]
    return f"({' '.join(fields)})"


def _parameters(message: email.message.Message) -> str:
    found = (message.get_params() or [])[1:]
    return "(" + " ".join(f"{quote(str(name))} {quote(str(value))}" for name, value in found) + ")" if found else "NIL"


def _disposition(message: email.message.Message) -> str:
    kind = message.get_content_disposition()
    if not kind:
        return "NIL"
    name = message.get_filename()
    return f"({quote(kind)} {'(' + chr(34) + 'filename' + chr(34) + ' ' + quote(name) + ')' if name else 'NIL'})"


def part(data: bytes, numbers: list[int]) -> bytes | None:
    """The MIME part with this number (1.2): header and content. None: there is none."""
    message: email.message.Message = email.message_from_bytes(data, policy=email.policy.compat32)
    for number in numbers:
        if not message.is_multipart():
            return data if number == 1 else None
        inner = message.get_payload()
        if not isinstance(inner, list) or not 1 <= number <= len(inner) or not isinstance(inner[number - 1], email.message.Message):
            return None
        message = inner[number - 1]  # type: ignore[assignment]
        data = message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return data


def sent_or_none(data: bytes) -> float | None:
    """The moment of the Date header."""
    value = field_value(data, "Date")
    found = email.utils.parsedate_tz(value) if value else None
    return None if found is None else float(email.utils.mktime_tz(found))
