"""NAME
    apt, apt-get, apt-cache, aptitude, dpkg - the packages of a Debian host

SYNOPSIS
    apt install NAME...     apt show NAME...     apt-cache policy NAME...
    aptitude show NAME...   dpkg -l [NAME...]    dpkg -S FILE    dpkg -L NAME

DESCRIPTION
    The package database of a fresh host: what is installed, in which version, what it needs and what it excludes. Postfix
    and exim4-daemon-light both provide mail-transport-agent and conflict with it: only one of them can be installed.

DIFFERS FROM DEBIAN
    Installing and removing packages is not simulated: what is installed stays so.
"""

from __future__ import annotations

import functools
import posixpath
import tomllib
from collections.abc import Callable
from importlib import resources
from typing import Any

from simulator.unix.program import PROGRAMS, Process, program

_READING = "Reading package lists...\nBuilding dependency tree...\nReading state information...\n"
_UNSTABLE = "\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n\n"
_NOTHING_TO_DO = "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n"
_LOCKED = (
    "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\n"
    "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n"
)
#: What `apt show` and dpkg do not print in aptitude's words.
_LIST_HEAD = (
    "Desired=Unknown/Install/Remove/Purge/Hold\n"
    "| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend\n"
    "|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)\n"
)

Package = dict[str, Any]


@functools.cache
def database() -> dict[str, Package]:
    """Every known package by name, with the fields that aptitude shows, in its order."""
    return tomllib.loads(resources.files("simulator.shell").joinpath("data/packages.toml").read_text("utf-8"))


def is_installed(package: Package) -> bool:
    return bool(package.get("installed", True))


def _refuse(p: Process, what: str) -> int:
    p.err(f"simulator: {p.name}: {what} is not simulated\n")
    return 1


# -- apt, apt-get -------------------------------------------------------------------------------------------------------


def _install(p: Process, names: list[str]) -> int:
    if p.cred.uid:
        p.err(_LOCKED)
        return 100
    p.out(_READING)
    known = database()
    missing = [name for name in names if name not in known]
    if missing:
        p.err("".join(f"E: Unable to locate package {name}\n" for name in missing))
        return 100
    wanted = [name for name in names if not is_installed(known[name])]
    if wanted:
        return _refuse(p, f"installing {', '.join(wanted)}")
    p.out("".join(f"{name} is already the newest version ({known[name]['Version']}).\n" for name in names))
    p.out(_NOTHING_TO_DO)
    return 0


def _remove(p: Process, names: list[str]) -> int:
    if p.cred.uid:
        p.err(_LOCKED)
        return 100
    return _refuse(p, "removing packages")


def _update(p: Process, names: list[str]) -> int:
    return _refuse(p, "the network of package archives")


def _show(p: Process, names: list[str]) -> int:
    status = 0
    for name in names:
        package = database().get(name)
        if package is None:
            p.err(f"N: Unable to locate package {name}\nE: No packages found\n")
            status = 100
            continue
        p.out(
            f"Package: {name}\n"
            + "".join(f"{key}: {value}\n" for key, value in package.items() if key not in ("installed", "Uncompressed Size"))
            + "\n"
        )
    return status


def _policy(p: Process, names: list[str]) -> int:
    for name in names:
        package = database().get(name)
        if package is None:
            p.err(f"N: Unable to locate package {name}\n")
            continue
        version = package["Version"]
        p.out(f"{name}:\n  Installed: {version if is_installed(package) else '(none)'}\n  Candidate: {version}\n")
    return 0


_APT: dict[str, Callable[[Process, list[str]], int]] = {
    "install": _install,
    "remove": _remove,
    "purge": _remove,
    "autoremove": _remove,
    "update": _update,
    "upgrade": _update,
    "show": _show,
    "policy": _policy,
}


@program("/usr/bin/apt", "/usr/bin/apt-get", "/usr/bin/apt-cache")
def apt(p: Process) -> int:
    words = [word for word in p.argv[1:] if not word.startswith("-")]
    if p.name == "apt" and not p.tty:
        p.err(_UNSTABLE)
    if not words:
        return _refuse(p, "a call without a command")
    action = _APT.get(words[0])
    if action is None:
        if words[0].isalpha() and words[0] in ("list", "search", "depends", "rdepends", "download", "source", "edit-sources", "full-upgrade"):
            return _refuse(p, words[0])
        p.err(f"E: Invalid operation {words[0]}\n")
        return 100
    return action(p, words[1:])


# -- aptitude, dpkg -----------------------------------------------------------------------------------------------------


@program("/usr/bin/aptitude")
def aptitude(p: Process) -> int:
    words = [word for word in p.argv[1:] if not word.startswith("-")]
    if words[:1] != ["show"]:
        return _refuse(p, " ".join(words[:1]) or "the full-screen view")
    status = 0
    for name in words[1:]:
        package = database().get(name)
        if package is None:
            p.err(f"E: Unable to locate package {name}\n")
            status = 255
            continue
        p.out(_aptitude_page(name, package))
    return status


def _aptitude_page(name: str, package: Package) -> str:
    lines = [f"Package: {name}"]
    for key, value in package.items():
        if key == "installed":
            continue
        lines.append(f"{key}: {value}")
        if key == "Version":
            lines += ["State: installed", "Automatically installed: no"] if is_installed(package) else ["State: not installed"]
        if key == "Description":
            lines.append(" ")
    return "\n".join(lines) + "\n\n"


@program("/usr/bin/dpkg", "/usr/bin/dpkg-query")
def dpkg(p: Process) -> int:
    words = p.argv[1:]
    if words[:1] in (["-l"], ["--list"]):
        return _list(p, words[1:])
    if words[:1] in (["-S"], ["--search"]):
        return _search(p, words[1:])
    if words[:1] in (["-L"], ["--listfiles"]):
        return _files(p, words[1:])
    return _refuse(p, " ".join(words[:1]) or "a call without an option")


def _list(p: Process, names: list[str]) -> int:
    known = {name: package for name, package in sorted(database().items()) if is_installed(package)}
    found = {name: known[name] for name in sorted(names) if name in known} if names else known
    for name in names:
        if name not in known:
            p.err(f"dpkg-query: no packages found matching {name}\n")
    if not found:
        return 1
    rows = [("Name", "Version", "Architecture", "Description")]
    rows += [(name, package["Version"], package["Architecture"], package["Description"]) for name, package in found.items()]
    widths = [max(14, *(len(row[0]) for row in rows)), max(12, *(len(row[1]) for row in rows)), 12, max(len(row[3]) for row in rows)]
    p.out(_LIST_HEAD)
    for index, row in enumerate(rows):
        mark = "||/" if index == 0 else "ii "
        p.out(f"{mark} " + " ".join(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=False)) + f" {row[3]}\n")
        if index == 0:
            p.out("+++-" + "-".join("=" * width for width in widths) + "\n")
    return 0 if len(found) == len(names) or not names else 1


def _owner(path: str) -> str | None:
    """The package of an installed program."""
    for entry in PROGRAMS.values():
        if path in entry.paths and entry.package in database():
            return entry.package
    return None


def _search(p: Process, paths: list[str]) -> int:
    status = 0
    for path in paths:
        package = _owner(posixpath.normpath(path))
        if package is None:
            p.err(f"dpkg-query: no path found matching pattern {path}\n")
            status = 1
        else:
            p.out(f"{package}: {path}\n")
    return status


def _files(p: Process, names: list[str]) -> int:
    status = 0
    for name in names:
        files = sorted(path for entry in PROGRAMS.values() if entry.package == name for path in entry.paths)
        if name not in database() or not is_installed(database()[name]):
            p.err(f"dpkg-query: package '{name}' is not installed\nUse dpkg --contents (= dpkg-deb --contents) to list archive files contents.\n")
            status = 1
            continue
        p.out("".join(f"{path}\n" for path in files))
    return status
