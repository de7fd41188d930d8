"""A login on a host that lasts: directory, variables and `$?` survive from line to line, as in a terminal."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.shell.bash import Shell, is_incomplete
from simulator.shell.typed import commands
from simulator.unix.host import Host
from simulator.unix.program import Result

if TYPE_CHECKING:
    from simulator.lab import Lab


class Session:
    """One user at one host's prompt. Made by `Lab.login`."""

    def __init__(self, lab: Lab, number: int, host: Host, user: str, tty: bool) -> None:
        self.lab = lab
        self.number = number
        self.host = host
        self.user = user
        account = host.users.cred(user)
        home = host.environment(user)["HOME"]
        self.shell = Shell(host, user, account, host.environment(user), home, tty)

    @property
    def prompt(self) -> str:
        """`root@ubuntu:~# `: Debian's PS1 (bash(1), PROMPTING)."""
        user = self.shell.user
        home = self.host.environment(user)["HOME"]
        where = self.shell.cwd
        if where == home or where.startswith(home.rstrip("/") + "/"):
            where = "~" + where[len(home.rstrip("/")) :]
        return f"{user}@{self.host.hostname.split('.')[0]}:{where}{'#' if user == 'root' else '$'} "

    def type(self, line: str) -> Result:
        """Type one command (it may have several lines, as a here-document has) and see what it prints."""
        self.lab.note("type", session=self.number, line=line)
        return self.shell.execute(line)

    def commands(self, text: str) -> Iterator[str]:
        """Cut pasted lines into commands as bash reads them."""
        return commands(text, is_incomplete)

    def wants_more(self, text: str) -> bool:
        """Would bash show its second prompt (PS2) and read a further line?"""
        return len(list(self.commands(text + "\n:"))) == 1

    def programs(self, start: str) -> list[str]:
        """The names of programs on this user's PATH that begin with `start`, for completion."""
        fs, cred = self.host.fs, self.host.users.cred(self.shell.user)
        found: set[str] = set()
        for directory in self.shell.env.get("PATH", "").split(":"):
            if fs.access(directory, 5, cred):
                found.update(name for name in fs.listdir(directory, cred) if name.startswith(start))
        return sorted(found)

    def paths(self, start: str) -> list[str]:
        """The paths that begin with `start`, as it was typed; directories end with a slash."""
        fs, cred = self.host.fs, self.host.users.cred(self.shell.user)
        typed, begin = posixpath.split(start)
        directory = posixpath.join(self.shell.cwd, typed)
        if not fs.access(directory, 5, cred) or not fs.stat(directory, cred).is_dir:
            return []
        names = sorted(name for name in fs.listdir(directory, cred) if name.startswith(begin) and (begin or name[0] != "."))
        full = [(posixpath.join(typed, name), posixpath.join(directory, name)) for name in names]
        return [name + "/" if fs.exists(path) and fs.stat(path).is_dir else name for name, path in full]
