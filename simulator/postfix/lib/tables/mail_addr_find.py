"""Look a mail address up in tables: the address, then with less and less of it. mail_addr_find(3).

With recipient_delimiter "+": user+ext@domain, user@domain, user+ext and user (if the domain is one of this host's own),
@domain. Which of these are tried is the strategy.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final, Literal

from simulator.mail.address import casefold, strip_extension
from simulator.mail.quoting import quote_822_local, unquote_822_local
from simulator.postfix.lib.tables.flags import FIXED

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.maps import Maps

#: What may be tried, always in this order:
#: "full" user+ext@domain; "noext" user@domain, and wherever there is an extension also without it;
#: "localpart_if_local" user+ext where the domain is local, "localpart_at_if_local" user+ext@ there; "at_domain" @domain;
#: "domain" the domain, with "pdms" also its parents, with "pddmds" also its parents with a dot before them;
#: "localpart_at" user+ext@ whatever the domain.
Step = Literal["full", "noext", "localpart_if_local", "localpart_at_if_local", "at_domain", "domain", "pdms", "pddmds", "localpart_at"]
DEFAULT: Final[tuple[Step, ...]] = ("full", "noext", "localpart_if_local", "at_domain")

#: The form in which the tables are asked: quoted, bare, or first one and then the other.
Form = Literal["external", "internal", "external-first", "internal-first"]

Found = tuple[str, str | None]


class _Search:
    """One address. An answer is the value, and the extension (with its delimiter) that was left out to find it."""

    def __init__(self, maps: Maps, address: str, form: Form, with_extension: bool) -> None:
        self.maps = maps
        self.form = form
        self.full = address
        params = maps.context.params
        stripped: tuple[str, str] | None = None
        if with_extension and (delimiter := params["recipient_delimiter"]):
            special = params.bool("owner_request_special")
            stripped = strip_extension(
                address, delimiter, owner_request_special=special, double_bounce_sender=params["double_bounce_sender"]
            )
        self.bare = stripped[0] if stripped else None
        self.extension = stripped[1] if stripped else None

    def find(self, key: str, partial: bool, with_domain: bool) -> str | None:
        """Raises TableError."""
        quoted = key if self.form == "internal" else quote_822_local(key, bare_localpart=not with_domain)
        keys = {
            "external": (quoted,),
            "internal": (key,),
            "external-first": (quoted, key),
            "internal-first": (key, quoted),
        }[self.form]
        for form in dict.fromkeys(keys):
            value = self.maps.find(form, FIXED if partial else 0)
            if value is not None:
                return value
        return None

    def address(self, full: bool) -> Found | None:
        """The complete address, then without its extension."""
        value = self.find(self.full, False, True) if full else None
        if value is not None:
            return value, None
        if self.bare is not None and (value := self.find(self.bare, True, True)) is not None:
            return value, self.extension
        return None

    def local(self, at: bool) -> Found | None:
        """The local part, with its "@" or without, then without its extension."""
        for address, extension in ((self.full, None), (self.bare, self.extension)):
            if address is not None:
                key = address[: address.rindex("@") + at]
                value = self.find(key, True, at)
                if value is not None:
                    return value, extension
        return None

    def is_local(self, domain: str) -> bool:
        context = self.maps.context
        return casefold(domain) == casefold(context.params["myorigin"]) or context.local_domains.match(domain)

    def domain(self, domain: str, strategy: Collection[Step]) -> Found | None:
        name = domain
        while name:
            value = self.maps.find(name, FIXED)
            if value is not None:
                return value, None
            dot = name.find(".", 1)
            if dot < 0 or not ("pdms" in strategy or "pddmds" in strategy):
                return None
            name = name[dot + ("pddmds" not in strategy) :]
        return None


def mail_addr_find(
    maps: Maps,
    address: str,
    *,
    strategy: Collection[Step] = DEFAULT,
    query: Form = "external-first",
    external: bool = False,
    to_internal: bool = False,
) -> Found | None:
    """The value and the extension that was left out to find it (None if none was), or None.

    `external`: the address is given in quoted form. `to_internal`: the value is an address and wanted in bare form. Raises
    TableError.
    """
    if not maps.tables:
        return None
    search = _Search(maps, unquote_822_local(address) if external else address, query, "noext" in strategy)
    found = _find(search, strategy)
    if found is not None and to_internal:
        return unquote_822_local(found[0]), found[1]
    return found


def _find(search: _Search, strategy: Collection[Step]) -> Found | None:
    found = search.address("full" in strategy)
    _, at, domain = search.full.rpartition("@")
    if found is None and at and ("localpart_if_local" in strategy or "localpart_at_if_local" in strategy) and search.is_local(domain):
        if "localpart_if_local" in strategy:
            found = search.local(at=False)
        if found is None and "localpart_at_if_local" in strategy:
            found = search.local(at=True)
    if found is None and at and "at_domain" in strategy:
        value = search.maps.find("@" + domain, FIXED)
        found = None if value is None else (value, None)
    if found is None and at and "domain" in strategy:
        found = search.domain(domain, strategy)
    if found is None and at and "localpart_at" in strategy:
        found = search.local(at=True)
    return found
