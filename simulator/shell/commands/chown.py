"""NAME
    chown, chgrp - change file owner and group

SYNOPSIS
    chown [-cfhvR] [OWNER][:[GROUP]] FILE...
    chgrp [-cfhvR] GROUP FILE...

DESCRIPTION
    OWNER and GROUP are names or numbers. `OWNER:` means the owner's own group. Only root gives files away; an owner may
    choose among the groups he is in.
"""

from __future__ import annotations

import posixpath

from simulator.shell import files
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.program import Exit, Process, program

_LONG = {
    "changes": "c", "silent": "f", "quiet": "f", "verbose": "v", "recursive": "R", "reference=": "reference", "no-dereference": "h",
    "dereference": "D", "from=": "from", "preserve-root": "P0", "no-preserve-root": "N0",
}  # fmt: skip


class _Chown:
    def __init__(self, p: Process, uid: int, gid: int, options: Options, shown: str) -> None:
        self.p, self.uid, self.gid, self.options, self.shown, self.status = p, uid, gid, options, shown, 0

    def _fail(self, text: str) -> None:
        self.status = 1
        if "f" not in self.options:
            self.p.err(f"{self.p.argv[0]}: {text}\n")

    def change(self, name: str, path: str) -> None:
        follow = "h" not in self.options and "R" not in self.options
        try:
            entry = self.p.fs.stat(path, self.p.cred, follow)
        except OSError as error:
            self._fail(f"cannot {'dereference' if self._is_link(path) else 'access'} {files.quoted(name)}: {error.strerror}")
            return
        if "R" in self.options and entry.is_dir:
            self._below(name, path)
        try:
            self.p.fs.chown(path, self.uid, self.gid, self.p.cred, follow)
        except OSError as error:
            what = "ownership" if self.uid != -1 else "group"
            self._fail(f"changing {what} of {files.quoted(name)}: {error.strerror}")
            return
        self._report(name, entry.uid, entry.gid)

    def _is_link(self, path: str) -> bool:
        try:
            return self.p.fs.stat(path, self.p.cred, follow=False).is_link
        except OSError:
            return False

    def _report(self, name: str, uid: int, gid: int) -> None:
        users = self.p.host.users
        changed = self.uid not in (-1, uid) or self.gid not in (-1, gid)
        if not ("v" in self.options or ("c" in self.options and changed)):
            return
        what = "ownership" if self.uid != -1 else "group"
        old = users.group_name(gid) if self.uid == -1 else users.user_name(uid) + (f":{users.group_name(gid)}" if self.gid != -1 else "")
        self.p.out(
            f"changed {what} of {files.quoted(name)} from {old} to {self.shown}\n"
            if changed
            else f"{what} of {files.quoted(name)} retained as {old}\n"
        )

    def _below(self, name: str, path: str) -> None:
        try:
            children = files.children(self.p, path)
        except OSError as error:
            self._fail(f"cannot read directory {files.quoted(name)}: {error.strerror}")
            return
        for child in children:
            self.change(posixpath.join(name, child), posixpath.join(path, child))


def _user(p: Process, name: str, whole: str) -> tuple[int, int]:
    user = p.host.users.by_name(name)
    if user is not None:
        return user.uid, user.gid
    if name.isdigit():
        return int(name), -1
    p.err(f"{p.argv[0]}: invalid user: {quote(p, whole)}\n")
    raise Exit(1)


def _group(p: Process, name: str, whole: str) -> int:
    group = p.host.users.group_by_name(name)
    if group is not None:
        return group.gid
    if name.isdigit():
        return int(name)
    p.err(f"{p.argv[0]}: invalid group: {quote(p, whole)}\n")
    raise Exit(1)


def _owner(p: Process, text: str) -> tuple[int, int, str]:
    """`OWNER`, `OWNER:GROUP`, `OWNER:`, `:GROUP`, and the old form with a dot."""
    separator = ":" if ":" in text else "." if "." in text and p.host.users.by_name(text) is None else ""
    name, _, group = text.partition(separator) if separator else (text, "", "")
    if separator == ".":
        p.err(f"{p.argv[0]}: warning: '.' should be ':': {quote(p, text)}\n")
    uid, login_gid = _user(p, name, text) if name else (-1, -1)
    if group:
        return uid, _group(p, group, text), text
    if separator and name:
        return uid, login_gid, f"{name}:{p.host.users.group_name(login_gid)}"
    return uid, -1, text


@program("/usr/bin/chown")
def chown(p: Process) -> int:
    """chown(1)."""
    options = getopt(p, "cfhvRHLP", _LONG)
    words = list(options.operands)
    if "reference" in options:
        entry = p.fs.stat(posixpath.join(p.cwd, options.value("reference")), p.cred)
        words = [f"{entry.uid}:{entry.gid}", *words]
    _need_operands(p, words)
    uid, gid, shown = _owner(p, words[0])
    return _each(p, _Chown(p, uid, gid, options, shown), words[1:])


@program("/usr/bin/chgrp")
def chgrp(p: Process) -> int:
    """chgrp(1)."""
    options = getopt(p, "cfhvRHLP", _LONG)
    words = list(options.operands)
    if "reference" in options:
        words = [str(p.fs.stat(posixpath.join(p.cwd, options.value("reference")), p.cred).gid), *words]
    _need_operands(p, words)
    return _each(p, _Chown(p, -1, _group(p, words[0], words[0]), options, words[0]), words[1:])


def _need_operands(p: Process, words: list[str]) -> None:
    if not words:
        raise usage(p, "missing operand")
    if len(words) == 1:
        raise usage(p, f"missing operand after {quote(p, words[0])}")


def _each(p: Process, work: _Chown, names: list[str]) -> int:
    for name in names:
        work.change(name, posixpath.join(p.cwd, name))
    return work.status
