"""What is broken on the network: faults that a lab, an exercise or a notebook sets and clears.

    faults = lab.network.faults
    faults.set("refused", host="mx1", port=25)             # nobody seems to listen
    faults.set("dropped", host="mx1")                      # packets vanish: connections time out
    faults.set("slow", host="mx1", seconds=2.0)            # each segment needs two seconds
    faults.set("reply", host="mx1", stage="rcpt", text="450 4.2.0 Try again later", match="carla@", times=3)
    faults.clear(host="mx1")

The stages of "reply" are those of an SMTP session: connect, ehlo, helo, starttls, auth, mail, rcpt, data, end-of-data, quit.
smtpd asks `faults.reply(host, port, stage, argument)` before it does its own work at a stage. What is set and cleared is told to
`note`, so that a saved session has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from simulator.net.transport import Address, Link

KINDS = ("refused", "dropped", "slow", "reply", "close")
STAGES = ("connect", "ehlo", "helo", "starttls", "auth", "mail", "rcpt", "data", "end-of-data", "quit")
#: How many faults may be set at once.
LIMIT = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Empty `host` or `client` and port 0 mean any.

    kind: refused, dropped, slow (by `seconds` for each segment), reply (the SMTP server says `text` at `stage`), close (the
    SMTP server hangs up at `stage`). `match`: only when the stage's address contains this text. `times`: how often; None:
    until cleared.
    """

    kind: str
    host: str = ""
    client: str = ""
    port: int = 0
    stage: str = ""
    text: str = ""
    match: str = ""
    times: int | None = None
    seconds: float = 0.0

    def concerns(self, client: str, host: str | None, port: int) -> bool:
        return self.host in ("", host) and self.client in ("", client) and self.port in (0, port)


class Faults:
    """The faults that are set now."""

    def __init__(self, note: Callable[..., None]) -> None:
        self.note = note
        self._faults: list[Fault] = []

    def set(self, kind: str, **how: object) -> Fault:
        """Set a fault; see `Fault` for what can be said. Raises ValueError for an unknown kind or stage, or too many faults."""
        fault = Fault(kind, **how)  # type: ignore[arg-type]
        if kind not in KINDS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(KINDS)}")
        if kind in ("reply", "close") and fault.stage not in STAGES:
            raise ValueError(f"no stage {fault.stage!r}; there are {', '.join(STAGES)}")
        if len(self._faults) >= LIMIT:
            raise ValueError(f"more than {LIMIT} faults are set")
        self.note("faults.set", kind=kind, **how)
        self._faults.append(fault)
        return fault

    def clear(self, kind: str | None = None, host: str | None = None) -> None:
        """Clear all faults, or those of a kind, or of a host."""
        self.note("faults.clear", kind=kind, host=host)
        self._faults = [one for one in self._faults if kind not in (None, one.kind) or host not in (None, one.host)]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(tuple(self._faults))

    def connect(self, client: str, host: str | None, address: str, port: int) -> str | None:
        """ "refused" or "dropped" when a connection from `client` to `host` (or to a bare address) is to fail so."""
        for fault in self._faults:
            if fault.kind in ("refused", "dropped") and (fault.concerns(client, host, port) or fault.concerns(client, address, port)):
                self._use(fault)
                return fault.kind
        return None

    def link(self, client: str, host: str, remote: Address) -> Link:
        """How a new connection's way behaves."""
        for fault in self._faults:
            if fault.kind == "slow" and fault.concerns(client, host, remote.port):
                return Link(delay=fault.seconds)
        return Link()

    def reply(self, host: str, port: int, stage: str, argument: str = "", client: str = "") -> str | None:
        """What the SMTP server of `host` is to answer at a stage instead of its own answer; "" means: hang up."""
        for fault in self._faults:
            if fault.kind in ("reply", "close") and fault.stage == stage and fault.concerns(client, host, port) and fault.match in argument:
                self._use(fault)
                return fault.text if fault.kind == "reply" else ""
        return None

    def _use(self, fault: Fault) -> None:
        """One of the `times` is used up."""
        if fault.times is None:
            return
        place = self._faults.index(fault)
        if fault.times <= 1:
            del self._faults[place]
        else:
            self._faults[place] = replace(fault, times=fault.times - 1)
