"""What the programs of coreutils have in common: reading their operands, quoting names, naming modes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simulator.unix.fs import Stat
from simulator.unix.program import Process

#: The most that a program reads of an endless device.
DEVICE_BYTES = 1 << 20


def read_operand(p: Process, name: str) -> bytes:
    """A file operand; `-` and /dev/stdin are standard input. Raises OSError."""
    if name in ("-", "/dev/stdin", "/proc/self/fd/0", "/dev/fd/0"):
        return p.stdin.encode("utf-8", "surrogateescape")
    return read_file(p, p.path(name), DEVICE_BYTES)


def read_file(p: Process, path: str, limit: int) -> bytes:
    """A file's content, or the first `limit` bytes of an endless device. Raises OSError."""
    entry = p.fs.stat(path, p.cred)
    if entry.kind != "c":
        return p.fs.read(path, p.cred)
    if entry.target in ("zero", "full"):
        return bytes(limit)
    if entry.target in ("random", "urandom"):
        return bytes(p.host.lab.random.randbytes(limit))
    return b""


def children(p: Process, path: str) -> list[str]:
    """The names in a directory in the order of readdir(3): on a tmpfs, as the recorded hosts had it, the newest first.
    Raises OSError."""
    return p.fs.listdir(path, p.cred)[::-1]


def text(data: bytes) -> str:
    """Bytes as our texts carry them."""
    return data.decode("utf-8", "surrogateescape")


def octets(words: str) -> bytes:
    """The bytes of a text."""
    return words.encode("utf-8", "surrogateescape")


def operands(p: Process, names: list[str]) -> Iterator[tuple[str, bytes | OSError]]:
    """Each operand (standard input if there is none) with its content, or with the error of reading it."""
    for name in names or ["-"]:
        try:
            yield name, read_operand(p, name)
        except OSError as error:
            yield name, error


_PLAIN = re.compile(r"[A-Za-z0-9_./,:@%^+=~\-]+")
_NEEDS_QUOTES = re.compile(r"[\s'\"\\$`!*?\[\](){}<>|;&#]|^~|=.*\s")
_CONTROL = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\x1b": "\\033"}


def quoted(name: str) -> str:
    """A name in a message, always in quotation marks: quotearg(3)'s shell-escape-always."""
    if any(character in _CONTROL or character < " " for character in name):
        return _with_escapes(name)
    if "'" not in name:
        return f"'{name}'"
    return f'"{name}"' if not re.search(r"[\"\\$`!]", name) else "'" + name.replace("'", "'\\''") + "'"


def quoted_if_needed(name: str) -> str:
    """A name in quotation marks only where a shell needs them: shell-escape."""
    return name if _PLAIN.fullmatch(name) or (name and not _NEEDS_QUOTES.search(name) and name.isprintable()) else quoted(name)


def _with_escapes(name: str) -> str:
    parts = re.split(r"([\x00-\x1f]+)", name)
    words = []
    for part in parts:
        if part and part[0] < " ":
            words.append("$'" + "".join(_CONTROL.get(c, f"\\{ord(c):03o}") for c in part) + "'")
        else:
            words.append(f"'{part}'")
    return "".join(words)


def mode_letters(entry: Stat) -> str:
    """`-rwsr-xr-t`: the first column of `ls -l`."""
    letters = [entry.kind]
    for shift, special, sign in ((6, 0o4000, "s"), (3, 0o2000, "s"), (0, 0o1000, "t")):
        bits = entry.mode >> shift
        letters.append("r" if bits & 4 else "-")
        letters.append("w" if bits & 2 else "-")
        if entry.mode & special:
            letters.append(sign if bits & 1 else sign.upper())
        else:
            letters.append("x" if bits & 1 else "-")
    return "".join(letters)


#: The second word of file(1)-like descriptions, as stat(1) prints them.
KIND_WORDS = {
    "-": "regular file", "d": "directory", "l": "symbolic link", "p": "fifo", "s": "socket", "c": "character special file", "b": "block special file",
}  # fmt: skip


def kind_words(entry: Stat) -> str:
    """`regular empty file`, `directory` ..."""
    return "regular empty file" if entry.kind == "-" and entry.size == 0 else KIND_WORDS[entry.kind]


def blocks(entry: Stat) -> int:
    """The disk blocks of 512 bytes that a file takes, as tmpfs would: none for directories and links."""
    return -(-entry.size // 4096) * 8 if entry.kind == "-" else 0
