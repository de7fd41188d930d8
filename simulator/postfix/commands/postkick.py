"""NAME
    postkick - kick a Postfix service

SYNOPSIS
    postkick [-v] [-c config_dir] class service request

DESCRIPTION
    Sends a request to a daemon's socket: class is private or public, service the name in master.cf. A request is a string
    of letters that the service understands, W to wake it up; qmgr(8) also knows D, F, I and A.

EXIT STATUS
    0 when the request was sent, 1 otherwise. Nothing is logged.

DIFFERS FROM POSTFIX
    -v shows little.
"""

from __future__ import annotations

from simulator.postfix.commands.command import Command, run_command
from simulator.postfix.commands.services import DRAIN_SECONDS, wake
from simulator.postfix.lib.msg import Fatal
from simulator.unix.program import Process, program


@program("/usr/sbin/postkick", package="postfix")
def main(process: Process) -> int:
    """Run the program."""
    command = Command(process, process.name, to_log=False)

    def body() -> int:
        bad = False
        for letter, value in command.options("c:v"):
            if letter == "c":
                command.use_config_directory(value)
            bad = bad or letter == "?"
            if bad:
                break
        if bad or len(command.operands) != 3:
            raise Fatal(f"usage: {command.name} [-c config_dir] [-v] class service request")
        command.read_parameters()
        directory, service, request = command.operands
        if wake(command, directory, service, request):
            process.sleep(DRAIN_SECONDS)
            return 0
        command.msg.warning(f"Cannot contact class {directory} service {service} - perhaps the mail system is down")
        return 1

    return run_command(command, body)
