"""NAME
    find - search for files in a directory hierarchy

SYNOPSIS
    find [-L] [PATH...] [EXPRESSION]

DESCRIPTION
    Walk the trees below the paths and evaluate the expression for each file. Tests: -name, -type, -size, -user, -group, -perm,
    -newer, -mtime, -mmin, -empty, -links, -path, -regex and others. Actions: -print, -print0, -printf, -ls, -exec ... ;,
    -exec ... {} +, -delete, -prune, -quit. Operators: ! -a -o ( ).

DIFFERS FROM DEBIAN
    Regular expressions are read by Python. -ok and -fprintf are not simulated. Files are met newest first, as on a tmpfs.
"""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Callable

from simulator.shell import files
from simulator.shell.commands.find_expression import WITHOUT_ARGUMENT, Settings, Test, Tests, Visit, fail, is_test
from simulator.shell.escapes import interpret
from simulator.shell.getopt import quote
from simulator.unix.fs import Stat
from simulator.unix.program import Exit, Process, program

_GLOBAL = {"-maxdepth": "most", "-mindepth": "least"}
_IGNORED = ("-xdev", "-mount", "-noleaf", "-nowarn", "-warn", "-daystart", "-ignore_readdir_race", "-noignore_readdir_race")
_REGEX_TYPES = ("findutils-default", "ed", "emacs", "gnu-awk", "grep", "posix-awk", "awk", "posix-basic", "posix-egrep", "egrep", "posix-extended",
                "posix-minimal-basic", "sed")  # fmt: skip


class _Parser:
    """Reads the expression, from `-o` down to single words."""

    def __init__(self, p: Process, words: list[str], settings: Settings) -> None:
        self.p, self.words, self.settings = p, words, settings
        self.tests = Tests(p, settings)
        self.actions = _Actions(p, settings)

    def parse(self) -> Test:
        if not self.words:
            return lambda visit: True
        test = self._or()
        if self.words:
            raise fail(self.p, "you have too many ')'" if self.words[0] == ")" else f"paths must precede expression: `{self.words[0]}'")
        return test

    def _next(self) -> str:
        return self.words[0] if self.words else ""

    def _or(self) -> Test:
        tests = [self._and()]
        while self._next() in ("-o", "-or"):
            word = self.words.pop(0)
            if not self.words:
                raise fail(self.p, f"expected an expression after '{word}'")
            tests.append(self._and())
        return tests[0] if len(tests) == 1 else lambda visit: any(test(visit) for test in tests)

    def _and(self) -> Test:
        tests = [self._term()]
        while self.words and self._next() not in ("-o", "-or", ")", ","):
            if self._next() in ("-a", "-and"):
                word = self.words.pop(0)
                if not self.words:
                    raise fail(self.p, f"expected an expression after '{word}'")
            tests.append(self._term())
        return tests[0] if len(tests) == 1 else lambda visit: all(test(visit) for test in tests)

    def _term(self) -> Test:
        word = self.words.pop(0)
        if word in ("!", "-not"):
            if not self.words:
                raise fail(self.p, f"expected an expression after '{word}'")
            inner = self._term()
            return lambda visit: not inner(visit)
        if word in ("(", "\\("):
            if not self.words:
                raise fail(self.p, "invalid expression; expected to find a ')' but didn't see one. Perhaps you need an extra predicate after '('")
            test = self._or()
            if self._next() not in (")", "\\)"):
                raise fail(self.p, "invalid expression; I was expecting to find a ')' somewhere but did not see one.")
            self.words.pop(0)
            return test
        return self._word(word)

    def _argument(self, word: str) -> str:
        if not self.words:
            raise fail(self.p, f"missing argument to `{word}'")
        return self.words.pop(0)

    def _word(self, word: str) -> Test:
        if word in _GLOBAL:
            text = self._argument(word)
            if not text.isdigit():
                raise fail(self.p, f"Expected a positive decimal integer argument to {word}, but got {quote(self.p, text)}")
            setattr(self.settings, _GLOBAL[word], int(text))
            return lambda visit: True
        if word in _IGNORED:
            return lambda visit: True
        if word in ("-depth", "-d"):
            self.settings.depth_first = True
            return lambda visit: True
        if word == "-follow":
            self.settings.follow = True
            return lambda visit: True
        if word == "-regextype":
            return self._regextype(self._argument(word))
        if is_test(word):
            return self.tests.make(word, "" if word in WITHOUT_ARGUMENT else self._argument(word))
        return self._action(word)

    def _regextype(self, name: str) -> Test:
        if name not in _REGEX_TYPES:
            known = ", ".join(quote(self.p, kind) for kind in _REGEX_TYPES)
            raise fail(self.p, f"Unknown regular expression type {quote(self.p, name)}; valid types are {known}.")
        return lambda visit: True

    def _action(self, word: str) -> Test:
        actions = self.actions
        if word == "-prune":
            return actions.prune
        simple: dict[str, Test] = {"-print": actions.print, "-print0": actions.print0, "-ls": actions.ls, "-delete": actions.delete, "-quit": actions.quit}
        if word in simple:
            self.settings.acted = True
            self.settings.depth_first = self.settings.depth_first or word == "-delete"
            return simple[word]
        if word == "-printf":
            self.settings.acted = True
            return actions.printf(self._argument(word))
        if word in ("-exec", "-execdir"):
            self.settings.acted = True
            return actions.exec(*self._command(word))
        if word.startswith("-"):
            if word in ("-ok", "-okdir", "-fprintf", "-fprint", "-fprint0", "-fls"):
                self.p.err(f"simulator: find: {word} is not simulated\n")
                raise Exit(1)
            raise fail(self.p, f"unknown predicate `{word}'")
        raise fail(self.p, f"paths must precede expression: `{word}'")

    def _command(self, word: str) -> tuple[list[str], bool]:
        argv: list[str] = []
        while self.words:
            part = self.words.pop(0)
            if part == ";":
                if argv:
                    return argv, False
                break
            if part == "+" and argv and argv[-1] == "{}":
                return argv[:-1], True
            argv.append(part)
        raise fail(self.p, f"missing argument to `{word}'")


class _Actions:
    """What find does with a file."""

    def __init__(self, p: Process, settings: Settings) -> None:
        self.p, self.settings = p, settings

    def print(self, visit: Visit) -> bool:
        self.p.out(f"{visit.name}\n")
        return True

    def print0(self, visit: Visit) -> bool:
        self.p.out(f"{visit.name}\0")
        return True

    def prune(self, visit: Visit) -> bool:
        visit.pruned = True
        return True

    def quit(self, visit: Visit) -> bool:
        self.settings.quit = True
        return True

    def ls(self, visit: Visit) -> bool:
        entry, users = visit.entry, self.p.host.users
        old = not self.p.clock.now - 15778476 < entry.mtime <= self.p.clock.now
        date = time.strftime("%b %e  %Y" if old else "%b %e %H:%M", time.gmtime(entry.mtime))
        link = f" -> {entry.target}" if entry.is_link else ""
        self.p.out(
            f"{entry.ino:9} {files.blocks(entry) // 2:6} {files.mode_letters(entry)} {entry.nlink:3} {users.user_name(entry.uid):<8} "
            f"{users.group_name(entry.gid):<8} {entry.size:8} {date} {visit.name}{link}\n"
        )
        return True

    def delete(self, visit: Visit) -> bool:
        if visit.name == ".":
            return True
        try:
            (self.p.fs.rmdir if visit.entry.is_dir else self.p.fs.unlink)(visit.path, self.p.cred)
        except OSError as error:
            self.p.err(f"{self.p.argv[0]}: cannot delete {quote(self.p, visit.name)}: {error.strerror}\n")
            self.settings.status = 1
            return False
        return True

    def exec(self, argv: list[str], batch: bool) -> Test:
        if batch:
            names: list[str] = []
            self.settings.batches.append((argv, names))

            def collect(visit: Visit) -> bool:
                names.append(visit.name)
                return True

            return collect
        return lambda visit: self.run([word.replace("{}", visit.name) for word in argv]) == 0

    def run(self, argv: list[str]) -> int:
        try:
            return self.p.relay(self.p.run(argv, ""))
        except OSError as error:
            self.p.err(f"{self.p.argv[0]}: {quote(self.p, argv[0])}: {error.strerror}\n")
            return 127

    def printf(self, text: str) -> Test:
        warned = False

        def write(visit: Visit) -> bool:
            nonlocal warned
            for directive in re.findall(r"%[-+#0 ]*\d*(?:\.\d+)?([^aAbcCdDfFgGhHiIklmMnpPsStTuUyYZ\d.+#0 -])", text.replace("%%", "")):
                if not warned:
                    self.p.err(f"{self.p.argv[0]}: warning: unrecognized format directive `%{directive}'\n")
                warned = True
            self.p.out(_formatted(self.p, interpret(text), visit))
            return True

        return write


_TIME_WORDS = {"@": "%s.%N0", "+": "%F+%T.%N0", "D": "%m/%d/%y", "T": "%T.%N0", "S": "%S.%N0", "X": "%T.%N0"}
_FORMAT = re.compile(r"%([-+#0 ]*\d*(?:\.\d+)?)([ACTB])(.)|%([-+#0 ]*\d*(?:\.\d+)?)([a-zA-Z%])", re.S)


def _kind(entry: Stat) -> str:
    return {"-": "f"}.get(entry.kind, entry.kind)


def _target_kind(p: Process, visit: Visit) -> str:
    try:
        return _kind(p.fs.stat(visit.path, p.cred))
    except OSError:
        return "N"


def _when(p: Process, when: float, letter: str) -> str:
    from simulator.shell.when import format_time

    return format_time(_TIME_WORDS.get(letter, f"%{letter}"), when)


_VALUES: dict[str, Callable[[Process, Visit], str]] = {
    "p": lambda p, v: v.name, "f": lambda p, v: posixpath.basename(v.name.rstrip("/")) or v.name, "d": lambda p, v: str(v.depth),
    "h": lambda p, v: posixpath.dirname(v.name) or ".", "P": lambda p, v: v.name[len(v.start) :].lstrip("/") if v.depth else "",
    "H": lambda p, v: v.start, "m": lambda p, v: f"{v.entry.mode:o}", "M": lambda p, v: files.mode_letters(v.entry),
    "u": lambda p, v: p.host.users.user_name(v.entry.uid), "g": lambda p, v: p.host.users.group_name(v.entry.gid), "U": lambda p, v: str(v.entry.uid),
    "G": lambda p, v: str(v.entry.gid), "s": lambda p, v: str(v.entry.size), "n": lambda p, v: str(v.entry.nlink), "i": lambda p, v: str(v.entry.ino),
    "l": lambda p, v: v.entry.target, "y": lambda p, v: _kind(v.entry), "Y": lambda p, v: _target_kind(p, v), "%": lambda p, v: "%",
    "k": lambda p, v: str(files.blocks(v.entry) // 2), "b": lambda p, v: str(files.blocks(v.entry)), "F": lambda p, v: "tmpfs", "D": lambda p, v: "46",
    "t": lambda p, v: _when(p, v.entry.mtime, "c"), "a": lambda p, v: _when(p, v.entry.atime, "c"), "c": lambda p, v: _when(p, v.entry.ctime, "c"),
    "S": lambda p, v: "1",
}  # fmt: skip


def _formatted(p: Process, text: str, visit: Visit) -> str:
    def value(match: re.Match[str]) -> str:
        if match[2]:
            times = {"A": visit.entry.atime, "C": visit.entry.ctime, "T": visit.entry.mtime, "B": visit.entry.ctime}
            return f"{_when(p, times[match[2]], match[3]):{_align(match[1])}}"
        if match[5] not in _VALUES:
            return match[0]
        return f"{_VALUES[match[5]](p, visit):{_align(match[4])}}"

    return _FORMAT.sub(value, text)


def _align(flags: str) -> str:
    digits = re.sub(r"[^\d]", "", flags)
    return f"{'<' if '-' in flags else '>'}{digits}" if digits else ""


class _Find:
    def __init__(self, p: Process, settings: Settings, test: Test) -> None:
        self.p, self.settings, self.test = p, settings, test

    def walk(self, name: str, path: str, depth: int, start: str) -> None:
        try:
            entry = self._entry(path)
        except OSError as error:
            self._fail(name, error)
            return
        visit = Visit(name, path, entry, depth, start)
        if not self.settings.depth_first:
            self._look(visit)
        if entry.is_dir and not visit.pruned and depth < self.settings.most and not self.settings.quit:
            self._below(visit)
        if self.settings.depth_first and not self.settings.quit:
            self._look(visit)

    def _entry(self, path: str) -> Stat:
        if self.settings.follow:
            try:
                return self.p.fs.stat(path, self.p.cred)
            except FileNotFoundError:
                pass
        return self.p.fs.stat(path, self.p.cred, follow=False)

    def _fail(self, name: str, error: OSError) -> None:
        self.p.err(f"{self.p.argv[0]}: {quote(self.p, name)}: {error.strerror}\n")
        self.settings.status = 1

    def _look(self, visit: Visit) -> None:
        if visit.depth >= self.settings.least and self.test(visit) and not self.settings.acted:
            self.p.out(f"{visit.name}\n")

    def _below(self, visit: Visit) -> None:
        try:
            names = files.children(self.p, visit.path)
        except OSError as error:
            self._fail(visit.name, error)
            return
        for child in names:
            if self.settings.quit:
                return
            self.walk(posixpath.join(visit.name, child), posixpath.join(visit.path, child), visit.depth + 1, visit.start)


@program("/usr/bin/find")
def find(p: Process) -> int:
    """find(1)."""
    words, settings = p.argv[1:], Settings()
    while words and words[0] in ("-L", "-P", "-H"):
        settings.follow = words.pop(0) == "-L"
    paths = []
    while words and not (words[0].startswith("-") and len(words[0]) > 1) and words[0] not in ("(", "!", "\\("):
        paths.append(words.pop(0))
    parser = _Parser(p, words, settings)
    walk = _Find(p, settings, parser.parse())
    for name in paths or ["."]:
        if not settings.quit:
            walk.walk(name, posixpath.join(p.cwd, name), 0, name)
    for argv, names in settings.batches:
        if names and parser.actions.run([*argv, *names]):
            settings.status = 1
    return settings.status
