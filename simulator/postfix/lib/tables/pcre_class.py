"""Character classes of PCRE patterns, [a-z\\d[:alpha:]]: pcre2pattern(3) "SQUARE BRACKETS AND CHARACTER CLASSES"."""

from __future__ import annotations

from typing import Final

from simulator.postfix.lib.tables.byte_set import ALL, CLASSES, WORD, both_cases
from simulator.postfix.lib.tables.pcre_escape import read_escape
from simulator.postfix.lib.tables.posix_bracket import RegexError

MISSING_BRACKET: Final = "missing terminating ] for character class"
OUT_OF_ORDER: Final = "range out of order in character class"
BAD_RANGE: Final = "invalid range in character class"
BAD_ESCAPE: Final = "escape sequence is invalid in character class"
UNKNOWN_CLASS: Final = "unknown POSIX class name"
NO_COLLATION: Final = "POSIX collating elements are not supported"

_NAMES: Final = CLASSES | {"word": WORD, "ascii": frozenset(range(128))}


def posix_syntax_end(pattern: str, at: int) -> int:
    """Where the "X]" of [:name:], [.x.] or [=x=] is whose X is at `at`; 0 if this is none."""
    terminator, position = pattern[at], at + 1
    while len(pattern) - position >= 2:
        pair = pattern[position : position + 2]
        if pair in ("\\]", "\\\\"):
            position += 1
        elif pair == "[" + terminator or pair[0] == "]":
            return 0
        elif pair == terminator + "]":
            return position
        position += 1
    return 0


class ClassParser:
    """What stands between [ and ]; `position` is behind the opening bracket, and at the end behind the closing one."""

    def __init__(self, pattern: str, position: int, icase: bool, extended_more: bool = False) -> None:
        self.pattern = pattern
        self.position = position
        self.icase = icase
        self.skip_blanks = extended_more
        self.members: frozenset[int] = frozenset()
        self.first: int | None = None  # what a hyphen would make the start of a range
        self.in_range = False
        self.quoted = False

    def parse(self) -> frozenset[int]:
        """Raises RegexError."""
        while self.pattern.startswith("\\E", self.position):
            self.position += 2
        negated = self.pattern[self.position : self.position + 1] == "^"
        self.position += negated
        while self.pattern.startswith("\\E", self.position):
            self.position += 2
        start = self.position
        while self._more(start):
            self._item()
        if self.in_range:
            self._add(ord("-"))
        members = both_cases(self.members) if self.icase else self.members
        return ALL - members if negated else members

    def _more(self, start: int) -> bool:
        if self.position >= len(self.pattern):
            raise RegexError(MISSING_BRACKET, len(self.pattern))
        if self.pattern[self.position] == "]" and self.position > start and not self.quoted:
            self.position += 1
            return False
        return True

    def _item(self) -> None:
        char = self.pattern[self.position]
        following = self.pattern[self.position + 1 : self.position + 2]
        if self.quoted:
            if char == "\\" and following == "E":
                self.quoted = False
                self.position += 2
            else:
                self._literal(ord(char), self.position + 1, self.position)
        elif char == "[" and following and following in ":.=" and (end := posix_syntax_end(self.pattern, self.position + 1)):
            self._named(end)
        elif char == "-" and self.first is not None:
            self.in_range = True
            self.position += 1
        elif char == "\\":
            self._escape()
        elif self.skip_blanks and char in " \t":
            self.position += 1
        else:
            self._literal(ord(char), self.position + 1, self.position)

    def _add(self, byte: int) -> None:
        self.members |= {byte}

    def _literal(self, byte: int, end: int, fault: int) -> None:
        if self.in_range and self.first is not None:
            if self.first > byte:
                raise RegexError(OUT_OF_ORDER, fault)
            self.members |= frozenset(range(self.first, byte + 1))
            self.first, self.in_range = None, False
        else:
            self._add(byte)
            self.first = byte
        self.position = end

    def _named(self, end: int) -> None:
        if self.in_range:
            raise RegexError(BAD_RANGE, self.position + 1)
        if self.pattern[self.position + 1] != ":":
            raise RegexError(NO_COLLATION, self.position)
        start = self.position + 2
        negated = self.pattern[start] == "^"
        start += negated
        name = self.pattern[start:end]
        if name not in _NAMES:
            raise RegexError(UNKNOWN_CLASS, start)
        # Without regard to case "upper" and "lower" are "alpha".
        members = CLASSES["alpha"] if self.icase and name in ("upper", "lower") else _NAMES[name]
        self._set(ALL - members if negated else members, end + 2)

    def _set(self, members: frozenset[int], end: int) -> None:
        self.members |= members
        self.first = None
        self.position = end
        if self.pattern[end : end + 1] == "-" and end + 1 < len(self.pattern) and self.pattern[end + 1] != "]":
            raise RegexError(BAD_RANGE, end)

    def _escape(self) -> None:
        escape = read_escape(self.pattern, self.position, 0, in_class=True)
        if escape.kind == "char":
            self._literal(escape.number, escape.end, escape.end - 1)
        elif escape.kind == "other" and escape.name == "b":
            self._literal(8, escape.end, escape.end - 1)
        elif escape.kind == "other" and escape.name == "g":
            self._literal(ord("g"), escape.end, escape.end - 1)
        elif escape.kind == "other" and escape.name in "QE":
            self.quoted = escape.name == "Q"
            self.position = escape.end
        elif escape.kind == "other" and escape.name in "BRX":
            raise RegexError(BAD_ESCAPE, escape.end - 1)
        elif self.in_range:
            raise RegexError(BAD_RANGE, escape.end)
        elif escape.kind == "set":
            self._set(escape.members, escape.end)
        elif escape.name == "N":
            raise RegexError("\\N is not supported in a class", escape.end)
        else:
            raise RegexError(BAD_ESCAPE, escape.end - 1)
