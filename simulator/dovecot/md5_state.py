"""The inner state of MD5 after one block (RFC 1321), which hashlib does not show: Dovecot's CRAM-MD5 scheme stores it."""

from __future__ import annotations

import math

_SINES = [int(abs(math.sin(number + 1)) * 2**32) & 0xFFFFFFFF for number in range(64)]
_SHIFTS = [7, 12, 17, 22] * 4 + [5, 9, 14, 20] * 4 + [4, 11, 16, 23] * 4 + [6, 10, 15, 21] * 4
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)


def _mix(number: int, b: int, c: int, d: int) -> tuple[int, int]:
    if number < 16:
        return (b & c) | (~b & d), number
    if number < 32:
        return (d & b) | (~d & c), (5 * number + 1) % 16
    if number < 48:
        return b ^ c ^ d, (3 * number + 5) % 16
    return c ^ (b | ~d), (7 * number) % 16


def block_state(block: bytes) -> bytes:
    """The four words of the state, little-endian, after a block of 64 bytes."""
    words = [int.from_bytes(block[4 * place : 4 * place + 4], "little") for place in range(16)]
    a, b, c, d = _START
    for number in range(64):
        value, place = _mix(number, b, c, d)
        total = (a + (value & 0xFFFFFFFF) + _SINES[number] + words[place]) & 0xFFFFFFFF
        turned = (total << _SHIFTS[number] | total >> (32 - _SHIFTS[number])) & 0xFFFFFFFF
        a, d, c, b = d, c, b, (b + turned) & 0xFFFFFFFF
    return b"".join(((x + y) & 0xFFFFFFFF).to_bytes(4, "little") for x, y in zip(_START, (a, b, c, d), strict=True))
