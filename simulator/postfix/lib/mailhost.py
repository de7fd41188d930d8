"""Host addresses and names as mail writes them: valid_mailhost_addr(3), midna_domain(3)."""

from __future__ import annotations

from simulator.postfix.lib.hostname import valid_address, valid_hostname, valid_ipv4, valid_ipv6

_IPV6_PREFIX = "ipv6:"


def is_address(text: str) -> bool:
    """A bare IPv4 or IPv6 address."""
    return valid_address(text)


def mailhost_address(text: str) -> str | None:
    """The bare address in what stands between the brackets of an address literal (RFC 5321 4.1.3); None if it is none."""
    if text.lower().startswith(_IPV6_PREFIX):
        bare = text[len(_IPV6_PREFIX) :]
        return bare if valid_ipv6(bare) else None
    return text if valid_ipv4(text) else None


def is_address_literal(text: str) -> bool:
    """`[192.0.2.1]` or `[IPv6:2001:db8::1]`."""
    return text.startswith("[") and text.endswith("]") and mailhost_address(text[1:-1]) is not None


def rfc_address(address: str) -> str:
    """An address as Received: shows it, with "IPv6:" before an IPv6 address."""
    return f"IPv6:{address}" if ":" in address else address


def ascii_domain(name: str) -> str | None:
    """The form in which the DNS knows a domain (RFC 5890); None if it has none."""
    if name.isascii():
        return name
    try:
        encoded = name.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return encoded if valid_hostname(encoded) else None


def is_utf8_host_name(name: str, smtputf8: bool) -> bool:
    """A host name, or with SMTPUTF8 one whose form for the DNS is."""
    if smtputf8 and not name.isascii():
        return ascii_domain(name) is not None
    return valid_hostname(name)
