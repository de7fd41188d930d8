"""Create or update a compiled table: mkmap_open(3)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables.berkeley_btree import BtreeFile
from simulator.postfix.lib.tables.berkeley_hash_file import HashFile
from simulator.postfix.lib.tables.berkeley_page import Corrupt
from simulator.postfix.lib.tables.constant import FailTable
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.flags import DUP_WARN
from simulator.postfix.lib.tables.hash import FORMATS, UpdatableTable, complain, tell_version
from simulator.postfix.lib.tables.open import OPEN, dynamic_types

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext

_MODE = 0o644


def make_map(context: TableContext, type: str, name: str, flags: int, truncate: bool) -> Table:
    """A table to put entries into; `close` writes them. `truncate`: begin with an empty one. Raises Fatal."""
    if type == "fail":
        return FailTable(context, name, flags)
    if type not in FORMATS:
        raise Fatal(_unsupported(context, type))
    path = name + ".db"
    context.tell(f"open {type} {name}")
    _remove_empty(context, path)
    tell_version(context)
    file = _existing(context, type, path) if not truncate else None
    if file is None:
        file_id = _create(context, path)
        file = FORMATS[type](file_id)
    table = UpdatableTable(context, type, path, flags | DUP_WARN, file)
    table.written = False
    return table


def _unsupported(context: TableContext, type: str) -> str:
    if type in OPEN or type in dynamic_types(context):
        return f"unsupported dictionary type: {type} does not support bulk-mode creation."
    return f"unsupported dictionary type: {type}. Is the postfix-{type} package installed?"


def _remove_empty(context: TableContext, path: str) -> None:
    """The lock on the file comes first; the database library does not open one without content."""
    fs, full = context.fs, context.path(path)
    try:
        entry = fs.stat(full, context.cred)
        if entry.is_dir:
            raise IsADirectoryError(errno.EISDIR, "Is a directory")
        if not (fs.access(full, 4, context.cred) and fs.access(full, 2, context.cred)):
            raise PermissionError(errno.EACCES, "Permission denied")
    except FileNotFoundError:
        return
    except OSError as error:
        raise Fatal(f"open {path}: {error.strerror}") from None
    if entry.size == 0:
        try:
            fs.unlink(full, context.cred)
        except OSError as error:
            raise Fatal(f"cannot remove zero-length database file {path}: {error.strerror}") from None
        context.warn(f"removing zero-length database file: {path}")


def _existing(context: TableContext, type: str, path: str) -> HashFile | BtreeFile | None:
    full = context.path(path)
    if not context.fs.exists(full, context.cred):
        return None
    try:
        return FORMATS[type].parse(context.fs.read(full, context.cred))
    except Corrupt as error:
        complain(context, path, error)
        raise Fatal(f"open database {path}: Invalid argument") from None


def _create(context: TableContext, path: str) -> bytes:
    """An empty file, and what the library writes into it to know it again: inode and time."""
    full = context.path(path)
    try:
        context.fs.write(full, b"", context.cred, _MODE)
        entry = context.fs.stat(full)
    except OSError as error:
        raise Fatal(f"open database {path}: {error.strerror}") from None
    return b"".join(number.to_bytes(4, "little") for number in (entry.ino & 0xFFFFFFFF, 0x38, int(entry.mtime) & 0xFFFFFFFF))
