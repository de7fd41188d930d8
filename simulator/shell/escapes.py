r"""Backslash sequences as printf(1) and the formats of coreutils know them: `\n`, `\t`, `\0ooo`, `\xhh`."""

from __future__ import annotations

import re

_SIMPLE = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
_SEQUENCE = re.compile(r'\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|([abefnrtv\\"]))')


def interpret(text: str) -> str:
    """The text with its sequences replaced; unknown ones stay."""

    def value(match: re.Match[str]) -> str:
        if match[1] or match[2]:
            number = int(match[1], 16) if match[1] else int(match[2], 8) & 0xFF
            return bytes([number]).decode("utf-8", "surrogateescape")
        return _SIMPLE[match[3]]

    return _SEQUENCE.sub(value, text)
