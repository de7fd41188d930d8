"""NAME
    rm, unlink - remove files or directories

SYNOPSIS
    rm [-dfiIrRv] FILE...    unlink FILE

DESCRIPTION
    Remove names. Directories only with -r, or with -d when they are empty. -f is silent about what is missing.

DIFFERS FROM DEBIAN
    Nobody answers the questions of -i and -I: without an answer from standard input nothing is removed.
"""

from __future__ import annotations

import posixpath

from simulator.shell import files
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.fs import WRITE, Stat
from simulator.unix.program import Process, program

_LONG = {
    "force": "f", "interactive=?": "interactive", "recursive": "r", "dir": "d", "verbose": "v", "one-file-system": "o",
    "no-preserve-root": "N", "preserve-root=?": "P",
}  # fmt: skip


class _Rm:
    def __init__(self, p: Process, options: Options) -> None:
        self.p, self.options, self.status = p, options, 0
        self.recursive = "r" in options or "R" in options
        self.force = options.last("fiI") == "f"
        self.ask = options.last("fi") == "i"
        self.answers = p.stdin.splitlines()

    def _fail(self, text: str) -> bool:
        self.p.err(f"{self.p.argv[0]}: {text}\n")
        self.status = 1
        return False

    def remove(self, name: str) -> None:
        base = posixpath.basename(name.rstrip("/"))
        if self.recursive and name.strip("/") == "" and "N" not in self.options:
            self._fail(f"it is dangerous to operate recursively on {files.quoted(name)}")
            self.p.err(f"{self.p.argv[0]}: use --no-preserve-root to override this failsafe\n")
            return
        if not name:
            self._fail("cannot remove '': No such file or directory")
            return
        if base in (".", "..") and (self.recursive or "d" in self.options):
            self._fail(f"refusing to remove '.' or '..' directory: skipping {files.quoted(name)}")
            return
        self._one(name, posixpath.join(self.p.cwd, name))

    def _one(self, name: str, path: str) -> bool:
        try:
            entry = self.p.fs.stat(path, self.p.cred, follow=False)
        except OSError as error:
            missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
            return (self.force and missing) or self._fail(f"cannot remove {files.quoted(name)}: {error.strerror}")
        if not entry.is_dir:
            return self._confirmed(name, path, entry) and self._unlink(name, path)
        if not self.recursive and "d" not in self.options:
            return self._fail(f"cannot remove {files.quoted(name)}: Is a directory")
        return self._directory(name, path, entry)

    def _directory(self, name: str, path: str, entry: Stat) -> bool:
        if self.recursive:
            try:
                children = files.children(self.p, path)
            except OSError as error:
                return self._fail(f"cannot remove {files.quoted(name)}: {error.strerror}")
            if children and self.ask and not self._yes(f"descend into directory {files.quoted(name)}? "):
                return False
            removed = [self._one(posixpath.join(name, child), posixpath.join(path, child)) for child in children]
            if not all(removed):
                return False
        if self.ask and not self._yes(f"remove directory {files.quoted(name)}? "):
            return False
        try:
            self.p.fs.rmdir(path, self.p.cred)
        except OSError as error:
            return self._fail(f"cannot remove {files.quoted(name)}: {error.strerror}")
        if "v" in self.options:
            self.p.out(f"removed directory {files.quoted(name)}\n")
        return True

    def _unlink(self, name: str, path: str) -> bool:
        try:
            self.p.fs.unlink(path, self.p.cred)
        except OSError as error:
            return self._fail(f"cannot remove {files.quoted(name)}: {error.strerror}")
        if "v" in self.options:
            self.p.out(f"removed {files.quoted(name)}\n")
        return True

    def _confirmed(self, name: str, path: str, entry: Stat) -> bool:
        """-i asks always; on a terminal a write-protected file is asked for too, unless -f."""
        protected = self.p.tty and not self.force and not entry.is_link and not self.p.fs.access(path, WRITE, self.p.cred)
        if not self.ask and not protected:
            return True
        return self._yes(f"remove {'write-protected ' if protected else ''}{files.kind_words(entry)} {files.quoted(name)}? ")

    def _yes(self, question: str) -> bool:
        self.p.err(f"{self.p.argv[0]}: {question}")
        answer = self.answers.pop(0) if self.answers else ""
        if not answer and self.p.tty:
            self.p.err("\n")
        return answer[:1] in ("y", "Y")


@program("/usr/bin/rm")
def rm(p: Process) -> int:
    """rm(1)."""
    options = getopt(p, "dfiIrRv", _LONG)
    if not options.operands:
        if "f" in options:
            return 0
        raise usage(p, "missing operand")
    work = _Rm(p, options)
    for name in options.operands:
        work.remove(name)
    return work.status


@program("/usr/bin/unlink")
def unlink(p: Process) -> int:
    """unlink(1)."""
    options = getopt(p, "")
    if not options.operands:
        raise usage(p, "missing operand")
    if len(options.operands) > 1:
        raise usage(p, f"extra operand {quote(p, options.operands[1])}")
    try:
        p.fs.unlink(posixpath.join(p.cwd, options.operands[0]), p.cred)
    except OSError as error:
        p.err(f"{p.argv[0]}: cannot unlink {files.quoted(options.operands[0])}: {error.strerror}\n")
        return 1
    return 0
