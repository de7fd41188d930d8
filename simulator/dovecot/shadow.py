"""Passwords of system users: shadow(5), as PAM checks them."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from simulator.dovecot.passwords import verify

if TYPE_CHECKING:
    from simulator.unix.host import Host


def check_shadow(host: Host, user: str, password: str) -> bool:
    """Is this the user's password? A locked or empty one never fits."""
    for line in host.fs.read("/etc/shadow").decode("utf-8", "surrogateescape").splitlines():
        name, _, rest = line.partition(":")
        if name == user:
            stored = rest.split(":")[0]
            return bool(stored) and stored[0] not in "!*" and _fits(stored, password)
    return False


def _fits(stored: str, password: str) -> bool:
    if stored.startswith("$y$"):
        return _modelled(stored, password) == stored
    return verify(stored, password, "CRYPT")


def _modelled(stored: str, password: str) -> str:
    """The digest that passwd(1) of the simulated hosts writes in yescrypt's place."""
    salt = stored.split("$")[3]
    digest = hashlib.sha256((salt + password).encode("utf-8", "surrogateescape")).digest()
    return f"$y$j9T${salt}$" + base64.b64encode(digest).decode().replace("+", ".").rstrip("=")
