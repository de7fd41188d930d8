"""A command line of mail(1) as words."""

from __future__ import annotations

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class UnclosedQuote(ValueError):
    """A quoted string has no end."""


def split(line: str) -> list[str]:
    """Cut at blanks. Quotes of both kinds hold words together, a backslash takes the next character. Raises UnclosedQuote."""
    words: list[str] = []
    word: str | None = None
    quote, at = "", 0
    while at < len(line):
        char = line[at]
        at += 1
        if char == "\\" and quote != "'" and at < len(line):
            word = (word or "") + _ESCAPES.get(line[at], line[at])
            at += 1
        elif quote:
            if char == quote:
                quote = ""
            else:
                word = (word or "") + char
        elif char in "'\"":
            quote, word = char, word or ""
        elif char in " \t\n":
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + char
    if quote:
        raise UnclosedQuote(line)
    return words if word is None else [*words, word]
