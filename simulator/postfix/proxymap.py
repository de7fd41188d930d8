"""NAME
    proxymap - Postfix lookup table proxy server

SYNOPSIS
    proxymap   unix  -       -       n       -       -       proxymap
    proxywrite unix  -       -       n       -       1       proxymap

DESCRIPTION
    Opens tables in the stead of other processes: a table "proxy:type:name" of theirs is the table "type:name" of this
    process. So many processes share one open table or one connection to a database, and processes in a chroot jail reach
    tables outside of it. The process works with the rights of the mail owner.

    Only tables are served that proxy_read_maps names, as "proxy:type:name", directly or through other parameters.

LOG
    warning: request for unapproved table: "hash:/etc/aliases"
    warning: to approve this table for read-only access, list proxy:hash:/etc/aliases in main.cf:proxy_read_maps

SEE ALSO
    postconf(5) proxy_read_maps, proxy_write_maps, postmap(1)

DIFFERS FROM POSTFIX
    proxywrite approves tables, but changes none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.postfix.daemon import Changeable, Daemon
from simulator.postfix.lib.braces import list_words
from simulator.postfix.lib.tables import Table
from simulator.postfix.lib.tables.flags import INSTANCE, flags_text
from simulator.postfix.lib.tables.open import handle

_PREFIX = "proxy:"


class Denied(Exception):
    """The table is not approved; that has been logged."""


class InvalidRequest(Exception):
    """What was asked for is no table."""


class Served:
    """The tables that were opened for clients, as what may change on disk."""

    def __init__(self, opened: dict[str, Table]) -> None:
        self.opened = opened

    def changed(self) -> str | None:
        return next((name for name, table in self.opened.items() if table.changed()), None)


class Proxymap(Daemon):
    """The services proxymap and proxywrite."""

    program: ClassVar[str] = "proxymap"
    multi: ClassVar[bool] = True
    opens_tables_as_owner: ClassVar[bool] = True

    def start(self) -> None:
        self.writes = self.service_name == self.params["proxywrite_service_name"]
        self.parameter = "proxy_write_maps" if self.writes else "proxy_read_maps"
        words = list_words(self.params[self.parameter])
        names = (_without_prefix(word) for word in words if word.startswith(_PREFIX))
        self.approved = frozenset(name for name in names if ":" in name)

    def tables(self) -> Iterable[Changeable]:
        return (Served(self.table_context.opened),)

    # -- what clients call ----------------------------------------------------------------------------------------------

    def open(self, name: str, flags: int) -> int:
        """The flags of the table as it was opened here. Raises Denied, InvalidRequest; Fatal."""
        return self._find(name, flags).flags

    def lookup(self, name: str, flags: int, key: str) -> str | None:
        """Raises Denied, InvalidRequest; TableError."""
        return self._find(name, flags).lookup(key)

    def _find(self, name: str, flags: int) -> Table:
        name = _without_prefix(name)
        if ":" not in name:
            raise InvalidRequest(name)
        if name not in self.approved:
            access = "read-write" if self.writes else "read-only"
            self.log.warning(f'request for unapproved table: "{name}"')
            self.log.warning(f"to approve this table for {access} access, list proxy:{name} in main.cf:{self.parameter}")
            raise Denied(name)
        flags &= INSTANCE
        return handle(self.table_context, f"{name}:{flags_text(flags)}", name, flags)


def _without_prefix(name: str) -> str:
    while name.startswith(_PREFIX):
        name = name[len(_PREFIX) :]
    return name
