"""texthash: tables: the source of a hash: table, read as it is. dict_thash(3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mail.message import decode
from simulator.postfix.lib.tables.constant import MemoryTable
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.file_value import BadValue, file_to_base64
from simulator.postfix.lib.tables.flags import DUP_IGNORE, DUP_REPLACE, DUP_WARN, SRC_RHS_IS_FILE
from simulator.postfix.lib.tables.surrogate import surrogate
from simulator.postfix.lib.tables.text_file import PAUSE, records

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


class _Duplicate(Exception):
    """A key came twice, and the flags forbid that."""


def open_texthash(context: TableContext, name: str, flags: int) -> Table:
    path = context.path(name)
    now = context.host.clock.now
    before = int(now)
    while True:
        try:
            data, entry = context.fs.read(path, context.cred), context.fs.stat(path, context.cred)
        except OSError as error:
            return surrogate(context, "texthash", name, flags, f"open database {name}: {error.strerror}")
        table = MemoryTable(context, "texthash", name, flags)
        table.owner_uid = entry.uid
        context.tell(f"dict_open: internal:{name}")
        try:
            _fill(table, decode(data), name, flags)
        except _Duplicate as duplicate:
            return surrogate(context, "texthash", name, flags, str(duplicate))
        if not before - 1 <= int(entry.mtime) <= int(now):
            return table
        # The file may still be in work: it is read again, until it has been left alone for more than a second.
        before = int(now)
        now = _pause(context, now)


def _pause(context: TableContext, now: float) -> float:
    if context.sleep is None:
        # A daemon that waits does nothing else, so all of it may happen at once.
        return now + PAUSE
    context.sleep(PAUSE)
    return context.host.clock.now


def _fill(table: MemoryTable, text: str, name: str, flags: int) -> None:
    warn = table.context.warn
    for number, key, value in records(text, name, table.utf8, warn, " -- ignoring this line"):
        where = f"{name}, line {number}"
        if flags & SRC_RHS_IS_FILE:
            try:
                value = file_to_base64(table.context, value)
            except BadValue as bad:
                warn(f"{where}: {bad}: skipping this entry")
                continue
        if flags & DUP_REPLACE or table.lookup(key) is None:
            table.update(key, value)
        elif flags & DUP_IGNORE:
            continue
        elif flags & DUP_WARN:
            warn(f'{where}: duplicate entry: "{key}"')
        else:
            raise _Duplicate(f'{where}: duplicate entry: "{key}"')
