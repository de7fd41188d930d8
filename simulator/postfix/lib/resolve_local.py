"""Which domains this host is the final destination for: postconf(5) mydestination, and address literals of its own.

Postfix asks this in several daemons (trivial-rewrite(8), smtpd(8), smtp(8)); the answer is the same everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.hostname import ipv4_trouble
from simulator.postfix.lib.mailhost import mailhost_address
from simulator.postfix.lib.tables import StringList

if TYPE_CHECKING:
    from simulator.postfix.lib.tables import TableContext


class LocalDomains:
    """The local domains as one process knows them."""

    def __init__(self, context: TableContext) -> None:
        self.params, self.warn = context.params, context.warn
        self.warn = context.warn
        self.names = StringList("mydestination", self.params["mydestination"], context)

    def changed(self) -> str | None:
        """The name of a table in mydestination that is not the one that was opened."""
        return self.names.changed()

    def match(self, domain: str) -> bool:
        """Is mail for this domain delivered here? Raises TableError."""
        if domain.endswith("."):
            domain = domain[:-1]
        if not domain or domain.endswith("."):
            return False
        if self.names.match(domain):
            return True
        if not (domain.startswith("[") and domain.endswith("]")):
            return False
        address = mailhost_address(domain[1:-1])
        if address is None and ":" not in domain:
            self.warn(ipv4_trouble(domain[1:-1]))
        return address is not None and self._is_own(address)

    def _is_own(self, address: str) -> bool:
        own = (str(one.ip) for one in self.params.own_addresses)
        return address in own or address in self.params["proxy_interfaces"].replace(",", " ").split()
