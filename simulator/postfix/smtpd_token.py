"""How smtpd(8) splits a command line into words.

Blanks separate words. Text in <> or "" stays together, blanks and all; "from:" and "to:" end a word, so that MAIL FROM:<a@b>
and MAIL FROM: <a@b> are the same three words.
"""

from __future__ import annotations

from dataclasses import dataclass

_BLANKS = " \t\n\v\f\r"
#: What ends a word of its own in `MAIL FROM:` and `RCPT TO:`.
_COLON_WORDS = ("to:", "from:")
#: A line holds no more words than this (Postfix has no limit; a line of 2048 bytes has about a thousand).
_MOST_WORDS = 4096


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a command. `unclosed`: a "<" or a quote in it has no end, so that it cannot be an address."""

    text: str
    unclosed: bool = False


def split_command(line: str) -> list[Token]:
    """The words of a line. A NUL ends it, as in a C string."""
    text = line.partition("\0")[0]
    words: list[Token] = []
    position = 0
    while len(words) < _MOST_WORDS:
        token, position = _next_token(text, position)
        if token is None:
            break
        words.append(token)
    return words


def _next_token(text: str, position: int) -> tuple[Token | None, int]:
    word, unclosed = "", False
    while position < len(text):
        char = text[position]
        position += 1
        if char in _BLANKS:
            if word:
                break
        elif char in '<"':
            quoted, position, closed = _quoted(text, position, ">" if char == "<" else char)
            word, unclosed = word + char + quoted, unclosed or not closed
        elif char == ":":
            word += char
            if word.lower() in _COLON_WORDS:
                break
        else:
            word += char
            if char == "\\" and position < len(text):
                word += text[position]
                position += 1
    return (Token(word, unclosed) if word else None), position


def _quoted(text: str, position: int, last: str) -> tuple[str, int, bool]:
    """The text up to the closing `last`; inside <> more <> and quotes may nest."""
    start, wanted = position, [last]
    while position < len(text):
        char = text[position]
        position += 1
        if char == "\\":
            position = min(position + 1, len(text))
        elif char == wanted[-1]:
            wanted.pop()
            if not wanted:
                return text[start:position], position, True
        elif char == '"':
            wanted.append('"')
        elif char == "<" and wanted[-1] == ">":
            wanted.append(">")
    return text[start:position], position, False
