"""Sets of bytes, as bracket expressions denote them, and their spelling for the `regex` library.

Patterns and subjects are matched byte by byte, as by a library without locale: a text that is not ASCII is seen as its
UTF-8 bytes, each standing as the character with that number.
"""

from __future__ import annotations

from typing import Final

ALL: Final = frozenset(range(256))


def _range(first: str, last: str) -> frozenset[int]:
    return frozenset(range(ord(first), ord(last) + 1))


UPPER: Final = _range("A", "Z")
LOWER: Final = _range("a", "z")
DIGIT: Final = _range("0", "9")
ALNUM: Final = UPPER | LOWER | DIGIT
PRINT: Final = _range(" ", "~")
SPACE: Final = frozenset(b" \t\n\v\f\r")
WORD: Final = ALNUM | {ord("_")}
#: [:name:] in the C locale.
CLASSES: Final[dict[str, frozenset[int]]] = {
    "alnum": ALNUM,
    "alpha": UPPER | LOWER,
    "blank": frozenset(b" \t"),
    "cntrl": frozenset(range(32)) | {127},
    "digit": DIGIT,
    "graph": PRINT - {32},
    "lower": LOWER,
    "print": PRINT,
    "punct": PRINT - ALNUM - {32},
    "space": SPACE,
    "upper": UPPER,
    "xdigit": DIGIT | _range("a", "f") | _range("A", "F"),
}


def both_cases(members: frozenset[int]) -> frozenset[int]:
    """With the other case of every letter."""
    return members | {byte + 32 for byte in members & UPPER} | {byte - 32 for byte in members & LOWER}


def set_pattern(members: frozenset[int]) -> str:
    """A character class for the `regex` library, exact in either case mode."""
    if not members:
        return r"(?!)"
    if members == ALL:
        return r"(?s:.)"
    ordered = sorted(members)
    ranges: list[list[int]] = []
    for byte in ordered:
        if ranges and byte == ranges[-1][1] + 1:
            ranges[-1][1] = byte
        else:
            ranges.append([byte, byte])
    inside = "".join(f"\\x{first:02x}" + (f"-\\x{last:02x}" if last > first else "") for first, last in ranges)
    return f"[{inside}]" if both_cases(members) == members else f"(?-i:[{inside}])"


def as_bytes(text: str) -> str:
    """The text with one character for each byte."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def as_text(data: str) -> str:
    """The text of such bytes."""
    return data if data.isascii() else data.encode("latin-1").decode("utf-8", "surrogateescape")
