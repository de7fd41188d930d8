"""Perl's functions about processes, time and accounts: perlfunc(1)."""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING

from simulator.shell.perl.functions import Function, argument, failed
from simulator.shell.perl.machine import ExitPerl, Flat, Value
from simulator.shell.perl.nodes import Node
from simulator.shell.perl.text import number, string
from simulator.shell.when import format_time

if TYPE_CHECKING:
    from simulator.shell.perl.interpreter import Interpreter


def _system(perl: Interpreter, node: Node, want: str) -> Value:
    words = [string(value) for value in perl.lists(node.args)]
    try:
        done = perl.p.run(["/bin/sh", "-c", words[0]] if len(words) == 1 else words)
    except OSError as error:
        failed(perl, error)
        perl.globals["$?"] = -1
        return -1
    perl.p.relay(done)
    perl.globals["$?"] = done.exit_code << 8
    if node.text == "exec":
        raise ExitPerl(done.exit_code)
    return done.exit_code << 8


def _exit(perl: Interpreter, node: Node, want: str) -> Value:
    raise ExitPerl(int(number(perl.scalar(node.args[0]))) if node.args else 0)


def _die(perl: Interpreter, node: Node, want: str) -> Value:
    text = "".join(string(value) for value in perl.lists(node.args)) or ("Died" if node.text == "die" else "Warning: something's wrong")
    perl.line = node.line
    death = perl.die(text)
    if node.text == "die":
        raise death
    perl.p.err(str(death))
    return True


def _time(perl: Interpreter, node: Node, want: str) -> Value:
    when = number(perl.scalar(node.args[0])) if node.args else perl.p.clock.now
    if want != "list":
        return format_time("%a %b %e %H:%M:%S %Y", when)
    moment = time.gmtime(when)
    return Flat([moment.tm_sec, moment.tm_min, moment.tm_hour, moment.tm_mday, moment.tm_mon - 1, moment.tm_year - 1900, (moment.tm_wday + 1) % 7,
                 moment.tm_yday - 1, 0])  # fmt: skip


def _strftime(perl: Interpreter, node: Node, want: str) -> Value:
    values = [value if isinstance(value, str) else number(value) for value in perl.lists(node.args)]
    seconds, minute, hour, day, month, year = (int(number(value)) for value in values[1:7])
    return format_time(string(values[0]), calendar.timegm((year + 1900, month + 1, day, hour, minute, seconds)))


def _sleep(perl: Interpreter, node: Node, want: str) -> Value:
    length = number(argument(perl, node))
    perl.p.sleep(length)
    return int(length)


def _account(perl: Interpreter, node: Node, want: str) -> Value:
    value, users = argument(perl, node), perl.p.host.users
    user = users.by_uid(int(number(value))) if node.text == "getpwuid" else users.by_name(string(value))
    if user is None:
        return Flat([]) if want == "list" else None
    if want != "list":
        return user.name if node.text == "getpwuid" else user.uid
    return Flat([user.name, "x", user.uid, user.gid, "", "", user.gecos, user.home, user.shell])


def _random(perl: Interpreter, node: Node, want: str) -> Value:
    return perl.p.host.lab.random.random() * (number(perl.scalar(node.args[0])) or 1 if node.args else 1)


def _nothing(perl: Interpreter, node: Node, want: str) -> Value:
    return 1


SYSTEM: dict[str, Function] = {
    "system": _system, "exec": _system, "exit": _exit, "die": _die, "warn": _die, "sleep": _sleep,
    "time": lambda perl, node, want: int(perl.p.clock.now), "localtime": _time, "gmtime": _time, "strftime": _strftime,
    "getpwnam": _account, "getpwuid": _account, "rand": _random,
    "hostname": lambda perl, node, want: perl.p.host.hostname, "wantarray": lambda perl, node, want: want == "list",
    **dict.fromkeys(("srand", "binmode", "flock", "select", "umask"), _nothing),
}  # fmt: skip
