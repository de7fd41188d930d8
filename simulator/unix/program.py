"""Programs: Python functions that are installed as executables, and the process that runs one.

A program is registered under the paths where its package installs it. It sees the world only through its `Process`:
arguments, environment, standard input, the acting user's rights, the host's clock.
"""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from simulator.unix.fs import Cred, Fs

if TYPE_CHECKING:
    from simulator.clock import Clock
    from simulator.unix.host import Host


class Exit(Exception):
    """The program ends here with this status: exit(3)."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Killed(Exception):
    """The program was ended by a signal, or by a parent that waited long enough (`Host.deadline`): signal(7)."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal
        #: What the program had written until then.
        self.written: Result | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a command line wrote and how it ended. The exit code is as `$?` shows it.

    `merged` is both streams as one file descriptor would have received them (a terminal, `2>&1`); None: not known.
    """

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    merged: str | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return self.stdout + self.stderr if self.merged is None else self.merged


@dataclass(slots=True)
class Process:
    """One running program: credentials(7), environ(7), its three streams.

    Texts are utf-8 with surrogateescape, so that any bytes pass through unharmed.
    """

    host: Host
    argv: list[str]
    env: dict[str, str]
    cwd: str
    cred: Cred
    user: str
    stdin: str = ""
    tty: bool = False
    real: Cred | None = None
    pid: int = 0
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    #: The program flushes stdout at every line; others write a pipe or file at their end (setvbuf(3)).
    unbuffered: bool = False

    @property
    def fs(self) -> Fs:
        return self.host.fs

    @property
    def clock(self) -> Clock:
        return self.host.clock

    @property
    def name(self) -> str:
        """The last part of argv[0], as programs put it before their messages."""
        return posixpath.basename(self.argv[0])

    @property
    def caller(self) -> Cred:
        """The real user and group; they differ from `cred` in a set-user-ID or set-group-ID program."""
        return self.real or self.cred

    def out(self, text: str) -> None:
        """Write to standard output."""
        self.stdout.append(text)
        self.mixed.append(text)

    def err(self, text: str) -> None:
        """Write to standard error."""
        self.stderr.append(text)
        self.mixed.append(text)

    def relay(self, done: Result) -> int:
        """Pass on what a child wrote, as if it had had this program's streams, and return its exit status."""
        self.stdout.append(done.stdout)
        self.stderr.append(done.stderr)
        self.mixed.append(str(done))
        self.unbuffered = True
        return done.exit_code

    def path(self, name: str) -> str:
        """The absolute form of a file name given by the user."""
        return posixpath.normpath(posixpath.join(self.cwd, name)) if ".." not in name else posixpath.join(self.cwd, name)

    def read(self, name: str) -> bytes:
        """A file's content, with this user's rights. Raises OSError."""
        return self.fs.read(self.path(name), self.cred)

    def write(self, name: str, data: bytes, mode: int = 0o666) -> None:
        """Replace or create a file, with this user's rights. Raises OSError."""
        self.fs.write(self.path(name), data, self.cred, mode)

    def append(self, name: str, data: bytes, mode: int = 0o666) -> None:
        """Add to a file, with this user's rights. Raises OSError."""
        self.fs.append(self.path(name), data, self.cred, mode)

    def syslog(self, ident: str, text: str, facility: str = "mail", priority: str = "info") -> None:
        """A line for the system log as `ident[pid]: text`."""
        self.host.syslog(ident, self.pid, text, facility, priority)

    def run(self, argv: Sequence[str], stdin: str = "", **changes: Any) -> Result:
        """Run another program as a child with the same user, environment and directory; `changes` replaces any of
        cred, user, env, cwd, tty. A file without `#!` is given to sh, as execvp(3) does. Raises OSError if it cannot be executed."""
        settings: dict[str, Any] = {"cred": self.caller, "user": self.user, "env": self.env, "cwd": self.cwd, "tty": self.tty} | changes
        try:
            return self.host.execute(argv, stdin=stdin, **settings)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
        path = self.host.find_program(argv[0], settings["env"], settings["cwd"], settings["cred"])
        return self.host.execute(["/bin/sh", argv[0] if "/" in argv[0] else path, *argv[1:]], stdin=stdin, **settings)

    def sleep(self, duration: float) -> None:
        """Let `duration` virtual seconds pass; the host's daemons work meanwhile. Raises Killed at the host's deadline."""
        end, deadline = self.clock.now + duration, self.host.deadline
        if deadline is not None and end > deadline:
            self.clock.run_until(deadline)
            raise Killed(9)
        self.clock.run_until(end)


Main = Callable[[Process], int]


@dataclass(frozen=True, slots=True)
class Program:
    """A registered program: where it is installed, by which package, and the text of its manual page."""

    name: str
    main: Main
    paths: tuple[str, ...]
    package: str
    mode: int
    group: str
    manual: str
    section: int


#: Every program that a host may have, by its first path.
PROGRAMS: dict[str, Program] = {}


def program(
    *paths: str, package: str = "base", mode: int = 0o755, group: str = "root", manual: str | None = None, section: int = 1
) -> Callable[[Main], Main]:
    """Register `main(process) -> exit status` as an executable.

    `mode` and `group` are those of the installed file (0o2555 and "postdrop" for a set-group-ID program). The manual page
    is the module's docstring unless `manual` is given.
    """

    def register(main: Main) -> Main:
        import sys

        text = manual if manual is not None else sys.modules[main.__module__].__doc__ or ""
        entry = Program(posixpath.basename(paths[0]), main, paths, package, mode, group, text, section)
        if paths[0] in PROGRAMS and PROGRAMS[paths[0]].main.__module__ != main.__module__:
            raise ValueError(f"two programs at {paths[0]}")
        PROGRAMS[paths[0]] = entry
        return main

    return register


@dataclass(frozen=True, slots=True)
class Manual:
    """A manual page of something that is no command: a daemon (section 8), a file format (section 5).

    `mark` is a file that a host has when the page's package is installed; `load` gives the text.
    """

    name: str
    section: int
    mark: str
    load: Callable[[], str]


#: Manual pages besides those of programs.
MANUALS: list[Manual] = []


def run_program(entry: Program, process: Process) -> Result:
    """Run a registered program to its end."""
    try:
        status = entry.main(process)
    except Exit as end:
        status = end.status
    except Killed as end:
        inner = end.written or Result()
        end.written = Result("".join(process.stdout) + inner.stdout, "".join(process.stderr) + inner.stderr, 128 + end.signal)
        raise
    stdout, stderr = "".join(process.stdout), "".join(process.stderr)
    merged = "".join(process.mixed) if process.unbuffered or process.tty else stderr + stdout
    return Result(stdout, stderr, status & 0xFF, merged)


def with_set_id(process: Process, mode: int, uid: int, gid: int) -> Process:
    """The process after execve(2) of a set-user-ID or set-group-ID file."""
    if not mode & 0o6000:
        return process
    cred = process.cred
    cred = replace(cred, uid=uid if mode & 0o4000 else cred.uid, gid=gid if mode & 0o2000 else cred.gid)
    process.real = process.caller
    process.cred = cred
    return process
