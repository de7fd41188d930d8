"""pcre: tables: pcre_table(5), dict_pcre(3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import regex

from simulator.postfix.lib.logical_lines import SPACE, Warn
from simulator.postfix.lib.tables.byte_set import as_bytes
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.pattern_rules import BadRule, Expression, compile_pattern
from simulator.postfix.lib.tables.pattern_table import RuleParser, delimited, open_patterns
from simulator.postfix.lib.tables.pcre_regex import NotSimulated, Options, PcreParser
from simulator.postfix.lib.tables.posix_bracket import RegexError

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext

#: The letters behind a pattern, and what each of them switches.
_FLAGS = {"i": "icase", "m": "multiline", "s": "dotall", "x": "extended", "E": "dollar_endonly", "U": "ungreedy"}


@dataclass(frozen=True, slots=True)
class PcrePattern:
    """A pattern and its modifiers."""

    text: str
    positive: bool
    options: Options
    anchored: bool


class PcreRules(RuleParser):
    """Rules with Perl compatible patterns."""

    type = "pcre"

    def _pattern(self, text: str, say: Warn) -> tuple[PcrePattern, str]:
        found = delimited(text, backslash_closes=False, consequence="ignoring this rule")
        options, anchored, position = Options(), False, 0
        while position < len(found.rest) and found.rest[position] not in SPACE:
            letter = found.rest[position]
            position += 1
            if letter == "X":
                say(f'ignoring obsolete regexp option "{letter}"')
            elif letter == "A":
                anchored = not anchored
            elif letter in _FLAGS:
                name = _FLAGS[letter]
                options = replace(options, **{name: not getattr(options, name)})
            else:
                raise BadRule(f'unknown regexp option "{letter}": skipping this rule')
        return PcrePattern(found.pattern, found.positive, options, anchored), found.rest[position:]

    def _compile(self, pattern: PcrePattern, substrings: bool) -> Expression:
        parser = PcreParser(as_bytes(pattern.text), pattern.options)
        try:
            text = parser.translate()
            compiled = compile_pattern(rf"\A(?:{text})" if pattern.anchored else text, pattern.options.icase)
        except RegexError as error:
            raise BadRule(f"error in regex at offset {error.offset}: {error.text}") from None
        except NotSimulated as missing:
            raise BadRule(f"simulator: {missing} is not simulated: skipping this rule") from None
        except regex.error as error:
            raise BadRule(f"simulator: this pattern is not simulated ({error}): skipping this rule") from None
        return Expression(compiled, pattern.positive, parser.groups)


def open_pcre(context: TableContext, name: str, flags: int) -> Table:
    return open_patterns(context, PcreRules, name, flags)
