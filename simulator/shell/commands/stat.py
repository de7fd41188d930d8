"""NAME
    stat - display file or file system status

SYNOPSIS
    stat [-L] [-t] [-f] [-c FORMAT | --format FORMAT | --printf FORMAT] FILE...

DESCRIPTION
    Show what the system knows of a file. In FORMAT %a is the mode in octal, %A in letters, %U and %G the owner's and the
    group's names, %u and %g their numbers, %s the size, %n the name, %N the name with the target of a link, %F the kind,
    %i the inode, %h the number of links, %y, %x, %z the times of change, access and status change, %Y, %X, %Z the same in
    seconds since 1970. --printf interprets backslashes and adds no newline.

DIFFERS FROM DEBIAN
    The birth time is the time of status change. Device numbers are invented.
"""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Callable

from simulator.shell import files
from simulator.shell.escapes import interpret
from simulator.shell.getopt import getopt, usage
from simulator.unix.fs import CAPACITY_BYTES, Stat
from simulator.unix.program import Process, program

_LONG = {"dereference": "L", "file-system": "f", "format=": "c", "printf=": "printf", "terse": "t", "cached=": "cached"}
_DEVICE = 0x2E
_TYPES = {"-": 0o100000, "d": 0o040000, "l": 0o120000, "p": 0o010000, "s": 0o140000, "c": 0o020000, "b": 0o060000}
_TERSE = "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o"


def timestamp(when: float) -> str:
    """`2026-11-24 13:24:49.123456789 +0000`."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(when)) + f".{int(when % 1 * 1e9):09d} +0000"


Directive = Callable[[Process, str, Stat], str]
_DIRECTIVES: dict[str, Directive] = {
    "a": lambda p, n, s: f"{s.mode:o}", "A": lambda p, n, s: files.mode_letters(s), "b": lambda p, n, s: str(files.blocks(s)),
    "B": lambda p, n, s: "512", "C": lambda p, n, s: "?", "d": lambda p, n, s: str(_DEVICE), "D": lambda p, n, s: f"{_DEVICE:x}",
    "f": lambda p, n, s: f"{_TYPES[s.kind] | s.mode:x}", "F": lambda p, n, s: files.kind_words(s), "g": lambda p, n, s: str(s.gid),
    "G": lambda p, n, s: _known(p.host.users.group_name(s.gid)), "h": lambda p, n, s: str(s.nlink), "i": lambda p, n, s: str(s.ino),
    "m": lambda p, n, s: "/", "n": lambda p, n, s: n, "N": lambda p, n, s: _linked(n, s), "o": lambda p, n, s: "4096",
    "r": lambda p, n, s: "0", "s": lambda p, n, s: str(s.size), "t": lambda p, n, s: "0", "T": lambda p, n, s: "0",
    "u": lambda p, n, s: str(s.uid), "U": lambda p, n, s: _known(p.host.users.user_name(s.uid)), "w": lambda p, n, s: timestamp(s.ctime),
    "W": lambda p, n, s: str(int(s.ctime)), "x": lambda p, n, s: timestamp(s.atime), "X": lambda p, n, s: str(int(s.atime)),
    "y": lambda p, n, s: timestamp(s.mtime), "Y": lambda p, n, s: str(int(s.mtime)), "z": lambda p, n, s: timestamp(s.ctime),
    "Z": lambda p, n, s: str(int(s.ctime)), "%": lambda p, n, s: "%",
}  # fmt: skip
_FORMAT = re.compile(r"%([-+#0 ]*)(\d*)(?:\.(\d+))?([HL]?)(.)", re.S)


def _known(name: str) -> str:
    return "UNKNOWN" if name.isdigit() else name


def _linked(name: str, entry: Stat) -> str:
    return f"{files.quoted(name)} -> {files.quoted(entry.target)}" if entry.is_link else files.quoted(name)


def expand(p: Process, text: str, name: str, entry: Stat) -> str:
    """A format with its directives filled in. Unknown ones become `?`."""

    def value(match: re.Match[str]) -> str:
        flags, width, precision, _, letter = match.groups()
        made = _DIRECTIVES[letter](p, name, entry) if letter in _DIRECTIVES else "?"
        if letter in "XYZW" and precision is not None:
            digits = int(precision or 9)
            moment = {"X": entry.atime, "Y": entry.mtime}.get(letter, entry.ctime)
            made = f"{int(moment)}.{f'{int(moment % 1 * 1e9):09d}'[:digits]}"
        if "#" in flags and letter == "a":
            made = f"0{made}"
        if width:
            made = made.ljust(int(width)) if "-" in flags else made.rjust(int(width), "0" if "0" in flags else " ")
        return made

    return _FORMAT.sub(value, text)


def _default(p: Process, name: str, entry: Stat) -> str:
    users = p.host.users
    kind = files.kind_words(entry)
    shown = f"{name} -> {entry.target}" if entry.is_link else name
    device = f"{_DEVICE >> 8},{_DEVICE & 0xFF}"
    device_type = "     Device type: 1,3" if entry.kind == "c" else ""
    numbers = f"Device: {device}\tInode: {entry.ino:<11} Links: {entry.nlink:<5}{device_type}".rstrip(" ")
    return (
        f"  File: {shown}\n"
        f"  Size: {entry.size:<10}\tBlocks: {files.blocks(entry):<10} IO Block: {4096:<6} {kind}\n"
        f"{numbers}\n"
        f"Access: ({entry.mode:04o}/{files.mode_letters(entry)})  Uid: ({entry.uid:5}/{_known(users.user_name(entry.uid)):>8})"
        f"   Gid: ({entry.gid:5}/{_known(users.group_name(entry.gid)):>8})\n"
        f"Access: {timestamp(entry.atime)}\nModify: {timestamp(entry.mtime)}\nChange: {timestamp(entry.ctime)}\n Birth: {timestamp(entry.ctime)}\n"
    )


def _file_system(p: Process, name: str) -> str:
    total, free = CAPACITY_BYTES // 4096, (CAPACITY_BYTES - p.fs.used) // 4096
    return (
        f'  File: "{name}"\n    ID: 0        Namelen: 255     Type: ext2/ext3\nBlock size: 4096       Fundamental block size: 4096\n'
        f"Blocks: Total: {total:<10} Free: {free:<10} Available: {free}\nInodes: Total: 200000     Free: 190000\n"
    )


@program("/usr/bin/stat")
def stat(p: Process) -> int:
    """stat(1)."""
    options = getopt(p, "Lfc:t", _LONG)
    if not options.operands:
        raise usage(p, "missing operand")
    status = 0
    for name in options.operands:
        try:
            entry = p.fs.stat(posixpath.join(p.cwd, name), p.cred, follow="L" in options)
        except OSError as error:
            p.err(f"{p.argv[0]}: cannot statx {files.quoted(name)}: {error.strerror}\n")
            status = 1
            continue
        if "printf" in options:
            p.out(expand(p, interpret(options.value("printf")), name, entry))
        elif "c" in options:
            p.out(expand(p, options.value("c"), name, entry) + "\n")
        elif "f" in options:
            p.out(_file_system(p, name))
        else:
            p.out(f"{expand(p, _TERSE, name, entry)}\n" if "t" in options else _default(p, name, entry))
    return status
