"""What is wrong with a numerical host address, in the words of Postfix's log: valid_hostname(3)."""

from __future__ import annotations

import re

from simulator.postfix.lib.hostname import valid_ipv4, valid_ipv6

_IPV4 = "valid_ipv4_hostaddr"
_IPV6 = "valid_ipv6_hostaddr"
_MOST = 100
_HEX = re.compile(r"[0-9A-Fa-f]+")


def mailhost_trouble(text: str) -> str | None:
    """The warning about what stands between the brackets of an address literal; None if it is an address."""
    if text.lower().startswith("ipv6:"):
        return ipv6_trouble(text[5:])
    return ipv4_trouble(text)


def ipv4_trouble(address: str) -> str | None:
    """The warning about an IPv4 address; None if there is nothing wrong."""
    if valid_ipv4(address):
        return None
    octet, count = "", 0
    for position, char in enumerate(address):
        if char.isascii() and char.isdigit():
            count += not octet
            octet += char
            if int(octet) > 255:
                return _say(_IPV4, "invalid octet value", address)
        elif char == ".":
            if not octet or position + 1 == len(address):
                return _say(_IPV4, "misplaced dot", address)
            if count == 1 and int(octet) == 0:
                return _say(_IPV4, "bad initial octet value", address)
            octet = ""
        else:
            return _say(_IPV4, f"invalid character {_byte(char)}(decimal)", address)
    return _say(_IPV4, "invalid octet count", address)


def ipv6_trouble(address: str) -> str | None:
    """The warning about an IPv6 address; None if there is nothing wrong."""
    if valid_ipv6(address):
        return None
    fields = address.split(":")
    for number, field in enumerate(fields):
        if "." in field and number + 1 == len(fields):
            wrong = not 2 <= number <= 6
            return _say(_IPV6, "malformed IPv4-in-IPv6 address", address) if wrong else ipv4_trouble(field)
        found = _HEX.match(field)
        if found and len(found[0]) > 4:
            return _say(_IPV6, "malformed IPv6 address", address)
        if field and (not found or found.end() < len(field)):
            place = found.end() if found else 0
            return _say(_IPV6, f"invalid character {_byte(field[place])}(decimal) in IPv6 address", address)
    return _shape_trouble(address, fields)


def _shape_trouble(address: str, fields: list[str]) -> str | None:
    if address.startswith(":") and address[1:2] not in ("", ":"):
        return _say(_IPV6, "bad null first field in IPv6 address", address)
    if len(fields) > 8:
        return _say(_IPV6, "too many `:' in IPv6 address", address)
    if address.count("::") > 1 or ":::" in address:
        return _say(_IPV6, "too many `::' in IPv6 address", address)
    if len(fields) < 3:
        return _say(_IPV6, "too few `:' in IPv6 address", address)
    return _say(_IPV6, "bad null last field in IPv6 address", address)


def _byte(char: str) -> int:
    return char.encode("utf-8", "surrogateescape")[0]


def _say(function: str, trouble: str, address: str) -> str:
    return f"{function}: {trouble}: {address[:_MOST]}"
