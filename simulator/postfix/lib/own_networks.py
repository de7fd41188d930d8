"""This host's own addresses and networks: postconf(5) inet_interfaces, inet_protocols, mynetworks, mynetworks_style."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from simulator.postfix.lib.logical_lines import Warn, tokens
from simulator.postfix.lib.msg import Fatal

Resolve = Callable[[str, int], tuple[str, ...]]
Address = ipaddress.IPv4Interface | ipaddress.IPv6Interface

PROTOCOLS = {"all": (4, 6), "ipv6": (6,), "ipv4": (4,)}
STYLES = ("class", "subnet", "host")
#: Classes of IPv4 networks by the first bits of the address: RFC 791 3.2.
_CLASSES = ((0x80, 8), (0xC0, 16), (0xE0, 24), (0xF0, 4))


@dataclass(frozen=True, slots=True)
class Interfaces:
    """What the kernel lists: addresses with the length of their network, loopback first."""

    addresses: tuple[Address, ...]

    @classmethod
    def of(cls, ipv4: list[tuple[str, int]]) -> Interfaces:
        """From IPv4 addresses. The kernel adds ::1 and a link-local address (RFC 4291 2.5.6) to every other interface."""
        found: list[Address] = [ipaddress.IPv4Interface(f"{address}/{length}") for address, length in ipv4]
        local = [one for one in found if not one.ip.is_loopback]
        found.append(ipaddress.IPv6Interface("::1/128"))
        found += [ipaddress.IPv6Interface(f"fe80::a00:27ff:fe{int(one.ip) >> 16 & 0xFF:02x}:{int(one.ip) & 0xFFFF:x}/64") for one in local]
        return cls(tuple(found))

    def own(self, families: tuple[int, ...], interfaces: str, resolve: Resolve) -> tuple[Address, ...]:
        """The addresses at which this mail system receives mail. Raises Fatal for a name or an address that is not of this host."""
        here = tuple(one for one in self.addresses if one.version in families)
        if interfaces == "all" or not families:
            return here
        if interfaces == "loopback-only":
            return tuple(one for one in here if one.ip.is_loopback)
        found: set[Address] = set()
        for host in tokens(interfaces, " \t,"):
            name = host[1:-1] if host.startswith("[") and host.endswith("]") else host
            addresses = [address for family in families for address in resolve(name, family)]
            if not addresses:
                raise Fatal(f"config variable inet_interfaces: host not found: {host}")
            for address in addresses:
                found.add(_interface(address, here))
        ordered = sorted(found, key=lambda one: (one.version, int(one.ip)))
        missing = next((one for one in ordered if one not in here), None)
        if missing is not None:
            raise Fatal(f"parameter inet_interfaces: no local interface found for {missing.ip}")
        return tuple(ordered)


def _interface(address: str, here: tuple[Address, ...]) -> Address:
    ip = ipaddress.ip_address(address)
    return next((one for one in here if one.ip == ip), ipaddress.ip_interface(address))


def families(inet_protocols: str) -> tuple[int, ...]:
    """4 and 6, as far as inet_protocols wants them. Raises Fatal."""
    found: set[int] = set()
    for word in tokens(inet_protocols, ", \t\r\n"):
        if word not in PROTOCOLS:
            raise Fatal(f'unknown inet_protocols value "{word}" in "{inet_protocols}"')
        found.update(PROTOCOLS[word])
    return tuple(sorted(found))


def check_style(style: str) -> str:
    """The one word that mynetworks_style must be. Raises Fatal."""
    words = tokens(style, ", \t\r\n")
    for word in words:
        if word not in STYLES:
            raise Fatal(f'unknown mynetworks mask style value "{word}" in "{style}"')
    if len(set(words)) != 1:
        raise Fatal(f"bad mynetworks_style value: {style}; specify exactly one value")
    return words[0]


def mynetworks(style: str, own: tuple[Address, ...]) -> str:
    """The default of mynetworks: the networks of the own addresses, as patterns that end in a blank each."""
    networks = dict.fromkeys(_network(one, style) for one in own)
    return "".join(f"{network} " for network in networks)


def _network(one: Address, style: str) -> str:
    length = one.max_prefixlen if style == "host" else one.network.prefixlen
    if one.version == 4 and style == "class":
        length = next((bits for top, bits in _CLASSES if one.ip.packed[0] < top), 0)
        if not length:
            raise Fatal(f"mynetworks_core: unknown address class: {one.ip}")
    network = ipaddress.ip_network(f"{one.ip}/{length}", strict=False)
    return str(network) if one.version == 4 else f"[{network.network_address}]/{length}"


def check_ports(known_tcp_ports: str, warn: Warn) -> None:
    """Warn of entries of known_tcp_ports that are not `name = name = port`: postconf(5) known_tcp_ports."""
    seen: set[str] = set()
    for entry in tokens(known_tcp_ports, ","):
        parts = entry.split("=")
        if len(parts) == 1:
            warn(f'known_tcp_ports: in "{entry}" is not in "name = value" form')
            continue
        problem = _port_problem(parts[:-1], parts[-1], seen)
        if problem:
            warn(f'known_tcp_ports: in "{entry}": {problem}')


def _port_problem(names: list[str], port: str, seen: set[str]) -> str:
    if len(port.split()) != 1:
        return "whitespace in port number" if port.split() else 'missing port value after "="'
    problems = [_name_problem(name.split(), port.strip(), seen) for name in names]
    return next((problem for problem in problems if problem), "")


def _name_problem(words: list[str], port: str, seen: set[str]) -> str:
    if len(words) != 1:
        return "whitespace in service name" if words else 'missing service name before "="'
    if words[0].isdigit():
        return "numerical service name"
    if not port.isdigit():
        return "non-numerical service port"
    if words[0] in seen:
        return "duplicate service name"
    seen.add(words[0])
    return ""
