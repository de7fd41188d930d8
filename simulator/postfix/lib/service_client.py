"""Reaching a service of master.cf, and what can go wrong with it: mail_connect(3), attr_scan(3)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from simulator.postfix.lib import log_lines
from simulator.postfix.lib.msg import Fatal

if TYPE_CHECKING:
    from simulator.postfix.daemon import Daemon

P = ParamSpec("P")
R = TypeVar("R")

#: Services whose sockets lie in public/; all others are looked for in private/.
PUBLIC = frozenset(("cleanup", "pickup", "qmgr", "showq", "flush", "postlog"))

#: mail_connect_wait(3): pause between attempts, and how many.
CONNECT_PAUSE = 10.0
CONNECT_ATTEMPTS = 10


class ServiceUnavailable(Exception):
    """A service cannot be reached. `path` is "private/rewrite"; `reason` the system's error text, empty if it just does not answer."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.caller: Daemon | None = None


def service_path(name: str) -> str:
    """Where clients look for the socket of a service."""
    return f"public/{name}" if name in PUBLIC else f"private/{name}"


class ConnectionLost(ServiceUnavailable):
    """The process of the service died in the middle of a request."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "")

    @property
    def line(self) -> str:
        """What clients log."""
        return log_lines.premature_end(self.path)


def request(method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """Decorates what other processes ask of a daemon: a fatal error ends this process, and its client loses the connection."""

    @functools.wraps(method)
    def guarded(daemon: Any, /, *args: P.args, **more: P.kwargs) -> R:
        try:
            return method(daemon, *args, **more)
        except Fatal as fatal:
            daemon.die(fatal)
            raise ConnectionLost(daemon.service.path) from fatal

    return guarded
