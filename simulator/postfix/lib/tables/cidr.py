"""cidr: tables: cidr_table(5), dict_cidr(3)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from simulator.postfix.lib.logical_lines import SPACE, logical_lines
from simulator.postfix.lib.tables.cidr_match import BadNetwork, Network, parse_address, parse_network
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.file_value import BadValue, file_to_base64
from simulator.postfix.lib.tables.flags import PATTERN, SRC_RHS_IS_FILE
from simulator.postfix.lib.tables.pattern_rules import statement
from simulator.postfix.lib.tables.surrogate import surrogate
from simulator.postfix.lib.tables.text_file import BadText, read_text

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


class CidrRule:
    """A network with its answer; for an IF, `end` is the number of the rule to go on with outside of it."""

    __slots__ = ("end", "kind", "line", "network", "value")

    def __init__(self, line: int, kind: str, network: Network | None = None, value: str = "") -> None:
        self.line, self.kind, self.network, self.value, self.end = line, kind, network, value, 0


class CidrRules:
    """The rules of a file and the warnings that reading it gave; shared by all who read the same content."""

    def __init__(self, rules: list[CidrRule], warnings: list[str]) -> None:
        self.rules = tuple(rules)
        self.warnings = tuple(warnings)

    def __deepcopy__(self, memo: dict[int, Any]) -> CidrRules:
        return self

    def find(self, key: str) -> str | None:
        address = parse_address(key)
        if address is None:
            return None
        number = 0
        while number < len(self.rules):
            rule = self.rules[number]
            number += 1
            if rule.network is None:
                continue
            holds = rule.network.same_family(address) and rule.network.matches(address)
            if rule.kind == "if" and not holds:
                number = rule.end
            elif rule.kind == "match" and holds:
                return rule.value
        return None


class CidrTable(Table):
    """Networks in their order."""

    type = "cidr"
    keys = PATTERN

    def __init__(self, context: TableContext, name: str, flags: int, rules: CidrRules, owner: int) -> None:
        super().__init__(context, name, flags, owner)
        self.folds = False
        self.rules = rules

    def _get(self, key: str) -> str | None:
        self.context.tell(f"dict_cidr_lookup: {self.name}: {key}")
        return self.rules.find(key)


class _Reader:
    """Reads a file's text; `context` is needed for values that are files."""

    def __init__(self, context: TableContext | None, name: str) -> None:
        self.context = context
        self.name = name
        self.warnings: list[str] = []
        self.rules: list[CidrRule] = []
        self.stack: list[CidrRule] = []

    def read(self, text: str) -> CidrRules:
        for number, line in logical_lines(text, self.name, self.warnings.append):
            try:
                rule = self._rule(line, number)
            except (BadNetwork, BadValue) as bad:
                self._warn(number, f"{bad}: skipping this rule")
                continue
            if rule.kind == "if":
                self.stack.append(rule)
            elif rule.kind == "endif":
                self.stack.pop().end = len(self.rules)
            self.rules.append(rule)
        for rule in reversed(self.stack):
            rule.end = len(self.rules)
            self._warn(rule.line, "IF has no matching ENDIF")
        return CidrRules(self.rules, self.warnings)

    def _warn(self, number: int, text: str) -> None:
        self.warnings.append(f"cidr map {self.name}, line {number}: {text}")

    def _rule(self, line: str, number: int) -> CidrRule:
        kind, rest = statement(line)
        if kind == "endif":
            if rest.strip(SPACE):
                raise BadNetwork("garbage after ENDIF")
            if not self.stack:
                raise BadNetwork("ENDIF without IF")
            return CidrRule(number, kind, None, self._value(""))
        if kind != "if":
            kind, rest = "match", line
        positive, rest = _negations(rest)
        pattern, value = (rest.rstrip(SPACE), "") if kind == "if" else _split(rest)
        if not pattern:
            raise BadNetwork("no address pattern")
        network = parse_network(pattern, positive)
        if kind == "match" and not value:
            raise BadNetwork("no lookup result")
        return CidrRule(number, kind, network, self._value(value))

    def _value(self, value: str) -> str:
        return value if self.context is None else file_to_base64(self.context, value)


def _negations(text: str) -> tuple[bool, str]:
    positive, at = True, 0
    while at < len(text) and (text[at] == "!" or text[at] in SPACE):
        positive ^= text[at] == "!"
        at += 1
    return positive, text[at:]


def _split(text: str) -> tuple[str, str]:
    end = next((at for at, char in enumerate(text) if char in SPACE), len(text))
    return text[:end], text[end:].strip(SPACE)


@functools.lru_cache(maxsize=256)
def _cached_rules(name: str, text: str) -> CidrRules:
    return _Reader(None, name).read(text)


def open_cidr(context: TableContext, name: str, flags: int) -> Table:
    try:
        text, owner = read_text(context, "cidr", name)
    except BadText as bad:
        return surrogate(context, "cidr", name, flags, str(bad))
    rules = _Reader(context, name).read(text) if flags & SRC_RHS_IS_FILE else _cached_rules(name, text)
    for warning in rules.warnings:
        context.warn(warning)
    return CidrTable(context, name, flags, rules, owner)
