"""POSIX regular expressions as the GNU C library understands them, for the `regex` library: regcomp(3), regex(7).

A pattern is parsed and spelt anew, so what Perl would read differently, such as `\\d`, `+?` or `(?i)`, means here what it means
to regcomp(3), and what it refuses is refused with its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import regex

from simulator.postfix.lib.tables.byte_set import ALL, SPACE, WORD, set_pattern
from simulator.postfix.lib.tables.posix_bracket import BracketParser, RegexError

BAD_REPEAT: Final = "Invalid preceding regular expression"
BAD_INTERVAL: Final = "Invalid content of \\{\\}"
UNMATCHED_BRACE: Final = "Unmatched \\{"
UNMATCHED_PAREN: Final = "Unmatched ( or \\("
BAD_BACKREF: Final = "Invalid back reference"
TRAILING_BACKSLASH: Final = "Trailing backslash"
TOO_BIG: Final = "Regular expression too big"
#: RE_DUP_MAX.
_MAX_REPEAT: Final = 32767
#: Parentheses inside each other; regcomp(3) would run out of memory much later.
_MAX_DEPTH: Final = 80

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_NEWLINE = ord("\n")
#: GNU extensions: what a backslash and a letter stand for.
_ESCAPES: Final = {
    "w": set_pattern(WORD),
    "W": set_pattern(ALL - WORD),
    "s": set_pattern(SPACE),
    "S": set_pattern(ALL - SPACE),
}
_ANCHORS: Final = {"b": r"\b", "B": r"\B", "<": r"\b(?=\w)", ">": r"\b(?<=\w)", "`": r"\A", "'": r"\Z"}


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, the characters that it stands for, where the next begins."""

    kind: str
    text: str
    end: int


class PosixParser:
    """regcomp(3) of an extended or basic pattern; `newline` is REG_NEWLINE."""

    def __init__(self, pattern: str, extended: bool, icase: bool, newline: bool) -> None:
        self.pattern = pattern
        self.extended, self.icase, self.newline = extended, icase, newline
        self.position = 0
        self.groups = 0
        self.completed: set[int] = set()
        self.alternatives = False
        self.token = Token("", "", 0)

    def translate(self) -> str:
        """The pattern in the spelling of the `regex` library. Raises RegexError."""
        self._fetch(anchor_here=True)
        return self._alternatives(0)

    # -- tokens -----------------------------------------------------------------------------------------------------------

    def _fetch(self, anchor_here: bool = False) -> None:
        self.token = self._peek(self.position, anchor_here)
        self.position = self.token.end

    def _peek(self, at: int, anchor_here: bool = False) -> Token:
        pattern = self.pattern
        if at >= len(pattern):
            return Token("end", "", at)
        char = pattern[at]
        if char == "\\":
            return self._peek_escape(at)
        kind = {"*": "repeat", "[": "bracket", ".": "any"}.get(char)
        if kind is None and self.extended:
            kind = {"+": "repeat", "?": "repeat", "{": "open interval", "}": "close interval", "(": "open", ")": "close", "|": "or"}.get(char)
        if kind is None and char in "^$" and self._is_anchor(char, at, anchor_here):
            kind = "anchor"
        return Token(kind or "char", char, at + 1)

    def _is_anchor(self, char: str, at: int, anchor_here: bool) -> bool:
        if self.extended:
            return True
        if char == "^":
            return at == 0 or anchor_here
        return at + 1 == len(self.pattern) or self._peek(at + 1).kind in ("or", "close")

    def _peek_escape(self, at: int) -> Token:
        if at + 1 >= len(self.pattern):
            return Token("backslash", "\\", at + 1)
        char, end = self.pattern[at + 1], at + 2
        if char in "123456789":
            return Token("backref", char, end)
        if char in _ESCAPES:
            return Token("class", char, end)
        if char in _ANCHORS:
            return Token("anchor", "\\" + char, end)
        if not self.extended:
            special = {"|": "or", "(": "open", ")": "close", "+": "repeat", "?": "repeat", "{": "open interval", "}": "close interval"}
            if char in special:
                return Token(special[char], char, end)
        return Token("escaped", char, end)

    # -- grammar ----------------------------------------------------------------------------------------------------------

    def _alternatives(self, depth: int) -> str:
        if depth > _MAX_DEPTH:
            raise RegexError("Memory exhausted")
        branches = [self._branch(depth)]
        while self.token.kind == "or":
            self._fetch(anchor_here=True)
            branches.append(self._branch(depth))
        if len(branches) == 1:
            return branches[0]
        self.alternatives = True
        return "|".join(branches)

    def _branch(self, depth: int) -> str:
        parts = []
        while self.token.kind not in ("or", "end") and not (depth and self.token.kind == "close"):
            parts.append(self._expression(depth))
        return "".join(parts)

    def _expression(self, depth: int) -> str:
        token = self.token
        if token.kind == "anchor":
            self._fetch()
            return self._anchor(token.text)
        atom = self._atom(token, depth)
        while self.token.kind in ("repeat", "open interval"):
            atom = self._repeat(atom)
            # A basic pattern has no repeated repetitions.
            if not self.extended and (self.token.kind == "open interval" or (self.token.kind == "repeat" and self.token.text == "*")):
                raise RegexError(BAD_REPEAT)
        return atom

    def _atom(self, token: Token, depth: int) -> str:
        if token.kind == "open":
            return self._group(depth)
        if token.kind == "bracket":
            return self._bracket()
        if token.kind == "backref":
            return self._backref(token.text)
        if token.kind == "backslash":
            raise RegexError(TRAILING_BACKSLASH)
        if token.kind == "close" and not self.extended:
            raise RegexError(UNMATCHED_PAREN)
        if token.kind == "open interval" or (token.kind == "repeat" and self.extended):
            raise RegexError(BAD_REPEAT)
        self._fetch()
        if token.kind == "escaped" and self.icase and token.text in _LOWER:
            # The library compares capitals then, but leaves an escaped letter as it is: it never matches.
            return "(?!)"
        if token.kind == "any":
            return set_pattern(ALL - {_NEWLINE} if self.newline else ALL)
        if token.kind == "class":
            return _ESCAPES[token.text]
        return regex.escape(token.text)

    def _anchor(self, text: str) -> str:
        if text in ("^", "$"):
            return f"(?m:{text})" if self.newline else {"^": r"\A", "$": r"\Z"}[text]
        return _ANCHORS[text[1]]

    def _group(self, depth: int) -> str:
        self.groups += 1
        number = self.groups
        self._fetch(anchor_here=True)
        inside = "" if self.token.kind == "close" else self._alternatives(depth + 1)
        if self.token.kind != "close":
            raise RegexError(UNMATCHED_PAREN)
        self._fetch()
        self.completed.add(number)
        return f"({inside})"

    def _backref(self, digit: str) -> str:
        if int(digit) not in self.completed:
            raise RegexError(BAD_BACKREF)
        self._fetch()
        return f"(?:\\{digit})"

    def _repeat(self, atom: str) -> str:
        token = self.token
        if token.kind == "repeat":
            self._fetch()
            return f"(?:{atom}){token.text}"
        low, high = self._interval()
        return f"(?:{atom}){{{low},{'' if high is None else high}}}"

    def _interval(self) -> tuple[int, int | None]:
        low, more = self._number()
        if low is None and more:
            low = 0
        elif low is None:
            raise RegexError(BAD_INTERVAL)
        high: int | None = low
        if low != -2:
            high = self._number()[0] if self.token.text == "," and self.token.kind == "char" else low
        if low == -2 or high == -2:
            raise RegexError(UNMATCHED_BRACE if self.token.kind == "end" else BAD_INTERVAL)
        if (high is not None and low > high) or self.token.kind != "close interval":
            raise RegexError(BAD_INTERVAL)
        if (low if high is None else high) > _MAX_REPEAT:
            raise RegexError(TOO_BIG)
        self._fetch()
        return low, high

    def _number(self) -> tuple[int | None, bool]:
        """A number (None if there is none, -2 if something else stands there), and whether a comma follows."""
        number: int | None = None
        while True:
            self._fetch()
            token = self.token
            if token.kind == "end":
                return -2, False
            if token.kind == "close interval":
                return number, False
            if token.text == "," and token.kind == "char":
                return number, True
            if token.kind != "char" or token.text not in "0123456789" or number == -2:
                number = -2
            else:
                number = min(_MAX_REPEAT + 1, (number or 0) * 10 + int(token.text))

    # -- bracket expressions ----------------------------------------------------------------------------------------------

    def _bracket(self) -> str:
        parser = BracketParser(self.pattern, self.position, self.icase)
        members = parser.parse()
        self.position = parser.position
        self._fetch()
        if self.icase:
            members = frozenset(byte for byte in ALL if ord(chr(byte).upper() if byte < 128 else chr(byte)) in members)
        if parser.negated:
            members = ALL - members - ({_NEWLINE} if self.newline else frozenset())
        return set_pattern(members)
