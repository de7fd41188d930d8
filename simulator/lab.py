"""A lab: the hosts of one world on one clock, and what a teacher, a test or a notebook does with them.

    lab = open_lab("ubuntu")
    lab["ubuntu"].run("echo hi | mail -s test anna")
    lab.settle()
    lab.advance("5d")

A lab is deterministic: the same world, seed and commands give the same bytes. `fork` makes an independent copy; `save`
writes a session as its commands with their times, `replay` runs them again.
"""

from __future__ import annotations

import copy
import functools
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from simulator import world as worlds
from simulator.clock import Clock, InFlight, seconds
from simulator.dialogue import Dialogue, find_dialogue
from simulator.installed import PACKAGE_STEPS, prepare_daemons, start_daemons
from simulator.net.gateway import Door
from simulator.net.network import Network
from simulator.net.stranger import Stranger
from simulator.session import Session
from simulator.shell.login import run_line
from simulator.trace import Trace
from simulator.unix.host import Host
from simulator.unix.image import add_user, install_base, install_programs
from simulator.why import Why, explain

#: What settle() waits at most, in virtual seconds: mail may be stuck in the active queue behind a throttled service.
SETTLE_SECONDS = 20.0
#: And this many decisions of daemons: two aliases that forward to each other for ever would fill the time with them.
SETTLE_EVENTS = 30_000
SESSION_FORMAT = 1


class SessionError(ValueError):
    """A saved session cannot be read: one line that names the file and what was expected."""


class History(list[dict[str, Any]]):
    """The steps of a session. They never change once written, so a copy of the lab shares them."""

    def __deepcopy__(self, memo: dict[int, Any]) -> History:
        return History(self)


class Lab:
    """The hosts of one world. `lab["hub"]` is a host; iteration gives their names."""

    def __init__(self, plan: worlds.World, seed: int) -> None:
        self.name = plan.name
        self.seed = seed
        self.started = False
        self.clock = Clock(plan.start)
        self.trace = Trace(self.clock)
        self.network = Network(self.clock)
        self.random = random.Random(seed)
        self.history = History()
        self.sessions: list[Session] = []
        self.hosts = {host.name: self._build(host) for host in plan.hosts}
        self.network.load(plan.settings)
        self.network.history = self.note

    def _build(self, plan: worlds.HostPlan) -> Host:
        host = Host(plan.name, plan.hostname, self.clock, self, run_line)
        install_base(host)
        short = plan.hostname.split(".")[0]
        names = plan.hostname if short == plan.hostname else f"{plan.hostname} {short}"
        host.write("/etc/hosts", f"127.0.0.1 localhost\n{plan.address} {names}\n")
        host.write("/etc/mailname", f"{plan.mailname}\n")
        host.write("/etc/resolv.conf", f"nameserver {plan.resolver}\n" if plan.resolver else "")
        host.net = self.network.attach(plan.name, {"eth0": f"{plan.address}/24"})
        install_programs(host, plan.packages)
        for package in plan.packages:
            if package in PACKAGE_STEPS:
                PACKAGE_STEPS[package](host)
        for path, content in plan.files:
            host.fs.mkdir(path.rsplit("/", 1)[0] or "/", parents=True)
            host.fs.write(path, content)
        for user in plan.users:
            add_user(host, user)
        return host

    # -- what one does with a lab ---------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Host:
        try:
            return self.hosts[name]
        except KeyError:
            raise KeyError(f"lab {self.name!r} has no host {name!r} (it has: {', '.join(self.hosts)})") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.hosts)

    def __len__(self) -> int:
        return len(self.hosts)

    @property
    def now(self) -> float:
        """Virtual time in epoch seconds."""
        return self.clock.now

    def run(self, host: str, line: str, user: str = "root", tty: bool = False) -> Any:
        """Type a line on a host; the same as `lab[host].run(...)`."""
        return self[host].run(line, user, tty)

    def advance(self, duration: float | str) -> None:
        """Let virtual time pass: seconds, or "5m", "2h", "5d". Raises ValueError for anything else."""
        length = seconds(duration)
        self.note("advance", seconds=length)
        self.clock.run_until(self.clock.now + length)

    def settle(self) -> None:
        """Let the daemons work until no message is incoming, active or in maildrop, at most 20 virtual seconds, and not
        longer than a mail loop needs to be seen as one."""
        self.note("settle")
        most = self.trace.total + SETTLE_EVENTS
        deadline = self.clock.now + SETTLE_SECONDS
        self.clock.run_until(self.clock.now)
        while self._in_motion() and self.trace.total < most:
            due = self.clock.next_due
            if due is None or due > deadline:
                self.clock.run_until(deadline)
                return
            self.clock.run_until(due)

    def _in_motion(self) -> bool:
        return any(daemon.in_motion() for host in self.hosts.values() for daemon in host.daemons.values())

    def login(self, host: str, user: str = "root", tty: bool = True) -> Session:
        """A login that lasts, as in a terminal. Raises KeyError for an unknown host or user."""
        machine = self[host]
        if user not in {account.name for account in machine.users.all()}:
            raise KeyError(f"{host} has no user {user!r}")
        self.note("login", host=host, user=user, tty=tty)
        session = Session(self, len(self.sessions), machine, user, tty)
        self.sessions.append(session)
        return session

    def expose(self, host: str, port: int, client: str = "") -> Door:
        """Open a real port on this computer in front of a host's port; see `net.gateway`. What visitors do is not in the history."""
        return Door(self.network, host, port, client)

    def fault(self, host: str, name: str, value: object) -> None:
        """Break something on a host, or mend it with None. "user lookup": a user's name, several, or "*" for all."""
        self.note("fault", host=host, name=name, value=value)
        self[host].faults[name] = value

    # -- what happened --------------------------------------------------------------------------------------------------

    def why(self, subject: str, language: str = "en") -> Why:
        """What happened to a message (queue id, message-id) or to the last one for an address, and which line of which file
        decided it. `language` is "en" or "de"; raises ValueError for another."""
        return explain(self, subject, language)

    def dialogue(self, subject: str = "", to: str = "") -> Dialogue:
        """An SMTP conversation: that of a queue id, on the sending or the receiving host; the last one of a host, or of two
        (`dialogue("client", "hub")`); without arguments the last one of all. Raises LookupError if there was none."""
        return find_dialogue(self, subject, to)

    def stranger(self, address: str, hostname: str, refusals: dict[str, str] | None = None) -> Stranger:
        """A mail server outside the lab answers at an address from now on. `refusals`: recipient -> reply, for example
        {"gone@example.org": "550 5.1.1 No such user"}."""
        self.note("stranger", address=address, hostname=hostname, refusals=refusals)
        return Stranger(self.network, address, hostname, dict(refusals or {}))

    # -- copies and sessions --------------------------------------------------------------------------------------------

    def fork(self) -> Lab:
        """An independent copy; what is tried on it leaves this lab untouched. While a conversation is under way the copy
        is made by replaying the session."""
        try:
            return copy.deepcopy(self)
        except InFlight:
            return self._replayed(self.history)

    def note(self, kind: str, **data: Any) -> None:
        """Write a step of the session down: called by whatever a person does to the lab."""
        self.history.append({"at": round(self.clock.now, 6), "do": kind} | data)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the session (world, seed, commands with their times) to a file, atomically."""
        target = Path(path)
        text = json.dumps({"maillab": SESSION_FORMAT, "lab": self.name, "seed": self.seed, "started": self.started, "steps": self.history}, indent=1)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(text + "\n")
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise

    @classmethod
    def replay(cls, path: str | os.PathLike[str]) -> Lab:
        """Run a saved session again. Raises SessionError for a file that is none, OSError for one that cannot be read."""
        try:
            data = json.loads(Path(path).read_text("utf-8"))
            if data["maillab"] != SESSION_FORMAT:
                raise SessionError(f"{path}: maillab: expected format {SESSION_FORMAT}, found {data['maillab']!r}")
            blank = open_lab(data["lab"], started=data["started"], seed=data["seed"])
            return blank._replayed(data["steps"])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise SessionError(f"{path}: not a maillab session: {error}") from error

    def _replayed(self, steps: list[dict[str, Any]]) -> Lab:
        twin = open_lab(self.name, started=self.started, seed=self.seed)
        for step in steps:
            if step["at"] > twin.clock.now + 1e-6:
                twin.clock.run_until(step["at"])
            data = {key: value for key, value in step.items() if key not in ("at", "do")}
            _STEPS[step["do"]](twin, **data)
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """What a copy takes over: all but the open terminals."""
        return self.__dict__ | {"sessions": []}

    def __repr__(self) -> str:
        return f"<Lab {self.name}: {', '.join(self.hosts)}>"


_STEPS: dict[str, Callable[..., object]] = {
    "run": Lab.run,
    "advance": lambda lab, seconds: lab.advance(seconds),
    "settle": Lab.settle,
    "fault": Lab.fault,
    "network": lambda lab, call, how: lab.network.redo(call, how),
    "login": Lab.login,
    "stranger": Lab.stranger,
    "type": lambda lab, session, line: lab.sessions[session].type(line),
    "write": lambda lab, host, path, text: lab[host].write(path, text),
}


@functools.cache
def _template(name: str, started: bool) -> Lab:
    """The world, installed and booted; labs are forks of it. Booting draws nothing by chance, so no seed is needed yet."""
    if started:
        lab = copy.deepcopy(_template(name, False))
    else:
        lab = Lab(worlds.load(name), 0)
        prepare_daemons(lab.hosts.values())
    lab.started = started
    if started:
        start_daemons(lab.hosts.values())
    lab.history.clear()
    return lab


def open_lab(name: str, started: bool = True, seed: int = 0) -> Lab:
    """Open a world of `labs/`: every host booted, mail systems running unless `started` is false.

    `seed` decides all that is drawn by chance. Raises WorldError for an unknown or malformed world.
    """
    lab = copy.deepcopy(_template(name, started))
    lab.seed = seed
    lab.random.seed(seed)
    return lab
