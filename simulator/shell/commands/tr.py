"""NAME
    tr - translate, squeeze or delete characters

SYNOPSIS
    tr [-cdst] SET1 [SET2]

DESCRIPTION
    Copy standard input to standard output with each character of SET1 replaced by the one at its place in SET2; -d deletes
    those of SET1, -s leaves one of a row of equal ones, -c takes all but SET1. Sets know ranges (a-z), classes ([:upper:]),
    repetitions ([x*5]) and backslash sequences. As in coreutils, characters are bytes.
"""

from __future__ import annotations

import re
import string

from simulator.shell import files
from simulator.shell.getopt import getopt, quote, try_help, usage
from simulator.unix.program import Exit, Process, program

_CLASSES = {
    "alnum": string.digits + string.ascii_uppercase + string.ascii_lowercase, "alpha": string.ascii_uppercase + string.ascii_lowercase,
    "blank": "\t ", "cntrl": "".join(map(chr, range(32))) + "\x7f", "digit": string.digits, "graph": "".join(map(chr, range(33, 127))),
    "lower": string.ascii_lowercase, "print": "".join(map(chr, range(32, 127))), "punct": "".join(sorted(string.punctuation)),
    "space": "\t\n\v\f\r ", "upper": string.ascii_uppercase, "xdigit": "0123456789ABCDEFabcdef",
}  # fmt: skip
_ESCAPES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92}
_LONG = {"complement": "c", "delete": "d", "squeeze-repeats": "s", "truncate-set1": "t"}


class _Set:
    """A set as a list of bytes; `fill` is where `[x*]` stands, which grows to what is needed."""

    def __init__(self, p: Process, text: str) -> None:
        self.p, self.fill = p, -1
        self.bytes: list[int] = []
        self.fill_byte = 0
        self._parse(files.octets(text))

    def _parse(self, raw: bytes) -> None:
        units = list(self._units(raw))
        index = 0
        while index < len(units):
            value = units[index]
            if isinstance(value, list):
                self.bytes += value
                index += 1
            elif index + 2 < len(units) and units[index + 1] == ord("-") and isinstance(units[index + 2], int):
                self._range(value, units[index + 2])
                index += 3
            else:
                self.bytes.append(value)
                index += 1

    def _range(self, low: int, high: int | list[int]) -> None:
        assert isinstance(high, int)
        if high < low:
            self.p.err(f"{self.p.argv[0]}: range-endpoints of '{chr(low)}-{chr(high)}' are in reverse collating sequence order\n")
            raise Exit(1)
        self.bytes += range(low, high + 1)

    def _units(self, raw: bytes) -> list[int | list[int]]:
        """Bytes, and lists of bytes for classes and repetitions."""
        out: list[int | list[int]] = []
        while raw:
            match = re.match(rb"\[:(\w+):\]|\[=(.)=\]|\[(\\.|.)\*(\d*)\]|\\([0-7]{1,3})|\\(.)|(.)", raw, re.S)
            assert match is not None
            raw = raw[match.end() :]
            if match[1]:
                out.append(self._class(match[1].decode()))
            elif match[3]:
                self._repeat(out, match[3], match[4])
            elif match[5]:
                out.append(int(match[5], 8) & 0xFF)
            elif match[6]:
                out.append(_ESCAPES.get(match[6].decode("latin-1"), match[6][0]))
            else:
                out.append((match[2] or match[7])[0])
        return out

    def _class(self, name: str) -> list[int]:
        if name not in _CLASSES:
            self.p.err(f"{self.p.argv[0]}: invalid character class {quote(self.p, name)}\n")
            raise Exit(1)
        return list(_CLASSES[name].encode())

    def _repeat(self, out: list[int | list[int]], byte: bytes, count: bytes) -> None:
        value = _ESCAPES.get(byte[1:].decode("latin-1"), byte[-1]) if len(byte) > 1 else byte[0]
        number = int(count, 8 if count.startswith(b"0") else 10) if count else 0
        if number:
            out.append([value] * number)
        else:
            self.fill, self.fill_byte = sum(len(unit) if isinstance(unit, list) else 1 for unit in out), value

    def stretched(self, length: int) -> list[int]:
        """Exactly `length` bytes: the fill grows, or the last byte is repeated."""
        found = list(self.bytes)
        if self.fill >= 0 and len(found) < length:
            found[self.fill : self.fill] = [self.fill_byte] * (length - len(found))
        return (found + [found[-1]] * (length - len(found)))[:length] if found else found


@program("/usr/bin/tr")
def tr(p: Process) -> int:
    """tr(1)."""
    options = getopt(p, "cCdst", _LONG, permute=False)
    words = options.operands
    delete, squeeze = "d" in options, "s" in options
    _check(p, words, delete, squeeze)
    one = _Set(p, words[0]).bytes
    if "c" in options or "C" in options:
        one = [byte for byte in range(256) if byte not in set(one)]
    data = files.octets(p.stdin)
    if delete:
        data = data.translate(None, bytes(set(one)))
        squeezed = set(_Set(p, words[1]).bytes) if squeeze else set()
    elif len(words) == 2:
        two = _Set(p, words[1])
        if "t" in options:
            one = one[: len(two.bytes)]
        if not two.bytes and two.fill < 0:
            p.err(f"{p.argv[0]}: when not truncating set1, string2 must be non-empty\n")
            return 1
        target = two.stretched(len(one))
        data = data.translate(bytes(_last(one, target, byte) for byte in range(256)))
        squeezed = set(target) if squeeze else set()
    else:
        squeezed = set(one)
    p.out(files.text(_squeeze(data, squeezed) if squeezed else data))
    return 0


def _last(one: list[int], target: list[int], byte: int) -> int:
    """What a byte becomes: where it stands in SET1 more than once, its last place counts."""
    for index in range(len(one) - 1, -1, -1):
        if one[index] == byte:
            return target[index]
    return byte


def _squeeze(data: bytes, squeezed: set[int]) -> bytes:
    out = bytearray()
    for byte in data:
        if not (out and out[-1] == byte and byte in squeezed):
            out.append(byte)
    return bytes(out)


def _check(p: Process, words: list[str], delete: bool, squeeze: bool) -> None:
    if not words:
        raise usage(p, "missing operand")
    most = 1 if delete and not squeeze else 2
    least = 2 if delete == squeeze else 1
    if len(words) < least:
        p.err(f"{p.argv[0]}: missing operand after {quote(p, words[0])}\n")
        why = "Two strings must be given when both deleting and squeezing repeats." if delete else "Two strings must be given when translating."
        p.err(f"{why}\n")
        raise try_help(p)
    if len(words) > most:
        p.err(f"{p.argv[0]}: extra operand {quote(p, words[most])}\n")
        if len(words) == 2:
            p.err("Only one string may be given when deleting without squeezing repeats.\n")
        raise try_help(p)
