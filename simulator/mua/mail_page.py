"""The page of messages that mail(1) shows, and the current message on it."""

from __future__ import annotations

from collections.abc import Callable


class Page:
    """`deleted(number)` tells which messages do not appear; `total()` how many there are; `lines()` how many fit."""

    def __init__(self, total: Callable[[], int], deleted: Callable[[int], bool], lines: Callable[[], int]) -> None:
        self._total, self._deleted, self._lines = total, deleted, lines
        self._top, self._cursor = 1, 0
        self._map: list[int] = []

    def numbers(self) -> list[int]:
        """The messages on the page."""
        if not self._map:
            self._fill()
        return self._map

    @property
    def current(self) -> int:
        """The number of the current message; 0 when there is none."""
        numbers = self.numbers()
        return numbers[self._cursor] if numbers else 0

    def invalidate(self) -> None:
        """Something was deleted, restored or has arrived."""
        self._map = []

    def reset(self) -> None:
        """Another mailbox."""
        self._top, self._cursor, self._map = 1, 0, []

    def select(self, number: int) -> None:
        """Make a message the current one; turn to it if it is not on the page."""
        if self._total() == 0:
            self._cursor = 0
        elif number in self.numbers():
            self._cursor = self._map.index(number)
        else:
            self._top, self._cursor, self._map = number, 0, []
            self.turn(0)

    def turn(self, offset: int) -> int:
        """Turn `offset` lines on or back; how many messages appear, 0 at the first or last page."""
        numbers = self.numbers()
        if not numbers:
            return 0
        start = max(1, numbers[0] + offset)
        shown = self._from(start)
        if offset < 0 and self._top == numbers[0]:
            self._map = shown
            return 0
        if shown:
            self._map, self._top = shown, shown[0]
            self._fill_up(len(shown))
        return len(shown)

    def _fill_up(self, count: int) -> None:
        """A last page that is not full begins further up."""
        if count >= self._lines() or self._top <= 1:
            return
        start = self._top - 1
        while count < self._lines() and start > 1:
            if not self._deleted(start):
                self._top, count, self._cursor = start, count + 1, self._cursor + 1
            start -= 1
        self._fill()

    def _from(self, start: int) -> list[int]:
        found: list[int] = []
        number = start
        while number <= self._total() and len(found) < self._lines():
            if not self._deleted(number):
                found.append(number)
            number += 1
        return found

    def _fill(self) -> None:
        self._map = self._from(self._top)
        self._cursor = max(0, min(self._cursor, len(self._map) - 1))
