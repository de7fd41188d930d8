"""NAME
    gzip, gunzip, zcat, zgrep - compress files and read compressed ones

SYNOPSIS
    gzip [-cdfklNqrtv1..9] [FILE...]     zcat [FILE...]     zgrep PATTERN [FILE...]

DESCRIPTION
    gzip replaces a file by its compressed form FILE.gz, gunzip the other way; zcat writes the
    content to stdout.
"""

from __future__ import annotations

import gzip as codec
import posixpath
import re
import zlib

from simulator.shell import files
from simulator.shell.getopt import Options, getopt
from simulator.unix.program import Process, program

_LONG = {"stdout": "c", "to-stdout": "c", "decompress": "d", "uncompress": "d", "force": "f", "keep": "k", "list": "l", "quiet": "q",
    "recursive": "r",
         "test": "t", "verbose": "v", "fast": "1", "best": "9", "no-name": "n", "name": "N", "suffix=": "S"}  # fmt: skip


def compress(data: bytes, when: float) -> bytes:
    """The gzip form of data (RFC 1952), the same each time."""
    return codec.compress(data, mtime=int(when))


@program("/usr/bin/gzip", "/usr/bin/gunzip", "/usr/bin/zcat", "/usr/bin/uncompress")
def gzip(p: Process) -> int:
    """gzip(1)."""
    options = getopt(p, "cdfklnNqrS:tv123456789", _LONG)
    unpack = "d" in options or p.name in ("gunzip", "zcat", "uncompress") or "t" in options
    to_stdout = "c" in options or p.name == "zcat" or not options.operands or options.operands == ["-"]
    if to_stdout and not options.operands and not p.stdin and p.tty:
        p.err("gzip: compressed data not written to a terminal. Use -f to force compression.\nFor help, type: gzip -h\n")
        return 1
    status = 0
    for name in options.operands or ["-"]:
        status = max(status, _one(p, name, options, unpack, to_stdout))
    return status


def _one(p: Process, name: str, options: Options, unpack: bool, to_stdout: bool) -> int:
    shown = "gzip" if p.name in ("gunzip", "zcat") else p.name
    source = name
    if unpack and name != "-" and not p.fs.exists(posixpath.join(p.cwd, name), p.cred) and p.fs.exists(posixpath.join(p.cwd, f"{name}.gz"), p.cred):
        source = f"{name}.gz"
    try:
        data = files.read_operand(p, source)
    except IsADirectoryError:
        p.err(f"{shown}: {name} is a directory -- ignored\n")
        return 2
    except OSError as error:
        p.err(f"{shown}: {name + '.gz' if unpack and not name.endswith('.gz') else name}: {error.strerror}\n")
        return 1
    if unpack and source != "-" and not source.endswith((".gz", ".z", ".tgz")) and not to_stdout:
        p.err(f"{shown}: {name}: unknown suffix -- ignored\n")
        return 2
    if not unpack and name.endswith(".gz"):
        p.err(f"{shown}: {name} already has .gz suffix -- unchanged\n")
        return 2
    try:
        made = codec.decompress(data) if unpack else compress(data, p.clock.now)
    except (OSError, EOFError, zlib.error):
        p.err(f"\n{shown}: {'stdin' if source == '-' else source}: not in gzip format\n")
        return 1
    if "t" in options:
        return 0
    if to_stdout:
        p.out(files.text(made))
        return 0
    return _replace(p, source, made, unpack, "k" in options, shown)


def _replace(p: Process, source: str, made: bytes, unpack: bool, keep: bool, shown: str) -> int:
    target = re.sub(r"\.(gz|z)$", "", re.sub(r"\.tgz$", ".tar", source)) if unpack else f"{source}.gz"
    path, goal = posixpath.join(p.cwd, source), posixpath.join(p.cwd, target)
    try:
        entry = p.fs.stat(path, p.cred)
        p.fs.write(goal, made, p.cred)
        p.fs.chmod(goal, entry.mode, p.cred)
        p.fs.utime(goal, entry.atime, entry.mtime, p.cred)
        if not keep:
            p.fs.unlink(path, p.cred)
    except OSError as error:
        p.err(f"{shown}: {target}: {error.strerror}\n")
        return 1
    return 0


@program("/usr/bin/zgrep", "/usr/bin/zless", "/usr/bin/zmore")
def zgrep(p: Process) -> int:
    """zgrep(1): grep in compressed files."""
    words = p.argv[1:]
    names = [word for word in words if p.fs.exists(posixpath.join(p.cwd, word), p.cred) and word not in words[:1]]
    text = ""
    for name in names if p.name == "zgrep" else words:
        try:
            data = p.read(name)
        except OSError as error:
            p.err(f"gzip: {name}: {error.strerror}\n")
            return 2
        text += files.text(codec.decompress(data) if data.startswith(b"\x1f\x8b") else data)
    if p.name != "zgrep":
        p.out(text)
        return 0
    return p.relay(p.run(["grep", *[word for word in words if word not in names]], text if names else p.stdin))
