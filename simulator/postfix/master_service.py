"""A service of master.cf: its socket, its processes, clients that wait. Part of master(8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulator.postfix.daemon import Daemon, ServiceUnavailable, daemon_class
from simulator.postfix.lib import log_lines
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.parameters import Parameters

if TYPE_CHECKING:
    import asyncio

    from simulator.clock import Timer
    from simulator.postfix.lib.master_cf import ServiceEntry
    from simulator.postfix.master import Master

#: msg_fatal(3) sleeps a second before the process is gone.
DYING_SECONDS = 1.0
#: master(8) does not repeat the warning about a process limit within this time.
BUSY_WARNING_SECONDS = 1000.0
#: How long master(8) waits until a process has taken a wake-up request: unix_trigger(3).
TRIGGER_PATIENCE = 101.0
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
        #: Processes that are being started for clients of the backlog.
        self.starting = 0
        self.listeners: list[Any] = []
        self.throttle: Timer | None = None
        self.dying: Daemon | None = None
        self.wakeup: Timer | None = None
        self.was_used = False
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
        """Give waiting clients to processes, starting more as far as the limit allows."""
        while len(self.backlog) > self.starting and self.master.running:
            process = self._idle()
            if process is None:
                if self._may_spawn():
                    process = self.spawn()
                if process is None:
                    return
                self._occupy(process)
                self.starting += 1
                self.master.clock.call_later(self.master.pace.of("spawn"), self._first_client, process)
                continue
            method, args = self.backlog.popleft()
            self._occupy(process)
            method(process, *args)

    def _first_client(self, process: Daemon) -> None:
        self.starting -= 1
        if process.ended:
            return
        if not self.backlog:
            process.release()
            return
        method, args = self.backlog.popleft()
        method(process, *args)

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
        if self.throttle is not None or self.dying is not None:
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
        if kind is None or not master.host.fs.exists(self.executable):
            master.log_child(pid, f"fatal: master_spawn: exec {self.executable}: No such file or directory")
            self._bad_startup(pid)
            return None
        log = master.child_log(self, pid)
        try:
            process = kind(master, self, pid)
            log = process.log
            process.start()
            process.started()
        except Fatal as fatal:
            log.report(fatal)
            self._bad_startup(pid)
            return None
        self.processes.append(process)
        master.enter(process)
        self._watch_idle(process)
        self._first_use()
        return process

    def _first_use(self) -> None:
        """A wake-up timer with a "?" starts with the first process: master(5)."""
        if not self.was_used:
            self.was_used = True
            if self.entry.wakeup and self.entry.wakeup_conditional:
                self.master.clock.call_soon(self.wake)

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

    # -- trouble --------------------------------------------------------------------------------------------------------

    def died(self, process: Daemon, status: int) -> None:
        """A process ended with an error while it was at work."""
        # A process that has not served a single client yet counts as a bad start: master_reap_child(8).
        first = process.use_count <= 1
        self._remove(process)
        timer = self.master.clock.call_later(DYING_SECONDS, self._reap, process.pid, status, first)
        if first:
            self.throttle = timer

    def _reap(self, pid: int, status: int, first: bool) -> None:
        if not self.master.running:
            return
        self.master.log.warning(f"process {self.executable} pid {pid} exit status {status}")
        if first:
            self._throttle()
        self.serve_backlog()

    def killed(self, process: Daemon, number: int) -> None:
        """Somebody sent the process a signal that ends it."""
        first = process.use_count == 0
        self._remove(process)
        self.master.log.warning(f"process {self.executable} pid {process.pid} killed by signal {number}")
        if first:
            self._throttle()
        self.serve_backlog()

    def _bad_startup(self, pid: int) -> None:
        self.throttle = self.master.clock.call_later(DYING_SECONDS, self._reap_bad_startup, pid)

    def _reap_bad_startup(self, pid: int) -> None:
        if not self.master.running:
            return
        self.master.log.warning(f"process {self.executable} pid {pid} exit status 1")
        self._throttle()

    def _throttle(self) -> None:
        self.master.log.warning(f"{self.executable}: bad command startup -- throttling")
        self.throttle = self.master.clock.call_later(self.master.params.time("service_throttle_time"), self.unthrottle)

    def unthrottle(self) -> None:
        """Try again to start processes."""
        if self.throttle is not None:
            self.throttle.cancel()
        self.throttle = None
        self.serve_backlog()
        for listener in self.listeners:
            while listener.accept():
                pass

    # -- wake-up timer --------------------------------------------------------------------------------------------------

    def wake(self, delay: float = 0.0) -> None:
        """The timer of master.cf's wakeup column."""
        clock = self.master.clock
        if self.wakeup is not None:
            self.wakeup.cancel()
            self.wakeup = None
        if not self.entry.wakeup or not self.master.running:
            return
        if self.throttle is None:
            clock.call_later(delay + self.master.pace.of("trigger"), self.notify, "W")
            stuck = next((process for process in self.processes if process.busy and not process.multi), None)
            if stuck is not None:
                clock.call_later(TRIGGER_PATIENCE, self._trigger_timeout, stuck)
        self.wakeup = clock.call_later(self.entry.wakeup, self.wake)

    def _trigger_timeout(self, process: Daemon) -> None:
        """master(8) gives up to wake a process that waits for something else all the time: unix_trigger(3)."""
        if process.busy and not process.ended and self.master.running:
            self.master.log.warning(f"unix_trigger_event: read timeout for service {self.path}")

    def restart(self, entry: ServiceEntry) -> None:
        """postfix reload: the processes of today end when they are idle, new ones read the configuration again."""
        self.entry = entry
        if self.wakeup is not None:
            self.wakeup.cancel()
            self.wakeup = None
        for process in list(self.processes):
            self.retire(process)

    def start_wakeup(self, delay: float = 0.0) -> bool:
        """Unconditional timers fire at once: qmgr(8) and pickup(8) appear with master(8). True if this one does."""
        self.was_used = not self.entry.wakeup_conditional
        if not self.entry.wakeup or self.entry.wakeup_conditional:
            return False
        self.wake(delay)
        return True

    def end(self) -> None:
        """The service is no longer in master.cf, or master(8) ends: its processes are killed, its clients lose their connection."""
        for timer in (self.throttle, self.wakeup):
            if timer is not None:
                timer.cancel()
        self.throttle = self.wakeup = None
        for process in list(self.processes):
            self._remove(process)
        self.backlog.clear()
