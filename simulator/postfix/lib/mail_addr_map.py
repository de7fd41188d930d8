"""Addresses that a table gives for an address: mail_addr_map(3), mail_addr_crunch(3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mail.address import ADDR, externalize, parse
from simulator.mail.quoting import quote_822_local, unquote_822_local
from simulator.postfix.lib.tables.mail_addr_find import Form, mail_addr_find

if TYPE_CHECKING:
    from simulator.postfix.daemon import Daemon
    from simulator.postfix.lib.tables.maps import Maps


def mail_addr_crunch(daemon: Daemon, text: str, extension: str | None = None) -> list[str]:
    """The complete addresses, in quoted form, of a list in quoted form, each with `extension` before its domain."""
    service = daemon.params["rewrite_service_name"]
    found = []
    for token in parse('""' if text in ("", "<>") else text):
        if token.kind != ADDR:
            continue
        address = unquote_822_local(daemon.call(service).rewrite("local", externalize(token.parts)))
        if extension:
            local, at, domain = address.rpartition("@")
            address = f"{local}{extension}@{domain}" if at else address + extension
        found.append(quote_822_local(address))
    return found


class NotAnAddress(Exception):
    """A table's value holds no address; that has been logged."""


def map_address(daemon: Daemon, maps: Maps, address: str, propagate: bool, query: Form = "external-first") -> list[str] | None:
    """The complete addresses, in quoted form, that the tables give for an address in bare form; None if they do not know it.

    `propagate`: an extension that was left out to find them is put into each. A result "@domain" replaces the domain only.
    Raises TableError, NotAnAddress.
    """
    found = mail_addr_find(maps, address, query=query)
    if found is None:
        return None
    text, extension = found
    if text.startswith("@"):
        local = address.rpartition("@")[0] if "@" in address else address
        local = local[: len(local) - len(extension)] if extension else local
        text = quote_822_local(local + text)
    results = mail_addr_crunch(daemon, text, extension if propagate else None)
    if not results:
        daemon.log.warning(f'{maps.title} lookup of {address} returns non-address result "{text}"')
        raise NotAnAddress(text)
    return results
