"""Names of sessions and deliveries, as Dovecot makes them from time, process and host."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.unix.host import Host


def guid(host: Host, pid: int, serial: int = 0) -> bytes:
    """16 bytes: nanoseconds, seconds, process id, a digest of the host's name."""
    now = host.clock.now
    nanoseconds = (int(now * 1e9) + serial) % 1_000_000_000
    place = hashlib.sha1(host.hostname.encode(), usedforsecurity=False).digest()[:4]
    return nanoseconds.to_bytes(4, "little") + int(now).to_bytes(4, "little") + pid.to_bytes(4, "little") + place


def delivery_id(host: Host, pid: int, serial: int = 0) -> str:
    """As in `lda(anna)<356><9UpQGP7FBWtkAQAAgupOug>`."""
    return base64.b64encode(guid(host, pid, serial)).decode().rstrip("=")


def login_id(host: Host, address: str, port: int, serial: int) -> str:
    """As in `session=<...>`: microseconds, serial number, the client's port and address."""
    moment = (int(host.clock.now * 1e6) + serial).to_bytes(8, "little")[:6]
    numbers = bytes(int(part) & 255 for part in address.split(".")) if address.count(".") == 3 else address.encode()[-16:]
    return base64.b64encode(moment + port.to_bytes(2, "little") + numbers).decode().rstrip("=")
