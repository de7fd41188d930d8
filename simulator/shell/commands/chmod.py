"""NAME
    chmod - change file mode bits

SYNOPSIS
    chmod [-cfvR] MODE[,MODE]... FILE...
    chmod [-cfvR] --reference=RFILE FILE...

DESCRIPTION
    MODE is octal (0644, 2775) or symbolic ([ugoa...][+-=][rwxXst...]). Only the owner and root may change a mode.
"""

from __future__ import annotations

import posixpath
import re

from simulator.shell import files
from simulator.shell.getopt import getopt, quote, usage
from simulator.unix.fs import Stat
from simulator.unix.program import Process, program

_LONG = {
    "changes": "c", "silent": "f", "quiet": "f", "verbose": "v", "recursive": "R", "reference=": "reference", "preserve-root": "P",
    "no-preserve-root": "N",
}  # fmt: skip
_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)")
_SHIFT = {"u": 6, "g": 3, "o": 0}
_BITS = {"r": 4, "w": 2, "x": 1}


class WrongMode(ValueError):
    """The text is no mode."""


def new_mode(text: str, old: int, is_dir: bool, umask: int) -> int:
    """A mode by chmod(1)'s rules. Raises WrongMode."""
    if re.fullmatch(r"[0-7]{1,5}", text):
        value = int(text, 8)
        if value > 0o7777:
            raise WrongMode(text)
        return value | (old & 0o6000 if is_dir and len(text) < 5 and not value & 0o6000 else 0)
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise WrongMode(text)
        for sign, what in re.findall(r"([-+=])([rwxXst]*|[ugo])", match[2]):
            old = _clause(old, match[1], sign, what, is_dir, umask)
    return old


def _clause(old: int, who: str, sign: str, what: str, is_dir: bool, umask: int) -> int:
    everyone = not who
    who = "ugo" if everyone or "a" in who else who
    copied = old >> _SHIFT[what] & 7 if what in _SHIFT and len(what) == 1 else None
    bits = copied if copied is not None else sum(_BITS.get(letter, 0) for letter in set(what))
    if "X" in what and (is_dir or old & 0o111):
        bits |= 1
    change = sum(bits << _SHIFT[letter] for letter in who)
    if everyone:
        change &= ~umask
    if copied is None and "s" in what:
        change |= (0o4000 if "u" in who else 0) | (0o2000 if "g" in who else 0)
    if copied is None and "t" in what and (everyone or "o" in who or who == "ugo"):
        change |= 0o1000
    if sign == "+":
        return old | change
    if sign == "-":
        return old & ~change
    cleared = sum(7 << _SHIFT[letter] for letter in who) | (0 if is_dir else (0o4000 if "u" in who else 0) | (0o2000 if "g" in who else 0))
    return (old & ~cleared) | change


class _Chmod:
    def __init__(self, p: Process, mode: str, letters: set[str]) -> None:
        self.p, self.mode, self.letters, self.status = p, mode, letters, 0

    def _fail(self, text: str) -> None:
        self.status = 1
        if "f" not in self.letters:
            self.p.err(f"{self.p.argv[0]}: {text}\n")

    def change(self, name: str, path: str, given: bool) -> None:
        try:
            entry = self.p.fs.stat(path, self.p.cred, follow=given)
        except FileNotFoundError:
            dangling = given and self._is_link(path)
            self._fail(
                f"cannot operate on dangling symlink {files.quoted(name)}"
                if dangling
                else f"cannot access {files.quoted(name)}: No such file or directory"
            )
            return
        except OSError as error:
            self._fail(f"cannot access {files.quoted(name)}: {error.strerror}")
            return
        if not entry.is_link:
            self._set(name, path, entry)
        if "R" in self.letters and entry.is_dir:
            self._below(name, path)

    def _is_link(self, path: str) -> bool:
        try:
            return self.p.fs.stat(path, self.p.cred, follow=False).is_link
        except OSError:
            return False

    def _set(self, name: str, path: str, entry: Stat) -> None:
        wanted = new_mode(self.mode, entry.mode, entry.is_dir, self.p.cred.umask)
        try:
            self.p.fs.chmod(path, wanted, self.p.cred)
        except OSError as error:
            self._fail(f"changing permissions of {files.quoted(name)}: {error.strerror}")
            return
        changed = wanted != entry.mode
        if changed and self.letters & {"c", "v"}:
            old, new = files.mode_letters(entry)[1:], files.mode_letters(self.p.fs.stat(path))[1:]
            self.p.out(f"mode of {files.quoted(name)} changed from {entry.mode:04o} ({old}) to {wanted:04o} ({new})\n")
        elif "v" in self.letters:
            self.p.out(f"mode of {files.quoted(name)} retained as {entry.mode:04o} ({files.mode_letters(entry)[1:]})\n")

    def _below(self, name: str, path: str) -> None:
        try:
            children = files.children(self.p, path)
        except OSError as error:
            self._fail(f"cannot read directory {files.quoted(name)}: {error.strerror}")
            return
        for child in children:
            self.change(posixpath.join(name, child), posixpath.join(path, child), given=False)


@program("/usr/bin/chmod")
def chmod(p: Process) -> int:
    """chmod(1)."""
    # A mode such as -w looks like an option: chmod(1) takes it as a mode.
    p.argv[1:] = [f"\0{word}" if re.fullmatch(r"-[rwxXst]+(,.*)?", word) else word for word in p.argv[1:]]
    options = getopt(p, "cfvR", _LONG)
    words = [word.lstrip("\0") for word in options.operands]
    if "reference" in options:
        words = [f"{p.fs.stat(posixpath.join(p.cwd, options.value('reference')), p.cred).mode:o}", *words]
    if not words:
        raise usage(p, "missing operand")
    if len(words) == 1:
        raise usage(p, f"missing operand after {quote(p, words[0])}")
    try:
        new_mode(words[0], 0, False, 0)
    except WrongMode:
        raise usage(p, f"invalid mode: {quote(p, words[0])}") from None
    work = _Chmod(p, words[0], {letter for letter, _ in options.found})
    for name in words[1:]:
        work.change(name, posixpath.join(p.cwd, name), given=True)
    return work.status
