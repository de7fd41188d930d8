"""What find(1) does with a file that it found."""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Callable

from simulator.shell import files
from simulator.shell.commands.find_expression import Settings, Test, Visit
from simulator.shell.escapes import interpret
from simulator.shell.getopt import quote
from simulator.shell.when import format_time
from simulator.unix.fs import Stat
from simulator.unix.program import Process


class Actions:
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
    return format_time(_TIME_WORDS.get(letter, f"%{letter}"), when)


_VALUES: dict[str, Callable[[Process, Visit], str]] = {
    "p": lambda p, v: v.name, "f": lambda p, v: posixpath.basename(v.name.rstrip("/")) or v.name, "d": lambda p, v: str(v.depth),
    "h": lambda p, v: posixpath.dirname(v.name) or ".", "P": lambda p, v: v.name[len(v.start) :].lstrip("/") if v.depth else "",
    "H": lambda p, v: v.start, "m": lambda p, v: f"{v.entry.mode:o}", "M": lambda p, v: files.mode_letters(v.entry),
    "u": lambda p, v: p.host.users.user_name(v.entry.uid), "g": lambda p, v: p.host.users.group_name(v.entry.gid), "U": lambda p, v: str(v.entry.uid),
    "G": lambda p, v: str(v.entry.gid), "s": lambda p, v: str(v.entry.size), "n": lambda p, v: str(v.entry.nlink), "i": lambda p, v: str(v.entry.ino),
    "l": lambda p, v: v.entry.target, "y": lambda p, v: _kind(v.entry), "Y": lambda p, v: _target_kind(p, v), "%": lambda p, v: "%",
    "k": lambda p, v: str(files.blocks(v.entry) // 2), "b": lambda p, v: str(files.blocks(v.entry)), "F": lambda p, v: "tmpfs",
    "D": lambda p, v: "46",
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
