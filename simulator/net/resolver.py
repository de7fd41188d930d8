"""How a host finds names: /etc/hosts, /etc/resolv.conf and the name servers, as the C library does it (resolver(3), hosts(5)).

Daemons that run in a chroot read the copies below it: `Resolver(host.net, host.fs, root="/var/spool/postfix")`. Names and
addresses (getaddrinfo) follow changes of both files at once; DNS queries of a running daemon go on with the resolv.conf that
it read first, until the process ends.

A lookup does not wait by itself: the result says in `seconds` how long it took (a silent server needs five seconds, twice).
A conversation awaits `Resolver.query`, a command sleeps `lookup(...).seconds`.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from simulator.net.dns import Record, Reply, canonical, reverse_name
from simulator.net.network import HostNetwork

#: res_init(3): how many servers are used, seconds to wait for each, how often all are tried.
MAX_SERVERS, TIMEOUT, ATTEMPTS = 3, 5, 2

#: getaddrinfo(3): what went wrong.
NONAME = "Name or service not known"
NODATA = "No address associated with hostname"
AGAIN = "Temporary failure in name resolution"


class Files(Protocol):
    """What is needed of a host's file system."""

    def read(self, path: str) -> bytes: ...
    def version(self, path: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Lookup:
    """The outcome of a DNS query: "ok", "notfound" (no such name), "nodata", "again" (servers fail or are silent)."""

    status: str
    records: tuple[Record, ...]
    seconds: float
    reply: Reply | None = None

    @property
    def error(self) -> str:
        """hstrerror(3)."""
        return {
            "ok": "",
            "notfound": "Host not found",
            "nodata": "Host found but no data record of requested type",
            "again": "Host not found, try again",
        }[self.status]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The outcome of getaddrinfo: addresses, or an error text; `name` is the canonical name."""

    addresses: tuple[str, ...]
    name: str = ""
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ResolvConf:
    """What resolv.conf(5) says."""

    servers: tuple[str, ...] = ("127.0.0.1",)
    search: tuple[str, ...] = ()
    timeout: int = TIMEOUT
    attempts: int = ATTEMPTS
    ndots: int = 1

    @classmethod
    def parse(cls, text: str) -> ResolvConf:
        servers: list[str] = []
        search: tuple[str, ...] = ()
        numbers = {"timeout": TIMEOUT, "attempts": ATTEMPTS, "ndots": 1}
        for line in text.splitlines():
            word, *rest = line.split("#")[0].split(";")[0].split() or [""]
            if word == "nameserver" and rest and _is_address(rest[0]):
                servers.append(rest[0])
            elif word in ("search", "domain") and rest:
                search = tuple(rest if word == "search" else rest[:1])
            elif word == "options":
                for option in rest:
                    key, _, value = option.partition(":")
                    if key in numbers and value.isdigit():
                        numbers[key] = min(int(value), 30)
        return cls(tuple(servers[:MAX_SERVERS]) or ("127.0.0.1",), search, **numbers)


class Resolver:
    """Name lookups of one host, or of one chroot on it."""

    def __init__(self, net: HostNetwork, fs: Files, root: str = "") -> None:
        self.net = net
        self.fs = fs
        self.root = root.rstrip("/")
        self._first: ResolvConf | None = None

    def _read(self, path: str) -> str:
        try:
            return self.fs.read(self.root + path).decode(errors="replace")
        except OSError:  # a missing file is an empty one: resolv.conf(5), hosts(5)
            return ""

    @property
    def configuration(self) -> ResolvConf:
        """What /etc/resolv.conf says. Without "search" names are completed with the domain of this host (resolver(5))."""
        conf = ResolvConf.parse(self._read("/etc/resolv.conf"))
        domain = self._hostname().partition(".")[2]
        return conf if conf.search or not domain else replace(conf, search=(domain,))

    def _hostname(self) -> str:
        """The kernel's name of this host: also known in a chroot."""
        try:
            return self.fs.read("/etc/hostname").decode(errors="replace").strip()
        except OSError:
            return ""

    # Name servers

    def ask(self, server: str, name: str, type: str) -> tuple[Reply, float]:
        """One question to one server: its reply, or what went wrong, and the seconds that this took (without waiting for a time-out)."""
        network = self.net.network
        if self.net.owns(server):
            return Reply(canonical(name), type, server, None, trouble="refused"), 0.0
        if self.net.source_for(server) is None:
            return Reply(canonical(name), type, server, None, trouble="unreachable"), 0.0
        known = network.dns.servers.get(server)
        if known is not None and self.net.plugged and network.faults.connect(self.net.name, None, server, 53) is None:
            return known.answer(name, type), 0.0
        if self.net.plugged and network.host_at(server) is not None:
            return Reply(canonical(name), type, server, None, trouble="refused"), 0.0
        return Reply(canonical(name), type, server, None, trouble="timeout"), 0.0

    def lookup(self, name: str, type: str, conf: ResolvConf | None = None) -> Lookup:
        """res_query(3): the records of a name as it stands. CNAME records that lead to them come first."""
        conf = conf or self.configuration
        seconds, last = 0.0, None
        for _ in range(conf.attempts):
            for place, server in enumerate(conf.servers):
                reply, spent = self.ask(server, name, type)
                seconds += spent
                if reply.rcode == "NXDOMAIN":
                    return Lookup("notfound", (), seconds, reply)
                if reply.rcode == "NOERROR":
                    return Lookup("ok" if reply.answers else "nodata", reply.answers, seconds, reply)
                if reply.trouble == "timeout":
                    seconds += (conf.timeout << place) / (len(conf.servers) if place else 1)
                last = reply
        return Lookup("again", (), seconds, last)

    async def query(self, name: str, type: str) -> Lookup:
        """As `lookup` in a running process, with the configuration of its first query; and the time passes."""
        self._first = self._first or self.configuration
        result = self.lookup(name, type, self._first)
        if result.seconds:
            await asyncio.sleep(result.seconds)
        return result

    def search(self, name: str, type: str) -> Lookup:
        """res_search(3): also with the domains of "search" behind a name that has fewer than ndots dots."""
        conf = self.configuration
        if name.endswith(".") or not conf.search:
            return self.lookup(name, type)
        candidates = [f"{name}.{domain}" for domain in conf.search]
        candidates.insert(0 if name.count(".") >= conf.ndots else len(candidates), name)
        seconds, worst = 0.0, "notfound"
        for candidate in candidates:
            result = self.lookup(candidate, type)
            seconds += result.seconds
            if result.status == "ok":
                return Lookup("ok", result.records, seconds, result.reply)
            worst = result.status if result.status == "again" or worst == "notfound" else worst
        return Lookup(worst, (), seconds)

    # Names and addresses

    def hosts(self) -> list[tuple[str, list[str]]]:
        """The lines of /etc/hosts: address and names, the canonical name first."""
        lines = (line.split("#")[0].split() for line in self._read("/etc/hosts").splitlines())
        return [(words[0], words[1:]) for words in lines if len(words) > 1 and _is_address(words[0])]

    def addresses(self, name: str, family: int = 4) -> Addresses:
        """getaddrinfo(3) for IPv4 (or family 6): /etc/hosts first, then the name servers."""
        if _is_address(name):
            return Addresses((name,), name) if (":" in name) == (family == 6) else Addresses((), error=NONAME)
        wanted = canonical(name)
        lines = [(address, names) for address, names in self.hosts() if wanted in map(str.lower, names) and (":" in address) == (family == 6)]
        if lines:
            return Addresses(tuple(dict.fromkeys(address for address, _ in lines)), lines[0][1][0])
        if not _is_host_name(wanted):
            return Addresses((), error=NONAME)
        kind = "AAAA" if family == 6 else "A"
        result = self.search(name, kind)
        found = tuple(record.data for record in result.records if record.type == kind)
        if found:
            return Addresses(found, next(record.name for record in result.records if record.type == kind), seconds=result.seconds)
        error = {"notfound": NONAME, "again": AGAIN}.get(result.status, NODATA)
        return Addresses((), error=error, seconds=result.seconds)

    def name(self, address: str) -> Addresses:
        """getnameinfo(3): the name of an address (in `name`), or an error."""
        for one, names in self.hosts():
            if one == address:
                return Addresses((address,), names[0])
        result = self.lookup(reverse_name(address), "PTR")
        target = next((record.target for record in result.records if record.type == "PTR"), "")
        if target:
            return Addresses((address,), target, seconds=result.seconds)
        return Addresses((), error=AGAIN if result.status == "again" else NONAME, seconds=result.seconds)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_host_name(name: str) -> bool:
    """Could this be asked for at all? Labels of 1 to 63 characters, 253 in all."""
    return 0 < len(name) <= 253 and all(0 < len(label) <= 63 for label in name.split("."))
