"""What is installed on hosts: importing this module registers every program, and names each package's steps.

This is the one place that knows all the mail systems; they do not know each other.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable

from simulator.postfix import package as postfix
from simulator.unix.host import Host

#: Packages whose modules register programs.
_PROGRAM_PACKAGES = ("simulator.shell.commands", "simulator.netprog", "simulator.postfix", "simulator.mua", "simulator.mda", "simulator.mra",
                     "simulator.dovecot")

#: What installing a package does besides its programs.
PACKAGE_STEPS: dict[str, Callable[[Host], None]] = {"postfix": postfix.install_postfix}


def _register(name: str) -> None:
    try:
        package = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return
    for entry in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(entry.name)


for _name in _PROGRAM_PACKAGES:
    _register(_name)


def start_daemons(hosts: Iterable[Host], started: bool) -> None:
    """Boot: what Debian's service scripts do before and at the start of the mail system."""
    for host in hosts:
        if not host.fs.exists("/usr/sbin/postfix"):
            continue
        root = {"cred": host.users.cred("root"), "user": "root", "env": host.environment("root"), "cwd": "/root"}
        if not host.fs.exists("/etc/aliases.db"):
            host.execute(["newaliases"], **root)
        postfix.configure_instance(host)
        if started:
            host.execute(["postfix", "start"], **root)
