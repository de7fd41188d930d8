"""Tables that ask the system: environ: and unix:. dict_env(3), dict_unix(3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mail.message import decode
from simulator.postfix.lib.tables.dict import Table
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


#: The file behind a map, and how many fields its lines have.
_FILES = {"passwd.byname": ("/etc/passwd", 7), "group.byname": ("/etc/group", 4)}


class UnixTable(Table):
    """Users or groups by their names, as the line of /etc/passwd or /etc/group."""

    type = "unix"

    def _get(self, key: str) -> str | None:
        path, count = _FILES[self.name]
        if not self.context.fs.exists(path):
            return None
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
