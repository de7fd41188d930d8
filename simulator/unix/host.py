"""A host: files, users, processes, log, and a way to run a line."""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from simulator.unix.fs import EXECUTE, Cred, Fs
from simulator.unix.program import PROGRAMS, Process, Result, run_program, with_set_id
from simulator.unix.syslog import Syslog
from simulator.unix.users import Users

if TYPE_CHECKING:
    from simulator.clock import Clock

ROOT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
USER_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
#: `#!` lines may lead to another script: execve(2) allows four.
SCRIPT_DEPTH = 4

RunLine = Callable[["Host", str, str, bool], Result]


class Signalled(Protocol):
    """Whatever can be killed."""

    def signal(self, number: int, pid: int) -> None: ...


@dataclass(slots=True)
class ProcessEntry:
    """A line of ps(1)."""

    pid: int
    ppid: int
    user: str
    command: str
    started: float
    owner: Signalled | None = None


@dataclass(slots=True)
class ProcessTable:
    """The processes that stay: init and daemons. Short-lived commands take a number and go."""

    entries: dict[int, ProcessEntry] = field(default_factory=dict)
    last_pid: int = 293

    def new_pid(self) -> int:
        """The next free process id."""
        self.last_pid += 1
        if self.last_pid > 4_194_303:
            self.last_pid = 301
        while self.last_pid in self.entries:
            self.last_pid += 1
        return self.last_pid

    def add(self, pid: int, ppid: int, user: str, command: str, started: float, owner: Signalled | None = None) -> ProcessEntry:
        """A process appears."""
        entry = self.entries[pid] = ProcessEntry(pid, ppid, user, command, started, owner)
        return entry

    def remove(self, pid: int) -> None:
        """A process has ended. Harmless for one that is gone."""
        self.entries.pop(pid, None)


class Host:
    """One simulated machine.

    `name` is its key in the lab, `hostname` what hostname(1) prints. `daemons` holds the running systems by name
    ("postfix"), `faults` what an author has broken ("user lookup": names or "*"), `net` its network interface.
    """

    def __init__(self, name: str, hostname: str, clock: Clock, lab: Any, run_line: RunLine) -> None:
        self.name = name
        self.hostname = hostname
        self.clock = clock
        self.lab = lab
        self.fs = Fs(clock)
        self.faults: dict[str, object] = {}
        self.users = Users(self.fs, self.faults)
        self.log = Syslog(self.fs, hostname.split(".")[0])
        self.processes = ProcessTable()
        self.daemons: dict[str, Any] = {}
        self.net: Any = None
        #: Until when the program that a daemon runs right now may take; set and restored around `execute`.
        self.deadline: float | None = None
        self._run_line = run_line

    # -- for teachers, tests and graders --------------------------------------------------------------------------------

    def run(self, line: str, user: str = "root", tty: bool = False) -> Result:
        """Type a line for bash as a user who has just logged in, in that user's home. Raises KeyError for an unknown user.

        The result is text as Python's text mode reads it: CR LF and CR alone, which SMTP dialogues are full of, are line ends.
        """
        if self.users._users().get(user) is None:
            raise KeyError(f"{self.name} has no user {user!r}")
        self.lab.note("run", host=self.name, line=line, user=user, tty=tty)
        done = self._run_line(self, line, user, tty)
        return done if tty else replace(done, stdout=_text_mode(done.stdout), stderr=_text_mode(done.stderr))

    def read(self, path: str) -> str:
        """A file as text, as root sees it. A log that has no line yet is empty. Raises OSError."""
        if path.startswith("/var/log/") and not self.fs.exists(path):
            return ""
        return self.fs.read(path).decode("utf-8", "surrogateescape")

    def write(self, path: str, text: str) -> None:
        """Replace or create a file as root."""
        self.lab.note("write", host=self.name, path=path, text=text)
        self.fs.write(path, text.encode("utf-8", "surrogateescape"))

    def __repr__(self) -> str:
        return f"<Host {self.name} ({self.hostname})>"

    # -- for programs ---------------------------------------------------------------------------------------------------

    def syslog(self, ident: str, pid: int, text: str, facility: str = "mail", priority: str = "info") -> None:
        """Send a line to the system log: syslog(3)."""
        self.log.write(facility, priority, f"{ident}[{pid}]", text)

    def new_pid(self) -> int:
        """The next process id."""
        return self.processes.new_pid()

    def environment(self, user: str) -> dict[str, str]:
        """What a fresh login of this user has: root as in the recorded sessions, others as `su - USER` gives it."""
        account = self.users._users()[user]
        base = {"HOME": account.home, "USER": user, "LOGNAME": user, "SHELL": account.shell}
        if user == "root":
            return base | {"PATH": ROOT_PATH, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC", "TERM": "dumb"}
        return base | {"PATH": USER_PATH, "TERM": "dumb", "MAIL": f"/var/mail/{user}"}

    def find_program(self, name: str, env: Mapping[str, str], cwd: str, cred: Cred) -> str:
        """The file that execvp(3) would execute. Raises FileNotFoundError or PermissionError."""
        if "/" in name:
            return posixpath.join(cwd, name)
        denied = False
        for directory in env.get("PATH", USER_PATH).split(":"):
            path = posixpath.join(cwd, directory or ".", name)
            if self.fs.exists(path, cred) and not self.fs.stat(path, cred).is_dir:
                if self.fs.access(path, EXECUTE, cred):
                    return path
                denied = True
        code = errno.EACCES if denied else errno.ENOENT
        raise OSError(code, os.strerror(code), name)

    def execute(
        self,
        argv: Sequence[str],
        *,
        cred: Cred,
        user: str,
        env: Mapping[str, str],
        cwd: str,
        stdin: str = "",
        tty: bool = False,
    ) -> Result:
        """Run one program file with arguments: a registered program, or a script by its `#!` line. Raises OSError as
        execvp(3): missing, not executable, wrong format."""
        args = list(argv)
        path = self.find_program(args[0], env, cwd, cred)
        for _ in range(SCRIPT_DEPTH + 1):
            entry = self.fs.stat(path, cred)
            if entry.is_dir or not self.fs.access(path, EXECUTE, cred):
                raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
            if entry.program:
                process = Process(self, args, dict(env), cwd, cred, user, stdin, tty, pid=self.new_pid())
                return run_program(PROGRAMS[entry.program], with_set_id(process, entry.mode, entry.uid, entry.gid))
            interpreter = self._interpreter(path)
            args = [*interpreter, args[0] if "/" in args[0] else path, *args[1:]]
            path = posixpath.join(cwd, interpreter[0])
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)

    def execute_as(self, user: str, argv: Sequence[str], stdin: str = "") -> Result:
        """`execute` with the surroundings of a user's fresh login, without a terminal. Raises KeyError, OSError."""
        env = self.environment(user)
        return self.execute(argv, cred=self.users.cred(user), user=user, env=env, cwd=env["HOME"], stdin=stdin)

    def _interpreter(self, path: str) -> list[str]:
        """The `#!` line as one or two words: execve(2), "Interpreter scripts"."""
        first = self.fs.read(path)[:256].split(b"\n", 1)[0].decode("utf-8", "surrogateescape")
        if not first.startswith("#!") or not first[2:].strip():
            raise OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC), path)
        return first[2:].strip().split(None, 1)


def _text_mode(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
