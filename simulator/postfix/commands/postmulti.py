"""NAME
    postmulti - Postfix multi-instance manager

SYNOPSIS
    postmulti -l [-av] [-g group] [-i name]
    postmulti -p [-av] [-g group] [-i name] command ...
    postmulti -x [-av] [-g group] [-i name] command ...
    postmulti -e action [-av] [-g group] [-i name] [-G group] [-I name] [param=value ...]

DESCRIPTION
    On a host with one instance of Postfix, "-" is its name.

    -l  list instances: name, group, whether it is enabled, configuration directory
    -p  a command of postfix(1)
    -x  any command, with MAIL_CONFIG for the instance
    -a, -g, -i  which instances

EXIT STATUS
    0, or that of the command; 1 after a fatal error, of which nothing is shown without a terminal.

LOG
    fatal: No matching instances

DIFFERS FROM POSTFIX
    More instances than the one, and so -e, are not simulated.
"""

from __future__ import annotations

from simulator.postfix.commands.command import Command, run_command
from simulator.postfix.lib.msg import Fatal
from simulator.unix.program import Process, program

USAGE = (
    "Usage:postmulti -l [-v] [-a] [-g group] [-i instance] | postmulti -p [-v] [-a] [-g group] [-i instance] command... | "
    "postmulti -x [-v] [-a] [-i name] [-g group] command... | "
    "postmulti -e action [-v] [-a] [-i name] [-g group] [-I name] [-G group] [param=value ...]"
)
MODES = "elpx"
PRIMARY = "-"
_ACTIONS = ("create", "destroy", "import", "deport", "enable", "disable", "assign", "init")


def _parse(command: Command) -> tuple[str, str]:
    """The mode and its value. Raises Fatal."""
    modes: dict[str, str] = {}
    for letter, value in command.options("ae:g:i:G:I:lpRvx"):
        if letter == "?":
            raise Fatal(USAGE)
        if letter in MODES:
            modes[letter] = value
        elif (letter == "i" and value != PRIMARY) or letter == "g":
            modes["nobody"] = value
    found = [mode for mode in modes if mode != "nobody"]
    if len(found) != 1:
        raise Fatal("Specify exactly one of '-e', '-l', '-p', '-x'")
    mode = found[0]
    if mode in "px" and not command.operands:
        raise Fatal("Command required with '-p' or '-x' option")
    if mode == "e" and modes["e"] not in _ACTIONS:
        *actions, last = (f"'{action}'" for action in _ACTIONS)
        raise Fatal(f"Invalid '-e' edit action '{modes['e']}'. Specify {', '.join(actions)} or {last}")
    if mode != "l" and "nobody" in modes:
        raise Fatal("No matching instances")
    return ("" if mode == "l" and "nobody" in modes else mode), modes[mode]


@program("/usr/sbin/postmulti", package="postfix")
def main(process: Process) -> int:
    """Run the program."""
    command = Command(process, "postmulti", to_stderr=process.tty)
    command.msg.ident = "postmulti"

    def body() -> int:
        mode, _ = _parse(command)
        params = command.read_parameters()
        command.msg.ident = "postmulti"
        if mode == "e":
            command.missing("option -e")
            return 1
        if mode == "l":
            process.out(f"{PRIMARY:15} {PRIMARY:15} {'y':9} {params['config_directory']}\n")
        elif mode:
            process.env["MAIL_CONFIG"] = params["config_directory"]
            command.replace_by([f"{params['command_directory']}/postfix", *command.operands] if mode == "p" else command.operands)
        return 0

    return run_command(command, body)
