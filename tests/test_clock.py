"""Virtual time: order, nesting, conversations, copies."""

import asyncio
import copy

import pytest

from simulator.clock import Clock, InFlight, seconds


class Diary:
    """Notes what happens when."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lines: list[tuple[float, str]] = []

    def note(self, text: str) -> None:
        self.lines.append((self.clock.now, text))

    def wait_inside(self) -> None:
        self.note("before")
        self.clock.run_until(self.clock.now + 10)
        self.note("after")


@pytest.fixture
def diary() -> Diary:
    return Diary(Clock(0))


def test_callbacks_run_in_time_and_ties_in_order_of_setting(diary: Diary) -> None:
    """Five days pass at once; what is due at the same instant runs as it was set."""
    diary.clock.call_at(432000, diary.note, "late")
    for name in "abc":
        diary.clock.call_at(300, diary.note, name)
    diary.clock.call_at(300, diary.note, "never").cancel()
    diary.clock.run_until(432000)
    assert diary.lines == [(300, "a"), (300, "b"), (300, "c"), (432000, "late")]


def test_a_callback_may_wait_while_others_work(diary: Diary) -> None:
    """A command that sleeps inside a delivery does not stop the other daemons."""
    diary.clock.call_at(1, diary.wait_inside)
    diary.clock.call_at(5, diary.note, "meanwhile")
    diary.clock.run_until(100)
    assert diary.lines == [(1, "before"), (5, "meanwhile"), (11, "after")]
    assert diary.clock.now == 100


def test_coroutines_live_on_the_same_clock_and_may_be_nested(diary: Diary) -> None:
    """asyncio.sleep takes virtual time, also when a coroutine waits for another through plain code."""

    async def inner() -> str:
        await asyncio.sleep(3)
        diary.note("inner")
        return "done"

    async def outer() -> str:
        await asyncio.sleep(1)
        return diary.clock.run_coroutine(inner())

    assert diary.clock.run_coroutine(outer()) == "done"
    assert diary.lines == [(4, "inner")]


def test_works_inside_a_running_loop(diary: Diary) -> None:
    """A notebook cell runs inside an asyncio loop of its own."""

    async def cell() -> float:
        diary.clock.run_until(50)
        return diary.clock.now

    assert asyncio.run(cell()) == 50


def test_an_exception_in_a_conversation_is_raised_not_swallowed(diary: Diary) -> None:
    """A bug of ours surfaces where time is let pass."""

    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        diary.clock.run_coroutine(broken())


def test_a_copy_lives_its_own_life(diary: Diary) -> None:
    """Timers are copied with the objects that they call."""
    diary.clock.call_at(10, diary.note, "due")
    twin = copy.deepcopy(diary)
    twin.clock.run_until(20)
    assert (diary.lines, twin.lines, diary.clock.now) == ([], [(10, "due")], 0)


def test_a_conversation_under_way_cannot_be_copied(diary: Diary) -> None:
    """The lab then replays instead."""
    task = diary.clock.spawn(asyncio.sleep(60))
    diary.clock.run_until(1)
    with pytest.raises(InFlight):
        copy.deepcopy(diary.clock)
    task.cancel()
    diary.clock.run_until(2)


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("5m", 300), ("2h", 7200), ("5d", 432000), (1.5, 1.5)])
def test_durations(text: str | float, value: float) -> None:
    """Units as in postconf(5)."""
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "5y", "-1", "ten", "99999d"])
def test_bad_durations_are_named(text: str) -> None:
    """The error repeats what was typed."""
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)
