"""How an address is quoted: RFC 822 for headers, RFC 821 for SMTP commands.

Inside a mail system an address is bare text ("anna meier@example.com"); in a header or an SMTP command its local part must
be a dot-string or a quoted-string. Text is str; bytes that are no UTF-8 travel in it as surrogate escapes.
"""

from __future__ import annotations

import re

# What keeps a local part from being a dot-string: controls, blank and the specials of RFC 822 3.3 (which Postfix uses for
# SMTP commands too), an empty atom.
_NOT_DOT_STRING = re.compile(r'[\x00-\x20\x7f()<>,;:\\"\[\]]|\.\.|\A\.|\.\Z|\A\Z')


def _is_dot_string(local: str, eight_bit_clean: bool, expose_at: bool) -> bool:
    if _NOT_DOT_STRING.search(local) or ("@" in local and not expose_at):
        return False
    return eight_bit_clean or local.isascii()


def _quoted_string(local: str, escape: str, eight_bit_clean: bool) -> str:
    if eight_bit_clean or local.isascii():
        return '"' + re.sub(f"[{escape}]", r"\\\g<0>", local) + '"'
    # Each byte of an 8-bit character is quoted alone.
    data = re.sub(rb"[\x80-\xff" + escape.encode() + rb"]", rb"\\\g<0>", local.encode("utf-8", "surrogateescape"))
    return '"' + data.decode("utf-8", "surrogateescape") + '"'


def quote_822_local(
    address: str, *, eight_bit_clean: bool = True, expose_at: bool = False, bare_localpart: bool = False
) -> str:
    """The address as a header may show it: its local part quoted where RFC 822 6.1 wants that.

    A source route before the local part ("@relay:user@host") is kept. `expose_at` lets further "@" stay unquoted;
    `bare_localpart` says that the whole address is a local part.
    """
    route = address.index(":") + 1 if address.startswith("@") and ":" in address else 0
    end = len(address) if bare_localpart else address.rfind("@", route)
    end = len(address) if end < 0 else end
    local = address[route:end]
    if _is_dot_string(local, eight_bit_clean, expose_at):
        return address
    return address[:route] + _quoted_string(local, '"\\\\\r', eight_bit_clean) + address[end:]


def quote_821_local(address: str, *, eight_bit_clean: bool = True, expose_at: bool = False) -> str:
    """The address as MAIL FROM or RCPT TO shows it: its local part quoted where RFC 821 4.1.2 wants that."""
    end = address.rfind("@")
    end = len(address) if end < 0 else end
    if _is_dot_string(address[:end], eight_bit_clean, expose_at):
        return address
    return _quoted_string(address[:end], '"\\\\\r\n', eight_bit_clean) + address[end:]


def unquote_822_local(address: str) -> str:
    """The bare form of a quoted address: quotes and backslashes of the local part go, text behind the last unquoted "@" stays."""
    if '"' not in address and "\\" not in address:
        return address
    route = address.index(":") + 1 if address.startswith("@") and ":" in address else 0
    local, bare_at, domain = _unquote(address[route:])
    return address[:route] + (local[:bare_at] + domain if bare_at >= 0 else local)


def _unquote(text: str) -> tuple[str, int, str]:
    """The unquoted text, where in it the last bare "@" is (or -1), and the raw text from that "@" on."""
    result: list[str] = []
    bare_at, domain, in_quote, escaped = -1, "", False, False
    for position, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == '"':
            in_quote = not in_quote
            continue
        elif char == "\\":
            escaped = True
            continue
        elif char == "@" and not in_quote:
            bare_at, domain = len(result), text[position:]
        result.append(char)
    return "".join(result), bare_at, domain
