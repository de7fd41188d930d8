"""NAME
    mv, rename - move (rename) files

SYNOPSIS
    mv [-bfintTuv] SOURCE DEST     mv [...] SOURCE... DIRECTORY

DESCRIPTION
    Give files another name. An existing target is replaced; owner, mode and times stay.
"""

from __future__ import annotations

import errno
import posixpath

from simulator.shell import files
from simulator.shell.commands.copying import backup, lstat, transfer
from simulator.shell.getopt import Options, getopt
from simulator.unix.program import Process, program

_LONG = {
    "backup=?": "backup", "force": "f", "interactive": "i", "no-clobber": "n", "suffix=": "S", "target-directory=": "t", "no-target-directory": "T",
    "update": "u", "verbose": "v", "strip-trailing-slashes": "sts", "context": "Z",
}  # fmt: skip


def _move(p: Process, name: str, target: str, options: Options) -> int:
    path, goal = posixpath.join(p.cwd, name.rstrip("/") or "/"), posixpath.join(p.cwd, target)
    try:
        entry = p.fs.stat(path, p.cred, follow=False)
        there = lstat(p, goal.rstrip("/"))
    except OSError as error:
        p.err(f"{p.argv[0]}: cannot stat {files.quoted(name)}: {error.strerror}\n")
        return 1
    if there is not None:
        if there.ino == entry.ino:
            p.err(f"{p.argv[0]}: {files.quoted(name)} and {files.quoted(target)} are the same file\n")
            return 1
        if "n" in options or ("u" in options and there.mtime >= entry.mtime):
            return 0
        if options.last("fin") == "i" and not _yes(p, target):
            return 0
        if there.is_dir and not entry.is_dir:
            p.err(f"{p.argv[0]}: cannot overwrite directory {files.quoted(target)} with non-directory\n")
            return 1
        if entry.is_dir and not there.is_dir:
            p.err(f"{p.argv[0]}: cannot overwrite non-directory {files.quoted(target)} with directory {files.quoted(name)}\n")
            return 1
    return _rename(p, name, target, path, goal, options)


def _rename(p: Process, name: str, target: str, path: str, goal: str, options: Options) -> int:
    try:
        kept = backup(p, goal, options)
        p.fs.rename(path, goal, p.cred)
    except OSError as error:
        if error.errno == errno.EINVAL:
            p.err(f"{p.argv[0]}: cannot move {files.quoted(name)} to a subdirectory of itself, {files.quoted(target)}\n")
        else:
            p.err(f"{p.argv[0]}: cannot move {files.quoted(name)} to {files.quoted(target)}: {error.strerror}\n")
        return 1
    if "v" in options:
        suffix = f" (backup: {files.quoted(target + kept[len(goal) :])})" if kept else ""
        p.out(f"renamed {files.quoted(name)} -> {files.quoted(target)}{suffix}\n")
    return 0


def _yes(p: Process, target: str) -> bool:
    p.err(f"{p.argv[0]}: overwrite {files.quoted(target)}? ")
    return p.stdin[:1] in ("y", "Y")


@program("/usr/bin/mv")
def mv(p: Process) -> int:
    """mv(1)."""
    options = getopt(p, "bfinS:t:TuvZ", _LONG)
    plan = transfer(p, options)
    return max([_move(p, name, plan.destination(name), options) for name in plan.sources])
