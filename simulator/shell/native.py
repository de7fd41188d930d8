"""Tools that bashkit does as well as the real ones: they stay bashkit's in a line, and are programs for everyone else."""

from __future__ import annotations

import shlex

from simulator.unix.program import Process, Result

#: Command words that are left to bashkit when they stand in a line.
NATIVE = frozenset(("awk", "mawk", "nawk", "sed", "grep", "egrep", "fgrep", "sort", "expr"))


def native(p: Process) -> Result:
    """What bashkit's tool of this program's name does with its arguments."""
    from simulator.shell.bash import Shell

    shell = Shell(p.host, p.user, p.cred, p.env, p.cwd, p.tty, p.name, native=p.name)
    return shell.run_script(shlex.join([p.name, *p.argv[1:]]), [], p.stdin)


def run_native(p: Process) -> int:
    """The program of such a tool, for whoever does not come through a shell: env, xargs, find, a mail command."""
    return p.relay(native(p))
