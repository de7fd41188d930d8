"""The shortest way from one list of lines to another, as diff(1) finds it.

Myers' algorithm ("An O(ND) Difference Algorithm", 1986) with the middle of the path searched from both ends; then, as GNU diff
does, runs of changes are shifted so that they join and end as late as they can.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """Lines [start, end) of the old list become lines [new_start, new_end) of the new one. Counting from 0."""

    start: int
    end: int
    new_start: int
    new_end: int


def changes(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Change]:
    """What to change, in order."""
    gone, come = [False] * len(old), [False] * len(new)
    _compare(old, new, 0, len(old), 0, len(new), gone, come)
    _shift(old, gone, come)
    _shift(new, come, gone)
    return _script(gone, come)


def _compare(old: Sequence[Hashable], new: Sequence[Hashable], x: int, x_end: int, y: int, y_end: int, gone: list[bool], come: list[bool]) -> None:
    while x < x_end and y < y_end and old[x] == new[y]:
        x, y = x + 1, y + 1
    while x < x_end and y < y_end and old[x_end - 1] == new[y_end - 1]:
        x_end, y_end = x_end - 1, y_end - 1
    if x == x_end:
        come[y:y_end] = [True] * (y_end - y)
    elif y == y_end:
        gone[x:x_end] = [True] * (x_end - x)
    else:
        x_mid, y_mid = _middle(old, new, x, x_end, y, y_end)
        _compare(old, new, x, x_mid, y, y_mid, gone, come)
        _compare(old, new, x_mid, x_end, y_mid, y_end, gone, come)


def _middle(old: Sequence[Hashable], new: Sequence[Hashable], x: int, x_end: int, y: int, y_end: int) -> tuple[int, int]:
    """A point on a shortest path, found where the searches from both ends meet. Diagonals are numbered x - y."""
    low, high = x - y_end, x_end - y
    forward, backward = {x - y: x}, {x_end - y_end: x_end}
    odd = (x - y - (x_end - y_end)) % 2 != 0
    f_low = f_high = x - y
    b_low = b_high = x_end - y_end
    while True:
        f_low, f_high = _widen(forward, f_low, f_high, low, high, -1)
        for diagonal in range(f_high, f_low - 1, -2):
            at = max(forward.get(diagonal - 1, -1) + 1, forward.get(diagonal + 1, -1))
            while at < x_end and at - diagonal < y_end and old[at] == new[at - diagonal]:
                at += 1
            forward[diagonal] = at
            if odd and b_low <= diagonal <= b_high and backward.get(diagonal, 1 << 60) <= at:
                return at, at - diagonal
        b_low, b_high = _widen(backward, b_low, b_high, low, high, 1 << 60)
        for diagonal in range(b_high, b_low - 1, -2):
            at = min(backward.get(diagonal - 1, 1 << 60), backward.get(diagonal + 1, 1 << 60) - 1)
            while x < at and y < at - diagonal and old[at - 1] == new[at - diagonal - 1]:
                at -= 1
            backward[diagonal] = at
            if not odd and f_low <= diagonal <= f_high and at <= forward.get(diagonal, -1):
                return at, at - diagonal


def _widen(ends: dict[int, int], low: int, high: int, lowest: int, highest: int, outside: int) -> tuple[int, int]:
    """One step further on each side, or one back where the edge is reached."""
    if low > lowest:
        low -= 1
        ends[low - 1] = outside
    else:
        low += 1
    if high < highest:
        high += 1
        ends[high + 1] = outside
    else:
        high -= 1
    return low, high


def _shift(lines: Sequence[Hashable], marked: list[bool], other: list[bool]) -> None:
    """Move each run of marks down as far as equal lines allow, joining it with the next; where it then meets a run of the
    other side, stop there."""
    at = there = 0
    while True:
        while at < len(lines) and not marked[at]:
            while there < len(other) and other[there]:
                there += 1
            at, there = at + 1, there + 1
        if at >= len(lines):
            return
        start = at
        while at < len(lines) and marked[at]:
            at += 1
        while there < len(other) and other[there]:
            there += 1
        at, there = _slide(lines, marked, other, start, at, there)


def _slide(lines: Sequence[Hashable], marked: list[bool], other: list[bool], start: int, end: int, there: int) -> tuple[int, int]:
    while True:
        length = end - start
        while start and lines[start - 1] == lines[end - 1]:
            start, end = start - 1, end - 1
            marked[start], marked[end] = True, False
            while start and marked[start - 1]:
                start -= 1
            there -= 1
            while there > 0 and there <= len(other) and other[there - 1]:
                there -= 1
        corresponding = end if there > 0 and other[there - 1] else len(lines)
        while end < len(lines) and lines[start] == lines[end]:
            marked[start], marked[end] = False, True
            start, end = start + 1, end + 1
            while end < len(lines) and marked[end]:
                end += 1
            there += 1
            while there < len(other) and other[there]:
                corresponding = end
                there += 1
        if length == end - start:
            break
    while corresponding < end:
        start, end = start - 1, end - 1
        marked[start], marked[end] = True, False
        there -= 1
        while there > 0 and other[there - 1]:
            there -= 1
    return end, there


def _script(gone: list[bool], come: list[bool]) -> list[Change]:
    found, x, y = [], 0, 0
    while x < len(gone) or y < len(come):
        if (x < len(gone) and gone[x]) or (y < len(come) and come[y]):
            x_start, y_start = x, y
            while x < len(gone) and gone[x]:
                x += 1
            while y < len(come) and come[y]:
                y += 1
            found.append(Change(x_start, x, y_start, y))
        else:
            x, y = x + 1, y + 1
    return found
