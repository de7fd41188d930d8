"""Running a program that takes a message: for commands in aliases and .forward files, mailbox_command, pipe(8).

The program runs as an ordinary user with that user's primary group alone, with few environment variables and a time limit
(postconf(5) export_environment, command_time_limit). Its standard input is the message; what it prints becomes part of the
reason when it fails. A program that cannot be executed at all leaves its message in the log under the bare name of the
agent, `local[pid]: fatal: execvp ...`, because the child has left the mail system's logging already.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from simulator.mail.dsn import leading_dsn
from simulator.postfix.lib import mail_log
from simulator.postfix.lib.environment import exported_environment
from simulator.postfix.lib.printable import printable
from simulator.postfix.lib.reason import Reason
from simulator.postfix.lib.sys_exits import EX_SOFTWARE, EX_TEMPFAIL, exit_detail, is_known
from simulator.unix.fs import EXECUTE, Cred
from simulator.unix.program import Killed, Result

if TYPE_CHECKING:
    from simulator.postfix.daemon import Daemon

#: What is kept of a program's output, in bytes: VSTREAM_BUFSIZE of the real library.
OUTPUT_LIMIT: Final = 4096
PATH: Final = "/usr/bin:/bin"
_SHELL: Final = "/bin/sh"
#: Nobody else may read what a delivery program writes, unless it sets another umask.
_UMASK: Final = 0o077

#: A command of these characters alone needs no shell: exec_command(3).
_PLAIN_COMMAND: Final = re.compile(r"[ \t]*[0-9!@%\-_=+:,./a-zA-Z][0-9!@%\-_=+:,./a-zA-Z \t]*")


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be run: `line` for exec_command(3) or `shell`, or an argument list `argv`."""

    uid: int
    gid: int
    time_limit: int
    line: str = ""
    argv: tuple[str, ...] = ()
    shell: str = ""
    directory: str = ""
    env: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As messages call it."""
        return self.argv[0] if self.argv else self.line


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went: the program's output, and why it failed if it did."""

    output: str
    failure: Reason | None = None


@dataclass(frozen=True, slots=True)
class _End:
    """How a child process ended. `status` is the exit status, `signal` what killed it."""

    status: int = 0
    signal: int = 0
    output: str = ""
    timed_out: bool = False


def pipe_command(daemon: Daemon, command: Command, message: bytes) -> Outcome:
    """Run it and wait for its end."""
    end = _spawn(daemon, command, message)
    output = _log_text(end.output)
    if end.timed_out:
        daemon.log.warning("pipe_command_read: read time limit exceeded")
        return Outcome(output, _failure("5.3.0", exit_detail(EX_SOFTWARE).text, f'Command time limit exceeded: "{command.name}"', output))
    if end.signal:
        text = f'Command died with signal {end.signal}: "{command.name}"'
        return Outcome(output, _failure("4.3.0", exit_detail(EX_SOFTWARE).text, text, output))
    if end.status:
        return Outcome(output, _exit_reason(command.name, end.status, output))
    return Outcome(output)


def _exit_reason(name: str, status: int, output: str) -> Reason:
    """An enhanced status code in the output counts more than the exit status."""
    dsn = leading_dsn(output)
    if dsn:
        text = output[len(dsn) :].lstrip()
        return Reason.unix(dsn, text, text)
    detail = exit_detail(status)
    text = detail.text if is_known(status) else f'Command died with status {status}: "{name}"'
    return _failure(detail.dsn, detail.text, text, output)


def _failure(dsn: str, detail: str, text: str, output: str) -> Reason:
    if not output:
        return Reason.unix(dsn, detail, text)
    return Reason.unix(dsn, output, f"{text}. Command output: {output}")


def _log_text(output: str) -> str:
    """Output as one line: blanks for tabs and line ends, `_` for what cannot be shown."""
    data = output.encode("utf-8", "surrogateescape")[:OUTPUT_LIMIT]
    text = data.decode("utf-8", "surrogateescape")
    return printable(text.translate({9: " ", 10: " "}), "_")


# -- the child process ------------------------------------------------------------------------------------------------


def _spawn(daemon: Daemon, command: Command, message: bytes) -> _End:
    """fork(2), and what the child does before it executes the program."""
    cred = Cred(command.uid, command.gid, frozenset(), _UMASK)
    if command.directory and not _enter_directory(daemon, command, cred):
        return _End(EX_TEMPFAIL)
    host, previous = daemon.host, daemon.host.deadline
    host.deadline = host.clock.now + command.time_limit
    try:
        return _execute(daemon, command, cred, message.decode("utf-8", "surrogateescape"))
    except Killed as end:
        return _End(signal=end.signal, timed_out=host.clock.now >= host.deadline)
    finally:
        host.deadline = previous


def _enter_directory(daemon: Daemon, command: Command, cred: Cred) -> bool:
    """chdir(2). A child that fails here still logs as the mail system does, and says nothing on its output."""
    try:
        entry = daemon.fs.stat(command.directory, cred)
        code = errno.ENOTDIR if not entry.is_dir else 0 if daemon.fs.access(command.directory, EXECUTE, cred) else errno.EACCES
    except OSError as error:
        code = error.errno or 0
    if not code:
        return True
    text = f'cannot change directory to "{command.directory}" for uid={command.uid} gid={command.gid}: {os.strerror(code)}'
    log = daemon.log
    mail_log.write(daemon.host, log.maillog_file, log.ident, daemon.host.new_pid(), f"fatal: {text}", "crit", log.facility)
    return False


def _execute(daemon: Daemon, command: Command, cred: Cred, stdin: str) -> _End:
    """Try the ways to execute the command: the program itself, then a shell where exec_command(3) and execvp(3) do so."""
    ways, prefix = _ways(command)

    def run(argv: list[str]) -> _End:
        user = daemon.host.users.user_name(command.uid)
        env = exported_environment(daemon.params) | {"PATH": PATH} | command.env
        cwd = command.directory or daemon.params["queue_directory"]
        return _ended(daemon.host.execute(argv, cred=cred, user=user, env=env, cwd=cwd, stdin=stdin))

    for argv in ways:
        try:
            return run(argv)
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                return run([_SHELL, *argv])
            if error.errno != errno.ENOENT or "/" in argv[0] or argv is ways[-1]:
                return _not_executed(daemon, f"{prefix}execvp {argv[0]}: {error.strerror}")
    raise AssertionError(ways)


def _ways(command: Command) -> tuple[list[list[str]], str]:
    """The argument lists to try in turn, and what messages begin with."""
    if command.argv:
        return [list(command.argv)], "pipe_command: "
    if command.shell:
        return [[*command.shell.split(), command.line]], "pipe_command: "
    shell = ["sh", "-c", command.line]
    if _PLAIN_COMMAND.fullmatch(command.line):
        return [command.line.split(), shell], ""
    return [shell], ""


def _not_executed(daemon: Daemon, text: str) -> _End:
    daemon.host.syslog(daemon.program, daemon.host.new_pid(), f"fatal: {text}", daemon.log.facility, "crit")
    return _End(EX_TEMPFAIL, output=f"{daemon.program}: fatal: {text}\n")


def _ended(result: Result) -> _End:
    return _End(result.exit_code, output=str(result))
