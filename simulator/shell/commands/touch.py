"""NAME
    touch - change file timestamps

SYNOPSIS
    touch [-acmh] [-d STRING | -r FILE | -t [[CC]YY]MMDDhhmm[.ss]] FILE...

DESCRIPTION
    Set the times of access and change to now, or to the given moment. A file that does not exist is created empty, unless -c
    is given.
"""

from __future__ import annotations

import calendar
import posixpath
import re
import time

from simulator.shell import files
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.shell.when import NotADate, parse
from simulator.unix.program import Exit, Process, program

_LONG = {"no-create": "c", "date=": "d", "no-dereference": "h", "reference=": "r", "time=": "time"}


def _stamp(p: Process, text: str) -> float:
    """-t's [[CC]YY]MMDDhhmm[.ss]."""
    match = re.fullmatch(r"(?:(\d\d)?(\d\d))?(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d\d))?", text)
    if match is None or not (1 <= int(match[3]) <= 12 and 1 <= int(match[4]) <= 31 and int(match[5]) < 24 and int(match[6]) < 60):
        p.err(f"{p.argv[0]}: invalid date format {quote(p, text)}\n")
        raise Exit(1)
    year = time.gmtime(p.clock.now).tm_year
    if match[2]:
        short = int(match[2])
        year = int(match[1] or (19 if short > 68 else 20)) * 100 + short
    return calendar.timegm((year, int(match[3]), int(match[4]), int(match[5]), int(match[6]), int(match[7] or 0)))


def _times(p: Process, options: Options) -> tuple[float, float]:
    """The times of access and change to be set."""
    base = (p.clock.now, p.clock.now)
    if "r" in options:
        name = options.value("r")
        try:
            entry = p.fs.stat(posixpath.join(p.cwd, name), p.cred)
        except OSError as error:
            p.err(f"{p.argv[0]}: failed to get attributes of {files.quoted(name)}: {error.strerror}\n")
            raise Exit(1) from None
        base = (entry.atime, entry.mtime)
    if "t" in options:
        moment = _stamp(p, options.value("t"))
        return moment, moment
    if "d" in options:
        try:
            moment = parse(options.value("d"), base[1])
        except NotADate:
            p.err(f"{p.argv[0]}: invalid date format {quote(p, options.value('d'))}\n")
            raise Exit(1) from None
        return moment, moment
    return base


def _touch(p: Process, name: str, options: Options, atime: float, mtime: float) -> int:
    path = posixpath.join(p.cwd, name)
    try:
        if not p.fs.exists(path, p.cred):
            if "c" in options:
                return 0
            p.fs.write(path, b"", p.cred)
        entry = p.fs.stat(path, p.cred)
        only_access, only_change = "a" in options and "m" not in options, "m" in options and "a" not in options
        p.fs.utime(path, entry.atime if only_change else atime, entry.mtime if only_access else mtime, p.cred)
    except OSError as error:
        p.err(f"{p.argv[0]}: cannot touch {files.quoted(name)}: {error.strerror}\n")
        return 1
    return 0


@program("/usr/bin/touch")
def touch(p: Process) -> int:
    """touch(1)."""
    options = getopt(p, "acd:fhmr:t:", _LONG)
    if not options.operands:
        raise usage(p, "missing file operand")
    atime, mtime = _times(p, options)
    return max([_touch(p, name, options, atime, mtime) for name in options.operands])
