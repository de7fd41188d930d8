"""The sockets of services: files under private/ and public/ in the spool, ports on the network. Part of master(8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.net.resolver import Resolver
from simulator.postfix.daemon import daemon_class
from simulator.postfix.lib.mailhost import is_address
from simulator.postfix.lib.msg import Fatal
from simulator.unix.fs import Cred

if TYPE_CHECKING:
    from simulator.postfix.lib.master_cf import ServiceEntry
    from simulator.postfix.master import Master
    from simulator.postfix.master_service import Service

_SOCKET_MODE = 0o666


def port_number(master: Master, port: str) -> int | None:
    """The number for a port's name, by /etc/services."""
    if port.isdigit():
        return int(port)
    try:
        text = master.host.fs.read("/etc/services").decode("utf-8", "surrogateescape")
    except OSError:
        return None
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1 and words[1].endswith("/tcp") and port in (words[0], *words[2:]):
            return int(words[1].partition("/")[0])
    return None


def host_addresses(master: Master, name: str) -> tuple[str, ...]:
    """The addresses of a name, as far as inet_protocols wants them."""
    resolver = Resolver(master.host.net, master.host.fs)
    return tuple(address for family in master.families for address in resolver.addresses(name, family).addresses)


def addresses(master: Master, entry: ServiceEntry) -> tuple[str, ...]:
    """Where an inet service listens: its own host, or postconf(5) inet_interfaces as master(8) found it at its start."""
    host, _ = entry.host_port
    if host:
        return (host,) if is_address(host) else host_addresses(master, host)
    if master.interfaces == "all":
        return tuple({4: "0.0.0.0", 6: "::"}[family] for family in master.families)
    return tuple(str(one.ip) for one in master.own)


def open_socket(master: Master, service: Service) -> None:
    """Start to listen. Raises Fatal: master(8) cannot go on with such a service."""
    if service.entry.type == "inet":
        _open_ports(master, service)
    elif service.entry.type in ("unix", "unix-dgram", "fifo"):
        _open_file(master, service)


def _open_ports(master: Master, service: Service) -> None:
    _, port = service.entry.host_port
    number = port_number(master, port)
    where = addresses(master, service.entry)
    if not where:
        raise Fatal(f"{master.master_cf_path}: line {service.entry.line}: no valid IP address found: {service.entry.name}")
    for address in where:
        if number is None:
            raise Fatal(f"{address}:{port}: Servname not supported for ai_socktype")
        try:
            listener: Any = master.host.net.listen(address, number, service.accept, program="master", pid=master.pid)
        except OSError as error:
            raise Fatal(f"bind {address} port {number}: {error.strerror}") from error
        service.listeners.append(listener)


def _open_file(master: Master, service: Service) -> None:
    fs, path = master.host.fs, f"{master.queue_directory}/{service.path}"
    if fs.exists(path):
        fs.unlink(path)
    kind = "p" if service.entry.type == "fifo" else "s"
    owner = master.owner
    fs.mknod(path, kind, Cred(owner.uid, owner.gid, frozenset(), 0), _SOCKET_MODE)
    daemon = daemon_class(service.program)
    if daemon is not None and daemon.streams:
        service.listeners.append(master.host.net.listen_unix(path, service.accept, program="master", pid=master.pid))


def close_socket(master: Master, service: Service) -> None:
    """Stop to listen. The file in the spool stays, so that clients see "Connection refused"."""
    for listener in service.listeners:
        master.host.net.close(listener)
    service.listeners.clear()
