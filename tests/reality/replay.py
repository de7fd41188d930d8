"""Replay of recorded sessions: the same commands in the simulator, and what may differ between two real runs made equal.

A recording (recordings/AREA/ID.json) is a session on real hosts: commands, and for each its stdout, stderr, exit code and
the lines that it added to each host's mail log. Queue ids, process ids, dates, delays, and sizes by up to 16 bytes may
differ; all else counts to the letter.
"""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path

from simulator import open_lab

HERE = Path(__file__).resolve().parent
MAY_APPEAR = "waiting for the Postfix mail system to terminate"  # real hosts log it or not, as the race falls
FIELDS = ("exit_code", "stdout", "stderr", "log")
SIZE_SLACK = 16

MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
LOG_PREFIX = re.compile(rf"^{MONTH} [ \d]\d \d\d:\d\d:\d\d [\w-]+ (.*)$")
RULES = [(re.compile(pattern, re.M), new) for pattern, new in [
    (rf"{DAY}, ?[ \d]?\d {MONTH} \d{{4}} \d\d:\d\d:\d\d [+-]\d{{4}}(?: \([A-Z]+\))?", "<date>"),
    (rf"{DAY} {MONTH} [ \d]\d \d\d:\d\d:\d\d(?: [A-Z]{{3}})?(?: \d{{4}})?", "<date>"),
    (rf"{DAY} {MONTH} [ \d]\d \d\d:\d\d", "<date>"),
    (rf"{MONTH} [ \d]\d \d\d:\d\d:\d\d(?: \d{{4}})?(?: GMT)?", "<date>"),
    (rf"{MONTH} [ \d]\d (?:\d\d:\d\d| \d{{4}})", "<date>"),
    (r"\b\d{4}-\d\d-\d\d\b", "<day>"),
    (r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b", "<time>"),
    (r"\b20\d{12}\.", "<stamp>."),
    (r"\b1[789]\d{8}\.[A-Za-z0-9_]+\.(?=[a-z])", "<maildir>."),
    (r"\b1[789]\d{8}\b", "<epoch>"),
    (r"dovecot-<epoch>-\d+-\d+@", "dovecot-<n>@"),
    (r"(250 2\.0\.0 <\S+> )[A-Za-z0-9+/]{10,}( Saved)", r"\1<session>\2"),
    (r"\b(deferred|defer|bounce|flush|trace)/[0-9A-F]/(?=<Q)", r"\1/"),
    (r"^message_size: +[\d ]+$", "message_size: <n>"),
    (r"^.*waiting for the Postfix mail system to terminate\n?", ""),
    (r"delay=[\d.]+, delays=[\d./]+", "delay=*"),
    (r"\[\d+\]:", "[pid]:"),
    (r"PID: \d+", "PID: <pid>"),
    (r"\bpid \d+ exit status", "pid <pid> exit status"),
    (r"(<stamp>\.)\d{6}@", r"\1<pid>@"),
]]
QUEUE_ID = r"(?:[0-9A-F]{6,12}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20})"
QUEUE_ID_MARKS = [re.compile(mark, re.M) for mark in (
    rf"postfix(?:/[\w/-]+)?\[\d+\]: ({QUEUE_ID}): ", rf'"queue_id": "({QUEUE_ID})"', rf"queued as ({QUEUE_ID})\b",
    rf"^({QUEUE_ID})[*!#]? +\d+ {DAY}", rf"\bid ({QUEUE_ID})(?:;|$)", rf"postsuper: ({QUEUE_ID}): ")]
SIZES = [re.compile(mark, re.M) for mark in (
    r"(?<=size=)(\d+)", r'(?<="message_size": )(\d+)', r"(?<=^<Q\d>)([*!#]? +)(\d+)(?= <date>)", r"(?<=^<Q\d\d>)([*!#]? +)(\d+)(?= <date>)")]


class Normaliser:
    """Replaces what two real runs never share; queue ids become <Q1>, <Q2> ... in order of appearance."""

    def __init__(self):
        self.ids: dict[str, str] = {}

    def learn(self, text: str) -> None:
        found = sorted((m.start(1), m[1]) for mark in QUEUE_ID_MARKS for m in mark.finditer(text))
        for _, queue_id in found:
            self.ids.setdefault(queue_id, f"<Q{len(self.ids) + 1}>")

    def text(self, text: str) -> tuple[str, list[int]]:
        if self.ids:
            text = re.sub(r"\b(" + "|".join(sorted(map(re.escape, self.ids), key=len, reverse=True)) + r")\b", lambda m: self.ids[m[1]], text)
        for rule, new in RULES:
            text = rule.sub(new, text)
        sizes: list[int] = []

        def take(match):
            sizes.append(int(match[match.lastindex]))
            return " *" if match.lastindex == 2 else "*"
        for mark in SIZES:
            text = mark.sub(take, text)
        return text, sizes

    def log(self, lines: list[str]) -> dict[str, list[str]]:
        """The lines of one host by queue id; lines without one by daemon. Real daemons run side by side, so only the order within a group counts."""
        groups: dict[str, list[str]] = {}
        for line in lines:
            if line.endswith(MAY_APPEAR):
                continue
            match = LOG_PREFIX.match(line)
            body, sizes = self.text(match[1] if match else f"(bad prefix) {line}")
            owner = re.search(r": (<Q\d+>): ", body) or re.match(r"([\w/-]+)", body)
            groups.setdefault(owner[1] if owner else "", []).append(f"{body} {sizes}" if sizes else body)
        return groups


def same_sizes(one: str, two: str) -> bool:
    a, b = (re.findall(r"\[([\d, ]+)\]$", text) for text in (one, two))
    if re.sub(r" \[[\d, ]+\]$", "", one) != re.sub(r" \[[\d, ]+\]$", "", two) or len(a) != len(b):
        return False
    return all(abs(int(x) - int(y)) <= SIZE_SLACK for p, q in zip(a, b, strict=True) for x, y in zip(p.split(","), q.split(","), strict=False))


def equal(one, two) -> bool:
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(two) and all(equal(x, y) for x, y in zip(one, two, strict=True))
    if isinstance(one, tuple):
        return one[0] == two[0] and len(one[1]) == len(two[1]) and all(abs(x - y) <= SIZE_SLACK for x, y in zip(one[1], two[1], strict=True))
    return one == two or (isinstance(one, str) and isinstance(two, str) and same_sizes(one, two))


def normal(steps: list[dict]) -> list[dict]:
    norm, out = Normaliser(), []
    for step in steps:
        parts = [step.get("stdout", ""), step.get("stderr", "")] + ["\n".join(step["log"][host]) for host in sorted(step["log"])]
        for part in parts:
            norm.learn(part)
        entry = {"log": {host: norm.log(lines) for host, lines in sorted(step["log"].items())}}
        if "command" in step:
            entry |= {"exit_code": step["exit_code"], "stdout": norm.text(step["stdout"]), "stderr": norm.text(step["stderr"])}
        out.append(entry)
    return out


def drive(case: dict) -> list[dict]:
    """Run the case in the simulator. These calls are the whole contract between a recording and the project."""
    lab = open_lab(case["lab"], started=case["started"])
    hosts = sorted({step["host"] for step in case["steps"] if "host" in step} | {host for step in case["steps"] for host in step["log"]})
    lab.settle()
    seen = {host: len(lab[host].read("/var/log/mail.log")) for host in hosts}
    steps = []
    for step in case["steps"]:
        if "wait" in step:
            lab.advance(step["wait"])  # seconds of virtual time
            entry = {"wait": step["wait"]}
        else:
            done = lab[step["host"]].run(step["command"], user=step["user"])  # a line for bash, as that user, in the user's home
            entry = {"command": step["command"], "stdout": done.stdout, "stderr": done.stderr, "exit_code": done.exit_code}
        lab.settle()  # until no message is incoming, active or in maildrop
        lab.advance(1)  # a recorded step took about a second: file times differ, short timers fire
        entry["log"] = {}
        for host in hosts:
            text = lab[host].read("/var/log/mail.log")
            if len(text) > seen[host]:
                entry["log"][host] = text[seen[host]:].splitlines()
            seen[host] = len(text)
        steps.append(entry)
    return steps


def cases() -> list[Path]:
    """Every recording there is."""
    return sorted((HERE / "recordings").glob("*/*.json"))


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def differences(path: Path) -> dict[int, str]:
    """The steps of a recording that are not exact, each with what differs."""
    case = json.loads(path.read_text("utf-8"))
    found: dict[int, str] = {}
    for number, (step, want, have) in enumerate(zip(case["steps"], normal(case["steps"]), normal(drive(case)), strict=True)):
        bad = [field for field in FIELDS if field in want and not equal(want[field], have[field])]
        if bad:
            lines = [f"{name(path)} step {number}: {step.get('command', 'wait')}"]
            for field in bad:
                lines += difflib.unified_diff(lines_of(want[field]), lines_of(have[field]), f"reality {field}", f"simulator {field}", lineterm="", n=1)
            found[number] = "\n".join(lines)
    return found


def lines_of(value: object) -> list[str]:
    """A field as lines, for a difference that can be read."""
    if isinstance(value, tuple):
        return value[0].splitlines() + ([f"sizes {value[1]}"] if value[1] else [])
    if isinstance(value, dict):
        return [f"[{host}] {line}" for host, groups in value.items() for key in groups for line in groups[key]]
    return str(value).splitlines()
