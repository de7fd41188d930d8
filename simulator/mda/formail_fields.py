"""Header fields as formail(1) sees them: a name up to its colon, or the beginning of one.

An option such as `-x Subj` or `-u Received` may name the beginning of a field only; `-x Subject:` means just this one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

FROM: Final = "From "
#: A field after an empty line that begins a message of a digest, or makes a From line believable. X- and Old- do as well.
KNOWN: Final = frozenset(
    (
        "return-path received reply-to from sender resent-reply-to resent-from resent-sender date resent-date to resent-to cc "
        "resent-cc bcc resent-bcc message-id resent-message-id in-reply-to references keywords subject comments encrypted notice- "
        "requested-upon-delivery-to final-recipient remote-mta diagnostic-code last-attempt-date errors-to return-receipt-to "
        "precedence full-name posted-date received-date message text via apparently-to apparently-resent-to delivered-to mailing- "
        "list autoforwarded content-identifier conversion delivery-date expiry-date importance language message-type obsoletes "
        "supersedes priority reply-by sensitivity auto-submitted fcc resent forwarded replied article path summary organisation "
        "organization newsgroups followup-to approved lines expires control distribution xref originator nntp-posting-host "
        "posted-to mail-copies-to title posted sent-by content-type encoding content-md5 mime-version content-transfer-encoding "
        "content-id content-description content-disposition content-length content-language status mail-from original-from "
        "original-to original-cc original-date envelope-to"
    ).split()
)


def break_field(line: str) -> int:
    """The length of the field name at the beginning of a line, with its colon; not above 0 if there is none: then the
    length of what may be part of one, negative."""
    for at, char in enumerate(line):
        if char == ":":
            return at + 1 if at else 0
        if char in " \t":
            rest = line[at:].lstrip(" \t")
            if at and rest.startswith(":"):
                return len(line) - len(rest) + 1
            return len(FROM) if line.startswith(FROM) else -at
        if char < " " or char == "\x7f":
            return -at
    return -len(line)


@dataclass(slots=True)
class Field:
    """One field with its continuation lines. `size` counts the name with its colon, or the part of a name."""

    text: str
    size: int

    @classmethod
    def of(cls, text: str) -> Field:
        return cls(text, abs(break_field(text)))

    @property
    def value(self) -> str:
        """All behind the name, without the line end."""
        return self.text[self.size :].removesuffix("\n")

    @property
    def is_from(self) -> bool:
        return self.text.startswith(FROM)

    @property
    def is_empty(self) -> bool:
        """A name and no more."""
        return self.size + 1 >= len(self.text)

    @property
    def is_known(self) -> bool:
        name = self.text[: self.size].rstrip(":").rstrip(" \t").lower()
        return name in KNOWN or name.startswith(("x-", "old-"))

    def tidy(self) -> None:
        """No blanks before the colon."""
        name = self.text[: self.size]
        if name.endswith(":") and name[:-1].endswith((" ", "\t")):
            self.text = name[:-1].rstrip(" \t") + ":" + self.text[self.size :]
            self.size = len(self.text) - len(self.text.partition(":")[2])

    def join(self) -> None:
        """All on one line."""
        if not self.is_from:
            self.text = self.text.removesuffix("\n").replace("\n", " ") + "\n"

    def rename(self, old: int, new: str) -> None:
        """Put `new` in place of the first `old` characters; a whole name replaces a whole name."""
        old = self.size if new.endswith(":") or new == FROM else old
        self.text = new + self.text[old:]
        self.size += len(new) - old


def find(wanted: Field, fields: Iterable[Field]) -> Field | None:
    """The first of the fields whose name is that of `wanted`, or the beginning of it."""
    name = wanted.text[: wanted.size].lower()
    return next((other for other in fields if name.startswith(other.text[: other.size].lower())), None)


@dataclass(slots=True)
class Edits:
    """What the options say of fields, each list in the order of the command line."""

    add_new: list[Field] = field(default_factory=list)  # -a
    add: list[Field] = field(default_factory=list)  # -A
    insert: list[Field] = field(default_factory=list)  # -i
    replace: list[Field] = field(default_factory=list)  # -I
    contents: list[Field] = field(default_factory=list)  # -x
    extract: list[Field] = field(default_factory=list)  # -X
    first: list[Field] = field(default_factory=list)  # -u
    last: list[Field] = field(default_factory=list)  # -U
    rename: list[tuple[Field, str]] = field(default_factory=list)  # -R

    @property
    def extracting(self) -> bool:
        return bool(self.contents or self.extract)

    def apply(self, fields: list[Field], replying: bool, second: bool = False) -> list[Field]:
        """The header with fields renamed, deleted and made unique. A reply is gone through twice."""
        kept: list[Field] = []
        for item in fields:
            inserted, replaced = find(item, self.insert), find(item, self.replace)
            skips = replying and not second
            if not skips and inserted is not None and not (replying and item.size >= len(inserted.text) - 1):
                item.rename(0, "Old-")
            elif replaced is not None and not (skips and item.size < len(replaced.text) - 1):
                continue
            else:
                self._rename(item)
            kept.append(item)
        return _unique(_unique(kept, self.first), self.last, from_end=True)

    def _rename(self, item: Field) -> None:
        for old, new in self.rename:
            if find(item, (old,)) is not None:
                item.rename(old.size, new)
                return


def _unique(fields: list[Field], names: list[Field], from_end: bool = False) -> list[Field]:
    seen: set[str] = set()
    kept = []
    for item in reversed(fields) if from_end else fields:
        name = item.text[: item.size].lower()
        if find(item, names) is not None:
            if name in seen:
                continue
            seen.add(name)
        kept.append(item)
    return kept[::-1] if from_end else kept


def zapped(fields: list[Field]) -> list[Field]:
    """-z: a blank behind each colon, and no fields without content."""
    kept = []
    for item in fields:
        if item.text[: item.size].endswith(":"):
            if item.text[item.size] not in " \t" and len(item.text) > item.size + 1:
                item.text = f"{item.text[: item.size]} {item.text[item.size :]}"
            elif len(item.text) <= item.size + 2:
                continue
        kept.append(item)
    return kept
