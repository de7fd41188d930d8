"""The domain name system of a lab: name servers, their records, and their answers.

A lab describes its name server in lab.toml:

    [dns]
    server = "192.0.2.53"                   # where it answers
    zones = ["org", "net", "com", "arpa"]   # what lies in these exists or does not; anything else is refused
    ttl = 60
    reverse = true                          # each address record gets its PTR record
    [dns.a]
    "mail.example.org" = ["192.0.2.25"]
    [dns.mx]
    "example.org" = ["10 mail.example.org"]

Each other record type has such a table, too; or `records` holds the text of a master file (RFC 1035 5.1). Records are
answered in the order in which they stand. Several servers are a list of tables, `[[dns]]`. dnspython reads the records.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.reversename
import dns.zonefile

from simulator.clock import Clock

#: How many records one server keeps; a notebook cannot fill the memory.
RECORD_LIMIT = 20_000
#: How many CNAME records a server follows.
CHAIN_LIMIT = 10
#: The record types that may be asked for (anything else has no data).
TYPES = (
    "A",
    "AAAA",
    "MX",
    "NS",
    "SOA",
    "CNAME",
    "PTR",
    "TXT",
    "SRV",
    "CAA",
    "TLSA",
    "ANY",
    "HINFO",
    "SPF",
    "DS",
    "DNSKEY",
    "NAPTR",
    "SVCB",
    "HTTPS",
    "AXFR",
    "NSEC",
    "RRSIG",
)

_KEYS = {"server", "zones", "ttl", "reverse", "records"}

RCODES = ("NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED")


@dataclass(frozen=True, slots=True)
class Record:
    """A resource record. `name` is absolute, in lower case, without the final dot; `data` is in presentation format."""

    name: str
    ttl: int
    type: str
    data: str

    def __deepcopy__(self, memo: dict[int, Any]) -> Record:
        return self

    @property
    def preference(self) -> int:
        """Of an MX record."""
        return int(self.data.split()[0])

    @property
    def target(self) -> str:
        """The name that an MX, CNAME, PTR or NS record points at, without the final dot ("" for the root)."""
        return self.data.split()[-1].removesuffix(".")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from a name server. `rcode` None: nothing came (`trouble` says "timeout", "refused", "unreachable")."""

    name: str
    type: str
    server: str
    rcode: str | None
    answers: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    authoritative: bool = False
    trouble: str = ""


def canonical(name: str) -> str:
    """A domain name as it is stored: lower case, no final dot."""
    return name.lower().removesuffix(".")


def reverse_name(address: str) -> str:
    """The name below in-addr.arpa or ip6.arpa that has the PTR records of an address. Raises ValueError."""
    return canonical(dns.reversename.from_address(str(ipaddress.ip_address(address))).to_text())


def parse_records(text: str, ttl: int = 60, origin: str = ".") -> list[Record]:
    """Records of master file text. Raises ValueError with the line that cannot be read."""
    try:
        rrsets = dns.zonefile.read_rrsets(text, origin=origin, default_ttl=ttl, relativize=False, rdclass=None, default_rdclass="IN")
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"not a DNS record: {error}") from error
    return [Record(canonical(one.name.to_text()), int(one.ttl), dns.rdatatype.to_text(one.rdtype), data.to_text()) for one in rrsets for data in one]


@dataclass(slots=True)
class NameServer:
    """One name server: its records, and the domains that it knows completely."""

    address: str
    domains: tuple[str, ...] = ()
    ttl: int = 60
    reverse: bool = True
    records: dict[str, list[Record]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, text: str) -> None:
        """Add records given as master file text. Raises ValueError for what is no record, or too many."""
        for record in parse_records(text, self.ttl):
            self._add(record)
            if self.reverse and record.type in ("A", "AAAA"):
                self._add(Record(reverse_name(record.data), record.ttl, "PTR", record.name + "."))
        if sum(map(len, self.records.values())) > RECORD_LIMIT:
            raise ValueError(f"more than {RECORD_LIMIT} DNS records")

    def _add(self, record: Record) -> None:
        at = self.records.setdefault(record.name, [])
        if record not in at:
            at.append(record)

    def remove(self, name: str, type: str | None = None) -> int:
        """Remove the records of a name, or only those of one type. Returns how many there were."""
        name = canonical(name)
        old = self.records.get(name, [])
        kept = [record for record in old if type is not None and record.type != type.upper()]
        self.records[name] = kept
        if not kept:
            del self.records[name]
        return len(old) - len(kept)

    def fail(self, domain: str, how: str) -> None:
        """Fail for a domain and all below it ("": for all): SERVFAIL, REFUSED, NXDOMAIN or TIMEOUT; "" ends it."""
        how = how.upper()
        if how not in ("", "SERVFAIL", "REFUSED", "NXDOMAIN", "TIMEOUT"):
            raise ValueError(f"a name server does not fail with {how}")
        self.broken.pop(canonical(domain), None)
        if how:
            self.broken[canonical(domain)] = how

    def answer(self, name: str, type: str) -> Reply:
        """The reply to a question."""
        name, type = canonical(name), type.upper()
        trouble = next((how for domain, how in sorted(self.broken.items(), key=lambda item: -len(item[0])) if within(name, domain)), "")
        if trouble == "TIMEOUT":
            return Reply(name, type, self.address, None, trouble="timeout")
        if trouble:
            return Reply(name, type, self.address, trouble)
        if not self.exists(name):
            known = any(within(name, domain) for domain in self.domains)
            return Reply(name, type, self.address, "NXDOMAIN" if known else "REFUSED")
        answers = self._chain(name, type)
        extra = tuple(
            record for answer in answers if answer.type in ("MX", "NS", "SRV") for record in self._at(answer.target) if record.type in ("A", "AAAA")
        )
        return Reply(name, type, self.address, "NOERROR", answers, extra, bool(answers))

    def exists(self, name: str) -> bool:
        """Does the name, or one below it, have records?"""
        below = "." + name
        return bool(self._at(name)) or any(other.endswith(below) for other in self.records)

    def _at(self, name: str) -> list[Record]:
        found = self.records.get(name)
        if found is not None:
            return found
        _, dot, parent = name.partition(".")
        wild = self.records.get("*." + parent, []) if dot else []
        return [Record(name, record.ttl, record.type, record.data) for record in wild]

    def _chain(self, name: str, type: str) -> tuple[Record, ...]:
        """The records asked for, behind the CNAME records that lead to them."""
        found: list[Record] = []
        for _ in range(CHAIN_LIMIT):
            here = self._at(name)
            wanted = [record for record in here if type in ("ANY", record.type)]
            alias = next((record for record in here if record.type == "CNAME"), None)
            found += wanted
            if wanted or alias is None:
                break
            found.append(alias)
            name = canonical(alias.target)
        return tuple(found)


def within(name: str, domain: str) -> bool:
    """Is `name` the domain or below it? Everything is below ""."""
    return not domain or name == domain or name.endswith("." + domain)


def _master_text(table: Mapping[str, Any]) -> str:
    """The record tables of a [dns] section as text of a master file."""
    lines = [table.get("records", "")]
    for kind, names in table.items():
        if kind not in _KEYS:
            lines += [f"{name.removesuffix('.')}. {kind.upper()} {data}" for name, values in names.items() for data in values]
    return "\n".join(lines) + "\n"


class NameServers:
    """All name servers of a lab, by address."""

    def __init__(self, clock: Clock, note: Callable[..., None]) -> None:
        self.clock = clock
        self.note = note
        self.servers: dict[str, NameServer] = {}

    def load(self, table: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> None:
        """Set up the servers of a lab.toml's [dns] (see above). Raises ValueError, KeyError for what is not understood."""
        for one in [table] if isinstance(table, Mapping) else table:
            unknown = set(one) - _KEYS - {kind.lower() for kind in TYPES}
            if unknown:
                raise ValueError(f"[dns] does not know {', '.join(sorted(unknown))}")
            server = NameServer(one["server"], tuple(map(canonical, one.get("zones", ()))), one.get("ttl", 60), one.get("reverse", True))
            server.add(_master_text(one))
            self.servers[server.address] = server

    @property
    def server(self) -> NameServer:
        """The only, or first, name server. Raises LookupError when the lab has none."""
        if not self.servers:
            raise LookupError("this lab has no name server")
        return next(iter(self.servers.values()))

    def add(self, text: str) -> None:
        """Add records to the first server: `lab.network.dns.add("example.net. MX 5 mx0.example.net.")`."""
        self.server.add(text)
        self.note("dns.add", text=text)

    def remove(self, name: str, type: str | None = None) -> int:
        """Remove records from the first server."""
        self.note("dns.remove", name=name, type=type)
        return self.server.remove(name, type)

    def fail(self, domain: str = "", how: str = "SERVFAIL") -> None:
        """Let the first server fail for a domain; how="" ends it."""
        self.server.fail(domain, how)
        self.note("dns.fail", domain=domain, how=how)
