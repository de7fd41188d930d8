"""A client that speaks SMTP as a checker does: one command, one reply (RFC 5321 4.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from simulator.lab import Lab
from simulator.net.network import HostNetwork

#: Where the stranger `probe.example.org` calls from.
STRANGER = "198.51.100.66"
_PATIENCE = 120.0


def converse(lab: Lab, origin: HostNetwork, address: str, commands: Sequence[str]) -> list[str]:
    """Say the commands to port 25, each after the reply to the one before. Returns the greeting and the replies; it is shorter
    when the server hangs up, and empty when nobody answers."""
    replies: list[str] = []
    try:
        lab.clock.run_coroutine(_talk(origin, address, commands, replies), limit=_PATIENCE)
    except OSError as error:
        # nobody listens, or the connection broke: that is the finding
        replies.append(str(error))
    return replies


async def _talk(origin: HostNetwork, address: str, commands: Sequence[str], replies: list[str]) -> None:
    reader, writer = await origin.open_connection(address, 25)
    replies.append(await _reply(reader))
    for command in commands:
        if not replies[-1]:
            break
        writer.write(f"{command}\r\n".encode())
        replies.append(await _reply(reader))
    writer.close()


async def _reply(reader: asyncio.StreamReader) -> str:
    text = ""
    while line := (await reader.readline()).decode("utf-8", "surrogateescape"):
        text += line
        if line[3:4] != "-":
            break
    return text
