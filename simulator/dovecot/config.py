"""Dovecot's settings as its programs read them: the tree of dovecot.conf over the defaults.

    config = Config.read(fs)                       # raises ConfigError
    config["mail_location"]; config.of("lda")["mail_plugins"]; config.plugin["quota_rule"]

A running Dovecot keeps what it read until it is reloaded; doveadm and dovecot-lda read the file anew.
"""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import Any

from simulator.dovecot.config_file import REPEATED, ConfigError, Parser, Section, Value, mistake
from simulator.unix.fs import ROOT, Cred, Fs

CONFIG_FILE = "/etc/dovecot/dovecot.conf"
VERSION = "2.3.19.1 (9b53102964)"
PROTOCOLS = ("imap", "lmtp", "pop3", "submission", "sieve")
_FILTERS = ("protocol", "local", "remote", "local_name")
_INSIDE = {
    "service": ("unix_listener", "fifo_listener", "inet_listener"), "namespace": ("mailbox",),
}  # fmt: skip
_SECTIONS = (*_FILTERS, "service", "namespace", "passdb", "userdb", "plugin", "dict", "ssl", "import_environment")
_LISTENER = {
    "unix_listener": ("group", "mode", "user"), "fifo_listener": ("group", "mode", "user"),
    "inet_listener": ("address", "haproxy", "port", "reuse_port", "ssl"),
}  # fmt: skip
_PASSDB = ("args auth_verbose default_fields deny driver master mechanisms name override_fields pass result_failure result_internalfail "
           "result_success skip username_filter")  # fmt: skip
_NAMESPACE = "alias_for disabled hidden ignore_on_failure inbox list location order prefix separator subscriptions type"
_MAILBOX = "auto autoexpunge autoexpunge_max_mails comment driver special_use"
_SERVICE = ("chroot client_limit drop_priv_before_exec executable extra_groups group idle_kill privileged_group process_limit "
            "process_min_avail protocol service_count type user vsz_limit")  # fmt: skip
_DURATION = re.compile(r"(\d+)\s*(s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?|d|days?|w|weeks?|msecs?)?$")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_CHOICES = {"ssl": ("no", "yes", "required"), "lock_method": ("fcntl", "flock", "dotlock")}


@functools.cache
def defaults() -> Section:
    """What `doveconf -d` prints."""
    text = resources.files("simulator.dovecot").joinpath("data", "defaults.conf").read_text("utf-8")
    return Parser(Fs.__new__(Fs), expand_files=False).parse_text(text)


class Config:
    """Settings for one protocol ("" = for none). Immutable."""

    def __init__(self, tree: Section, protocol: str = "") -> None:
        self.tree = tree
        self.protocol = protocol
        self._filters = [
            one for one in tree.of_kind("protocol") if protocol and (one.name == protocol or (one.name.startswith("!") and one.name[1:] != protocol))
        ]

    @classmethod
    def read(cls, fs: Fs, cred: Cred = ROOT, path: str = CONFIG_FILE) -> Config:
        """Read and check the configuration. Raises ConfigError."""
        tree = Parser(fs, cred).read(path)
        check(tree, path)
        return cls(tree)

    def of(self, protocol: str) -> Config:
        """The settings as a protocol's programs see them: `protocol imap { ... }` applies."""
        return Config(self.tree, protocol)

    def value(self, name: str) -> Value:
        """A setting with its place. Raises KeyError for an unknown one."""
        for section in (*reversed(self._filters), self.tree, defaults()):
            if name in section.values:
                return section.values[name]
        raise KeyError(name)

    def __getitem__(self, name: str) -> str:
        return self.value(name).text

    def bool(self, name: str) -> bool:
        """A yes or no."""
        return self[name].lower() in ("yes", "y", "1", "true")

    def seconds(self, name: str) -> float:
        """A time in seconds: "2 secs", "5 mins"."""
        return duration(self[name])

    def words(self, name: str) -> list[str]:
        """A list of words."""
        return self[name].replace(",", " ").split()

    @property
    def protocols(self) -> list[str]:
        """Enabled protocols, in the order of the file."""
        return self.words("protocols")

    @property
    def plugin(self) -> dict[str, str]:
        """The plugin settings."""
        found: dict[str, str] = {}
        for section in (self.tree, *self._filters):
            for block in section.of_kind("plugin"):
                found |= {name: value.text for name, value in block.values.items()}
        return found

    @property
    def plugins(self) -> list[str]:
        """mail_plugins."""
        return self.words("mail_plugins")

    def service(self, name: str) -> Section:
        """A service's block, with the defaults where the file is silent."""
        base, own = defaults().first("service", name) or Section("service", name), self.tree.first("service", name)
        return base if own is None else _merged(base, own)

    def databases(self, kind: str) -> list[Section]:
        """The blocks passdb or userdb, in order."""
        return self.tree.of_kind(kind)

    def content(self, name: str, fs: Fs) -> str:
        """A setting that may be `<file`: the file's content. Raises OSError."""
        value = self.value(name)
        return fs.read(value.file).decode("utf-8", "surrogateescape") if value.file else value.text

    def __deepcopy__(self, memo: dict[int, Any]) -> Config:
        return self


def _merged(base: Section, own: Section) -> Section:
    sections = {(one.kind, one.name): one for one in base.sections}
    for one in own.sections:
        there = sections.get((one.kind, one.name))
        sections[one.kind, one.name] = one if there is None else _merged(there, one)
    return Section(own.kind, own.name, base.values | own.values, list(sections.values()))


def duration(text: str) -> float:
    """Seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    unit = match[2] or "s"
    return int(match[1]) / 1000 if unit.startswith("msec") else int(match[1]) * float(_UNITS[unit[0]])


def check(tree: Section, path: str) -> None:
    """Refuse unknown settings and wrong values. Raises ConfigError."""
    found: list[tuple[Value, str]] = []
    _unknown(tree, "", found)
    if found:
        value, name = min(found, key=lambda one: (one[0].path != path, one[0].line))
        raise mistake(value.path, value.line, f"Unknown setting: {name}")
    for section in (tree, *tree.of_kind("protocol")):
        for name, value in section.values.items():
            _check_value(name, value)


def _unknown(section: Section, prefix: str, found: list[tuple[Value, str]]) -> None:
    known = _known(section)
    if known is not None:
        found += [(value, prefix + name) for name, value in section.values.items() if name not in known]
    allowed = _INSIDE.get(section.kind, _SECTIONS if section.kind in ("", *_FILTERS) else ())
    for one in section.sections:
        if one.kind not in allowed:
            place, _, line = one.start.rpartition(":")
            found.append((Value("", place, int(line or 0)), prefix + one.kind))
        else:
            inner = "" if one.kind in _FILTERS else f"{prefix}{one.kind} {{ "
            _unknown(one, inner, found)


def _known(section: Section) -> frozenset[str] | None:
    if section.kind in ("", *_FILTERS):
        return frozenset(defaults().values)
    if section.kind in _LISTENER:
        return frozenset(_LISTENER[section.kind])
    names = {"service": _SERVICE, "passdb": _PASSDB, "userdb": _PASSDB, "namespace": _NAMESPACE, "mailbox": _MAILBOX}.get(section.kind)
    return frozenset(names.split()) if names else None


def _check_value(name: str, value: Value) -> None:
    default = defaults().values[name].text
    text = value.text
    if value.file:
        return
    if name in _CHOICES and text not in _CHOICES[name]:
        raise mistake(value.path, value.line, f"Invalid value: {text}")
    if default in ("yes", "no") and name not in _CHOICES and text.lower() not in ("yes", "no", "y", "n", "1", "0", "true", "false"):
        raise mistake(value.path, value.line, f"Invalid boolean value: {text} (use yes or no)")
    if default.isdigit() and not text.isdigit() and not re.match(r"\d", text):
        raise mistake(value.path, value.line, f"Invalid number {text}: Not a valid number")
    if re.fullmatch(r"\d+ (secs|mins|hours|days|weeks)", default):
        try:
            duration(text)
        except ValueError:
            raise mistake(value.path, value.line, f"Invalid time interval: {text}") from None


def check_files(config: Config, fs: Fs) -> None:
    """Read what `<file` names, as the server does at its start. Raises ConfigError."""
    for section in (config.tree, *config.tree.of_kind("protocol")):
        for name, value in section.values.items():
            if value.file and config["ssl"] != "no":
                try:
                    fs.read(value.file)
                except OSError as error:
                    raise mistake(value.path, value.line, f"{name}: Can't open file {value.file}: {error.strerror}") from None


def check_server(config: Config, fs: Fs) -> None:
    """What only the server checks: protocols, certificates. Raises ConfigError."""
    check_files(config, fs)
    for name in config.protocols:
        if name not in ("imap", "pop3", "lmtp"):
            raise ConfigError(f"Error in configuration file {CONFIG_FILE}: protocols: Unknown protocol: {name}")
    if config["ssl"] != "no" and not config["ssl_cert"] and {"imap", "pop3"} & set(config.protocols):
        return


__all__ = ["CONFIG_FILE", "PROTOCOLS", "REPEATED", "VERSION", "Config", "ConfigError", "check_server", "defaults", "duration"]
