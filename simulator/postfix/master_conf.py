"""The services of master.cf: set up at the start, compared with the file at a reload. Part of master(8)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.postfix import master_listen
from simulator.postfix.lib.master_cf import MasterDefaults, ServiceEntry, read_services
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.master_service import Service

if TYPE_CHECKING:
    from simulator.postfix.master import Master


def begin(master: Master) -> None:
    """Set up all services. Raises Fatal; those before a broken line listen already."""
    for entry in _entries(master):
        _add(master, entry)


def refresh(master: Master) -> list[Service]:
    """postfix reload: services come, change and go; those of the file in its order. Raises Fatal."""
    found: dict[str, Service] = {}
    for entry in _entries(master):
        key = _key(entry)
        service = master.services.get(key)
        if service is None:
            service = _add(master, entry)
        elif key in found:
            _duplicate(master, service, entry)
        else:
            service.restart(entry)
        found[key] = service
    for key in [key for key in master.services if key not in found]:
        service = master.services.pop(key)
        service.end()
        master_listen.close_socket(master, service)
    return list(found.values())


def _entries(master: Master) -> Iterator[ServiceEntry]:
    path, params = master.master_cf_path, master.params
    try:
        text = master.host.fs.read(path).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Fatal(f"open {path}: {error.strerror}") from error
    defaults = MasterDefaults(params.int("default_process_limit"), disabled=params["master_service_disable"])
    before_inet = functools.partial(_before_inet, master)
    addresses = functools.partial(master_listen.host_addresses, master)
    return read_services(text, path, defaults, master.log.warning, master.log.info, before_inet, addresses)


def _before_inet(master: Master, name: str) -> None:
    if master.params["inet_interfaces"] != master.interfaces:
        master.log.warning(f"service {name}: ignoring inet_interfaces change")
        master.log.warning("to change inet_interfaces, stop and start Postfix")


def _add(master: Master, entry: ServiceEntry) -> Service:
    old = master.services.get(_key(entry))
    if old is not None:
        _duplicate(master, old, entry)
        return old
    service = Service(master, entry)
    master_listen.open_socket(master, service)
    master.services[_key(entry)] = service
    return service


def _duplicate(master: Master, service: Service, entry: ServiceEntry) -> None:
    master.log.warning(f'duplicate master.cf entry for service "{service.entry.name}" ({service.path}) -- using the last entry')
    service.entry = entry


def _key(entry: ServiceEntry) -> str:
    return f"inet:{entry.name}" if entry.type == "inet" else entry.socket
