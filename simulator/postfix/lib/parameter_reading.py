"""How a program reads its parameters at its start: mail_params_init(3) and the tables of each program.

The order counts, as it does in real Postfix: a value may use $name of what main.cf sets and of what was read before, the
first bad value is fatal, and a parameter that a program does not read can be as wrong as it likes. All of this depends on
the text of main.cf, the overrides and the host's name and addresses alone, so equal readings are shared.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.postfix.lib import main_cf
from simulator.postfix.lib.compatibility_level import parse_level
from simulator.postfix.lib.expansion import expand
from simulator.postfix.lib.hostname import valid_hostname
from simulator.postfix.lib.logical_lines import ignore
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.own_networks import Address, check_ports, check_style, families, mynetworks
from simulator.postfix.lib.parameter_table import Parameter, read_by_programs
from simulator.postfix.lib.parameter_values import convert, default_unit

#: facility names of syslog(3).
FACILITIES = frozenset(
    (
        *("auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "security", "syslog", "user", "uucp"),
        *(f"local{number}" for number in range(8)),
    )
)
DEFAULT_DOMAIN = "localdomain"
#: Commands that do not set $process_name.
NAMELESS = frozenset(("", "postalias", "postcat", "postconf", "postfix", "postlock", "postlog", "postmap", "postmulti"))
#: After these the checks need files, users and addresses of the host: parameter_checks.py.
LAST_TEXT, LAST_COMMON = "info_log_address_format", "in_flow_delay"


@dataclass(frozen=True, slots=True)
class Source:
    """All that a reading depends on. `own` are the host's addresses, or why they cannot be told."""

    main_cf: bytes
    config_directory: str
    overrides: tuple[tuple[str, str], ...]
    hostname: str
    program: str = ""
    service_name: str = ""
    pid: int = 0
    own: tuple[Address, ...] | str = ()


@dataclass(slots=True)
class Reading:
    """What has been read so far. `values` is what $name sees; `texts` and `numbers` are what the program works with."""

    values: dict[str, str]
    config_directory: str
    texts: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    fatal: str = ""

    def warn(self, text: str) -> None:
        """A warning, for whoever reads."""
        self.warnings.append(text)

    def eval(self, text: str) -> str:
        """A text with every $name expanded. Raises Fatal."""
        return eval_text(self.values, text, self.warn)

    def take(self, parameter: Parameter, default: str | None = None) -> None:
        """Read one parameter. Raises Fatal for a bad value."""
        name = parameter.name
        default = parameter.default if default is None else default
        text = self.values.get(name)
        if text is None:
            text = default if parameter.kind in ("raw", "time", "nint", "nbool") else self.eval(default)
            self.values[name] = text
        if parameter.kind != "raw":
            text = self.eval(text)
        unit = default_unit(self.eval(default)) if parameter.kind == "time" else ""
        value = convert(parameter, text, unit)
        self.texts[name] = text
        if not isinstance(value, str):
            self.numbers[name] = value


def eval_text(values: dict[str, str], text: str, warn: Callable[[str], None]) -> str:
    """Expand $name from the dictionary of main.cf: dict_eval(3). Raises Fatal."""
    if "$" not in text:
        return text
    done = expand(text, lambda name, test: values.get(name), warn, recurse=True)
    if done.error:
        raise Fatal("dictionary mail_dict: macro processing error")
    return done.text


def initial_values(source: Source) -> dict[str, str]:
    """The dictionary before anything is read: main.cf, then -o on the command line. Raises Fatal."""
    values = {"config_directory": source.config_directory}
    if source.program not in NAMELESS:
        values["process_name"] = source.program
    main_cf.parse(source.main_cf, f"{source.config_directory}/main.cf").load(values, "", ignore)
    values |= dict(source.overrides)
    if source.service_name:
        values["service_name"] = source.service_name
    return values


def _of_main_cf(reading: Reading, name: str, text: str) -> Fatal:
    return Fatal(f"file {reading.config_directory}/main.cf: parameter {name}: {text}")


def _check_level(reading: Reading) -> None:
    try:
        parse_level(reading.texts["compatibility_level"])
    except ValueError as problem:
        raise Fatal(str(problem)) from None


def _check_facility(reading: Reading) -> None:
    value = reading.texts["syslog_facility"]
    if value not in FACILITIES:
        raise _of_main_cf(reading, "syslog_facility", f"unrecognized value: {value}")


def _check_network(reading: Reading) -> None:
    check_ports(reading.texts["known_tcp_ports"], reading.warn)
    families(reading.texts["inet_protocols"])


def _check_hostname(reading: Reading) -> None:
    for name in ("myhostname", "mydomain"):
        value = reading.texts[name]
        if not valid_hostname(value, reading.warn):
            raise _of_main_cf(reading, name, f"bad parameter value: {value}")


#: Checks between the tables, by the last parameter read before: mail_params_init(3).
_CHECKS: dict[str, Callable[[Reading], None]] = {
    "compatibility_level": _check_level,
    "known_tcp_ports": _check_facility,
    "respectful_logging": _check_network,
    "mydomain": _check_hostname,
}


def computed_default(reading: Reading, name: str, source: Source) -> str:
    """The defaults that depend on the host: myhostname, mydomain, mynetworks. Raises Fatal."""
    if name == "myhostname":
        domain = reading.values.get("mydomain")
        return source.hostname if "." in source.hostname else f"{source.hostname}.{DEFAULT_DOMAIN if domain is None else reading.eval(domain)}"
    if name == "mydomain":
        _, dot, domain = reading.texts["myhostname"].partition(".")
        return domain if dot else DEFAULT_DOMAIN
    if not families(reading.texts["inet_protocols"]):
        return ""
    style = check_style(reading.texts["mynetworks_style"])
    if isinstance(source.own, str):
        raise Fatal(source.own)
    return mynetworks(style, source.own)


def take_all(before: Reading, parameters: tuple[Parameter, ...], source: Source) -> Reading:
    """Read on, until all is read or something is fatal. `before` stays as it is."""
    reading = Reading(dict(before.values), before.config_directory, dict(before.texts), dict(before.numbers))
    try:
        for parameter in parameters:
            if parameter.kind == "function" and parameter.name not in reading.values:
                reading.take(parameter, computed_default(reading, parameter.name, source))
            else:
                reading.take(parameter)
            if parameter.name in _CHECKS:
                _CHECKS[parameter.name](reading)
    except Fatal as trouble:
        reading.fatal = trouble.text
    return reading


def _upto(last: str) -> tuple[tuple[Parameter, ...], tuple[Parameter, ...]]:
    common = read_by_programs()["common"]
    cut = next(at for at, parameter in enumerate(common) if parameter.name == last) + 1
    return common[:cut], common[cut:]


@functools.lru_cache(maxsize=256)
def read_texts(source: Source) -> Reading:
    """The first part of what every program reads: up to the texts. The result is shared: do not change it."""
    return take_all(Reading(initial_values(source), source.config_directory), _upto(LAST_TEXT)[0], source)


@functools.lru_cache(maxsize=256)
def read_common(source: Source) -> Reading:
    """The rest of what every program reads, without mynetworks. Shared."""
    rest = tuple(parameter for parameter in _upto(LAST_TEXT)[1] if parameter.kind != "function")
    return take_all(read_texts(source), rest, source)


@functools.lru_cache(maxsize=256)
def read_networks(source: Source) -> Reading:
    """mynetworks, which needs the host's addresses, and the process id. Shared."""
    last = tuple(parameter for parameter in read_by_programs()["common"] if parameter.name == "mynetworks")
    reading = take_all(read_common(source), last, source)
    if isinstance(source.own, str) and not reading.fatal:
        reading.fatal = source.own
    if source.pid:
        reading.values["process_id"] = str(source.pid)
    return reading


@functools.lru_cache(maxsize=512)
def read_own(source: Source) -> Reading:
    """What this program reads besides. Shared."""
    return take_all(read_networks(source), read_by_programs().get(source.program, ()), source)
