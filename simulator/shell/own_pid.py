"""`$$`: the shell's process id, and what happens when a shell sends itself a signal.

bashkit is always process 1 of its own world. So the number is written into the script before it is run, wherever bash would
expand it: not within single quotes, not after a backslash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.shell.signals import TERM, signal_number
from simulator.unix.program import Killed, Result

if TYPE_CHECKING:
    from simulator.shell.bash import Shell

#: What stands for itself, then what stands for the number.
_PARTS = re.compile(r"""(\\.|'[^']*'|"(?:\\.|[^"\\])*"|(?<!\S)\#[^\n]*)|(\$\$|\$\{\$\})""", re.S)
_QUOTED_PARTS = re.compile(r"(\\.)|(\$\$|\$\{\$\})", re.S)
#: Signals that a process survives, and those that stop it or let it go on.
_HARMLESS = (0, 17, 18, 19, 20, 21, 22, 23, 28)
_DEATHS = {1: "Hangup", 6: "Aborted", 9: "Killed", 11: "Segmentation fault", 14: "Alarm clock", 15: "Terminated"}


def insert(text: str, pid: int) -> str:
    """The script with the number in place of `$$`."""
    return _PARTS.sub(lambda match: str(pid) if match[2] else _quoted(match[1], pid), text)


def _quoted(part: str, pid: int) -> str:
    if not part.startswith('"'):
        return part
    return _QUOTED_PARTS.sub(lambda match: match[1] or str(pid), part)


def to_itself(pid: int, words: list[str]) -> bool:
    """Whether these arguments of kill(1) mean this very process and leave it alive. Raises Killed if they do not."""
    if str(pid) not in words[-1:]:
        return False
    number = (signal_number(words[-2].lstrip("-")) if len(words) > 1 else TERM) or 0
    if number not in _HARMLESS:
        raise Killed(number)
    return True


def death(shell: Shell, argv: list[str], end: Killed) -> Result:
    """What a shell says of a child that a signal ended; `$?` is 128 more than the signal."""
    written = end.written or Result()
    name = _DEATHS.get(end.signal, "")
    words = " ".join(argv)
    said = f"{name}\n" if shell.dash else shell.complaint(argv[0], f"{shell.host.processes.last_pid:5} {name:<24}{words}")
    return Result(written.stdout, written.stderr + (said if name and not shell.tty else ""), 128 + end.signal)
