"""Which servers take mail for a destination: MX and address records, sorted, without this host itself.

Facts of smtp(8): without MX records the host's own address counts; servers that are no better than this host are left out,
so that backup servers do not send mail in circles; servers of equal preference are tried in random order.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from simulator.net.dns import Record
from simulator.net.resolver import AGAIN, NONAME, Lookup, Resolver
from simulator.postfix.lib.hostname import valid_address, valid_hostname
from simulator.postfix.lib.mailhost import ascii_domain
from simulator.postfix.smtp_attempt import Why
from simulator.postfix.smtp_session import Server

#: How many CNAME records are followed.
CHAIN_LIMIT = 10
#: What a question to a name server nearby takes.
_QUERY_SECONDS = 0.0005
Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What main.cf says of finding servers."""

    dns: bool
    host_lookup: frozenset[str]
    families: tuple[int, ...]
    own: frozenset[str]
    defer_without_address: bool
    ignore_mx_error: bool
    randomize: bool
    cname_overrides: bool


class ServerFinder:
    """Looks up servers for one smtp(8) process. `why` gets the reason when there are none."""

    def __init__(self, resolver: Resolver, rules: AddressRules, chance: random.Random, warn: Warn) -> None:
        self.resolver = resolver
        self.rules = rules
        self.chance = chance
        self.warn = warn

    async def of_domain(self, name: str, why: Why, loop_detect: bool) -> tuple[list[Server], bool]:
        """The servers for a mail domain, and whether this host is one of them."""
        why.clear()
        name_asked = ascii_domain(name) or name
        status, records = await self._dns(name_asked, "MX", why)
        if status == "ok":
            return await self._exchangers(name, records, why, loop_detect)
        if status == "notfound":
            return await self.of_host(name, why, loop_detect), False
        why.dsn = {"nullmx": "5.1.0", "invalid": "5.4.4", "fail": "5.4.3"}.get(status, "4.4.3")
        if self.rules.ignore_mx_error and status != "nullmx":
            return await self.of_host(name, why, loop_detect), False
        return [], False

    async def _exchangers(self, name: str, records: list[Record], why: Why, loop_detect: bool) -> tuple[list[Server], bool]:
        records = sorted(records, key=lambda record: record.preference)
        servers: list[Server] = []
        for record in records:
            servers += await self._host(record.target, record.preference, why)
        if not servers:
            if self.rules.defer_without_address and why.hard:
                why.dsn = "4" + why.dsn[1:]
            self.warn(f"no MX host for {name} has a valid address record")
            return [], False
        myself = next((server for server in servers if server.address in self.rules.own), None) if loop_detect else None
        if myself is not None:
            better = [server for server in servers if server.preference < myself.preference]
            if not better and records[0].preference != servers[0].preference:
                why.set("4.4.4", f"unable to find primary relay for {name}")
            elif not better:
                why.set("5.4.6", f"mail for {name} loops back to myself")
            servers = better
        return self._in_order(servers), myself is not None

    async def of_host(self, name: str, why: Why, loop_detect: bool) -> list[Server]:
        """The addresses of one host."""
        why.clear()
        servers = await self._host(ascii_domain(name) or name, 0, why)
        if loop_detect and any(server.address in self.rules.own for server in servers):
            why.set("5.4.6", f"mail for {name} loops back to myself")
            return []
        return self._in_order(servers)

    def _in_order(self, servers: list[Server]) -> list[Server]:
        if len(servers) > 1 and self.rules.randomize:
            self.chance.shuffle(servers)
        return sorted(servers, key=lambda server: server.preference)

    async def _host(self, name: str, preference: int, why: Why) -> list[Server]:
        """The addresses of a host. An earlier temporary trouble outweighs a permanent one."""
        if valid_address(name):
            return [Server(name, name, name, preference)] if (6 if ":" in name else 4) in self.rules.families else []
        if "dns" in self.rules.host_lookup:
            found = await self._by_dns(name, preference, why)
            if found is not None:
                return found
        if "native" in self.rules.host_lookup:
            return await self._by_system(name, preference, why)
        return []

    async def _by_dns(self, name: str, preference: int, why: Why) -> list[Server] | None:
        """None: the DNS does not know it, another source may."""
        soft = why.soft
        trouble = Why()
        servers: list[Server] = []
        status = "notfound"
        for family in self.rules.families:
            kind = "AAAA" if family == 6 else "A"
            status, records = await self._dns(name, kind, trouble)
            servers += [Server(record.name if self.rules.cname_overrides else name, record.name, record.data, preference) for record in records]
        if servers:
            return servers
        codes = {"fail": "4.4.3" if soft else "5.4.3", "invalid": "4.4.4" if soft else "5.4.4", "notfound": "4.4.4" if soft else "5.4.4"}
        why.set(codes.get(status, "4.4.3"), trouble.text)
        return None if status == "notfound" else []

    async def _by_system(self, name: str, preference: int, why: Why) -> list[Server]:
        servers: list[Server] = []
        error = ""
        for family in self.rules.families:
            found = self.resolver.addresses(name, family)
            if found.seconds:
                await asyncio.sleep(found.seconds)
            error = error or found.error
            servers += [Server(name, name, address, preference) for address in found.addresses]
        if not servers:
            digit = "4" if why.soft or error == AGAIN else "5"
            why.set(f"{digit}.4.4" if error in (AGAIN, NONAME) else f"{digit}.3.0", f"unable to look up host {name}: {error}")
        return servers

    async def _dns(self, name: str, kind: str, why: Why) -> tuple[str, list[Record]]:
        """dns_lookup(3): "ok", "notfound", "again", "fail", "invalid" or "nullmx", the records, and the reason in `why`."""
        if valid_address(name) or (name != "." and not valid_hostname(name.removeprefix("*."))):
            why.text = f"Name service error for {name}: invalid host or domain name"
            return "notfound", []
        for _ in range(CHAIN_LIMIT):
            await asyncio.sleep(_QUERY_SECONDS)
            result = await self.resolver.query(name, kind)
            if result.status != "ok":
                why.text = f"Host or domain name not found. Name service error for name={name} type={kind}: {result.error}"
                return ("again" if result.status == "again" else "notfound"), []
            records = [record for record in result.records if record.type == kind]
            if records:
                return self._usable(name, kind, records, why)
            name = _alias(result)
        why.text = f"Name server loop for {name}"
        return "notfound", []

    def _usable(self, name: str, kind: str, records: list[Record], why: Why) -> tuple[str, list[Record]]:
        if kind != "MX":
            return "ok", records
        if any(not record.target for record in records):
            why.text = f"Domain {name} does not accept mail (nullMX)"
            return "nullmx", []
        good = []
        for record in records:
            if valid_address(record.target):
                self.warn(f"numeric domain name in resource data of MX record for {name}: {record.target}")
            elif not valid_hostname(record.target, self.warn):
                self.warn(f"malformed domain name in resource data of MX record for {name}: {record.target[:100]}")
                continue
            good.append(record)
        if not good:
            why.text = f"Name service error for name={name} type=MX: Malformed or unexpected name server reply"
            return "invalid", []
        return "ok", good


def _alias(result: Lookup) -> str:
    """Where a chain of CNAME records ends that leads to none of the records wanted."""
    return result.records[-1].target
