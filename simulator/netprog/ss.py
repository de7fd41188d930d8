"""NAME
    ss - sockets of this host

SYNOPSIS
    ss [-tlanp46H] [sport = :port]

DESCRIPTION
    -t  TCP    -l  only those that listen    -a  those and the connections    -n  numbers instead of names
    -p  the processes (for root)    -4 -6  only that family    -H  no heading

DIFFERS FROM SS
    Only TCP; of filters only `sport = :port` and `dport = :port`; no summary (-s) and no timers.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.netprog.getopt import BadOption, getopt
from simulator.netprog.services import port_name, port_number
from simulator.unix.program import Process, program

_HEADINGS = ("State", "Recv-Q", "Send-Q", "Local Address:", "Port", "Peer Address:", "Port", "Process")
_DELIMITERS = ("", " ", " ", " ", "", " ", "", "")
_RIGHT = (3, 5)
_BACKLOGS = {"master": 100, "dovecot": 100, "nc": 1}
_LONG = {"--tcp": "t", "--listening": "l", "--all": "a", "--numeric": "n", "--processes": "p", "--ipv4": "4", "--ipv6": "6", "--no-header": "H"}


@dataclass(frozen=True, slots=True)
class Socket:
    """One line."""

    state: str
    backlog: int
    local: tuple[str, int]
    peer: tuple[str, int]
    users: str = ""


@program("/bin/ss", "/usr/bin/ss")
def main(p: Process) -> int:
    arguments = [f"-{_LONG[word]}" if word in _LONG else word for word in p.argv[1:]]
    try:
        options = getopt(arguments, "tlanp46Hueimsorxwh")
    except BadOption as error:
        p.err(f"ss: {error}\nUsage: ss [ OPTIONS ]\n       ss [ OPTIONS ] [ FILTER ]\n")
        return 255
    for letter in "uxswmoei":
        if letter in options and not (letter == "u" and "t" in options):
            p.err(f"simulator: ss: option -{letter} is not simulated\n")
            return 1
    found = _sockets(p, "l" in options, "a" in options)
    if "4" in options or "6" in options:
        found = [one for one in found if (":" in one.local[0]) == ("6" in options)]
    found = _filtered(p, found, options.operands)
    named = "n" not in options
    rows = [_row(p, one, named, "p" in options and p.cred.uid == 0) for one in found]
    p.out(_table(rows, "H" not in options))
    return 0


def _sockets(p: Process, listening: bool, everything: bool) -> list[Socket]:
    net, found = p.host.net, []
    if listening or everything:
        for one in net.listeners:
            users = f'users:(("{one.program}",pid={one.pid},fd=13))' if one.program else ""
            found.append(
                Socket("LISTEN", _BACKLOGS.get(one.program, 128), (one.address, one.port), ("::" if ":" in one.address else "0.0.0.0", 0), users)
            )
    if everything or not listening:
        for end in net.connections:
            if not end.lost and end.get_extra_info("sockname")[1]:
                found.append(Socket("ESTAB", 0, end.get_extra_info("sockname"), end.get_extra_info("peername")))
    return found


def _filtered(p: Process, found: list[Socket], words: tuple[str, ...]) -> list[Socket]:
    text = " ".join(words).replace("(", " ").replace(")", " ").split()
    while len(text) >= 2 and text[0] in ("sport", "dport"):
        side, value = text[0], text[2] if text[1] in ("=", "==", "eq") and len(text) > 2 else text[1]
        number = port_number(p.fs, value.rpartition(":")[2])
        found = [one for one in found if (one.local if side == "sport" else one.peer)[1] == number]
        text = text[3:] if text[1] in ("=", "==", "eq") else text[2:]
        text = text[1:] if text[:1] == ["and"] else text
    return found


def _row(p: Process, one: Socket, named: bool, users: bool) -> tuple[str, ...]:
    def port(number: int) -> str:
        return "*" if not number else (port_name(p.fs, number) if named else None) or str(number)

    def address(ip: str) -> str:
        return f"[{ip}]:" if ":" in ip else f"{ip}:"

    return (
        one.state,
        "0",
        str(one.backlog),
        address(one.local[0]),
        port(one.local[1]),
        address(one.peer[0]),
        port(one.peer[1]),
        f" {one.users}" if users else "",
    )


def _table(rows: list[tuple[str, ...]], heading: bool) -> str:
    """Columns as wide as their content; the last is padded only where it is empty."""
    widths = [max(len(row[column]) for row in [_HEADINGS, *rows]) for column in range(len(_HEADINGS))]
    lines = [_HEADINGS, *rows] if heading else rows
    text = ""
    for row in lines:
        for column, value in enumerate(row):
            last = column == len(row) - 1 and value
            padded = value.rjust(widths[column]) if column in _RIGHT else value if last else value.ljust(widths[column])
            text += _DELIMITERS[column] + padded
        text += "\n"
    return text
