"""crypt(3) by SHA-256, SHA-512 (Drepper, "Unix crypt using SHA-256 and SHA-512") and MD5: `$5$`, `$6$`, `$1$`."""

from __future__ import annotations

import hashlib

ITOA64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DEFAULT_ROUNDS = 5000
#: More would only cost time: the specification allows 999999999.
_MOST_ROUNDS = 100_000


def _base64(value: int, length: int) -> str:
    text = ""
    for _ in range(length):
        text += ITOA64[value & 63]
        value >>= 6
    return text


def _order(size: int) -> list[tuple[int, int, int]]:
    """Which bytes of the digest make up each group of four letters."""
    third = size // 3
    step = (1, 2, 0) if size == 64 else (2, 0, 1)
    places, group = [], [0, third, 2 * third]
    for _ in range(third):
        places.append((group[0], group[1], group[2]))
        group = [group[step[0]] + 1, group[step[1]] + 1, group[step[2]] + 1]
    return places


def sha_crypt(password: str, setting: str, name: str) -> str:
    """The whole text `$6$[rounds=N$]salt$digest`; `setting` is such a text or its beginning."""
    parts = setting.split("$")
    rounds, prefix, rest = _DEFAULT_ROUNDS, "", parts[2:]
    if rest and rest[0].startswith("rounds=") and rest[0][7:].isdigit():
        rounds = min(max(int(rest[0][7:]), 1000), _MOST_ROUNDS)
        prefix, rest = f"rounds={rounds}$", rest[1:]
    salt_text = (rest[0] if rest else "")[:16]
    digest = _sha_rounds(password.encode("utf-8", "surrogateescape"), salt_text.encode("utf-8", "surrogateescape"), rounds, name)
    out = "".join(_base64(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in _order(len(digest)))
    out += _base64(digest[63], 2) if len(digest) == 64 else _base64(digest[31] << 8 | digest[30], 3)
    return f"${parts[1]}${prefix}{salt_text}${out}"


def _sha_rounds(key: bytes, salt: bytes, rounds: int, name: str) -> bytes:
    def digest(data: bytes) -> bytes:
        return hashlib.new(name, data).digest()

    def stretch(data: bytes, length: int) -> bytes:
        return (data * (length // len(data) + 1))[:length]

    other = digest(key + salt + key)
    first = key + salt + stretch(other, len(key))
    length = len(key)
    while length:
        first += other if length & 1 else key
        length >>= 1
    result = digest(first)
    p = stretch(digest(key * len(key)), len(key)) if key else b""
    s = stretch(digest(salt * (16 + result[0])), len(salt)) if salt else b""
    for number in range(rounds):
        data = p if number & 1 else result
        data += s if number % 3 else b""
        data += p if number % 7 else b""
        data += result if number & 1 else p
        result = digest(data)
    return result


def md5_crypt(password: str, setting: str) -> str:
    """The whole text `$1$salt$digest`."""
    salt_text = setting.split("$")[2][:8]
    key, salt = password.encode("utf-8", "surrogateescape"), salt_text.encode("utf-8", "surrogateescape")

    def digest(data: bytes) -> bytes:
        return hashlib.md5(data, usedforsecurity=False).digest()

    other = digest(key + salt + key)
    first = key + b"$1$" + salt + (other * (len(key) // 16 + 1))[: len(key)]
    length = len(key)
    while length:
        first += b"\0" if length & 1 else key[:1]
        length >>= 1
    result = digest(first)
    for number in range(1000):
        data = key if number & 1 else result
        data += salt if number % 3 else b""
        data += key if number % 7 else b""
        data += result if number & 1 else key
        result = digest(data)
    groups = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))
    out = "".join(_base64(result[a] << 16 | result[b] << 8 | result[c], 4) for a, b, c in groups) + _base64(result[11], 2)
    return f"$1${salt_text}${out}"
