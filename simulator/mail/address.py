"""Mail addresses: local part, domain, extension; and, from the modules beside this one, tokens and quoting.

An address in *external* form is quoted as headers show it ('"anna meier"@example.com'), one in *internal* form is bare
text as programs use it ('anna meier@example.com').
"""

from __future__ import annotations

from simulator.mail.quoting import quote_821_local, quote_822_local, unquote_822_local
from simulator.mail.tokens import (
    ADDR,
    ATOM,
    COMMENT,
    DOMLIT,
    QSTRING,
    STARTGRP,
    Token,
    addresses,
    externalize,
    internalize,
    parse,
    scan,
)

__all__ = [
    "ADDR",
    "ATOM",
    "COMMENT",
    "DOMLIT",
    "QSTRING",
    "STARTGRP",
    "Token",
    "addresses",
    "casefold",
    "externalize",
    "internalize",
    "parse",
    "quote_821_local",
    "quote_822_local",
    "scan",
    "split_address",
    "split_extension",
    "strip_extension",
    "unquote_822_local",
]


def split_address(address: str) -> tuple[str, str | None]:
    """Local part and domain of an address in internal form: the last "@" divides. The domain is None without an "@"."""
    local, at, domain = address.rpartition("@")
    return (local, domain) if at else (address, None)


def split_extension(
    local: str, delimiters: str, *, owner_request_special: bool = True, double_bounce_sender: str = "double-bounce"
) -> tuple[str, str | None]:
    """Local part without and its extension (without the delimiter), None if it has none; the first delimiter divides.

    postmaster, mailer-daemon and the double-bounce sender are never split, and with "-" as a delimiter neither are
    owner-NAME and NAME-request, unless owner_request_special is off (postconf(5) recipient_delimiter).
    """
    lowered = local.lower()
    if lowered in ("postmaster", "mailer-daemon") or casefold(local) == casefold(double_bounce_sender):
        return local, None
    if "-" in delimiters and owner_request_special and _is_list_name(lowered):
        return local, None
    found = [position for position in map(local.find, delimiters) if position >= 0]
    if not found or min(found) == 0:
        return local, None
    return local[: min(found)], local[min(found) + 1 :]


def _is_list_name(lowered: str) -> bool:
    return lowered.startswith("owner-") or (lowered.endswith("-request") and lowered != "-request")


def strip_extension(
    address: str, delimiters: str, *, owner_request_special: bool = True, double_bounce_sender: str = "double-bounce"
) -> tuple[str, str] | None:
    """The address ("user+ext@domain" or "user+ext") without its extension, and the extension with its delimiter, or None."""
    local, domain = split_address(address)
    bare, extension = split_extension(
        local, delimiters, owner_request_special=owner_request_special, double_bounce_sender=double_bounce_sender
    )
    if extension is None:
        return None
    return bare if domain is None else f"{bare}@{domain}", local[len(bare)] + extension


def casefold(text: str) -> str:
    """The text as tables compare it: lower case for ASCII, Unicode case folding otherwise (smtputf8_enable)."""
    return text.lower() if text.isascii() else text.casefold()
