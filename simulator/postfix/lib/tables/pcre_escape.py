"""Backslash sequences of PCRE patterns, outside and inside of character classes: pcre2pattern(3) "BACKSLASH"."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from simulator.postfix.lib.tables.byte_set import ALL, DIGIT, SPACE, WORD
from simulator.postfix.lib.tables.posix_bracket import RegexError

END_OF_PATTERN: Final = "\\ at end of pattern"
UNRECOGNIZED: Final = "unrecognized character follows \\"
NOT_SUPPORTED: Final = "PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u"
CODE_TOO_LARGE: Final = "character code point value in \\x{} or \\o{} is too large"
DIGITS_MISSING: Final = "digits missing in \\x{} or \\o{} or \\N{U+}"
OCTAL_TOO_LARGE: Final = "octal value is greater than \\377 in 8-bit non-UTF-8 mode"
UNKNOWN_PROPERTY: Final = "unknown property after \\P or \\p"
MALFORMED_PROPERTY: Final = "malformed \\P or \\p sequence"

_HORIZONTAL = frozenset((9, 32, 160))
_VERTICAL = frozenset((10, 11, 12, 13, 133))
_SETS: Final = {"d": DIGIT, "w": WORD, "s": SPACE, "h": _HORIZONTAL, "v": _VERTICAL}
_CHARACTERS: Final = {"a": 7, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9}
_HEX, _OCTAL = "0123456789abcdefABCDEF", "01234567"
#: General categories of Unicode: a letter for a group, and the second letters in it.
_GROUPS: Final = {"C": "cfnos", "L": "lmotu&", "M": "cen", "N": "dlo", "P": "cdefios", "S": "ckmo", "Z": "lps"}
_CATEGORIES: Final = frozenset(_GROUPS) | {group + letter for group, letters in _GROUPS.items() for letter in letters}


@dataclass(frozen=True, slots=True)
class Escape:
    """What was read: a character ("char"), a set of bytes ("set"), a back reference by number ("ref"), or a letter with a
    meaning of its own ("other", in `name`). `end` is where the pattern goes on."""

    kind: str
    end: int
    name: str = ""
    number: int = 0
    members: frozenset[int] = frozenset()


def read_escape(pattern: str, at: int, groups: int, in_class: bool) -> Escape:
    """The sequence whose backslash is at `at`; `groups` have been opened so far. Raises RegexError."""
    if at + 1 >= len(pattern):
        raise RegexError(END_OF_PATTERN, at + 1)
    char, end = pattern[at + 1], at + 2
    if not (char.isascii() and char.isalnum()):
        return Escape("char", end, number=ord(char))
    if char in _CHARACTERS:
        return Escape("char", end, number=_CHARACTERS[char])
    if char.lower() in _SETS:
        members = _SETS[char.lower()]
        return Escape("set", end, members=members if char.islower() else ALL - members)
    if char.isdigit():
        return _digits(pattern, at, groups, in_class)
    special = {"x": _hexadecimal, "o": _octal_braces, "c": _control, "p": _property, "P": _property}.get(char)
    if special is not None:
        return special(pattern, at)
    if char in "FLlUu":
        raise RegexError(NOT_SUPPORTED, end)
    if char in "AbBCEgGkKNQRXZz":
        return Escape("other", end, name=char)
    raise RegexError(UNRECOGNIZED, end - 1)


def _digits(pattern: str, at: int, groups: int, in_class: bool) -> Escape:
    start = at + 1
    if pattern[start] != "0" and not in_class:
        end = start
        while end < len(pattern) and pattern[end] in "0123456789":
            end += 1
        number = int(pattern[start : min(end, start + 9)])
        if number < 10 or pattern[start] >= "8" or number <= groups:
            return Escape("ref", end, number=number)
    if pattern[start] >= "8":
        return Escape("char", start + 1, number=ord(pattern[start]))
    end = start
    while end < len(pattern) and end < start + 3 and pattern[end] in _OCTAL:
        end += 1
    number = int(pattern[start:end], 8)
    if number > 255:
        raise RegexError(OCTAL_TOO_LARGE, end)
    return Escape("char", end, number=number)


def _in_braces(pattern: str, start: int, digits: str, base: int, bad: str) -> Escape:
    """The number in {...}; `start` is behind the opening brace."""
    if pattern[start : start + 1] in ("", "}"):
        raise RegexError(DIGITS_MISSING, start)
    end = start
    while end < len(pattern) and pattern[end] in digits:
        end += 1
        if int(pattern[start:end], base) > 255:
            while end < len(pattern) and pattern[end] in digits:
                end += 1
            raise RegexError(CODE_TOO_LARGE, end)
    if pattern[end : end + 1] != "}":
        raise RegexError(bad, end if end < len(pattern) else end - 1)
    return Escape("char", end + 1, number=int(pattern[start:end], base))


def _hexadecimal(pattern: str, at: int) -> Escape:
    start = at + 2
    if pattern[start : start + 1] == "{":
        return _in_braces(pattern, start + 1, _HEX, 16, "non-hex character in \\x{} (closing brace missing?)")
    end = start
    while end < len(pattern) and end < start + 2 and pattern[end] in _HEX:
        end += 1
    return Escape("char", end, number=int(pattern[start:end] or "0", 16))


def _octal_braces(pattern: str, at: int) -> Escape:
    if pattern[at + 2 : at + 3] != "{":
        raise RegexError("missing opening brace after \\o", at + 1)
    return _in_braces(pattern, at + 3, _OCTAL, 8, "non-octal character in \\o{} (closing brace missing?)")


def _control(pattern: str, at: int) -> Escape:
    if at + 2 >= len(pattern):
        raise RegexError("\\c at end of pattern", at + 2)
    char = pattern[at + 2]
    if not " " <= char <= "~":
        raise RegexError("\\c must be followed by a printable ASCII character", at + 2)
    return Escape("char", at + 3, number=ord(char.upper()) ^ 64)


def _property(pattern: str, at: int) -> Escape:
    start = at + 2
    negated = pattern[at + 1] == "P"
    if pattern[start : start + 1] != "{":
        if start >= len(pattern):
            raise RegexError(MALFORMED_PROPERTY, start)
        name, end = pattern[start], start + 1
    else:
        end = pattern.find("}", start) + 1
        if not end:
            raise RegexError(MALFORMED_PROPERTY, len(pattern))
        name = pattern[start + 1 : end - 1]
    if name.startswith("^"):
        name, negated = name[1:], not negated
    members = _members(name, end)
    return Escape("set", end, members=ALL - members if negated else members)


def _members(name: str, end: int) -> frozenset[int]:
    if name == "Any":
        return ALL
    if name not in _CATEGORIES:
        raise RegexError(UNKNOWN_PROPERTY, end)
    wanted = ("Ll", "Lu", "Lt") if name == "L&" else (name,)
    return frozenset(byte for byte in ALL if unicodedata.category(chr(byte)).startswith(wanted))
