"""NAME
    mkdir, rmdir, mkfifo, mknod - make and remove directories and special files

SYNOPSIS
    mkdir [-pv] [-m MODE] DIRECTORY...    rmdir [-pv] DIRECTORY...
    mkfifo [-m MODE] NAME...              mknod [-m MODE] NAME p

DESCRIPTION
    mkdir -p also makes what is missing above and is content with what exists. rmdir removes only empty directories.
"""

from __future__ import annotations

import errno
import posixpath
from dataclasses import replace

from simulator.shell import files
from simulator.shell.commands.chmod import WrongMode, new_mode
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.program import Exit, Process, program


def _mode(p: Process, options: Options, default: int) -> int | None:
    if "m" not in options:
        return None
    try:
        return new_mode(options.value("m"), default, True, p.cred.umask)
    except WrongMode:
        p.err(f"{p.argv[0]}: invalid mode {quote(p, options.value('m'))}\n")
        raise Exit(1) from None


@program("/usr/bin/mkdir")
def mkdir(p: Process) -> int:
    """mkdir(1)."""
    options = getopt(p, "m:pvZ", {"mode=": "m", "parents": "p", "verbose": "v", "context": "Z"})
    if not options.operands:
        raise usage(p, "missing operand")
    mode = _mode(p, options, 0o777)
    return max([_make(p, name, options, mode) for name in options.operands])


def _make(p: Process, name: str, options: Options, mode: int | None) -> int:
    path = posixpath.join(p.cwd, name.rstrip("/") or "/")
    try:
        if "p" in options:
            _parents(p, name, path, options)
        if "p" not in options or not _is_directory(p, path):
            p.fs.mkdir(path, p.cred)
            if mode is not None:
                p.fs.chmod(path, mode, p.cred)
            if "v" in options:
                p.out(f"{p.argv[0]}: created directory {files.quoted(name)}\n")
    except OSError as error:
        p.err(f"{p.argv[0]}: cannot create directory {quote(p, error.filename2 or name)}: {error.strerror}\n")
        return 1
    return 0


def _is_directory(p: Process, path: str) -> bool:
    return p.fs.exists(path, p.cred) and p.fs.stat(path, p.cred).is_dir


def _parents(p: Process, name: str, path: str, options: Options) -> None:
    """Make what is missing above. An error names the part at which it happened."""
    shown = "/" if name.startswith("/") else ""
    above = replace(p.cred, umask=p.cred.umask & ~0o300)
    for part in [word for word in name.split("/") if word][:-1]:
        shown = posixpath.join(shown, part)
        here = posixpath.join(p.cwd, shown)
        if _is_directory(p, here):
            continue
        try:
            p.fs.mkdir(here, above)
        except OSError as error:
            code = errno.ENOTDIR if error.errno == errno.EEXIST else error.errno
            raise OSError(code, "Not a directory" if code == errno.ENOTDIR else error.strerror, path, None, shown) from None
        if "v" in options:
            p.out(f"{p.argv[0]}: created directory {files.quoted(shown)}\n")


@program("/usr/bin/rmdir")
def rmdir(p: Process) -> int:
    """rmdir(1)."""
    options = getopt(p, "pv", {"parents": "p", "verbose": "v", "ignore-fail-on-non-empty": "ignore"})
    if not options.operands:
        raise usage(p, "missing operand")
    return max([_remove(p, name, options) for name in options.operands])


def _remove(p: Process, name: str, options: Options) -> int:
    names = [name]
    while "p" in options and "/" in names[-1].rstrip("/"):
        names.append(names[-1].rstrip("/").rsplit("/", 1)[0])
    for step in filter(None, names):
        if "v" in options:
            p.out(f"{p.argv[0]}: removing directory, {files.quoted(step)}\n")
        try:
            p.fs.rmdir(posixpath.join(p.cwd, step), p.cred)
        except OSError as error:
            if "ignore" in options and error.errno == errno.ENOTEMPTY:
                return 0
            p.err(f"{p.argv[0]}: failed to remove {'directory ' if step != name else ''}{files.quoted(step)}: {error.strerror}\n")
            return 1
    return 0


@program("/usr/bin/mkfifo", "/usr/bin/mknod")
def mkfifo(p: Process) -> int:
    """mkfifo(1), and mknod(1) for fifos."""
    options = getopt(p, "m:Z", {"mode=": "m"})
    names = list(options.operands)
    if p.name == "mknod":
        if names[1:] != ["p"]:
            p.err("simulator: mknod: devices are not simulated\n")
            return 1
        names.pop()
    if not names:
        raise usage(p, "missing operand")
    mode = _mode(p, options, 0o666)
    status = 0
    for name in names:
        try:
            p.fs.mknod(posixpath.join(p.cwd, name), "p", p.cred, 0o666 if mode is None else mode)
        except OSError as error:
            p.err(f"{p.argv[0]}: cannot create fifo {files.quoted(name)}: {error.strerror}\n")
            status = 1
    return status
