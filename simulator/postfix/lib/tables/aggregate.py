"""Tables made of tables: unionmap: and pipemap:. dict_union(3), dict_pipe(3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.braces import list_words
from simulator.postfix.lib.tables.constant import braced
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.flags import FIXED, PATTERN
from simulator.postfix.lib.tables.surrogate import surrogate

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


class Aggregate(Table):
    """Several tables. The first decides how keys are looked up; the least trusted gives the owner."""

    def __init__(self, context: TableContext, name: str, flags: int, tables: list[Table]) -> None:
        super().__init__(context, name, flags, _owner(tables))
        self.tables = tables
        self.flags = self.flags & ~(FIXED | PATTERN) | tables[0].flags & (FIXED | PATTERN)


def _owner(tables: list[Table]) -> int | None:
    owners = {table.owner_uid for table in tables} - {0}
    if not owners:
        return 0
    return owners.pop() if len(owners) == 1 else None


class UnionTable(Aggregate):
    """The answers of all tables, joined by commas."""

    type = "unionmap"

    def _get(self, key: str) -> str | None:
        answers = [answer for table in self.tables if (answer := table.lookup(key)) is not None]
        return ",".join(filter(None, answers)) or None


class PipeTable(Aggregate):
    """The answer of each table is the question to the next."""

    type = "pipemap"

    def _get(self, key: str) -> str | None:
        answer: str | None = key
        for table in self.tables:
            answer = table.lookup(answer) if answer is not None else None
        return answer


_KINDS: dict[str, type[Aggregate]] = {"unionmap": UnionTable, "pipemap": PipeTable}


def open_aggregate(context: TableContext, type: str, name: str, flags: int) -> Table:
    from simulator.postfix.lib.tables.open import handle

    specs = list_words(braced(name) or "")
    bad = f'bad syntax: "{type}:{name}"; need "{type}:{{type:name...}}"'
    tables = []
    for spec in specs:
        context.tell(f"dict_{type.removesuffix('map')}_open: {spec}")
        if ":" not in spec:
            return surrogate(context, type, name, flags, bad)
        tables.append(handle(context, spec, spec, flags))
    if not tables:
        return surrogate(context, type, name, flags, bad)
    return _KINDS[type](context, name, flags, tables)
