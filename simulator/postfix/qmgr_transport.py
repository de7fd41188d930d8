"""Transports, destinations and waiting deliveries in memory: how much may go where at a time. Part of qmgr(8).

A transport is a service of master.cf. Its destinations (Postfix calls them queues) are named after the next hop; a transport
that takes one recipient at a time has one per recipient. A destination starts with a small window of parallel deliveries that
grows with success and shrinks with failure; when a window full of deliveries has failed the destination is dead for
minimal_backoff_time, and what waits for it is deferred with the reason "delivery temporarily suspended".
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from simulator.postfix.lib.delivery import CONN_LOAD, CONN_STORE

if TYPE_CHECKING:
    from simulator.clock import Timer
    from simulator.postfix.lib.delivery import Fate, Recipient
    from simulator.postfix.lib.parameters import Parameters
    from simulator.postfix.qmgr_message import ActiveMessage

#: Connections to delivery agents of one transport that are being made at a time.
MAX_PENDING: Final = 2


@dataclass(frozen=True, slots=True)
class Feedback:
    """postconf(5) default_destination_concurrency_positive_feedback: a number, divided by the concurrency or its root."""

    numerator: float
    kind: str = ""

    @classmethod
    def parse(cls, text: str) -> Feedback:
        """`1`, `1/concurrency`, `0.5 / sqrt_concurrency`. Raises ValueError."""
        number, _, kind = text.partition("/")
        if kind.strip() not in ("", "concurrency", "sqrt_concurrency"):
            raise ValueError(text)
        return cls(float(number), kind.strip())

    def value(self, window: int) -> float:
        """How much one delivery counts."""
        if self.kind == "concurrency":
            return self.numerator / window
        return self.numerator / math.sqrt(window) if self.kind else self.numerator


@dataclass(slots=True, eq=False)
class Entry:
    """Recipients of one message that go to one destination in one delivery."""

    message: ActiveMessage
    destination: Destination
    recipients: list[Recipient]
    serial: int


@dataclass(slots=True, eq=False)
class Destination:
    """A next hop of one transport. `window` 0 with a `reason`: dead; `suspended`: between two deliveries of a rate limit."""

    transport: Transport
    name: str
    nexthop: str
    window: int
    todo: deque[Entry] = field(default_factory=deque)
    busy: int = 0
    success: float = 0.0
    failure: float = 0.0
    failed_cohorts: float = 0.0
    reason: Fate | None = None
    suspended: bool = False
    revival: Timer | None = None
    #: When the last delivery was over, and what agents are told of kept connections: smtp_connection_cache_on_demand.
    last_done: int = 0
    cache_flags: int = 0

    @property
    def dead(self) -> bool:
        return self.reason is not None

    def note_start(self, now: int) -> None:
        """A delivery begins. Connections are kept while one comes at once after the other, and used as long as there are any."""
        back_to_back = self.last_done + 1 >= now
        if not self.cache_flags & CONN_STORE:
            if back_to_back:
                self.cache_flags |= CONN_LOAD | CONN_STORE
        elif self.busy <= 1 and not back_to_back:
            self.cache_flags &= ~CONN_STORE

    @property
    def free(self) -> int:
        """How many more deliveries may start now."""
        return 0 if self.dead or self.suspended else max(0, self.window - self.busy)

    @property
    def idle(self) -> bool:
        """Nothing waits, nothing is under way: nothing to remember."""
        return not self.dead and not self.suspended and not self.busy and not self.todo

    def more(self) -> None:
        """A delivery went well."""
        transport = self.transport
        self.failed_cohorts = 0.0
        limit = transport.concurrency_limit
        if (limit and limit <= self.window) or self.window >= self.busy + transport.initial_concurrency:
            return
        step = transport.positive.value(self.window)
        self.success += step
        while self.success + step / 2 >= 1.0:
            self.window += 1
            self.success -= 1.0
            self.failure = 0.0
        if limit:
            self.window = min(self.window, limit)

    def less(self) -> bool:
        """The next hop could not be reached. True when it is to be given up for a while."""
        transport = self.transport
        self.failed_cohorts += 1.0 / self.window
        if 0 < transport.cohort_limit <= self.failed_cohorts:
            return True
        step = transport.negative.value(self.window)
        self.failure -= step
        while self.failure - step / 2 < 0:
            self.window -= 1
            self.success = 0.0
            self.failure += 1.0
        self.window = max(self.window, 1)
        return False

    def revive(self) -> None:
        """Give a dead destination another chance."""
        self.failed_cohorts = 0.0
        if not self.dead:
            return
        if self.revival is not None:
            self.revival.cancel()
        self.reason = self.revival = None
        self.window = self.busy or self.transport.initial_concurrency
        self.success = self.failure = 0.0


@dataclass(slots=True, eq=False)
class Transport:
    """A service of master.cf that delivers. `reason`: it could not be reached and is left alone for transport_retry_time."""

    name: str
    recipient_limit: int
    concurrency_limit: int
    initial_concurrency: int
    rate_delay: int
    transport_rate_delay: int
    cohort_limit: int
    positive: Feedback
    negative: Feedback
    destinations: dict[str, Destination] = field(default_factory=dict)
    pending: int = 0
    rate_locked: bool = False
    reason: Fate | None = None
    revival: Timer | None = None

    @classmethod
    def create(cls, name: str, params: Parameters) -> Transport:
        """With the limits that main.cf has for this transport. Raises Fatal."""
        concurrency = params.service_int(name, "_destination_concurrency_limit", "default_destination_concurrency_limit")
        initial = params.service_int(name, "_initial_destination_concurrency", "initial_destination_concurrency", 1)
        rate = params.service_time(name, "_destination_rate_delay", "default_destination_rate_delay")
        concurrency = 1 if rate else concurrency
        feedback = "_destination_concurrency_{}_feedback"
        cohort = "_destination_concurrency_failed_cohort_limit"
        positive, negative = feedback.format("positive"), feedback.format("negative")
        return cls(
            name,
            params.service_int(name, "_destination_recipient_limit", "default_destination_recipient_limit"),
            concurrency,
            min(initial, concurrency) if concurrency else initial,
            rate,
            params.service_time(name, "_transport_rate_delay", "default_transport_rate_delay"),
            params.service_int(name, cohort, "default" + cohort),
            Feedback.parse(params.service_text(name, positive, "default" + positive)),
            Feedback.parse(params.service_text(name, negative, "default" + negative)),
        )

    @property
    def dead(self) -> bool:
        return self.reason is not None

    def destination(self, name: str, nexthop: str) -> Destination:
        """The destination of that name; it is made if it is new."""
        found = self.destinations.get(name)
        if found is None:
            found = self.destinations[name] = Destination(self, name, nexthop, self.initial_concurrency)
        return found

    def forget(self, destination: Destination) -> None:
        """Nothing is known of a destination for which nothing waits."""
        if destination.idle and self.destinations.get(destination.name) is destination:
            del self.destinations[destination.name]

    def revive(self) -> None:
        """The transport works, or is to be tried again."""
        if self.revival is not None:
            self.revival.cancel()
        self.reason = self.revival = None
        self.rate_locked = False

    def wants_agent(self) -> bool:
        """Is there a delivery to start for which no connection to an agent is being made?"""
        if self.dead or self.rate_locked or self.pending >= MAX_PENDING:
            return False
        ready = sum(min(one.free, len(one.todo)) for one in self.destinations.values())
        return ready > self.pending

    def select(self) -> Entry | None:
        """The oldest delivery that may start now."""
        best: Destination | None = None
        for destination in self.destinations.values():
            if destination.todo and destination.free and (best is None or destination.todo[0].serial < best.todo[0].serial):
                best = destination
        return None if best is None else best.todo.popleft()
