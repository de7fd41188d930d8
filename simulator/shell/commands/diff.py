"""NAME
    diff - compare files line by line

SYNOPSIS
    diff [-qsirwbBNa] [-u | -U N | -c | -C N | -y | -e] FILE1 FILE2

DESCRIPTION
    Say what to change in FILE1 to get FILE2: in ed's way (3c3), with context (-c) or in unified form (-u). -q only says
    whether they differ, -r compares directories. Exit status 0 for equal, 1 for different, 2 for trouble.

DIFFERS FROM DEBIAN
    Merge formats and the finer options about white space are not simulated.
"""

from __future__ import annotations

import posixpath
import re
import time
from dataclasses import dataclass

from simulator.shell import files
from simulator.shell.columns import indent
from simulator.shell.difference import Change, changes
from simulator.shell.getopt import Options, getopt
from simulator.unix.fs import Stat
from simulator.unix.program import Exit, Process, program

_LONG = {"brief": "q", "report-identical-files": "s", "ignore-case": "i", "recursive": "r", "ignore-all-space": "w", "ignore-space-change": "b",
         "ignore-blank-lines": "B", "new-file": "N", "text": "a", "unified=?": "U", "context=?": "C", "side-by-side": "y", "ed": "e", "width=": "W",
         "suppress-common-lines": "suppress", "color=?": "color", "label=": "L", "exclude=": "x", "normal": "normal"}  # fmt: skip
_NO_NEWLINE = "\\ No newline at end of file\n"


@dataclass(slots=True)
class _Side:
    """One of the two files."""

    name: str
    lines: list[str]
    when: float
    missing: bool = False


class _Diff:
    def __init__(self, p: Process, options: Options) -> None:
        self.p, self.options = p, options

    def fail(self, name: str, error: OSError) -> int:
        self.p.err(f"{self.p.argv[0]}: {name}: {error.strerror}\n")
        return 2

    def stat(self, name: str) -> Stat | None:
        return None if name == "-" else self.p.fs.stat(posixpath.join(self.p.cwd, name), self.p.cred)

    def side(self, name: str) -> _Side:
        if name == "-":
            return _Side(name, _lines(self.p.stdin), self.p.clock.now)
        entry = self.p.fs.stat(posixpath.join(self.p.cwd, name), self.p.cred)
        return _Side(name, _lines(files.text(files.read_operand(self.p, name))), entry.mtime)

    def pair(self, one: str, two: str) -> int:
        """Compare two operands; a file and a directory mean the file of that name in it."""
        entries: list[Stat | None] = []
        status = 0
        for name in (one, two):
            try:
                entries.append(self.stat(name))
            except OSError as error:
                if "N" in self.options and isinstance(error, FileNotFoundError):
                    entries.append(None)
                    continue
                status = self.fail(name, error)
        if status:
            return status
        first, second = entries
        if first and second and first.is_dir and second.is_dir:
            return 0 if first.ino == second.ino else self.directories(one, two)
        if first and first.is_dir:
            one = posixpath.join(one, posixpath.basename(two))
        elif second and second.is_dir:
            two = posixpath.join(two, posixpath.basename(one))
        return self.files(one, two)

    def directories(self, one: str, two: str) -> int:
        status = 0
        names = [set(self.p.fs.listdir(posixpath.join(self.p.cwd, name), self.p.cred)) for name in (one, two)]
        for child in sorted(names[0] | names[1]):
            if child not in names[0] or child not in names[1]:
                self.p.out(f"Only in {one if child in names[0] else two}: {child}\n")
                status = max(status, 1)
                continue
            status = max(status, self._child(posixpath.join(one, child), posixpath.join(two, child)))
        return status

    def _child(self, one: str, two: str) -> int:
        try:
            first, second = self.stat(one), self.stat(two)
        except FileNotFoundError:
            for name in (one, two):
                try:
                    self.stat(name)
                except OSError as error:
                    self.fail(name, error)
            return 2
        assert first is not None
        assert second is not None
        if first.is_dir and second.is_dir:
            if "r" in self.options:
                return self.directories(one, two)
            self.p.out(f"Common subdirectories: {one} and {two}\n")
            return 0
        if first.is_dir != second.is_dir:
            kinds = [files.kind_words(entry) for entry in (first, second)]
            self.p.out(f"File {one} is a {kinds[0]} while file {two} is a {kinds[1]}\n")
            return 1
        return self.files(one, two, f"diff {' '.join([*self.p.argv[1:-2], one, two])}\n")

    def files(self, one: str, two: str, heading: str = "") -> int:
        sides = []
        for name in (one, two):
            try:
                sides.append(self.side(name))
            except FileNotFoundError as error:
                if "N" not in self.options:
                    return self.fail(name, error)
                sides.append(_Side(name, [], 0.0, True))
            except OSError as error:
                return self.fail(name, error)
        old, new = sides
        found = changes([self.key(line) for line in old.lines], [self.key(line) for line in new.lines])
        if "B" in self.options:
            found = [
                change
                for change in found
                if any(line.strip() for line in old.lines[change.start : change.end] + new.lines[change.new_start : change.new_end])
            ]
        if not found:
            if "s" in self.options:
                self.p.out(f"Files {one} and {two} are identical\n")
            return 0
        binary = any("\0" in line for line in old.lines[:50] + new.lines[:50])
        if "q" in self.options or (binary and "a" not in self.options):
            self.p.out(f"{'Binary files' if binary and 'q' not in self.options else 'Files'} {one} and {two} differ\n")
            return 1 if "q" in self.options else 2
        self.p.out(heading + self.render(old, new, found))
        return 1

    def key(self, line: str) -> str:
        if "w" in self.options:
            line = re.sub(r"\s", "", line)
        elif "b" in self.options:
            line = re.sub(r"[ \t]+", " ", line.rstrip("\n").rstrip())
        return line.lower() if "i" in self.options else line

    def render(self, old: _Side, new: _Side, found: list[Change]) -> str:
        if "u" in self.options or "U" in self.options:
            return _unified(old, new, found, int(self.options.value("U") or 3), self.options.values("L"))
        if "c" in self.options or "C" in self.options:
            return _context(old, new, found, int(self.options.value("C") or 3))
        if "y" in self.options:
            return _side_by_side(old, new, found, int(self.options.value("W", "130")), "suppress" in self.options)
        if "e" in self.options:
            return "".join(_ed(new, change) for change in reversed(found))
        return "".join(_normal(old, new, change) for change in found)


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+$", text)


def _marked(sign: str, lines: list[str]) -> str:
    return "".join(f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n{_NO_NEWLINE}" for line in lines)


def _range(start: int, end: int) -> str:
    """Line numbers as ed(1) wants them."""
    return f"{start + 1},{end}" if end - start > 1 else str(end if end == start else start + 1)


def _normal(old: _Side, new: _Side, change: Change) -> str:
    gone, come = old.lines[change.start : change.end], new.lines[change.new_start : change.new_end]
    letter = "c" if gone and come else "d" if gone else "a"
    text = f"{_range(change.start, change.end)}{letter}{_range(change.new_start, change.new_end)}\n{_marked('< ', gone)}"
    return text + ("---\n" if gone and come else "") + _marked("> ", come)


def _ed(new: _Side, change: Change) -> str:
    come = new.lines[change.new_start : change.new_end]
    letter = "c" if change.end > change.start and come else "d" if change.end > change.start else "a"
    return f"{_range(change.start, change.end)}{letter}\n" + ("".join(come) + ".\n" if come else "")


def _stamp(side: _Side, label: list[str], index: int) -> str:
    if index < len(label):
        return label[index]
    return f"{side.name}\t{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(side.when))}.{int(side.when % 1 * 1e9):09d} +0000"


def _hunks(found: list[Change], context: int) -> list[list[Change]]:
    hunks: list[list[Change]] = []
    for change in found:
        if hunks and change.start - hunks[-1][-1].end <= 2 * context:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    return hunks


def _unified(old: _Side, new: _Side, found: list[Change], context: int, labels: list[str]) -> str:
    text = f"--- {_stamp(old, labels, 0)}\n+++ {_stamp(new, labels, 1)}\n"
    for hunk in _hunks(found, context):
        first, last = max(0, hunk[0].start - context), min(len(old.lines), hunk[-1].end + context)
        new_first = hunk[0].new_start - (hunk[0].start - first)
        new_last = hunk[-1].new_end + (last - hunk[-1].end)
        text += f"@@ -{_span(first, last)} +{_span(new_first, new_last)} @@\n"
        at = first
        for change in hunk:
            text += _marked(" ", old.lines[at : change.start]) + _marked("-", old.lines[change.start : change.end])
            text += _marked("+", new.lines[change.new_start : change.new_end])
            at = change.end
        text += _marked(" ", old.lines[at:last])
    return text


def _span(start: int, end: int) -> str:
    count = end - start
    return str(start + 1) if count == 1 else f"{start + 1 if count else start},{count}"


def _context(old: _Side, new: _Side, found: list[Change], context: int) -> str:
    text = f"*** {_stamp(old, [], 0)}\n--- {_stamp(new, [], 0)}\n"
    for hunk in _hunks(found, context):
        first, last = max(0, hunk[0].start - context), min(len(old.lines), hunk[-1].end + context)
        new_first = hunk[0].new_start - (hunk[0].start - first)
        new_last = hunk[-1].new_end + (last - hunk[-1].end)
        text += f"***************\n*** {_range(first, last)} ****\n"
        if any(change.end > change.start for change in hunk):
            text += _part(old.lines, first, last, [(c.start, c.end, "!" if c.new_end > c.new_start else "-") for c in hunk])
        text += f"--- {_range(new_first, new_last)} ----\n"
        if any(change.new_end > change.new_start for change in hunk):
            text += _part(new.lines, new_first, new_last, [(c.new_start, c.new_end, "!" if c.end > c.start else "+") for c in hunk])
    return text


def _part(lines: list[str], first: int, last: int, marks: list[tuple[int, int, str]]) -> str:
    text, at = "", first
    for start, end, sign in marks:
        text += _marked("  ", lines[at:start]) + _marked(f"{sign} ", lines[start:end])
        at = end
    return text + _marked("  ", lines[at:last])


def _side_by_side(old: _Side, new: _Side, found: list[Change], width: int, suppress: bool) -> str:
    half = (width - 3) // 2
    rows: list[tuple[str, str, str]] = []
    x = y = 0
    for change in [*found, Change(len(old.lines), len(old.lines), len(new.lines), len(new.lines))]:
        if not suppress:
            rows += [(line, " ", other) for line, other in zip(old.lines[x : change.start], new.lines[y : change.new_start], strict=False)]
        gone, come = old.lines[change.start : change.end], new.lines[change.new_start : change.new_end]
        for index in range(max(len(gone), len(come))):
            left, right = (gone[index] if index < len(gone) else ""), (come[index] if index < len(come) else "")
            rows.append((left, "|" if left and right else "<" if left else ">", right))
        x, y = change.end, change.new_end
    return "".join(_row(left.rstrip("\n")[:half], sign, right.rstrip("\n")[:half], half) for left, sign, right in rows)


def _row(left: str, sign: str, right: str, half: int) -> str:
    if sign == " ":
        return f"{left}{indent(len(left), half + 3 - (half + 3) % 8)}{right}\n" if right else f"{left}\n"
    text = f"{left}{indent(len(left), half + 1)}{sign}"
    return f"{text}\t{right}\n" if right else f"{text}\n"


@program("/usr/bin/diff")
def diff(p: Process) -> int:
    """diff(1)."""
    p.argv[1:] = [f"-U{word[2:]}" if re.fullmatch(r"-u\d+", word) else word for word in p.argv[1:]]
    try:
        options = getopt(p, "aBbcC:dehiL:NpqrstuU:wW:x:y", _LONG, status=2)
    except Exit:
        p.stderr[-1] = f"{p.argv[0]}: {p.stderr[-1]}"
        raise
    words = options.operands
    if len(words) < 2:
        p.err(
            f"{p.argv[0]}: missing operand after '{words[0] if words else p.argv[0]}'\n{p.argv[0]}: Try '{p.argv[0]} --help' for more information.\n"
        )
        return 2
    if len(words) > 2:
        p.err(f"{p.argv[0]}: extra operand '{words[2]}'\n{p.argv[0]}: Try '{p.argv[0]} --help' for more information.\n")
        return 2
    return _Diff(p, options).pair(words[0], words[1])
