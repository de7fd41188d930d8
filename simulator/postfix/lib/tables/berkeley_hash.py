"""The content of a Berkeley DB hash file: linear hashing with two buckets at first, one more whenever a bucket outgrows its page.

Keys of one page are sorted; `pairs` walks the buckets, which is the order of `postmap -s hash:...`.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import Final

from simulator.postfix.lib.tables.berkeley_page import HEADER_SIZE, INVALID, PAGE_SIZE, Page, Pair, overflow_count

#: Items longer than a quarter of a page lie on pages of their own.
_BIG: Final = PAGE_SIZE // 4
#: What Postfix says of the expected number of elements; the counter starts there.
_EXPECTED: Final = 4096


def key_hash(key: bytes) -> int:
    """Fowler/Noll/Vo, as the library's default."""
    value = 0
    for byte in key:
        value = (value * 16777619 & 0xFFFFFFFF) ^ byte
    return value


def _stored_size(content: bytes) -> int:
    """With its place in the page's index."""
    return 14 if len(content) > _BIG else len(content) + 3


def _pair_size(pair: Pair) -> int:
    return _stored_size(pair[0]) + _stored_size(pair[1])


def _log2(number: int) -> int:
    return (number - 1).bit_length() if number > 1 else 0


class HashTable:
    """Buckets and their pages. `off_pages` are the pages of long items, by kind (0 key, 1 value) and key."""

    def __init__(self, file_id: bytes = b"") -> None:
        self.file_id = file_id
        self.max_bucket, self.high_mask, self.low_mask = 1, 1, 0
        self.elements = _EXPECTED
        self.spares = [1, 1] + [INVALID] * 30
        self.last_page = 2
        self.free: list[int] = []
        self.pages: dict[int, Page] = {1: Page(), 2: Page()}
        self.off_pages: dict[tuple[int, bytes], list[int]] = {}

    # -- buckets and pages ------------------------------------------------------------------------------------------------

    def _bucket(self, key: bytes) -> int:
        bucket = key_hash(key) & self.high_mask
        return bucket & self.low_mask if bucket > self.max_bucket else bucket

    def _page_number(self, bucket: int) -> int:
        return bucket + self.spares[_log2(bucket + 1)]

    def _chain(self, bucket: int) -> Iterator[Page]:
        number = self._page_number(bucket)
        while number != INVALID:
            page = self.pages.setdefault(number, Page())
            yield page
            number = page.next

    def _new_page(self) -> int:
        if self.free:
            return self.free.pop()
        self.last_page += 1
        return self.last_page

    def _release(self, number: int) -> None:
        """The last page of a file makes it shorter; others wait for their next use."""
        if number == self.last_page:
            self.last_page -= 1
        else:
            self.free.append(number)

    @staticmethod
    def _room(page: Page) -> int:
        return PAGE_SIZE - HEADER_SIZE - sum(map(_pair_size, page.pairs))

    def _find(self, key: bytes) -> tuple[Page, int] | None:
        for page in self._chain(self._bucket(key)):
            position = bisect.bisect_left(page.pairs, key, key=_key)
            if position < len(page.pairs) and page.pairs[position][0] == key:
                return page, position
        return None

    # -- operations -------------------------------------------------------------------------------------------------------

    def get(self, key: bytes) -> bytes | None:
        found = self._find(key)
        return None if found is None else found[0].pairs[found[1]][1]

    def put(self, key: bytes, value: bytes, overwrite: bool) -> bool:
        """True if stored; False if the key is there and may not be overwritten."""
        found = self._find(key)
        if found is not None:
            if not overwrite:
                return False
            self._replace(*found, (key, value))
        elif self._add(self._bucket(key), (key, value)):
            self._grow()
        return True

    def delete(self, key: bytes) -> bool:
        found = self._find(key)
        if found is None:
            return False
        self.elements -= 1
        self._remove(*found)
        return True

    def pairs(self) -> Iterator[Pair]:
        for bucket in range(self.max_bucket + 1):
            for page in self._chain(bucket):
                yield from page.pairs

    def _replace(self, page: Page, position: int, pair: Pair) -> None:
        old = page.pairs[position]
        grows = _pair_size(pair) - _pair_size(old)
        if len(old[1]) <= _BIG >= len(pair[1]) and grows <= self._room(page):
            page.pairs[position] = pair
            return
        self.elements -= 1
        self._remove(page, position)
        if self._add(self._bucket(pair[0]), pair):
            self._grow()

    def _add(self, bucket: int, pair: Pair) -> bool:
        """Into the first page of the chain with room to spare, or the last if it just fits; True if the chain became longer."""
        self.elements += 1
        size = _pair_size(pair)
        page = Page()
        for page in self._chain(bucket):
            if size < self._room(page):
                self._insert(page, pair)
                return False
        if size == self._room(page):
            self._insert(page, pair)
            return False
        page.next = self._new_page()
        self._insert(self.pages.setdefault(page.next, Page()), pair)
        return True

    def _insert(self, page: Page, pair: Pair) -> None:
        for kind, content in enumerate(pair):
            if len(content) > _BIG and (kind, pair[0]) not in self.off_pages:
                self.off_pages[(kind, pair[0])] = [self._new_page() for _ in range(overflow_count(len(content)))]
        bisect.insort(page.pairs, pair, key=_key)

    def _remove(self, page: Page, position: int) -> None:
        key = page.pairs.pop(position)[0]
        for kind in (0, 1):
            for number in reversed(self.off_pages.pop((kind, key), [])):
                self._release(number)
        if not page.pairs:
            self._unlink(self._bucket(key), page)

    def _unlink(self, bucket: int, empty: Page) -> None:
        """Give back an empty page, unless it is the only one of its bucket."""
        chain = list(self._chain(bucket))
        position = chain.index(empty)
        if position:
            before = chain[position - 1]
            number, before.next = before.next, empty.next
        elif len(chain) > 1:
            number, after = empty.next, chain[1]
            empty.pairs, empty.next = after.pairs, after.next
        else:
            return
        del self.pages[number]
        self._release(number)

    def _grow(self) -> None:
        """One bucket more: the pairs of one old bucket are divided between it and the new one."""
        new = self.max_bucket + 1
        doubling = self.max_bucket == self.high_mask
        level = _log2(new)
        if doubling and self.spares[level + 1] == INVALID:
            first = self.last_page + 1
            self.last_page = first + self.max_bucket
            self.spares[level + 1] = first - new
            self.pages[self.last_page] = Page()
        old = new & self.low_mask if not doubling else new & self.high_mask
        self.max_bucket = new
        if doubling:
            self.low_mask = self.high_mask
            self.high_mask = new | self.low_mask
        self._split(old, new)

    def _split(self, old: int, new: int) -> None:
        chain = list(self._chain(old))
        numbers = [self._page_number(old), *(page.next for page in chain)]
        target = {old: Page(), new: Page()}
        self.pages[numbers[0]], self.pages[self._page_number(new)] = target[old], target[new]
        for number, page in zip(numbers, chain, strict=False):
            for pair in page.pairs:
                bucket = self._bucket(pair[0])
                if self._room(target[bucket]) < _pair_size(pair):
                    target[bucket].next = self._new_page()
                    target[bucket] = self.pages.setdefault(target[bucket].next, Page())
                bisect.insort(target[bucket].pairs, pair, key=_key)
            if page is not chain[0]:
                del self.pages[number]
                self._release(number)



def _key(pair: Pair) -> bytes:
    return pair[0]
