"""The client of the SMTPD access policy protocol: SMTPD_POLICY_README, attr_clnt(3).

A request is lines `name=value` and an empty line; the reply is `action=...` and an empty line. One connection serves many
requests; a server that hangs up is tried again after smtpd_policy_service_retry_delay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

#: A reply may not be longer than this many bytes.
_REPLY_LIMIT = 64 * 1024
#: What the connection to a server that does not exist says: the last word of the warning.
_APPLICATION_ERROR = "Application error"
_SILENT = ("No such file or directory", "Broken pipe", "Connection reset by peer")


@dataclass(frozen=True, slots=True)
class PolicyServer:
    """Where to ask and how patient to be: postconf(5) smtpd_policy_service_timeout and its kin. Times in seconds.

    `address` is `unix:private/policy` or `inet:host:port`.
    """

    address: str
    timeout: float
    retry_delay: float
    try_limit: int
    default_action: str
    context: str
    request_limit: int = 0

    @property
    def name(self) -> str:
        """As warnings call it."""
        return self.address.partition(":")[2]


class PolicyTrouble(Exception):
    """The server could not be asked."""


async def ask_policy(
    server: PolicyServer, attributes: Mapping[str, str], connect: Callable[[str], Awaitable[Streams]], warn: Callable[[str], None]
) -> str:
    """The action for a request. `connect(address)` opens a connection or raises OSError. Raises PolicyTrouble after the last try."""
    request = "".join(f"{name}={value}\n" for name, value in attributes.items()) + "\n"
    for attempt in range(1, server.try_limit + 1):
        try:
            return await _one_try(server, request, connect)
        except OSError as error:
            reason = error.strerror or _APPLICATION_ERROR
            if isinstance(error, ConnectFailed):
                warn(f"connect to {server.name}: {reason}")
            if attempt == server.try_limit or reason not in (*_SILENT, _APPLICATION_ERROR):
                warn(f"problem talking to server {server.name}: {reason}")
        if attempt < server.try_limit:
            await asyncio.sleep(server.retry_delay)
    raise PolicyTrouble(server.name)


class ConnectFailed(OSError):
    """Nobody listens."""


async def _one_try(server: PolicyServer, request: str, connect: Callable[[str], Awaitable[Streams]]) -> str:
    try:
        reader, writer = await connect(server.address)
    except OSError as error:
        raise ConnectFailed(error.errno, error.strerror) from error
    try:
        writer.write(request.encode("utf-8", "surrogateescape"))
        return await asyncio.wait_for(_read_action(reader), server.timeout)
    except TimeoutError:
        raise OSError(110, "Connection timed out") from None
    finally:
        writer.close()


async def _read_action(reader: asyncio.StreamReader) -> str:
    """The value of `action`; the reply ends with an empty line."""
    action, size = None, 0
    while True:
        line = await reader.readline()
        size += len(line)
        if not line or size > _REPLY_LIMIT:
            raise OSError(0, _APPLICATION_ERROR)
        text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
        if not text:
            break
        name, equals, value = text.partition("=")
        if equals and name == "action":
            action = value
    if action is None:
        raise OSError(0, _APPLICATION_ERROR)
    return action
