"""NAME
    basename, dirname, pathchk, mktemp, tempfile, truncate - names of files, and files of given names or sizes

SYNOPSIS
    basename NAME [SUFFIX]     basename -a [-s SUFFIX] NAME...     dirname NAME...
    mktemp [-dqtu] [-p DIR] [--suffix=SUFFIX] [TEMPLATE]           truncate -s [+-<>/%]SIZE FILE...

DESCRIPTION
    mktemp makes a new file, or with -d a directory, that only its owner may read; its name is drawn by the lab's chance.
"""

from __future__ import annotations

import posixpath
import re

from simulator.shell import files
from simulator.shell.getopt import getopt, quote, usage
from simulator.unix.program import Process, program

_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@program("/usr/bin/basename")
def basename(p: Process) -> int:
    """basename(1)."""
    options = getopt(p, "as:z", {"multiple": "a", "suffix=": "s", "zero": "z"}, permute=False)
    words = list(options.operands)
    if not words:
        raise usage(p, "missing operand")
    suffix = options.value("s")
    if "a" not in options and "s" not in options:
        if len(words) > 2:
            raise usage(p, f"extra operand {quote(p, words[2])}")
        suffix = words.pop() if len(words) == 2 else ""
    for word in words:
        base = posixpath.basename(word.rstrip("/")) or ("/" if word else "")
        p.out((base.removesuffix(suffix) if base != suffix else base) + ("\0" if "z" in options else "\n"))
    return 0


@program("/usr/bin/dirname")
def dirname(p: Process) -> int:
    """dirname(1)."""
    options = getopt(p, "z", {"zero": "z"})
    if not options.operands:
        raise usage(p, "missing operand")
    for word in options.operands:
        stem = word.rstrip("/")
        above = posixpath.dirname(stem).rstrip("/") if stem else "/"
        p.out((above or ("/" if stem.startswith("/") else ".")) + ("\0" if "z" in options else "\n"))
    return 0


@program("/usr/bin/mktemp", "/usr/bin/tempfile")
def mktemp(p: Process) -> int:
    """mktemp(1)."""
    options = getopt(p, "dqtup:", {"directory": "d", "dry-run": "u", "quiet": "q", "suffix=": "suffix", "tmpdir=?": "p"})
    template = options.operands[0] if options.operands else "tmp.XXXXXXXXXX"
    directory = options.value("p")
    if not options.operands or "t" in options or "p" in options:
        directory = directory or p.env.get("TMPDIR") or "/tmp"
        template = posixpath.join(directory, template)
    match = re.fullmatch(r"(.*?)(X{3,})([^X/]*)", template, re.S)
    if match is None:
        p.err(f"{p.argv[0]}: too few X's in template {quote(p, template)}\n")
        return 1
    drawn = "".join(p.host.lab.random.choice(_ALPHABET) for _ in match[2])
    name = match[1] + drawn + match[3] + options.value("suffix")
    path = posixpath.join(p.cwd, name)
    try:
        if "u" not in options:
            if "d" in options:
                p.fs.mkdir(path, p.cred, 0o700)
            else:
                p.fs.write(path, b"", p.cred, 0o600, exclusive=True)
    except OSError as error:
        if "q" not in options:
            what = "directory" if "d" in options else "file"
            p.err(f"{p.argv[0]}: failed to create {what} via template {quote(p, template)}: {error.strerror}\n")
        return 1
    p.out(name + "\n")
    return 0


_SUFFIXES = {
    "": 1,
    "K": 1 << 10,
    "M": 1 << 20,
    "G": 1 << 30,
    "kB": 1000,
    "KB": 1000,
    "MB": 10**6,
    "GB": 10**9,
    "k": 1 << 10,
    "b": 512,
    "KiB": 1 << 10,
}


def size(text: str) -> int | None:
    """A number of bytes with a unit: `10K`, `1MB`; None if it is none."""
    match = re.fullmatch(r"(\d+)([A-Za-z]*)", text)
    return int(match[1]) * _SUFFIXES[match[2]] if match and match[2] in _SUFFIXES else None


@program("/usr/bin/truncate")
def truncate(p: Process) -> int:
    """truncate(1)."""
    options = getopt(p, "cos:r:", {"no-create": "c", "size=": "s", "reference=": "r", "io-blocks": "o"})
    if "s" not in options and "r" not in options:
        raise usage(p, "you must specify either ‘--size’ or ‘--reference’")
    if not options.operands:
        raise usage(p, "missing file operand")
    word = options.value("s", "0").strip()
    sign = word[0] if word[:1] in "+-<>/%" and word else ""
    number = size(word[len(sign) :])
    if number is None:
        p.err(f"{p.argv[0]}: Invalid number: {quote(p, word)}\n")
        return 1
    return max([_resize(p, name, sign, number, "c" in options, options.value("r")) for name in options.operands])


def _resize(p: Process, name: str, sign: str, number: int, no_create: bool, reference: str) -> int:
    path = posixpath.join(p.cwd, name)
    try:
        if not p.fs.exists(path, p.cred):
            if no_create:
                return 0
            p.fs.write(path, b"", p.cred)
        if reference:
            number = p.fs.stat(posixpath.join(p.cwd, reference), p.cred).size
        old = p.fs.stat(path, p.cred).size
        wanted = {"": number, "+": old + number, "-": max(0, old - number), "<": min(old, number), ">": max(old, number)}.get(sign, number)
        p.fs.truncate(path, wanted, p.cred)
    except OSError as error:
        p.err(f"{p.argv[0]}: cannot open {files.quoted(name)} for writing: {error.strerror}\n")
        return 1
    return 0
