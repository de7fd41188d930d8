"""Signals by name and number, and sending them to the processes of a host: signal(7), kill(2)."""

from __future__ import annotations

import re

from simulator.unix.fs import Cred
from simulator.unix.host import Host, ProcessEntry

SIGNALS = (
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF "
    "WINCH IO PWR SYS"
).split()
TERM = 15
_FATAL = (1, 2, 9, 15)


def signal_number(word: str) -> int | None:
    """The number of a signal given by name, with or without SIG, or by number; None if there is none."""
    if word.isdigit():
        return int(word) if int(word) <= 64 else None
    name = word.upper().removeprefix("SIG")
    return SIGNALS.index(name) + 1 if name in SIGNALS else None


def send(host: Host, user: str, cred: Cred, entry: ProcessEntry, number: int) -> bool:
    """kill(2). False where this user may not."""
    if cred.uid and entry.user != user:
        return False
    if number and entry.owner is not None:
        entry.owner.signal(number, entry.pid)
    elif number in _FATAL and entry.pid != 1:
        host.processes.remove(entry.pid)
    return True


def send_signals(host: Host, user: str, cred: Cred, words: list[str], prefix: str, dash: str) -> tuple[int, str]:
    """What the arguments of kill(1) ask for: the status, and what is to be said. `prefix` begins each line, `dash` stands
    between a number and the reason."""
    number = TERM
    if words[:1] in (["-s"], ["-n"]) and len(words) > 1:
        words = [f"-{words[1]}", *words[2:]]
    if words and re.fullmatch(r"-\w+", words[0]):
        found = signal_number(words[0][1:])
        if found is None:
            return 1, f"{prefix}{words[0][1:]}: invalid signal specification\n"
        number, words = found, words[1:]
    status, text = 0, ""
    for word in words:
        if not word.lstrip("-").isdigit():
            status, text = 1, f"{text}{prefix}{word}: arguments must be process or job IDs\n"
            continue
        entry = host.processes.entries.get(int(word))
        if entry is None:
            status, text = 1, f"{text}{prefix}({word}){dash} No such process\n"
        elif not send(host, user, cred, entry, number):
            status, text = 1, f"{text}{prefix}({word}){dash} Operation not permitted\n"
    return status, text
