"""The table of qshape(1): counts by domain and age."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from simulator.postfix.commands.qshape_options import Options

TOTAL = "TOTAL"
_MIN_DOMAIN_WIDTH = 18


class Shape:
    """The table: counts by domain; column 0 is the sum of the others."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.rows: dict[str, dict[int, int]] = {}
        self.subdomains: dict[str, int] = {}

    def bucket(self, age: float) -> int:
        """The column for an age in seconds."""
        units = age / (60 * self.options.tick)
        if units < 1:
            return 1
        column = int(units + 1) if "l" in self.options else 2 + int(math.log(units) / math.log(2))
        return min(column, self.options.buckets)

    def count(self, address: str, column: int) -> None:
        """One recipient, or one sender."""
        self._add(TOTAL, column)
        domain = address.lower().rpartition("@")[2] if address else "MAILER-DAEMON"
        domain = domain.replace("..", ".")
        if len(domain) > 1:
            domain = domain.removeprefix(".").removesuffix(".")
        is_new = False
        for name in self._with_parents(domain):
            first = self._add(name, column)
            self.subdomains[name] = self.subdomains.get(name, 0) + is_new
            is_new = first

    def _with_parents(self, domain: str) -> Iterator[str]:
        yield domain
        if "p" not in self.options:
            return
        while (found := re.match(r"\.?[^.]+\.(.*\..*)", domain)) is not None:
            domain = f".{found[1]}"
            yield domain

    def _add(self, name: str, column: int) -> bool:
        """True for a domain that was not known yet."""
        first = name not in self.rows
        row = self.rows.setdefault(name, {0: 0})
        row[0] += 1
        row[column] = row.get(column, 0) + 1
        return first

    def lines(self) -> Iterator[str]:
        """The table as it is printed."""
        options = self.options
        total = self.rows.setdefault(TOTAL, {0: 0})
        heads = ["T", *self._ages()]
        widths = [max(len(head), len(str(total.get(column, 0)))) for column, head in enumerate(heads)]
        widths = [width + 1 if width > 2 else 3 for width in widths]
        name_width = max(options.width - sum(widths), _MIN_DOMAIN_WIDTH)
        yield " " * name_width + "".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)) + "\n"
        for shown, name in enumerate(self._sorted(), 1):
            if options.top > 0 and shown > options.top:
                return
            row = self.rows[name]
            cells = "".join(f"{row.get(column, 0):>{width}}" for column, width in enumerate(widths))
            yield _fit(name, name_width) + cells + "\n"

    def _ages(self) -> Iterator[str]:
        age = 0
        for column in range(1, self.options.buckets + 1):
            if column == self.options.buckets:
                yield f"{age}+"
                return
            age += age if age and "l" not in self.options else self.options.tick
            yield str(age)

    def _sorted(self) -> Iterator[str]:
        for name in sorted(self.rows, key=lambda name: (-self.rows[name][0], len(name))):
            if not name.startswith(".") or self.subdomains.get(name, 0) >= self.options.min_subdomains:
                yield name


def _fit(name: str, width: int) -> str:
    if len(name) <= width:
        return name.rjust(width)
    return f".+{name[len(name) - width + 2 :]}" if name.startswith(".") else f"+{name[len(name) - width + 1 :]}"
