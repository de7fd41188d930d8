"""NAME
    ls, dir, vdir - list directory contents

SYNOPSIS
    ls [-1aAbBcCdfFghHiIklLmnNopqQrRsStTuUvwxXZ] [--color[=WHEN]] [--group-directories-first] [--full-time] [FILE...]

DESCRIPTION
    List files, and what is in directories, sorted by name. On a terminal in columns, else one a line. -l shows mode, links,
    owner, group, size, time of change and name; files older than six months, or of the future, with their year.

DIFFERS FROM DEBIAN
    --dired, --zero, --hyperlink and security contexts are not simulated.
"""

from __future__ import annotations

import fnmatch
import functools
import posixpath
import re
from dataclasses import dataclass

from simulator.shell import files
from simulator.shell.commands.ls_lines import Item, Lines
from simulator.shell.getopt import Options, choose, getopt
from simulator.unix.program import Process, program

_LONG = {
    "all": "a", "almost-all": "A", "author": "author", "escape": "b", "block-size=": "block-size", "ignore-backups": "B", "color=?": "color",
    "directory": "d", "classify=?": "F", "file-type": "file-type", "format=": "format", "full-time": "full-time", "group-directories-first": "gdf",
    "no-group": "G", "human-readable": "h", "si": "si", "dereference-command-line": "H", "dereference": "L", "inode": "i", "ignore=": "I",
    "hide=": "hide", "kibibytes": "k", "numeric-uid-gid": "n", "literal": "N", "indicator-style=": "indicator", "hide-control-chars": "q",
    "show-control-chars": "show", "quote-name": "Q", "reverse": "r", "recursive": "R", "size": "s", "sort=": "sort", "time=": "time",
    "time-style=": "time-style", "tabsize=": "T", "width=": "w", "context": "Z",
}  # fmt: skip
_SORTS = {"none": "U", "size": "S", "time": "t", "version": "v", "extension": "X", "width": "width", "name": ""}
_SORT_WORDS = ("none", "time", "size", "extension", "version", "width")
_FORMAT_WORDS = ("verbose long", "commas", "horizontal across", "vertical", "single-column")
_COLOUR_WORDS = ("always yes force", "never no none", "auto tty if-tty")
_TIME_WORDS = ("atime access use", "ctime status", "birth creation")
_INDICATOR_WORDS = ("none", "slash", "file-type", "classify")
_FORMATS = {"long": "l", "verbose": "l", "commas": "m", "horizontal": "x", "across": "x", "single-column": "1", "vertical": "C"}


@dataclass(slots=True)
class _Ls(Lines):
    status: int = 0
    headed: bool = False

    # -- which files -----------------------------------------------------------------------------------------------------

    def run(self) -> int:
        names = self.o.operands or ["."]
        plain: list[Item] = []
        directories: list[Item] = []
        for name in names:
            item = self._operand(name)
            if item is not None:
                listed = item.entry.is_dir or (item.target is not None and item.target.is_dir and self._follows())
                (directories if listed and "d" not in self.o else plain).append(item)
        self.headed = len(names) > 1 or "R" in self.o
        self._write(self._sorted(plain))
        if plain and directories:
            self.p.out("\n")
        for index, item in enumerate(self._sorted(directories)):
            self._directory(item.name, item.path, first=index == 0)
        return self.status

    def _follows(self) -> bool:
        return self.layout != "l" or "H" in self.o or "L" in self.o

    def _fail(self, text: str, serious: bool) -> None:
        self.p.err(f"{self.p.argv[0]}: {text}\n")
        self.status = max(self.status, 2 if serious else 1)

    def _operand(self, name: str) -> Item | None:
        path = posixpath.join(self.p.cwd, name) if name else name
        if not name:
            self._fail("cannot access '': No such file or directory", True)
            return None
        try:
            return self._item(name, path)
        except OSError as error:
            self._fail(f"cannot access {files.quoted(name)}: {error.strerror}", True)
            return None

    def _item(self, name: str, path: str) -> Item:
        entry = self.p.fs.stat(path, self.p.cred, follow="L" in self.o)
        target = None
        if entry.is_link:
            try:
                target = self.p.fs.stat(path, self.p.cred)
            except OSError:
                target = None
        return Item(name, path, entry, target)

    def _shown(self, name: str) -> bool:
        if name.startswith(".") and not ("a" in self.o or "A" in self.o or "f" in self.o):
            return False
        if "B" in self.o and name.endswith("~"):
            return False
        return not any(_matches(pattern, name) for pattern in self.o.values("I") + ([] if "a" in self.o else self.o.values("hide")))

    def _directory(self, name: str, path: str, first: bool) -> None:
        try:
            found = files.children(self.p, path)
        except OSError as error:
            self._fail(f"cannot open directory {files.quoted(name)}: {error.strerror}", True)
            return
        if self.headed:
            self.p.out(f"{'' if first else chr(10)}{files.quoted_if_needed(name) if self.terminal else name}:\n")
        dots = [".", ".."] if "a" in self.o or "f" in self.o else []
        items = []
        for child in [*dots, *filter(self._shown, found)]:
            try:
                items.append(self._item(child, posixpath.join(path, child)))
            except OSError as error:
                if self.layout == "l":
                    self._fail(f"cannot access {files.quoted(posixpath.join(name, child))}: {error.strerror}", False)
                items.append(Item(child, posixpath.join(path, child), self.p.fs.stat(posixpath.join(path, child), follow=False)))
        items = self._sorted(items)
        if self.layout == "l" or "s" in self.o:
            self.p.out(f"total {self._blocks_text(sum(files.blocks(item.entry) for item in items))}\n")
        self._write(items)
        if "R" in self.o:
            for item in items:
                if item.entry.is_dir and item.name not in (".", ".."):
                    self._directory(posixpath.join(name, item.name) if name != "." else f"./{item.name}", item.path, first=False)

    # -- in which order --------------------------------------------------------------------------------------------------

    def _sorted(self, items: list[Item]) -> list[Item]:
        order = self.o.last("StUvXf", "")
        for name, value in self.o.found:
            if name == "sort":
                order = _SORTS[choose(self.p, "--sort", value, _SORT_WORDS)]
        if not order and self.layout != "l" and self.o.last("cu"):
            order = "t"
        if order in ("U", "f"):
            return items
        items = sorted(items, key=lambda item: item.name)
        if order == "t":
            items.sort(key=lambda item: -self._time(item.entry))
        elif order == "S":
            items.sort(key=lambda item: -item.entry.size)
        elif order == "v":
            items.sort(key=functools.cmp_to_key(lambda one, two: _version_order(one.name, two.name)))
        elif order == "X":
            items.sort(key=lambda item: posixpath.splitext(item.name)[1])
        if "r" in self.o:
            items.reverse()
        if "gdf" in self.o:
            items.sort(key=lambda item: not (item.entry.is_dir or (item.target is not None and item.target.is_dir)))
        return items


def _matches(pattern: str, name: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern)


def _version_order(one: str, two: str) -> int:
    def key(text: str) -> list[tuple[int, int | str]]:
        return [(1, int(part)) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text) if part]

    return (key(one) > key(two)) - (key(one) < key(two))


def _layout(p: Process, options: Options, terminal: bool) -> str:
    chosen = "C" if terminal else "1"
    for name, value in options.found:
        if name in ("l", "C", "x", "m", "1"):
            chosen = "l" if name == "1" and chosen == "l" else name
        elif name in ("g", "o", "n", "full-time"):
            chosen = "l"
        elif name == "format":
            chosen = _FORMATS[choose(p, "--format", value, _FORMAT_WORDS)]
    return chosen


@program("/usr/bin/ls", "/usr/bin/dir", "/usr/bin/vdir")
def ls(p: Process) -> int:
    """ls(1)."""
    options = getopt(p, "1aAbBcCdfFgGhHiI:klLmnNopqQrRsStT:uUvw:xXZ", _LONG, status=2)
    if "f" in options:
        options.found.append(("a", ""))
    for option, name, words in (
        ("color", "--color", _COLOUR_WORDS),
        ("time", "--time", _TIME_WORDS),
        ("indicator", "--indicator-style", _INDICATOR_WORDS),
    ):
        for value in filter(None, options.values(option)):
            choose(p, name, value, words)
    terminal = p.tty
    layout = _layout(p, options, terminal or p.name == "dir")
    if p.name == "vdir":
        layout = "l"
    width = options.value("w") or p.env.get("COLUMNS", "80")
    work = _Ls(p, options, terminal=terminal, layout=layout, width=int(width) if width.isdigit() and int(width) else 80 if width != "0" else 1 << 30)
    return work.run()
