"""NAME
    wc - print newline, word, and byte counts for each file

SYNOPSIS
    wc [-clmLw] [FILE...]

DESCRIPTION
    Lines, words and bytes; -m counts characters, -L the width of the longest line. Several files have a total.
"""

from __future__ import annotations

import re

from simulator.shell import files, marks
from simulator.shell.getopt import choose, getopt
from simulator.unix.program import Process, program

_LONG = {"bytes": "c", "chars": "m", "lines": "l", "max-line-length": "L", "words": "w", "files0-from=": "files0", "total=": "total"}
_ORDER = "lwmcL"


def _counts(data: bytes) -> dict[str, int]:
    text = data.decode("utf-8", "surrogateescape")
    characters = sum(1 for character in text if not "\udc80" <= character <= "\udcff")
    longest = max((len(line.expandtabs(8)) for line in text.split("\n")), default=0)
    words = len(re.findall(rb"[^\s]+", data))
    return {"l": data.count(b"\n"), "w": words, "m": characters, "c": len(data), "L": longest}


@program("/usr/bin/wc")
def wc(p: Process) -> int:
    """wc(1)."""
    options = getopt(p, "clmLw", _LONG)
    columns = [letter for letter in _ORDER if letter in options] or list("lwc")
    rows: list[tuple[str, dict[str, int]]] = []
    status, width = 0, _width(p, options.operands, columns)
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {data.strerror}\n")
            status = 1
            if isinstance(data, IsADirectoryError):
                _row(p, columns, dict.fromkeys(_ORDER, 0), width, name)
            rows.append((name, dict.fromkeys(_ORDER, 0)))
            continue
        counts = _counts(data)
        rows.append((name, counts))
        _row(p, columns, counts, width, name if options.operands else "")
    when = choose(p, "--total", options.value("total", "auto"), ("auto", "always", "only", "never"))
    if when == "always" or (when == "auto" and len(rows) > 1):
        total = {letter: (max if letter == "L" else sum)(counts[letter] for _, counts in rows) for letter in _ORDER}
        _row(p, columns, total, width, "total")
    return status


def _row(p: Process, columns: list[str], counts: dict[str, int], width: int, name: str) -> None:
    p.out(" ".join(f"{counts[letter]:{width}}" for letter in columns) + (f" {name}" if name else "") + "\n")


def _width(p: Process, names: list[str], columns: list[str]) -> int:
    """One column of one file is not padded; else as wide as the sum of the sizes, at least 7 where a size is not known."""
    if len(columns) == 1 and len(names) <= 1:
        return 1
    total, unknown = 0, False
    for name in names or ["-"]:
        if name == "-":
            total, unknown = (total + len(files.octets(p.stdin)), unknown) if p.env.get(marks.VARIABLE) == marks.FILE else (total, True)
            continue
        try:
            entry = p.fs.stat(p.path(name), p.cred)
        except OSError:
            continue
        if entry.is_file:
            total += entry.size
        else:
            unknown = True
    return max(7 if unknown else 1, len(str(total)))
