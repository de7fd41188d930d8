"""NAME
    postlock - lock mail folder and execute command

SYNOPSIS
    postlock [-v] [-c config_dir] [-l lock_style] file command ...

DESCRIPTION
    Locks a mailbox file as local(8) does, making it (mode 0600) if it is not there, runs the command and unlocks the file.

    -c  another directory with main.cf
    -l  the ways of locking, separated by commas: dotlock, fcntl, flock; otherwise those of mailbox_delivery_lock

EXIT STATUS
    The command's; 1 when it cannot be executed; 75 when the file cannot be locked, and after other errors.
    Nothing is logged.

DIFFERS FROM POSTFIX
    -v shows little. Locks by fcntl(2) and flock(2) are held by nobody, so they never fail.
"""

from __future__ import annotations

from simulator.postfix.commands.command import EX_TEMPFAIL, Command, run_command
from simulator.postfix.lib.mailbox_file import MailboxFile, MailboxLocks
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.name_mask import required_names
from simulator.postfix.lib.safe_open import MailboxError
from simulator.unix.program import Process, program

_STYLES = ("flock", "fcntl", "dotlock")


def _locks(command: Command, style: str | None) -> MailboxLocks:
    """How to lock. Raises Fatal."""
    params = command.params
    names = required_names("mailbox_delivery_lock", _STYLES, params["mailbox_delivery_lock"] if style is None else style)
    return MailboxLocks(
        "dotlock" in names, params.int("deliver_lock_attempts"), params.time("deliver_lock_delay"), params.time("stale_lock_time")
    )


def _open(command: Command, folder: str, locks: MailboxLocks) -> MailboxFile:
    """The mailbox, locked. Raises Fatal."""
    process = command.process
    path = process.path(folder)
    try:
        box: MailboxFile = process.clock.run_coroutine(
            MailboxFile.open(process.fs, lambda: process.clock.now, path, process.cred, locks)
        )
    except MailboxError as trouble:
        raise Fatal(f"open file {folder}: {trouble.reason.replace(path, folder)}") from trouble
    return box


def _run(command: Command, argv: list[str]) -> int:
    """The command's status."""
    process = command.process
    try:
        done = process.run(argv, stdin=process.stdin)
    except OSError as error:
        return command.msg.report(Fatal(f"execvp {argv[0]}: {error.strerror}"))
    process.out(done.stdout)
    process.err(done.stderr)
    return done.exit_code


@program("/usr/sbin/postlock", package="postfix")
def main(process: Process) -> int:
    """Run the program."""
    command = Command(process, process.argv[0], "postlock", to_log=False)

    def body() -> int:
        style = None
        bad = False
        for letter, value in command.options("c:l:v"):
            bad = bad or letter == "?"
            if bad:
                break
            if letter == "c":
                command.use_config_directory(value)
            elif letter == "l":
                style = value
        if bad or len(command.operands) < 2:
            raise Fatal(f"usage: {command.name} [-c config_dir] [-l lock_style] [-v] folder command...")
        command.read_parameters()
        box = _open(command, command.operands[0], _locks(command, style))
        try:
            return _run(command, command.operands[1:])
        finally:
            box.release()

    return run_command(command, body, EX_TEMPFAIL)
