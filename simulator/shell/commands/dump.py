"""NAME
    od, strings, cmp, split - look into binary files, compare and cut them

SYNOPSIS
    od [-A RADIX] [-t TYPE] [-N BYTES] [-j SKIP] [-abcdoxv] [FILE...]     strings [-n MIN] [FILE...]
    cmp [-bls] FILE1 [FILE2]     split [-l LINES | -b BYTES] [-d] [FILE [PREFIX]]

DESCRIPTION
    od shows bytes as octal numbers, characters (-c) or in other TYPEs: o, d, u, x with a size, a, c, z. Equal rows are shown
    as *. cmp says where two files differ first.

DIFFERS FROM DEBIAN
    Floating point types are not simulated.
"""

from __future__ import annotations

import re

from simulator.shell import files
from simulator.shell.commands.names import size
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.program import Exit, Process, program

_LONG = {"address-radix=": "A", "format=": "t", "read-bytes=": "N", "skip-bytes=": "j", "output-duplicates": "v", "width=?": "w", "strings=?": "S",
         "endian=": "endian", "traditional": "traditional"}  # fmt: skip
_SHORTHAND = {"a": "a", "b": "o1", "c": "c", "d": "u2", "i": "dI", "l": "dL", "o": "o2", "s": "d2", "x": "x2"}
_SIZES = {"C": 1, "S": 2, "I": 4, "L": 8}
_NAMES = "nul soh stx etx eot enq ack bel bs ht nl vt ff cr so si dle dc1 dc2 dc3 dc4 nak syn etb can em sub esc fs gs rs us sp".split()
_C = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
_WIDTHS = {("o", 1): 4, ("o", 2): 7, ("o", 4): 12, ("o", 8): 23, ("x", 1): 3, ("x", 2): 5, ("x", 4): 9, ("x", 8): 17, ("u", 1): 4, ("u", 2): 6,
           ("u", 4): 11, ("u", 8): 21, ("d", 1): 5, ("d", 2): 7, ("d", 4): 12, ("d", 8): 21}  # fmt: skip


def _types(p: Process, options: Options) -> list[tuple[str, int, bool]]:
    """The wanted forms: letter, size, and whether `z` asks for the characters besides."""
    texts = [_SHORTHAND.get(name, value) for name, value in options.found if name in _SHORTHAND or name == "t"]
    found: list[tuple[str, int, bool]] = []
    for text in texts or ["o2"]:
        for letter, width, zed in re.findall(r"([acdouxf])(\d+|[CSIL])?(z?)", text):
            if letter == "f" or not re.fullmatch(r"(?:[acdouxf](?:\d+|[CSIL])?z?)+", text):
                p.err(f"{p.argv[0]}: invalid character '{letter}' in type string {quote(p, text)}\n")
                raise Exit(1)
            bytes_wide = 1 if letter in "ac" else _SIZES.get(width) or int(width or 4)
            found.append((letter, bytes_wide, bool(zed)))
    return found


def _cell(letter: str, wide: int, chunk: bytes, pad: int) -> str:
    if letter == "c":
        byte = chunk[0]
        return (_C.get(byte) or (chr(byte) if 32 <= byte < 127 else f"{byte:03o}")).rjust(pad)
    if letter == "a":
        byte = chunk[0] & 0x7F
        return (_NAMES[byte] if byte < 33 else "del" if byte == 127 else chr(byte)).rjust(pad)
    value = int.from_bytes(chunk.ljust(wide, b"\0"), "little", signed=letter == "d")
    digits = {"o": f"{value:0{_WIDTHS[('o', wide)] - 1}o}" if letter == "o" else "", "x": f"{value & (1 << 8 * wide) - 1:0{2 * wide}x}"}
    return digits.get(letter, str(value)).rjust(pad)


@program("/usr/bin/od")
def od(p: Process) -> int:
    """od(1)."""
    options = getopt(p, "A:abcdij:lN:osS:t:vw::x", _LONG)
    data, status = b"", 0
    for name, content in files.operands(p, options.operands):
        if isinstance(content, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {content.strerror}\n")
            status = 1
        else:
            data += content
    skip = size(options.value("j", "0")) or 0
    data = data[skip:]
    if "N" in options:
        data = data[: size(options.value("N")) or 0]
    _dump(p, data, skip, _types(p, options), options)
    return status


def _dump(p: Process, data: bytes, start: int, types: list[tuple[str, int, bool]], options: Options) -> None:
    width = int(options.value("w") or (32 if "w" in options else 16))
    radix = options.value("A", "o")
    per_byte = max(-(-(_WIDTHS.get((letter, wide), 4)) // wide) for letter, wide, _ in types)
    before: bytes | None = None
    starred = False
    for at in range(0, len(data), width):
        row = data[at : at + width]
        if row == before and len(row) == width and "v" not in options:
            p.out("" if starred else "*\n")
            starred = True
            continue
        before, starred = row, False
        for index, (letter, wide, zed) in enumerate(types):
            pad = max(_WIDTHS.get((letter, wide), 4), per_byte * wide)
            head = _address(start + at, radix) if index == 0 else " " * len(_address(0, radix))
            cells = "".join(_cell(letter, wide, row[part : part + wide], pad) for part in range(0, len(row), wide))
            tail = "  >" + "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row) + "<" if zed else ""
            p.out(f"{head}{cells.ljust(pad * width // wide) if zed else cells}{tail}\n")
    if radix != "n":
        p.out(f"{_address(start + len(data), radix)}\n")


def _address(value: int, radix: str) -> str:
    return {"o": f"{value:07o}", "d": f"{value:07d}", "x": f"{value:06x}"}.get(radix, "")


@program("/usr/bin/strings", package="binutils")
def strings(p: Process) -> int:
    """strings(1)."""
    p.argv[1:] = [f"-n{word[1:]}" if re.fullmatch(r"-\d+", word) else word for word in p.argv[1:]]
    options = getopt(p, "an:t:", {"bytes=": "n", "all": "a"})
    least, status = int(options.value("n", "4")), 0
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: '{name}': No such file\n")
            status = 1
            continue
        for found in re.findall(rb"[\t\x20-\x7e]{%d,}" % least, data):
            p.out(found.decode() + "\n")
    return status


@program("/usr/bin/cmp")
def cmp(p: Process) -> int:
    """cmp(1)."""
    options = getopt(p, "bi:ln:s", {"print-bytes": "b", "verbose": "l", "quiet": "s", "silent": "s", "bytes=": "n", "ignore-initial=": "i"}, status=2)
    if not options.operands:
        p.err(f"{p.argv[0]}: missing operand after '{p.argv[0]}'\n{p.argv[0]}: Try '{p.argv[0]} --help' for more information.\n")
        return 2
    names = [*options.operands, "-"][:2]
    contents = []
    for name in names:
        try:
            contents.append(files.read_operand(p, name))
        except OSError as error:
            if "s" not in options:
                p.err(f"{p.argv[0]}: {name}: {error.strerror}\n")
            return 2
    return _compare(p, names, contents[0], contents[1], options)


def _compare(p: Process, names: list[str], one: bytes, two: bytes, options: Options) -> int:
    if one == two:
        return 0
    if "s" in options:
        return 1
    different = [at for at in range(min(len(one), len(two))) if one[at] != two[at]]
    if "l" in options:
        digits = len(str(max(len(one), len(two))))
        p.out("".join(f"{at + 1:>{digits}} {one[at]:3o} {two[at]:3o}\n" for at in different))
    elif different:
        at = different[0]
        more = f" is {one[at]:3o} {_shown(one[at])} {two[at]:3o} {_shown(two[at])}" if "b" in options else ""
        p.out(f"{names[0]} {names[1]} differ: byte {at + 1}, line {one.count(10, 0, at) + 1}{more}\n")
        return 1
    if len(one) != len(two):
        shorter, size_there = (names[0], len(one)) if len(one) < len(two) else (names[1], len(two))
        where = min(one, two, key=len)
        if size_there == 0:
            p.err(f"{p.argv[0]}: EOF on {shorter} which is empty\n")
        elif "l" in options:
            p.err(f"{p.argv[0]}: EOF on {shorter} after byte {size_there}\n")
        else:
            line = where.count(b"\n")
            where_text = f"line {line}" if where.endswith(b"\n") else f"in line {line + 1}"
            p.err(f"{p.argv[0]}: EOF on {shorter} after byte {size_there}, {where_text}\n")
    return 1


def _shown(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else f"^{chr(byte + 64)}" if byte < 32 else "?"


@program("/usr/bin/split")
def split(p: Process) -> int:
    """split(1)."""
    options = getopt(p, "a:b:dl:n:", {"suffix-length=": "a", "bytes=": "b", "numeric-suffixes": "d", "lines=": "l", "number=": "n"})
    words = options.operands
    if len(words) > 2:
        raise usage(p, f"extra operand {quote(p, words[2])}")
    name, prefix = words[0] if words else "-", words[1] if len(words) > 1 else "x"
    try:
        data = files.read_operand(p, name)
    except OSError as error:
        p.err(f"{p.argv[0]}: cannot open {files.quoted(name)} for reading: {error.strerror}\n")
        return 1
    if "b" in options:
        step = size(options.value("b")) or 1
        pieces = [data[at : at + step] for at in range(0, len(data), step)]
    else:
        lines = re.findall(rb"[^\n]*\n|[^\n]+$", data)
        step = int(options.value("l", "1000"))
        pieces = [b"".join(lines[at : at + step]) for at in range(0, len(lines), step)]
    for index, piece in enumerate(pieces):
        suffix = f"{index:02d}" if "d" in options else chr(97 + index // 26) + chr(97 + index % 26)
        p.write(prefix + suffix, piece)
    return 0
