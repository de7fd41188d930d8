"""What happens when a shell sends itself a signal, or a signal ends its child."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from simulator.shell.signals import TERM, signal_number
from simulator.unix.program import Killed, Result

if TYPE_CHECKING:
    from simulator.shell.bash import Shell

#: Signals that a process survives, and those that stop it or let it go on.
_HARMLESS = (0, 17, 18, 19, 20, 21, 22, 23, 28)
_DEATHS = {1: "Hangup", 6: "Aborted", 9: "Killed", 11: "Segmentation fault", 14: "Alarm clock", 15: "Terminated"}


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
    words = shlex.join(argv)
    said = f"{name}\n" if shell.dash else shell.complaint(argv[0], f"{shell.host.processes.last_pid:5} {name:<24}{words}")
    return Result(written.stdout, written.stderr + (said if name and not shell.tty else ""), 128 + end.signal)
