"""Logical lines, as main.cf, master.cf and text tables have them: postconf(5), master(5), postmap(1) "TABLE FORMAT".

Empty lines, lines of blanks and lines whose first non-blank character is `#` are ignored. A line that starts with a blank
continues the one before it, also across ignored lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

#: isspace(3) in the C locale.
SPACE = " \t\n\v\f\r"
#: What separates words in most of Postfix (CHARS_SPACE) and in lists (CHARS_COMMA_SP).
BLANKS = " \t\r\n"
COMMA_BLANKS = ", \t\r\n"

Warn = Callable[[str], None]


def ignore(text: str) -> None:
    """A warning that nobody hears."""


def clip(text: str, size: int) -> str:
    """The first `size` bytes, as printf's `%.30s` cuts: a character may be torn."""
    return text[:size] if text.isascii() else text.encode("utf-8", "surrogateescape")[:size].decode("utf-8", "surrogateescape")


def logical_lines(text: str, path: str, warn: Warn = ignore) -> Iterator[tuple[int, str]]:
    """Each logical line with the number of its first physical line.

    The parts of a continued line are joined without the newline, their indentation stays. A line that starts with a blank
    and has nothing before it that it could continue is warned of and skipped.
    """
    for number, line in _joined(text):
        if line[0] in SPACE:
            more = "..." if len(line.encode("utf-8", "surrogateescape")) > 30 else ""
            warn(f'{path}: logical line must not start with whitespace: "{clip(line, 30)}{more}"')
        else:
            yield number, line.partition("\0")[0]


def _joined(text: str) -> Iterator[tuple[int, str]]:
    parts: list[str] = []
    first = 0
    for number, line in enumerate(text.split("\n"), 1):
        content = line.lstrip(SPACE)
        if parts and content and line[0] not in "#" + SPACE:
            yield first, "".join(parts)
            parts = []
        if content and content[0] != "#":
            if not parts:
                first = number
            parts.append(line)
    if parts:
        yield first, "".join(parts)


def split_name_value(text: str) -> tuple[str, str]:
    """`name = value` as its two halves, blanks around both removed.

    Raises ValueError with Postfix's words: "missing attribute name", "missing '=' after attribute name".
    """
    text = text.lstrip(SPACE)
    if not text or text[0] == "=":
        raise ValueError("missing attribute name")
    end = next((at for at, char in enumerate(text) if char == "=" or char in SPACE), len(text))
    rest = text[end:].lstrip(SPACE)
    if not rest.startswith("="):
        raise ValueError("missing '=' after attribute name")
    return text[:end], rest[1:].strip(SPACE)


def tokens(text: str, separators: str = COMMA_BLANKS) -> list[str]:
    """Words between separators: mystrtok(3)."""
    first = separators[0]
    for other in separators[1:]:
        text = text.replace(other, first)
    return [word for word in text.split(first) if word]
