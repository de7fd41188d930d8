"""hash: and btree: tables, compiled by postmap(1) and postalias(1) into FILE.db: dict_db(3).

The file is read once, when it is opened; what was parsed of the same content before is used again.
"""

from __future__ import annotations

import errno
import functools
import os
import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from simulator.mail.message import decode, encode
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables.berkeley_btree import BtreeFile
from simulator.postfix.lib.tables.berkeley_hash_file import HashFile
from simulator.postfix.lib.tables.berkeley_page import PAGE_SIZE, Corrupt, WrongFormat
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.flags import DUP_IGNORE, DUP_REPLACE, DUP_WARN, LOCK, TRY0NULL, TRY1NULL
from simulator.postfix.lib.tables.surrogate import surrogate
from simulator.unix.inode import WRITE

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext
    from simulator.unix.fs import Stat

FORMATS: Final[dict[str, type[HashFile] | type[BtreeFile]]] = {"hash": HashFile, "btree": BtreeFile}
#: The source may be this much newer before anybody is warned, in seconds.
_NEW_SOURCE: Final = 100


class Compiled:
    """The entries of a file, shared by all who read the same content: keys that end in a null byte, and others."""

    __slots__ = ("bare", "order", "terminated")

    def __init__(self, pairs: Iterator[tuple[bytes, bytes]]) -> None:
        self.terminated: dict[str, str] = {}
        self.bare: dict[str, str] = {}
        self.order: list[tuple[str, str]] = []
        for key, value in pairs:
            name, text = decode(key.partition(b"\0")[0]), decode(value.partition(b"\0")[0])
            (self.terminated if key.endswith(b"\0") else self.bare)[name] = text
            self.order.append((name, text))

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled:
        return self


@functools.lru_cache(maxsize=256)
def _compiled(type: str, data: bytes) -> Compiled:
    """Raises Corrupt."""
    return Compiled(FORMATS[type].parse(data).pairs())


class CompiledTable(Table):
    """A file that is only looked up."""

    def __init__(self, context: TableContext, type: str, path: str, flags: int, compiled: Compiled, entry: Stat) -> None:
        super().__init__(context, path, flags, entry.uid)
        self.type = type
        self.compiled = compiled
        self.ino, self.mtime = entry.ino, int(entry.mtime)
        either = TRY1NULL | TRY0NULL
        self.nulls = flags & either or either

    def _get(self, key: str) -> str | None:
        # As soon as one kind of key was found, the other is not asked for any more.
        if self.nulls & TRY1NULL:
            value = self.compiled.terminated.get(key)
            if value is not None:
                self.nulls = TRY1NULL
                return value
        if self.nulls & TRY0NULL:
            value = self.compiled.bare.get(key)
            if value is not None:
                self.nulls = TRY0NULL
                return value
        return None

    def entries(self) -> Iterator[tuple[str, str]]:
        return iter(self.compiled.order)

    def changed(self) -> bool:
        try:
            entry = self.context.fs.stat(self.context.path(self.name))
        except OSError:
            return True
        return entry.ino != self.ino or int(entry.mtime) != self.mtime


class UpdatableTable(Table):
    """A file that is created, added to, or that entries are removed from."""

    def __init__(self, context: TableContext, type: str, path: str, flags: int, file: HashFile | BtreeFile) -> None:
        super().__init__(context, path, flags)
        self.type = type
        self.file = file
        self.written = True

    def _key(self, key: str) -> bytes:
        if not self.flags & TRY0NULL or self.flags & TRY1NULL:
            return encode(key) + b"\0"
        return encode(key)

    def _put(self, key: str, value: str) -> bool:
        null = self._key("")
        stored = self.file.put(encode(key) + null, encode(value) + null, bool(self.flags & DUP_REPLACE))
        self.written = False
        if not stored and not self.flags & DUP_IGNORE:
            text = f'{self.name}: duplicate entry: "{key}"'
            if not self.flags & DUP_WARN:
                raise Fatal(text)
            self.context.warn(text)
        return stored

    def _delete(self, key: str) -> bool:
        either = self.flags & (TRY1NULL | TRY0NULL) or TRY1NULL | TRY0NULL
        done = bool(either & TRY1NULL) and self.file.delete(encode(key) + b"\0")
        done = done or (bool(either & TRY0NULL) and self.file.delete(encode(key)))
        self.written = self.written and not done
        return done

    def close(self) -> None:
        if not self.written:
            fs, path = self.context.fs, self.context.path(self.name)
            fs.write(path, self.file.encode(), self.context.cred)


def tell_version(context: TableContext) -> None:
    """Which database library does the work; the newline behind it is shown as such."""
    for how in ("Compiled", "Run-time linked"):
        context.tell(f"{how} against Berkeley DB: 5.3.28\n")


def open_compiled(context: TableContext, type: str, name: str, flags: int) -> Table:
    """For lookups. Raises Fatal in a command."""
    path = name + ".db"
    tell_version(context)
    fs, full = context.fs, context.path(path)
    try:
        entry = fs.stat(full, context.cred)
        compiled = _compiled(type, fs.read(full, context.cred))
    except OSError as error:
        return surrogate(context, type, name, flags, f"open database {path}: {error.strerror}")
    except Corrupt as error:
        complain(context, path, error)
        return surrogate(context, type, name, flags, f"open database {path}: Invalid argument")
    if flags & LOCK:
        _compare_with_source(context, name, entry)
    return CompiledTable(context, type, path, flags, compiled, entry)


def _compare_with_source(context: TableContext, name: str, compiled: Stat) -> None:
    try:
        source = context.fs.stat(context.path(name), context.cred)
    except OSError:
        return
    # Whoever has just edited the source is about to run postmap.
    if int(compiled.mtime) < int(source.mtime) < int(context.host.clock.now) - _NEW_SOURCE:
        context.warn(f"database {name}.db is older than source file {name}")


def open_for_update(context: TableContext, type: str, name: str, flags: int) -> Table:
    """For `-d`: the file must exist. Raises Fatal."""
    path = name + ".db"
    tell_version(context)
    full = context.path(path)
    try:
        data = context.fs.read(full, context.cred)
        if not context.fs.access(full, WRITE, context.cred):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), full)
        file = FORMATS[type].parse(data)
    except OSError as error:
        return surrogate(context, type, name, flags, f"open database {path}: {error.strerror}")
    except Corrupt as error:
        complain(context, path, error)
        return surrogate(context, type, name, flags, f"open database {path}: Invalid argument")
    return UpdatableTable(context, type, path, flags, file)


def complain(context: TableContext, path: str, error: Corrupt) -> None:
    """What the database library writes on standard error."""
    if context.raw is None:
        return
    where = posixpath.join(posixpath.dirname(path) or ".", posixpath.basename(path))
    size = context.fs.stat(context.path(path)).size
    if isinstance(error, WrongFormat):
        context.raw(f"BDB0641 __db_meta_setup: {where}: unexpected file type or format\n")
    elif error.args == ("size",) and size > PAGE_SIZE:
        context.raw(f"BDB3037 {where}: file size not a multiple of the pagesize\n")
