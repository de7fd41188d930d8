"""NAME
    ps, top - a snapshot of the processes

SYNOPSIS
    ps [aux | -ef | -e | -A] [-o FORMAT] [-p PID,...] [-u USER,...] [-C NAME] [--no-headers]     top -bn1

DESCRIPTION
    Shows the processes that stay (init and the daemons) and the shell that asks.

DIFFERS FROM DEBIAN
    Memory and processor time are invented. Background jobs of a shell have ended before one can see them.
"""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Callable

from simulator.shell.getopt import Options, getopt
from simulator.unix.host import ProcessEntry
from simulator.unix.program import Exit, Process, program

_LONG = {"no-headers": "H", "no-heading": "H", "forest": "forest", "sort=": "sort", "pid=": "p", "user=": "u", "User=": "u", "ppid=": "P",
    "format=": "o",
         "cols=": "cols", "width=": "cols"}  # fmt: skip


def table(p: Process) -> list[ProcessEntry]:
    """The processes that stay, the shell, and this program itself."""
    own_shell = ProcessEntry(p.pid - 1, 1, p.user, "bash", p.clock.now)
    own = ProcessEntry(p.pid, p.pid - 1, p.user, " ".join([p.name, *p.argv[1:]]), p.clock.now)
    return [*sorted(p.host.processes.entries.values(), key=lambda entry: entry.pid), own_shell, own]


def name_of(entry: ProcessEntry) -> str:
    """The name that comm shows: at most 15 letters of the program's name."""
    return posixpath.basename(entry.command.split()[0])[:15]


def _cpu(entry: ProcessEntry) -> str:
    return "00:00:00"


def _start(p: Process, entry: ProcessEntry) -> str:
    moment = time.gmtime(entry.started)
    return time.strftime("%H:%M" if p.clock.now - entry.started < 86400 else "%b%d", moment)


def _elapsed(p: Process, entry: ProcessEntry) -> str:
    seconds = int(p.clock.now - entry.started)
    days, rest = divmod(seconds, 86400)
    clock = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}-{clock}" if days else clock if rest >= 3600 else clock[3:]


Column = tuple[str, int, Callable[[Process, ProcessEntry], str]]
#: heading, width (negative: to the left; 0: as long as it is), value
_COLUMNS: dict[str, Column] = {
    "pid": ("PID", 7, lambda p, e: str(e.pid)), "ppid": ("PPID", 7, lambda p, e: str(e.ppid)), "user": ("USER", -8, lambda p, e: e.user[:8]),
    "uid": ("UID", 5, lambda p, e: str(uid_of(p, e))), "group": ("GROUP", -8, lambda p, e: _group(p, e)),
    "comm": ("COMMAND", -15, lambda p, e: name_of(e)),
    "args": ("COMMAND", -27, lambda p, e: e.command), "tty": ("TT", -8, lambda p, e: "?"), "stat": ("STAT", -4, lambda p, e: _stat(p, e)),
    "time": ("TIME", 8, lambda p, e: _cpu(e)), "etime": ("ELAPSED", 11, _elapsed), "pcpu": ("%CPU", 4, lambda p, e: "0.0"),
    "pmem": ("%MEM", 4, lambda p, e: "0.1"), "vsz": ("VSZ", 6, lambda p, e: "42856"), "rss": ("RSS", 5, lambda p, e: "4608"),
    "stime": ("STIME", -5, _start), "start": ("STARTED", 8, lambda p, e: time.strftime("%H:%M:%S", time.gmtime(e.started))),
    "lstart": ("STARTED", 24, lambda p, e: time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(e.started))), "ni": ("NI", 3, lambda p, e: "0"),
    "pri": ("PRI", 3, lambda p, e: "19"), "c": ("C", 2, lambda p, e: "0"), "pgid": ("PGID", 7, lambda p, e: str(e.pid)),
    "sid": ("SID", 7, lambda p, e: str(e.pid)), "etimes": ("ELAPSED", 7, lambda p, e: str(int(p.clock.now - e.started))),
}  # fmt: skip
_ALIASES = {"cmd": "args", "command": "args", "ucmd": "comm", "ucomm": "comm", "euser": "user", "ruser": "user", "tname": "tty", "tt": "tty",
    "s": "stat",
            "state": "stat", "%cpu": "pcpu", "%mem": "pmem", "cputime": "time", "euid": "uid", "egroup": "group", "nice": "ni",
            "rssize": "rss"}  # fmt: skip
_HEADINGS = {"cmd": "CMD", "euser": "EUSER", "ruser": "RUSER", "tname": "TTY", "s": "S", "euid": "EUID"}


def uid_of(p: Process, entry: ProcessEntry) -> int:
    """The number of the user whose process it is."""
    user = p.host.users.by_name(entry.user)
    return user.uid if user else 0


def _group(p: Process, entry: ProcessEntry) -> str:
    user = p.host.users.by_name(entry.user)
    return p.host.users.group_name(user.gid)[:8] if user else "root"


def _stat(p: Process, entry: ProcessEntry) -> str:
    return "R" if entry.pid == p.pid else "Ss" if entry.ppid == 1 else "S"


# -- ps -----------------------------------------------------------------------------------------------------------------

_FULL: list[tuple[str, str, int]] = [("user", "UID", -8), ("pid", "PID", 7), ("ppid", "PPID", 7), ("c", "C", 2), ("stime", "STIME", -5),
                                     ("tty", "TTY", -8), ("time", "TIME", 8), ("args", "CMD", 0)]  # fmt: skip
_BSD_USER: list[tuple[str, str, int]] = [("user", "USER", -8), ("pid", "PID", 7), ("pcpu", "%CPU", 4), ("pmem", "%MEM", 4), ("vsz", "VSZ", 6),
                                         ("rss", "RSS", 5), ("tty", "TTY", -8), ("stat", "STAT", -4), ("stime", "START", 5),
                                         ("time4", "TIME", 6), ("args", "COMMAND", 0)]  # fmt: skip
_BSD: list[tuple[str, str, int]] = [("pid", "PID", 7), ("tty", "TTY", -8), ("stat", "STAT", -4), ("time4", "TIME", 6), ("args", "COMMAND", 0)]
_SHORT: list[tuple[str, str, int]] = [("pid", "PID", 7), ("tty", "TTY", -8), ("time", "TIME", 8), ("comm", "CMD", 0)]


def _value(p: Process, column: str, entry: ProcessEntry) -> str:
    if column == "time4":
        return "0:00"
    if column == "tty" and entry.pid >= p.pid - 1 and p.tty:
        return "pts/0"
    return _COLUMNS[column][2](p, entry)


def _print(p: Process, columns: list[tuple[str, str, int]], entries: list[ProcessEntry], heading: bool) -> None:
    rows = [[title for _, title, _ in columns]] if heading and any(title for _, title, _ in columns) else []
    rows += [[_value(p, column, entry) for column, _, _ in columns] for entry in entries]
    for row in rows:
        cells = []
        for index, (cell, (_, _, width)) in enumerate(zip(row, columns, strict=True)):
            last = index == len(columns) - 1
            cells.append(cell if last and width <= 0 else cell.ljust(-width) if width <= 0 else cell.rjust(width))
        p.out(" ".join(cells) + "\n")


def _columns(p: Process, text: str) -> list[tuple[str, str, int]]:
    found = []
    for word in re.split(r"[,\s]+(?![^=]*$)|,", text) if "=" not in text else [text]:
        for part in word.split(",") if "=" not in word else re.split(r",(?=\w+=?)", word):
            name, equals, title = part.partition("=")
            key = _ALIASES.get(name.lower(), name.lower())
            if key not in _COLUMNS:
                p.err(f'error: unknown user-defined format specifier "{name}"\n\n')
                raise _ps_usage(p)
            heading, width, _ = _COLUMNS[key]
            found.append((key, title if equals else _HEADINGS.get(name.lower(), heading), width))
    return found


def _ps_usage(p: Process) -> Exit:
    p.err(
        "Usage:\n ps [options]\n\n Try 'ps --help <simple|list|output|threads|misc|all>'\n  or 'ps --help <s|l|o|t|m|a>'\n"
        " for additional help text.\n\nFor more details see ps(1).\n"
    )
    return Exit(1)


@program("/usr/bin/ps")
def ps(p: Process) -> int:
    """ps(1)."""
    bsd = "".join(word for word in p.argv[1:] if re.fullmatch(r"[aAeEfhjlmruvwxX]+", word))
    p.argv[1:] = [word for word in p.argv[1:] if not re.fullmatch(r"[aAeEfhjlmruvwxX]+", word)]
    numbers = [word for word in p.argv[1:] if re.fullmatch(r"[\d,]+", word)]
    try:
        options = getopt(p, "aAC:defFg:G:HjlLMNo:Op:q:s:t:Tu:U:wyZ", _LONG)
    except Exit:
        p.stderr.clear()
        p.mixed.clear()
        p.err("error: unsupported SysV option\n\n")
        raise _ps_usage(p) from None
    entries = _selected(p, options, bsd, numbers)
    if "o" in options:
        columns = [column for text in options.values("o") for column in _columns(p, text)]
    elif "f" in options or "F" in options:
        columns = _FULL
    else:
        columns = _BSD_USER if "u" in bsd else _BSD if bsd else _SHORT
    _print(p, columns, entries, "H" not in options and "h" not in bsd)
    return 0 if entries else 1


def _selected(p: Process, options: Options, bsd: str, numbers: list[str]) -> list[ProcessEntry]:
    entries = table(p)
    pids = {
        int(part)
        for text in [*options.values("p"), *options.values("q"), *(numbers if not options.values("p") else [])]
        for part in re.split(r"[,\s]+", text)
        if part.isdigit()
    }
    if "p" in options or "q" in options or numbers:
        return [entry for entry in entries if entry.pid in pids]
    if "C" in options:
        names = options.value("C").split(",")
        return [entry for entry in entries if name_of(entry) in names]
    users = {name for text in options.values("u") + options.values("U") for name in text.split(",")}
    if users:
        return [entry for entry in entries if entry.user in users or str(uid_of(p, entry)) in users]
    if {"e", "A", "d"} & {letter for letter, _ in options.found} or "x" in bsd:
        return [entry for entry in entries if "x" not in bsd or "a" in bsd or entry.user == p.user]
    return [entry for entry in entries if entry.pid >= p.pid - 1]


@program("/usr/bin/top")
def top(p: Process) -> int:
    """top(1), one page of it."""
    getopt(p, "bcd:Hin:p:u:1")
    if not p.tty and "-b" not in " ".join(p.argv):
        p.err("top: failed tty get\n")
        return 1
    entries = table(p)
    p.out(f"top - {time.strftime('%H:%M:%S', time.gmtime(p.clock.now))} up 1 day,  0 users,  load average: 0.00, 0.00, 0.00\n")
    p.out(f"Tasks: {len(entries):3} total,   1 running, {len(entries) - 1:3} sleeping,   0 stopped,   0 zombie\n")
    p.out("%Cpu(s):  0.0 us,  0.0 sy,  0.0 ni,100.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st\n")
    p.out(
        "MiB Mem :   1975.0 total,   1200.0 free,    300.0 used,    475.0 buff/cache\n"
        "MiB Swap:      0.0 total,      0.0 free,      0.0 used.   1500.0 avail Mem\n\n"
    )
    p.out("    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n")
    p.out(
        "".join(
            f"{e.pid:7} {e.user:<8}  20   0   42856   4608   3900 {'R' if e.pid == p.pid else 'S'}   0.0   0.1   0:00.00 {name_of(e)}\n"
            for e in entries
        )
    )
    return 0
