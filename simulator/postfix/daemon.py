"""A process of a service in master.cf, and what all of Postfix's daemons have in common.

A daemon is a class in its own module (`local.py`: `class Local(DeliveryAgent)`, `program = "local"`; dashes in a program's
name are underscores in the module's). master(8) makes an instance when a process is needed: it has a pid, has read main.cf
once with the service's `-o` overrides, and keeps what it read until it ends.

    class Error(DeliveryAgent):                     # delivery_agent.py
        program = "error"
        def start(self): ...                        # open tables; log.fatal() throttles the service for a minute
        def deliver(self, request): ...             # delivery agents: report every recipient exactly once

    class Smtpd(Daemon):
        program = "smtpd"
        def accept(self): return protocol           # inet services: an asyncio protocol for a new connection; self.release() at its end
        def tables(self): return [...]              # whatever has .changed(): checked before the next client

    class Pickup(Daemon):
        def trigger(self, request): ...             # services that are woken up

Another service is reached by its NAME in master.cf: `self.call("rewrite").resolve(sender, address)`. `call` raises
ServiceUnavailable when the service is not in master.cf or throttled; a daemon that cannot do without uses `self.serve(...)`,
which tries again every ten seconds and gives up with a fatal error after ten attempts, as real clients do.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Protocol

from simulator.postfix.lib import log_lines
from simulator.postfix.lib.delivery_status import Reporter
from simulator.postfix.lib.mail_log import MailLog
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.parameters import Parameters
from simulator.postfix.lib.service_client import (
    CONNECT_ATTEMPTS,
    CONNECT_PAUSE,
    PUBLIC,
    ConnectionLost,
    ServiceUnavailable,
    request,
    service_path,
)
from simulator.postfix.lib.spool import Spool
from simulator.postfix.lib.tables import DomainList, TableContext
from simulator.unix.fs import ROOT, Cred, Fs

if TYPE_CHECKING:
    import asyncio

    from simulator.clock import Clock, Timer
    from simulator.postfix.master import Master
    from simulator.postfix.master_service import Service
    from simulator.unix.host import Host

__all__ = [
    "CONNECT_ATTEMPTS", "CONNECT_PAUSE", "DAEMONS", "PUBLIC", "Changeable", "ConnectionLost", "Daemon", "ServiceUnavailable",
    "daemon_class", "request", "service_path",
]

#: Daemon classes by the name of their program, filled as their modules are imported.
DAEMONS: dict[str, type[Daemon]] = {}


class Changeable(Protocol):
    """A lookup table, or several."""

    def changed(self) -> str | None: ...


def daemon_class(program: str) -> type[Daemon] | None:
    """The class for a program in master.cf, or None if it is not one of ours."""
    if program not in DAEMONS and program.replace("-", "_").isidentifier():
        module = f"simulator.postfix.{program.replace('-', '_')}"
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
    return DAEMONS.get(program)


class Daemon:
    """One process."""

    program: ClassVar[str] = ""
    #: One process serves many clients at a time: multi_server(3), event_server(3).
    multi: ClassVar[bool] = False
    #: Clients talk to a unix service over a connection, as to an inet service; the others are called.
    streams: ClassVar[bool] = False
    #: The process ends neither for idleness nor after max_use clients (CA_MAIL_SERVER_UNLIMITED of qmgr(8) and others).
    unlimited: ClassVar[bool] = False
    #: The process has given up root's rights when it opens its tables: virtual(8).
    opens_tables_as_owner: ClassVar[bool] = False
    #: The process limit that master.cf must give, 1 or 0; None: any. CA_MAIL_SERVER_SOLITARY and _UNLIMITED of the skeletons.
    process_limit: ClassVar[int | None] = None
    #: master.cf must say "unpriv n": the program acts as other users (CA_MAIL_SERVER_PRIVILEGED).
    privileged: ClassVar[bool] = False
    #: The process tells flush(8) of mail, and opens fast_flush_domains at its start: flush_init(3).
    tells_flush: ClassVar[bool] = False
    #: postconf(5) max_idle of this program where it is not the common one.
    max_idle_parameter: ClassVar[str] = "max_idle"

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "program" in cls.__dict__ and cls.program:
            DAEMONS[cls.program] = cls

    def __init__(self, master: Master, service: Service, pid: int) -> None:
        self.master = master
        self.service = service
        self.service_name: str = service.entry.name
        self.pid = pid
        self.busy = False
        self.retiring = False
        self.ended = False
        self.clients = 0
        self.use_count = 0
        self.idle_since = self.clock.now
        self.log = MailLog(master.host, master.ident(service, self.program), pid)
        self.params: Parameters = service.parameters(pid, self.log.warning)
        self.log.configure(self.params, self.program)
        self._reporter: Reporter | None = None
        self._spool: Spool | None = None
        self._table_context: TableContext | None = None
        self._waiting: Timer | None = None
        self._flush_domains: DomainList | None = None

    # -- for subclasses to fill -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open tables, check the configuration. `self.log.fatal(...)` is a bad command startup."""

    def check_entry(self) -> None:
        """What the program demands of its line in master.cf, looked at before anything is opened. Raises Fatal."""
        entry = self.service.entry
        if self.process_limit is not None and entry.maxproc != self.process_limit:
            self.fatal(log_lines.requires_limit(self.service_name, self.process_limit))
        if self.privileged and entry.unprivileged:
            self.fatal(log_lines.requires_privilege(self.service_name))

    def started(self) -> None:
        """Every daemon reads mydestination when it has opened its own tables: resolve_local(3). Raises Fatal."""
        if self.tells_flush:
            self._flush_domains = DomainList("fast_flush_domains", self.params["fast_flush_domains"], self.table_context)
        _ = self.table_context.local_domains

    def tables(self) -> Iterable[Changeable]:
        """What makes this process end when it has changed on disk."""
        return ()

    def stop(self) -> None:
        """The process ends in good order: a last word for the log."""

    def gone(self) -> None:
        """The process is no more, perhaps in the middle of its work: what hangs on it is cut off."""

    def trigger(self, request: str) -> None:
        """Somebody woke this service: "W" is master's timer or a new file."""

    def accept(self) -> asyncio.BaseProtocol:
        """A client has connected to an inet service."""
        raise NotImplementedError(self.program)

    # -- what a daemon has at hand --------------------------------------------------------------------------------------

    @property
    def host(self) -> Host:
        return self.master.host

    @property
    def fs(self) -> Fs:
        return self.master.host.fs

    @property
    def clock(self) -> Clock:
        return self.master.host.clock

    @property
    def cred(self) -> Cred:
        """The rights of the mail owner; daemons that start privileged take others for a single operation (set_eugid(3))."""
        return self.master.owner

    @property
    def spool(self) -> Spool:
        """The queue, with the rights of the mail owner."""
        if self._spool is None:
            self._spool = Spool.open(self.fs, self.params, self.cred)
        return self._spool

    @property
    def table_context(self) -> TableContext:
        """What lookup tables of this process need to know."""
        if self._table_context is None:
            # Most daemons open their tables before they give up root's rights.
            cred = self.cred if self.opens_tables_as_owner else ROOT
            root = self.params["queue_directory"] if self.service.entry.chroot else ""
            self._table_context = TableContext(self.host, cred, self.params, self.log.warning, self.program, self.log.error, root=root)
        return self._table_context

    @property
    def reporter(self) -> Reporter:
        """Tells log and bounce service the fates of recipients."""
        if self._reporter is None:
            self._reporter = Reporter(self, self.status_filter())
        return self._reporter

    def status_filter(self) -> Any:
        """The table of postconf(5) default_delivery_status_filter, for programs that know fates."""
        return None

    def trace(self, event: str, queue_id: str = "", **data: Any) -> None:
        """Note a decision for graders and journeys."""
        self.host.lab.trace.add(self.host.name, self.program, event, queue_id, **data)

    def call(self, name: str) -> Any:
        """A process of another service, by its name in master.cf. Raises ServiceUnavailable."""
        try:
            return self.master.process(service_path(name))
        except ServiceUnavailable as trouble:
            trouble.caller = trouble.caller or self
            raise

    def flushes(self, domain: str) -> bool:
        """Is this a domain of postconf(5) fast_flush_domains? flush_add(3) asks before it bothers flush(8)."""
        if self._flush_domains is None or not self._flush_domains.match(domain):
            return False
        if self.params.legacy_default("fast_flush_domains"):
            self.log.info(log_lines.legacy(f'relay_domains=$mydestination to update fast-flush logfile for domain "{domain}"'))
        return True

    # -- work that needs other services ---------------------------------------------------------------------------------

    def serve(self, method: Callable[..., None], *args: Any) -> None:
        """Do this; when a service is missing, log it and do it again in ten seconds. `method` must be safe to repeat."""
        self._attempt(1, method, args)

    def _attempt(self, attempt: int, method: Callable[..., None], args: tuple[Any, ...]) -> None:
        if self.ended:
            return
        self._waiting = None
        try:
            method(*args)
        except ServiceUnavailable as trouble:
            self._wait(attempt, trouble, method, args)
        except Fatal as fatal:
            self.die(fatal)

    def _wait(self, attempt: int, trouble: ServiceUnavailable, method: Callable[..., None], args: tuple[Any, ...]) -> None:
        if isinstance(trouble, ConnectionLost):
            self.log.warning(trouble.line)
        line = log_lines.connect_failed(attempt, trouble.path, trouble.reason)
        if trouble.reason and attempt > CONNECT_ATTEMPTS:
            self.die(Fatal(line))
            return
        if trouble.reason:
            self.log.warning(line)
            attempt += 1
        self.busy = True
        self._waiting = self.clock.call_later(CONNECT_PAUSE, self._attempt, attempt, method, args)

    # -- life and death -------------------------------------------------------------------------------------------------

    def release(self) -> None:
        """This process is done with its client."""
        self.busy = False
        self.service.released(self)

    def die(self, fatal: Fatal) -> None:
        """A fatal error while the process was working: logged, and the process is gone."""
        self.log.report(fatal)
        self.service.died(self, fatal.status)

    def changed_table(self) -> str | None:
        """The first lookup table that is not what it was when this process opened it."""
        for table in self.tables():
            name = table.changed()
            if name:
                return name
        return self.table_context.local_domains.changed()

    def fatal(self, text: str) -> NoReturn:
        """The configuration is such that the process must end. Raises Fatal."""
        self.log.fatal(text)
