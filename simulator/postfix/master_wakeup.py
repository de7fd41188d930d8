"""The wakeup column of master.cf: services that are woken up again and again, such as pickup and qmgr. Part of master(8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.clock import Timer
    from simulator.postfix.daemon import Daemon
    from simulator.postfix.master_service import Service

#: How long master(8) waits until a process has taken a wake-up request: unix_trigger(3).
_PATIENCE: Final = 101.0


class Wakeup:
    """The timer of one service. One with a "?" in master.cf begins with the service's first process: master(5)."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.timer: Timer | None = None
        self.was_used = False

    def start(self, delay: float) -> bool:
        """master(8) begins, or has read master.cf again. True if this service is woken up at once."""
        entry = self.service.entry
        self.was_used = not entry.wakeup_conditional
        if not entry.wakeup or entry.wakeup_conditional:
            return False
        self.ring(delay)
        return True

    def first_use(self) -> None:
        """A process has started."""
        if not self.was_used:
            self.was_used = True
            if self.service.entry.wakeup and self.service.entry.wakeup_conditional:
                self.service.master.clock.call_soon(self.ring)

    def ring(self, delay: float = 0.0) -> None:
        """Wake the service up after `delay` seconds, and again after its interval."""
        service, clock = self.service, self.service.master.clock
        self.cancel()
        if not service.entry.wakeup or not service.master.running:
            return
        if not service.throttle.active:
            clock.call_later(delay + service.master.pace.of("trigger"), service.notify, "W")
            stuck = next((process for process in service.processes if process.busy and not process.multi), None)
            if stuck is not None:
                clock.call_later(_PATIENCE, self._give_up, stuck)
        self.timer = clock.call_later(service.entry.wakeup, self.ring)

    def _give_up(self, process: Daemon) -> None:
        """A process waits for something else all the time."""
        if process.busy and not process.ended and self.service.master.running:
            self.service.master.log.warning(f"unix_trigger_event: read timeout for service {self.service.path}")

    def cancel(self) -> None:
        """No more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
