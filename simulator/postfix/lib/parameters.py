"""The parameters of main.cf as one program has them: postconf(5).

    params = Parameters.read(host, program="smtpd", service_name="smtp", overrides=entry.overrides, warn=log.warning)
    params["mydestination"]            "ubuntu, localhost.localdomain, localhost"   ($name expanded)
    params.bool("biff"), params.int("message_size_limit"), params.time("maximal_queue_lifetime")      time in seconds
    params.service_int("relay", "_destination_concurrency_limit", "default_destination_concurrency_limit")

A program reads main.cf once, at its start, and keeps what it read; a `Parameters` never changes. What a bad value does
depends on who reads it: it is fatal for the programs that need the parameter (`program` names the one that starts), and
nothing to all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulator.net.resolver import Resolver
from simulator.postfix.lib import main_cf
from simulator.postfix.lib.compatibility_level import parse_level
from simulator.postfix.lib.expansion import expand
from simulator.postfix.lib.logical_lines import Warn, ignore
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.own_networks import Address, Interfaces, families
from simulator.postfix.lib.parameter_checks import UserChecks, check_last, origin_of_file
from simulator.postfix.lib.parameter_reading import (
    Reading,
    Source,
    computed_default,
    eval_text,
    initial_values,
    read_common,
    read_networks,
    read_own,
    read_texts,
    take_all,
)
from simulator.postfix.lib.parameter_table import (
    CHANGED_DEFAULTS,
    CONFIG_DIRECTORY,
    TIME_LIMIT,
    TRANSPORT_SUFFIXES,
    Parameter,
    builtin,
    read_by_programs,
)
from simulator.postfix.lib.parameter_values import convert, default_unit, to_bool, to_int, to_seconds
from simulator.unix.fs import ROOT, Cred, Fs
from simulator.unix.users import Users

if TYPE_CHECKING:
    from simulator.unix.host import Host

Int = int
Bool = bool
Overrides = Mapping[str, str] | Iterable[tuple[str, str]]


class Parameters:
    """What one program read at its start. Immutable and shared by copies of a lab."""

    def __init__(self, source: Source, reading: Reading, origin: str, own: tuple[Address, ...]) -> None:
        self._source = source
        self._reading = reading
        self._explicit = frozenset(initial_values(source)) - {"config_directory", "process_name", "service_name"}
        self._late: dict[str, str] = {}
        self.config_directory = source.config_directory
        self.origin = origin
        self.own_addresses = own

    def __deepcopy__(self, memo: dict[Int, Any]) -> Parameters:
        return self

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for two readings that give every parameter the same value: a key for what follows from parameters alone."""
        return (self._source, self.origin)

    # -- reading ------------------------------------------------------------------------------------------------------

    @classmethod
    def read(
        cls,
        machine: Host | Fs,
        config_directory: str = CONFIG_DIRECTORY,
        overrides: Overrides = (),
        warn: Warn = ignore,
        *,
        program: str = "",
        service_name: str = "",
        pid: Int = 0,
        cred: Cred = ROOT,
        sleep: Callable[[float], None] | None = None,
    ) -> Parameters:
        """Read main.cf as `program` does at its start.

        `machine` is the host, or only its files (then the name is that in /etc/hostname and there are no interfaces but
        the loopback). `overrides` are `-o name=value`. `sleep` see main_cf.read(). Raises Fatal for whatever is fatal for
        this program; warnings go to `warn`.
        """
        fs = machine if isinstance(machine, Fs) else machine.fs
        path = f"{config_directory}/main.cf"
        main_cf.read(fs, path, warn, {"config_directory": config_directory}, cred, sleep)
        data = fs.read(path, cred)
        pairs = tuple(overrides.items() if isinstance(overrides, Mapping) else overrides)
        source = Source(data, config_directory, pairs, _hostname(machine), program, service_name, pid if b"process_id" in data else 0)
        return cls._checked(machine, fs, source, warn, cred)

    @classmethod
    def _checked(cls, machine: Host | Fs, fs: Fs, source: Source, warn: Warn, cred: Cred) -> Parameters:
        """mail_params_init(3): values and checks in the order in which real programs meet them."""
        reading = _passed(read_texts(source), warn)
        origin = reading.texts["myorigin"]
        if origin.startswith("/"):
            origin = origin_of_file(fs, origin, cred)
        reading = _passed(read_common(source), warn)
        UserChecks(Users(fs, {}) if isinstance(machine, Fs) else machine.users, reading).run()
        source = replace(source, own=_own(machine, reading))
        reading = _passed(read_networks(source), warn)
        check_last(reading, origin)
        own = source.own if isinstance(source.own, tuple) else ()
        return cls(source, _passed(read_own(source), warn), origin, own)

    def also(self, program: str, warn: Warn = ignore) -> Parameters:
        """With what a library of the program reads later ("tls"). Raises Fatal."""
        more = take_all(self._reading, read_by_programs()[program], self._source)
        return Parameters(self._source, _passed(more, warn), self.origin, self.own_addresses)

    # -- values -------------------------------------------------------------------------------------------------------

    def get(self, name: str) -> str | None:
        """The expanded value; None for a name that nobody has defined. Raises Fatal for a value that cannot be expanded."""
        if name == "myorigin":
            return self.origin
        text = self._reading.texts.get(name)
        if text is None:
            text = self._late.get(name)
        if text is None and (raw := self._known(name)) is not None:
            parameter = builtin().get(name)
            text = raw if parameter is not None and parameter.kind == "raw" else self._eval_late(raw)
            self._late[name] = text
        return text

    def __getitem__(self, name: str) -> str:
        text = self.get(name)
        if text is None:
            raise KeyError(name)
        return text

    def __contains__(self, name: str) -> Bool:
        return self._known(name) is not None

    def raw(self, name: str) -> str | None:
        """The value as it is written, `$name` and all; the default if main.cf has none; None for an unknown name."""
        parameter = builtin().get(name)
        if name not in self._explicit and parameter is not None and parameter.kind != "function":
            return parameter.default
        return self._known(name)

    def _known(self, name: str) -> str | None:
        """The value as far as it is known: read and expanded, as written, or the default."""
        text = self._reading.values.get(name)
        if text is not None:
            return text
        parameter = builtin().get(name)
        if parameter is not None:
            return computed_default(self._reading, name, self._source) if parameter.kind == "function" else parameter.default
        for suffix, default in (TRANSPORT_SUFFIXES | TIME_LIMIT).items():
            if name.endswith(suffix) and len(name) > len(suffix):
                return f"${default}"
        return None

    def is_set(self, name: str) -> Bool:
        """Whether main.cf or `-o` has a value for this name."""
        return name in self._explicit

    def eval(self, text: str, warn: Warn = ignore) -> str:
        """Any text with $name expanded from these parameters. Raises Fatal."""
        return eval_text(self._reading.values, text, warn)

    def _eval_late(self, text: str) -> str:
        done = expand(text, lambda name, test: self._known(name), recurse=True)
        if done.error:
            raise Fatal("dictionary mail_dict: macro processing error")
        return done.text

    def _number(self, name: str) -> Int:
        value = self._reading.numbers.get(name)
        if value is None:
            value = self._convert_late(builtin()[name])
        return value

    def _convert_late(self, parameter: Parameter) -> Int:
        unit = default_unit(self._eval_late(parameter.default)) if parameter.kind == "time" else ""
        value = convert(parameter, self[parameter.name], unit)
        if isinstance(value, str):
            raise TypeError(f"{parameter.name} is no number")
        return value

    def bool(self, name: str) -> Bool:
        """A yes/no parameter. Raises Fatal for another value."""
        return to_bool(name, self[name]) if name not in builtin() else Bool(self._number(name))

    def int(self, name: str) -> Int:
        """A number. Raises Fatal for a value that is none or out of bounds."""
        return to_int(name, self[name]) if name not in builtin() else self._number(name)

    def time(self, name: str) -> Int:
        """A time in seconds. Raises Fatal for a bad unit or a value out of bounds."""
        return to_seconds(name, self[name], "s") if name not in builtin() else self._number(name)

    # -- values of one service ----------------------------------------------------------------------------------------

    def service_int(self, service: str, suffix: str, default: str, minimum: Int = 0, maximum: Int = 0) -> Int:
        """`SERVICE_suffix`, or the parameter `default`: postconf(5) "transport_destination_concurrency_limit". Raises Fatal."""
        text = self._service(service + suffix)
        return self.int(default) if text is None else to_int(service + suffix, text, minimum, maximum)

    def service_time(self, service: str, suffix: str, default: str, minimum: Int = 0, maximum: Int = 0) -> Int:
        """The same for times, in seconds; a bare number counts seconds. Raises Fatal."""
        text = self._service(service + suffix)
        return self.time(default) if text is None else to_seconds(service + suffix, text, "s", minimum, maximum)

    def service_text(self, service: str, suffix: str, default: str) -> str:
        """The same for texts. Raises Fatal."""
        text = self._service(service + suffix)
        return self[default] if text is None else text

    def _service(self, name: str) -> str | None:
        return self[name] if name in self._explicit or name in builtin() else None

    # -- compatibility ------------------------------------------------------------------------------------------------

    @property
    def compatibility_level(self) -> Int:
        """The level as a number to compare with LEVEL_1 and the like."""
        return parse_level(self["compatibility_level"])

    def legacy_default(self, name: str) -> Bool:
        """Whether an old default is in force only because of the compatibility level; its use is logged. COMPATIBILITY_README."""
        covered = {"fast_flush_domains": ("relay_domains",), "mynetworks_style": ("mynetworks",)}.get(name, ())
        return self.compatibility_level < CHANGED_DEFAULTS[name] and not any(map(self.is_set, (name, *covered)))


def _passed(reading: Reading, warn: Warn) -> Reading:
    for text in reading.warnings:
        warn(text)
    if reading.fatal:
        raise Fatal(reading.fatal)
    return reading


def _hostname(machine: Host | Fs) -> str:
    if not isinstance(machine, Fs):
        return machine.hostname
    return machine.read("/etc/hostname").decode("utf-8", "surrogateescape").strip()


def interfaces(machine: Host | Fs) -> Interfaces:
    """The host's addresses as the kernel lists them."""
    net = None if isinstance(machine, Fs) else machine.net
    if net is None:
        return Interfaces.of([("127.0.0.1", 8)])
    return Interfaces.of([(one.address, one.prefix) for one in net.interfaces])


def _own(machine: Host | Fs, reading: Reading) -> tuple[Address, ...] | str:
    def resolve(name: str, family: int) -> tuple[str, ...]:
        return () if isinstance(machine, Fs) else Resolver(machine.net, machine.fs).addresses(name, family).addresses

    try:
        return interfaces(machine).own(families(reading.texts["inet_protocols"]), reading.texts["inet_interfaces"], resolve)
    except Fatal as trouble:
        return trouble.text
