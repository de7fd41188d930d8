"""A Berkeley DB btree file: leaves in the order of their keys, and the pages above that lead to them."""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterator
from typing import Final

from simulator.postfix.lib.tables.berkeley_page import (
    BTREE_META,
    HEADER_SIZE,
    INVALID,
    PAGE_SIZE,
    Corrupt,
    Page,
    Pair,
    check_meta,
    meta_image,
    overflow_content,
    overflow_count,
    overflow_images,
    page_image,
    page_items,
)

_LEAF, _INTERNAL = 5, 3
_KEYDATA, _OVERFLOW = 1, 3
_LEAF_LEVEL: Final = 1
#: Two pairs must fit on a page, so longer items lie on pages of their own.
_BIG: Final = (PAGE_SIZE - HEADER_SIZE) // 4 - 10
_META = struct.Struct("<IIIII")
_ROOT: Final = 1


def _aligned(size: int) -> int:
    return -(-size // 4) * 4


def _item_size(content: bytes) -> int:
    return 12 if len(content) > _BIG else _aligned(len(content) + 3)


def _pair_size(pair: Pair) -> int:
    return _item_size(pair[0]) + _item_size(pair[1])


class BtreeFile:
    """The content of a file. Long items get their pages when it is written."""

    def __init__(self, file_id: bytes = b"") -> None:
        self.file_id = file_id
        self.leaves: list[Page] = [Page()]
        self.numbers: list[int] = [_ROOT]
        self.last_page = 1

    def _leaf(self, key: bytes) -> int:
        return bisect.bisect_right(self.leaves, key, lo=1, key=_first) - 1

    def _find(self, key: bytes) -> tuple[int, int, bool]:
        number = self._leaf(key)
        pairs = self.leaves[number].pairs
        position = bisect.bisect_left(pairs, key, key=_key)
        return number, position, position < len(pairs) and pairs[position][0] == key

    # -- operations -------------------------------------------------------------------------------------------------------

    def get(self, key: bytes) -> bytes | None:
        leaf, position, found = self._find(key)
        return self.leaves[leaf].pairs[position][1] if found else None

    def put(self, key: bytes, value: bytes, overwrite: bool) -> bool:
        """True if stored; False if the key is there and may not be overwritten."""
        leaf, position, found = self._find(key)
        if found and not overwrite:
            return False
        pairs = self.leaves[leaf].pairs
        if found:
            del pairs[position]
        elif self._room(pairs) < _pair_size((key, value)) + 4:
            self._split(leaf, position)
            leaf, position, found = self._find(key)
            pairs = self.leaves[leaf].pairs
        pairs.insert(position, (key, value))
        return True

    def delete(self, key: bytes) -> bool:
        leaf, position, found = self._find(key)
        if found:
            del self.leaves[leaf].pairs[position]
            if not self.leaves[leaf].pairs and len(self.leaves) > 1:
                del self.leaves[leaf], self.numbers[leaf]
        return found

    def pairs(self) -> Iterator[Pair]:
        for leaf in self.leaves:
            yield from leaf.pairs

    @staticmethod
    def _room(pairs: list[Pair]) -> int:
        return PAGE_SIZE - HEADER_SIZE - sum(_pair_size(pair) + 4 for pair in pairs)

    def _split(self, leaf: int, position: int) -> None:
        """In the middle; but keys that come in order leave full pages behind."""
        pairs = self.leaves[leaf].pairs
        if leaf == len(self.leaves) - 1 and position >= len(pairs) - 1:
            at = len(pairs) - 1
        elif leaf == 0 and position == 0:
            at = 1
        else:
            at, size, half = 0, 0, sum(map(_pair_size, pairs)) // 2
            while at < len(pairs) - 1 and size < half:
                size += _pair_size(pairs[at])
                at += 1
        if len(self.leaves) == 1:
            self.last_page += 1
            self.numbers = [self.last_page]
        self.last_page += 1
        self.numbers.insert(leaf + 1, self.last_page)
        self.leaves[leaf : leaf + 1] = [Page(pairs[:at]), Page(pairs[at:])]

    # -- the file ---------------------------------------------------------------------------------------------------------

    def encode(self) -> bytes:
        images: dict[int, bytes] = {}
        self._last = self.last_page
        for index, leaf in enumerate(self.leaves):
            previous = self.numbers[index - 1] if index else INVALID
            following = self.numbers[index + 1] if index + 1 < len(self.numbers) else INVALID
            items = [self._item(content, images) for pair in leaf.pairs for content in pair]
            number = self.numbers[index] if len(self.leaves) > 1 else _ROOT
            # The root was made in the memory of the first page.
            remains = self._meta(_ROOT) if number == _ROOT else bytes(PAGE_SIZE)
            images[number] = page_image(number, previous, following, items, _LEAF_LEVEL, _LEAF, remains)
        if len(self.leaves) > 1:
            self._write_above(images)
        images[0] = self._meta(self._last)
        return b"".join(images.get(number, bytes(PAGE_SIZE)) for number in range(self._last + 1))

    def _meta(self, last_page: int) -> bytes:
        return meta_image(BTREE_META, last_page, INVALID, self.file_id, _META.pack(0, 2, 0, 0x20, _ROOT))

    def _item(self, content: bytes, images: dict[int, bytes]) -> bytes:
        if len(content) <= _BIG:
            return (struct.pack("<HB", len(content), _KEYDATA) + content).ljust(_aligned(len(content) + 3), b"\0")
        numbers = list(range(self._last + 1, self._last + 1 + overflow_count(len(content))))
        self._last = numbers[-1]
        images |= overflow_images(content, numbers)
        return struct.pack("<HBBII", 0, _OVERFLOW, 0, numbers[0], len(content))

    def _write_above(self, images: dict[int, bytes]) -> None:
        level, children = _LEAF_LEVEL + 1, list(zip(self._separators(), self.numbers, strict=True))
        while True:
            groups = self._groups(children)
            if len(groups) == 1:
                images[_ROOT] = page_image(_ROOT, INVALID, INVALID, groups[0], level, _INTERNAL)
                return
            above, start = [], 0
            for items in groups:
                self._last += 1
                images[self._last] = page_image(self._last, INVALID, INVALID, items, level, _INTERNAL)
                above.append((children[start][0], self._last))
                start += len(items)
            level, children = level + 1, above

    def _separators(self) -> list[bytes]:
        """For each leaf the shortest text that tells it from the one before it."""
        keys = [b""]
        for left, right in zip(self.leaves, self.leaves[1:], strict=False):
            before, after = left.pairs[-1][0], right.pairs[0][0]
            same = next((at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), min(len(before), len(after)))
            keys.append(after[: same + 1])
        return keys

    @staticmethod
    def _groups(children: list[tuple[bytes, int]]) -> list[list[bytes]]:
        groups: list[list[bytes]] = []
        room = 0
        for key, number in children:
            item = (struct.pack("<HBBII", len(key), _KEYDATA, 0, number, 0) + key[:_BIG]).ljust(_aligned(len(key[:_BIG]) + 12), b"\0")
            if room < len(item) + 2:
                groups.append([])
                room = PAGE_SIZE - HEADER_SIZE
            groups[-1].append(item)
            room -= len(item) + 2
        return groups

    @classmethod
    def parse(cls, data: bytes) -> BtreeFile:
        """Raises WrongFormat, Corrupt."""
        file = cls(check_meta(data, BTREE_META))
        file.last_page = len(data) // PAGE_SIZE - 1
        number, file.leaves, file.numbers = _first_leaf(data), [], []
        while number != INVALID:
            if number in file.numbers:
                raise Corrupt(f"page {number}")
            items, following = page_items(data, number)
            contents = [_content(data, item) for item in items]
            if len(contents) % 2:
                raise Corrupt(f"page {number}")
            file.leaves.append(Page(list(zip(contents[::2], contents[1::2], strict=True))))
            file.numbers.append(number)
            number = following
        return file


def _first_leaf(data: bytes) -> int:
    number = _ROOT
    for _ in range(len(data) // PAGE_SIZE):
        if data[number * PAGE_SIZE + 25 : number * PAGE_SIZE + 26] == bytes([_LEAF]):
            return number
        items, _ = page_items(data, number)
        if not items or len(items[0]) < 12:
            break
        number = struct.unpack_from("<I", items[0], 4)[0]
    raise Corrupt("root")


def _content(data: bytes, item: bytes) -> bytes:
    length, kind = struct.unpack_from("<HB", item)
    if kind == _OVERFLOW and len(item) == 12:
        return overflow_content(data, *struct.unpack_from("<II", item, 4))
    if kind != _KEYDATA or 3 + length > len(item):
        raise Corrupt("item")
    return bytes(item[3 : 3 + length])


def _key(pair: Pair) -> bytes:
    return pair[0]


def _first(leaf: Page) -> bytes:
    return leaf.pairs[0][0]
