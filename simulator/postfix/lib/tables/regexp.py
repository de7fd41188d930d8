"""regexp: tables: regexp_table(5), dict_regexp(3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.postfix.lib.logical_lines import SPACE, Warn
from simulator.postfix.lib.tables.byte_set import as_bytes
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.pattern_rules import BadRule, Expression, compile_pattern
from simulator.postfix.lib.tables.pattern_table import RuleParser, delimited, open_patterns
from simulator.postfix.lib.tables.posix_bracket import RegexError
from simulator.postfix.lib.tables.posix_regex import PosixParser

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


@dataclass(frozen=True, slots=True)
class PosixPattern:
    """A pattern and its flags; they are switched by the letters i, x and m."""

    text: str
    positive: bool
    icase: bool = True
    extended: bool = True
    newline: bool = False


class RegexpParser(RuleParser):
    """Rules with POSIX patterns."""

    type = "regexp"
    out_of_range = "out-of-range"

    def _patterns(self, text: str, say: Warn) -> tuple[list[PosixPattern], str]:
        pattern, rest = self._pattern(text, say)
        patterns = [pattern]
        if rest.startswith("!"):  # /pattern1/!/pattern2/
            pattern, rest = self._pattern(rest, say)
            patterns.append(pattern)
        return patterns, rest.lstrip(SPACE)

    def _pattern(self, text: str, say: Warn) -> tuple[PosixPattern, str]:
        found = delimited(text, backslash_closes=True, consequence="skipping this rule")
        switches = {"i": True, "x": True, "m": False}
        position = 0
        while position < len(found.rest) and found.rest[position] not in SPACE + "!":
            letter = found.rest[position]
            if letter not in switches:
                raise BadRule(f'unknown regexp option "{letter}": skipping this rule')
            switches[letter] = not switches[letter]
            position += 1
        return PosixPattern(found.pattern, found.positive, switches["i"], switches["x"], switches["m"]), found.rest[position:]

    def _compile(self, pattern: PosixPattern, substrings: bool) -> Expression:
        parser = PosixParser(as_bytes(pattern.text), pattern.extended, pattern.icase, pattern.newline)
        try:
            text = parser.translate()
        except RegexError as error:
            raise BadRule(error.text) from None
        compiled = compile_pattern(text, pattern.icase)
        # Only where there is a choice can the leftmost longest match be another one.
        longest = compile_pattern(text, pattern.icase, longest=True) if substrings and parser.alternatives else None
        return Expression(compiled, pattern.positive, parser.groups, longest)


def open_regexp(context: TableContext, name: str, flags: int) -> Table:
    return open_patterns(context, RegexpParser, name, flags)
