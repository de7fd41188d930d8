"""Tables that ask the system: environ: and unix:. dict_env(3), dict_unix(3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mail.message import decode
from simulator.postfix.lib.tables.dict import Table, TableError
from simulator.postfix.lib.tables.surrogate import surrogate

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


class EnvironTable(Table):
    """The variables of the process."""

    type = "environ"

    def _get(self, key: str) -> str | None:
        return self.context.environment.get(key)

    def _put(self, key: str, value: str) -> bool:
        self.context.environment[key] = value
        return True


def open_environ(context: TableContext, name: str, flags: int) -> Table:
    return EnvironTable(context, name, flags)


#: The file behind a map, how many fields its lines have, and what it is called.
_FILES = {"passwd.byname": ("/etc/passwd", 7, "password"), "group.byname": ("/etc/group", 4, "group")}


class UnixTable(Table):
    """Users or groups by their names, as the line of /etc/passwd or /etc/group."""

    type = "unix"
    _complained = False

    def _get(self, key: str) -> str | None:
        file, count, called = _FILES[self.name]
        path = self.context.root + file
        if not self.context.fs.exists(path):
            if self._complained:
                return None
            # In a chroot the C library finds no such file; it says so once only.
            self._complained = True
            self.context.warn(f"cannot access UNIX {called} database: No such file or directory")
            raise TableError
        for line in decode(self.context.fs.read(path)).splitlines():
            fields = line.split(":")
            if fields[0] == key and len(fields) == count and not line.startswith(("#", "+", "-")):
                return line
        return None


def open_unix(context: TableContext, name: str, flags: int) -> Table:
    if name not in _FILES:
        return surrogate(context, "unix", name, flags, f"unknown table: unix:{name}")
    return UnixTable(context, name, flags)


class NisTable(Table):
    """NIS maps, on a host that belongs to no NIS domain: nothing is found."""

    type = "nis"

    def _get(self, key: str) -> str | None:
        return None


def open_nis(context: TableContext, name: str, flags: int) -> Table:
    context.warn("dict_nis_init: NIS domain name not set - NIS lookups disabled")
    return NisTable(context, name, flags)
