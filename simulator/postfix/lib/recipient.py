"""One recipient of a message, and what RFC 3461 lets a sender ask for: NOTIFY and RET."""

from __future__ import annotations

from dataclasses import dataclass

NOTIFY_NEVER, NOTIFY_SUCCESS, NOTIFY_FAILURE, NOTIFY_DELAY = 1, 2, 4, 8
RET_FULL, RET_HDRS = 1, 2


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient record. `offset` is that of its R record, which delivery turns into a D (done).

    `orig_address` is the address before aliases, as X-Original-To shows it; `dsn_notify` is a sum of NOTIFY_..., 0 = not said.
    """

    address: str
    orig_address: str = ""
    dsn_orcpt: str = ""
    dsn_notify: int = 0
    offset: int = 0
    done: bool = False

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2] if "@" in self.address else ""
