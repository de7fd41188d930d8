"""How many of the typed lines make up one command: what bash decides when it shows PS2 instead of running the line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_HERE_DOCUMENT = re.compile(r"(?<!<)<<(-?)\s*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([\w.!+-]+))")


def open_here_document(text: str) -> tuple[int, str] | None:
    """The line and the word of a `<<WORD` that waits for its last line."""
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        marks = _HERE_DOCUMENT.findall(_without_quoted(lines[index]))
        index += 1
        number = index
        for dash, *words in marks:
            end = next(word for word in words if word)
            while index < len(lines) and (lines[index].lstrip("\t") if dash else lines[index]) != end:
                index += 1
            if index >= len(lines):
                return number, end
            index += 1
    return None


def _without_quoted(line: str) -> str:
    """The line without quoted strings that are not a here-document's word, and without a comment."""
    line = re.sub(r"(?<!<)(?<!<\s)(?<!<-)'[^']*'", "''", line)
    return re.sub(r"(^|\s)#.*", r"\1", line)


def commands(text: str, is_open: Callable[[str], bool]) -> Iterator[str]:
    """Cut a text of several lines into commands as a terminal would run them, one after the other.

    `is_open(text)` tells whether bash would read a further line. Comments and empty lines pass as they are.
    """
    pending: list[str] = []
    for line in text.split("\n"):
        pending.append(line)
        typed = "\n".join(pending)
        if typed.endswith("\\") and not typed.endswith("\\\\"):
            continue
        if open_here_document(typed) or is_open(typed):
            continue
        yield typed
        pending = []
    if pending:
        yield "\n".join(pending)
