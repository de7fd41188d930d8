"""What a lookup table must know of the process that opens it, and the tables that the process has opened: dict_register(3)."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.postfix.lib.parameters import Parameters
    from simulator.postfix.lib.resolve_local import LocalDomains
    from simulator.postfix.lib.tables.dict import Table
    from simulator.unix.fs import Cred, Fs
    from simulator.unix.host import Host

Say = Callable[[str], None]


@dataclass(slots=True)
class TableContext:
    """One process as its tables see it.

    `warn` gets warnings. `error` gets what keeps a table from being opened: a daemon says it and goes on with a table that
    is unavailable; without it, as in commands, that is fatal. `raw` is a command's standard error, for what the Berkeley DB
    library itself says there. `info` gets what is done, with the option -v. `directory` is where relative names begin (a daemon's is the
    queue directory, a command's its own). `environment` is for environ: tables; `sleep` lets time pass in a command that
    waits until a file that was just written has aged. `root` is the chroot
    in which a daemon asks the tables that it opened before.
    """

    host: Host
    cred: Cred
    params: Parameters
    warn: Say
    program: str = ""
    error: Say | None = None
    raw: Say | None = None
    info: Say | None = None
    directory: str = "/var/spool/postfix"
    root: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    sleep: Callable[[float], None] | None = None
    opened: dict[str, Table] = field(default_factory=dict)
    _local_domains: LocalDomains | None = None

    @property
    def fs(self) -> Fs:
        return self.host.fs

    def tell(self, text: str) -> None:
        """Plain information for those who gave the option -v."""
        if self.info is not None:
            self.info(text)

    def path(self, name: str) -> str:
        """The absolute path of a file that a table's name gives."""
        return posixpath.join(self.directory, name)

    @property
    def utf8(self) -> bool:
        """postconf(5) smtputf8_enable: keys and values must be UTF-8, and fold case as Unicode does."""
        return self.params.bool("smtputf8_enable")

    @property
    def local_domains(self) -> LocalDomains:
        """mydestination and the host's own address literals."""
        if self._local_domains is None:
            from simulator.postfix.lib.resolve_local import LocalDomains

            self._local_domains = LocalDomains(self)
        return self._local_domains
