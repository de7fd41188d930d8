"""NAME
    tee, yes, seq, fold, fmt, expand, unexpand, paste, uniq, shuf, tsort - pass text on, make it, shape it

SYNOPSIS
    tee [-a] [FILE...]     yes [STRING...]     seq [-w] [-s SEP] [-f FORMAT] [FIRST [STEP]] LAST
    fold [-bs] [-w WIDTH] [FILE...]     expand [-t N] [FILE...]     paste [-s] [-d LIST] [FILE...]
    uniq [-cdiu] [-f N] [-s N] [-w N] [INPUT [OUTPUT]]     shuf [-n N] [-e ARG...] [FILE]

DESCRIPTION
    tee copies standard input to files and to standard output. yes repeats a line. seq counts. fold breaks long lines. paste
    joins lines of files. uniq leaves one of several equal lines that follow each other. shuf mixes lines by the lab's chance.

DIFFERS FROM DEBIAN
    yes ends after a million bytes.
"""

from __future__ import annotations

import posixpath
import re
from decimal import Decimal, InvalidOperation

from simulator.shell import files
from simulator.shell.escapes import interpret
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.program import Exit, Process, program

_YES_BYTES = 1 << 20
_SEQ_LINES = 1_000_000


@program("/usr/bin/tee")
def tee(p: Process) -> int:
    """tee(1)."""
    options = getopt(p, "aip", {"append": "a", "ignore-interrupts": "i", "output-error=?": "p"})
    data, status = files.octets(p.stdin), 0
    for name in options.operands:
        path = posixpath.join(p.cwd, name)
        try:
            (p.fs.append if "a" in options else p.fs.write)(path, data, p.cred)
        except OSError as error:
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {error.strerror}\n")
            status = 1
    p.out(p.stdin)
    return status


@program("/usr/bin/yes")
def yes(p: Process) -> int:
    """yes(1)."""
    line = (" ".join(p.argv[1:]) or "y") + "\n"
    p.out(line * max(1, _YES_BYTES // len(line)))
    return 128 + 13  # whoever reads has had enough: SIGPIPE


def _number(p: Process, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise usage(p, f"invalid floating point argument: {quote(p, text)}") from None
    if not value.is_finite():
        raise usage(p, f"invalid {'not-a-number' if value.is_nan() else 'floating point'} argument: {quote(p, text)}")
    return value


@program("/usr/bin/seq")
def seq(p: Process) -> int:
    """seq(1)."""
    p.argv[1:] = [f"\0{word}" if re.fullmatch(r"-[\d.].*", word) else word for word in p.argv[1:]]
    options = getopt(p, "f:s:w", {"format=": "f", "separator=": "s", "equal-width": "w"}, permute=False)
    words = [word.lstrip("\0") for word in options.operands]
    if not words:
        raise usage(p, "missing operand")
    if len(words) > 3:
        raise usage(p, f"extra operand {quote(p, words[3])}")
    numbers = [_number(p, word) for word in words]
    first, step, last = {1: (Decimal(1), Decimal(1), numbers[0]), 2: (numbers[0], Decimal(1), numbers[-1])}.get(
        len(numbers), (*numbers, Decimal(0))[:3]
    )
    if step == 0:
        raise usage(p, f"invalid Zero increment value: {quote(p, words[1])}")
    texts = _sequence(first, step, last, options, words)
    if texts:
        p.out(options.value("s", "\n").join(texts) + "\n")
    return 0


def _sequence(first: Decimal, step: Decimal, last: Decimal, options: Options, words: list[str]) -> list[str]:
    places = max((len(word.split(".")[1]) if "." in word else 0) for word in (words[:-1] or ["1"]))
    form = options.value("f")
    texts: list[str] = []
    value = first
    while (value <= last if step > 0 else value >= last) and len(texts) < _SEQ_LINES:
        texts.append((form % float(value)) if form else f"{value:.{places}f}")
        value += step
    if "w" in options and texts:
        width = max(len(texts[0]), len(f"{last:.{places}f}"), len(texts[-1]))
        texts = [text.zfill(width) for text in texts]
    return texts


@program("/usr/bin/fold")
def fold(p: Process) -> int:
    """fold(1)."""
    p.argv[1:] = [f"-w{word[1:]}" if re.fullmatch(r"-\d+", word) else word for word in p.argv[1:]]
    options = getopt(p, "bsw:", {"bytes": "b", "spaces": "s", "width=": "w"})
    text = options.value("w", "80")
    if not text.isdigit() or not int(text):
        p.err(f"{p.argv[0]}: invalid number of columns: {quote(p, text)}\n")
        return 1
    status = 0
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {data.strerror}\n")
            status = 1
            continue
        lines = data.split(b"\n")
        end = lines.pop()
        p.out(files.text(b"".join(_folded(line, int(text), "s" in options) + b"\n" for line in lines) + _folded(end, int(text), "s" in options)))
    return status


def _folded(line: bytes, width: int, spaces: bool) -> bytes:
    parts = []
    while len(line) > width:
        cut = line.rfind(b" ", 0, width) + 1 if spaces else 0
        cut = cut or width
        parts.append(line[:cut])
        line = line[cut:]
    return b"\n".join([*parts, line])


@program("/usr/bin/expand", "/usr/bin/unexpand")
def expand(p: Process) -> int:
    """expand(1), unexpand(1)."""
    p.argv[1:] = [f"-t{word[1:]}" if re.fullmatch(r"-\d+", word) else word for word in p.argv[1:]]
    options = getopt(p, "ait:", {"initial": "i", "tabs=": "t", "all": "a", "first-only": "f"})
    size = int(options.value("t", "8").split(",")[0] or 8)
    status = 0
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {data.strerror}\n")
            status = 1
        elif p.name == "expand":
            p.out(files.text(data).expandtabs(size))
        else:
            p.out(re.sub(r"^ +", lambda match: "\t" * (len(match[0]) // size) + " " * (len(match[0]) % size), files.text(data), flags=re.M))
    return status


@program("/usr/bin/paste")
def paste(p: Process) -> int:
    """paste(1)."""
    options = getopt(p, "d:sz", {"delimiters=": "d", "serial": "s", "zero-terminated": "z"})
    glue = list(interpret(options.value("d", "\t")).replace("\\0", "\0")) or [""]
    columns: list[list[str]] = []
    stdin = files.text(files.octets(p.stdin)).splitlines()
    dashes = sum(name == "-" for name in options.operands or ["-"])
    for index, (name, data) in enumerate(files.operands(p, options.operands)):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {data.strerror}\n")
            return 1
        columns.append(stdin[index % dashes :: dashes] if name == "-" and dashes > 1 else files.text(data).splitlines())
    rows = (
        columns
        if "s" in options
        else [[column[at] if at < len(column) else "" for column in columns] for at in range(max(map(len, columns), default=0))]
    )
    for row in rows:
        p.out("".join(word + (glue[at % len(glue)].replace("\0", "") if at < len(row) - 1 else "\n") for at, word in enumerate(row)) if row else "\n")
    return 0


@program("/usr/bin/uniq")
def uniq(p: Process) -> int:
    """uniq(1)."""
    names = {"count": "c", "repeated": "d", "all-repeated=?": "D", "skip-fields=": "f", "ignore-case": "i", "skip-chars=": "s", "unique": "u",
             "check-chars=": "w", "zero-terminated": "z", "group=?": "group"}  # fmt: skip
    options = getopt(p, "cdDf:is:uw:z", names)
    words = options.operands
    if len(words) > 2:
        raise usage(p, f"extra operand {quote(p, words[2])}")
    try:
        data = files.read_operand(p, words[0] if words else "-")
    except OSError as error:
        p.err(f"{p.argv[0]}: {files.quoted_if_needed(words[0])}: {error.strerror}\n")
        return 1
    text = "".join(_unique(files.text(data).split("\n"), options))
    if len(words) == 2:
        p.write(words[1], files.octets(text))
    else:
        p.out(text)
    return 0


def _key(line: str, options: Options) -> str:
    for _ in range(int(options.value("f", "0"))):
        line = re.sub(r"^[ \t]*[^ \t]*", "", line)
    line = line[int(options.value("s", "0")) :]
    if "w" in options:
        line = line[: int(options.value("w"))]
    return line.lower() if "i" in options else line


def _unique(lines: list[str], options: Options) -> list[str]:
    if lines[-1] == "":
        lines.pop()
    groups: list[list[str]] = []
    for line in lines:
        if groups and _key(groups[-1][0], options) == _key(line, options):
            groups[-1].append(line)
        else:
            groups.append([line])
    out = []
    for group in groups:
        if (("d" in options or "D" in options) and len(group) == 1) or ("u" in options and len(group) > 1):
            continue
        shown = group if "D" in options else group[:1]
        out += [(f"{len(group):7} {line}\n" if "c" in options else f"{line}\n") for line in shown]
    return out


@program("/usr/bin/shuf")
def shuf(p: Process) -> int:
    """shuf(1)."""
    names = {"echo": "e", "input-range=": "i", "head-count=": "n", "output=": "o", "repeat": "r", "zero-terminated": "z", "random-source=": "source"}
    options = getopt(p, "ei:n:o:rz", names)
    if "e" in options:
        lines = list(options.operands)
    elif "i" in options:
        match = re.fullmatch(r"(\d+)-(\d+)", options.value("i"))
        if match is None:
            p.err(f"{p.argv[0]}: invalid input range: {quote(p, options.value('i'))}\n")
            return 1
        lines = [str(number) for number in range(int(match[1]), min(int(match[2]), int(match[1]) + _SEQ_LINES) + 1)]
    else:
        lines = files.text(_input(p, options.operands)).splitlines()
    p.host.lab.random.shuffle(lines)
    p.out("".join(f"{line}\n" for line in lines[: int(options.value("n", str(len(lines))))]))
    return 0


def _input(p: Process, words: list[str]) -> bytes:
    try:
        return files.read_operand(p, words[0] if words else "-")
    except OSError as error:
        p.err(f"{p.argv[0]}: {files.quoted_if_needed(words[0])}: {error.strerror}\n")
        raise Exit(1) from None
