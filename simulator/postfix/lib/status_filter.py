"""postconf(5) default_delivery_status_filter: a table that changes what is reported of a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.tables import Maps, TableError
from simulator.postfix.lib.tables.flags import LOCK

if TYPE_CHECKING:
    from simulator.postfix.daemon import Daemon


class StatusFilter:
    """Looks up "status reason", such as "4.4.1 connect to ...: Connection refused"."""

    def __init__(self, daemon: Daemon, parameter: str) -> None:
        self.daemon = daemon
        self.title = parameter
        self.maps = Maps(parameter, daemon.params[parameter], daemon.table_context, LOCK)

    def find(self, key: str) -> str | None:
        """The replacement, or None. A table that does not answer changes nothing."""
        try:
            found: str | None = self.maps.find(key)
        except TableError:
            self.daemon.log.warning(f"{self.maps.title}: lookup error for {key}")
            return None
        return found


def open_status_filter(daemon: Daemon, parameter: str) -> StatusFilter | None:
    """The filter that a parameter names; None if there is none."""
    return StatusFilter(daemon, parameter) if daemon.params[parameter] else None
