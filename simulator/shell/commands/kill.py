"""NAME
    pgrep, pkill, pidof, kill, killall - find processes, and send them signals

SYNOPSIS
    pgrep [-aflnovx] [-u USER] PATTERN     pkill [-SIGNAL] [-fx] PATTERN     pidof NAME
    kill [-SIGNAL] PID...                  killall [-SIGNAL] NAME

DESCRIPTION
    A signal reaches the daemon: HUP makes master(8) reload, TERM ends it. Only root and the owner may send one.
"""

from __future__ import annotations

import posixpath
import re

from simulator.shell.commands.ps import name_of, uid_of
from simulator.shell.getopt import Options, getopt
from simulator.shell.signals import send, send_signals, signal_number
from simulator.unix.host import ProcessEntry
from simulator.unix.program import Process, program


def _matching(p: Process, options: Options, pattern: str) -> list[ProcessEntry]:
    found = []
    for entry in p.host.processes.entries.values():
        text = entry.command if "f" in options else name_of(entry)
        hit = re.fullmatch(pattern, text) if "x" in options else re.search(pattern, text, re.I if "i" in options else 0)
        users = [name for value in options.values("u") + options.values("U") for name in value.split(",")]
        if users and entry.user not in users and str(uid_of(p, entry)) not in users:
            hit = None
        if bool(hit) != ("v" in options):
            found.append(entry)
    found.sort(key=lambda entry: entry.pid)
    if "P" in options:
        found = [entry for entry in found if str(entry.ppid) in options.value("P").split(",")]
    if "n" in options or "o" in options:
        found = [max(found, key=lambda entry: entry.started)] if "n" in options and found else found[:1]
    return found


_GREP_LONG = {"full": "f", "exact": "x", "list-name": "l", "list-full": "a", "newest": "n", "oldest": "o", "inverse": "v", "count": "c", "euid=": "u",
              "uid=": "U", "parent=": "P", "ignore-case": "i", "signal=": "signal", "delimiter=": "d", "echo": "e"}  # fmt: skip


@program("/usr/bin/pgrep", "/usr/bin/pkill", "/usr/bin/pidwait")
def pgrep(p: Process) -> int:
    """pgrep(1), pkill(1)."""
    number = 15
    if p.name == "pkill" and len(p.argv) > 1 and re.fullmatch(r"-(?:SIG)?[A-Z0-9]{1,7}", p.argv[1]) and signal_number(p.argv[1][1:]) is not None:
        number = signal_number(p.argv.pop(1)[1:]) or 0
    options = getopt(p, "acd:efiG:g:lnoP:s:t:u:U:vwx", _GREP_LONG, status=2)
    if "signal" in options:
        number = signal_number(options.value("signal")) or 15
    if not options.operands and not options.values("u") + options.values("P"):
        p.err(f"{p.name}: no matching criteria specified\nTry `{p.name} --help' for more information.\n")
        return 2
    found = _matching(p, options, options.operands[0] if options.operands else "")
    if p.name == "pkill":
        return _send_all(p, found, number)
    if "c" in options:
        p.out(f"{len(found)}\n")
    else:
        shown = [f"{e.pid} {e.command}" if "a" in options else f"{e.pid} {name_of(e)}" if "l" in options else str(e.pid) for e in found]
        p.out(options.value("d", "\n").join(shown) + "\n" if shown else "")
    return 0 if found else 1


def _send_all(p: Process, found: list[ProcessEntry], number: int) -> int:
    status = 0 if found else 1
    for entry in found:
        if not send(p.host, p.user, p.cred, entry, number):
            p.err(f"{p.name}: killing pid {entry.pid} failed: Operation not permitted\n")
            status = 1
    return status


@program("/usr/bin/pidof", "/usr/sbin/killall5")
def pidof(p: Process) -> int:
    """pidof(1)."""
    options = getopt(p, "cd:hno:qsxz")
    found = [entry for entry in p.host.processes.entries.values() if name_of(entry) in [posixpath.basename(name) for name in options.operands]]
    pids = [str(entry.pid) for entry in sorted(found, key=lambda entry: -entry.pid)]
    if pids and "q" not in options:
        p.out(" ".join(pids[:1] if "s" in options else pids) + "\n")
    return 0 if pids else 1


@program("/usr/bin/kill", "/usr/bin/skill")
def kill(p: Process) -> int:
    """kill(1), the program; a shell has its own."""
    status, text = send_signals(p.host, p.user, p.cred, p.argv[1:], f"{p.argv[0]}: ", ":")
    p.err(text)
    return status


@program("/usr/bin/killall", package="psmisc")
def killall(p: Process) -> int:
    """killall(1)."""
    number = 15
    if len(p.argv) > 1 and signal_number(p.argv[1][1:]) is not None and p.argv[1].startswith("-"):
        number = signal_number(p.argv.pop(1)[1:]) or 0
    options = getopt(p, "eIgiqrs:u:vwy:")
    if "s" in options:
        number = signal_number(options.value("s")) or 15
    status = 0
    for name in options.operands:
        found = [entry for entry in p.host.processes.entries.values() if name_of(entry) == posixpath.basename(name)]
        if not found:
            p.err("" if "q" in options else f"{name}: no process found\n")
            status = 1
        for entry in found:
            if not send(p.host, p.user, p.cred, entry, number):
                p.err(f"{name}({entry.pid}): Operation not permitted\n")
                status = 1
    return status
