"""Replay of shell sessions that were recorded on a real Debian 12.

A session (sessions/NAME.json) is one `bash -c` of root, or one `su - USER -c`, on a host with the files of fixture.sh. Its
parts stand between marks that print the status, so that each has its own stdout, stderr and status. A part that is known to
differ is marked; it is run, as later parts may need what it does, but not compared.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.lab import open_lab
from simulator.unix.host import Host

HERE = Path(__file__).resolve().parent
SESSIONS = sorted((HERE / "sessions").glob("*.json"))
_MARK = '; __r=$?; echo "@@$__r"; echo "@@" >&2; (exit $__r)'
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_RULES = [(re.compile(pattern, re.M), new) for pattern, new in [
    (rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:\d+ )?{_MONTH}[ \d:]*(?: UTC)?(?: \d{{4}})?", "<date>"),
    (rf"{_MONTH} [ \d]\d (?:\d\d:\d\d(?::\d\d)?| \d{{4}})", "<date>"),
    (r"\b20\d\d-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?: ?[+-]\d\d:?\d\d)?", "<day>"),
    (r"\b1[789]\d{8}\b(?:\.\d+)?", "<epoch>"),
    (r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b", "<time>"),
    (r"0m\d+\.\d+s", "<seconds>"),
    (r"(line \d+: +)\d+( Killed| Terminated)", r"\1<pid>\2"),
]]  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A part of a session with what it wrote."""

    line: str
    stdout: str
    stderr: str
    exit_code: int
    differs: bool = False

    def same(self, other: Part) -> bool:
        """Equal, but for the time."""
        mine, theirs = (tuple(map(normal, (part.stdout, part.stderr))) for part in (self, other))
        return mine == theirs and self.exit_code == other.exit_code


def normal(text: str) -> str:
    """A text without times of day, dates and process ids."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    for pattern, new in _RULES:
        text = pattern.sub(new, text)
    return text


def joined(lines: list[str]) -> str:
    """The session as it is run."""
    return "; ".join(f"{line}{_MARK}" for line in lines) if len(lines) > 1 else lines[0]


def cut(lines: list[str], stdout: str, stderr: str, exit_code: int) -> list[Part]:
    """The parts of what a session wrote; those after its early end are missing."""
    if len(lines) == 1:
        return [Part(lines[0], stdout, stderr, exit_code)]
    outs, errs = re.split(r"@@(\d+)\n", stdout), stderr.split("@@\n")
    count = min(len(outs) // 2, len(errs) - 1, len(lines))
    return [Part(lines[index], outs[2 * index], errs[index], int(outs[2 * index + 1])) for index in range(count)]


def read(path: Path) -> list[dict[str, Any]]:
    """The sessions of a file."""
    sessions: list[dict[str, Any]] = json.loads(path.read_text())
    return sessions


def parts(session: dict[str, Any]) -> list[Part]:
    """What was recorded."""
    return [Part(**part) for part in session["parts"]]


def prepared_host() -> Host:
    """A host with the files that the sessions work on."""
    host = open_lab("ubuntu")["ubuntu"]
    done = host.run((HERE / "fixture.sh").read_text())
    assert not done.stderr, done.stderr
    return host


def replay(prepared: Host, session: dict[str, Any]) -> list[tuple[Part, Part]]:
    """Each part as it was recorded, and what it writes here, on a copy of the host."""
    host = prepared.lab.fork()[prepared.name]
    lines = [part["line"] for part in session["parts"]]
    done = host.run(joined(lines), session["user"])
    got = cut(lines, done.stdout, done.stderr, done.exit_code)
    got += [Part(line, "", "(missing)", -1) for line in lines[len(got) :]]
    return list(zip(parts(session), got, strict=True))
