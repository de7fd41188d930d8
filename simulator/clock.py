"""Virtual time: the one event loop of a lab.

Everything that waits, a timer of a daemon or a coroutine that holds a network conversation, lies in one heap, ordered by
the moment it is due and then by the order of setting. Five days of back-off take as long as the work that is done in them.

At rest (no coroutine is waiting) the heap holds only bound methods with plain arguments, so a clock can be deep-copied
together with the objects it calls: this is what makes `Lab.fork()` cheap.
"""

from __future__ import annotations

import asyncio
import copy
import heapq
import re
from asyncio import events
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

#: How many callbacks may run without time moving on. A real host would be busy; we would hang.
BUSY_LIMIT = 2_000_000
#: How deep a callback may wait for other callbacks (a command in an alias that itself waits for a command ...).
NESTING_LIMIT = 24

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class InFlight(RuntimeError):
    """A conversation is under way, so this clock cannot be copied."""


def seconds(duration: str | float) -> float:
    """A duration in seconds: a number, or a text such as "90s", "5m", "2h", "5d", "1w" (units as in postconf(5)).

    Raises ValueError for anything else.
    """
    if isinstance(duration, (int, float)):
        value = float(duration)
    else:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw]?)\s*", duration)
        if not match:
            raise ValueError(f"not a duration: {duration!r} (expected seconds, or a number with s, m, h, d or w)")
        value = float(match[1]) * _UNITS[match[2] or "s"]
    if not 0 <= value <= 3650 * 86400:
        raise ValueError(f"not a duration: {duration!r} (expected 0 seconds to ten years)")
    return value


class Timer:
    """One callback that is due at a moment of virtual time."""

    __slots__ = ("args", "cancelled", "method", "when")

    def __init__(self, when: float, method: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.when = when
        self.method = method
        self.args = args
        self.cancelled = False

    def cancel(self) -> None:
        """Do not run the callback. Harmless when it has already run."""
        self.cancelled = True

    def run(self) -> None:
        self.method(*self.args)


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio on the lab's clock: `asyncio.sleep(300)` takes 300 virtual seconds and no real ones."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def time(self) -> float:
        return self.clock.now

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        handle = asyncio.Handle(callback, args, self, context)
        self.clock.push(self.clock.now, handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any, context: Any = None) -> asyncio.TimerHandle:  # type: ignore[override]
        return self.call_at(self.clock.now + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Any = None) -> asyncio.TimerHandle:  # type: ignore[override]
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self.clock.push(when, handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled handles stay in the heap until they are due; they are then skipped."""

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """A task that died of our own bug must not pass in silence."""
        error = context.get("exception")
        if error is not None:
            self.clock.failures.append(error)


class Clock:
    """Virtual time in seconds since the epoch, and what is due when."""

    def __init__(self, now: float) -> None:
        self.now = float(now)
        self.failures: list[BaseException] = []
        self._heap: list[tuple[float, int, Timer | asyncio.Handle]] = []
        self._serial = 0
        self._depth = 0
        self._loop: VirtualLoop | None = None

    @property
    def loop(self) -> VirtualLoop:
        """The asyncio loop of conversations."""
        if self._loop is None:
            self._loop = VirtualLoop(self)
        return self._loop

    def push(self, when: float, item: Timer | asyncio.Handle) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (when, self._serial, item))

    def call_at(self, when: float, method: Callable[..., object], *args: Any) -> Timer:
        """Call `method(*args)` at a moment (epoch seconds). The method must be bound to an object of the lab, or be a module's."""
        timer = Timer(when, method, args)
        self.push(max(when, self.now), timer)
        return timer

    def call_later(self, delay: float, method: Callable[..., object], *args: Any) -> Timer:
        """Call `method(*args)` in `delay` seconds."""
        return self.call_at(self.now + delay, method, *args)

    def call_soon(self, method: Callable[..., object], *args: Any) -> Timer:
        """Call `method(*args)` at this moment, after what is already due."""
        return self.call_at(self.now, method, *args)

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a conversation on the loop."""
        return self.loop.create_task(coroutine)

    @property
    def next_due(self) -> float | None:
        """The moment of the next thing to do, or None."""
        heap = self._heap
        while heap and _is_cancelled(heap[0][2]):
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def run_until(self, when: float) -> None:
        """Run everything due up to and including `when`; then it is `when`. May be called from inside a callback."""
        self._pump(when, None)
        self.now = max(self.now, when)

    def run_coroutine(self, coroutine: Coroutine[Any, Any, T], limit: float = 86400.0) -> T:
        """Run until the coroutine is done and return its result. Raises TimeoutError after `limit` virtual seconds."""
        task = self.spawn(coroutine)
        self._pump(self.now + limit, task)
        if not task.done():
            task.cancel()
            self._pump(self.now, None)
            raise TimeoutError(f"nothing happened within {limit:.0f} seconds")
        return task.result()

    def step(self) -> bool:
        """Run the next thing that is due at this very moment. False if there is none."""
        due = self.next_due
        if due is None or due > self.now:
            return False
        self._pump(self.now, None, steps=1)
        return True

    def _pump(self, until: float, task: asyncio.Task[Any] | None, steps: int = -1) -> None:
        if self._depth >= NESTING_LIMIT:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        outer_loop = events._get_running_loop()
        # Not `outer_loop is self._loop`: a script within a script runs on a thread of its own, where no loop seems to run.
        outer_task = asyncio.current_task(self._loop) if self._loop else None
        if outer_task is not None:
            asyncio.tasks._leave_task(self._loop, outer_task)  # type: ignore[arg-type]
        self._depth += 1
        events._set_running_loop(self.loop)
        try:
            self._run_heap(until, task, steps)
        finally:
            events._set_running_loop(outer_loop)
            self._depth -= 1
            if outer_task is not None:
                asyncio.tasks._enter_task(self._loop, outer_task)  # type: ignore[arg-type]
        if self.failures:
            raise self.failures.pop(0)

    def _run_heap(self, until: float, task: asyncio.Task[Any] | None, steps: int) -> None:
        heap, busy = self._heap, 0
        while heap and heap[0][0] <= until and not (task is not None and task.done()):
            when, _, item = heapq.heappop(heap)
            if _is_cancelled(item):
                continue
            if when > self.now:
                self.now, busy = when, 0
            busy += 1
            if busy > BUSY_LIMIT:
                raise RuntimeError("the lab is busy for ever: callbacks call each other without time moving on")
            item.run() if isinstance(item, Timer) else item._run()
            steps -= 1
            if self.failures or steps == 0:
                return

    def __deepcopy__(self, memo: dict[int, Any]) -> Clock:
        twin = Clock(self.now)
        memo[id(self)] = twin
        twin._serial = self._serial
        entries = [entry for entry in self._heap if not _is_cancelled(entry[2])]
        for when, serial, item in entries:
            if not isinstance(item, Timer):
                raise InFlight("a conversation is under way")
            twin._heap.append((when, serial, copy.deepcopy(item, memo)))
        heapq.heapify(twin._heap)
        return twin


def _is_cancelled(item: Timer | asyncio.Handle) -> bool:
    return item.cancelled if isinstance(item, Timer) else item.cancelled()
