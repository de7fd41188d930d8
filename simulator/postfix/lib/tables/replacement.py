"""The text on the right of a pattern table's rule, with its $1, ${1} and $(1): mac_parse(3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.postfix.lib.logical_lines import Warn

_NAME_CHARS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_CLOSING: Final = {"(": ")", "{": "}"}
_LARGEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Replacement:
    """Literal texts and numbers of substrings, in their order; `largest` is the largest number."""

    parts: tuple[str | int, ...]
    largest: int

    def expand(self, substrings: Sequence[str]) -> str:
        """The text with each number replaced by that substring; `substrings` begins with number 1."""
        return "".join([part if isinstance(part, str) else substrings[part - 1] for part in self.parts])


class _Parser:
    """Calls what it finds by name, and goes on after an error as far as mac_parse(3) does."""

    def __init__(self, text: str, warn: Warn, check: Callable[[str], int | None]) -> None:
        self.text = text
        self.warn = warn
        self.check = check
        self.parts: list[str | int] = []
        self.bad = False

    def run(self) -> None:
        position, literal = 0, ""
        while position < len(self.text):
            char = self.text[position]
            if char != "$":
                end = self.text.find("$", position)
                end = len(self.text) if end < 0 else end
                literal += self.text[position:end]
                position = end
            elif self.text[position + 1 : position + 2] == "$":
                literal += "$"
                position += 2
            else:
                if literal:
                    self.parts.append(literal)
                    literal = ""
                after = self._reference(position + 1)
                if after is None:
                    self.bad = True
                    return
                position = after
        if literal:
            self.parts.append(literal)

    def _reference(self, start: int) -> int | None:
        """Where the text goes on, None if that is no use."""
        opening = self.text[start : start + 1]
        if opening in _CLOSING and opening:
            end = self._closed(start + 1, opening)
            if end is None:
                return None
            name = self.text[start + 1 : end - 1]
        else:
            end = start
            while end < len(self.text) and self.text[end] in _NAME_CHARS:
                end += 1
            name = self.text[start:end]
        if not name:
            self.warn(f'empty macro name: "{self.text}"')
            return None
        number = self.check(name)
        self.bad = self.bad or number is None
        if number is not None:
            self.parts.append(number)
        return end

    def _closed(self, position: int, opening: str) -> int | None:
        level, closing = 1, _CLOSING[opening]
        while level > 0:
            if position >= len(self.text):
                self.warn(f'truncated macro reference: "{self.text}"')
                return None
            char = self.text[position]
            level += (char == opening) - (char == closing)
            position += 1
            if self.bad:
                return None
        return position


def parse_replacement(text: str, where: str, out_of_range: str, warn: Warn) -> Replacement | None:
    """None if the text makes no sense; why has been said.

    `where` begins each warning about a number, `out_of_range` is what the table's type calls a number below 1.
    """

    def check(name: str) -> int | None:
        if not (name.isascii() and name.isdigit()):
            warn(f'{where}: non-numeric replacement index "{name}"')
            return None
        number = min(int(name[:18]), _LARGEST)
        if number < 1:
            warn(f'{where}: {out_of_range} replacement index "{name}"')
            return None
        return number

    parser = _Parser(text, warn, check)
    parser.run()
    if parser.bad:
        return None
    numbers = [part for part in parser.parts if isinstance(part, int)]
    return Replacement(tuple(parser.parts), max(numbers, default=0))
