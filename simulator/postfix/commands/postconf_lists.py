"""Lists that postconf(1) prints: table types (-m), locks (-l), SASL plug-ins (-a, -A), TLS (-T), bounce texts (-b, -t)."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.postfix.commands.postconf_bounce import show_templates
from simulator.postfix.lib.logical_lines import tokens
from simulator.postfix.lib.msg import Fatal, Msg
from simulator.postfix.lib.parameters import Parameters
from simulator.unix.program import Process

#: Table types that are compiled in; others come with dynamicmaps.cf: DATABASE_README.
TABLE_TYPES = (
    *("btree", "cidr", "environ", "fail", "hash", "inline", "internal", "memcache", "nis", "pipemap", "proxy", "randmap", "regexp"),
    *("socketmap", "static", "tcp", "texthash", "unionmap", "unix"),
)
LOCKS = ("flock", "fcntl", "dotlock")
SASL = {"a": ("cyrus", "dovecot"), "A": ("cyrus",)}
#: Debian built Postfix with one release of OpenSSL and runs it with a later one.
TLS = {
    "compile-version": ("OpenSSL 3.0.11 19 Sep 2023",),
    "run-version": ("OpenSSL 3.0.20 7 Apr 2026",),
    "public-key-algorithms": ("dsa", "ecdsa", "rsa"),
}


def show_list(process: Process, msg: Msg, view: str, directory: str, arguments: Sequence[str], tls_mode: str) -> int:
    """Print one list; the exit status. Raises Fatal."""
    if view in "bt":
        if len(arguments) > 1:
            raise Fatal("options -b and -t require at most one template file")
        return show_templates(process, msg, directory, view == "b", arguments[0] if arguments else None)
    if view == "T":
        if tls_mode not in TLS:
            msg.warning(f"unknown 'postconf -T' mode: {tls_mode}")
            return 1
        lines: Sequence[str] = TLS[tls_mode]
    elif view == "m":
        lines = _table_types(process, msg, directory)
    else:
        lines = LOCKS if view == "l" else SASL[view]
    process.out("".join(f"{line}\n" for line in lines))
    return 0


def _table_types(process: Process, msg: Msg, directory: str) -> list[str]:
    params = Parameters.read(process.host, directory, warn=msg.warning, cred=process.cred, sleep=process.sleep)
    path = f"{params['meta_directory']}/dynamicmaps.cf"
    types = set(TABLE_TYPES)
    try:
        text = process.read(path).decode("utf-8", "surrogateescape")
    except OSError:
        text = ""
    for line in text.splitlines():
        fields = tokens(line, " \t")
        if fields and not fields[0].startswith("#"):
            types.add(fields[0])
    return sorted(types)
