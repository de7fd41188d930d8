"""What regexp: and pcre: tables have in common: how a rule is read and looked up. dict_regexp(3), dict_pcre(3)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.postfix.lib.logical_lines import SPACE, Warn
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.file_value import BadValue, file_to_base64
from simulator.postfix.lib.tables.flags import NO_REGSUB, PATTERN, SRC_RHS_IS_FILE
from simulator.postfix.lib.tables.pattern_rules import BadRule, Expression, Rule, RuleSet, read_rules, statement
from simulator.postfix.lib.tables.replacement import parse_replacement
from simulator.postfix.lib.tables.surrogate import surrogate
from simulator.postfix.lib.tables.text_file import BadText, read_text

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


@dataclass(frozen=True, slots=True)
class Delimited:
    """A pattern between its delimiters, whether it is to match, and what follows the closing delimiter."""

    positive: bool
    pattern: str
    rest: str


def delimited(text: str, backslash_closes: bool, consequence: str) -> Delimited:
    """The pattern at the start of the text. Raises BadRule; `consequence` ends the text about a missing delimiter.

    `backslash_closes`: a backslash at the very end counts as the closing delimiter.
    """
    start, positive = 0, True
    while start < len(text) and (text[start] == "!" or text[start] in SPACE):
        positive ^= text[start] == "!"
        start += 1
    if start == len(text):
        raise BadRule("no regexp: skipping this rule")
    delimiter, end = text[start], start + 1
    while end < len(text) and text[end] != delimiter:
        if backslash_closes and text[end] == "\\" and end + 1 == len(text):
            break
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        raise BadRule(f'no closing regexp delimiter "{delimiter}": {consequence}')
    return Delimited(positive, text[start + 1 : end], text[end + 1 :])


class RuleParser:
    """What regexp: and pcre: tables have in common when they read a rule. A subclass knows the patterns."""

    type = ""
    #: A number in the replacement text is out of ... range.
    out_of_range = "out of range"

    def __init__(self, context: TableContext | None, name: str, flags: int) -> None:
        """`context` is needed for values that are files."""
        self.context = context
        self.name = name
        self.flags = flags

    def parse(self, line: str, number: int, nesting: int, warn: Warn) -> Rule | None:
        """A logical line as a rule, or None; what is wrong is said."""
        where = f"{self.type} map {self.name}, line {number}"

        def say(text: str) -> None:
            warn(f"{where}: {text}")

        kind, rest = statement(line)
        try:
            if kind == "match":
                return self._match(rest, number, where, say, warn)
            if kind == "if":
                return self._if(rest, number, say)
            if kind == "endif":
                return _endif(rest, number, nesting, say)
        except BadRule as bad:
            say(str(bad))
            return None
        say("ignoring unrecognized request")
        return None

    def _match(self, text: str, number: int, where: str, say: Warn, warn: Warn) -> Rule:
        patterns, value = self._patterns(text, say)
        if not value:
            say("no replacement text: using empty string")
        if self.context is not None:
            try:
                value = file_to_base64(self.context, value)
            except BadValue as bad:
                raise BadRule(f"{bad}: skipping this rule") from None
        replacement = parse_replacement(value, where, self.out_of_range, warn)
        if replacement is None:
            raise BadRule("bad replacement syntax: skipping this rule")
        if replacement.largest and not patterns[0].positive:
            raise BadRule("$number found in negative match replacement text: skipping this rule")
        if replacement.largest and self.flags & NO_REGSUB:
            raise BadRule("regular expression substitution is not allowed: skipping this rule")
        expression = self._compile(patterns[0], replacement.largest > 0)
        if replacement.largest > expression.groups:
            raise BadRule(f'out of range replacement index "{replacement.largest}": skipping this rule')
        second = self._compile(patterns[1], False) if len(patterns) > 1 else None
        return Rule(number, "match", expression, second, replacement)

    def _if(self, text: str, number: int, say: Warn) -> Rule:
        pattern, extra = self._pattern(text.lstrip(SPACE), say)
        extra = extra.lstrip(SPACE)
        if extra:
            say(f'ignoring extra text after IF statement: "{extra}"')
            say("do not prepend whitespace to statements between IF and ENDIF")
        return Rule(number, "if", self._compile(pattern, False))

    def _patterns(self, text: str, say: Warn) -> tuple[list[Any], str]:
        """One pattern, or two where the type has that, and the replacement text. Raises BadRule."""
        pattern, rest = self._pattern(text, say)
        return [pattern], rest.lstrip(SPACE)

    def _pattern(self, text: str, say: Warn) -> tuple[Any, str]:
        """A pattern with its flags, and what follows. Raises BadRule."""
        raise NotImplementedError

    def _compile(self, pattern: Any, substrings: bool) -> Expression:
        """Raises BadRule."""
        raise NotImplementedError


def _endif(text: str, number: int, nesting: int, say: Warn) -> Rule:
    if nesting == 0:
        raise BadRule("ignoring ENDIF without matching IF")
    if text.lstrip(SPACE):
        say("ignoring extra text after ENDIF")
    return Rule(number, "endif")


@functools.lru_cache(maxsize=256)
def _cached_rules(parser: Callable[..., RuleParser], type: str, name: str, flags: int, text: str) -> RuleSet:
    return read_rules(type, name, text, parser(None, name, flags).parse)


class PatternTable(Table):
    """A regexp: or pcre: table."""

    keys = PATTERN

    def __init__(self, context: TableContext, type: str, name: str, flags: int, rules: RuleSet, owner: int) -> None:
        super().__init__(context, name, flags, owner)
        self.type = type
        self.rules = rules

    def _get(self, key: str) -> str | None:
        self.context.tell(f"dict_{self.type}_lookup: {self.name}: {key}")
        return self.rules.find(key, self._too_long)

    def _too_long(self, line: int) -> None:
        prefix = "" if self.type == "pcre" else "simulator: "
        self.context.warn(f"{prefix}{self.type} map {self.name}, line {line}: match limit exceeded")


def open_patterns(context: TableContext, parser: type[RuleParser], name: str, flags: int) -> Table:
    """Raises Fatal in a command."""
    try:
        text, owner = read_text(context, parser.type, name)
    except BadText as bad:
        return surrogate(context, parser.type, name, flags, str(bad))
    if flags & SRC_RHS_IS_FILE:
        rules = read_rules(parser.type, name, text, parser(context, name, flags).parse)
    else:
        make: Callable[..., RuleParser] = parser
        rules = _cached_rules(make, parser.type, name, flags & NO_REGSUB, text)
    for warning in rules.warnings:
        context.warn(warning)
    return PatternTable(context, parser.type, name, flags, rules, owner)
