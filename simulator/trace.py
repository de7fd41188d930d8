"""What happened, as data: each decision of each daemon, for graders, journeys and `why`.

The log shows the same events as text; whoever wants to know something asks the trace, which needs no parsing.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

#: Events kept. Older ones are forgotten, as logs are rotated.
KEEP = 200_000


@dataclass(frozen=True, slots=True)
class Event:
    """One decision. `when` is in epoch seconds; `data` names the parameter, table, recipient or reply it rests on."""

    when: float
    host: str
    daemon: str
    event: str
    queue_id: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    def __deepcopy__(self, memo: dict[int, Any]) -> Event:
        return self


class HasNow(Protocol):
    now: float


class Trace:
    """The events of a lab, oldest first."""

    def __init__(self, clock: HasNow) -> None:
        self._clock = clock
        self._events: deque[Event] = deque(maxlen=KEEP)
        #: How many events there ever were, forgotten ones included.
        self.total = 0

    def add(self, host: str, daemon: str, event: str, queue_id: str = "", **data: Any) -> None:
        """Note an event that happens now."""
        self.total += 1
        self._events.append(Event(self._clock.now, host, daemon, event, queue_id, data))

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def find(self, event: str | None = None, host: str | None = None, queue_id: str | None = None) -> list[Event]:
        """The events that match all that is given."""
        return [
            entry
            for entry in self._events
            if event in (None, entry.event) and host in (None, entry.host) and queue_id in (None, entry.queue_id)
        ]

    def __deepcopy__(self, memo: dict[int, Any]) -> Trace:
        twin = Trace.__new__(Trace)
        memo[id(self)] = twin
        twin._clock = copy.deepcopy(self._clock, memo)
        twin._events = self._events.copy()
        twin.total = self.total
        return twin
