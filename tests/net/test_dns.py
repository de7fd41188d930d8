"""Zones and resolvers: the four kinds of no, and the files that come before the DNS."""

from __future__ import annotations

import pytest

from simulator.clock import Clock
from simulator.net.network import Network
from simulator.net.resolver import Resolver
from simulator.unix.fs import Fs

ZONES = {
    "server": "192.0.2.53", "zones": ["com", "net", "arpa"], "ttl": 60, "reverse": True,
    "a": {"hub.example.com": ["192.0.2.40"], "mx1.example.net": ["192.0.2.31"]},
    "mx": {"example.com": ["10 hub.example.com"], "example.net": ["20 mx2.example.net", "10 mx1.example.net"]},
    "cname": {"www.example.com": ["hub.example.com"]},
}  # fmt: skip


@pytest.fixture
def resolver() -> Resolver:
    clock = Clock(1000.0)
    network = Network(clock)
    network.load({"dns": ZONES})
    fs = Fs(clock)
    fs.mkdir("/etc")
    fs.write("/etc/resolv.conf", b"nameserver 192.0.2.53\n")
    fs.write("/etc/hosts", b"127.0.0.1 localhost\n192.0.2.41 client.example.com client\n")
    return Resolver(network.attach("client", {"eth0": "192.0.2.41/24"}), fs)


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("hub.example.com", "A", "ok"), ("hub.example.com", "MX", "nodata"), ("example.com", "A", "nodata"), ("no.example.com", "A", "notfound"),
        ("www.elsewhere", "A", "again"),
    ],
)  # fmt: skip
def test_the_kinds_of_no(resolver: Resolver, name: str, kind: str, status: str) -> None:
    """No such name, a name without such a record, and a server that refuses are three different things to a mail system."""
    assert resolver.lookup(name, kind).status == status


def test_a_chain_of_names(resolver: Resolver) -> None:
    """A CNAME comes with what it leads to."""
    assert [(record.type, record.data) for record in resolver.lookup("www.example.com", "A").records] == [
        ("CNAME", "hub.example.com."),
        ("A", "192.0.2.40"),
    ]


def test_reverse_names_and_their_absence(resolver: Resolver) -> None:
    """An address has the name that its zone gives it, or none."""
    assert resolver.name("192.0.2.31").name == "mx1.example.net"
    assert resolver.name("192.0.2.99").error == "Name or service not known"


def test_a_silent_server_costs_time(resolver: Resolver) -> None:
    """Two tries of five seconds, then "try again"."""
    resolver.net.network.dns.fail("example.com", "TIMEOUT")
    found = resolver.lookup("hub.example.com", "A")
    assert (found.status, found.seconds, found.error) == ("again", 10.0, "Host not found, try again")
    assert resolver.addresses("hub.example.com").error == "Temporary failure in name resolution"


def test_the_hosts_file_comes_first(resolver: Resolver) -> None:
    """And short names are completed with the domain of the search list."""
    resolver.fs.write("/etc/hosts", b"10.0.0.1 hub.example.com hub\n")  # type: ignore[attr-defined]
    assert resolver.addresses("hub.example.com").addresses == ("10.0.0.1",)
    resolver.fs.write("/etc/hosts", b"")  # type: ignore[attr-defined]
    assert resolver.addresses("hub").error == "Temporary failure in name resolution"
    resolver.fs.write("/etc/resolv.conf", b"nameserver 192.0.2.53\nsearch example.com\n")  # type: ignore[attr-defined]
    assert (resolver.addresses("hub").addresses, resolver.addresses("hub").name) == (("192.0.2.40",), "hub.example.com")


def test_a_running_daemon_does_not_notice_a_new_server(resolver: Resolver) -> None:
    """resolv.conf is read once for its queries; getaddrinfo looks again each time."""
    clock = resolver.net.clock
    assert clock.run_coroutine(resolver.query("hub.example.com", "A")).status == "ok"
    resolver.fs.write("/etc/resolv.conf", b"nameserver 192.0.2.41\n")  # type: ignore[attr-defined]
    assert clock.run_coroutine(resolver.query("hub.example.com", "A")).status == "ok"
    assert resolver.addresses("hub.example.com").error == "Temporary failure in name resolution"


def test_a_zone_can_change(resolver: Resolver) -> None:
    """Records are added and removed while the lab runs."""
    dns = resolver.net.network.dns
    dns.add("new.example.com. A 192.0.2.77")
    assert resolver.addresses("new.example.com").addresses == ("192.0.2.77",)
    dns.remove("new.example.com")
    assert resolver.addresses("new.example.com").error == "Name or service not known"
