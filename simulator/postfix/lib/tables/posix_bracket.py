"""Bracket expressions of POSIX patterns, [a-z[:digit:]], as the GNU C library reads them: regex(7)."""

from __future__ import annotations

from typing import Final

from simulator.postfix.lib.tables.byte_set import CLASSES

BAD_PATTERN: Final = "Invalid regular expression"
UNMATCHED_BRACKET: Final = "Unmatched [, [^, [:, [., or [="
BAD_RANGE: Final = "Invalid range end"
BAD_CLASS: Final = "Invalid character class name"
BAD_COLLATION: Final = "Invalid collation character"
_CLASS_NAME_LENGTH: Final = 32


class RegexError(Exception):
    """The pattern is refused; the text is the library's, `offset` where (if it says)."""

    def __init__(self, text: str, offset: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.offset = offset


class BracketParser:
    """What stands between [ and ]."""

    def __init__(self, pattern: str, position: int, icase: bool) -> None:
        self.pattern = pattern
        self.position = position
        self.icase = icase
        self.negated = False

    def _need(self, at: int) -> str:
        if at >= len(self.pattern):
            raise RegexError(UNMATCHED_BRACKET)
        return self.pattern[at]

    def parse(self) -> frozenset[int]:
        if self.pattern[self.position : self.position + 1] == "^":
            self.negated = True
            self.position += 1
        if self.position >= len(self.pattern):
            raise RegexError(BAD_PATTERN)
        members: frozenset[int] = frozenset()
        first = True
        while first or self._need(self.position) != "]":
            members |= self._element(first)
            first = False
        self.position += 1
        return members

    def _element(self, first: bool) -> frozenset[int]:
        kind, members = self._start(first)
        if kind in ("class", "equivalence") or not self._is_range():
            self._need(self.position)
            return members
        self.position += 1
        end_kind, end = self._start(True)
        if end_kind != "char" or min(members) > min(end):
            raise RegexError(BAD_RANGE)
        return frozenset(range(min(members), min(end) + 1))

    def _is_range(self) -> bool:
        if self._need(self.position) != "-" or self._minus_signs(self.position):
            return False
        return self._need(self.position + 1) != "]"

    def _minus_signs(self, at: int) -> bool:
        """Three minus signs in a row stand for one."""
        return self.pattern[at : at + 3] == "---"

    def _start(self, hyphen_ok: bool) -> tuple[str, frozenset[int]]:
        char = self._need(self.position)
        following = self.pattern[self.position + 1 : self.position + 2]
        if char == "[" and following and following in ".=:":
            return self._symbol(following)
        if char == "-" and self._minus_signs(self.position):
            self.position += 2
        elif char == "-" and not hyphen_ok and following != "]":
            raise RegexError(BAD_RANGE)
        self.position += 1
        return "char", self._byte(char)

    def _byte(self, char: str) -> frozenset[int]:
        # Without regard to case the library compares capitals, also as the ends of a range.
        return frozenset({ord(char.upper() if self.icase and char.isascii() else char)})

    def _symbol(self, delimiter: str) -> tuple[str, frozenset[int]]:
        start = self.position + 2
        end = self.pattern.find(delimiter + "]", start)
        if start >= len(self.pattern) or end < 0 or end - start >= _CLASS_NAME_LENGTH:
            raise RegexError(UNMATCHED_BRACKET)
        name = self.pattern[start:end]
        self.position = end + 2
        if delimiter == ":":
            if self.icase and name in ("upper", "lower"):
                name = "alpha"
            if name not in CLASSES:
                raise RegexError(BAD_CLASS)
            return "class", CLASSES[name]
        if len(name) != 1:
            raise RegexError(BAD_COLLATION)
        return "equivalence" if delimiter == "=" else "char", self._byte(name)
