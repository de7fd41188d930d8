"""NAME
    doveconf - show the configuration of Dovecot

SYNOPSIS
    doveconf [-adhnNPSx] [-c FILE] [-f FILTER] [SETTING...]

DESCRIPTION
    Reads /etc/dovecot/dovecot.conf and what it includes. -n shows what differs from the defaults, -a (as without options)
    everything, -d the defaults. With names, only these settings or blocks. -h leaves the names out, -x shows the content of
    files named with `<`.

DIFFERS FROM DOVECOT
    -m, -w and -e are missing; of filters only `protocol=`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.dovecot.config import CONFIG_FILE, VERSION, Config, ConfigError, check, check_server, defaults
from simulator.dovecot.config_file import Parser, Section, Value
from simulator.netprog.getopt import BadOption, getopt
from simulator.unix.program import Process, program

_HIDDEN = ("ssl_key", "ssl_dh", "ssl_alt_key", "ssl_key_password", "ssl_client_key")
_PASSDB_DEFAULTS = {
    "args": "", "auth_verbose": "default", "default_fields": "", "deny": "no", "driver": "", "master": "no", "mechanisms": "", "name": "",
    "override_fields": "", "pass": "no", "result_failure": "continue", "result_internalfail": "continue", "result_success": "return-ok",
    "skip": "never", "username_filter": "",
}  # fmt: skip
_USERDB_DEFAULTS = {
    name: value for name, value in _PASSDB_DEFAULTS.items() if name not in ("deny", "master", "mechanisms", "pass", "username_filter")
}
_NAMESPACE_DEFAULTS = {
    "disabled": "no", "hidden": "no", "ignore_on_failure": "no", "inbox": "no", "list": "yes", "location": "", "order": "0", "prefix": "",
    "separator": "", "subscriptions": "yes", "type": "private",
}  # fmt: skip
_MAILBOX_DEFAULTS = {"auto": "no", "autoexpunge": "0", "autoexpunge_max_mails": "0", "comment": "", "driver": "", "special_use": ""}
_BLOCK_DEFAULTS = {"passdb": _PASSDB_DEFAULTS, "userdb": _USERDB_DEFAULTS, "namespace": _NAMESPACE_DEFAULTS, "mailbox": _MAILBOX_DEFAULTS}
#: -n shows these blocks whole: namespace's inbox, location, prefix are shown whenever set.
_ALWAYS = {"namespace": ("inbox", "location", "prefix")}


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of a configuration: -n only changes; -P also what is hidden; -x files."""

    changed: bool
    secrets: bool = False
    contents: bool = False


@program("/usr/bin/doveconf", "/usr/sbin/doveconf", package="dovecot")
def main(p: Process) -> int:
    try:
        options = getopt(p.argv[1:], "adhnNPSxc:f:m:we")
    except BadOption as error:
        p.err(f"doveconf: {error}\n")
        return 64
    for letter in "mwe":
        if letter in options:
            p.err(f"simulator: doveconf: option -{letter} is not simulated\n")
            return 1
    path = options.value("c") if "c" in options else CONFIG_FILE
    names = options.operands
    if not names and "d" not in options and "S" not in options:
        p.out(f"# {VERSION}: {path}\n# Pigeonhole version 0.5.19 (4eae2f79)\n")
    try:
        config = Config(Section()) if "d" in options else read(p, path, "x" in options)
    except ConfigError as error:
        if "Missing '}'" in str(error) and not names:
            p.out(system_lines(p))
        p.err(f"doveconf: Fatal: {error}\n")
        return error.status
    view = View("n" in options or "N" in options, "P" in options, "x" in options)
    if names:
        return _settings(p, config, names, "h" in options, view)
    p.out(system_lines(p) if "d" not in options else f"# {VERSION}: {path}\n# Pigeonhole version 0.5.19 (4eae2f79)\n{system_lines(p)}")
    if not view.changed:
        p.out("# NOTE: Send doveconf -n output instead when asking for help.\n")
    p.out("".join(f"{line}\n" for line in lines(config, view, p)))
    try:
        check_server(config, p.fs)
    except ConfigError as error:
        p.err(f"doveconf: Fatal: {error}\n")
        return error.status
    return 0


def read(p: Process, path: str, contents: bool = False) -> Config:
    """The configuration, as this user may read it. Raises ConfigError."""
    tree = Parser(p.fs, p.cred).read(path)
    check(tree, path)
    return Config(tree)


def system_lines(p: Process) -> str:
    """What doveconf says about the machine."""
    version = p.fs.read("/etc/debian_version").decode().strip()
    return f"# OS: Linux 6.1.0-41-amd64 x86_64 Debian {version} \n# Hostname: {p.host.hostname}\n"


def lines(config: Config, view: View, p: Process) -> Iterator[str]:
    """The configuration as text: settings and blocks by name."""
    base = Section() if view.changed else defaults()
    yield from _block(config.tree, base, defaults(), view, "", p)


def _block(own: Section, base: Section, compare: Section, view: View, indent: str, p: Process) -> Iterator[str]:
    entries: list[tuple[str, int, list[str]]] = []
    for name in {**base.values, **own.values}:
        value = own.values.get(name) or base.values[name]
        if view.changed and not _differs(own, name, value, compare):
            continue
        entries.append((name, 0, [f"{indent}{name} = {shown(name, value, view, p)}"]))
    blocks = {(one.kind, one.name, number): one for number, one in enumerate(own.sections)}
    named = {(one.kind, one.name) for one in own.sections}
    extra = [one for one in base.sections if (one.kind, one.name) not in named]
    for place, one in enumerate([*blocks.values(), *extra]):
        under = base.first(one.kind, one.name) or Section(one.kind, one.name, _defaults_of(one.kind) if not view.changed else {})
        against = compare.first(one.kind, one.name) or Section(one.kind, one.name, _defaults_of(one.kind))
        inner = list(_block(one, under, against, view, indent + "  ", p))
        if inner:
            title = f'{one.kind} "{one.name}"' if " " in one.name else f"{one.kind} {one.name}".rstrip()
            entries.append((one.kind, place + 1, [f"{indent}{title} {{", *inner, f"{indent}}}"]))
    entries.sort(key=lambda entry: (entry[0], _title(entry) if indent or entry[0] in ("service", "protocol") else "", entry[1]))
    for _, _, text in entries:
        yield from text


def _title(entry: tuple[str, int, list[str]]) -> str:
    return entry[2][0].replace('"', "") if entry[1] else ""


def _defaults_of(kind: str) -> dict[str, Value]:
    return {name: Value(text) for name, text in _BLOCK_DEFAULTS.get(kind, {}).items()}


def _differs(own: Section, name: str, value: Value, compare: Section) -> bool:
    if name in _ALWAYS.get(own.kind, ()):
        return True
    default = compare.values.get(name)
    return default is None or default.text != value.text


def shown(name: str, value: Value, view: View, p: Process) -> str:
    """A value as doveconf prints it."""
    if name in _HIDDEN and value.text and not view.secrets:
        return "# hidden, use -P to show it"
    if value.file and view.contents:
        return p.fs.read(value.file, p.cred).decode("utf-8", "surrogateescape")
    text = value.text
    return f'"{text}"' if text != text.strip() or "#" in text else text


def _settings(p: Process, config: Config, names: tuple[str, ...], bare: bool, view: View) -> int:
    status = 0
    for name in names:
        try:
            text = shown(name, config.value(name), View(False, True, view.contents), p)
        except KeyError:
            text = ""
        if name in defaults().values or name in config.tree.values:
            text = text.strip('"') if text.startswith('" ') else text
            p.out(f"{text}\n" if bare else f"{name} = {text}".rstrip(" ") + "\n")
    for name in names:
        kind, _, title = name.partition("/")
        found = [one for one in config.tree.sections if one.kind == kind and (not title or one.name == title)]
        for one in found:
            whole = Section("", "", {}, [one])
            p.out("".join(f"{line}\n" for line in _block(whole, Section(), defaults(), view, "", p)))
    return status
