"""What the parts of the PCRE parser share: the modifiers in force, the place in the pattern, the groups seen so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import regex

from simulator.postfix.lib.tables.posix_bracket import RegexError

NO_SUCH_GROUP: Final = "reference to non-existent subpattern"
NOT_FIXED: Final = "lookbehind assertion is not fixed length"
K_IN_LOOKAROUND: Final = "\\K is not allowed in lookarounds (but see PCRE2_EXTRA_ALLOW_LOOKAROUND_BSK)"
BAD_NAME: Final = "syntax error in subpattern name (missing terminator?)"
_NAME = regex.compile(r"[A-Za-z_0-9]*")


class NotSimulated(Exception):
    """The pattern is correct, but asks for something that is not simulated; the text says what."""


@dataclass(frozen=True, slots=True)
class Options:
    """The modifiers of a pattern, as they are in force at one place."""

    icase: bool = True
    dotall: bool = True
    multiline: bool = False
    extended: bool = False
    extended_more: bool = False
    ungreedy: bool = False
    dollar_endonly: bool = False
    no_capture: bool = False
    same_names: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the pattern in the new spelling, and how many bytes it matches if that is fixed."""

    text: str
    length: int | None = 0
    repeatable: bool = True


class Scanner:
    """A pattern under work."""

    def __init__(self, pattern: str, options: Options) -> None:
        self.pattern = pattern
        self.options = options
        self.icase = options.icase
        self.position = 0
        self.depth = 0
        self.lookaround = 0
        self.misplaced_k = False
        self.groups = 0
        self.names: dict[str, int] = {}
        self.references: list[tuple[int | str, int]] = []
        self.not_fixed: list[int] = []

    def _at(self, count: int = 1) -> str:
        return self.pattern[self.position : self.position + count]

    # -- references -------------------------------------------------------------------------------------------------------

    def _backref(self, target: int | str, offset: int) -> Piece:
        self.references.append((target, offset))
        number = f"\0{target}\0" if isinstance(target, str) else target
        return Piece(self._cased(f"(?:\\g<{number}>)"), None)

    def _relative(self, digits: str, offset: int) -> int:
        if digits[0] not in "+-":
            return int(digits[:9])
        if int(digits[:9]) == 0:
            raise RegexError("a relative value of zero is not allowed", offset)
        return self.groups + int(digits[:9]) + (digits[0] == "-")

    def _name(self, closer: str) -> str:
        """The name of a group up to `closer`, which is read too. Raises RegexError."""
        match = _NAME.match(self.pattern, self.position)
        name = match[0] if match else ""
        if not name:
            raise RegexError("subpattern name expected", self.position)
        if name[0].isdigit():
            raise RegexError("subpattern name must start with a non-digit", self.position)
        if len(name) > 32:
            raise RegexError("subpattern name is too long (maximum 32 code units)", self.position + 33)
        self.position += len(name)
        if self._at() != closer:
            raise RegexError(BAD_NAME, self.position)
        self.position += 1
        return name

    def _cased(self, text: str) -> str:
        """A text whose letters match as the modifier i says here."""
        if self.options.icase == self.icase:
            return text
        return f"(?{'' if self.options.icase else '-'}i:{text})"

    def _check(self) -> None:
        """What is only known at the end of the pattern. Raises RegexError."""
        if self.misplaced_k:
            raise RegexError(K_IN_LOOKAROUND, len(self.pattern))
        if self.not_fixed:
            raise RegexError(NOT_FIXED, self.not_fixed[0])
        for target, offset in self.references:
            if (target not in self.names) if isinstance(target, str) else not 0 <= target <= self.groups:
                raise RegexError(NO_SUCH_GROUP, offset)

    def _with_numbers(self, text: str) -> str:
        """References by name turned into references by number."""
        for name, number in self.names.items():
            text = text.replace(f"\0{name}\0", str(number))
        return text
