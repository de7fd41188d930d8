"""proxy: tables: a table that proxymap(8) opens in the stead of this process. dict_proxy(3)."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.flags import FIXED, NO_PROXY, PATTERN

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext

#: How often a command tries to reach the service, and how long it waits in between, in seconds: mail_connect(3).
_ATTEMPTS = 10
_WAIT = 10


class ProxyTable(Table):
    """A table behind proxymap(8). Flags for instances are those that were asked for when it was opened."""

    type = "proxy"

    def __init__(self, context: TableContext, name: str, flags: int) -> None:
        super().__init__(context, name, flags, None)
        self.asked = flags
        self.folds = False

    def learn(self, server_flags: int) -> None:
        """Whether keys are fixed texts or patterns is the other table's affair."""
        self.flags = self.flags & ~(FIXED | PATTERN) | server_flags & (FIXED | PATTERN)

    def _get(self, key: str) -> str | None:
        found: str | None = connect(self.context, "proxymap").lookup(self.name, self.asked, key)
        return found


def connect(context: TableContext, service: str) -> Any:
    """The process that answers. In a daemon raises ServiceUnavailable; in a command Fatal, after many attempts."""
    from simulator.postfix.daemon import ServiceUnavailable

    master = context.host.daemons.get("postfix")
    path = f"{context.params['queue_directory']}/private/{context.params[service + '_service_name']}"
    for attempt in range(1, _ATTEMPTS + 2):
        reason: str | None = os.strerror(errno.ECONNREFUSED)
        try:
            context.fs.stat(path, context.cred)
            if master is not None:
                return master.process(f"private/{context.params[service + '_service_name']}")
        except OSError as error:
            reason = error.strerror
        except ServiceUnavailable:
            if context.error is not None:
                raise
        text = f"connect #{attempt} to subsystem {path}: {reason}"
        if context.sleep is None or attempt > _ATTEMPTS:
            raise Fatal(text)
        context.warn(text)
        context.sleep(_WAIT)
    raise AssertionError


def open_proxy(context: TableContext, name: str, flags: int) -> Table:
    """Raises Fatal if proxymap(8) may not read the table."""
    from simulator.postfix.lib.tables.open import open_table

    if flags & NO_PROXY:
        return open_table(name, context, flags)
    table = ProxyTable(context, name, flags)
    table.learn(ask(context, "proxymap", name, flags))
    return table


def ask(context: TableContext, service: str, name: str, flags: int) -> int:
    """Have the table opened by the service; its flags. Raises Fatal."""
    from simulator.postfix.proxymap import Denied, InvalidRequest

    served_by = context.params[service + "_service_name"]
    try:
        found: int = connect(context, service).open(name, flags)
    except Denied:
        raise Fatal(f'{served_by} service is not configured for table "{name}"') from None
    except InvalidRequest:
        raise Fatal(f'{served_by} open failed for table "{name}": invalid request') from None
    return found
