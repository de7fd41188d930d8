"""A service of master.cf: its socket, its processes, clients that wait. Part of master(8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulator.postfix.daemon import Daemon, ServiceUnavailable, daemon_class
from simulator.postfix.lib import log_lines
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.parameters import Parameters
from simulator.postfix.master_throttle import Throttle
from simulator.postfix.master_wakeup import Wakeup

if TYPE_CHECKING:
    import asyncio

    from simulator.postfix.lib.master_cf import ServiceEntry
    from simulator.postfix.master import Master

#: master(8) does not repeat the warning about a process limit within this time.
BUSY_WARNING_SECONDS = 1000.0
#: Clients that wait for a process of one service; a kernel's backlog is bounded too.
BACKLOG = 10_000

Client = tuple[Callable[..., None], tuple[Any, ...]]


class Service:
    """One line of master.cf, at work."""

    def __init__(self, master: Master, entry: ServiceEntry) -> None:
        self.master = master
        self.entry = entry
        self.processes: list[Daemon] = []
        self.backlog: deque[Client] = deque(maxlen=BACKLOG)
        #: A process is being started for the clients of the backlog.
        self.starting = False
        self.listeners: list[Any] = []
        self.throttle = Throttle(self)
        self.wakeup = Wakeup(self)
        self.busy_warned = -BUSY_WARNING_SECONDS

    # -- what it is -----------------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """`private/rewrite`, or the port of an inet service."""
        return self.entry.name if self.entry.type == "inet" else self.entry.socket

    @property
    def program(self) -> str:
        return self.entry.command.rpartition("/")[2]

    @property
    def executable(self) -> str:
        """The path in master's messages."""
        return f"{self.master.params['daemon_directory']}/{self.entry.command}"

    @property
    def limit(self) -> int:
        """How many processes; 0 is no limit."""
        return self.entry.maxproc

    def parameters(self, pid: int, warn: Callable[[str], None]) -> Parameters:
        """main.cf as a process that starts now reads it. Raises Fatal."""
        return self.master.read_parameters(self.entry, pid, warn)

    # -- clients --------------------------------------------------------------------------------------------------------

    def connect(self, method: Callable[..., None], *args: Any) -> None:
        """A client wants a process: `method(process, *args)` is called as soon as there is one."""
        self.backlog.append((method, args))
        self.master.clock.call_later(self.master.pace.of("connect"), self.serve_backlog)

    def serve_backlog(self) -> None:
        """Give waiting clients to processes. As far as the limit allows, one more is started at a time: master_avail(8)."""
        while self.backlog and self.master.running:
            process = self._idle()
            if process is None:
                self._start_one()
                return
            self._occupy(process)
            method, args = self.backlog.popleft()
            method(process, *args)

    def _start_one(self) -> None:
        if self.starting or not self._may_spawn():
            return
        process = self.spawn()
        if process is not None:
            process.busy = self.starting = True
            self.master.clock.call_later(self.master.pace.of("spawn"), self._first_client, process)

    def _first_client(self, process: Daemon) -> None:
        """The new process is ready; others may have taken the clients meanwhile."""
        self.starting = process.busy = False
        self.serve_backlog()
        if process.retiring and not process.busy:
            self.retire(process)

    def process(self) -> Daemon:
        """A process that answers at once. Raises ServiceUnavailable when there is none and none can be started."""
        process = self._idle()
        if process is None and self._may_spawn():
            process = self.spawn()
        if process is None:
            raise ServiceUnavailable(self.path, "")
        process.idle_since = self.master.clock.now
        process.use_count += 1
        return process

    def accept(self) -> asyncio.BaseProtocol | None:
        """A connection to an inet service; None: nobody takes it now, it has to wait."""
        process = self._idle()
        if process is None and self._may_spawn():
            process = self.spawn()
        if process is None:
            return None
        self._occupy(process)
        return process.accept()

    def notify(self, request: str) -> None:
        """Wake the service up."""
        if not self.master.running:
            return
        try:
            process = self.process()
        except ServiceUnavailable:
            return
        process.trigger(request)

    # -- processes ------------------------------------------------------------------------------------------------------

    def _idle(self) -> Daemon | None:
        for process in list(self.processes):
            if process.retiring or process.ended or (process.busy and not process.multi):
                continue
            changed = process.changed_table()
            if changed:
                process.log.info(log_lines.table_changed(changed))
                self.retire(process)
                continue
            return process
        return None

    def _may_spawn(self) -> bool:
        if self.throttle.active:
            return False
        if not self.limit or len(self.processes) < self.limit:
            return True
        self._warn_busy()
        return False

    def _warn_busy(self) -> None:
        now = self.master.clock.now
        if self.entry.type != "inet" or self.limit <= 1 or now - self.busy_warned < BUSY_WARNING_SECONDS:
            return
        self.busy_warned = now
        warn = self.master.log.warning
        warn(
            f'service "{self.entry.name}" ({self.master.port_of(self.entry)}) has reached its process limit "{self.limit}": '
            "new clients may experience noticeable delays"
        )
        warn("to avoid this condition, increase the process count in master.cf or reduce the service time per client")
        warn("see http://www.postfix.org/STRESS_README.html for examples of stress-adapting configuration settings")

    def spawn(self) -> Daemon | None:
        """Start a process. None when it died at once: the service is throttled for a minute."""
        master = self.master
        pid = master.host.new_pid()
        kind = daemon_class(self.program)
        if not master.host.fs.exists(self.executable):
            master.log_child(pid, f"fatal: master_spawn: exec {self.executable}: No such file or directory")
            self.throttle.bad_startup(pid)
            return None
        log = master.child_log(self, pid)
        if kind is None:
            log.report(Fatal(f"simulator: {self.program} is not simulated"))
            self.throttle.bad_startup(pid)
            return None
        try:
            process = kind(master, self, pid)
            log = process.log
            process.check_entry()
            process.start()
            process.started()
        except Fatal as fatal:
            log.report(fatal)
            self.throttle.bad_startup(pid)
            return None
        self.processes.append(process)
        master.enter(process)
        self._watch_idle(process)
        self.wakeup.first_use()
        return process

    def _occupy(self, process: Daemon) -> None:
        process.use_count += 1
        process.clients += 1
        process.busy = True
        process.idle_since = self.master.clock.now

    def released(self, process: Daemon) -> None:
        """A process has finished with a client: it takes the next, waits, or ends."""
        process.idle_since = self.master.clock.now
        process.clients = max(0, process.clients - 1)
        if process.ended:
            return
        worn_out = not process.unlimited and process.use_count >= process.params.int("max_use")
        if process.retiring or worn_out:
            self.retire(process)
        if self.backlog:
            self.master.clock.call_later(self.master.pace.of("connect"), self.serve_backlog)
        for listener in self.listeners:
            listener.accept()

    def retire(self, process: Daemon) -> None:
        """The process ends in good order, now or when it is done with its client."""
        process.retiring = True
        if process.busy and not process.multi:
            return
        if not process.ended:
            process.stop()
            self._remove(process)

    def _remove(self, process: Daemon) -> None:
        process.ended = True
        if process in self.processes:
            self.processes.remove(process)
        self.master.leave(process)
        process.gone()

    def _watch_idle(self, process: Daemon) -> None:
        limit = process.params.time(process.max_idle_parameter)
        if not process.unlimited:
            self.master.clock.call_at(process.idle_since + limit, self._idle_check, process)

    def _idle_check(self, process: Daemon) -> None:
        if process.ended:
            return
        limit = process.params.time(process.max_idle_parameter)
        now = self.master.clock.now
        if process.busy or process.clients:
            self.master.clock.call_at(now + limit, self._idle_check, process)
        elif now - process.idle_since >= limit - 1e-6:
            self.retire(process)
        else:
            self.master.clock.call_at(process.idle_since + limit, self._idle_check, process)

    # -- the end --------------------------------------------------------------------------------------------------------

    def died(self, process: Daemon, status: int) -> None:
        """A process ended with an error while it was at work."""
        self._remove(process)
        self.throttle.died(process, status)

    def killed(self, process: Daemon, number: int) -> None:
        """Somebody sent the process a signal that ends it."""
        self._remove(process)
        self.throttle.killed(process, number)

    def restart(self, entry: ServiceEntry) -> None:
        """postfix reload: the processes of today end when they are idle, new ones read the configuration again."""
        self.entry = entry
        self.wakeup.cancel()
        for process in list(self.processes):
            self.retire(process)

    def end(self) -> None:
        """The service is no longer in master.cf, or master(8) ends: its processes are killed, its clients lose their connection."""
        self.throttle.cancel()
        self.wakeup.cancel()
        for process in list(self.processes):
            self._remove(process)
        self.backlog.clear()
