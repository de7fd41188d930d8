"""NAME
    master - Postfix master process

SYNOPSIS
    master [-w] [-t]

DESCRIPTION
    The master process of a host. It reads /etc/postfix/master.cf, listens on the socket of every service in it, starts
    daemon processes when clients come, and not more than a service's limit. It wakes up pickup and qmgr regularly.

    Daemons read main.cf when they start. An idle one ends after max_idle seconds, or after max_use clients. `reload`
    (SIGHUP) reads master.cf again and lets all daemons end as soon as they are done; `stop` (SIGTERM) ends them at once.

    A daemon that dies before its first client throttles its service for service_throttle_time (60 s); clients wait.

LOG
    daemon started -- version ..., configuration /etc/postfix
    reload -- version ..., configuration /etc/postfix
    terminating on signal 15
    warning: process PATH pid N exit status N; PATH: bad command startup -- throttling

FILES
    /etc/postfix/main.cf, /etc/postfix/master.cf
    /var/spool/postfix/pid/master.pid

DIFFERS FROM POSTFIX
    Services of type pass are read but not served. There is no stress mode (-o stress=yes).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from simulator.postfix import master_listen
from simulator.postfix.daemon import Daemon, ServiceUnavailable
from simulator.postfix.lib.mail_log import MailLog, write
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.own_networks import Address, families
from simulator.postfix.lib.pace import Pace
from simulator.postfix.lib.parameters import Parameters
from simulator.postfix.lib.spool import ACTIVE, INCOMING, MAILDROP
from simulator.postfix.master_conf import begin, refresh
from simulator.unix.fs import ROOT, Cred

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simulator.clock import Clock
    from simulator.postfix.lib.master_cf import ServiceEntry
    from simulator.postfix.master_service import Service
    from simulator.unix.host import Host

VERSION = "3.7.11"
SIGHUP, SIGKILL, SIGTERM = 1, 9, 15
_QUEUE_DIRECTORY = "/var/spool/postfix"
_MISSING, _REFUSED = "No such file or directory", "Connection refused"


class Master:
    """The mail system of one host, running or not: host.daemons["postfix"].

    Commands use `running`, `pid`, `start`, `stop`, `reload`, `trigger(name, request)` and `process("public/showq")`.
    """

    def __init__(self, host: Host, config_directory: str = "/etc/postfix") -> None:
        self.host = host
        self.config_directory = config_directory
        self.running = False
        self.pid = 0
        self.pace = Pace(20_261_124 + sum(map(ord, host.name)))
        self.services: dict[str, Service] = {}
        self.owner = Cred(101, 102, frozenset(), 0o077)
        self.queue_directory = _QUEUE_DIRECTORY
        self.interfaces = ""
        self.families: tuple[int, ...] = (4,)
        self.own: tuple[Address, ...] = ()
        self.in_delivery: dict[str, int] = {}
        self.triggers = 0
        self.log = MailLog(host, "postfix/master", 0)
        self._params: Parameters | None = None

    # -- what it knows --------------------------------------------------------------------------------------------------

    @property
    def clock(self) -> Clock:
        return self.host.clock

    @property
    def params(self) -> Parameters:
        """main.cf as master itself read it."""
        assert self._params is not None, "the master has not been started"
        return self._params

    @property
    def master_cf_path(self) -> str:
        return f"{self.config_directory}/master.cf"

    def ident(self, service: Service, program: str) -> str:
        """How a process is called in the log before it has read its configuration."""
        try:
            name = service.entry.overrides.get("syslog_name", "postfix")
        except Fatal:
            name = "postfix"
        return f"{name.replace('$service_name', service.entry.name)}/{program}"

    def child_log(self, service: Service, pid: int) -> MailLog:
        """The log of a process that is not yet one."""
        log = MailLog(self.host, self.ident(service, service.program), pid)
        log.maillog_file, log.facility = self.log.maillog_file, self.log.facility
        return log

    def log_child(self, pid: int, text: str) -> None:
        """A line by a child of master that could not become another program."""
        write(self.host, self.log.maillog_file, "master", pid, text, "crit", self.log.facility)

    def port_of(self, entry: ServiceEntry) -> str:
        """The port's number as text, or the name if it has none."""
        number = master_listen.port_number(self, entry.host_port[1])
        return entry.name if number is None else str(number)

    def read_parameters(self, entry: ServiceEntry, pid: int, warn: Callable[[str], None]) -> Parameters:
        """main.cf as a process of a service reads it now: master.cf's -o options win. Raises Fatal."""
        program, overrides = entry.command.rpartition("/")[2], entry.options.overrides
        return Parameters.read(
            self.host, self.config_directory, overrides, warn, program=program, service_name=entry.name, pid=pid
        )

    # -- start, stop, reload --------------------------------------------------------------------------------------------

    def start(self, pid: int | None = None) -> None:
        """Begin to work. Raises Fatal, after logging it, when the configuration does not allow that."""
        self.pid = self.host.new_pid() if pid is None else pid
        self.log = MailLog(self.host, "postfix/master", self.pid)
        try:
            self._read()
            self.interfaces, self.own = self.params["inet_interfaces"], self.params.own_addresses
            self.running = True
            self._write_pid()
            begin(self)
        except Fatal as fatal:
            self.log.report(fatal)
            self._end_services()
            self.running = False
            raise
        self.host.processes.add(self.pid, 1, "root", f"{self.params['daemon_directory']}/master -w", self.clock.now, self)
        self.log.info(f"daemon started -- version {VERSION}, configuration {self.config_directory}")
        self._wake_all(self.services.values())

    def _wake_all(self, services: Iterable[Service]) -> None:
        """Start the wake-up timers; the processes appear in the order of master.cf."""
        delay = 0.0
        for service in list(services):
            if service.wakeup.start(delay):
                delay += self.pace.of("trigger")

    def _read(self) -> None:
        self._params = Parameters.read(self.host, self.config_directory, warn=self.log.warning, program="master", pid=self.pid)
        self.log.configure(self._params, "master")
        self.queue_directory = self._params["queue_directory"]
        self.families = families(self._params["inet_protocols"])
        user = self.host.users.by_name(self._params["mail_owner"])
        assert user is not None, "Parameters.read checks mail_owner"
        self.owner = Cred(user.uid, user.gid, frozenset(), 0o077)

    def _write_pid(self) -> None:
        fs = self.host.fs
        fs.write(f"{self.queue_directory}/pid/master.pid", f"{self.pid:>32}\n".encode(), ROOT, 0o600)
        lock = f"{self.params['data_directory']}/master.lock"
        with contextlib.suppress(FileNotFoundError, PermissionError):
            fs.write(lock, f"{self.pid:>32}\n".encode(), self.owner, 0o600)

    def reload(self) -> None:
        """SIGHUP: read the files again. Raises Fatal, after logging it, when master cannot go on."""
        self.log.info(f"reload -- version {VERSION}, configuration {self.config_directory}")
        try:
            self._read()
            self._wake_all(refresh(self))
        except Fatal as fatal:
            self.log.report(fatal)
            self._end()
            raise

    def stop(self, number: int = SIGTERM) -> None:
        """End with all daemons. `number` is the signal (9: nothing is logged)."""
        if not self.running:
            return
        # postlogd(8) ends with all others before it reads this line.
        if number != SIGKILL and not self.log.maillog_file:
            self.log.info(f"terminating on signal {number}")
        self._end()

    def _end(self) -> None:
        self.running = False
        self._end_services()
        self.host.processes.remove(self.pid)
        self.in_delivery.clear()

    def _end_services(self) -> None:
        for service in self.services.values():
            service.end()
            master_listen.close_socket(self, service)
        self.services.clear()

    def signal(self, number: int, pid: int) -> None:
        """kill(1) of master or one of its daemons."""
        if pid == self.pid and number == SIGHUP:
            with contextlib.suppress(Fatal):  # it has been logged, and master has ended
                self.reload()
            return
        if pid == self.pid and number:
            self.stop(number)
            return
        for service in self.services.values():
            for process in list(service.processes):
                if process.pid == pid and number != 0:
                    service.killed(process, number)

    # -- processes ------------------------------------------------------------------------------------------------------

    def enter(self, process: Daemon) -> None:
        """A daemon process appears in ps(1)."""
        entry = process.service.entry
        if not process.multi and entry.maxproc != 1:
            # The processes of a service take turns to accept clients with a lock on this file: single_server(3).
            self.host.fs.write(f"{self.queue_directory}/pid/{entry.type}.{entry.name}", b"", ROOT, 0o600)
        user = "postfix" if entry.unprivileged or process.program in _DROP_PRIVILEGES else "root"
        self.host.processes.add(process.pid, self.pid, user, " ".join(entry.command_line(len(process.service.listeners))), self.clock.now, self)

    def leave(self, process: Daemon) -> None:
        """A daemon process has ended."""
        self.host.processes.remove(process.pid)

    # -- clients of services --------------------------------------------------------------------------------------------

    def service(self, path: str) -> Service:
        """The service whose socket is `path` ("private/rewrite"). Raises ServiceUnavailable."""
        service = self.services.get(path) if self.running else None
        exists = self.host.fs.exists(f"{self.queue_directory}/{path}")
        if service is None or not exists:
            raise ServiceUnavailable(path, _REFUSED if exists else _MISSING)
        return service

    def process(self, path: str) -> Daemon:
        """A process that answers now. Raises ServiceUnavailable."""
        return self.service(path).process()

    def trigger(self, name: str, request: str) -> None:
        """Send a wake-up request to a public service (mail_trigger(3)). Raises ServiceUnavailable if nobody listens."""
        service = self.service(f"public/{name}")
        self.triggers += 1
        self.clock.call_later(self.pace.of("trigger"), self._triggered, service, request)

    def _triggered(self, service: Service, request: str) -> None:
        self.triggers -= 1
        service.notify(request)

    def in_motion(self) -> bool:
        """Is a message incoming, active or in maildrop, or has somebody just been woken up to look for one?"""
        return self.triggers > 0 or any(self._has_files(f"{self.queue_directory}/{queue}") for queue in (INCOMING, ACTIVE, MAILDROP))

    def _has_files(self, directory: str) -> bool:
        fs = self.host.fs
        if not fs.exists(directory):
            return False
        entries = fs.scandir(directory)
        return any(inode.kind != "d" or self._has_files(f"{directory}/{name}") for name, inode in entries)

    def begin_delivery(self, queue_id: str) -> None:
        """A delivery agent has opened (and locked) a queue file."""
        self.in_delivery[queue_id] = self.in_delivery.get(queue_id, 0) + 1

    def end_delivery(self, queue_id: str) -> None:
        """A delivery agent has closed a queue file."""
        left = self.in_delivery.get(queue_id, 0) - 1
        if left > 0:
            self.in_delivery[queue_id] = left
        else:
            self.in_delivery.pop(queue_id, None)


#: Daemons that start as root and then work as the mail owner.
_DROP_PRIVILEGES = frozenset(("local", "pickup", "pipe", "postlogd", "qmgr", "spawn", "virtual"))
