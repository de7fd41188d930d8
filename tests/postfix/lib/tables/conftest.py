"""A host with files, and what its tables say."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from simulator import Host, open_lab
from simulator.postfix.lib.parameters import Parameters
from simulator.postfix.lib.tables import TableContext
from simulator.unix.fs import ROOT


@dataclass
class Tables:
    """A process of this host: its context and the warnings and errors of its tables."""

    host: Host
    daemon: bool = False
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def context(self) -> TableContext:
        params = Parameters.read(self.host)
        error = self.errors.append if self.daemon else None
        return TableContext(self.host, ROOT, params, self.warnings.append, "test", error, directory="/root")

    def write(self, name: str, text: str) -> None:
        self.host.fs.write(f"/root/{name}", text.encode("utf-8", "surrogateescape"))


@pytest.fixture
def host() -> Host:
    return open_lab("ubuntu", started=False, seed=0)["ubuntu"]


@pytest.fixture
def tables(host: Host) -> Tables:
    return Tables(host)


@pytest.fixture
def ask(tables: Tables) -> Callable[..., str | None]:
    """Open a table and look one key up."""
    from simulator.postfix.lib.tables import open_table

    def answer(spec: str, key: str, **more: int) -> str | None:
        return open_table(spec, tables.context(), **more).lookup(key)

    return answer
