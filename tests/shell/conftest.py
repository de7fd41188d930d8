"""A fresh host for each test."""

from collections.abc import Iterator

import pytest

from simulator.lab import open_lab
from simulator.shell.bash import Shell
from simulator.unix.fs import ROOT
from simulator.unix.host import Host


@pytest.fixture
def host() -> Host:
    """The host of the lab "ubuntu", with its users anna, bernd and carla."""
    return open_lab("ubuntu")["ubuntu"]


@pytest.fixture
def terminal(host: Host) -> Iterator[Shell]:
    """root's shell on a terminal."""
    shell = Shell(host, "root", ROOT, host.environment("root"), "/root", tty=True)
    yield shell
    shell.close()
