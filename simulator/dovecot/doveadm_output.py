"""The formatters of doveadm (-f): table, flow, tab, pager, json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.unix.program import Process

#: Columns of a terminal that tells nothing.
_TERMINAL = 80


@dataclass(frozen=True, slots=True)
class Column:
    """A field: its key, its title in tables, whether numbers stand at the right, whether it takes all room left."""

    key: str
    title: str = ""
    right: bool = False
    expand: bool = False
    hidden: bool = False


def table(p: Process, columns: Sequence[Column], rows: Sequence[Sequence[str]], heading: bool = True) -> None:
    """Columns as wide as their content; one that expands takes half of what is left."""
    titles = [one.title or one.key for one in columns]
    widths = [max([len(title), *(len(row[place]) for row in rows)]) for place, title in enumerate(titles)]
    expanding = [place for place, one in enumerate(columns) if one.expand]
    if expanding:
        widths[expanding[0]] += max(0, -((sum(widths) + len(widths) - _TERMINAL) // 2))
    for row in ([titles] if heading else []) + [list(row) for row in rows]:
        cells = [cell.rjust(width) if one.right else cell.ljust(width) for cell, width, one in zip(row, widths, columns, strict=True)]
        p.out(" ".join(cells) + "\n")


def flow(p: Process, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """One line a row: hidden titles give the value alone."""
    for row in rows:
        p.out(" ".join(cell if one.hidden else f"{one.key}={cell}" for cell, one in zip(row, columns, strict=True)) + "\n")


def tab(p: Process, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Values between tabulators, a title line first."""
    p.out("\t".join(one.title or one.key for one in columns) + "\n")
    for row in rows:
        p.out("\t".join(row) + "\n")


def pager(p: Process, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """`key: value` lines, a form feed between rows."""
    for number, row in enumerate(rows):
        p.out("\f\n" if number else "")
        for cell, one in zip(row, columns, strict=True):
            many = "\n" in cell
            p.out(f"{one.key}:\n{cell}\n" if many or one.key in ("text", "hdr", "body") else f"{one.key}: {cell}\n")


def as_json(p: Process, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """A list of objects in one line."""
    p.out(json.dumps([{one.key: cell for one, cell in zip(columns, row, strict=True)} for row in rows], separators=(",", ":")))


def show(p: Process, formatter: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print rows with a formatter's name."""
    {"table": table, "flow": flow, "tab": tab, "pager": pager, "json": as_json}[formatter](p, columns, rows)
