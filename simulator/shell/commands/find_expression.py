"""The expressions of find(1): what a word means, and how the words are put together."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.shell.commands.chmod import WrongMode, new_mode
from simulator.shell.getopt import quote
from simulator.shell.when import NotADate, parse
from simulator.unix.fs import EXECUTE, READ, WRITE, Stat
from simulator.unix.program import Exit, Process


@dataclass(slots=True)
class Visit:
    """A file that find looks at."""

    name: str
    path: str
    entry: Stat
    depth: int
    start: str
    pruned: bool = False


Test = Callable[[Visit], bool]
_STAMPS: dict[str, Callable[[Stat], float]] = {"a": lambda entry: entry.atime, "c": lambda entry: entry.ctime, "m": lambda entry: entry.mtime}


@dataclass(slots=True)
class Settings:
    """What holds for the whole walk."""

    least: int = 0
    most: int = 1 << 30
    depth_first: bool = False
    follow: bool = False
    acted: bool = False
    quit: bool = False
    status: int = 0
    batches: list[tuple[list[str], list[str]]] = field(default_factory=list)


def fail(p: Process, text: str) -> Exit:
    """`find: TEXT`, and the end of the program."""
    p.err(f"{p.argv[0]}: {text}\n")
    return Exit(1)


_KINDS = {"f": "-", "d": "d", "l": "l", "p": "p", "s": "s", "c": "c", "b": "b"}
_UNITS = {"c": 1, "w": 2, "b": 512, "": 512, "k": 1024, "M": 1 << 20, "G": 1 << 30}


def _compared(text: str, value: Callable[[Visit], float], number: float) -> Test:
    if text.startswith("+"):
        return lambda visit: value(visit) > number
    if text.startswith("-"):
        return lambda visit: value(visit) < number
    return lambda visit: value(visit) == number


class Tests:
    """The tests of find, by their words. Each takes its argument and gives a question about a file."""

    def __init__(self, p: Process, settings: Settings) -> None:
        self.p, self.settings = p, settings

    def make(self, word: str, argument: str) -> Test:
        """The test of a word. Ends the program where the argument is wrong."""
        if re.fullmatch(r"-[acm](?:time|min)", word):
            return self._age(word, argument)
        if word.startswith("-newer"):
            return self._newer(word, argument)
        return _TESTS[word](self, argument)

    def _name(self, pattern: str) -> Test:
        return lambda visit: fnmatch.fnmatchcase(posixpath.basename(visit.name.rstrip("/")) or "/", _bash_pattern(pattern))

    def _iname(self, pattern: str) -> Test:
        return lambda visit: fnmatch.fnmatchcase(posixpath.basename(visit.name).lower(), _bash_pattern(pattern.lower()))

    def _path(self, pattern: str) -> Test:
        return lambda visit: fnmatch.fnmatchcase(visit.name, _bash_pattern(pattern))

    def _ipath(self, pattern: str) -> Test:
        return lambda visit: fnmatch.fnmatchcase(visit.name.lower(), _bash_pattern(pattern.lower()))

    def _regex(self, pattern: str) -> Test:
        compiled = re.compile(re.sub(r"\\([|(){}])", r"\1", pattern))
        return lambda visit: compiled.fullmatch(visit.name) is not None

    def _iregex(self, pattern: str) -> Test:
        compiled = re.compile(re.sub(r"\\([|(){}])", r"\1", pattern), re.I)
        return lambda visit: compiled.fullmatch(visit.name) is not None

    def _lname(self, pattern: str) -> Test:
        return lambda visit: visit.entry.is_link and fnmatch.fnmatchcase(visit.entry.target, _bash_pattern(pattern))

    def _type(self, letters: str) -> Test:
        if not letters:
            raise fail(self.p, "Arguments to -type should contain at least one letter")
        unknown = [letter for letter in letters.split(",") if letter not in _KINDS]
        if unknown:
            raise fail(self.p, f"Unknown argument to -type: {unknown[0][:1]}")
        kinds = {_KINDS[letter] for letter in letters.split(",")}
        return lambda visit: visit.entry.kind in kinds

    def _size(self, text: str) -> Test:
        match = re.fullmatch(r"([+-]?)(\d+)([a-zA-Z]?)", text)
        if match is None or match[3] not in _UNITS:
            raise fail(self.p, f"invalid -size type `{text[-1:]}'" if re.search(r"[a-zA-Z]$", text) else f"Invalid argument `{text}' to -size")
        unit = _UNITS[match[3]]
        return _compared(text, lambda visit: -(-visit.entry.size // unit), int(match[2]))

    def _user(self, name: str) -> Test:
        user = self.p.host.users.by_name(name)
        if user is None and not name.isdigit():
            raise fail(self.p, f"{quote(self.p, name)} is not the name of a known user")
        uid = user.uid if user else int(name)
        return lambda visit: visit.entry.uid == uid

    def _group(self, name: str) -> Test:
        group = self.p.host.users.group_by_name(name)
        if group is None and not name.isdigit():
            raise fail(self.p, f"{quote(self.p, name)} is not the name of an existing group")
        gid = group.gid if group else int(name)
        return lambda visit: visit.entry.gid == gid

    def _perm(self, text: str) -> Test:
        sign, mode = (text[0], text[1:]) if text[:1] in "-/" else ("", text)
        try:
            wanted = new_mode(mode, 0, False, 0)
        except WrongMode:
            raise fail(self.p, f"invalid mode {quote(self.p, text)}") from None
        if sign == "-":
            return lambda visit: visit.entry.mode & wanted == wanted
        if sign == "/":
            return lambda visit: bool(visit.entry.mode & wanted) or not wanted
        return lambda visit: visit.entry.mode == wanted

    def _number(self, what: Callable[[Visit], float]) -> Callable[[str], Test]:
        return lambda text: _compared(text, what, int(text.lstrip("+-")))

    def _links(self, text: str) -> Test:
        return self._number(lambda visit: visit.entry.nlink)(self._digits(text, "-links"))

    def _inum(self, text: str) -> Test:
        return self._number(lambda visit: visit.entry.ino)(self._digits(text, "-inum"))

    def _uid(self, text: str) -> Test:
        return self._number(lambda visit: visit.entry.uid)(self._digits(text, "-uid"))

    def _gid(self, text: str) -> Test:
        return self._number(lambda visit: visit.entry.gid)(self._digits(text, "-gid"))

    def _digits(self, text: str, word: str) -> str:
        if not re.fullmatch(r"[+-]?\d+", text):
            raise fail(self.p, f"invalid argument `{text}' to `{word}'")
        return text

    def _age(self, word: str, text: str) -> Test:
        if not re.fullmatch(r"[+-]?\d+(?:\.\d+)?", text):
            raise fail(self.p, f"invalid argument `{text}' to `{word}'")
        unit, now = 60 if word.endswith("min") else 86400, self.p.clock.now
        of = _STAMPS[word[1]]
        number = float(text.lstrip("+-"))
        if unit == 60:
            return _compared(text, lambda visit: -(-(now - of(visit.entry)) // 60) if text[0] not in "+-" else (now - of(visit.entry)) / 60, number)
        return _compared(text, lambda visit: (now - of(visit.entry)) // 86400, number)

    def _newer(self, word: str, argument: str) -> Test:
        letters = word[6:] or "mm"
        mine = _STAMPS.get(letters[0], _STAMPS["m"])
        if letters[1:] == "t":
            try:
                limit = parse(argument, self.p.clock.now)
            except NotADate:
                raise fail(self.p, f"I cannot figure out how to interpret {quote(self.p, argument)} as a date or time") from None
        else:
            limit = _STAMPS.get(letters[1:], _STAMPS["m"])(self._reference(argument))
        return lambda visit: mine(visit.entry) > limit

    def _reference(self, name: str) -> Stat:
        try:
            return self.p.fs.stat(posixpath.join(self.p.cwd, name), self.p.cred)
        except OSError as error:
            raise fail(self.p, f"{quote(self.p, name)}: {error.strerror}") from None

    def _samefile(self, name: str) -> Test:
        ino = self._reference(name).ino
        return lambda visit: visit.entry.ino == ino

    def _empty(self, _: str) -> Test:
        def empty(visit: Visit) -> bool:
            if visit.entry.is_dir:
                return self.p.fs.access(visit.path, READ, self.p.cred) and not self.p.fs.listdir(visit.path)
            return visit.entry.is_file and visit.entry.size == 0

        return empty

    def _access(self, bits: int) -> Test:
        return lambda visit: self.p.fs.access(visit.path, bits, self.p.cred)

    def _nouser(self, _: str) -> Test:
        return lambda visit: self.p.host.users.by_uid(visit.entry.uid) is None

    def _nogroup(self, _: str) -> Test:
        return lambda visit: self.p.host.users.group_by_gid(visit.entry.gid) is None


_TESTS: dict[str, Callable[[Tests, str], Test]] = {
    "-name": Tests._name, "-iname": Tests._iname, "-path": Tests._path, "-wholename": Tests._path, "-ipath": Tests._ipath,
    "-iwholename": Tests._ipath,
    "-regex": Tests._regex, "-iregex": Tests._iregex, "-lname": Tests._lname, "-type": Tests._type, "-xtype": Tests._type, "-size": Tests._size,
    "-user": Tests._user, "-group": Tests._group, "-perm": Tests._perm, "-links": Tests._links, "-inum": Tests._inum, "-uid": Tests._uid,
    "-gid": Tests._gid, "-samefile": Tests._samefile, "-empty": Tests._empty, "-nouser": Tests._nouser, "-nogroup": Tests._nogroup,
    "-readable": lambda tests, _: tests._access(READ), "-writable": lambda tests, _: tests._access(WRITE),
    "-executable": lambda tests, _: tests._access(EXECUTE), "-true": lambda tests, _: lambda visit: True, "-false": lambda tests,
    _: lambda visit: False,
}  # fmt: skip
WITHOUT_ARGUMENT = frozenset(("-empty", "-nouser", "-nogroup", "-readable", "-writable", "-executable", "-true", "-false"))


def is_test(word: str) -> bool:
    """Whether a word is a test."""
    return word in _TESTS or re.fullmatch(r"-[acm](?:time|min)|-newer|-[ac]newer|-newer[acm][acmt]", word) is not None


def _bash_pattern(pattern: str) -> str:
    """fnmatch(3)'s pattern in Python's words: `[^a]` and backslashes."""
    pattern = re.sub(r"\\(.)", lambda match: f"[{match[1]}]", pattern)
    return pattern.replace("[^", "[!")
