"""maillab: a mail world inside one Python process. The public face: `open_lab`, `Lab`, `Host`, `Result`.

The names are resolved at first use, so that a part (`simulator.clock`, say) can be imported without all the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.lab import Lab, open_lab
    from simulator.unix.host import Host
    from simulator.unix.program import Result

__all__ = ["Host", "Lab", "Result", "open_lab"]

_HOMES = {"Host": "simulator.unix.host", "Lab": "simulator.lab", "Result": "simulator.unix.program", "open_lab": "simulator.lab"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
