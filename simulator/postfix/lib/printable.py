"""Text from outside as log lines and replies may show it: printable(3), neuter(3), escape(3), is_header(3), line_wrap(3)."""

from __future__ import annotations

import re

_NAMED = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 92: "\\\\"}
_ESCAPED = [_NAMED.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in range(256)]
# A surrogate escape stands for a byte that is no UTF-8.
_NOT_PRINTABLE = re.compile("[\x00-\x1f\x7f\udc80-\udcff]")
_HEADER = re.compile(r"[\x21-\x39\x3b-\x7e]+[ \t]*:")
_BLANKS = " \t\n\v\f\r"


def printable(text: str, replacement: str = "?") -> str:
    """Controls and bytes that are no UTF-8 replaced, up to the first NUL."""
    return _NOT_PRINTABLE.sub(replacement, text.partition("\0")[0])


def neuter(text: str, bad: str, replacement: str = "?") -> str:
    """The characters of `bad` replaced."""
    return text.translate(dict.fromkeys(map(ord, bad), replacement))


def escape(data: bytes) -> str:
    """Bytes as C source shows them: `EHLO x\\r\\n`."""
    return "".join([_ESCAPED[byte] for byte in data])


def is_header(text: str) -> bool:
    """Does the text begin as a message header does, with a name and a colon?"""
    return _HEADER.match(text) is not None


def line_wrap(text: str, length: int, indent: int) -> list[str]:
    """The text in lines of at most `length` characters where blanks allow; all but the first are indented."""
    lines: list[str] = []
    start, margin, room = 0, 0, length
    word: int | None = 0
    while word is not None:
        end = next((at for at in range(word, len(text)) if text[at] in " \t"), len(text))
        if word > start and end - start > room:
            lines.append(" " * margin + text[start:word].rstrip(_BLANKS))
            if len(lines) == 1:
                margin, room = margin + indent, room - indent
            start = word + len(text[word:]) - len(text[word:].lstrip(_BLANKS))
        word = end + 1 if end < len(text) else None
    lines.append(" " * margin + text[start:].rstrip(_BLANKS))
    return lines
