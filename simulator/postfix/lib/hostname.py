"""Which texts Postfix takes for host names and addresses: valid_hostname(3), host_port(3).

Each check tells through `warn` what is wrong, in Postfix's words, and returns whether all is well.
"""

from __future__ import annotations

import re

from simulator.postfix.lib.logical_lines import Warn, clip, ignore
from simulator.postfix.lib.numbers import is_digits

LABEL_LENGTH, NAME_LENGTH = 63, 255  # RFC 1035 2.3.4
_WORD = re.compile(r"[A-Za-z0-9_]")


def valid_hostname(name: str, warn: Warn = ignore) -> bool:
    """A domain name of labels; digits alone are an address, not a name."""
    problem = _hostname_problem(name.encode("utf-8", "surrogateescape").decode("latin-1"))
    if problem:
        warn(f"valid_hostname: {problem}" + ("" if problem == "empty hostname" else f": {clip(name, 100)}"))
    return not problem


def _hostname_problem(name: str) -> str:
    if not name:
        return "empty hostname"
    length = 0
    for at, char in enumerate(name):
        after = name[at + 1 : at + 2]
        if _WORD.match(char):
            length += 1
            if length > LABEL_LENGTH:
                return "hostname label too long"
        elif char == ".":
            if length == 0 or not after:
                return "misplaced delimiter"
            length = 0
        elif char == "-":
            length += 1
            if length == 1 or after in ("", "."):
                return "misplaced hyphen"
        else:
            return f"invalid character {ord(char)}(decimal)"
    if name.replace(".", "").isdigit():
        return "numeric hostname"
    return "" if len(name) <= NAME_LENGTH else f"bad length {len(name)}"


def valid_ipv4(address: str) -> bool:
    """A dotted quad; 0.0.0.0 is one, 0.1.2.3 is not."""
    parts = address.split(".")
    if len(parts) != 4 or not all(is_digits(part) and int(part[-4:]) <= 255 and len(part.lstrip("0")) <= 3 for part in parts):
        return False
    return int(parts[0]) != 0 or not address.strip("0.")


def ipv4_trouble(address: str) -> str:
    """What valid_ipv4_hostaddr(3) says of a text that is no dotted quad."""
    octets = address.split(".")
    wrong = next((char for char in address if char != "." and not is_digits(char)), "")
    if wrong:
        reason = f"invalid character {ord(wrong)}(decimal)"
    elif any(not octet for octet in octets):
        reason = "misplaced dot"
    elif any(int(octet) > 255 for octet in octets):
        reason = "invalid octet value"
    else:
        reason = "bad initial octet value" if len(octets) == 4 else "invalid octet count"
    return f"valid_ipv4_hostaddr: {reason}: {address[:100]}"


def valid_ipv6(address: str) -> bool:
    """Eight fields of hexadecimal digits, `::` once for fields of zero, the last two perhaps as a dotted quad."""
    head, dot, _ = address.partition(".")
    if dot:
        fields, _, last = head.rpartition(":")
        quad = address[len(fields) + 1 :]
        return bool(last) and valid_ipv4(quad) and 2 <= head.count(":") <= 6 and _valid_fields(fields + ":0:0")
    return _valid_fields(address)


def _valid_fields(address: str) -> bool:
    parts = address.split(":")
    if not 3 <= len(parts) <= 9 or address.count("::") > 1 or ":::" in address:
        return False
    if (not parts[0] and not address.startswith("::")) or (not parts[-1] and not address.endswith("::")):
        return False
    inner = [part for part in parts if part]
    if not all(len(part) <= 4 and re.fullmatch("[0-9a-fA-F]+", part) for part in inner):
        return False
    return len(inner) == 8 if "::" not in address else len(inner) < 8


def valid_address(address: str) -> bool:
    """An IPv4 or IPv6 address."""
    return valid_ipv6(address) if ":" in address else valid_ipv4(address)


def split_host_port(text: str, default_host: str | None = "", default_port: str | None = None) -> tuple[str, str]:
    """`host:port`, `[address]:port`, `:port` or `port` as (host, port). Raises ValueError with Postfix's words."""
    host: str | None
    port: str | None
    if text.startswith("["):
        inside = text[1:]
        tagged = inside[:5].lower() == "ipv6:"
        host, bracket, rest = (inside[5:] if tagged else inside).partition("]")
        if not bracket:
            raise ValueError('missing "]"')
        if rest and rest[0] != ":":
            raise ValueError('garbage after "]"')
        if tagged and not valid_ipv6(host):
            raise ValueError("malformed IPv6 address")
        port = rest[1:] or default_port
    elif ":" in text:
        host, _, port = text.rpartition(":")
        host, port = host or default_host, port or default_port
    else:
        host = default_host if default_host is not None else text or None
        port = default_port if default_port is not None else text or None
    if host is None:
        raise ValueError("missing host information")
    if port is None:
        raise ValueError("missing service information")
    if host != default_host and not valid_hostname(host) and not valid_address(host):
        raise ValueError("valid hostname or network address required")
    if port != default_port and port[:1].isdigit() and not is_digits(port):
        raise ValueError("garbage after numerical service")
    return host, port
