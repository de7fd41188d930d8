"""Where Postfix's programs reach other programs: `unix:private/policy`, `inet:host:port`, as unix_connect(3) and inet_connect(3) do."""

from __future__ import annotations

import asyncio
import errno
import os
import posixpath
from typing import TYPE_CHECKING

from simulator.net.resolver import Resolver

if TYPE_CHECKING:
    from simulator.unix.fs import Cred
    from simulator.unix.host import Host

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_STREAM_LIMIT = 64 * 1024


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


async def open_unix(host: Host, path: str, cred: Cred) -> Streams:
    """Connect to a socket in the file system (an absolute path). Raises OSError, as connect(2)."""
    fs = host.fs
    real = fs.realpath(path, cred)
    stat = fs.stat(real, cred)
    if not fs.access(real, 2, cred):
        raise _os_error(errno.EACCES)
    if stat.kind != "s":
        raise _os_error(errno.ECONNREFUSED)
    loop = host.clock.loop
    reader = asyncio.StreamReader(limit=_STREAM_LIMIT, loop=loop)
    transport, protocol = await host.net.connect_unix(real, lambda: asyncio.StreamReaderProtocol(reader, loop=loop))
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def open_inet(host: Host, place: str, root: str, timeout: float) -> Streams:
    """Connect to `host:port` or `[address]:port`; names are looked up as in the chroot `root`. Raises OSError."""
    name, _, port = place.rpartition(":")
    name = name.strip("[]") or "localhost"
    if not port.isdigit():
        raise _os_error(errno.EINVAL)
    found = Resolver(host.net, host.fs, root).addresses(name)
    if not found.addresses:
        raise _os_error(errno.EADDRNOTAVAIL)
    trouble: OSError | None = None
    for address in found.addresses:
        try:
            streams: Streams = await host.net.open_connection(address, int(port), timeout=timeout)
        except OSError as error:
            trouble = error
        else:
            return streams
    assert trouble is not None
    raise trouble


async def open_endpoint(host: Host, address: str, *, cred: Cred, directory: str, root: str, timeout: float) -> Streams:
    """Connect to `unix:PATH` (relative to `directory`, absolute in the chroot `root`) or `inet:PLACE`. Raises OSError."""
    kind, colon, place = address.partition(":")
    if colon and kind == "inet":
        return await open_inet(host, place, root, timeout)
    path = place if colon and kind == "unix" else address
    path = root + path if path.startswith("/") else posixpath.join(directory, path)
    return await open_unix(host, path, cred)
