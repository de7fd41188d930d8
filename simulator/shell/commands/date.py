"""NAME
    date - print the system's date and time

SYNOPSIS
    date [-u] [-R] [-I[TIMESPEC]] [--rfc-3339=TIMESPEC] [-d STRING | -r FILE] [+FORMAT]

DESCRIPTION
    Print virtual time, or the time that -d describes ("2 hours ago", "next monday", "@1795529035") or a file's time of
    change. FORMAT is as in strftime(3), and %s and %N besides.

DIFFERS FROM DEBIAN
    Every host lives in UTC; TZ is not looked at. The clock cannot be set; let time pass with the lab's own means.
"""

from __future__ import annotations

import posixpath

from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.shell.when import NotADate, format_time, parse
from simulator.unix.program import Process, program

_LONG = {
    "date=": "d", "file=": "f", "iso-8601=?": "I", "reference=": "r", "rfc-email": "R", "rfc-2822": "R", "rfc-3339=": "3", "set=": "s", "utc": "u",
    "universal": "u", "debug": "debug", "resolution": "resolution",
}  # fmt: skip
_DEFAULT = "%a %b %e %H:%M:%S %Z %Y"
_ISO = {"": "%F", "date": "%F", "hours": "%FT%H%:z", "minutes": "%FT%H:%M%:z", "seconds": "%FT%T%:z", "ns": "%FT%T,%N%:z"}
_RFC_3339 = {"date": "%F", "seconds": "%F %T%:z", "ns": "%F %T.%N%:z"}
_MAIL = "%a, %d %b %Y %H:%M:%S %z"


def _format(p: Process, options: Options) -> str:
    if "R" in options:
        return _MAIL
    if "I" in options:
        return _ISO.get(options.value("I"), "%F")
    if "3" in options:
        return _RFC_3339.get(options.value("3"), "%F %T%:z")
    words = options.operands
    if not words:
        return _DEFAULT
    if len(words) > 1:
        raise usage(p, f"extra operand {quote(p, words[1])}")
    if not words[0].startswith("+"):
        return ""
    return words[0][1:]


@program("/usr/bin/date")
def date(p: Process) -> int:
    """date(1)."""
    options = getopt(p, "d:f:I::r:Rs:u", _LONG)
    wanted = _format(p, options)
    when = p.clock.now
    if "s" in options or not wanted:
        return _set(p, options)
    if "d" in options:
        try:
            when = parse(options.value("d"), p.clock.now)
        except NotADate:
            p.err(f"{p.argv[0]}: invalid date {quote(p, options.value('d'))}\n")
            return 1
    elif "r" in options:
        try:
            when = p.fs.stat(posixpath.join(p.cwd, options.value("r")), p.cred).mtime
        except OSError as error:
            p.err(f"{p.argv[0]}: {options.value('r')}: {error.strerror}\n")
            return 1
    p.out(format_time(wanted, when) + "\n")
    return 0


def _set(p: Process, options: Options) -> int:
    text = options.value("s") if "s" in options else options.operands[0]
    try:
        when = parse(text, p.clock.now)
    except NotADate:
        p.err(f"{p.argv[0]}: invalid date {quote(p, text)}\n")
        return 1
    if p.cred.uid:
        p.err(f"{p.argv[0]}: cannot set date: Operation not permitted\n")
        p.out(format_time(_DEFAULT, when) + "\n")
        return 1
    p.err(f"simulator: {p.name}: setting the clock is not simulated\n")
    return 1
