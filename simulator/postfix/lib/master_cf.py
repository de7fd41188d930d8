"""master.cf: the services that master(8) runs. master(5).

A line is `service type private unprivileged chroot wakeup maxproc command arguments`; `-` stands for the default; an
argument with blanks is written in { }. A broken line is fatal for master(8) when it comes to it: services before it have
then been started. (What postconf(1) makes of the same lines: postconf_master.py.)
"""

from __future__ import annotations

import getopt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from simulator.postfix.lib.braces import quoted_words, unbrace
from simulator.postfix.lib.hostname import split_host_port
from simulator.postfix.lib.logical_lines import BLANKS, Warn, ignore, logical_lines, split_name_value, tokens
from simulator.postfix.lib.msg import Fatal

TYPES = ("unix", "fifo", "inet", "pass", "unix-dgram")
#: getopt(3) letters of a daemon; those with a colon have a value: single_server(3).
_DAEMON_OPTIONS = "cdDi:lm:n:o:r:s:St:uvVz"
_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """What a daemon finds on its command line: `-o name=value`, -v, and the arguments of the program (pipe, spawn)."""

    overrides: tuple[tuple[str, str], ...] = ()
    verbose: int = 0
    arguments: tuple[str, ...] = ()


def daemon_options(args: Sequence[str]) -> DaemonOptions:
    """Read a daemon's command line. Raises Fatal as the daemon does at its start."""
    try:
        options, rest = getopt.getopt(list(args), _DAEMON_OPTIONS)
    except getopt.GetoptError as problem:
        raise Fatal(f"invalid option: {problem.opt}") from None
    overrides: list[tuple[str, str]] = []
    for option, value in options:
        overrides += _override(option[1], value)
    verbose = sum(option == "-v" for option, _ in options)
    return DaemonOptions(tuple(overrides), verbose, tuple(rest))


def _override(letter: str, value: str) -> list[tuple[str, str]]:
    if letter in "im":
        return [({"i": "max_idle", "m": "max_use"}[letter], value)]
    if letter != "o":
        return []
    try:
        return [split_name_value(value)]
    except ValueError as problem:
        raise Fatal(f'invalid "-o {value}" option value: {problem}') from None


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """One service. `wakeup` is in seconds (0: never); `maxproc` 0 is no limit; `args` are the daemon's arguments as written."""

    name: str
    type: str
    private: bool
    unprivileged: bool
    chroot: bool
    wakeup: int
    wakeup_conditional: bool
    maxproc: int
    command: str
    args: tuple[str, ...]
    line: int = 0

    @property
    def wakeup_always(self) -> bool:
        """Woken even before it was ever used: no `?` behind the time."""
        return not self.wakeup_conditional

    @property
    def options(self) -> DaemonOptions:
        """The arguments as the daemon reads them. Raises Fatal."""
        return daemon_options(self.args)

    @property
    def overrides(self) -> dict[str, str]:
        """`-o name=value` settings. Raises Fatal for one without `=`."""
        return dict(self.options.overrides)

    @property
    def host_port(self) -> tuple[str, str]:
        """Address and port of an inet service; the address is "" for inet_interfaces."""
        return split_host_port(self.name)

    @property
    def socket(self) -> str:
        """The socket below the queue directory (not for type inet)."""
        return f"{'private' if self.private else 'public'}/{self.name}"

    def command_line(self, sockets: int = 1, detached: bool = True) -> list[str]:
        """The words with which master(8) starts the program, as ps(1) shows them. `sockets` is how many addresses it listens at."""
        words = [self.command]
        words += ["-l"] if self.maxproc == 1 else ["-z"] if self.maxproc == 0 else []
        words += ["-n", self.name] if self.command.rpartition("/")[2] != self.name else []
        words += ["-t", self.type]
        words += [] if detached else ["-d"]
        words += ["-u"] if self.unprivileged else []
        words += ["-c"] if self.chroot else []
        if self.type in ("inet", "pass") and self.maxproc > 1:
            words += ["-o", "stress="]
        words += ["-s", str(sockets)] if sockets > 1 else []
        return words + list(self.args)


@dataclass(frozen=True, slots=True)
class MasterDefaults:
    """What master(8) needs of main.cf to read master.cf."""

    process_limit: int = 100
    chroot: bool = False
    disabled: str = ""
    legacy_chroot: bool = False


def read_services(
    text: str,
    path: str,
    defaults: MasterDefaults,
    warn: Warn = ignore,
    info: Callable[[str], None] = ignore,
    before_inet: Callable[[str], None] = ignore,
    resolve: Callable[[str], Sequence[str]] | None = None,
) -> Iterator[ServiceEntry]:
    """The services of master.cf, one by one. Raises Fatal at the first broken line.

    `before_inet` is called with the name of each inet service before it is looked at (master warns there of a changed
    inet_interfaces). `resolve` gives the addresses of a host name; without it names are believed.
    """
    for number, line in logical_lines(text, path, warn):
        words = _Words(line, f"{path}: line {number}: ")
        name = words.next("service")
        kind = words.text("transport type")
        if _disabled(defaults.disabled, name, kind):
            continue
        if kind == "inet":
            before_inet(name)
            words.check_address(name, resolve)
        if kind not in TYPES:
            raise words.fatal(f"bad transport type: {kind}")
        yield words.entry(name, kind, defaults, info, number)


class _Words:
    """The fields of one line, taken one after the other."""

    def __init__(self, line: str, where: str) -> None:
        self.rest = line
        self.where = where

    def fatal(self, text: str) -> Fatal:
        return Fatal(self.where + text)

    def next(self, field: str) -> str:
        found = self.rest.lstrip(BLANKS)
        length = next((at for at, char in enumerate(found) if char in BLANKS), len(found))
        if not length:
            raise self.fatal(f'missing "{field}" field')
        self.rest = found[length + 1 :]
        return found[:length]

    def text(self, field: str, default: str | None = None) -> str:
        value = self.next(field)
        if value != "-":
            return value
        if default is None:
            raise self.fatal(f'field "{field}" has no default value')
        return default

    def flag(self, field: str, default: str) -> bool:
        value = self.text(field, default)
        if value not in ("y", "n"):
            raise self.fatal(f'field "{field}": bad value: "{value}"')
        return value == "y"

    def number(self, field: str, default: int) -> tuple[int, bool]:
        """A number and whether `?` ends the field. What follows the digits does not count: atoi(3)."""
        value = self.text(field, str(default))
        digits = value[: len(value) - len(value.lstrip(_DIGITS))]
        if not digits:
            raise self.fatal(f'field "{field}": bad value: "{value}"')
        return min(int(digits[-12:]), 2**31 - 1), value.endswith("?")

    def check_address(self, name: str, resolve: Callable[[str], Sequence[str]] | None) -> None:
        try:
            host, _ = split_host_port(name)
        except ValueError as problem:
            raise self.fatal(f'{problem} in "{name}"') from None
        if host and resolve is not None and not resolve(host):
            raise self.fatal(f"bad hostname or network address: {name}")

    def entry(self, name: str, kind: str, defaults: MasterDefaults, info: Callable[[str], None], number: int) -> ServiceEntry:
        private = self.flag("private", "y")
        if kind == "inet" and private:
            raise self.fatal("inet service cannot be private")
        unprivileged = self.flag("unprivileged", "y")
        chroot = self.chroot(defaults, info)
        wakeup, conditional = self.number("wakeup_time", 0)
        maxproc, _ = self.number("max_proc", defaults.process_limit)
        command = self.text("command")
        args = tuple(map(self.argument, quoted_words(self.rest, BLANKS)))
        return ServiceEntry(name, kind, private, unprivileged, chroot, wakeup, bool(wakeup) and conditional, maxproc, command, args, number)

    def chroot(self, defaults: MasterDefaults, info: Callable[[str], None]) -> bool:
        default = "y" if defaults.chroot else "n"
        if defaults.legacy_chroot and self.rest.split()[:1] == ["-"]:
            info(f"{self.where}using backwards-compatible default setting chroot={default}")
        return self.flag("chroot", default)

    def argument(self, word: str) -> str:
        if not word.startswith("{"):
            return word
        inside, error = unbrace(word, strip=True)
        if error:
            raise self.fatal(error)
        return inside


def _disabled(patterns: str, name: str, kind: str) -> bool:
    """master_service_disable: `name/type`, `type`, `!pattern`; the first match counts. postconf(5)."""
    for word in tokens(patterns):
        pattern = word.lstrip("!")
        if "/" not in pattern and "." in pattern:
            pattern = "/".join(pattern.rsplit(".", 1))
        if (f"{name}/{kind}" if "/" in pattern else kind).lower() == pattern.lower():
            return (len(word) - len(word.lstrip("!"))) % 2 == 0
    return False
