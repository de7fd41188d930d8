"""Names of queue files: short and long queue ids, and the directories that they hash to.

A short id is five hexadecimal digits of microseconds and the inode number in hexadecimal: unique on one host at one
moment, used again later. A long id (postconf(5) enable_long_queue_ids) is the time in seconds and in microseconds in base
52 without vowels, a "z", and the inode number in base 51: never used again.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

_SAFE = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
_SECONDS_WIDTH, _MICROSECONDS_WIDTH, _SHORT_MICROSECONDS_WIDTH = 6, 4, 5
_SEPARATOR = "z"
# The file name of a flush(8) log is a domain name, so it may be as long as one.
_MAX_LENGTH = 255


def _to_base(value: int, base: int, width: int = 0) -> str:
    digits = ""
    while value:
        value, rest = divmod(value, base)
        digits = _SAFE[rest] + digits
    return (digits or "0").rjust(width, "0")


def _from_base(text: str, base: int) -> int:
    value = 0
    for char in text:
        digit = _SAFE.find(char)
        if not 0 <= digit < base:
            raise ValueError(f"not a number in base {base}: {text!r}")
        value = value * base + digit
    return value


def short_id(microseconds: int, inode: int) -> str:
    """The short id of a file made in this part of a second."""
    return f"{microseconds:05X}{inode:X}"


def long_id(seconds: int, microseconds: int, inode: int) -> str:
    """The long id of a file made at this moment."""
    return (
        _to_base(seconds, 52, _SECONDS_WIDTH)
        + _to_base(microseconds, 52, _MICROSECONDS_WIDTH)
        + _SEPARATOR
        + _to_base(inode, 51)
    )


def separator(queue_id: str) -> int:
    """Where the "z" of a long id stands, or -1: a short id."""
    place = queue_id.rfind(_SEPARATOR)
    return place if place >= _SECONDS_WIDTH + _MICROSECONDS_WIDTH else -1


def is_long(queue_id: str) -> bool:
    """Does this name have the form of a long id?"""
    return separator(queue_id) >= 0


def inode_of(queue_id: str) -> int:
    """The inode number in an id. Raises ValueError when there is none: such a file was put there by hand."""
    place = separator(queue_id)
    if place >= 0:
        return _from_base(queue_id[place + 1 :], 51)
    return int(queue_id[_SHORT_MICROSECONDS_WIDTH:], 16)


def is_valid(queue_id: str) -> bool:
    """May this be the name of a queue file or of a flush(8) log? Letters, digits and "_" only."""
    return 0 < len(queue_id) <= _MAX_LENGTH and queue_id.isascii() and queue_id.replace("_", "a").isalnum()


def hash_key(queue_id: str) -> str:
    """The text whose first characters name the hash directories: of a long id, its microseconds as a short id has them."""
    place = separator(queue_id)
    if place < 0:
        return queue_id
    try:
        return f"{_from_base(queue_id[place - _MICROSECONDS_WIDTH : place], 52):05X}"
    except ValueError:
        return "00000"


@dataclass(frozen=True, slots=True)
class Hashing:
    """postconf(5) hash_queue_names, hash_queue_depth: which queues have a forest of subdirectories, and how deep."""

    queues: frozenset[str]
    depth: int

    def subdirectories(self, queue: str, queue_id: str) -> str:
        """`A/B/` for depth 2, or nothing for a queue that is flat. A short name is filled up with "_"."""
        return _subdirectories(queue_id, self.depth) if queue.lower() in self.queues else ""


@functools.lru_cache(maxsize=16_384)
def _subdirectories(queue_id: str, depth: int) -> str:
    key = hash_key(queue_id)
    return "".join(f"{key[level : level + 1] or '_'}/" for level in range(depth))
