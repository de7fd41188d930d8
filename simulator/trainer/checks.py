"""The vocabulary of goals: each check tries something out on its own fork of the lab and says what it saw.

A check is a function `(trial, **needs) -> Verdict`; its keyword arguments are the keys that a goal may have. It never tells
the solution: `seen` is evidence, a log line, a reply or a value.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.lab import Lab
from simulator.postfix.lib.parameters import Parameters
from simulator.postfix.master import Master
from simulator.trainer.smtp import STRANGER, converse
from simulator.trainer.texts import seen
from simulator.unix.host import Host

#: A second must pass before a table counts as changed: stat(2) times are compared in seconds.
PAUSE = 2
Check = Callable[..., "Verdict"]
CHECKS: dict[str, Check] = {}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: whether the goal is reached, and the evidence in the learner's language."""

    passed: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a check works with: `lab` is a fork that it may spoil, `start` the lab as the learner got it."""

    lab: Lab
    start: Lab
    language: str
    token: str

    def say(self, passed: bool, key: str, /, **values: object) -> Verdict:
        return Verdict(passed, seen(key, self.language, **values))

    def host(self, name: str) -> Host:
        """The host of that name; without a name the world's first."""
        return self.lab[name or next(iter(self.lab))]

    def before(self, name: str) -> Host:
        """The same host at the start."""
        return self.start[name or next(iter(self.start))]


def check(function: Check) -> Check:
    """A word of the vocabulary."""
    CHECKS[function.__name__] = function
    return function


def _settings(host: Host) -> Parameters:
    return Parameters.read(host)


def _value(params: Parameters, name: str, kind: str) -> object:
    return {"text": params.__getitem__, "time": params.time, "bool": params.bool, "int": params.int}[kind](name)


def _queue(host: Host) -> list[dict[str, Any]]:
    lines = host.run("/usr/sbin/postqueue -j").stdout.splitlines()
    return [json.loads(line) for line in lines]


def _count(host: Host, path: str, token: str) -> int:
    return host.read(path).count(token) if host.fs.exists(path) else 0


def _send(trial: Trial, host: Host, to: str, via: str) -> None:
    trial.lab.advance(PAUSE)
    if via == "smtp":
        sender = f"root@{host.hostname}"
        lines = [f"EHLO {host.hostname}", f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA", f"Subject: probe\r\n\r\n{trial.token}\r\n.", "QUIT"]
        converse(trial.lab, host.net, "127.0.0.1", lines)
    else:
        host.run(f"/usr/sbin/sendmail -f root {to} <<'E'\nSubject: probe\n\n{trial.token}\nE")
    trial.lab.settle()


def _evidence(trial: Trial, host: Host, since: int) -> str:
    """The log lines that tell a probe's fate."""
    log = host.read("/var/log/mail.log")[since:].splitlines()
    told = [line for line in log if " status=" in line or "fatal:" in line or "warning:" in line or "reject:" in line]
    return "".join(f"\n{line}" for line in told[-3:])


@check
def mail(
    trial: Trial, to: str, mailboxes: Sequence[str], *, copies: int = 1, orig_to: str = "", event: str = "", reason: str = "", owner: str = "",
    before: Sequence[str] = (), via: str = "sendmail", host: str = "",
) -> Verdict:  # fmt: skip
    """A fresh probe to `to` arrives in each of the files, `copies` times. `orig_to`: its X-Original-To; `event` and `reason`: a
    daemon reports this step of it; `owner`: whose the file is; `before`: what root does first; `via`: sendmail or smtp."""
    machine = trial.host(host)
    for line in before:
        machine.run(line)
    since, steps = len(machine.read("/var/log/mail.log")), len(trial.lab.trace)
    _send(trial, machine, to, via)
    log = _evidence(trial, machine, since)
    for path in mailboxes:
        found = _count(machine, path, trial.token)
        if found != copies:
            verdict = trial.say(False, "mail", found=found, place=path, wanted=copies)
            return Verdict(False, verdict.seen + log)
        # mbox: the last message of the file is the probe
        header = f"X-Original-To: {orig_to}"
        if orig_to and header not in machine.read(path).split("\nFrom ")[-1].splitlines():
            return trial.say(False, "header", place=path, wanted=header)
        status = machine.fs.stat(path)
        name = account.name if (account := machine.users.by_uid(status.uid)) else str(status.uid)
        if owner and name != owner:
            return trial.say(False, "file", path=path, owner=name, mode=f"{status.mode:04o}")
    reported = [entry for entry in list(trial.lab.trace)[steps:] if entry.event == event and reason in str(entry.data.get("reason", ""))]
    if event and not reported:
        return trial.say(False, "no event", wanted=f"{event} {reason}".strip())
    return Verdict(True, trial.say(True, "mail", found=copies, place=", ".join(mailboxes), wanted=copies).seen + log)


@check
def smtp(trial: Trial, commands: Sequence[str], code: str, *, stranger: bool = False, host: str = "") -> Verdict:
    """The last of the SMTP commands, said after EHLO, is answered with this code. `stranger`: from outside instead of
    from the host itself."""
    machine = trial.host(host)
    trial.lab.advance(PAUSE)
    origin = trial.lab.network.attach("probe.example.org", {"eth0": f"{STRANGER}/24"}) if stranger else machine.net
    address = next(entry for entry in machine.net.addresses if not entry.startswith("127.")) if stranger else "127.0.0.1"
    replies = converse(trial.lab, origin, address, ["EHLO probe.example.org", *commands])
    last = replies[-1] if len(replies) == len(commands) + 2 else ""
    return trial.say(last.startswith(code), "reply", command=commands[-1], found=last.strip())


@check
def not_offered(trial: Trial, keyword: str, *, host: str = "") -> Verdict:
    """The answer to EHLO does not list this keyword (and there is an answer)."""
    replies = converse(trial.lab, trial.host(host).net, "127.0.0.1", ["EHLO probe.example.org"])
    listed = keyword in replies[-1].replace("-", " ").split()
    sound = len(replies) == 2 and replies[1].startswith("250")
    return trial.say(sound and not listed, "offered" if listed else "not offered", found=keyword)


@check
def parameter(trial: Trial, name: str, value: Any, *, kind: str = "text", host: str = "") -> Verdict:
    """main.cf gives this value, by meaning (`kind`: text, time in seconds, bool, int), and defines the parameter at most once."""
    machine = trial.host(host)
    found = _value(_settings(machine), name, kind)
    lines = [line for line in machine.read("/etc/postfix/main.cf").splitlines() if not line.startswith((" ", "\t", "#"))]
    times = sum(line.partition("=")[0].strip() == name for line in lines)
    if times > 1:
        return trial.say(False, "definitions", name=name, found=times)
    return trial.say(found == value, "value", place="main.cf", name=name, found=found)


@check
def running(trial: Trial, service: str, name: str, value: Any, *, kind: str = "text", host: str = "") -> Verdict:
    """The process of the service ("public/qmgr") that runs now works with this value."""
    master = trial.host(host).daemons["postfix"]
    assert isinstance(master, Master)
    if not master.running or service not in master.services:
        return trial.say(False, "stopped", name=service)
    found = _value(master.process(service).params, name, kind)
    return trial.say(found == value, "value", place=service, name=name, found=found)


@check
def same_master(trial: Trial, *, host: str = "") -> Verdict:
    """The master process runs and is the one that ran at the start: nobody stopped the service."""
    now, then = trial.host(host).daemons["postfix"], trial.before(host).daemons["postfix"]
    assert isinstance(now, Master)
    assert isinstance(then, Master)
    if not now.running:
        return trial.say(False, "stopped", name="master")
    return trial.say(now.pid == then.pid, "pid", found=now.pid, wanted=then.pid)


@check
def alias(trial: Trial, key: str, value: str, *, table: str = "hash:/etc/aliases", host: str = "") -> Verdict:
    """The built table gives this value for the key, and would give it still if it were built anew from its text."""
    machine = trial.host(host)
    lookup = f"/usr/sbin/postalias -q '{key}' {table}"
    found = machine.run(lookup).stdout.strip()
    if found != value:
        return trial.say(False, "lookup", key=key, table=table, found=found)
    machine.run(f"/usr/sbin/postalias {table}")
    again = machine.run(lookup).stdout.strip()
    return trial.say(again == value, "lookup" if again == value else "rebuilt", key=key, table=table, found=again)


@check
def file(trial: Trial, path: str, owner: str, *, closed: int = 0o022, host: str = "") -> Verdict:
    """The file exists, is this user's, and has none of the permission bits `closed`."""
    machine = trial.host(host)
    if not machine.fs.exists(path):
        return trial.say(False, "missing", path=path)
    status = machine.fs.stat(path)
    name = account.name if (account := machine.users.by_uid(status.uid)) else str(status.uid)
    return trial.say(name == owner and not status.mode & closed, "file", path=path, owner=name, mode=f"{status.mode:04o}")


@check
def unchanged(trial: Trial, path: str, *, host: str = "") -> Verdict:
    """The file holds what it held at the start."""
    now, then = (machine.read(path) if machine.fs.exists(path) else None for machine in (trial.host(host), trial.before(host)))
    return trial.say(now == then, "same" if now == then else "changed", path=path)


def _addressed(queue: Sequence[Mapping[str, Any]], recipient: str, wanted: bool) -> list[str]:
    return [entry["queue_id"] for entry in queue if (recipient in [each["address"] for each in entry["recipients"]]) == wanted]


@check
def queue_gone(trial: Trial, recipient: str, *, host: str = "") -> Verdict:
    """No queued message is addressed to this recipient."""
    left = _addressed(_queue(trial.host(host)), recipient, True)
    return trial.say(not left, "queue", found=", ".join(left) or "-")


@check
def queue_kept(trial: Trial, recipient: str, *, host: str = "") -> Verdict:
    """Every message that was queued at the start and is not addressed to this recipient is still there, under its ID."""
    now = {entry["queue_id"] for entry in _queue(trial.host(host))}
    lost = [each for each in _addressed(_queue(trial.before(host)), recipient, False) if each not in now]
    return trial.say(not lost, "lost" if lost else "queue", found=", ".join(lost or sorted(now)) or "-")


@check
def output(trial: Trial, command: str, contains: str, *, user: str = "root", host: str = "") -> Verdict:
    """A command prints this text."""
    printed = trial.host(host).run(command, user=user).stdout
    return trial.say(contains in printed, "output", command=command, found=printed.strip()[:200])


@check
def sound(trial: Trial, *, host: str = "") -> Verdict:
    """What must always hold: master runs, `postfix check` is silent, postmaster gets mail, a stranger cannot relay."""
    return next((verdict for verdict in _ailments(trial, host) if not verdict.passed), trial.say(True, "well"))


def _ailments(trial: Trial, host: str) -> Iterator[Verdict]:
    machine = trial.host(host)
    master = machine.daemons["postfix"]
    assert isinstance(master, Master)
    yield trial.say(master.running, "stopped", name="master")
    complaint = machine.run("/usr/sbin/postfix check").stderr.strip()
    yield trial.say(not complaint, "complaint", found=complaint)
    since, steps = len(machine.read("/var/log/mail.log")), len(trial.lab.trace)
    _send(trial, machine, "postmaster", "sendmail")
    own = [entry for entry in list(trial.lab.trace)[steps:] if str(entry.data.get("orig_recipient", "")).startswith("postmaster")]
    fates = {entry.event for entry in own}
    through = "sent" in fates and not fates & {"bounced", "deferred"}
    yield trial.say(through, "unsettled", place="postmaster", found=_evidence(trial, machine, since))
    relay = smtp(trial, ["MAIL FROM:<probe@example.org>", "RCPT TO:<probe@example.net>"], "250", stranger=True, host=host)
    yield Verdict(not relay.passed, relay.seen)


def _needs(function: Check) -> tuple[set[str], set[str]]:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    required = {entry.name for entry in parameters if entry.default is inspect.Parameter.empty}
    return required, {entry.name for entry in parameters} - required


#: Check -> (the keys that a goal must have, the keys that it may have).
VOCABULARY: dict[str, tuple[set[str], set[str]]] = {name: _needs(function) for name, function in CHECKS.items()}
