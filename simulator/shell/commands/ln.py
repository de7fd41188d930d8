"""NAME
    ln, link, readlink, realpath - make and follow links

SYNOPSIS
    ln [-bfinrsTv] TARGET [NAME]     ln [...] TARGET... DIRECTORY     link FILE NAME
    readlink [-efmnqsvz] FILE...     realpath [-emLPqsz] [--relative-to=DIR] FILE...

DESCRIPTION
    A hard link is a further name for a file, a symbolic one (-s) a file that names another.
"""

from __future__ import annotations

import errno
import os
import posixpath

from simulator.shell import files
from simulator.shell.commands.copying import backup, lstat
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.program import Process, program

_LONG = {
    "backup=?": "backup", "directory": "d", "force": "f", "interactive": "i", "logical": "L", "no-dereference": "n", "physical": "P", "relative": "r",
    "symbolic": "s", "suffix=": "S", "target-directory=": "t", "no-target-directory": "T", "verbose": "v",
}  # fmt: skip


@program("/usr/bin/ln")
def ln(p: Process) -> int:
    """ln(1)."""
    options = getopt(p, "bdfFiLnPrsS:t:Tv", _LONG)
    words = list(options.operands)
    if not words:
        raise usage(p, "missing file operand")
    directory = options.value("t")
    if not directory and len(words) == 1:
        directory = "."
    elif not directory and "T" not in options and (len(words) > 2 or _is_directory(p, words[-1], options)):
        directory = words.pop()
    if not directory:
        return _link(p, words[0], words[1], options)
    if not _is_directory(p, directory, options):
        p.err(f"{p.argv[0]}: target {files.quoted(directory)} is not a directory\n")
        return 1
    made = [name if directory == "." else posixpath.join(directory, posixpath.basename(name.rstrip("/"))) for name in words]
    made = [posixpath.join(".", posixpath.basename(name.rstrip("/"))) if directory == "." else goal for name, goal in zip(words, made, strict=True)]
    return max([_link(p, name, goal, options) for name, goal in zip(words, made, strict=True)])


def _is_directory(p: Process, name: str, options: Options) -> bool:
    try:
        return p.fs.stat(posixpath.join(p.cwd, name), p.cred, follow="n" not in options).is_dir
    except OSError:
        return False


def _link(p: Process, target: str, name: str, options: Options) -> int:
    symbolic = "s" in options
    goal = posixpath.join(p.cwd, name)
    kind = "symbolic" if symbolic else "hard"
    if symbolic and "r" in options:
        target = posixpath.relpath(posixpath.join(p.cwd, target), posixpath.dirname(goal))
    try:
        if not symbolic and p.fs.stat(posixpath.join(p.cwd, target), p.cred, follow="L" in options).is_dir:
            p.err(f"{p.argv[0]}: {target}: hard link not allowed for directory\n")
            return 1
    except OSError as error:
        p.err(f"{p.argv[0]}: failed to access {files.quoted(target)}: {error.strerror}\n")
        return 1
    try:
        backup(p, goal, options)
        if "f" in options and lstat(p, goal) is not None:
            p.fs.unlink(goal, p.cred)
        if symbolic:
            p.fs.symlink(target, goal, p.cred)
        else:
            p.fs.link(posixpath.join(p.cwd, target), goal, p.cred)
    except OSError as error:
        arrow = "" if symbolic or error.errno == errno.EEXIST else f" => {files.quoted(target)}"
        p.err(f"{p.argv[0]}: failed to create {kind} link {files.quoted(name)}{arrow}: {error.strerror}\n")
        return 1
    if "v" in options:
        p.out(f"{files.quoted(name)} {'->' if symbolic else '=>'} {files.quoted(target)}\n")
    return 0


@program("/usr/bin/link")
def link(p: Process) -> int:
    """link(1)."""
    options = getopt(p, "")
    if len(options.operands) < 2:
        raise usage(p, f"missing operand after {quote(p, options.operands[0])}" if options.operands else "missing operand")
    old, new = options.operands[:2]
    try:
        p.fs.link(posixpath.join(p.cwd, old), posixpath.join(p.cwd, new), p.cred)
    except OSError as error:
        p.err(f"{p.argv[0]}: cannot create link {files.quoted(new)} to {files.quoted(old)}: {error.strerror}\n")
        return 1
    return 0


def canonical(p: Process, name: str, missing: str) -> str:
    """The path without links. `missing`: which parts may be absent: "none", "last" or "all". Raises OSError."""
    path = posixpath.join(p.cwd, name)
    try:
        return p.fs.realpath(path, p.cred)
    except FileNotFoundError:
        entry = lstat(p, path)
        if entry is not None and entry.is_link and missing != "none":
            return canonical(p, posixpath.join(posixpath.dirname(path), entry.target), missing)
        if missing == "none" or posixpath.normpath(path) == "/":
            raise
        parent = canonical(p, posixpath.dirname(path.rstrip("/")), "none" if missing == "last" else "all")
        return posixpath.normpath(posixpath.join(parent, posixpath.basename(path.rstrip("/"))))


@program("/usr/bin/readlink")
def readlink(p: Process) -> int:
    """readlink(1)."""
    names = {"canonicalize": "f", "canonicalize-existing": "e", "canonicalize-missing": "m", "no-newline": "n", "quiet": "q", "silent": "s",
             "verbose": "v", "zero": "z"}  # fmt: skip
    options = getopt(p, "efmnqsvz", names)
    if not options.operands:
        raise usage(p, "missing operand")
    status = 0
    for name in options.operands:
        try:
            how = options.last("efm")
            found = canonical(p, name, {"e": "none", "f": "last", "m": "all"}[how]) if how else p.fs.readlink(posixpath.join(p.cwd, name), p.cred)
        except OSError as error:
            status = 1
            if "v" in options:
                p.err(f"{p.argv[0]}: {name}: {error.strerror}\n")
            continue
        p.out(found + ("" if "n" in options and len(options.operands) == 1 else "\0" if "z" in options else "\n"))
    return status


@program("/usr/bin/realpath")
def realpath(p: Process) -> int:
    """realpath(1)."""
    names = {"canonicalize-existing": "e", "canonicalize-missing": "m", "logical": "L", "physical": "P", "quiet": "q", "relative-to=": "to",
             "relative-base=": "base", "strip": "s", "no-symlinks": "s", "zero": "z"}  # fmt: skip
    options = getopt(p, "emLPqsz", names)
    if not options.operands:
        raise usage(p, "missing operand")
    status = 0
    for name in options.operands:
        try:
            if not name:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            missing = {"e": "none", "m": "all"}.get(options.last("em"), "last")
            found = posixpath.normpath(posixpath.join(p.cwd, name)) if "s" in options else canonical(p, name, missing)
        except OSError as error:
            status = 1
            if "q" not in options:
                p.err(f"{p.argv[0]}: {name if name else files.quoted(name)}: {error.strerror}\n")
            continue
        if "to" in options:
            found = posixpath.relpath(found, canonical(p, options.value("to"), "all"))
        p.out(found + ("\0" if "z" in options else "\n"))
    return status
