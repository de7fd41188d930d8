"""Connections in memory: who hears whom, and what the kernel says when nobody does."""

from __future__ import annotations

import asyncio
import copy
import re
from pathlib import Path

import pytest

from simulator import open_lab
from simulator.clock import Clock
from simulator.lab import Lab
from simulator.net.network import HostNetwork, Network


class Echo(asyncio.Protocol):
    """Says everything back."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[attr-defined]


@pytest.fixture
def network() -> Network:
    made = Network(Clock(1000.0))
    for name, address in (("client", "192.0.2.41"), ("hub", "192.0.2.40"), ("far", "198.51.100.7")):
        made.attach(name, {"eth0": f"{address}/24"})
    return made


def host(network: Network, name: str) -> HostNetwork:
    return network.hosts[name]


async def say(net: HostNetwork, address: str, port: int, text: bytes, timeout: float | None = None) -> bytes:
    reader, writer = await net.open_connection(address, port, timeout=timeout)
    writer.write(text)
    answer = await reader.readexactly(len(text))
    writer.close()
    return answer


def test_a_conversation_takes_no_time_and_leaves_a_transcript(network: Network) -> None:
    """Bytes arrive in order; who said what is kept to be shown."""
    host(network, "hub").listen("0.0.0.0", 7, Echo, program="echo", pid=9)
    assert network.clock.run_coroutine(say(host(network, "client"), "192.0.2.40", 7, b"hello")) == b"hello"
    network.clock.run_until(network.clock.now)
    assert network.clock.now == 1000.0
    spoken = [(direction, data) for _, direction, data in network.transcripts[-1].segments]
    assert spoken == [(">", b"hello"), ("<", b"hello")]


@pytest.mark.parametrize(
    ("address", "port", "seconds", "error"),
    [
        ("192.0.2.40", 26, 0, "[Errno 111] Connection refused"),
        ("127.0.0.1", 25, 0, "[Errno 111] Connection refused"),
        ("192.0.2.99", 25, 3, "[Errno 113] No route to host"),
        ("203.0.113.5", 25, 0, "[Errno 101] Network is unreachable"),
    ],
)
def test_nobody_answers(network: Network, address: str, port: int, seconds: float, error: str) -> None:
    """A free port is refused at once; an address of the own network without a host takes as long as ARP tries."""
    with pytest.raises(OSError, match=re.escape(error)):
        network.clock.run_coroutine(say(host(network, "client"), address, port, b"x"))
    assert network.clock.now - 1000 == seconds


def test_a_pulled_plug_and_a_firewall(network: Network) -> None:
    """Without its cable a host is as if it were not there; behind a firewall that drops packets one waits in vain."""
    hub, client = host(network, "hub"), host(network, "client")
    hub.listen("0.0.0.0", 7, Echo)
    network.unplug("hub")
    with pytest.raises(OSError, match="No route to host"):
        network.clock.run_coroutine(say(client, "192.0.2.40", 7, b"x"))
    network.plug("hub")
    network.faults.set("dropped", host="hub", port=7)
    with pytest.raises(TimeoutError):
        network.clock.run_coroutine(say(client, "192.0.2.40", 7, b"x", timeout=30))
    assert network.clock.now == 1033.0
    network.faults.clear()
    assert network.clock.run_coroutine(say(client, "192.0.2.40", 7, b"x")) == b"x"


def test_a_slow_line(network: Network) -> None:
    """Each segment needs its time."""
    host(network, "hub").listen("0.0.0.0", 7, Echo)
    network.faults.set("slow", host="hub", seconds=2.0)
    network.clock.run_coroutine(say(host(network, "client"), "192.0.2.40", 7, b"x"))
    assert network.clock.now >= 1004.0


def test_an_address_is_taken_once(network: Network) -> None:
    """Two programs cannot listen at the same place, nor at an address that the host does not have."""
    hub = host(network, "hub")
    first = hub.listen("0.0.0.0", 25, Echo)
    with pytest.raises(OSError, match="Address already in use"):
        hub.listen("192.0.2.40", 25, Echo)
    with pytest.raises(OSError, match="Cannot assign requested address"):
        hub.listen("192.0.2.41", 26, Echo)
    hub.close(first)
    hub.listen("192.0.2.40", 25, Echo)


class Busy:
    """A service that takes clients only when it is told to."""

    def __init__(self) -> None:
        self.free = False

    def take(self) -> Echo | None:
        return Echo() if self.free else None


def test_a_client_waits_until_somebody_accepts_it(network: Network) -> None:
    """Like a kernel's backlog: the connection is there, what was sent is kept, the answer comes later."""
    service = Busy()
    listener = host(network, "hub").listen("0.0.0.0", 7, service.take)
    task = network.clock.spawn(say(host(network, "client"), "192.0.2.40", 7, b"patience"))
    network.clock.run_until(1005.0)
    assert not task.done()
    service.free = True
    assert listener.accept()
    network.clock.run_until(1005.0)
    assert task.result() == b"patience"


def test_at_rest_a_network_can_be_copied(network: Network) -> None:
    """Listening sockets go along; the copy has a life of its own."""
    host(network, "hub").listen("0.0.0.0", 7, Echo)
    twin = copy.deepcopy(network)
    twin.unplug("hub")
    assert network.clock.run_coroutine(say(host(network, "client"), "192.0.2.40", 7, b"x")) == b"x"
    with pytest.raises(OSError, match="No route to host"):
        twin.clock.run_coroutine(say(host(twin, "client"), "192.0.2.40", 7, b"x"))


def test_what_was_done_to_the_network_is_in_a_saved_session(tmp_path: Path) -> None:
    """Faults, records and cables are replayed with the rest."""
    lab = open_lab("three")
    lab.network.faults.set("reply", host="mx1", stage="rcpt", text="450 4.2.0 Later", times=1)
    lab.network.dns.remove("mx2.example.net")
    lab["client"].run("echo hi | mail -s test carla@example.net")
    lab.settle()
    lab.network.unplug("mx1")
    lab["client"].run("postqueue -f")
    lab.advance(10)
    lab.save(tmp_path / "session.json")
    twin = Lab.replay(tmp_path / "session.json")
    assert twin["client"].read("/var/log/mail.log") == lab["client"].read("/var/log/mail.log")
    assert "No route to host" in twin["client"].read("/var/log/mail.log")
