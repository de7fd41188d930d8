"""`%u` and its relatives in settings (Dovecot's "Config variables")."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"%([LURTEX]*)(?:\{([^}]*)\}|(.))", re.S)
_LONG = {"user": "u", "username": "n", "domain": "d", "home": "h", "service": "s", "lip": "l", "rip": "r", "uid": "i", "gid": "I"}
_CHANGES = {"L": str.lower, "U": str.upper}


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace variables by their values; `values` has the short names ("u", "n", "d", "h", "s") and long ones. A missing one is empty."""

    def one(match: re.Match[str]) -> str:
        if match[3] == "%":
            return "%"
        name = match[3] or _LONG.get(match[2], match[2])
        value = values.get(name, "")
        for letter in match[1]:
            value = _CHANGES[letter](value) if letter in _CHANGES else value
        return value

    return _VARIABLE.sub(one, text)


def of_user(user: str, **others: str) -> dict[str, str]:
    """The variables that a user's name gives, and others."""
    name, _, domain = user.partition("@")
    return {"u": user, "n": name, "d": domain} | others
