"""The header of a message as GNU Mailutils keeps it: fields in order, values with their folds."""

from __future__ import annotations

from email.errors import HeaderParseError
from email.header import decode_header

#: A header of more fields is cut: no mail that a person writes comes near.
MAX_FIELDS = 2000


class Header:
    """Fields in the order of the message. Names are compared without case; values keep their line breaks."""

    def __init__(self, fields: list[tuple[str, str]] | None = None) -> None:
        self.fields = fields or []

    @classmethod
    def parse(cls, text: str) -> Header:
        """Read header lines; a line that starts with a blank continues the field before it."""
        fields: list[tuple[str, str]] = []
        for line in text.split("\n"):
            if line[:1] in (" ", "\t") and fields:
                fields[-1] = (fields[-1][0], f"{fields[-1][1]}\n{line}")
            elif ":" in line and len(fields) < MAX_FIELDS:
                name, _, value = line.partition(":")
                fields.append((name, value.strip(" \t")))
        return cls(fields)

    def get(self, name: str) -> str | None:
        """The value of the first field of that name."""
        return next((value for field, value in self.fields if field.lower() == name.lower()), None)

    def set(self, name: str, value: str) -> None:
        """Replace the first field of that name where it stands, or add one at the end."""
        for index, (field, _) in enumerate(self.fields):
            if field.lower() == name.lower():
                self.fields[index] = (field, value)
                return
        self.append(name, value)

    def append(self, name: str, value: str) -> None:
        """Add a field at the end."""
        if len(self.fields) < MAX_FIELDS:
            self.fields.append((name, value))

    def __str__(self) -> str:
        return "".join(f"{name}: {value}\n" for name, value in self.fields)


def without(header: str, *names: str) -> str:
    """Header text without the fields of these names, their continuation lines included; all else to the letter."""
    unwanted = tuple(name.lower() + ":" for name in names)
    kept, skip = [], False
    for line in header.splitlines(keepends=True):
        if line[:1] not in (" ", "\t"):
            skip = line.lower().startswith(unwanted)
        if not skip:
            kept.append(line)
    return "".join(kept)


def unfold(value: str) -> str:
    """One line of a folded value."""
    return " ".join(part.strip(" \t") for part in value.split("\n"))


def decode(value: str, charset: str) -> str:
    """RFC 2047 words made readable when a character set is known (from LC_ALL or LANG), else the value as it is."""
    if not charset or "=?" not in value:
        return value
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    text = ""
    for part, coding in parts:
        text += part if isinstance(part, str) else part.decode(known(coding), "replace")
    return text


def known(charset: str | None) -> str:
    """A character set's name for Python's codecs; what they do not know is read as ASCII."""
    try:
        "".encode(charset or "ascii")
    except LookupError:
        return "ascii"
    return charset or "ascii"
