"""Bytes that are no utf-8, on their way through bashkit.

Our texts carry such bytes as lone surrogates (surrogateescape). bashkit's texts cannot, so on their way in they become
characters at the very end of Unicode's last private plane, and surrogates again on their way out. Files keep their bytes.
"""

from __future__ import annotations

_SHIFT = 0x10FF00 - 0xDC00
_IN = {0xDC00 + byte: 0xDC00 + byte + _SHIFT for byte in range(0x80, 0x100)}
_OUT = {private: surrogate for surrogate, private in _IN.items()}
_FIRST_PRIVATE = "\U0010ff80"


def into_bash(text: str) -> str:
    """A text for bashkit: lone surrogates become private characters."""
    if text.isascii():
        return text
    return text.translate(_IN)


def out_of_bash(text: str) -> str:
    """A text from bashkit, with its odd bytes as surrogates again."""
    if text.isascii() or max(text) < _FIRST_PRIVATE:
        return text
    return text.translate(_OUT)


def bytes_into_bash(data: bytes) -> bytes:
    """A file's content as bashkit reads it."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return into_bash(data.decode("utf-8", "surrogateescape")).encode("utf-8")
    return data


def bytes_out_of_bash(data: bytes) -> bytes:
    """What bashkit writes to a file."""
    if b"\xf4\x8f" not in data:
        return data
    return out_of_bash(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
