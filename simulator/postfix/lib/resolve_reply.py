"""What trivial-rewrite(8) answers: transport, next hop and recipient of an address. resolve_clnt(3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

CLASS_LOCAL: Final = 1 << 8
CLASS_ALIAS: Final = 1 << 9
CLASS_VIRTUAL: Final = 1 << 10
CLASS_RELAY: Final = 1 << 11
CLASS_DEFAULT: Final = 1 << 12
#: The lists that put a domain into its class.
CLASS_LISTS: Final = {
    CLASS_LOCAL: "mydestination",
    CLASS_ALIAS: "virtual_alias_domains",
    CLASS_VIRTUAL: "virtual_mailbox_domains",
    CLASS_RELAY: "relay_domains",
}
FLAG_FINAL: Final = 1 << 0
FLAG_ROUTED: Final = 1 << 1
FLAG_ERROR: Final = 1 << 2
FLAG_FAIL: Final = 1 << 3


@dataclass(frozen=True, slots=True)
class Resolved:
    """How to deliver. `flags` holds one CLASS_..., and FLAG_ERROR (bad syntax) or FLAG_FAIL (try later). `cause`, for the
    trace: what decided, as (parameter, key, value)."""

    transport: str
    nexthop: str
    recipient: str
    flags: int = 0
    cause: tuple[tuple[str, str, str], ...] = field(default=(), compare=False)

    @property
    def failed(self) -> bool:
        """A table did not answer."""
        return bool(self.flags & FLAG_FAIL)

    @property
    def address_class(self) -> str:
        """The parameter that lists the domain; nothing for the rest of the world."""
        return next((name for flag, name in CLASS_LISTS.items() if self.flags & flag), "")

    @property
    def is_error(self) -> bool:
        """The address makes no sense."""
        return bool(self.flags & FLAG_ERROR)
