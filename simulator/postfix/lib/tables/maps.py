"""A list of tables, as most parameters of the form ..._maps hold: the first answer counts. maps(3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.braces import list_words
from simulator.postfix.lib.tables.dict import Table, TableError
from simulator.postfix.lib.tables.file_value import BadValue, base64_to_text
from simulator.postfix.lib.tables.flags import MAPS, NO_REGSUB, SRC_RHS_IS_FILE, flags_text
from simulator.postfix.lib.tables.open import handle

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


def registered_name(spec: str, flags: int) -> str:
    """`hash:/etc/aliases(0,lock|fold_fix|utf8_request)`, as log lines name an open table."""
    return f"{spec}(0,{flags_text(flags)})"


class Maps:
    """Opened tables. `title` is the parameter's name; `tables` are (`type:name`, table) in the order of the search."""

    def __init__(self, title: str, names: str, context: TableContext, flags: int = MAPS, *, no_regsub: bool = False) -> None:
        """`no_regsub`: $1 is not allowed. Raises Fatal for what is no table at all."""
        self.title = title
        self.context = context
        self.flags = flags | NO_REGSUB if no_regsub else flags
        self.tables: tuple[tuple[str, Table], ...] = tuple(
            (spec, handle(context, registered_name(spec, self.flags), spec, self.flags)) for spec in list_words(names)
        )

    def __bool__(self) -> bool:
        return bool(self.tables)

    def find(self, key: str, flags: int = 0) -> str | None:
        """The first table's answer. With the flag FIXED tables of patterns are not asked for this key. Raises TableError."""
        if not key:
            return None
        for _, table in self.tables:
            if flags and not table.flags & flags:
                continue
            try:
                value = table.lookup(key)
            except TableError:
                self.context.warn(f'{table.type}:{table.name} lookup error for "{key}"')
                raise
            if value is not None:
                return self._checked(table, key, value)
        return None

    def _checked(self, table: Table, key: str, value: str) -> str:
        warn = self.context.warn
        if not value:
            warn(f"{self.title} lookup of {key} returns an empty string result")
            warn(f"{self.title} should return NO RESULT in case of NOT FOUND")
            raise TableError(config=True)
        if not self.flags & SRC_RHS_IS_FILE:
            return value
        try:
            return base64_to_text(value)
        except BadValue as bad:
            warn(f"table {table.type}:{table.name}: key {key}: {bad}")
            raise TableError(config=True) from None

    def changed(self) -> str | None:
        """The name of the first table whose file is not the one that was opened."""
        for spec, table in self.tables:
            if table.changed():
                return registered_name(spec, self.flags)
        return None
