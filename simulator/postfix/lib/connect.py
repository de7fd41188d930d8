"""Reaching another service in the middle of a conversation: mail_connect_wait(3).

A service that is missing in master.cf is asked for every ten seconds; after ten attempts the process gives up.
"""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.postfix.daemon import CONNECT_ATTEMPTS, CONNECT_PAUSE, Daemon, ServiceUnavailable
from simulator.postfix.lib import log_lines
from simulator.postfix.lib.msg import Fatal


async def connect(daemon: Daemon, name: str) -> Any:
    """A process of the service, sooner or later. Raises Fatal."""
    attempt = 1
    while True:
        try:
            return daemon.call(name)
        except ServiceUnavailable as trouble:
            if trouble.reason:
                line = log_lines.connect_failed(attempt, trouble.path, trouble.reason)
                if attempt > CONNECT_ATTEMPTS:
                    raise Fatal(line) from trouble
                daemon.log.warning(line)
                attempt += 1
        await asyncio.sleep(CONNECT_PAUSE)
