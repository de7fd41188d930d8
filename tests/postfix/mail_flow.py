"""Help for tests of mail between hosts: send a message, read what became of it from the log."""

from __future__ import annotations

import re

from simulator import open_lab
from simulator.lab import Lab

_FATE = re.compile(r"(\S+)\[\d+\]: [0-9A-F]+: to=<([^>]*)>.* relay=([^,]+),.* dsn=([\d.]+), status=(\w+) \((.*)\)$")


def three(settings: str = "", host: str = "client") -> Lab:
    """The three hosts; one of them with settings in main.cf, as postconf -e takes them."""
    lab = open_lab("three")
    if settings:
        lab[host].run(f"postconf -e {settings}; postfix reload")
    return lab


def send(lab: Lab, recipients: str = "carla@example.net", host: str = "client", body: str = "hi", sender: str = "anna") -> None:
    """A message from the command line, and all that follows from it."""
    lab[host].run(f"printf 'Subject: test\\n\\n{body}\\n' | /usr/sbin/sendmail {recipients}", user=sender)
    lab.settle()
    lab.advance(1)


def fates(lab: Lab, host: str = "client", daemon: str = "postfix/") -> list[tuple[str, str, str, str]]:
    """What the log says of each recipient: relay, dsn, status, reason. Queue ids in reasons become ID."""
    found = [match for line in lab[host].read("/var/log/mail.log").splitlines() if (match := _FATE.search(line)) and match[1].startswith(daemon)]
    return [(match[3], match[4], match[5], re.sub(r"queued as \w+", "queued as ID", match[6])) for match in found]


def said(lab: Lab, host: str, daemon: str) -> list[str]:
    """The lines of one daemon, without time, host and process id; queue ids become ID."""
    lines = (re.search(rf" {daemon}\[\d+\]: (.*)$", line) for line in lab[host].read("/var/log/mail.log").splitlines())
    return [re.sub(r"\b[0-9A-F]{8,12}\b", "ID", match[1]) for match in lines if match]
