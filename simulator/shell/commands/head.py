"""NAME
    head, tail - the first or the last part of files

SYNOPSIS
    head [-n [-]N | -c [-]N | -N] [-qvz] [FILE...]
    tail [-n [+]N | -c [+]N | -N] [-fFqvz] [-s SECONDS] [FILE...]

DESCRIPTION
    Ten lines unless -n or -c says otherwise. `head -n -3` leaves out the last three, `tail -n +3` begins with the third. With
    several files each has a heading. tail -f waits for more, while virtual time passes.

DIFFERS FROM DEBIAN
    tail -f ends after ten virtual minutes, or at Ctrl-C.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from simulator.shell import files
from simulator.shell.getopt import Options, getopt, quote
from simulator.unix.program import Exit, Process, program

_LONG = {
    "bytes=": "c", "lines=": "n", "quiet": "q", "silent": "q", "verbose": "v", "zero-terminated": "z", "follow=?": "f", "retry": "retry",
    "sleep-interval=": "s", "pid=": "pid", "max-unchanged-stats=": "max",
}  # fmt: skip
_UNITS = {"": 1, "b": 512, "K": 1 << 10, "k": 1 << 10, "M": 1 << 20, "m": 1 << 20, "G": 1 << 30, "kB": 1000, "MB": 10**6, "GB": 10**9}
#: How long tail -f follows, and how often it looks, in virtual seconds.
FOLLOW_SECONDS, FOLLOW_STEP = 600.0, 1.0


def _count(p: Process, text: str, what: str) -> tuple[str, int]:
    """A number with its sign and unit."""
    match = re.fullmatch(r"([-+]?)(\d+)([a-zA-Z]*)", text)
    if match is None or match[3] not in _UNITS:
        p.err(f"{p.argv[0]}: invalid number of {what}: {quote(p, text)}\n")
        raise Exit(1)
    return match[1], int(match[2]) * _UNITS[match[3]]


def _old_style(p: Process) -> None:
    """`-5`, `-5c`, `+3`: the traditional form of the first argument."""
    if len(p.argv) > 1 and re.fullmatch(r"-\d+[clqv]*", p.argv[1]):
        digits = re.sub(r"\D", "", p.argv[1])
        letters = re.sub(r"[-\d]", "", p.argv[1])
        more = [f"-{letter}" for letter in letters if letter in "qv"]
        p.argv[1:2] = ["-c" if "c" in letters else "-n", digits, *more]


def _parts(data: bytes, separator: bytes) -> list[bytes]:
    parts = data.split(separator)
    last = parts.pop()
    return [part + separator for part in parts] + ([last] if last else [])


def _head_part(data: bytes, unit: str, sign: str, count: int, separator: bytes) -> bytes:
    if unit == "c":
        return data[: max(0, len(data) - count)] if sign == "-" else data[:count]
    parts = _parts(data, separator)
    return b"".join(parts[: max(0, len(parts) - count)] if sign == "-" else parts[:count])


def _tail_part(data: bytes, unit: str, sign: str, count: int, separator: bytes) -> bytes:
    if unit == "c":
        return data[max(0, count - 1) :] if sign == "+" else data[max(0, len(data) - count) :]
    parts = _parts(data, separator)
    return b"".join(parts[max(0, count - 1) :] if sign == "+" else parts[max(0, len(parts) - count) :])


Part = Callable[[bytes, str, str, int, bytes], bytes]


def _content(p: Process, name: str, unit: str, count: int) -> bytes:
    """A file's content; of an endless device as much as was asked for."""
    if name == "-" or unit != "c":
        return files.read_operand(p, name)
    return files.read_file(p, posixpath.join(p.cwd, name), min(count, 1 << 24))


def _each(p: Process, options: Options, part: Part, unit: str, sign: str, count: int) -> int:
    names = options.operands or ["-"]
    headed = ("v" in options or len(names) > 1) and options.last("qv") != "q"
    separator = b"\0" if "z" in options else b"\n"
    status, first = 0, True
    for name in names:
        try:
            data = _content(p, name, unit, count)
        except IsADirectoryError as error:
            if headed:
                p.out(f"{'' if first else chr(10)}==> {name} <==\n")
                first = False
            p.err(f"{p.argv[0]}: error reading {files.quoted(name)}: {error.strerror}\n")
            status = 1
            continue
        except OSError as error:
            p.err(f"{p.argv[0]}: cannot open {files.quoted(name)} for reading: {error.strerror}\n")
            status = 1
            continue
        if headed:
            p.out(f"{'' if first else chr(10)}==> {'standard input' if name == '-' else name} <==\n")
            first = False
        p.out(files.text(part(data, unit, sign, count, separator)))
    return status


@program("/usr/bin/head")
def head(p: Process) -> int:
    """head(1)."""
    _old_style(p)
    options = getopt(p, "c:n:qvz", _LONG)
    unit = options.last("cn", "n")
    sign, count = _count(p, options.value(unit, "10"), "bytes" if unit == "c" else "lines")
    return _each(p, options, _head_part, unit, sign, count)


@program("/usr/bin/tail")
def tail(p: Process) -> int:
    """tail(1)."""
    _old_style(p)
    if len(p.argv) > 1 and re.fullmatch(r"\+\d+", p.argv[1]) and len(p.argv) <= 3:
        p.argv[1:2] = ["-n", p.argv[1]]
    options = getopt(p, "c:fFn:qs:vz", _LONG)
    unit = options.last("cn", "n")
    sign, count = _count(p, options.value(unit, "10"), "bytes" if unit == "c" else "lines")
    status = _each(p, options, _tail_part, unit, sign, count)
    if ("f" in options or "F" in options) and options.operands:
        return _follow(p, options, status)
    return status


def _follow(p: Process, options: Options, status: int) -> int:
    """Write what is added to the files while time passes."""
    by_name = "F" in options or options.value("f") == "name" or "retry" in options
    sizes = {name: _size(p, name) for name in options.operands}
    watched = [name for name, size in sizes.items() if size >= 0 or by_name]
    if not watched:
        p.err(f"{p.argv[0]}: no files remaining\n")
        return 1
    shown, end = watched[-1], p.clock.now + FOLLOW_SECONDS
    while p.clock.now < end:
        p.sleep(FOLLOW_STEP)
        for name in watched:
            shown = _news(p, name, sizes, shown, len(watched) > 1)
    return status


def _size(p: Process, name: str) -> int:
    try:
        return p.fs.stat(posixpath.join(p.cwd, name), p.cred).size
    except OSError:
        return -1


def _news(p: Process, name: str, sizes: dict[str, int], shown: str, headed: bool) -> str:
    size, old = _size(p, name), max(0, sizes[name])
    if size == sizes[name]:
        return shown
    if 0 <= size < old:
        p.err(f"{p.argv[0]}: {name}: file truncated\n")
        old = 0
    sizes[name] = size
    if size > old:
        if headed and shown != name:
            p.out(f"\n==> {name} <==\n")
        p.out(files.text(p.fs.read(posixpath.join(p.cwd, name), p.cred)[old:]))
        return name
    return shown
