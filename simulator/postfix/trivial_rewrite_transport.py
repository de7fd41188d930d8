"""The transport table: postconf(5) transport_maps, transport(5). Part of trivial-rewrite(8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.postfix.lib.tables import Maps, TableError, mail_addr_find
from simulator.postfix.lib.tables.mail_addr_find import Step

if TYPE_CHECKING:
    from simulator.postfix.trivial_rewrite import TrivialRewrite

#: How long the entry for "*" is remembered, in seconds.
_WILDCARD_SECONDS = 30.0
_PARENTS: Final[tuple[Step, ...]] = ("full", "noext", "domain", "pdms")
_DOTTED_PARENTS: Final[tuple[Step, ...]] = ("full", "noext", "domain", "pddmds")

Entry = tuple[str, str]


def split_entry(value: str) -> Entry:
    """`transport:nexthop` of a table entry; either part may be empty."""
    transport, _, nexthop = value.partition(":")
    return transport, nexthop


class TransportTable:
    """Looks up an address, its domain and the domains above it, then "*"."""

    def __init__(self, daemon: TrivialRewrite, parameter: str) -> None:
        self.daemon = daemon
        self.maps = Maps(parameter, daemon.params[parameter], daemon.table_context, no_regsub=True)
        self.configured = bool(daemon.params[parameter].strip())
        self.parent_style = "transport_maps" in daemon.params["parent_domain_matches_subdomains"].replace(",", " ").split()
        self._wildcard: Entry | None = None
        self._wildcard_error: TableError | None = None
        self._expires = 0.0
        if self.configured:
            self._read_wildcard()

    def changed(self) -> str | None:
        """The name of a table that is not the one that was opened."""
        return self.maps.changed()

    def _read_wildcard(self) -> None:
        self._wildcard, self._wildcard_error = None, None
        try:
            value = self.maps.find("*")
        except TableError as error:
            self._wildcard_error = error
        else:
            self._wildcard = None if value is None else split_entry(value)
        self._expires = self.daemon.clock.now + _WILDCARD_SECONDS

    def find(self, address: str) -> Entry | None:
        """Transport and next hop for an address, or None. Raises TableError."""
        if not self.configured:
            return None
        found = mail_addr_find(self.maps, address, strategy=("full", "noext", "domain", "pdms" if self.parent_style else "pddmds"))
        if found is not None:
            return split_entry(found[0])
        if self._wildcard_error is not None or self.daemon.clock.now > self._expires:
            self._read_wildcard()
        if self._wildcard_error is not None:
            raise self._wildcard_error
        return self._wildcard
