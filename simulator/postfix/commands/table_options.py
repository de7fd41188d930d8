"""The options of postmap(1) and postalias(1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.postfix.commands.command import Command
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables.flags import (
    DUP_IGNORE,
    DUP_REPLACE,
    DUP_WARN,
    FOLD_FIX,
    SRC_RHS_IS_FILE,
    TRY0NULL,
    TRY1NULL,
    UTF8_REQUEST,
)

#: What options -F, -N, -f, -n, -r, -u and -w take away from the flags, and what they add.
_FLAGS: Final = {
    "F": (0, SRC_RHS_IS_FILE),
    "N": (TRY0NULL, TRY1NULL),
    "f": (FOLD_FIX, 0),
    "n": (TRY1NULL, TRY0NULL),
    "r": (DUP_WARN | DUP_IGNORE, DUP_REPLACE),
    "u": (UTF8_REQUEST, 0),
    "w": (DUP_WARN | DUP_REPLACE, DUP_IGNORE),
}


@dataclass(slots=True)
class Settings:
    """The options of one run."""

    flags: int = DUP_WARN | FOLD_FIX | UTF8_REQUEST
    as_owner: bool = True
    save_permissions: bool = True
    truncate: bool = True
    query: str | None = None
    delete: str | None = None
    sequence: bool = False
    headers: bool = False
    bodies: bool = False
    mime: bool = False
    force_utf8: bool = False


def read_options(command: Command, spec: str, usage: str) -> Settings:
    """Raises Fatal."""
    settings = Settings()
    switches = {"o": "as_owner", "p": "save_permissions", "i": "truncate"}
    wants = {"b": "bodies", "h": "headers", "m": "mime", "U": "force_utf8"}
    for letter, value in command.options(spec):
        if letter == "?":
            raise Fatal(usage)
        if letter in _FLAGS:
            less, more = _FLAGS[letter]
            settings.flags = settings.flags & ~less | more
        elif letter in switches:
            setattr(settings, switches[letter], False)
        elif letter in wants:
            setattr(settings, wants[letter], True)
        elif letter == "c":
            command.use_config_directory(value)
        elif letter != "v":
            _mode(settings, letter, value)
    return settings


def _mode(settings: Settings, letter: str, value: str) -> None:
    asked = settings.query is not None or settings.delete is not None
    if letter == "s":
        if asked:
            raise Fatal("specify only one of -s or -q or -d")
        settings.sequence = True
        return
    if asked or settings.sequence:
        raise Fatal("specify only one of -s -q or -d")
    if letter == "q":
        settings.query = value
    else:
        settings.delete = value
