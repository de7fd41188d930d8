"""NAME
    cut - print selected parts of lines

SYNOPSIS
    cut -f LIST [-d DELIM] [-s] [--output-delimiter=STRING] [FILE...]     cut -c LIST [FILE...]     cut -b LIST [FILE...]

DESCRIPTION
    LIST is made of N, N-, N-M and -M, with commas. Fields are separated by tabs unless -d names another character; lines
    without it are printed whole, unless -s is given. As in coreutils, -c counts bytes.
"""

from __future__ import annotations

import re

from simulator.shell import files
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.program import Process, program

_LONG = {"bytes=": "b", "characters=": "c", "delimiter=": "d", "fields=": "f", "only-delimited": "s", "complement": "C", "output-delimiter=": "o",
         "zero-terminated": "z"}  # fmt: skip
Ranges = list[tuple[int, int]]
_END = 1 << 40


def _ranges(p: Process, text: str, fields: bool) -> Ranges:
    found: Ranges = []
    for part in re.split(r"[, ]", text):
        match = re.fullmatch(r"(\d*)(-?)(\d*)", part)
        if match is None or part in ("", "-"):
            if part == "-":
                raise usage(p, "invalid range with no endpoint: -")
            what = "invalid field value" if fields else "invalid byte/character position"
            raise usage(p, f"{what} {quote(p, part)}")
        low = int(match[1] or 1)
        high = int(match[3]) if match[3] else (_END if match[2] else low)
        if low == 0 or (match[3] and high == 0):
            raise usage(p, "fields are numbered from 1" if fields else "byte/character positions are numbered from 1")
        if high < low:
            raise usage(p, "invalid decreasing range")
        found.append((low, high))
    return found


def _merged(ranges: Ranges) -> Ranges:
    out: Ranges = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return out


def _complement(ranges: Ranges) -> Ranges:
    out, at = [], 1
    for low, high in _merged(ranges):
        if low > at:
            out.append((at, low - 1))
        at = high + 1
    return [*out, (at, _END)] if at < _END else out


def _separator(p: Process, options: Options) -> bytes:
    delimiter = options.value("d", "\t")
    if len(files.octets(delimiter)) > 1:
        raise usage(p, "the delimiter must be a single character")
    return files.octets(delimiter) or b"\0"


@program("/usr/bin/cut")
def cut(p: Process) -> int:
    """cut(1)."""
    options = getopt(p, "b:c:d:f:nsz", _LONG)
    modes = [name for name, _ in options.found if name in "bcf"]
    if not modes:
        raise usage(p, "you must specify a list of bytes, characters, or fields")
    if len(modes) > 1:
        raise usage(p, "only one list may be specified")
    fields = modes[0] == "f"
    if not fields and "d" in options:
        raise usage(p, "an input delimiter may be specified only when operating on fields")
    if not fields and "s" in options:
        raise usage(p, "suppressing non-delimited lines makes sense\n\tonly when operating on fields")
    separator = _separator(p, options)
    ranges = _ranges(p, options.value(modes[0]), fields)
    ranges = _complement(ranges) if "C" in options else _merged(ranges)
    glue = files.octets(options.value("o")) if "o" in options else separator if fields else b""
    end = b"\0" if "z" in options else b"\n"
    status = 0
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {data.strerror}\n")
            status = 1
            continue
        lines = data.split(end)
        if lines[-1] == b"":
            lines.pop()
        cut_lines = [_fields(line, ranges, separator, glue, "s" in options) if fields else _bytes(line, ranges, glue) for line in lines]
        p.out(files.text(b"".join(line + end for line in cut_lines if line is not None)))
    return status


def _bytes(line: bytes, ranges: Ranges, glue: bytes) -> bytes:
    return glue.join(line[low - 1 : high] for low, high in ranges if low <= len(line))


def _fields(line: bytes, ranges: Ranges, separator: bytes, glue: bytes, only_delimited: bool) -> bytes | None:
    if separator not in line:
        return None if only_delimited else line
    fields = line.split(separator)
    return glue.join(field for low, high in ranges for field in fields[low - 1 : high])
