"""NAME
    cp, install - copy files and directories

SYNOPSIS
    cp [-abdfHiLlnPpRrstTuvx] SOURCE DEST     cp [...] SOURCE... DIRECTORY
    install [-bcCdDpstTv] [-m MODE] [-o OWNER] [-g GROUP] SOURCE... DEST     install -d DIRECTORY...

DESCRIPTION
    A copy belongs to the one who copies and has the source's permission bits less the umask; -p keeps owner, mode and times,
    -a copies trees as they are. install sets mode (0755), owner and group.

DIFFERS FROM DEBIAN
    Nobody answers the questions of -i but standard input.
"""

from __future__ import annotations

import posixpath

from simulator.shell import files
from simulator.shell.commands.chmod import WrongMode, new_mode
from simulator.shell.commands.copying import Transfer, backup, lstat, transfer
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.fs import Stat
from simulator.unix.program import Exit, Process, program

_LONG = {
    "archive": "a", "attributes-only": "attributes", "backup=?": "backup", "copy-contents": "cc", "force": "f", "interactive": "i", "link": "l",
    "dereference": "L", "no-clobber": "n", "no-dereference": "P", "preserve=?": "preserve", "parents": "parents", "recursive": "R",
    "remove-destination": "rd", "strip-trailing-slashes": "sts", "symbolic-link": "s", "suffix=": "S", "target-directory=": "t",
    "no-target-directory": "T", "update": "u", "verbose": "v", "one-file-system": "x", "sparse=": "sparse", "reflink=?": "reflink",
}  # fmt: skip


class _Cp:
    def __init__(self, p: Process, options: Options) -> None:
        self.p, self.options, self.status = p, options, 0
        self.archive = "a" in options
        self.recursive = self.archive or "R" in options or "r" in options
        self.keep = self.archive or "p" in options or "preserve" in options
        self.answers = p.stdin.splitlines()

    def _fail(self, text: str) -> None:
        self.p.err(f"{self.p.argv[0]}: {text}\n")
        self.status = 1

    def _follow(self, given: bool) -> bool:
        choice = self.options.last("LPdH")
        if choice in ("P", "d") or (self.archive and choice != "L"):
            return False
        return choice == "L" or (given and (not self.recursive or choice == "H")) or not self.recursive

    def copy(self, name: str, target: str, given: bool = True) -> None:
        path, goal = posixpath.join(self.p.cwd, name), posixpath.join(self.p.cwd, target)
        try:
            entry = self.p.fs.stat(path, self.p.cred, self._follow(given))
        except OSError as error:
            self._fail(f"cannot stat {files.quoted(name)}: {error.strerror}")
            return
        if entry.is_dir:
            self._directory(name, target, entry)
            return
        there = self._target(goal)
        if there is not None and there.ino == entry.ino:
            self._fail(f"{files.quoted(name)} and {files.quoted(target)} are the same file")
        elif there is not None and there.is_dir:
            self._fail(f"cannot overwrite directory {files.quoted(target)} with non-directory")
        elif there is None or self._overwrite(target, there, entry):
            self._file(name, target, path, goal, entry)

    def _target(self, goal: str) -> Stat | None:
        entry = lstat(self.p, goal)
        if entry is not None and entry.is_link:
            try:
                return self.p.fs.stat(goal, self.p.cred)
            except OSError:
                return entry
        return entry

    def _overwrite(self, target: str, there: Stat, entry: Stat) -> bool:
        if "n" in self.options or ("u" in self.options and there.mtime >= entry.mtime):
            return False
        if self.options.last("fi") == "i":
            self.p.err(f"{self.p.argv[0]}: overwrite {files.quoted(target)}? ")
            return (self.answers.pop(0) if self.answers else "")[:1] in ("y", "Y")
        return True

    def _file(self, name: str, target: str, path: str, goal: str, entry: Stat) -> None:
        kept = ""
        try:
            kept = backup(self.p, goal, self.options)
            self._make(path, goal, entry)
        except OSError as error:
            self._explain(name, target, goal, path, error)
            return
        self._attributes(target, goal, entry)
        if "v" in self.options:
            suffix = f" (backup: {files.quoted(target + kept[len(goal) :])})" if kept else ""
            self.p.out(f"{files.quoted(name)} -> {files.quoted(target)}{suffix}\n")

    def _make(self, path: str, goal: str, entry: Stat) -> None:
        fs, cred = self.p.fs, self.p.cred
        if entry.is_link or "s" in self.options:
            if lstat(self.p, goal) is not None:
                fs.unlink(goal, cred)
            fs.symlink(entry.target if entry.is_link else path, goal, cred)
        elif "l" in self.options:
            fs.link(path, goal, cred)
        elif entry.kind == "p" and self.recursive:
            fs.mknod(goal, "p", cred, entry.mode)
        else:
            data = files.read_file(self.p, path, files.DEVICE_BYTES)
            if ("f" in self.options and fs.exists(goal, cred) and not fs.access(goal, 2, cred)) or (
                "rd" in self.options and lstat(self.p, goal) is not None
            ):
                fs.unlink(goal, cred)
            fs.write(goal, b"" if "attributes" in self.options else data, cred, entry.mode & 0o777)
            if entry.program and not fs.stat(goal).program:
                fs.program(goal, entry.program, fs.stat(goal).mode)

    def _explain(self, name: str, target: str, goal: str, path: str, error: OSError) -> None:
        if not self.p.fs.access(path, 4, self.p.cred):
            self._fail(f"cannot open {files.quoted(name)} for reading: {error.strerror}")
        elif "s" in self.options or "l" in self.options:
            kind = "symbolic" if "s" in self.options else "hard"
            self._fail(f"cannot create {kind} link {files.quoted(target)}{' to ' + files.quoted(name)}: {error.strerror}")
        elif lstat(self.p, goal) is None:
            self._fail(f"cannot create regular file {files.quoted(target)}: {error.strerror}")
        elif error.errno == 28:
            self._fail(f"error writing {files.quoted(target)}: {error.strerror}")
        else:
            self._fail(f"cannot create regular file {files.quoted(target)}: {error.strerror}")

    def _attributes(self, target: str, goal: str, entry: Stat) -> None:
        if not self.keep:
            return
        what = self.options.value("preserve", "mode,ownership,timestamps").replace("all", "mode,ownership,timestamps")
        what = what or "mode,ownership,timestamps"
        fs, cred = self.p.fs, self.p.cred
        follow = not entry.is_link
        try:
            if "ownership" in what:
                fs.chown(goal, entry.uid, entry.gid, cred, follow)
        except PermissionError:
            pass  # cp(1): an ordinary user's copies stay his, without a word
        if "mode" in what and follow:
            fs.chmod(goal, entry.mode, cred)
        if "timestamps" in what:
            fs.utime(goal, entry.atime, entry.mtime, cred, follow)

    def _directory(self, name: str, target: str, entry: Stat) -> None:
        if not self.recursive:
            self._fail(f"-r not specified; omitting directory {files.quoted(name)}")
            return
        path, goal = posixpath.join(self.p.cwd, name), posixpath.join(self.p.cwd, target)
        there = lstat(self.p, goal)
        if there is not None and not there.is_dir and not self._leads_to_directory(goal):
            self._fail(f"cannot overwrite non-directory {files.quoted(target)} with directory {files.quoted(name)}")
            return
        if f"{posixpath.normpath(goal)}/".startswith(f"{posixpath.normpath(path)}/"):
            self._fail(f"cannot copy a directory, {files.quoted(name)}, into itself, {files.quoted(target)}")
            return
        try:
            children = files.children(self.p, path)
        except OSError as error:
            self._fail(f"cannot access {files.quoted(name)}: {error.strerror}")
            return
        if there is None:
            try:
                self.p.fs.mkdir(goal, self.p.cred, entry.mode | 0o700)
            except OSError as error:
                self._fail(f"cannot create directory {files.quoted(target)}: {error.strerror}")
                return
            if "v" in self.options:
                self.p.out(f"{files.quoted(name)} -> {files.quoted(target)}\n")
        for child in children:
            self.copy(posixpath.join(name, child), posixpath.join(target, child), given=False)
        if there is None:
            if self.keep:
                self._attributes(target, goal, entry)
            else:
                self.p.fs.chmod(goal, entry.mode & ~self.p.cred.umask & 0o7777, self.p.cred)

    def _leads_to_directory(self, goal: str) -> bool:
        return self.p.fs.exists(goal, self.p.cred) and self.p.fs.stat(goal, self.p.cred).is_dir


@program("/usr/bin/cp")
def cp(p: Process) -> int:
    """cp(1)."""
    options = getopt(p, "abdfHiLlnPpRrsS:t:Tuvx", _LONG)
    plan = transfer(p, options)
    work = _Cp(p, options)
    for name in plan.sources:
        target = plan.destination(name)
        if "parents" in options and plan.into_directory:
            target = posixpath.join(plan.target, name.lstrip("/"))
            p.fs.mkdir(posixpath.join(p.cwd, posixpath.dirname(target)), p.cred, parents=True)
        work.copy(name, target)
    return work.status


_INSTALL_LONG = {
    "directory": "d", "group=": "g", "mode=": "m", "owner=": "o", "preserve-timestamps": "p", "strip": "s", "suffix=": "S", "backup=?": "backup",
    "target-directory=": "t", "no-target-directory": "T", "verbose": "v", "compare": "C",
}  # fmt: skip


@program("/usr/bin/install")
def install(p: Process) -> int:
    """install(1)."""
    options = getopt(p, "bcCdDg:m:o:pS:st:Tv", _INSTALL_LONG)
    try:
        mode = new_mode(options.value("m", "0755"), 0, False, 0)
    except WrongMode:
        p.err(f"{p.argv[0]}: invalid mode {quote(p, options.value('m'))}\n")
        return 1
    if "d" in options:
        if not options.operands:
            raise usage(p, "missing file operand")
        return max([_install_directory(p, name, options, mode) for name in options.operands])
    if "D" in options and len(options.operands) == 2:
        p.fs.mkdir(posixpath.join(p.cwd, posixpath.dirname(options.operands[1])), p.cred, parents=True)
    plan = transfer(p, options)
    return max([_install_file(p, name, plan, options, mode) for name in plan.sources])


def _ids(p: Process, options: Options) -> tuple[int, int]:
    uid = gid = -1
    if "o" in options:
        user = p.host.users.by_name(options.value("o"))
        if user is None and not options.value("o").isdigit():
            p.err(f"{p.argv[0]}: invalid user {quote(p, options.value('o'))}\n")
            raise Exit(1)
        uid = user.uid if user else int(options.value("o"))
    if "g" in options:
        group = p.host.users.group_by_name(options.value("g"))
        if group is None and not options.value("g").isdigit():
            p.err(f"{p.argv[0]}: invalid group {quote(p, options.value('g'))}\n")
            raise Exit(1)
        gid = group.gid if group else int(options.value("g"))
    return uid, gid


def _install_directory(p: Process, name: str, options: Options, mode: int) -> int:
    path = posixpath.join(p.cwd, name)
    try:
        if "v" in options and not p.fs.exists(path):
            p.out(f"{p.argv[0]}: creating directory {files.quoted(name)}\n")
        p.fs.mkdir(path, p.cred, parents=True)
        p.fs.chmod(path, mode, p.cred)
        uid, gid = _ids(p, options)
        if (uid, gid) != (-1, -1):
            p.fs.chown(path, uid, gid, p.cred)
    except OSError as error:
        p.err(f"{p.argv[0]}: cannot create directory {quote(p, name)}: {error.strerror}\n")
        return 1
    return 0


def _install_file(p: Process, name: str, plan: Transfer, options: Options, mode: int) -> int:
    target = plan.destination(name)
    path, goal = posixpath.join(p.cwd, name), posixpath.join(p.cwd, target)
    try:
        entry = p.fs.stat(path, p.cred)
    except OSError as error:
        p.err(f"{p.argv[0]}: cannot stat {files.quoted(name)}: {error.strerror}\n")
        return 1
    if entry.is_dir:
        p.err(f"{p.argv[0]}: omitting directory {files.quoted(name)}\n")
        return 1
    uid, gid = _ids(p, options)
    try:
        data = p.fs.read(path, p.cred)
        if lstat(p, goal) is not None:
            p.fs.unlink(goal, p.cred)
        p.fs.write(goal, data, p.cred, 0o600)
        p.fs.chown(goal, uid, gid, p.cred)
        p.fs.chmod(goal, mode, p.cred)
        if "p" in options:
            p.fs.utime(goal, entry.atime, entry.mtime, p.cred)
    except OSError as error:
        p.err(f"{p.argv[0]}: cannot create regular file {files.quoted(target)}: {error.strerror}\n")
        return 1
    if "v" in options:
        p.out(f"{files.quoted(name)} -> {files.quoted(target)}\n")
    return 0
