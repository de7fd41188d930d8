"""The network of a lab: who has which address, who listens where, and how a connection comes about.

For programs on a host the door is `host.net`, a `HostNetwork`:

    listener = host.net.listen("0.0.0.0", 25, factory, program="master", pid=318)
    reader, writer = await host.net.open_connection("192.0.2.40", 25)
    transport, protocol = await host.net.connect("192.0.2.40", 25, factory, source="127.0.0.2", timeout=30)

`factory` of a listener is called without arguments for each new connection, on the lab's clock, and returns an asyncio
protocol whose `connection_made(transport)` is then called. It may return None: nobody is there to take the connection now
(a service that is throttled or at its process limit). The connection is then established and waits, as in a kernel's
backlog: what the client sends is kept, and `listener.accept()` asks the factory again. In long-lived objects the factory
must be a bound method of an object of the lab or a function of a module, so that a lab can be copied.

`transport.get_extra_info("peername")` and `("sockname")` are (ip, port).

Errors are those of the kernel: ConnectionRefusedError, OSError "No route to host" (three seconds after an address of the own
network at which nobody answers), "Network is unreachable", "Cannot assign requested address", "Address already in use",
TimeoutError "Connection timed out".
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.clock import Clock
from simulator.net.dns import NameServers
from simulator.net.faults import Faults
from simulator.net.transport import Address, StreamTransport, Transcript, os_error

#: ARP asks three times, a second apart; then the kernel says "No route to host".
UNREACHABLE_SECONDS = 3.0
#: Linux gives up a connection attempt after tcp_syn_retries=6.
SYN_SECONDS = 127.0
#: Connections that nobody has accepted (net.core.somaxconn is larger; a lab need not be).
BACKLOG = 256
#: Conversations kept to be shown later.
TRANSCRIPTS = 400

ProtocolFactory = Callable[[], asyncio.BaseProtocol | None]


@dataclass(slots=True)
class Listener:
    """A listening socket. `waiting` holds established connections that no process has accepted."""

    host: str
    address: str
    port: int
    factory: ProtocolFactory
    program: str
    pid: int
    uid: int = 0
    closed: bool = False
    waiting: list[StreamTransport] = field(default_factory=list)

    def accept(self) -> bool:
        """Offer the oldest waiting connection to the factory. False when none waits or the factory takes none."""
        if not self.waiting or self.closed:
            return False
        protocol = self.factory()
        if protocol is None:
            return False
        transport = self.waiting.pop(0)
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        return True

    def covers(self, address: str) -> bool:
        """Does a connection to `address` reach this socket?"""
        return self.address in (address, "::") or (self.address == "0.0.0.0" and ":" not in address)

    def offer(self, transport: StreamTransport) -> None:
        """A connection was established: let the owner take it, or keep it."""
        self.waiting.append(transport)
        self.accept()


@dataclass(slots=True)
class Interface:
    """A network interface: name, address, length of the network's prefix."""

    name: str
    address: str
    prefix: int

    @property
    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        return ipaddress.ip_interface(f"{self.address}/{self.prefix}").network


class HostNetwork:
    """The network as one host has it: interfaces, listening sockets, connections."""

    def __init__(self, network: Network, name: str, interfaces: list[Interface]) -> None:
        self.network = network
        self.name = name
        self.interfaces = interfaces
        self.listeners: list[Listener] = []
        self.unix_listeners: dict[str, Listener] = {}
        self.connections: list[StreamTransport] = []
        self.plugged = True
        self._next_port = 40000 + 2 * (sum(map(ord, name)) % 4000)

    @property
    def clock(self) -> Clock:
        return self.network.clock

    @property
    def addresses(self) -> list[str]:
        """All addresses of this host, loopback first."""
        return [interface.address for interface in self.interfaces]

    def owns(self, address: str) -> bool:
        """Is `address` one of this host's? All of 127.0.0.0/8 and ::1 are."""
        return address.startswith("127.") or address == "::1" or address in self.addresses

    def listen(self, address: str, port: int, factory: ProtocolFactory, *, program: str = "", pid: int = 0, uid: int = 0) -> Listener:
        """Listen at an address of this host ("0.0.0.0": all, "::": all of both families) and a port.

        Raises OSError: "Address already in use", "Cannot assign requested address".
        """
        if address not in ("0.0.0.0", "::") and not self.owns(address):
            raise os_error(errno.EADDRNOTAVAIL)
        self.listeners = [listener for listener in self.listeners if not listener.closed]
        for other in self.listeners:
            if other.port == port and (other.address == address or ("0.0.0.0" in (other.address, address) and ":" not in other.address + address)):
                raise os_error(errno.EADDRINUSE)
        listener = Listener(self.name, address, port, factory, program, pid, uid)
        self.listeners.append(listener)
        return listener

    def close(self, listener: Listener) -> None:
        """Stop listening; connections that nobody accepted are reset."""
        listener.closed = True
        if self.unix_listeners.get(listener.address) is listener:
            del self.unix_listeners[listener.address]
        if listener in self.listeners:
            self.listeners.remove(listener)
        for transport in listener.waiting:
            transport.abort()
        listener.waiting.clear()

    def listener(self, address: str, port: int) -> Listener | None:
        """The socket that a connection to (address, port) of this host reaches; the exact address wins."""
        found = [one for one in self.listeners if one.port == port and not one.closed and one.covers(address)]
        return next((one for one in found if one.address == address), found[0] if found else None)

    def listen_unix(self, path: str, factory: ProtocolFactory, *, program: str = "", pid: int = 0, uid: int = 0) -> Listener:
        """Listen at a socket in the file system (its own path, no links). The caller makes the file. Close with `close`."""
        listener = Listener(self.name, path, 0, factory, program, pid, uid)
        self.unix_listeners[path] = listener
        return listener

    async def connect_unix(self, path: str, factory: Callable[[], asyncio.BaseProtocol]) -> tuple[StreamTransport, asyncio.BaseProtocol]:
        """Connect to a socket in the file system. Raises ConnectionRefusedError when nobody listens; the caller has checked
        that the file exists and may be written."""
        listener = self.unix_listeners.get(path)
        if listener is None or len(listener.waiting) >= BACKLOG:
            raise os_error(errno.ECONNREFUSED)
        transport = self.network.join(self, self, listener, Address("", 0), Address(path, 0))
        protocol = factory()
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        return transport, protocol

    async def connect(
        self, address: str, port: int, factory: Callable[[], asyncio.BaseProtocol], *, source: str | None = None, timeout: float | None = None
    ) -> tuple[StreamTransport, asyncio.BaseProtocol]:
        """Open a connection. `timeout` in seconds (None: as long as the kernel tries). Raises OSError as `connect(2)`."""
        transport = await self.network.establish(self, address, port, source, timeout)
        protocol = factory()
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        return transport, protocol

    async def open_connection(
        self, address: str, port: int, *, source: str | None = None, timeout: float | None = None, limit: int = 2**16
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """As `connect`, with asyncio's streams."""
        loop = self.clock.loop
        reader = asyncio.StreamReader(limit=limit, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport = await self.network.establish(self, address, port, source, timeout)
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    def ephemeral_port(self) -> int:
        """The next port for an outgoing connection (net.ipv4.ip_local_port_range)."""
        self._next_port += 2
        if self._next_port > 60998:
            self._next_port = 32768
        return self._next_port

    def set_carrier(self, up: bool) -> None:
        """Is the cable in? Without it connections to other hosts that are under way get no answer any more."""
        self.plugged = up
        for transport in () if up else self.connections:
            if transport.get_extra_info("peer_host") != self.name:
                transport.link.cut = True

    def source_for(self, address: str) -> str | None:
        """The own address with which this host would speak to `address`; None: there is no way."""
        if address.startswith("127.") or address == "::1":
            return "127.0.0.1" if address != "::1" else "::1"
        if address in self.addresses:
            return address
        target = ipaddress.ip_address(address)
        for interface in self.interfaces:
            if target in interface.network:
                return interface.address
        return next((one.address for one in self.interfaces if one.address == self.network.gateways.get(self.name)), None)


class Network:
    """All hosts of a lab, the name servers, and the faults that were set."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.hosts: dict[str, HostNetwork] = {}
        self.gateways: dict[str, str] = {}
        #: Who writes down what is done to the network from outside: `note("network", call=..., how=...)`.
        self.history: Callable[..., None] | None = None
        self.faults = Faults(self.note)
        self.dns = NameServers(clock, self.note)
        self.transcripts: deque[Transcript] = deque(maxlen=TRANSCRIPTS)

    def load(self, settings: dict[str, Any]) -> None:
        """Read what a lab.toml says of the network: [dns] (see `net.dns`), and [net] with `gateways`, a table of host and
        address, for hosts that have a way beyond their own network."""
        self.dns.load(settings.get("dns", ()))
        self.gateways.update(settings.get("net", {}).get("gateways", {}))

    def attach(self, name: str, addresses: dict[str, str]) -> HostNetwork:
        """A host joins. `addresses`: interface -> "address/prefix", for example {"eth0": "192.0.2.40/24"}; lo is added."""
        interfaces = [Interface("lo", "127.0.0.1", 8)]
        for interface, text in addresses.items():
            address, _, prefix = text.partition("/")
            interfaces.append(Interface(interface, address, int(prefix or 24)))
        self.hosts[name] = HostNetwork(self, name, interfaces)
        return self.hosts[name]

    def listen(self, host: str, address: str, port: int, factory: ProtocolFactory) -> Listener:
        """`HostNetwork.listen` of the host with that lab key."""
        return self.hosts[host].listen(address, port, factory)

    def host_at(self, address: str) -> HostNetwork | None:
        """The host that has this address, if it is plugged in."""
        return next((host for host in self.hosts.values() if host.plugged and address in host.addresses and not address.startswith("127.")), None)

    async def establish(self, origin: HostNetwork, address: str, port: int, source: str | None, timeout: float | None) -> StreamTransport:
        """The client's end of a new connection. Raises OSError, TimeoutError."""
        local = source or origin.source_for(address)
        if source is not None and not origin.owns(source):
            raise os_error(errno.EADDRNOTAVAIL)
        if source is not None and source.startswith("127.") and not origin.owns(address):
            raise os_error(errno.EINVAL)
        if local is None:
            raise os_error(errno.ENETUNREACH)
        target = origin if origin.owns(address) else self.host_at(address)
        fault = self.faults.connect(origin.name, target.name if target else None, address, port)
        if target is not origin and not origin.plugged:
            target = None
        if fault == "dropped":
            await self._wait(SYN_SECONDS, timeout, errno.ETIMEDOUT)
        if target is None:
            await self._wait(UNREACHABLE_SECONDS, timeout, errno.EHOSTUNREACH)
            raise os_error(errno.EHOSTUNREACH)
        listener = target.listener(address, port)
        if fault == "refused" or listener is None or len(listener.waiting) >= BACKLOG:
            raise os_error(errno.ECONNREFUSED)
        return self.join(origin, target, listener, Address(local, origin.ephemeral_port()), Address(address, port))

    async def _wait(self, seconds: float, timeout: float | None, number: int) -> None:
        """Nobody answers: after `seconds` the kernel gives up with error `number`, unless the caller does so earlier."""
        if timeout is not None and timeout < seconds:
            await asyncio.sleep(timeout)
            raise os_error(errno.ETIMEDOUT)
        await asyncio.sleep(seconds)
        raise os_error(number)

    def join(self, origin: HostNetwork, target: HostNetwork, listener: Listener, local: Address, remote: Address) -> StreamTransport:
        """The two ends of a new connection: returns the client's, offers the server's to the listener."""
        link = self.faults.link(origin.name, target.name, remote)
        record = Transcript(origin.name, target.name, local, remote, self.clock.now)
        ends: dict[str, Any] = {"host": origin.name, "peer_host": target.name}
        client = StreamTransport(self.clock, link, "client", ends | {"sockname": local.pair(), "peername": remote.pair()}, record)
        server = StreamTransport(
            self.clock, link, "server", {"host": target.name, "peer_host": origin.name, "sockname": remote.pair(), "peername": local.pair()}, record
        )
        client.peer, server.peer = server, client
        self.transcripts.append(record)
        for host, end in ((origin, client), (target, server)):
            host.connections = [one for one in host.connections if not one.lost]
            host.connections.append(end)
        self.clock.loop.call_soon(listener.offer, server)
        return client

    def note(self, call: str, **how: Any) -> None:
        """Something was done to the network that no command of a host did."""
        if self.history is not None:
            self.history("network", call=call, how=how)

    def redo(self, call: str, how: dict[str, Any]) -> None:
        """Do again what was noted."""
        place: Any = self
        for name in call.split("."):
            place = getattr(place, name)
        place(**how)

    def unplug(self, name: str) -> None:
        """Pull a host's cable: nobody reaches it, and what is under way gets no answer any more."""
        self.hosts[name].set_carrier(False)
        self.note("unplug", name=name)

    def plug(self, name: str) -> None:
        """Put the cable back."""
        self.hosts[name].set_carrier(True)
        self.note("plug", name=name)

    def quiet(self) -> bool:
        """No connection is open: the lab can be copied."""
        for host in self.hosts.values():
            host.connections = [one for one in host.connections if not one.lost]
        return not any(host.connections for host in self.hosts.values())
