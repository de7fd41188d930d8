"""A world: `labs/NAME/lab.toml` and, beside it, a folder of real files for each host.

lab.toml names the hosts (`[hosts.KEY]` with hostname, address, mailname, resolver, users, packages), the start of virtual
time, the title in both languages, and what `simulator.net` reads of it (`[dns]`, `[net]`). Every file below
`labs/NAME/KEY/` is laid over the fresh host at the same path, as root's.
"""

from __future__ import annotations

import datetime
import functools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any

from simulator.content import folder, names

#: Packages of a host whose lab.toml names none.
PACKAGES = (
    "base", "man-db", "ssl-cert", "postfix", "mailutils", "jq", "swaks",
    "openssl", "dovecot", "fetchmail", "procmail", "perl", "dnsutils", "iputils-ping", "netcat", "telnet",
)


class WorldError(ValueError):
    """lab.toml is wrong: one line that names the file, the key and what was expected."""


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What lab.toml says of one host. `files` maps absolute paths to contents."""

    name: str
    hostname: str
    address: str
    mailname: str
    resolver: str
    users: tuple[str, ...]
    packages: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class World:
    """What lab.toml says."""

    name: str
    start: float
    title: dict[str, str]
    hosts: tuple[HostPlan, ...]
    settings: dict[str, Any]


def available() -> list[str]:
    """The names of all worlds."""
    return names("labs", "lab.toml")


@functools.cache
def load(name: str) -> World:
    """Read a world. Raises WorldError for an unknown or malformed one."""
    if not name.replace("-", "").replace("_", "").isalnum() or not folder("labs").joinpath(name, "lab.toml").is_file():
        raise WorldError(f"no lab named {name!r} (there are: {', '.join(available())})")
    root = folder("labs").joinpath(name)
    where = f"labs/{name}/lab.toml"
    try:
        data = tomllib.loads(root.joinpath("lab.toml").read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise WorldError(f"{where}: not TOML: {error}") from error
    start = _need(data, "start", datetime.datetime, where)
    hosts = _need(data, "hosts", dict, where)
    plans = tuple(_host(key, _need(hosts, key, dict, f"{where}: hosts"), root, where) for key in hosts)
    return World(name, start.timestamp(), data.get("title", {}), plans, data)


def _need(table: dict[str, Any], key: str, kind: type, where: str) -> Any:
    value = table.get(key)
    if not isinstance(value, kind):
        raise WorldError(f"{where}: {key}: expected {kind.__name__}, found {'nothing' if value is None else repr(value)}")
    return value


def _host(key: str, table: dict[str, Any], root: Traversable, where: str) -> HostPlan:
    where = f"{where}: hosts.{key}"
    hostname = _need(table, "hostname", str, where)
    overlay = root.joinpath(key)
    files = tuple(_files(overlay, "")) if overlay.is_dir() else ()
    return HostPlan(
        key,
        hostname,
        _need(table, "address", str, where),
        table.get("mailname", hostname),
        table.get("resolver", ""),
        tuple(table.get("users", ())),
        tuple(table.get("packages", PACKAGES)),
        files,
        table,
    )


def _files(directory: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(directory.iterdir(), key=lambda item: item.name):
        if entry.is_dir():
            yield from _files(entry, f"{path}/{entry.name}")
        else:
            yield f"{path}/{entry.name}", entry.read_bytes()
