"""How ls(1) shows files: columns, colours, the long format."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from simulator.shell import files
from simulator.shell.columns import columns
from simulator.shell.getopt import Options
from simulator.unix.fs import Stat
from simulator.unix.program import Process

_HALF_YEAR = 31556952 // 2
#: dircolors' defaults, and the terminals that it knows.
_COLOUR_TERMINALS = ("xterm", "screen", "tmux", "linux", "vt100", "ansi", "rxvt", "konsole", "color", "cygwin")
_COLOURS = {"d": "01;34", "l": "01;36", "p": "40;33", "s": "01;35", "c": "40;33;01", "b": "40;33;01"}
_DEVICE_NUMBERS = {"null": "1, 3", "zero": "1, 5", "full": "1, 7", "random": "1, 8", "urandom": "1, 9", "tty": "5, 0"}


@dataclass(slots=True)
class Item:
    """A line of the listing."""

    name: str
    path: str
    entry: Stat
    target: Stat | None = None


@dataclass(slots=True)
class Lines:
    """Writes the lines of one run of ls."""

    p: Process
    o: Options
    terminal: bool = False
    layout: str = "1"
    width: int = 80

    def _time(self, entry: Stat) -> float:
        chosen = self.o.last("cu")
        for name, value in self.o.found:
            if name == "time":
                chosen = {"ctime": "c", "status": "c", "atime": "u", "access": "u", "use": "u"}.get(value, "")
        return entry.ctime if chosen == "c" else entry.atime if chosen == "u" else entry.mtime

    def _write(self, items: list[Item]) -> None:
        if not items:
            return
        if self.layout == "l":
            self._write_long(items)
            return
        names = [self._prefix(item, items) + self._name(item) for item in items]
        lengths = [len(re.sub(r"\x1b\[[\d;]*[mK]", "", name)) for name in names]
        if self.layout == "m":
            self.p.out(_commas(names, lengths, self.width))
        elif self.layout in ("C", "x"):
            self.p.out(columns(names, lengths, self.width, across=self.layout == "x"))
        else:
            self.p.out("".join(f"{name}\n" for name in names))

    def _prefix(self, item: Item, items: list[Item]) -> str:
        text = ""
        if "i" in self.o:
            width = max(len(str(other.entry.ino)) for other in items)
            text += f"{item.entry.ino:>{width}} "
        if "s" in self.o:
            width = max(len(self._blocks_text(files.blocks(other.entry))) for other in items)
            text += f"{self._blocks_text(files.blocks(item.entry)):>{width}} "
        return text

    def _blocks_text(self, blocks: int) -> str:
        return human(blocks * 512, 1000 if "si" in self.o else 1024) if "h" in self.o or "si" in self.o else str(blocks // 2)

    def _name(self, item: Item) -> str:
        text = self._plain_name(item.name)
        colour = self._colour(item)
        if colour:
            text = f"\x1b[0m\x1b[{colour}m{text}\x1b[0m"
        return text + self._indicator(item.entry, item)

    def _plain_name(self, name: str) -> str:
        if "Q" in self.o:
            return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if "b" in self.o:
            return re.sub(r"[ \x00-\x1f\\]", lambda m: {"\n": "\\n", "\t": "\\t", " ": "\\ ", "\\": "\\\\"}.get(m[0], f"\\{ord(m[0]):03o}"), name)
        if self.terminal and "N" not in self.o:
            return files.quoted_if_needed(name)
        return re.sub(r"[\x00-\x1f]", "?", name) if self.terminal or "q" in self.o else name

    def _colour(self, item: Item) -> str:
        if not self._colours:
            return ""
        entry = item.entry
        if entry.is_link and item.target is None:
            return "40;31;01"
        if entry.is_dir and entry.mode & 0o1002:
            return "30;42" if entry.mode & 0o1002 == 0o1002 else "34;42" if entry.mode & 2 else "37;44"
        if entry.is_file:
            return "37;41" if entry.mode & 0o4000 else "30;43" if entry.mode & 0o2000 else "01;32" if entry.mode & 0o111 else ""
        return _COLOURS.get(entry.kind, "")

    @property
    def _colours(self) -> bool:
        when = self.o.value("color", "never") if "color" in self.o else "never"
        if "LS_COLORS" not in self.p.env and not self.p.env.get("TERM", "dumb").startswith(_COLOUR_TERMINALS):
            return False
        return when in ("", "always", "yes", "force") or (when in ("auto", "tty", "if-tty") and self.terminal)

    def _indicator(self, entry: Stat, item: Item) -> str:
        style = {"F": "classify", "p": "slash", "file-type": "file-type"}.get(self.o.last("Fp"), "file-type" if "file-type" in self.o else "")
        style = self.o.value("indicator") or style
        if style == "slash" or not style:
            return "/" if style and entry.is_dir else ""
        if self.layout == "l" and entry.is_link:
            return ""
        sign = {"d": "/", "l": "@", "p": "|", "s": "="}.get(entry.kind, "")
        return "*" if not sign and style == "classify" and entry.kind == "-" and entry.mode & 0o111 else sign

    # -- the long format -------------------------------------------------------------------------------------------------

    def _write_long(self, items: list[Item]) -> None:
        rows = [self._row(item) for item in items]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        right = {1, 4} if not ({"g", "o", "G", "n"} & {name for name, _ in self.o.found}) else {1, len(rows[0]) - 2}
        for item, row in zip(items, rows, strict=True):
            cells = [
                cell if index == len(row) - 1 else cell.rjust(width) if index in right or (index in self._numbers) else cell.ljust(width)
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self.p.out(f"{self._prefix(item, items)}{' '.join(cells)} {self._name(item)}{self._link_target(item)}\n")

    @property
    def _numbers(self) -> set[int]:
        return {2, 3} if "n" in self.o and not {"g", "o"} & {name for name, _ in self.o.found} else set()

    def _row(self, item: Item) -> list[str]:
        entry, users = item.entry, self.p.host.users
        numeric = "n" in self.o
        row = [files.mode_letters(entry), str(entry.nlink)]
        if "g" not in self.o:
            row.append(str(entry.uid) if numeric else users.user_name(entry.uid))
        if "o" not in self.o and "G" not in self.o:
            row.append(str(entry.gid) if numeric else users.group_name(entry.gid))
        row.append(self._size(entry))
        row.append(self._date(self._time(entry)))
        return row

    def _size(self, entry: Stat) -> str:
        if entry.kind == "c":
            return _DEVICE_NUMBERS.get(entry.target, "1, 3")
        if "h" in self.o or "si" in self.o:
            return human(entry.size, 1000 if "si" in self.o else 1024)
        return str(-(-entry.size // 1024)) if self.o.value("block-size") in ("K", "1K", "k") else str(entry.size)

    def _date(self, when: float) -> str:
        style = self.o.value("time-style", "locale")
        if "full-time" in self.o:
            style = "full-iso"
        moment, now = time.gmtime(when), self.p.clock.now
        if style == "full-iso":
            return time.strftime("%Y-%m-%d %H:%M:%S", moment) + f".{int(when % 1 * 1e9):09d} +0000"
        if style == "long-iso":
            return time.strftime("%Y-%m-%d %H:%M", moment)
        if style.startswith("+"):
            return time.strftime(style[1:], moment)
        recent = now - _HALF_YEAR < when <= now
        if style == "iso":
            return time.strftime("%m-%d %H:%M" if recent else "%Y-%m-%d ", moment)
        return time.strftime("%b %e %H:%M" if recent else "%b %e  %Y", moment)

    def _link_target(self, item: Item) -> str:
        if not item.entry.is_link:
            return ""
        name = self._plain_name(item.entry.target)
        if self._colours:
            colour = self._colour(Item(name, "", item.target)) if item.target else "40;31;01"
            name = f"\x1b[{colour}m{name}\x1b[0m" if colour else name
        sign = self._indicator(item.target, item) if item.target and item.target.kind != "l" else ""
        return f" -> {name}{sign}"


def human(size: float, base: int) -> str:
    """A size as -h shows it: rounded up, one decimal below ten."""
    if size < base:
        return str(int(size))
    units = "KMGTPE" if base == 1024 else "kMGTPE"
    for unit in units:
        size /= base
        if size < 10:
            tenths = -(-size * 10 // 1)
            if tenths < 100:
                return f"{tenths / 10:.1f}{unit}"
        if -(-size // 1) < base:
            return f"{int(-(-size // 1))}{unit}"
    return f"{size:.0f}{units[-1]}"


def _commas(names: list[str], lengths: list[int], width: int) -> str:
    text, at = "", 0
    for index, (name, length) in enumerate(zip(names, lengths, strict=True)):
        last = index == len(names) - 1
        if at and at + length + (0 if last else 1) > width:
            text, at = text.rstrip(" ") + "\n", 0
        text += name + ("" if last else ", ")
        at += length + 2
    return text + "\n"
