"""Mail messages: header fields, folding, where the body begins (RFC 822 3.1, RFC 5322 2.2).

Lines end with a newline alone, as in queue files and mailboxes. Text is str; bytes that are no UTF-8 travel in it as
surrogate escapes, so nothing is lost between `decode` and `encode`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LABEL = re.compile(r"([\x21-\x39\x3b-\x7e]+)[ \t]*:")
# The line length that rewritten address lists are folded to; a tab counts as one.
_FOLD_LENGTH = 70


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def header_name(line: str) -> str | None:
    """The name if the line begins a header field ("Subject" of "Subject: hi"; blanks before the colon are tolerated)."""
    match = _LABEL.match(line)
    return match[1] if match else None


@dataclass(frozen=True, slots=True)
class Header:
    """One header field: its name and all its text, "Name: value", the lines of a folded field divided by newlines."""

    name: str
    text: str

    @classmethod
    def make(cls, name: str, value: str) -> Header:
        return cls(name, f"{name}: {value}")

    @property
    def value(self) -> str:
        """What follows the colon, without the blanks around it, still folded."""
        return self.text.partition(":")[2].strip(" \t\r\n")


@dataclass(frozen=True, slots=True)
class Message:
    """Header fields and body; `separated` says that an empty line divided them."""

    headers: tuple[Header, ...]
    body: str
    separated: bool = True

    @classmethod
    def parse(cls, content: bytes | str) -> Message:
        """Any text is a message: the headers end at the first line that is neither a field nor continues one."""
        text = decode(content) if isinstance(content, bytes) else content
        lines = text.split("\n")
        end, fields = 0, list[list[str]]()
        for line in lines:
            if fields and line[:1] in (" ", "\t"):
                fields[-1].append(line)
            elif header_name(line):
                fields.append([line])
            else:
                break
            end += 1
        separated = lines[end : end + 1] == [""] and end + 1 < len(lines)
        headers = tuple(Header(header_name(field[0]) or "", "\n".join(field)) for field in fields)
        return cls(headers, "\n".join(lines[end + separated :]), separated)

    def find(self, name: str) -> Iterator[Header]:
        """All fields of that name; case does not matter."""
        wanted = name.lower()
        return (header for header in self.headers if header.name.lower() == wanted)

    def get(self, name: str) -> str | None:
        """The unfolded value of the first field of that name."""
        return next((unfold(header.value) for header in self.find(name)), None)

    def text(self) -> str:
        return join_lines(header.text for header in self.headers) + ("\n" if self.separated else "") + self.body

    def encode(self) -> bytes:
        return encode(self.text())


def join_lines(lines: Iterable[str]) -> str:
    return "".join(line + "\n" for line in lines)


def unfold(text: str) -> str:
    """A folded field on one line: the line breaks go, the blanks that follow them stay (RFC 5322 2.2.3)."""
    return text.replace("\r", "").replace("\n", "")


def fold_address_list(header: str) -> str:
    """A rewritten address header, which has one address on a line, with as many addresses on a line as fit.

    Lines after the first get a leading tab if they do not begin with a blank.
    """
    lines: list[str] = []
    for line in header.split("\n"):
        if lines and len(encode(lines[-1])) + 1 + len(encode(line)) < _FOLD_LENGTH:
            lines[-1] += " " + line
        else:
            lines.append(line)
    return "\n".join(line if not index or line[:1] in (" ", "\t") else "\t" + line for index, line in enumerate(lines))
