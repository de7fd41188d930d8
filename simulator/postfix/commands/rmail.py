"""NAME
    rmail - handle remote mail received via UUCP

SYNOPSIS
    rmail [-T] [-D domain] user ...

DESCRIPTION
    Takes the lines `From user date remote from host` from the head of a message, makes the sender host!user of them, and
    gives the rest to sendmail(1) as mail that comes from outside.

EXIT STATUS
    64 for bad usage, 65 when the message does not begin with such a line; otherwise that of sendmail(1).

DIFFERS FROM POSTFIX
    This program is Debian's; its -T (debugging) prints nothing here, and -D does nothing.
"""

from __future__ import annotations

from simulator.postfix.commands.command import EX_DATAERR, EX_USAGE, GetOpt
from simulator.unix.program import Process, program

_SENDMAIL = "/usr/sbin/sendmail"
_REMOTE = " remote from "


def _split(message: str) -> tuple[str, str]:
    """The sender's path and the message without its From lines. Raises ValueError."""
    path: list[str] = []
    user = ""
    while True:
        line, newline, rest = message.partition("\n")
        words = line.lstrip(">").split(" ")
        if words[0] != "From" or len(words) < 2 or not newline:
            break
        user = words[1]
        if _REMOTE in line:
            path.append(line.rpartition(_REMOTE)[2].strip())
        message = rest
    if not user:
        raise ValueError(line)
    return "!".join((*path, user)), message


@program("/usr/sbin/rmail", "/usr/bin/rmail", package="postfix")
def main(process: Process) -> int:
    """Run the program."""
    getopt = GetOpt(process.argv, "D:T", lambda text: process.err(f"rmail: {text}\n"))
    bad = False
    while (found := getopt.next()) is not None:
        bad = bad or found[0] == "?"
    recipients = process.argv[getopt.index :]
    if bad or not recipients:
        process.err("usage: rmail [-T] [-D domain] user ...\n")
        return EX_USAGE
    try:
        sender, message = _split(process.stdin)
    except ValueError as error:
        process.err(f"rmail: no 'From' line: {error}\n")
        return EX_DATAERR
    done = process.run([_SENDMAIL, "-G", "-oi", "-f", sender, *recipients], stdin=message)
    process.out(done.stdout)
    process.err(done.stderr)
    return done.exit_code
