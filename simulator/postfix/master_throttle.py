"""Processes that die: what master(8) says of them, and how it spares a service whose program does not start. Part of master(8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.clock import Timer
    from simulator.postfix.daemon import Daemon
    from simulator.postfix.master_service import Service

#: msg_fatal(3) sleeps a second before the process is gone.
_DYING_SECONDS: Final = 1.0


class Throttle:
    """While it is active, no process of the service is started: postconf(5) service_throttle_time."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.timer: Timer | None = None

    @property
    def active(self) -> bool:
        """Do clients have to wait?"""
        return self.timer is not None

    def _warn(self, text: str) -> None:
        self.service.master.log.warning(text)

    def bad_startup(self, pid: int) -> None:
        """A process has ended before it was ready."""
        self.timer = self.service.master.clock.call_later(_DYING_SECONDS, self._reap, pid, 1, True)

    def died(self, process: Daemon, status: int) -> None:
        """A process ends with an error while it is at work."""
        # A process that has not served a single client yet counts as a bad start: master_reap_child(8).
        first = process.use_count <= 1
        timer = self.service.master.clock.call_later(_DYING_SECONDS, self._reap, process.pid, status, first)
        if first:
            self.timer = timer

    def _reap(self, pid: int, status: int, first: bool) -> None:
        if not self.service.master.running:
            return
        self._warn(f"process {self.service.executable} pid {pid} exit status {status}")
        if first:
            self._begin()
        self.service.serve_backlog()

    def killed(self, process: Daemon, number: int) -> None:
        """Somebody sent the process a signal that ended it."""
        self._warn(f"process {self.service.executable} pid {process.pid} killed by signal {number}")
        if process.use_count == 0:
            self._begin()
        self.service.serve_backlog()

    def _begin(self) -> None:
        master = self.service.master
        self._warn(f"{self.service.executable}: bad command startup -- throttling")
        self.timer = master.clock.call_later(master.params.time("service_throttle_time"), self._end)

    def _end(self) -> None:
        self.cancel()
        self.service.serve_backlog()
        for listener in self.service.listeners:
            while listener.accept():
                pass

    def cancel(self) -> None:
        """No more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
