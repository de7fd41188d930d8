"""A Berkeley DB hash file as bytes: version 9 of the format."""

from __future__ import annotations

import struct
from typing import Final

from simulator.postfix.lib.tables.berkeley_hash import HashTable, key_hash
from simulator.postfix.lib.tables.berkeley_page import (
    HASH_META,
    INVALID,
    PAGE_SIZE,
    Corrupt,
    Page,
    check_meta,
    free_pages,
    meta_image,
    overflow_content,
    overflow_count,
    overflow_images,
    page_image,
    page_items,
)

_P_HASH: Final = 13
_KEYDATA, _OFFPAGE = b"\x01", 3
_SECOND: Final = 2
#: Its hash in the first page tells whether two programs hash alike.
_CHARKEY: Final = b"%$sniglet^&\0"
_META = struct.Struct("<IIIIII32I")


class HashFile(HashTable):
    """A hash table that can be written and read."""

    def encode(self) -> bytes:
        images = {0: self._meta()}
        for bucket in range(self.max_bucket + 1):
            number, previous = self._page_number(bucket), INVALID
            while number != INVALID:
                page = self.pages.setdefault(number, Page())
                # The second page was made in the memory of the first one.
                remains = HashFile(self.file_id)._meta() if number == _SECOND else bytes(PAGE_SIZE)
                images[number] = page_image(number, previous, page.next, self._items(page), 0, _P_HASH, remains)
                previous, number = number, page.next
        for number, page in list(self.pages.items()):
            if number not in images:
                images[number] = page_image(number, INVALID, INVALID, [], 0, _P_HASH)
            for pair in page.pairs:
                for kind, content in enumerate(pair):
                    images |= overflow_images(content, self.off_pages.get((kind, pair[0]), []))
        for number, following in zip(self.free, [INVALID, *self.free], strict=False):
            images[number] = page_image(number, INVALID, following, [], 0, INVALID)
        return b"".join(images.get(number, bytes(PAGE_SIZE)) for number in range(self.last_page + 1))

    def _items(self, page: Page) -> list[bytes]:
        items = []
        for pair in page.pairs:
            for kind, content in enumerate(pair):
                numbers = self.off_pages.get((kind, pair[0]))
                items.append(struct.pack("<BxxxII", _OFFPAGE, numbers[0], len(content)) if numbers else _KEYDATA + content)
        return items

    def _meta(self) -> bytes:
        numbers = (self.max_bucket, self.high_mask, self.low_mask, 0, self.elements, key_hash(_CHARKEY), *self.spares)
        return meta_image(HASH_META, self.last_page, self.free[-1] if self.free else INVALID, self.file_id, _META.pack(*numbers))

    @classmethod
    def parse(cls, data: bytes) -> HashFile:
        """Raises WrongFormat, Corrupt."""
        file = cls(check_meta(data, HASH_META))
        numbers = _META.unpack_from(data, 72)
        file.max_bucket, file.high_mask, file.low_mask, _, file.elements, _ = numbers[:6]
        file.spares = list(numbers[6:])
        file.last_page = len(data) // PAGE_SIZE - 1
        file.pages = {}
        if file.max_bucket > file.last_page or file.spares[0] != 1:
            raise Corrupt("buckets")
        for bucket in range(file.max_bucket + 1):
            file._read_chain(data, file._page_number(bucket))
        file.free = free_pages(data)
        return file

    def _read_chain(self, data: bytes, number: int) -> None:
        while number != INVALID:
            if number in self.pages:
                raise Corrupt(f"page {number}")
            items, following = page_items(data, number)
            if len(items) % 2:
                raise Corrupt(f"page {number}")
            contents = [self._read_item(data, item) for item in items]
            pairs = list(zip(contents[::2], contents[1::2], strict=True))
            self.pages[number] = Page([(key[0], value[0]) for key, value in pairs], following)
            for pair in pairs:
                for kind, (_, numbers) in enumerate(pair):
                    if numbers:
                        self.off_pages[(kind, pair[0][0])] = numbers
            number = following

    @staticmethod
    def _read_item(data: bytes, item: bytes) -> tuple[bytes, list[int]]:
        if item[0] != _OFFPAGE:
            return item[1:], []
        if len(item) != 12:
            raise Corrupt("item")
        _, number, size = struct.unpack("<BxxxII", item)
        content = overflow_content(data, number, size)
        # The pages of a long item were allocated together.
        return content, list(range(number, number + overflow_count(size)))
