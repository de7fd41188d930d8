"""Names in as many columns as a line holds, as ls(1) and column(1) lay them out."""

from __future__ import annotations

from collections.abc import Sequence

_GAP = 2
_TAB = 8


def columns(names: Sequence[str], lengths: Sequence[int], width: int, across: bool = False) -> str:
    """Lay names out in columns of different widths, down first or (`across`) along the lines, filled with blanks and tabs.

    `lengths` are the widths as seen; names may hold colour sequences besides.
    """
    count = len(names)
    for wide in range(min(count, max(1, width // 3)), 0, -1):
        rows = -(-count // wide)
        sizes = [0] * wide
        for index, length in enumerate(lengths):
            column = index % wide if across else index // rows
            last = column == wide - 1
            sizes[column] = max(sizes[column], length + (0 if last else _GAP))
        if wide == 1 or sum(sizes) < width:
            break
    lines = []
    for row in range(rows):
        cells = range(row * wide, min(count, row * wide + wide)) if across else range(row, count, rows)
        lines.append(_line([(names[cell], lengths[cell]) for cell in cells], sizes))
    return "".join(f"{line}\n" for line in lines)


def _line(cells: Sequence[tuple[str, int]], sizes: Sequence[int]) -> str:
    text, at, start = "", 0, 0
    for index, (name, length) in enumerate(cells):
        text += indent(at, start)
        text += name
        at = start + length
        start += sizes[index]
    return text


def indent(at: int, to: int) -> str:
    """Blanks and tabs from one position to another, tabs where they reach further than a blank."""
    text = ""
    while at < to:
        if to // _TAB > (at + 1) // _TAB:
            text += "\t"
            at += _TAB - at % _TAB
        else:
            text += " "
            at += 1
    return text
