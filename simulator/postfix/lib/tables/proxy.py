"""proxy: tables: another table, as proxymap(8) sees it. dict_proxy(3).

The process asks proxymap(8), which opens the table in its stead, with the rights of the mail owner and under its own name
in the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.postfix.lib.braces import list_words
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.flags import FIXED, NO_PROXY, PATTERN

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


class ProxyTable(Table):
    """A table behind proxymap(8)."""

    type = "proxy"

    def __init__(self, context: TableContext, name: str, flags: int, inner: Table) -> None:
        super().__init__(context, name, flags, None)
        self.inner = inner
        self.flags = self.flags & ~(FIXED | PATTERN) | inner.flags & (FIXED | PATTERN)
        self.folds = False

    def _get(self, key: str) -> str | None:
        return self.inner.lookup(key)

    def entries(self) -> Iterator[tuple[str, str]]:
        return self.inner.entries()


def _may_read(context: TableContext, name: str) -> bool:
    """Is the table named, behind "proxy:", in a parameter that proxy_read_maps lists?"""
    for word in list_words(context.params["proxy_read_maps"]):
        if word == f"proxy:{name}":
            return True
    return False


def open_proxy(context: TableContext, name: str, flags: int) -> Table:
    """Raises Fatal if proxymap(8) may not read the table."""
    from simulator.postfix.lib.tables.open import handle, open_table

    if flags & NO_PROXY:
        return open_table(name, context, flags)
    if not _may_read(context, name):
        raise Fatal(f'proxymap service is not configured for table "{name}"')
    served = replace(context, opened={}, error=context.error or context.warn)
    return ProxyTable(context, name, flags, handle(served, f"{name}:proxied", name, flags))
