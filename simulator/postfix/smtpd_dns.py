"""Questions that smtpd(8) asks the DNS: dns_lookup(3). Names that cannot exist are not asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from simulator.net.dns import Record
from simulator.net.resolver import Addresses, Resolver
from simulator.postfix.lib.hostname import valid_address, valid_hostname

#: Which outcome counts when several types were asked for: the larger one.
_RANK = {"notfound": 0, "nodata": 0, "nullmx": 1, "again": 2, "ok": 3}
_NO_HOST = "Host not found"


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome: "ok", "notfound", "nodata", "nullmx" (RFC 7505) or "again", and what hstrerror(3) says of it."""

    status: str
    records: tuple[Record, ...] = ()
    error: str = _NO_HOST

    @property
    def missing(self) -> bool:
        """The servers answered, and there is no such record."""
        return self.status in ("notfound", "nodata")


class SmtpdDns:
    """The resolver as a chrooted smtpd has it; lookups take the time they take."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver

    async def lookup(self, name: str, kind: str) -> Answer:
        """The records of one type, CNAME records followed."""
        if valid_address(name) or not valid_hostname(name):
            return Answer("notfound")
        found = await self.resolver.query(name, kind)
        records = tuple(record for record in found.records if record.type == kind)
        if found.status != "ok":
            return Answer(found.status, (), found.error)
        if kind == "MX" and records and all(not record.target for record in records):
            return Answer("nullmx", (), "Host found but no data record of requested type")
        if not records:
            return Answer("nodata", (), "Host found but no data record of requested type")
        return Answer("ok", records, "")

    async def any_of(self, name: str, kinds: Iterable[str], stop_nullmx: bool = False) -> str:
        """The status of a name that should have a record of one of these types."""
        best = "notfound"
        for kind in kinds:
            status = (await self.lookup(name, kind)).status
            if status == "ok" or (status == "nullmx" and stop_nullmx):
                return status
            if _RANK[status] >= _RANK[best]:
                best = status
        return best

    async def addresses(self, name: str, family: int = 4) -> Addresses:
        """getaddrinfo(3): /etc/hosts, then the DNS."""
        return await self._waited(self.resolver.addresses(name, family))

    async def name_of(self, address: str) -> Addresses:
        """getnameinfo(3)."""
        return await self._waited(self.resolver.name(address))

    @staticmethod
    async def _waited(found: Addresses) -> Addresses:
        if found.seconds:
            await asyncio.sleep(found.seconds)
        return found
