"""Rules of regexp: and pcre: tables: regexp_table(5), pcre_table(5).

    /pattern/flags text      !/pattern/flags text      if /pattern/      if !/pattern/      endif

A file that has been read is kept as a list of rules that never changes; what was wrong with it is kept beside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import regex

from simulator.postfix.lib.logical_lines import SPACE, Warn, logical_lines
from simulator.postfix.lib.tables.byte_set import as_bytes, as_text
from simulator.postfix.lib.tables.replacement import Replacement

#: How long one pattern may take, in seconds of the real clock. Only a pattern that would take forever comes near.
TIME_LIMIT: Final = 1.0


class BadRule(Exception):
    """A rule is skipped; the text says why."""


class TooLong(Exception):
    """A pattern was given up: it tries too many ways to match."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled pattern. `longest` finds the leftmost longest match, for the texts of substrings."""

    compiled: Any
    positive: bool
    groups: int = 0
    longest: Any = None

    def holds(self, subject: str) -> bool:
        """Does it match (or not match, for a negated one)? Raises TooLong."""
        try:
            found = self.compiled.search(subject, timeout=TIME_LIMIT)
        except TimeoutError:
            raise TooLong() from None
        return (found is not None) == self.positive

    def substrings(self, subject: str) -> list[str]:
        """What the parentheses matched; empty for those that did not."""
        found = None
        if self.longest is not None:
            try:
                found = self.longest.search(subject, timeout=TIME_LIMIT)
            except TimeoutError:
                found = None
        found = found or self.compiled.search(subject, timeout=TIME_LIMIT)
        return [as_text(text or "") for text in found.groups()]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line. `end` is, for an IF, the number of the rule after its ENDIF (or the number of rules)."""

    line: int
    kind: str  # "match", "if", "endif"
    expression: Expression | None = None
    second: Expression | None = None
    replacement: Replacement | None = None
    end: int = 0


class RuleSet:
    """The rules of a file and the warnings that reading it gave. Immutable, shared by all who read the same content."""

    def __init__(self, rules: Sequence[Rule], warnings: Sequence[str]) -> None:
        self.rules = tuple(rules)
        self.warnings = tuple(warnings)

    def __deepcopy__(self, memo: dict[int, Any]) -> RuleSet:
        return self

    def find(self, key: str, too_long: Callable[[int], None]) -> str | None:
        """The text of the first rule that matches; `too_long` is told the line of a pattern that was given up."""
        subject, number = as_bytes(key), 0
        while number < len(self.rules):
            rule = self.rules[number]
            number += 1
            if rule.kind == "endif" or rule.expression is None:
                continue
            try:
                holds = rule.expression.holds(subject) and (rule.second is None or rule.second.holds(subject))
            except TooLong:
                too_long(rule.line)
                holds = False
            if rule.kind == "if":
                number = number if holds else rule.end
            elif holds and rule.replacement is not None:
                numbered = rule.replacement.largest > 0
                return rule.replacement.expand(rule.expression.substrings(subject) if numbered else ())
        return None


Parse = Callable[[str, int, int, Warn], "Rule | None"]


def read_rules(type: str, name: str, text: str, parse: Parse) -> RuleSet:
    """`parse(line, number, nesting, warn)` makes a rule of a logical line, or None."""
    warnings: list[str] = []
    rules: list[Rule] = []
    stack: list[int] = []
    for number, line in logical_lines(text, name, warnings.append):
        rule = parse(line.rstrip(SPACE), number, len(stack), warnings.append)
        if rule is None:
            continue
        if rule.kind == "if":
            stack.append(len(rules))
        elif rule.kind == "endif":
            opened = rules[stack[-1]]
            rules[stack.pop()] = Rule(opened.line, "if", opened.expression, end=len(rules))
        rules.append(rule)
    for index in reversed(stack):
        opened = rules[index]
        rules[index] = Rule(opened.line, "if", opened.expression, end=len(rules))
        warnings.append(f"{type} map {name}, line {opened.line}: IF has no matching ENDIF")
    return RuleSet(rules, warnings)


def statement(line: str) -> tuple[str, str]:
    """ "if", "endif", "match" or "" (not recognized), and what follows the word."""
    if not (line[:1].isascii() and line[:1].isalnum()):
        return "match", line
    for word in ("if", "endif"):
        after = line[len(word) : len(word) + 1]
        if line[: len(word)].lower() == word and not (after.isascii() and after.isalnum()):
            return word, line[len(word) :]
    return "", line


def compile_pattern(text: str, icase: bool, longest: bool = False) -> Any:
    """For the `regex` library. Raises regex.error if it does not like what was translated."""
    flags = regex.ASCII | regex.VERSION0 | (regex.IGNORECASE if icase else 0) | (regex.POSIX if longest else 0)
    return regex.compile(text, flags)
