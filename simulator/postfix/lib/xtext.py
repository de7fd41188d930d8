"""xtext as smtpd(8) reads and writes it: ENVID, ORCPT, XCLIENT and XFORWARD values. More tolerant than RFC 3461 4, as the real one is."""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\+([0-9A-Fa-f]{2})")


def xtext_unquote(text: str) -> str | None:
    """The text with +XX replaced; None if a + is not followed by two hexadecimal digits."""
    data = text.encode("utf-8", "surrogateescape")
    if data.count(b"+") != len(_ESCAPE.findall(data)):
        return None
    return _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), data).decode("utf-8", "surrogateescape")


def xtext_quote(text: str) -> str:
    """The text with "+", "=" and all but printable ASCII as +XX: RFC 3461 4."""
    return "".join(chr(byte) if 33 <= byte <= 126 and byte not in b"+=" else f"+{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))
