"""Open a table by its type and name, `type:name`: dict_open(3). Which types there are: DATABASE_README."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from simulator.mail.message import decode
from simulator.postfix.lib.logical_lines import tokens
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables import hash as compiled
from simulator.postfix.lib.tables.aggregate import open_aggregate
from simulator.postfix.lib.tables.cidr import open_cidr
from simulator.postfix.lib.tables.constant import open_fail, open_inline, open_internal, open_random, open_static
from simulator.postfix.lib.tables.dict import Table, TableError
from simulator.postfix.lib.tables.flags import MAPS, NO_UNAUTH, PATTERN
from simulator.postfix.lib.tables.pcre import open_pcre
from simulator.postfix.lib.tables.proxy import open_proxy
from simulator.postfix.lib.tables.regexp import open_regexp
from simulator.postfix.lib.tables.surrogate import Surrogate, surrogate
from simulator.postfix.lib.tables.system import open_environ, open_nis, open_unix
from simulator.postfix.lib.tables.texthash import open_texthash

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext

Open = Callable[["TableContext", str, int], Table]


class NotSimulated(Table):
    """A type that real Postfix has: it says that it is missing here, and never answers."""

    keys = PATTERN

    def __init__(self, context: TableContext, type: str, name: str, flags: int) -> None:
        super().__init__(context, name, flags, None)
        self.type = type

    def _get(self, key: str) -> str | None:
        say = self.context.raw
        text = f"simulator: {self.type}: tables are not simulated"
        if say is not None:
            say(text + "\n")
        else:
            self.context.warn(text)
        raise TableError()


def _open_hash(context: TableContext, name: str, flags: int) -> Table:
    return compiled.open_compiled(context, "hash", name, flags)


def _open_btree(context: TableContext, name: str, flags: int) -> Table:
    return compiled.open_compiled(context, "btree", name, flags)


def _open_union(context: TableContext, name: str, flags: int) -> Table:
    return open_aggregate(context, "unionmap", name, flags)


def _open_pipe(context: TableContext, name: str, flags: int) -> Table:
    return open_aggregate(context, "pipemap", name, flags)


def _open_tcp(context: TableContext, name: str, flags: int) -> Table:
    if flags & NO_UNAUTH:
        return surrogate(context, "tcp", name, flags, f"tcp:{name} map is not allowed for security sensitive data")
    return NotSimulated(context, "tcp", name, flags)


def _open_socketmap(context: TableContext, name: str, flags: int) -> Table:
    if flags & NO_UNAUTH:
        return surrogate(context, "socketmap", name, flags, f"socketmap:{name} map is not allowed for security-sensitive data")
    if ":" not in name:
        return surrogate(context, "socketmap", name, flags, "socketmap requires server:socketmap argument")
    return NotSimulated(context, "socketmap", name, flags)


def _open_memcache(context: TableContext, name: str, flags: int) -> Table:
    return NotSimulated(context, "memcache", name, flags)


OPEN: Final[dict[str, Open]] = {
    "btree": _open_btree,
    "cidr": open_cidr,
    "environ": open_environ,
    "fail": open_fail,
    "hash": _open_hash,
    "inline": open_inline,
    "internal": open_internal,
    "memcache": _open_memcache,
    "nis": open_nis,
    "pipemap": _open_pipe,
    "proxy": open_proxy,
    "randmap": open_random,
    "regexp": open_regexp,
    "socketmap": _open_socketmap,
    "static": open_static,
    "tcp": _open_tcp,
    "texthash": open_texthash,
    "unionmap": _open_union,
    "unix": open_unix,
}
#: Types that dynamicmaps.cf adds, where its plug-in is installed.
DYNAMIC: Final[dict[str, Open]] = {"pcre": open_pcre}


def dynamic_types(context: TableContext) -> frozenset[str]:
    """The types that are listed in dynamicmaps.cf."""
    path = f"{context.params['meta_directory']}/dynamicmaps.cf"
    if not context.fs.exists(path):
        return frozenset()
    fields = [tokens(line, " \t") for line in decode(context.fs.read(path)).splitlines() if line and not line.startswith("#")]
    return frozenset(words[0] for words in fields if words)


def opener(context: TableContext, type: str) -> Open | None:
    """What opens tables of this type, or None if there is no such type."""
    if type in OPEN:
        return OPEN[type]
    return DYNAMIC.get(type) if type in dynamic_types(context) else None


def open_typed(context: TableContext, type: str, name: str, flags: int) -> Table:
    """Raises Fatal for what is no table at all, and in a command for a table that cannot be opened."""
    if not type or not name:
        raise Fatal(f'open dictionary: expecting "type:name" form instead of "{type}:{name}"')
    open_it = opener(context, type)
    if open_it is None:
        return surrogate(context, type, name, flags, f"unsupported dictionary type: {type}")
    table = open_it(context, name, flags)
    if not isinstance(table, Surrogate):
        context.tell(f"dict_open: {type}:{name}")
    return table


def open_table(spec: str, context: TableContext, flags: int = MAPS) -> Table:
    """A table by its `type:name`. Raises Fatal."""
    type, colon, name = spec.partition(":")
    if not colon:
        raise Fatal(f'open dictionary: expecting "type:name" form instead of "{spec}"')
    return open_typed(context, type, name, flags)


def handle(context: TableContext, registered: str, spec: str, flags: int) -> Table:
    """The table that the process has opened under this name before, or a new one: dict_handle(3). Raises Fatal."""
    table = context.opened.get(registered)
    if table is None:
        table = context.opened[registered] = open_table(spec, context, flags)
    return table
