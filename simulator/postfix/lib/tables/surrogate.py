"""The table that stands in for one that cannot be opened: dict_surrogate(3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables.dict import Table, TableError
from simulator.postfix.lib.tables.flags import PATTERN

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


class Surrogate(Table):
    """Answers every request with a warning that says why the table is unavailable."""

    keys = PATTERN

    def __init__(self, context: TableContext, type: str, name: str, flags: int, reason: str) -> None:
        super().__init__(context, name, flags)
        self.type = type
        self.reason = reason

    def _refuse(self) -> NoReturn:
        self.context.warn(f"{self.type}:{self.name} is unavailable. {self.reason}")
        raise TableError()

    def _get(self, key: str) -> str | None:
        self._refuse()

    def _put(self, key: str, value: str) -> bool:
        self._refuse()

    def _delete(self, key: str) -> bool:
        self._refuse()

    def entries(self) -> Iterator[tuple[str, str]]:
        self._refuse()


def surrogate(context: TableContext, type: str, name: str, flags: int, reason: str) -> Table:
    """A daemon logs the reason and goes on with a table that is unavailable. Raises Fatal in a command."""
    if context.error is None:
        raise Fatal(reason)
    context.error(reason)
    return Surrogate(context, type, name, flags, reason)
