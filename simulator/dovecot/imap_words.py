"""The words of an IMAP command: atoms, quoted strings, literals, lists (RFC 3501 4, 9)."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: None is NIL, a list a parenthesised one.
Word = str | None | list["Word"]
_LITERAL = re.compile(r"\{(\d+)(\+?)\}\Z")
_MOST_LITERAL = 64 * 1024 * 1024
_MOST_DEPTH = 20


class Quoted(str):
    """A word that stood in quotation marks or in a literal."""


class BadWords(Exception):
    """The text is that of the server's BAD."""


def literal_at_end(line: str) -> tuple[int, bool] | None:
    """The size of the literal that a line announces at its end, and whether the client waits for "+"."""
    match = _LITERAL.search(line)
    if match is None or int(match[1]) > _MOST_LITERAL:
        return None
    return int(match[1]), match[2] != "+"


def parse(text: str, literals: list[str]) -> list[Word]:
    """The words of a line in which each literal stands as `{n}`; its content comes from `literals`. Raises BadWords."""
    words, place = _list(text, 0, iter(literals), 0)
    if place < len(text):
        raise BadWords("Unexpected ')'")
    return words


def _list(text: str, place: int, literals: Iterator[str], depth: int) -> tuple[list[Word], int]:
    words: list[Word] = []
    if depth > _MOST_DEPTH:
        raise BadWords("Too many '('")
    while place < len(text):
        letter = text[place]
        if letter == " ":
            place += 1
        elif letter == ")":
            if not depth:
                raise BadWords("Unexpected ')'")
            return words, place + 1
        elif letter == "(":
            inner, place = _list(text, place + 1, literals, depth + 1)
            words.append(inner)
        elif letter == '"':
            word, place = _quoted(text, place + 1)
            words.append(word)
        else:
            word, place = _atom(text, place, literals)
            words.append(word)
    if depth:
        raise BadWords("Missing ')'")
    return words, place


def _quoted(text: str, place: int) -> tuple[str, int]:
    out = ""
    while place < len(text):
        if text[place] == "\\" and place + 1 < len(text):
            out += text[place + 1]
            place += 2
        elif text[place] == '"':
            return Quoted(out), place + 1
        else:
            out += text[place]
            place += 1
    raise BadWords("Missing '\"'")


def _atom(text: str, place: int, literals: Iterator[str]) -> tuple[str, int]:
    match = re.compile(r"\{\d+\+?\}").match(text, place)
    if match:
        content = next(literals, None)
        if content is None:
            raise BadWords("Literal size too large" if match.end() == len(text) else "Missing LF after literal size")
        return Quoted(content), match.end()
    start = place
    brackets = 0
    while place < len(text) and (brackets or text[place] not in ' ()"'):
        brackets += {"[": 1, "]": -1}.get(text[place], 0)
        place += 1
    return text[start:place] or text[place], max(place, start + 1)


def quote(text: str | None) -> str:
    """A string for the client: NIL, quoted, or a literal."""
    if text is None:
        return "NIL"
    if "\r" in text or "\n" in text or any(ord(letter) > 126 for letter in text):
        data = text.encode("utf-8", "surrogateescape")
        return f"{{{len(data)}}}\r\n{text}"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mailbox_name(name: str) -> str:
    """A mailbox's name for the client: an atom if it can be one."""
    return name if re.fullmatch(r"[A-Za-z0-9_.:/@+$&-]+", name) else quote(name)
