"""NAME
    ip - network interfaces, addresses and routes

SYNOPSIS
    ip [-4] [-6] [-br] [-o] address [show] [dev]
    ip [-br] link [show] [dev]
    ip link set dev {up|down}
    ip route [show]
    ip route get address

DESCRIPTION
    Shows what this host is on the network. `link set eth0 down` takes the host off the network, `up` brings it back.

DIFFERS FROM IP
    Addresses and routes cannot be changed; there are no rules, tunnels and neighbours.
"""

from __future__ import annotations

from simulator.net.network import Interface
from simulator.unix.program import Process, program

_FOREVER = "       valid_lft forever preferred_lft forever\n"
_OBJECTS = ("address", "link", "route", "neighbour")


@program("/bin/ip", "/sbin/ip", "/usr/sbin/ip", "/usr/bin/ip")
def main(p: Process) -> int:
    flags = [word for word in p.argv[1:] if word.startswith("-")]
    words = [word for word in p.argv[1:] if not word.startswith("-")]
    if not words:
        p.err("Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n       ip [ -force ] -batch filename\n")
        return 255
    kind = next((name for name in _OBJECTS if name.startswith(words[0])), "")
    if not kind:
        p.err(f'Object "{words[0]}" is unknown, try "ip help".\n')
        return 1
    return _COMMANDS[kind](p, flags, words[1:])


def _mac(net: str, interface: Interface) -> str:
    numbers = [int(part) for part in interface.address.split(".")]
    return "02:00:" + ":".join(f"{number:02x}" for number in numbers)


def _chosen(p: Process, words: list[str]) -> list[tuple[int, Interface]] | None:
    names = [word for word in words if word not in ("show", "list", "ls", "dev", "s", "l", "sh")]
    numbered = [(place + 1, interface) for place, interface in enumerate(p.host.net.interfaces)]
    if names and not any(interface.name == names[0] for _, interface in numbered):
        p.err(f'Device "{names[0]}" does not exist.\n')
        return None
    return [(place, interface) for place, interface in numbered if not names or interface.name == names[0]]


def _state(p: Process, interface: Interface) -> str:
    return "UNKNOWN" if interface.name == "lo" else "UP" if p.host.net.plugged else "DOWN"


def _head(p: Process, place: int, interface: Interface, mode: str) -> str:
    state = _state(p, interface)
    if interface.name == "lo":
        return f"{place}: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN {mode}group default qlen 1000\n"
    flags = "BROADCAST,MULTICAST,UP,LOWER_UP" if state == "UP" else "BROADCAST,MULTICAST"
    return f"{place}: {interface.name}: <{flags}> mtu 1500 qdisc noqueue state {state} {mode}group default qlen 1000\n"


def _hardware(p: Process, interface: Interface) -> str:
    if interface.name == "lo":
        return "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
    return f"    link/ether {_mac(p.host.name, interface)} brd ff:ff:ff:ff:ff:ff\n"


def _address(p: Process, flags: list[str], words: list[str]) -> int:
    if words[:1] in (["add"], ["del"], ["flush"]):
        p.err(f"simulator: ip: address {words[0]} is not simulated\n")
        return 1
    chosen = _chosen(p, words)
    if chosen is None:
        return 1
    for place, interface in chosen:
        scope = "host lo" if interface.name == "lo" else f"global {interface.name}"
        line = f"inet {interface.address}/{interface.prefix} scope {scope}"
        sixth = interface.name == "lo" and "-4" not in flags
        if "-br" in flags or "-brief" in flags:
            more = "::1/128 " if sixth else ""
            p.out(f"{interface.name:<16} {_state(p, interface):<14} {interface.address}/{interface.prefix} {more}\n")
        elif "-o" in flags:
            p.out(f"{place}: {interface.name}    {line}\\{_FOREVER}")
        elif "-4" in flags:
            p.out(_head(p, place, interface, "") + f"    {line}\n{_FOREVER}")
        else:
            more = f"    inet6 ::1/128 scope host \n{_FOREVER}" if sixth else ""
            p.out(_head(p, place, interface, "") + _hardware(p, interface) + f"    {line}\n{_FOREVER}{more}")
    return 0


def _link(p: Process, flags: list[str], words: list[str]) -> int:
    if words[:1] == ["set"]:
        return _set_link(p, [word for word in words[1:] if word != "dev"])
    chosen = _chosen(p, words)
    if chosen is None:
        return 1
    for place, interface in chosen:
        if "-br" in flags or "-brief" in flags:
            hardware = _hardware(p, interface).split()[1]
            inside = _head(p, place, interface, "").split("<")[1].split(">")[0]
            p.out(f"{interface.name:<16} {_state(p, interface):<14} {hardware} <{inside}> \n")
        else:
            p.out(_head(p, place, interface, "mode DEFAULT ") + _hardware(p, interface))
    return 0


def _set_link(p: Process, words: list[str]) -> int:
    net = p.host.net
    if not words or not any(interface.name == words[0] for interface in net.interfaces):
        p.err(f'Cannot find device "{words[0] if words else ""}"\n')
        return 1
    if p.cred.uid:
        p.err("RTNETLINK answers: Operation not permitted\n")
        return 2
    if words[1:] == ["down"]:
        net.set_carrier(False)
    elif words[1:] == ["up"]:
        net.set_carrier(True)
    else:
        p.err(f"simulator: ip: link set {' '.join(words)} is not simulated\n")
        return 1
    return 0


def _route(p: Process, flags: list[str], words: list[str]) -> int:
    net = p.host.net
    if words[:1] == ["get"] and len(words) > 1:
        source = net.source_for(words[1])
        if source is None:
            p.err("RTNETLINK answers: Network is unreachable\n")
            return 2
        device = next((interface.name for interface in net.interfaces if interface.address == source), "lo")
        p.out(f"{words[1]} dev {device} src {source} uid {p.cred.uid} \n    cache \n")
        return 0
    if words and words[0] not in ("show", "list", "ls"):
        p.err(f"simulator: ip: route {words[0]} is not simulated\n")
        return 1
    for interface in net.interfaces[1:]:
        if net.plugged:
            p.out(f"{interface.network} dev {interface.name} proto kernel scope link src {interface.address} \n")
    return 0


def _neighbour(p: Process, flags: list[str], words: list[str]) -> int:
    p.err("simulator: ip: neighbour is not simulated\n")
    return 1


_COMMANDS = {"address": _address, "link": _link, "route": _route, "neighbour": _neighbour}
