"""SASL mechanisms on the server's side: PLAIN, LOGIN, CRAM-MD5, ANONYMOUS is missing (RFC 4616, RFC 2195)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

#: Mechanism -> its properties in the handshake.
PROPERTIES = {
    "PLAIN": ("plaintext",), "LOGIN": ("plaintext",), "CRAM-MD5": ("dictionary", "active"), "DIGEST-MD5": ("dictionary", "active", "mutual-auth"),
    "ANONYMOUS": ("anonymous",), "EXTERNAL": ("private",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client has sent. `None` as a result of a mechanism: rubbish."""

    user: str
    password: str
    authorization: str = ""


Ask = Callable[[str], Awaitable[str | None]]


def decode(text: str) -> bytes | None:
    """Base64, or None."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def plain(data: bytes) -> Credentials | None:
    """RFC 4616: authorization, user and password with NUL between them."""
    parts = data.split(b"\0")
    if len(parts) != 3:
        return None
    name, user, password = (part.decode("utf-8", "surrogateescape") for part in parts)
    return Credentials(user, password, name) if user else None
