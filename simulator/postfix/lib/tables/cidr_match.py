"""Networks such as 192.0.2.0/24 and [2001:db8::]/32, in tables and in lists such as mynetworks: cidr_match(3)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadNetwork(ValueError):
    """A pattern is no network; the text says why."""


@dataclass(frozen=True, slots=True)
class Network:
    """All addresses whose first bits are `bits`; or, not `positive`, all others."""

    version: int
    bits: int
    mask: int
    positive: bool = True

    def same_family(self, address: Address) -> bool:
        return address.version == self.version

    def matches(self, address: Address) -> bool:
        return (int(address) & self.mask == self.bits) == self.positive


def parse_address(text: str) -> Address | None:
    """What inet_pton(3) takes: no leading zeros, no scope."""
    if "%" in text or not text.isascii():
        return None
    try:
        return ipaddress.IPv6Address(text) if ":" in text else ipaddress.IPv4Address(text)
    except ValueError:
        return None


def parse_network(pattern: str, positive: bool = True) -> Network:
    """`net/len`, `[net/len]`, `[net]/len` or an address. Raises BadNetwork."""
    text = pattern
    if text.startswith("["):
        text, bracket, rest = text[1:].partition("]")
        if not bracket:
            raise BadNetwork(f"missing ']' character after \"[{text}\"")
        if rest and not rest.startswith("/"):
            raise BadNetwork(f'garbage after "[{text}]"')
        text += rest
    net, slash, length = text.partition("/")
    if slash:
        return _with_length(net, length, positive)
    address = parse_address(net)
    if address is None:
        raise BadNetwork(f'bad address pattern: "{net}"')
    return Network(address.version, int(address), (1 << address.max_prefixlen) - 1, positive)


def _with_length(net: str, length: str, positive: bool) -> Network:
    width = 128 if ":" in net else 32
    if not (length.isascii() and length.isdigit()):
        raise BadNetwork(f'bad mask value in "{net}/{length}"')
    if int(length[:9]) > width:
        raise BadNetwork(f'bad mask length in "{net}/{length}"')
    address = parse_address(net)
    if address is None:
        raise BadNetwork(f'bad network value in "{net}/{length}"')
    shift = int(length)
    mask = (1 << width) - (1 << width - shift)
    if int(address) & ~mask:
        base = type(address)(int(address) & mask)
        raise BadNetwork(f'non-null host address bits in "{net}/{length}", perhaps you should use "{_spelt(base)}/{shift}" instead')
    return Network(address.version, int(address), mask, positive)


def _spelt(address: Address) -> str:
    """As inet_ntop(3) spells it: IPv4 inside of IPv6 with dots."""
    if address.version == 6 and int(address) > 0xFFFF and int(address) >> 32 in (0, 0xFFFF):
        prefix = "::ffff:" if int(address) >> 32 else "::"
        return f"{prefix}{ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)}"
    return str(address)
