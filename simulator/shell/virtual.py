"""What bashkit would take from the real world, and a host must give: process ids, user ids, time.

bashkit is always process 1 of user 1000, and its clock is the computer's. So `$$`, `$UID`, `$SECONDS` and their like are
replaced in a script before it is run, wherever bash would expand them: not within single quotes, not after a backslash. What
changes while the script runs becomes a call of `__clock`. `printf '%(%F)T'` and awk's systime() ask the same clock.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Protocol

from simulator.shell.when import format_time
from simulator.unix.program import Result

if TYPE_CHECKING:
    from simulator.shell.bash import Shell
    from simulator.shell.call import Call
    from simulator.unix.fs import Cred
    from simulator.unix.host import Host


class Seated(Protocol):
    """The shell that a script is for."""

    host: Host
    cred: Cred
    tty: bool
    pid: int


_NAMES = r"\$|UID|EUID|PPID|SECONDS|EPOCHSECONDS|EPOCHREALTIME"
#: What stands for itself, then the name of a variable.
_PARTS = re.compile(rf"""(\\.|'[^']*'|"(?:\\.|[^"\\])*"|(?<!\S)\#[^\n]*)|\$(?:({_NAMES})(?!\w)|\{{({_NAMES})\}})""", re.S)
_QUOTED_PARTS = re.compile(rf"(\\.)|\$(?:({_NAMES})(?!\w)|\{{({_NAMES})\}})", re.S)
_ARITHMETIC = re.compile(r"\(\(.*?\)\)", re.S)
_BARE = re.compile(r"(?<![\w$\{])(E?UID|SECONDS|EPOCHSECONDS)(?!\w)")
_RESET = re.compile(r"(^|[;&|\s])SECONDS=(\d+)(?=$|[;&|\s])")
_TELLTALE = re.compile(r"\$\$|\$\{\$\}|UID|PPID|SECONDS|EPOCHREALTIME|\)T|systime\(\)|srand\(\)")
_DIRECTIVES = re.compile(r"%\(([^)]*)\)T|%[^a-zA-Z%(]*[a-zA-Z%]")
_DATES = re.compile(r"%\(([^)]*)\)T")
_PRINTF = 'printf() { eval "$(__printf "$@")"; }; '


def insert(text: str, shell: Seated) -> str:
    """The script with the host's values in place of bashkit's."""
    if not _TELLTALE.search(text):
        return text
    text = re.sub(r"systime\(\)|srand\(\)", lambda match: _awk(match[0], int(shell.host.clock.now)), text)
    text = _RESET.sub(r"\1__clock SECONDS \2", text)
    text = _PARTS.sub(lambda match: _value(match[2] or match[3], shell) if match[2] or match[3] else _quoted(match[1], shell), text)
    if "((" in text:
        text = _ARITHMETIC.sub(lambda match: _BARE.sub(lambda name: _value(name[1], shell), match[0]), text)
    return _PRINTF + text if _DATES.search(text) else text


def _quoted(part: str, shell: Seated) -> str:
    if not part.startswith('"'):
        return part
    return _QUOTED_PARTS.sub(lambda match: match[1] or _value(match[2] or match[3], shell), part)


def _value(name: str, shell: Seated) -> str:
    known = {"$": shell.pid, "UID": shell.cred.uid, "EUID": shell.cred.uid, "PPID": max(1, shell.pid - 1)}
    return str(known[name]) if name in known else f"$(__clock {name})"


def _awk(call: str, now: int) -> str:
    return str(now) if call == "systime()" else f"srand({now})"


def clock(shell: Shell, call: Call) -> Result:
    """`$SECONDS` and its like; with a number, SECONDS counts from there on."""
    now = shell.host.clock.now
    if len(call.argv) > 1:
        shell.started = now - int(call.argv[1])
        return Result()
    if call.argv[0] == "SECONDS":
        return Result(str(int(now - shell.started)))
    return Result(str(int(now)) if call.argv[0] == "EPOCHSECONDS" else f"{now:.6f}")


def printf(shell: Shell, call: Call) -> Result:
    """printf's command with dates in place of `%(FORMAT)T` and of the argument that belongs to it."""
    words = list(call.argv)
    at = 2 if words[:1] == ["-v"] else 1 if words[:1] == ["--"] else 0
    if at < len(words) and _DATES.search(words[at]):
        words[at], words[at + 1 :] = _dated(words[at], words[at + 1 :], shell)
    return Result(f"command printf {shlex.join(words)}")


def _dated(form: str, arguments: list[str], shell: Shell) -> tuple[str, list[str]]:
    """The format without dates, and its arguments; printf begins anew with the format while there are some left."""
    dates = [match[1] for match in _DIRECTIVES.finditer(form) if match[0] != "%%"]
    arguments = arguments + ["-1"] * (len(dates) - len(arguments))
    for index, argument in enumerate(arguments):
        date = dates[index % len(dates)]
        if date is not None:
            when = {"-1": shell.host.clock.now, "-2": shell.started}.get(argument)
            arguments[index] = format_time(date or "%T", float(argument or 0) if when is None else when)
    return _DATES.sub("%s", form), arguments
