"""What is installed on hosts: importing this module registers every program, and names each package's steps.

This is the one place that knows all the mail systems; they do not know each other.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable

from simulator.dovecot.package import install_dovecot
from simulator.postfix import manuals
from simulator.postfix import package as postfix
from simulator.unix.host import Host
from simulator.unix.snakeoil import install_snakeoil

#: Packages whose modules register programs.
_PROGRAM_PACKAGES = ("simulator.shell.commands", "simulator.netprog", "simulator.postfix.commands", "simulator.mua", "simulator.mda", "simulator.mra",
                     "simulator.dovecot")

#: What installing a package does besides its programs.
PACKAGE_STEPS: dict[str, Callable[[Host], None]] = {"ssl-cert": install_snakeoil, "postfix": postfix.install_postfix,
                                                  "dovecot": install_dovecot}


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
manuals.register()


def prepare_daemons(hosts: Iterable[Host]) -> None:
    """What Debian's installation and service scripts do before the mail system can start."""
    for host in hosts:
        if host.fs.exists("/usr/sbin/postfix"):
            if not host.fs.exists("/etc/aliases.db"):
                host.execute_as("root", ["newaliases"])
            postfix.configure_instance(host)


def start_daemons(hosts: Iterable[Host]) -> None:
    """Start the mail systems of hosts that boot."""
    for host in hosts:
        if host.fs.exists("/usr/sbin/postfix"):
            host.execute_as("root", ["postfix", "start"])
