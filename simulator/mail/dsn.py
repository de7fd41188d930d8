"""Enhanced status codes and addresses of delivery status notifications: RFC 3463, RFC 3464, RFC 3461.

Values only: `is_dsn("5.1.1")`, `split_dsn("4.2.1 closed until six", "4.0.0")`, xtext of ENVID and ORCPT.
"""

from __future__ import annotations

import re
from typing import Final

_CODE: Final = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?=\s|\Z)")
_XTEXT: Final = re.compile(r"\+([0-9A-F]{2})")


def is_dsn(text: str) -> bool:
    """Is all of this an enhanced status code, such as 5.1.1?"""
    match = _CODE.match(text)
    return match is not None and match.end() == len(text)


def leading_dsn(text: str) -> str:
    """The enhanced status code at the beginning of a text, or nothing."""
    match = _CODE.match(text)
    return match[0] if match else ""


def split_dsn(text: str, default: str) -> tuple[str, str]:
    """Code and remaining text; `default` when the text does not begin with a code."""
    text = text.lstrip()
    code = leading_dsn(text)
    return (code, text[len(code) :].lstrip()) if code else (default, text)


def prepend_dsn(code: str, text: str) -> str:
    """The text with a code in front, unless it has one."""
    return text if leading_dsn(text) else f"{code} {text}"


def xtext(text: str, special: str = "+=") -> str:
    """RFC 3461 4: characters outside ! to ~, and "+" and "=", as +XX."""
    return "".join(char if "!" <= char <= "~" and char not in special else f"+{ord(char):02X}" for char in text)


def from_xtext(text: str) -> str | None:
    """The text that was written as xtext; None if it is not xtext."""
    if re.search(r"\+(?![0-9A-F]{2})", text) or not all("!" <= char <= "~" for char in text):
        return None
    return _XTEXT.sub(lambda match: chr(int(match[1], 16)), text)
