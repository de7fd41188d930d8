"""The few pieces of DER (X.690) that the certificate library does not write or take apart itself."""

from __future__ import annotations

from collections.abc import Iterator

SEQUENCE, SET, INTEGER, OCTETS, NULL, UTF8 = 0x30, 0x31, 0x02, 0x04, 0x05, 0x0C


def der(tag: int, content: bytes) -> bytes:
    """One element: tag, length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of encoded elements."""
    return der(SEQUENCE, b"".join(parts))


def integer(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    data = bytearray((first * 40 + second,))
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        data += bytes(reversed(groups))
    return der(0x06, bytes(data))


def elements(content: bytes) -> Iterator[bytes]:
    """The encoded elements that a constructed element's content is made of."""
    at = 0
    while at < len(content):
        head = 2
        size = content[at + 1]
        if size & 0x80:
            head += size & 0x7F
            size = int.from_bytes(content[at + 2 : at + head], "big")
        yield content[at : at + head + size]
        at += head + size


def inside(element: bytes) -> bytes:
    """The content of one element."""
    return element[2 + (element[1] & 0x7F) if element[1] & 0x80 else 2 :]
