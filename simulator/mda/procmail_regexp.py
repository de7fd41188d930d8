"""Regular expressions of procmail: procmailrc(5), "Extended regular expressions".

They are egrep's, without {}, and match across lines: `^` and `$` stand for a line end, `^^` anchors at the very beginning or
end, `\\<` and `\\>` for a character that is not part of a word, `\\/` divides the match, whose right part goes to $MATCH.
An expression becomes a network of states that is walked through once a character, so no expression takes long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_NOT_WORD: Final = "[^a-zA-Z0-9_]"
_ALL: Final = frozenset(range(256))
_NEWLINE: Final = frozenset((10,))
#: Networks walked so far are remembered up to this many steps.
_CACHE_LIMIT: Final = 20_000

#: What stands for an empty move: to the next states without a character, at the very beginning or end of the text.
_BEGIN, _END = "begin", "end"


@dataclass(slots=True)
class _State:
    """`chars` leads to `to` by one character, `empty` without; `anchor` restricts the empty moves."""

    chars: frozenset[int] = frozenset()
    to: int = -1
    empty: list[int] = field(default_factory=list)
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Where the whole match ends, and the part behind `\\/` (None without one)."""

    end: int
    right: str | None


class Regexp:
    """One expression. `invalid` tells of unbalanced parentheses; it is matched as far as it goes all the same."""

    def __init__(self, text: str, ignore_case: bool) -> None:
        left, divided, right = _divide(text)
        self.left = _Network(left, ignore_case)
        self.right = _Network(right, ignore_case, final=True) if divided else None
        if not divided:
            self.left = _Network(left, ignore_case, final=True)
        self.invalid = self.left.invalid or (self.right is not None and self.right.invalid)

    def search(self, text: str, start: int = 0) -> Match | None:
        """The first match in a text of bytes (latin-1) from `start` on."""
        if self.right is None:
            end = self.left.first_end(text, start)
            return None if end is None else Match(end, None)
        end = self.left.first_end(text, start)
        while end is not None:
            last = self.right.longest_end(text, end)
            if last is not None:
                return Match(last, text[max(end, 0) : last])
            end = self.left.first_end(text, start, after=end)
        return None


def _divide(text: str) -> tuple[str, bool, str]:
    """The halves at an unescaped `\\/`."""
    at = 0
    while at < len(text):
        if text[at] == "\\":
            if text[at + 1 : at + 2] == "/":
                return text[:at], True, text[at + 2 :]
            at += 1
        at += 1
    return text, False, ""


class _Network:
    """The states of one expression: Thompson's construction."""

    def __init__(self, text: str, ignore_case: bool, final: bool = False) -> None:
        self.text, self.ignore_case, self.at = text, ignore_case, 0
        self.states: list[_State] = []
        self.invalid = False
        self._steps: dict[tuple[frozenset[int], int], frozenset[int]] = {}
        begin, end = self._alternatives()
        if self.at < len(text):
            self.invalid = True
        self.begin, self.end = begin, end

    # -- building -------------------------------------------------------------------------------------------------------

    def _new(self, **more: object) -> int:
        self.states.append(_State(**more))  # type: ignore[arg-type]
        return len(self.states) - 1

    def _join(self, one: int, two: int) -> None:
        self.states[one].empty.append(two)

    def _alternatives(self) -> tuple[int, int]:
        begin, end = self._new(), self._new()
        while True:
            first, last = self._sequence()
            self._join(begin, first)
            self._join(last, end)
            if self.at >= len(self.text) or self.text[self.at] != "|":
                return begin, end
            self.at += 1

    def _sequence(self) -> tuple[int, int]:
        begin = end = self._new()
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            first, last = self._repeated()
            self._join(end, first)
            end = last
        return begin, end

    def _repeated(self) -> tuple[int, int]:
        first, last = self._single()
        operator = self.text[self.at : self.at + 1]
        while operator and operator in "*+?":
            self.at += 1
            begin, end = self._new(), self._new()
            self._join(begin, first)
            self._join(last, end)
            if operator in "*?":
                self._join(begin, end)
            if operator in "*+":
                self._join(last, first)
            first, last = begin, end
            operator = self.text[self.at : self.at + 1]
        return first, last

    def _single(self) -> tuple[int, int]:
        char = self.text[self.at]
        self.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return self._chars(self._bracket())
        if char == ".":
            return self._chars(_ALL - _NEWLINE)
        if char in "^$":
            return self._anchor(char)
        if char == "\\" and self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char in "<>":
                return self._chars(_not_word())
        return self._chars(self._cased(ord(char)))

    def _group(self) -> tuple[int, int]:
        inner = self._alternatives()
        if self.text[self.at : self.at + 1] == ")":
            self.at += 1
        else:
            self.invalid = True
        return inner

    def _anchor(self, char: str) -> tuple[int, int]:
        if char == "^" and self.text[self.at : self.at + 1] == "^":
            self.at += 1
            begin, end = self._new(), self._new()
            self.states[begin].anchor = _END if self.at == len(self.text) and len(self.text) > 2 else _BEGIN
            self._join(begin, end)
            return begin, end
        return self._chars(_NEWLINE)

    def _chars(self, chars: frozenset[int]) -> tuple[int, int]:
        end = self._new()
        return self._new(chars=chars, to=end), end

    def _cased(self, code: int) -> frozenset[int]:
        if self.ignore_case and chr(code).isascii() and chr(code).isalpha():
            return frozenset((ord(chr(code).lower()), ord(chr(code).upper())))
        return frozenset((code & 255,))

    def _bracket(self) -> frozenset[int]:
        """`[abc]`, `[^a-z]`; a negated class never matches a line end."""
        text = self.text
        negate = text[self.at : self.at + 1] == "^"
        self.at += negate
        found: set[int] = set()
        previous = -1
        if text[self.at : self.at + 1] in ("]", "-"):
            previous = ord(text[self.at])
            found.add(previous)
            self.at += 1
        while self.at < len(text) and text[self.at] != "]":
            char = text[self.at]
            if char == "-" and previous >= 0 and text[self.at + 1 : self.at + 2] not in ("", "]"):
                self.at += 1
                for code in range(previous, ord(text[self.at]) + 1):
                    found |= self._cased(code)
            else:
                found |= self._cased(ord(char))
            previous = ord(text[self.at])
            self.at += 1
        self.at += 1
        return _ALL - found - _NEWLINE if negate else frozenset(found)

    # -- walking --------------------------------------------------------------------------------------------------------

    def _closure(self, states: set[int], begin: bool, end: bool) -> frozenset[int]:
        found, todo = set(states), list(states)
        while todo:
            state = self.states[todo.pop()]
            if (state.anchor == _BEGIN and not begin) or (state.anchor == _END and not end):
                continue
            new = [other for other in state.empty if other not in found]
            found.update(new)
            todo += new
        return frozenset(found)

    def _step(self, states: frozenset[int], code: int, last: bool) -> frozenset[int]:
        key = (states, code if not last else code + 256)
        known = self._steps.get(key)
        if known is None:
            targets = {state.to for number in states if code in (state := self.states[number]).chars}
            known = self._closure(targets, False, last)
            if len(self._steps) < _CACHE_LIMIT:
                self._steps[key] = known
        return known

    def _codes(self, text: str, start: int) -> list[int]:
        """The characters from `start` on, with the line ends that stand before and behind every text."""
        return [10, *text.encode("latin-1", "replace"), 10] if start < 0 else [*text[start:].encode("latin-1", "replace"), 10]

    def first_end(self, text: str, start: int, after: int | None = None) -> int | None:
        """Where the match that ends first ends; `after`: only behind that place."""
        position = -1 if start == 0 or text[start - 1 : start] == "\n" else start
        fresh = self._closure({self.begin}, position <= 0, False)
        states: frozenset[int] = fresh
        codes = self._codes(text, position)
        for index, code in enumerate([*codes, None]):
            here = position + index
            if self.end in states and (after is None or here > after):
                return max(here, 0)
            if code is None:
                return None
            final = index == len(codes) - 2
            moved = self._step(states, code, final)
            again = self._closure({self.begin}, here + 1 <= 0, final) if here < 0 or final else self._restart()
            states = moved | again
        return None

    def _restart(self) -> frozenset[int]:
        return self._closure({self.begin}, False, False)

    def longest_end(self, text: str, start: int) -> int | None:
        """Where the longest match that begins at `start` ends."""
        states = self._closure({self.begin}, start <= 0, start >= len(text))
        found: int | None = None
        codes = self._codes(text, start)
        for index, code in enumerate([*codes, None]):
            if self.end in states:
                found = min(start + index, len(text))
            if code is None or not states:
                break
            states = self._step(states, code, index == len(codes) - 2)
        return found


def _not_word() -> frozenset[int]:
    word = set(range(ord("a"), ord("z") + 1)) | set(range(ord("A"), ord("Z") + 1)) | set(range(ord("0"), ord("9") + 1)) | {ord("_")}
    return _ALL - word
