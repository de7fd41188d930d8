"""NAME
    postcat - show Postfix queue file contents

SYNOPSIS
    postcat [-bdehorqv] [-c config_dir] [-s offset] [file ...]

DESCRIPTION
    Prints queue files in a readable form; without files, standard input. Only those who may read the queue can use -q.

    -b  the body of the message; -e its envelope records; -h its header; without any of them all three
    -c  another directory with main.cf
    -d  the type of every record, a decimal number
    -o  the offset of every record in the file
    -q  the files are queue ids, looked for in maildrop, incoming, active, deferred, hold and saved
    -r  raw: pointers are not followed, and records behind the end are shown
    -s  skip this many bytes
    -v  also show the type of message text, and records that are not in use

EXIT STATUS
    0, or 1 after a fatal error. Nothing is logged.

DIFFERS FROM POSTFIX
    Standard input counts as a pipe: there is no seeking in it, even if the shell took it from a file.
"""

from __future__ import annotations

from simulator.postfix.commands.command import Command, run_command
from simulator.postfix.commands.postcat_printer import Printer
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.queue_id import is_valid
from simulator.postfix.lib.spool import ACTIVE, DEFERRED, HOLD, INCOMING, MAILDROP, SAVED, Spool
from simulator.unix.program import Process, program

_QUEUES = (MAILDROP, INCOMING, ACTIVE, DEFERRED, HOLD, SAVED)


def _show_queued(printer: Printer, queue_ids: list[str]) -> None:
    """-q. Raises Fatal."""
    command = printer.command
    spool = Spool.open(command.process.fs, command.params, command.process.cred)
    for queue_id in queue_ids:
        if not is_valid(queue_id):
            raise Fatal(f"bad mail queue ID: {queue_id}")
        trouble = "No such file or directory"
        for queue in _QUEUES:
            try:
                data = spool.read(queue, queue_id)
            except OSError as error:
                trouble = error.strerror or ""
                continue
            printer.show(data, spool.relative(queue, queue_id))
            break
        else:
            raise Fatal(f"open queue file {queue_id}: {trouble}")


def _show_files(printer: Printer, names: list[str]) -> None:
    """Raises Fatal."""
    process = printer.command.process
    for name in names:
        problem = ""
        try:
            data = process.read(name)
        except IsADirectoryError as error:
            data, problem = b"", error.strerror or ""
        except OSError as error:
            raise Fatal(f"open {name}: {error.strerror}") from error
        if not name:
            raise Fatal("open : No such file or directory")
        printer.show(data, name)
        if problem:
            printer.msg.warning(f"close {name}: {problem}")


def _parse(command: Command) -> tuple[set[str], int]:
    """Letters, and the offset of -s. Raises Fatal."""
    letters: set[str] = set()
    offset = 0
    for letter, value in command.options("bc:dehoqrs:v"):
        if letter == "c":
            command.use_config_directory(value)
        elif letter == "s":
            if not value.isascii() or not value.isdigit():
                raise Fatal(f"bad offset: {value}")
            offset = int(value)
        elif letter == "?":
            raise Fatal(
                f"usage: {command.name} [-b (body text)] [-c config_dir] [-d (decimal record type)] [-e (envelope records)] "
                "[-h (header text)] [-q (access queue)] [-v] [file(s)...]"
            )
        else:
            letters.add(letter)
    return letters, offset


@program("/usr/sbin/postcat", package="postfix")
def main(process: Process) -> int:
    """Run the program."""
    command = Command(process, process.argv[0], "postcat", to_log=False)

    def body() -> int:
        letters, offset = _parse(command)
        command.read_parameters()
        printer = Printer(command, letters, offset)
        if not command.operands:
            printer.show(process.stdin.encode("utf-8", "surrogateescape"), "stdin", seekable=False)
        elif "q" in letters:
            _show_queued(printer, command.operands)
        else:
            _show_files(printer, command.operands)
        return 0

    return run_command(command, body)
