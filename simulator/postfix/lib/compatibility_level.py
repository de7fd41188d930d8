"""Compatibility levels: `major[.minor[.patch]]`, COMPATIBILITY_README, postconf(5) compatibility_level."""

from __future__ import annotations

from simulator.postfix.lib.numbers import LONG_MAX, leading_number

_PART = 1024
_LIMITS = (LONG_MAX >> 20, _PART - 1, _PART - 1)


def parse_level(text: str) -> int:
    """A level as one number that can be compared. Raises ValueError with Postfix's words."""
    parts: list[int] = []
    rest = text
    while len(parts) < 3:
        found = leading_number(rest)
        if found is None or not 0 <= found[0] <= _LIMITS[len(parts)] or found[1][:1] not in ("", "."):
            break
        parts.append(found[0])
        if not found[1]:
            major, minor, patch = [*parts, 0, 0][:3]
            return (major * _PART + minor) * _PART + patch
        rest = found[1][1:]
    raise ValueError(f'malformed compatibility level syntax: "{text}"')


LEVEL_1, LEVEL_2, LEVEL_3_6 = parse_level("1"), parse_level("2"), parse_level("3.6")
