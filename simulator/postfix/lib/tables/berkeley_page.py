"""Pages of a Berkeley DB file, version 9 of its hash and btree formats: what postmap(1) and postalias(1) write on Debian.

The layout is the real one (dbinc/db_page.h of Berkeley DB 5.3), so file(1), strings(1), ls(1) and the order of `postmap -s`
show what a real host shows. A page holds up to PAGE_SIZE bytes; long items lie on pages of their own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

PAGE_SIZE: Final = 4096
_HEADER = struct.Struct("<IIIIIHHBB")
HEADER_SIZE: Final = 26
#: "Not logged": the log sequence number of databases without transactions.
_LSN = (0, 1)
#: Types of pages.
OVERFLOW: Final = 7
HASH_META: Final = 8
BTREE_META: Final = 9
INVALID: Final = 0

_META = struct.Struct("<IIIIIIBBBBIIIIII20s")
MAGIC: Final = {HASH_META: 0x061561, BTREE_META: 0x053162}


class Corrupt(Exception):
    """The file is no database, or a damaged one."""


class WrongFormat(Corrupt):
    """The file is a database of another type than the one asked for."""


Pair = tuple[bytes, bytes]


@dataclass(slots=True)
class Page:
    """A page of pairs: sorted by key, followed by the page `next`."""

    pairs: list[Pair] = field(default_factory=list)
    next: int = INVALID


def header(number: int, previous: int, following: int, entries: int, offset: int, level: int, kind: int) -> bytes:
    return _HEADER.pack(*_LSN, number, previous, following, entries, offset, level, kind)


def page_image(
    number: int, previous: int, following: int, items: list[bytes], level: int, kind: int, remains: bytes = bytes(PAGE_SIZE)
) -> bytes:
    """A page whose items fill it from its end, in their order; in the gap one sees what `remains` from before."""
    offset, offsets = PAGE_SIZE, list[int]()
    for item in items:
        offset -= len(item)
        offsets.append(offset)
    index = struct.pack(f"<{len(offsets)}H", *offsets)
    body = b"".join(reversed(items))
    head = header(number, previous, following, len(items), offset, level, kind) + index
    return head + remains[len(head) : offset] + body


def meta_image(kind: int, last_page: int, free: int, file_id: bytes, more: bytes) -> bytes:
    fields = (*_LSN, 0, MAGIC[kind], 9, PAGE_SIZE, 0, kind, 0, 0, free, last_page, 0, 0, 0, 0, file_id[:20].ljust(20, b"\0"))
    return (_META.pack(*fields) + more).ljust(PAGE_SIZE, b"\0")


def check_meta(data: bytes, kind: int) -> bytes:
    """The id of the file. Raises WrongFormat, Corrupt."""
    if len(data) < PAGE_SIZE or len(data) % PAGE_SIZE:
        raise Corrupt("size")
    fields = _META.unpack_from(data)
    if fields[3] not in MAGIC.values() or fields[4] != 9 or fields[5] != PAGE_SIZE:
        raise Corrupt("magic")
    if fields[3] != MAGIC[kind]:
        raise WrongFormat("type")
    return bytes(fields[-1])


def page_items(data: bytes, number: int) -> tuple[list[bytes], int]:
    """The items of a page, each to the end of the one before it, and the number of the page that follows. Raises Corrupt."""
    start = number * PAGE_SIZE
    if start <= 0 or start + PAGE_SIZE > len(data):
        raise Corrupt(f"page {number}")
    fields = _HEADER.unpack_from(data, start)
    entries = fields[5]
    if HEADER_SIZE + 2 * entries > PAGE_SIZE:
        raise Corrupt(f"page {number}")
    offsets = struct.unpack_from(f"<{entries}H", data, start + HEADER_SIZE)
    end, items = PAGE_SIZE, list[bytes]()
    for offset in offsets:
        if not HEADER_SIZE <= offset < end:
            raise Corrupt(f"page {number}")
        items.append(data[start + offset : start + end])
        end = offset
    return items, fields[4]


def free_pages(data: bytes) -> list[int]:
    """The pages that are not in use, the next to be used last. Raises Corrupt."""
    number, found = _META.unpack_from(data)[10], list[int]()
    while number != INVALID:
        start = number * PAGE_SIZE
        if number in found or start + PAGE_SIZE > len(data):
            raise Corrupt(f"page {number}")
        found.append(number)
        number = _HEADER.unpack_from(data, start)[4]
    return found[::-1]


def overflow_images(content: bytes, numbers: list[int]) -> dict[int, bytes]:
    """The pages of one long item."""
    room = PAGE_SIZE - HEADER_SIZE
    images = {}
    for position, number in enumerate(numbers):
        part = content[position * room : (position + 1) * room]
        previous = numbers[position - 1] if position else INVALID
        following = numbers[position + 1] if position + 1 < len(numbers) else INVALID
        head = header(number, previous, following, 1, len(part), 0, OVERFLOW)
        images[number] = (head + part).ljust(PAGE_SIZE, b"\0")
    return images


def overflow_count(size: int) -> int:
    """How many pages a long item needs."""
    return -(-size // (PAGE_SIZE - HEADER_SIZE))


def overflow_content(data: bytes, number: int, size: int) -> bytes:
    """A long item, from its first page on. Raises Corrupt."""
    parts, left = [], size
    while left > 0:
        start = number * PAGE_SIZE
        if start <= 0 or start + PAGE_SIZE > len(data):
            raise Corrupt(f"page {number}")
        fields = _HEADER.unpack_from(data, start)
        length = fields[6]
        if not length or fields[8] != OVERFLOW:
            raise Corrupt(f"page {number}")
        parts.append(data[start + HEADER_SIZE : start + HEADER_SIZE + length])
        left, number = left - length, fields[4]
    return b"".join(parts)
