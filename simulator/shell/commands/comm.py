"""NAME
    comm, join - compare and join sorted files

SYNOPSIS
    comm [-123] FILE1 FILE2     join [-t CHAR] [-1 FIELD] [-2 FIELD] [-a N] [-v N] [-i] FILE1 FILE2

DESCRIPTION
    comm prints lines only in the first, only in the second, and in both files, in three columns. join prints lines of two
    files that agree in a field. Both want their files sorted.
"""

from __future__ import annotations

from simulator.shell import files
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.program import Exit, Process, program


def _two_files(p: Process, words: list[str]) -> list[list[str]]:
    if len(words) < 2:
        raise usage(p, f"missing operand after {quote(p, words[0])}" if words else "missing operand")
    if len(words) > 2:
        raise usage(p, f"extra operand {quote(p, words[2])}")
    found = []
    for name, data in files.operands(p, words):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {data.strerror}\n")
            raise Exit(1)
        found.append(files.text(data).splitlines())
    return found


@program("/usr/bin/comm")
def comm(p: Process) -> int:
    """comm(1)."""
    options = getopt(p, "123z", {"check-order": "check", "nocheck-order": "nocheck", "output-delimiter=": "o", "total": "total"})
    one, two = _two_files(p, options.operands)
    glue = options.value("o", "\t")
    indents = {"1": "", "2": "" if "1" in options else glue}
    indents["3"] = indents["2"] + ("" if "2" in options else glue)
    warned: set[int] = set()
    unpaired = False
    x = y = 0
    while x < len(one) or y < len(two):
        if y >= len(two) or (x < len(one) and one[x] < two[y]):
            column, line, x = "1", one[x], x + 1
        elif x >= len(one) or two[y] < one[x]:
            column, line, y = "2", two[y], y + 1
        else:
            column, line, x, y = "3", one[x], x + 1, y + 1
        if column not in options:
            p.out(f"{indents[column]}{line}\n")
        if unpaired and column in "13":
            _check_order(p, one, x, 1, warned)
        if unpaired and column in "23":
            _check_order(p, two, y, 2, warned)
        unpaired = unpaired or column != "3"
    if warned:
        p.err(f"{p.argv[0]}: input is not in sorted order\n")
    return 1 if warned else 0


def _check_order(p: Process, lines: list[str], at: int, number: int, warned: set[int]) -> None:
    if 0 < at < len(lines) and lines[at - 1] > lines[at] and number not in warned:
        warned.add(number)
        p.err(f"{p.argv[0]}: file {number} is not in sorted order\n")


@program("/usr/bin/join")
def join(p: Process) -> int:
    """join(1)."""
    options = getopt(p, "1:2:a:e:ij:o:t:v:z", {"ignore-case": "i", "check-order": "check", "nocheck-order": "nocheck", "header": "header"})
    one, two = _two_files(p, options.operands)
    separator = options.value("t")
    fields = [int(options.value(letter, options.value("j", "1"))) - 1 for letter in "12"]
    rows = [[line.split(separator) if separator else line.split() for line in lines] for lines in (one, two)]
    glue = separator or " "
    alone, only = options.values("a") + options.values("v"), "v" in options
    used: set[int] = set()
    for row in rows[0]:
        key = _key(row, fields[0], options)
        partners = [index for index, other in enumerate(rows[1]) if _key(other, fields[1], options) == key]
        used.update(partners)
        if not only:
            p.out(
                "".join(f"{glue.join([_field(row, fields[0]), *_rest(row, fields[0]), *_rest(rows[1][index], fields[1])])}\n" for index in partners)
            )
        if not partners and "1" in alone:
            p.out(f"{glue.join([_field(row, fields[0]), *_rest(row, fields[0])])}\n")
    if "2" in alone:
        p.out("".join(f"{glue.join([_field(row, fields[1]), *_rest(row, fields[1])])}\n" for index, row in enumerate(rows[1]) if index not in used))
    return 0


def _field(row: list[str], at: int) -> str:
    return row[at] if at < len(row) else ""


def _key(row: list[str], at: int, options: Options) -> str:
    return _field(row, at).lower() if "i" in options else _field(row, at)


def _rest(row: list[str], at: int) -> list[str]:
    return row[:at] + row[at + 1 :]
