"""NAME
    getent - entries from the name service databases

SYNOPSIS
    getent database [key ...]

DESCRIPTION
    Shows entries as programs get them: hosts (from /etc/hosts and the DNS), ahosts, ahostsv4, passwd, group, shadow,
    services. Without a key all entries of a file are shown.

EXIT STATUS
    0; 1 for a wrong database, 2 when a key is not found.

DIFFERS FROM GETENT
    No networks, protocols, rpc, netgroup, initgroups, aliases.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

from simulator.net.resolver import Resolver
from simulator.unix.program import Process, program

_FILES = {"passwd": "/etc/passwd", "group": "/etc/group", "shadow": "/etc/shadow"}
_HINT = "Try `getent --help' or `getent --usage' for more information.\n"
_ALL_OF = (None,)


@program("/usr/bin/getent")
def main(p: Process) -> int:
    words = [word for word in p.argv[1:] if not word.startswith("-")]
    if not words:
        p.err(f"getent: wrong number of arguments\n{_HINT}")
        return 1
    database, keys = words[0], words[1:]
    if database not in _DATABASES:
        p.err(f"Unknown database: {database}\n{_HINT}")
        return 1
    found = True
    for key in keys or _ALL_OF:
        lines = list(_DATABASES[database](p, key))
        p.out("".join(lines))
        found &= bool(lines)
    return 0 if found else 2


def _of_file(path: str) -> Callable[[Process, str | None], Iterator[str]]:
    def entries(p: Process, key: str | None) -> Iterator[str]:
        for line in p.read(path).decode("utf-8", "replace").splitlines():
            fields = line.split(":")
            number = fields[2] if len(fields) > 2 and path != "/etc/shadow" else None
            if key is None or key in (fields[0], number):
                yield line + "\n"
                if key is not None:
                    return

    return entries


def _services(p: Process, key: str | None) -> Iterator[str]:
    for line in p.read("/etc/services").decode("utf-8", "replace").splitlines():
        words = line.split("#")[0].split()
        if len(words) < 2:
            continue
        number, _, protocol = words[1].partition("/")
        wanted, _, kind = (key or "").partition("/")
        if key is None or (wanted in (number, words[0], *words[2:]) and kind in ("", protocol)):
            yield f"{words[0]:<21} {words[1]}" + "".join(f" {name}" for name in words[2:]) + "\n"
            if key is not None:
                return


def _host_line(address: str, names: list[str]) -> str:
    return f"{address:<15} {' '.join(names)}\n"


def _hosts(p: Process, key: str | None) -> Iterator[str]:
    resolver = Resolver(p.host.net, p.fs)
    if key is None:
        yield from (_host_line(address, names) for address, names in resolver.hosts())
        return
    try:
        address = str(ipaddress.ip_address(key))
    except ValueError:
        known = [(address, names) for address, names in resolver.hosts() if key.lower() in map(str.lower, names)]
        if known:
            yield from (_host_line(address, names) for address, names in known[:1])
            return
        found = resolver.addresses(key)
        p.sleep(found.seconds)
        yield from (_host_line(address, [found.name]) for address in found.addresses)
        return
    found = resolver.name(address)
    names = next((names for one, names in resolver.hosts() if one == address), [found.name])
    if not found.error:
        yield _host_line(address, names)


def _ahosts(p: Process, key: str | None) -> Iterator[str]:
    if key is None:
        yield from _hosts(p, None)
        return
    found = Resolver(p.host.net, p.fs).addresses(key)
    p.sleep(found.seconds)
    for number, address in enumerate(found.addresses):
        yield f"{address:<15} STREAM {found.name if number == 0 else ''}\n"
        yield f"{address:<15} DGRAM  \n"
        yield f"{address:<15} RAW    \n"


_DATABASES: dict[str, Callable[[Process, str | None], Iterator[str]]] = {
    "hosts": _hosts,
    "ahosts": _ahosts,
    "ahostsv4": _ahosts,
    "services": _services,
} | {name: _of_file(path) for name, path in _FILES.items()}
