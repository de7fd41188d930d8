"""NAME
    cat, tac, rev, nl - write files, as they are, backwards or numbered

SYNOPSIS
    cat [-AbeEnstTuv] [FILE...]     tac [FILE...]     rev [FILE...]     nl [-b STYLE] [-w WIDTH] [-s SEP] [-v N] [FILE...]

DESCRIPTION
    cat writes files one after the other; without a file, or for -, standard input. -n numbers lines, -A shows what is not
    printable. tac writes the last line first, rev turns each line round, nl numbers those that are not empty.
"""

from __future__ import annotations

import re

from simulator.shell import files
from simulator.shell.getopt import getopt
from simulator.unix.program import Process, program

_CAT_LONG = {
    "show-all": "A", "number-nonblank": "b", "show-ends": "E", "number": "n", "squeeze-blank": "s", "show-tabs": "T", "show-nonprinting": "v",
}  # fmt: skip


def _visible(data: bytes, tabs: bool) -> bytes:
    """-v's notation: ^X for control characters, M- for bytes above 127."""
    out = bytearray()
    for byte in data:
        if byte >= 128:
            out += b"M-"
            byte -= 128
        if byte == 127:
            out += b"^?"
        elif byte >= 32 or byte == 10 or (byte == 9 and not tabs):
            out.append(byte)
        else:
            out += b"^" + bytes([byte + 64])
    return bytes(out)


class _Lines:
    """The state of cat -n, which runs on over all files."""

    def __init__(self, letters: set[str]) -> None:
        self.letters, self.number, self.blank, self.open = letters, 0, False, False

    def convert(self, data: bytes) -> bytes:
        out = []
        for line in re.findall(rb"[^\n]*\n|[^\n]+$", data):
            empty = line == b"\n" and not self.open
            if empty and self.blank and "s" in self.letters:
                continue
            self.blank = empty
            out.append(self._line(line, empty))
            self.open = not line.endswith(b"\n")
        return b"".join(out)

    def _line(self, line: bytes, empty: bool) -> bytes:
        end = b"\n" if line.endswith(b"\n") else b""
        body = line.removesuffix(b"\n")
        if "v" in self.letters:
            body = _visible(body, False)
        if "T" in self.letters:
            body = body.replace(b"\t", b"^I")
        if "E" in self.letters and end:
            end = b"$\n"
        numbered = not self.open and (("b" in self.letters and not empty) or ("n" in self.letters and "b" not in self.letters))
        if numbered:
            self.number += 1
            body = b"%6d\t" % self.number + body
        return body + end


@program("/usr/bin/cat")
def cat(p: Process) -> int:
    """cat(1)."""
    options = getopt(p, "AbeEnstTuv", _CAT_LONG)
    letters = {letter for name, _ in options.found for letter in {"A": "vET", "e": "vE", "t": "vT"}.get(name, name)}
    lines = _Lines(letters) if letters - {"u"} else None
    status = 0
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {data.strerror}\n")
            status = 1
        else:
            p.out(files.text(lines.convert(data) if lines else data))
    return status


@program("/usr/bin/tac")
def tac(p: Process) -> int:
    """tac(1)."""
    options = getopt(p, "brs:", {"separator=": "s", "before": "b", "regex": "r"})
    separator = files.octets(options.value("s", "\n"))
    status = 0
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: failed to open {files.quoted(name)} for reading: {data.strerror}\n")
            status = 1
            continue
        parts = data.split(separator)
        last = parts.pop()
        p.out(files.text(last + b"".join(part + separator for part in reversed(parts))))
    return status


@program("/usr/bin/rev")
def rev(p: Process) -> int:
    """rev(1)."""
    options = getopt(p, "0", {"zero": "0"})
    status = 0
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: cannot open {name}: {data.strerror}\n")
            status = 1
        else:
            p.out("".join(line.rstrip("\n")[::-1] + ("\n" if line.endswith("\n") else "") for line in files.text(data).splitlines(keepends=True)))
    return status


@program("/usr/bin/nl")
def nl(p: Process) -> int:
    """nl(1)."""
    names = {"body-numbering=": "b", "number-width=": "w", "number-separator=": "s", "starting-line-number=": "v", "line-increment=": "i",
             "number-format=": "n", "header-numbering=": "h", "footer-numbering=": "f"}  # fmt: skip
    options = getopt(p, "b:d:f:h:i:l:n:ps:v:w:", names)
    style, width, separator = options.value("b", "t"), int(options.value("w", "6")), options.value("s", "\t")
    number, step, form = int(options.value("v", "1")), int(options.value("i", "1")), options.value("n", "rn")
    status = 0
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {data.strerror}\n")
            status = 1
            continue
        for line in files.text(data).splitlines():
            if style == "a" or (style == "t" and line) or (style[:1] == "p" and re.search(style[1:], line)):
                shown = f"{number:<{width}}" if form == "ln" else f"{number:0{width}}" if form == "rz" else f"{number:>{width}}"
                p.out(f"{shown}{separator}{line}\n")
                number += step
            else:
                p.out(" " * (width + len(separator)) + f"{line}\n")
    return status
