"""Expansion of $name in configuration text: postconf(5) "The general format of the main.cf file", mac_expand(3).

    $name  $(name)  ${name}         the value of the parameter, `$$` is one `$`
    ${name?text}  ${name?{text}}    text if the value is not empty
    ${name:text}  ${name:{text}}    text if the value is empty or there is none
    ${name?{text}:{other}}          one or the other
    ${{left} == {right} ? {text} : {other}}   comparison with == != < <= >= >, or with the suffix `level`

A syntax error is warned of and stops the expansion; what the caller does then (mostly a fatal error) is his own affair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.postfix.lib.compatibility_level import parse_level
from simulator.postfix.lib.logical_lines import BLANKS, Warn, clip, ignore
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.numbers import is_digits, leading_number

#: `lookup(name, test)`: the value of a name, or None. `test` is true where only ? or : ask whether there is a value.
Lookup = Callable[[str, bool], "str | None"]

#: $name inside $name inside ...: mac_expand(3).
NESTING_LIMIT = 100
#: How much one text may grow. A real host runs out of memory instead.
WORK_LIMIT = 100_000
LENGTH_LIMIT = 10_000_000

_OPERATORS: dict[str, Callable[[int], bool]] = {
    "==": lambda delta: delta == 0,
    "!=": lambda delta: delta != 0,
    "<": lambda delta: delta < 0,
    "<=": lambda delta: delta <= 0,
    ">=": lambda delta: delta >= 0,
    ">": lambda delta: delta > 0,
}
#: The quotes are doubled in real Postfix too.
_ANY_OPERATOR = '"==" or "!="" or "<"" or "<="" or ">="" or ">"'
_OPERATOR_CHARS = "<>!=?+-*/~&|%"
_NAME_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")


@dataclass(frozen=True, slots=True)
class Expanded:
    """The result, whether there was a syntax error, and whether a name had no value."""

    text: str
    error: bool = False
    undefined: bool = False


class _SyntaxError(Exception):
    """The text cannot be parsed; it has been warned of."""


def expand(
    text: str,
    lookup: Lookup,
    warn: Warn = ignore,
    *,
    recurse: bool = False,
    scan: bool = False,
    clean: Callable[[str], str] | None = None,
) -> Expanded:
    """Replace every $name.

    `recurse`: values are expanded in turn. `scan`: look at both sides of conditions and yield no text; for finding names.
    `clean` is applied to each value (not with `recurse`), for filters such as forward_expansion_filter.
    """
    if "$" not in text:
        return Expanded("" if scan else text)
    run = _Run(lookup, warn, recurse, scan, clean)
    run.parse(text)
    return Expanded("".join(run.out), run.error, run.undefined)


class _Run:
    """One text under expansion."""

    def __init__(self, lookup: Lookup, warn: Warn, recurse: bool, scan: bool, clean: Callable[[str], str] | None, budget: list[int] | None = None):
        self.lookup, self.warn, self.recurse, self.scan, self.clean = lookup, warn, recurse, scan, clean
        self.out: list[str] = []
        self.error = self.undefined = False
        self.level = 0
        self.budget = budget if budget is not None else [WORK_LIMIT, LENGTH_LIMIT]

    # -- the text as literals and references --------------------------------------------------------------------------

    def parse(self, text: str) -> None:
        """Walk over one text. After an error the rest of the text is given up, as real Postfix does."""
        failed = False
        literal = ""
        at = 0
        while at < len(text):
            dollar = text.find("$", at)
            if dollar < 0:
                literal += text[at:]
                break
            literal += text[at:dollar]
            at = dollar + 1
            if text.startswith("$", at):
                literal += "$"
                at += 1
                continue
            if literal:
                failed |= self._act(self._literal, literal)
                literal = ""
            reference, at = self._reference(text, at)
            if reference is None or (failed and text[dollar + 1] in "({"):
                return
            failed |= self._act(self._expression, reference)
        if literal and not failed:
            self._act(self._literal, literal)

    def _reference(self, text: str, at: int) -> tuple[str | None, int]:
        """What follows a `$`, and where it ends; None (and a warning) if it is broken."""
        end = at
        if text[at : at + 1] in ("(", "{"):
            opening, closing = text[at], ")" if text[at] == "(" else "}"
            level = 1
            end = at = at + 1
            while level > 0:
                if end == len(text):
                    return self._broken(f'truncated macro reference: "{text}"')
                level += (text[end] == opening) - (text[end] == closing)
                end += 1
            name = text[at : end - 1]
        else:
            while end < len(text) and text[end] in _NAME_CHARS:
                end += 1
            name = text[at:end]
        if not name:
            return self._broken(f'empty macro name: "{text}"')
        return name, end

    def _broken(self, text: str) -> tuple[None, int]:
        self.error = True
        self.warn(text)
        return None, 0

    def _act(self, action: Callable[[str], None], text: str) -> bool:
        """Handle one literal or reference; whether there has been an error so far."""
        self.budget[0] -= 1
        if self.budget[0] < 0:
            raise Fatal("mymalloc: insufficient memory for 134217728 bytes: Cannot allocate memory")
        self.level += 1
        if self.level > NESTING_LIMIT + 1:
            self.error = True
            self.warn(f'unreasonable macro call nesting: "{text}"')
        if self.error:
            return True
        try:
            action(text)
        except _SyntaxError:
            self.error = True
            return True
        self.level -= 1
        return self.error

    def _literal(self, text: str) -> None:
        if not self.scan:
            self._add(text)

    def _add(self, text: str) -> None:
        self.budget[1] -= len(text)
        if self.budget[1] < 0:
            raise Fatal("mymalloc: insufficient memory for 134217728 bytes: Cannot allocate memory")
        self.out.append(text)

    # -- one ${...} ---------------------------------------------------------------------------------------------------

    def _fail(self, text: str) -> _SyntaxError:
        self.warn(text)
        return _SyntaxError()

    def _expression(self, text: str) -> None:
        """A name or a comparison, with what follows it."""
        if text.lstrip(BLANKS).startswith("{"):
            value, rest = self._comparison(text.lstrip(BLANKS))
            if rest and rest[0] not in "?:":
                raise self._fail(f'"?" or ":" expected at: "...}}>>>{clip(rest, 20)}"')
            operator, rest = rest[:1], rest[1:]
        else:
            value, operator, rest = self._named(text)
        if operator:
            self._conditional(value, operator, rest)
        else:
            self._plain(value)

    def _named(self, text: str) -> tuple[str | None, str, str]:
        """The value of `name`, the operator behind it and the rest."""
        at = start = len(text) - len(text.lstrip(BLANKS))
        while True:
            rest = text[at:].lstrip(BLANKS)
            if not rest:
                return self.lookup(text[start:at], False), "", ""
            if rest[0] in "?:":
                return self.lookup(text[start:at], True), rest[0], rest[1:]
            if text[at] not in _NAME_CHARS:
                raise self._fail(f'attribute name syntax error at: "...{text[:at]}>>>{clip(text[at:], 20)}"')
            at += 1

    def _plain(self, value: str | None) -> None:
        if value is None:
            self.undefined = True
        elif not value or self.scan:
            return
        elif self.recurse:
            self.parse(value)
        else:
            self._add(self.clean(value) if self.clean else value)

    def _conditional(self, value: str | None, operator: str, rest: str) -> None:
        """`?text`, `:text` or `?{text}:{other}`. With `scan` both sides are looked at."""
        if operator == "?":
            chosen, rest = self._operand(rest)
            if value or self.scan:
                self.parse(chosen)
            if not rest:
                return
            if rest[0] != ":":
                raise self._fail(f'":" expected at: "...{chosen}}}>>>{clip(rest, 20)}"')
            rest = rest[1:]
        chosen, rest = self._operand(rest)
        if not value or self.scan:
            self.parse(chosen)
        if rest:
            raise self._fail(f'unexpected input at: "...{chosen}}}>>>{clip(rest, 20)}"')

    def _operand(self, text: str) -> tuple[str, str]:
        """`{text}` and what follows, or all of a text without braces (Postfix before 3.0)."""
        bare = text.lstrip(BLANKS)
        return self._braced(bare) if bare.startswith("{") else (text, "")

    def _braced(self, text: str) -> tuple[str, str]:
        level = 0
        for at, char in enumerate(text):
            level += (char == "{") - (char == "}")
            if level == 0:
                return text[1:at], text[at + 1 :].lstrip(BLANKS)
        raise self._fail(f'unbalanced {{}} in attribute expression: "{text}"')

    # -- comparison ---------------------------------------------------------------------------------------------------

    def _comparison(self, text: str) -> tuple[str | None, str]:
        """`{left} op {right}`: "true", "" (or None while scanning), and the rest."""
        left, rest = self._braced(text)
        length = len(rest) - len(rest.lstrip(_OPERATOR_CHARS))
        operator, after = rest[:length], rest[length:]
        if operator not in _OPERATORS:
            raise self._fail(f'{_ANY_OPERATOR} expected at: "...{left}}}>>>{clip(rest, 20)}"')
        suffix = ""
        while len(suffix) < len(after) and after[len(suffix)] in _NAME_CHARS and after[len(suffix)] != "_":
            suffix += after[len(suffix)]
        if suffix not in ("", "level"):
            raise self._fail(f'bad operator suffix at: "...{operator}>>>{suffix}"')
        after = after[len(suffix) :]
        if not after.lstrip(BLANKS).startswith("{"):
            raise self._fail(f'"{{expression}}" expected at: "...{{{left}}} {operator}>>>{clip(after, 20)}"')
        right, rest = self._braced(after.lstrip(BLANKS))
        one, two = self._side(left), self._side(right)
        if self.scan:
            if self.error:
                raise _SyntaxError
            return None, rest
        delta = self._level_delta(one, two) if suffix else _delta(one, two)
        if self.error:
            raise _SyntaxError
        return "true" if _OPERATORS[operator](delta) else "", rest

    def _side(self, text: str) -> str:
        if "$" not in text:
            return "" if self.scan else text
        self.budget[0] -= WORK_LIMIT // 50  # a comparison inside a comparison inside ... overflows the real stack
        run = _Run(self.lookup, self.warn, self.recurse, self.scan, self.clean, self.budget)
        run.parse(text)
        self.budget[0] += WORK_LIMIT // 50
        self.error |= run.error
        self.undefined |= run.undefined
        return "".join(run.out)

    def _level_delta(self, one: str, two: str) -> int:
        try:
            return parse_level(one) - parse_level(two)
        except ValueError as problem:
            raise self._fail(str(problem)) from None


def _delta(one: str, two: str) -> int:
    """Numbers are compared as numbers, all else byte by byte."""
    if is_digits(one) and is_digits(two):
        numbers = []
        for text in (one, two):
            found = leading_number(text)
            if found is None:
                raise Fatal(f"mac_exp_eval: bad conversion: {text}")
            numbers.append(found[0])
        return numbers[0] - numbers[1]
    left, right = (text.encode("utf-8", "surrogateescape") for text in (one, two))
    return (left > right) - (left < right)
