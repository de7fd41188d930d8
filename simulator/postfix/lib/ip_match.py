"""Patterns of IPv4 addresses such as `127.0.0.[2..11;14]`: ip_match(3), used behind the domain of a DNS blocklist."""

from __future__ import annotations

import re

_FIELD = re.compile(r"(?:([0-9]{1,3})|\[([0-9.;]+)\])(?:\.|\Z)")
_RANGE = re.compile(r"([0-9]{1,3})(?:\.\.([0-9]{1,3}))?\Z")

Pattern = tuple[frozenset[int], ...]


def parse_ip_pattern(text: str) -> Pattern:
    """The numbers that each of the four fields may have. Raises ValueError with what is wrong."""
    if not text:
        raise ValueError("empty address pattern")
    if text.startswith("[") and text.endswith("]") and "." in text and "[" in text[1:]:
        text = text[1:-1]
    fields: list[frozenset[int]] = []
    position = 0
    while position < len(text):
        match = _FIELD.match(text, position)
        if match is None:
            raise ValueError(f'need IPv4 address field at: "{text[:position]}>{text[position : position + 1]}<{text[position + 1 :]}"')
        fields.append(_numbers(match[1] or match[2], text))
        position = match.end()
    if len(fields) != 4 or text.endswith("."):
        raise ValueError(f'need four address fields in: "{text}"')
    return tuple(fields)


def _numbers(field: str, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(";"):
        match = _RANGE.match(part)
        low = int(match[1]) if match else 256
        high = int(match[2]) if match and match[2] else low
        if not low <= high <= 255:
            raise ValueError(f'numeric range error in: "{text}"')
        found.update(range(low, high + 1))
    return frozenset(found)


def ip_matches(pattern: Pattern, address: str) -> bool:
    """Does an IPv4 address fit?"""
    parts = address.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) in numbers for part, numbers in zip(parts, pattern, strict=True))
