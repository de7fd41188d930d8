"""Which parameters postconf(1) knows: built-in ones, those of services in master.cf, and names that the user has invented.

A name of the user's is known if it has a value in main.cf or master.cf and some other value refers to it with $name, or if
it is a restriction class. Whatever else has a value is an "unused parameter"; a $name that nobody has defined is an
"undefined parameter".
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

from simulator.postfix.commands.postconf_dbms import Databases
from simulator.postfix.commands.postconf_master import COMMAND, MasterEntry, collect_parameters
from simulator.postfix.lib.expansion import expand
from simulator.postfix.lib.logical_lines import Warn, ignore, tokens
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.own_networks import Interfaces, Resolve, check_style, families, mynetworks
from simulator.postfix.lib.parameter_reading import DEFAULT_DOMAIN, eval_text
from simulator.postfix.lib.parameter_table import LEGACY, READ_ONLY, SERVICE_SUFFIXES, builtin

CLASSES = ("builtin", "service", "user")


@dataclass(frozen=True, slots=True)
class Known:
    """A known name. `kind` is its class ("" for a replaced name that nobody uses); `default` None: computed from the host."""

    kind: str
    default: str | None
    raw: bool = False
    read_only: bool = False


#: Defaults that depend on the host.
COMPUTED = ("myhostname", "mydomain", "mynetworks")


@functools.cache
def _builtin_names() -> dict[str, Known]:
    found = {name: Known("builtin", None if name in COMPUTED else entry.default, entry.kind == "raw") for name, entry in builtin().items()}
    return found | {name: Known("", "") for name in LEGACY}


@dataclass(frozen=True, slots=True)
class Machine:
    """What defaults depend on."""

    hostname: str
    interfaces: Interfaces
    resolve: Resolve
    process: str
    pid: int
    read: Callable[[str], bytes]


class KnownParameters:
    """The table of known names, with main.cf's values and master.cf's entries."""

    def __init__(self, machine: Machine, config_directory: str, values: dict[str, str], warn: Warn, defaults_only: bool, info: Warn = ignore) -> None:
        self.machine = machine
        self.config_directory = config_directory
        self.values = values
        self.entries: list[MasterEntry] = []
        self.warn, self.info = warn, info
        self.defaults_only = defaults_only
        self.names = dict(_builtin_names())
        for name, default in zip(READ_ONLY, (machine.process, "", str(machine.pid)), strict=True):
            self.names[name] = Known("builtin", default, read_only=True)
        self._computed: dict[str, str] = {}

    # -- values ---------------------------------------------------------------------------------------------------------

    def default(self, name: str) -> str | None:
        """The default value; None for an unknown name. Raises Fatal where it cannot be computed."""
        known = self.names.get(name)
        if known is None:
            return None
        if known.default is not None:
            return known.default
        if name not in self._computed:
            self._computed[name] = {"myhostname": self._myhostname, "mydomain": self._mydomain, "mynetworks": self._mynetworks}[name]()
        return self._computed[name]

    def value(self, name: str, scope: MasterEntry | None = None, explicit: bool = False) -> str | None:
        """What applies: a service's own value, then main.cf's, then the default. With `explicit` no default."""
        if self.defaults_only:
            return self.default(name)
        found = None
        if scope is not None:
            found = scope.own_values.get(name) or (scope.parameters or {}).get(name)
        if found is None:
            found = self.values.get(name)
        return self.default(name) if found is None and not explicit else found

    def expand(self, text: str, scope: MasterEntry | None = None) -> str:
        """The text with $name expanded: postconf -x. Raises Fatal."""
        done = expand(text, lambda name, test: self.value(name, scope), self.warn, recurse=True)
        if done.error:
            raise Fatal("macro processing error")
        return done.text

    def _eval(self, name: str) -> str | None:
        text = self.values.get(name)
        return None if text is None else eval_text(self.values, text, self.warn)

    def _myhostname(self) -> str:
        if "." in self.machine.hostname:
            return self.machine.hostname
        domain = self._eval("mydomain")
        return f"{self.machine.hostname}.{DEFAULT_DOMAIN if domain is None else domain}"

    def _mydomain(self) -> str:
        name = self._eval("myhostname")
        if name is None:
            name = self._myhostname()
        _, dot, domain = name.partition(".")
        return domain if dot else DEFAULT_DOMAIN

    def _setting(self, name: str) -> str:
        found = None if self.defaults_only else self._eval(name)
        return self.expand(builtin()[name].default) if found is None else found

    def _mynetworks(self) -> str:
        interfaces, style, protocols = map(self._setting, ("inet_interfaces", "mynetworks_style", "inet_protocols"))
        versions = families(protocols)
        if not versions:
            return ""
        return mynetworks(check_style(style), self.machine.interfaces.own(versions, interfaces, self.machine.resolve))

    # -- names ----------------------------------------------------------------------------------------------------------

    def register_services(self) -> None:
        """`SERVICE_suffix` for every transport and spawn service of master.cf."""
        for entry in self.entries:
            for suffix, source in SERVICE_SUFFIXES.get(entry.words[COMMAND], {}).items():
                name = entry.words[0] + suffix
                known = self.names.get(name)
                self.names[name] = Known("service", f"${source}") if known is None else replace(known, kind="service")

    def register_user_names(self) -> None:
        """Names that values refer to, in master.cf and main.cf. Warns of undefined names and read-only parameters. Raises Fatal."""
        databases = Databases(self)
        collect_parameters(self.entries)
        for entry in self.entries:
            if entry.parameters is not None:
                self._scan_values(entry.parameters, entry.name_space, entry, databases)
        # Built-in defaults refer to known names alone; but real postconf computes all of them here, and may fail.
        for name in COMPUTED:
            if name not in self.values:
                self.default(name)
        self._scan_values(self.values, "mail_dict", None, databases)

    def _scan_values(self, values: dict[str, str], name_space: str, scope: MasterEntry | None, databases: Databases) -> None:
        classes = values.get("smtpd_restriction_classes")
        if classes is not None:
            for name in tokens(self._eval_in(values, name_space, classes)):
                self.flag(name, scope)
        for name, text in list(values.items()):
            known = self.names.get(name)
            if known is not None and known.read_only:
                self.warn(f"{self._file(scope)}: read-only parameter assignment: {name}={text}")
                del values[name]
                continue
            if known is not None and name in LEGACY:
                self.names[name] = replace(known, kind="user")
            if known is not None and known.raw:
                continue
            self._scan(text, scope)
            if known is not None and known.kind in ("builtin", "service"):
                databases.look(text, scope)

    def _eval_in(self, values: dict[str, str], name_space: str, text: str) -> str:
        done = expand(text, lambda name, test: values.get(name), self.warn, recurse=True)
        if done.error:
            raise Fatal(f"dictionary {name_space}: macro processing error")
        return done.text

    def _scan(self, text: str, scope: MasterEntry | None) -> None:
        if "$" in text:
            expand(text, lambda name, test: self.flag(name, scope), self.warn, scan=True)

    def _file(self, scope: MasterEntry | None) -> str:
        return f"{self.config_directory}/{'main.cf' if scope is None else 'master.cf'}"

    def flag(self, name: str, scope: MasterEntry | None, optional: bool = False) -> None:
        """A value refers to this name: it is known from now on, if it has a value. Warns if not, unless it is optional."""
        supplied = False
        here = "main.cf" if scope is None else f"master.cf:{scope.name_space}"
        if scope is not None and name in (scope.parameters or {}):
            supplied = True
            self._validate(scope, name, here)
        elif name in self.values:
            supplied = True
            if name not in self.names:
                self.names[name] = Known("user", "")
                self.info(f"${name} in {here} validates {name}=value in main.cf")
        for entry in self.entries if scope is None else ():
            if name in (entry.parameters or {}):
                supplied = True
                self._validate(entry, name, here)
        if not supplied and not optional and name not in self.names:
            self.warn(f"{self._file(scope)}: undefined parameter: {name}")

    def _validate(self, entry: MasterEntry, name: str, here: str) -> None:
        if name not in entry.valid:
            entry.valid.add(name)
            self.info(f"${name} in {here} validates {name}=value in master.cf:{entry.name_space}")

    def flag_unused(self, main: bool = True) -> None:
        """Warn of values that nothing uses."""
        if main:
            self._flag_unused(self.values, None)
        for entry in self.entries:
            self._flag_unused(entry.parameters or {}, entry)

    def _flag_unused(self, values: dict[str, str], scope: MasterEntry | None) -> None:
        for name, text in values.items():
            if name not in self.names and (scope is None or name not in scope.valid):
                self.warn(f"{self._file(scope)}: unused parameter: {name}={text}")
