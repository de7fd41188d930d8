"""Numbers in configuration text, as C reads them: strtol(3), and time values with a unit: postconf(5) "time units"."""

from __future__ import annotations

import re

LONG_MAX = 2**63 - 1
INT_MAX = 2**31 - 1
_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")
#: Seconds of each unit.
UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


def leading_number(text: str) -> tuple[int, str] | None:
    """The decimal number at the start of a text and what follows it: strtol(3). None if there is none, or it needs more than 64 bits."""
    match = _NUMBER.match(text)
    if not match:
        return None
    digits = match[1]
    value = int(digits) if len(digits) < 30 else LONG_MAX + 1
    if not -LONG_MAX - 1 <= value <= LONG_MAX:
        return None
    return value, text[match.end() :]


def whole_number(text: str, maximum: int = INT_MAX) -> int | None:
    """The number that the whole text is, within the range of a C int (or long); None if it is not one."""
    found = leading_number(text)
    if found is None or found[1] or not -maximum - 1 <= found[0] <= maximum:
        return None
    return found[0]


def seconds(text: str, unit: str) -> int | None:
    """A time value such as `5d` in seconds; a bare number counts in `unit`. None if it is not one.

    Only the first letter after the number counts: `5days` is five days, and a text without a number is 0 of its first
    letter, as in real Postfix.
    """
    found = leading_number(text)
    if found is None and (not text or _NUMBER.match(text)):
        return None
    value, rest = found or (0, text)
    factor = UNITS.get(rest[0] if rest else unit)
    if factor is None or not 0 <= value <= INT_MAX or (factor > 1 and value >= INT_MAX // factor):
        return None
    return value * factor


def is_digits(text: str) -> bool:
    """Whether the text is one or more decimal digits."""
    return text.isascii() and text.isdigit()
