"""Lists of messages as the commands of mail(1) take them: `1`, `2-4`, `1,3`, `*`, `$`, `:n`, `root`, `/subject`, `:/text`.

A list that names nothing is an error with a text of its own. Messages that were deleted are left out or, when one is named
alone, refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from simulator.mua.mail_headline import sender
from simulator.mua.mbox import MboxMessage

Token = tuple[str, Any]
#: `p 1-999999` complains of so many messages that do not exist, and no more.
MOST_MISSING = 1000

#: `:n` and so on.
TYPES: dict[str, Callable[[MboxMessage], bool]] = {
    "d": lambda message: "D" in message.flags,
    "n": lambda message: message.recent,
    "o": lambda message: "O" in message.flags,
    "r": lambda message: "R" in message.flags,
    "s": lambda message: "saved" in message.user_flags,
    "t": lambda message: "tagged" in message.user_flags,
    "T": lambda message: "tagged" not in message.user_flags,
    "u": lambda message: "R" not in message.flags,
}


class BadList(ValueError):
    """The list cannot be used; the texts are lines for standard error."""

    def __init__(self, *texts: str) -> None:
        super().__init__(*texts)
        self.texts = texts


class HasMessages(Protocol):
    """What a list is looked up in."""

    @property
    def messages(self) -> Sequence[MboxMessage]: ...
    @property
    def current(self) -> int: ...
    @property
    def charset(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """How a command treats deleted messages, and whether it takes parts (`3.1`)."""

    deleted: bool = False
    silent: bool = True
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A message, or a part of one."""

    number: int
    part: tuple[int, ...] = ()

    def __str__(self) -> str:
        return ".".join(str(number) for number in (self.number, *self.part))


def parse_list(box: HasMessages, argv: list[str], rules: Rules) -> list[Place]:
    """The messages that the arguments name. Raises BadList."""
    found = _Parser(box, argv, rules).input()
    if not found:
        raise BadList("No applicable messages")
    if found[0].number > len(box.messages):
        raise BadList(f"{found[0].number}: invalid message number")
    return found


class _Parser:
    def __init__(self, box: HasMessages, argv: list[str], rules: Rules) -> None:
        self.box, self.command, self.words, self.rules = box, argv[0], argv[1:], rules
        self.word, self.at = 0, 0
        self.token: Token = ("", None)
        self.problems: list[str] = []

    # -- words to tokens ------------------------------------------------------------------------------------------------

    def advance(self) -> Token:
        self.token = self.lex()
        return self.token

    def lex(self) -> Token:
        while self.word < len(self.words) and self.at >= len(self.words[self.word]):
            self.word, self.at = self.word + 1, 0
        if self.word >= len(self.words):
            return ("", None)
        text = self.words[self.word][self.at :]
        for kind, pattern in _TOKENS:
            match = pattern.match(text)
            if match:
                self.at += match.end()
                return (kind, match[1])
        self.at += 1
        return (text[0], text[0])

    def near(self) -> str:
        rest = self.words[self.word][self.at :] if self.word < len(self.words) else ""
        if not rest and self.word + 1 < len(self.words):
            rest = self.words[self.word + 1]
        return f" near {rest or 'end'}"

    def fail(self, text: str, with_place: bool = True) -> BadList:
        return BadList(*self.problems, f"{self.command}: {text}{self.near()}" if with_place else text)

    # -- grammar --------------------------------------------------------------------------------------------------------

    def input(self) -> list[Place]:
        kind, _ = self.advance()
        if kind in ("^", "$", "*", "-", "+", ".") and self.advance()[0]:
            raise self.fail("syntax error")
        if kind in ("", "."):
            return [Place(self.box.current)] if self.box.current else []
        if kind in "^$*-+":
            kept = [number for number, one in enumerate(self.box.messages, 1) if ("D" in one.flags) == (self.command == "undelete")]
            kept = kept if kind in "^+*" else kept[::-1]
            return [Place(number) for number in (kept if kind == "*" else kept[:1])]
        return self.series("")

    def series(self, end: str) -> list[Place]:
        found = self.expression()
        while self.token[0] != end:
            if self.token[0] == ",":
                self.advance()
            found += [place for place in self.expression() if place not in found]
        return found

    def expression(self) -> list[Place]:
        kind = self.token[0]
        if kind == "{":
            self.advance()
            found = self.series("}")
            self.advance()
            return found
        if kind == "!":
            self.advance()
            numbers = {place.number for place in self.expression()}
            return [Place(number) for number in range(1, len(self.box.messages) + 1) if number not in numbers]
        return self.checked(self.number_range() if kind == "number" else self.selection())

    def number_range(self) -> list[Place]:
        low = int(self.token[1])
        self.advance()
        if self.token[0] in (".", "["):
            return [Place(low, self.part())]
        if self.token[0] != "-":
            return [Place(low)] if low else []
        kind, value = self.advance()
        if kind not in ("number", "*"):
            raise self.fail("syntax error")
        high = len(self.box.messages) if kind == "*" else int(value)
        self.advance()
        if low > high:
            self.problems.append(f"{self.command}: range error{self.near()}")
            return []
        return [Place(number) for number in range(low, min(high, len(self.box.messages) + MOST_MISSING) + 1)]

    def part(self) -> tuple[int, ...]:
        if not self.rules.parts:
            raise self.fail("message parts not allowed")
        numbers: list[int] = []
        while self.token[0] in (".", "["):
            bracket = self.token[0] == "["
            kind, value = self.advance()
            if kind != "number":
                raise self.fail("syntax error")
            numbers.append(int(value))
            self.advance()
            if bracket and self.token[0] == "]":
                self.advance()
        return tuple(numbers)

    def selection(self) -> list[Place]:
        kind, value = self.token
        if kind == "header":
            field = value
            kind, value = self.advance()
            if kind != "regexp":
                raise self.fail("syntax error")
            return self.pick(_by_header(field, value), f"No applicable messages from {{{field}:/{value}}}")
        if kind == "regexp":
            return self.pick(_by_header("Subject", value), f"No applicable messages from {{/{value}}}")
        if kind == "body":
            return self.pick(_by_body(value), f"No applicable messages from {{:/{value}}}")
        if kind == "name":
            return self.pick(lambda one: sender(one, self.box.charset) == value, f"No applicable messages from {{{value}}}")
        if kind == "type":
            if value not in TYPES:
                self.advance()
                raise self.fail("unknown message type")
            return self.pick(TYPES[value], f"No messages satisfy :{value}")
        raise self.fail("syntax error")

    def pick(self, test: Callable[[MboxMessage], bool], otherwise: str) -> list[Place]:
        found = [Place(number) for number, one in enumerate(self.box.messages, 1) if test(one)]
        self.advance()
        if not found:
            raise self.fail(otherwise, with_place=False)
        return found

    def checked(self, found: list[Place]) -> list[Place]:
        if not found:
            raise BadList(*self.problems, "No applicable messages")
        if self.rules.deleted:
            return found
        silent = self.rules.silent != (len(found) == 1)
        kept = []
        for index, place in enumerate(found):
            if place.number > len(self.box.messages) or "D" not in self.box.messages[place.number - 1].flags:
                kept.append(place)
            elif not silent or (not kept and index == len(found) - 1):
                raise BadList(*self.problems, f"{place.number}: Inappropriate message (has been deleted)")
        return kept


_TOKENS = (
    ("number", re.compile(r"(\d+)")),
    ("header", re.compile(r"([A-Za-z][^,:]*):")),
    ("name", re.compile(r"([A-Za-z][^,:]*)")),
    ("regexp", re.compile(r"/([^/]*)/?")),
    ("body", re.compile(r":/([^/]*)/?")),
    ("type", re.compile(r":(.)")),
)


def _compiled(pattern: str, flags: int) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, flags)
    except re.error:
        return None


def _by_header(field: str, pattern: str) -> Callable[[MboxMessage], bool]:
    wanted = _compiled(pattern, re.I if field[:1].islower() else 0)
    return lambda message: bool(wanted and wanted.search(message.header.get(field) or ""))


def _by_body(pattern: str) -> Callable[[MboxMessage], bool]:
    wanted = _compiled(pattern, re.I)
    return lambda message: bool(wanted and any(wanted.search(line) for line in message.body.split("\n")))
