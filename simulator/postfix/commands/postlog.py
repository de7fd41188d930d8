"""NAME
    postlog - Postfix-compatible logging utility

SYNOPSIS
    postlog [-iv] [-c config_dir] [-p priority] [-t tag] [text ...]

DESCRIPTION
    Logs the text as Postfix programs do; without text, the lines of standard input. With a terminal it is shown there too.

    -c  another directory with main.cf
    -i  ignored: the process id is always logged
    -p  the severity: info (default), warn, error, fatal or panic; it stands before the text
    -t  the tag that stands for the program's name; otherwise it is postfix/postlog

EXIT STATUS
    0, or 1 after an error, of which nothing is shown without a terminal.

LOG
    fatal: bad severity: "..."

DIFFERS FROM POSTFIX
    -v shows little.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.postfix.commands.command import Command, CommandMsg, run_command
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.printable import printable
from simulator.unix.program import Process, program

NAME = "postlog"
_FATAL, _PANIC = "fatal", "panic"
_LEVELS = {
    "info": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
    "err": "error",
    "fatal": _FATAL,
    "crit": _FATAL,
    "panic": _PANIC,
}


def _speaker(msg: CommandMsg, level: str) -> Callable[[str], object]:
    """What says a line with this level."""
    if level == _FATAL:
        return lambda text: msg.report(Fatal(text))
    speak: Callable[[str], object] = getattr(msg, level)
    return speak


def _parse(command: Command) -> tuple[str, str | None]:
    """The level and the tag. Raises Fatal."""
    level, tag = "info", None
    for letter, value in command.options("c:ip:t:v"):
        if letter == "c":
            command.use_config_directory(value)
        elif letter == "p":
            if value.lower() not in _LEVELS:
                raise Fatal(f'bad severity: "{value}"')
            level = _LEVELS[value.lower()]
        elif letter == "t":
            tag = value
        elif letter == "?":
            raise Fatal(f"usage: {NAME} [-c config_dir] [-i] [-p priority] [-t tag] [-v] [text]")
    return level, tag


@program("/usr/sbin/postlog", package="postfix")
def main(process: Process) -> int:
    """Run the program."""
    command = Command(process, NAME, to_stderr=process.tty)
    command.msg.name = command.msg.ident

    def body() -> int:
        level, tag = _parse(command)
        command.read_parameters()
        if tag is not None:
            command.msg.ident = printable(tag)
        command.msg.name = command.msg.ident
        lines = [" ".join(command.operands)] if command.operands else process.stdin.removesuffix("\n").split("\n")
        say = _speaker(command.msg, level)
        if command.operands or process.stdin:
            for line in lines:
                say(printable(line))
        if level in (_FATAL, _PANIC):
            process.sleep(1)
        return 0

    return run_command(command, body)
