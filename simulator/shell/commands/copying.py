"""Copying and moving trees: what cp(1), mv(1) and install(1) have in common."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from simulator.shell import files
from simulator.shell.getopt import Options, quote, usage
from simulator.unix.fs import Stat
from simulator.unix.program import Exit, Process


@dataclass(slots=True)
class Transfer:
    """Where operands go: into a directory, or to one name."""

    sources: list[str]
    target: str
    into_directory: bool

    def destination(self, source: str) -> str:
        return posixpath.join(self.target, posixpath.basename(source.rstrip("/")) or source) if self.into_directory else self.target


def transfer(p: Process, options: Options, target_option: str = "t") -> Transfer:
    """Read `SOURCE... TARGET` as coreutils do. Ends the program where operands are missing or the target is no directory."""
    words = list(options.operands)
    if not words:
        raise usage(p, "missing file operand")
    if target_option in options:
        return Transfer(words, _directory(p, options.value(target_option), "target directory"), True)
    if len(words) == 1:
        raise usage(p, f"missing destination file operand after {files.quoted(words[0])}")
    target = words.pop()
    if "T" in options:
        if len(words) > 1:
            raise usage(p, f"extra operand {quote(p, words[1])}")
        return Transfer(words, target, False)
    is_directory = _is_directory(p, target)
    if not is_directory and len(words) > 1:
        p.err(f"{p.argv[0]}: target {files.quoted(target)}{_reason(p, target)}\n")
        raise Exit(1)
    if not is_directory and target.endswith("/") and not _is_directory(p, words[0]):
        try:
            p.fs.stat(posixpath.join(p.cwd, words[0]), p.cred)
        except OSError as error:
            p.err(f"{p.argv[0]}: cannot stat {files.quoted(words[0])}: {error.strerror}\n")
            raise Exit(1) from None
        verb = "cannot create regular file" if p.name != "mv" else f"cannot move {files.quoted(words[0])} to"
        p.err(f"{p.argv[0]}: {verb} {files.quoted(target)}: Not a directory\n")
        raise Exit(1)
    return Transfer(words, target, is_directory)


def _is_directory(p: Process, name: str) -> bool:
    path = posixpath.join(p.cwd, name)
    try:
        return p.fs.stat(path, p.cred).is_dir
    except OSError:
        return False


def _reason(p: Process, name: str) -> str:
    try:
        p.fs.stat(posixpath.join(p.cwd, name), p.cred)
    except OSError as error:
        return f": {error.strerror}"
    return ": Not a directory"


def _directory(p: Process, name: str, what: str) -> str:
    if not _is_directory(p, name):
        p.err(f"{p.argv[0]}: {what} {files.quoted(name)}{_reason(p, name)}\n")
        raise Exit(1)
    return name


def lstat(p: Process, path: str) -> Stat | None:
    """The attributes of a name itself, None if it is not there."""
    try:
        return p.fs.stat(path, p.cred, follow=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def backup(p: Process, path: str, options: Options) -> str:
    """With -b (--backup) an existing target is renamed. Returns its new name, or ""."""
    if "b" not in options and "backup" not in options:
        return ""
    if lstat(p, path) is None:
        return ""
    kept = path + options.value("S", "~")
    p.fs.rename(path, kept, p.cred)
    return kept
