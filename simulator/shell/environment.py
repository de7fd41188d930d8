"""The environment that a shell hands to a program.

bash counts its levels in SHLVL and puts the program's file into `_`; dash does neither, it passes on what it has got. dash's
list of variables is in the order of its hash table, which is how `env` in a mail command prints it.
"""

from __future__ import annotations

#: var.c of dash.
_TABLE_SIZE = 39
_BASH_ONLY = ("SHLVL", "_")


def _slot(name: str) -> int:
    return ((ord(name[0]) << 4) + sum(map(ord, name))) % _TABLE_SIZE


def dash_environment(now: dict[str, str], inherited: dict[str, str]) -> dict[str, str]:
    """What dash exports, in its order. `inherited` is the environment that it was started with."""
    own = {name: value for name, value in now.items() if name and name not in _BASH_ONLY}
    own |= {name: inherited[name] for name in _BASH_ONLY if name in inherited}
    return dict(sorted(own.items(), key=lambda item: _slot(item[0])))
