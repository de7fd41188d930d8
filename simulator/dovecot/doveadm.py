"""NAME
    doveadm - manage Dovecot

SYNOPSIS
    doveadm [-Dv] [-f FORMATTER] COMMAND [ARGUMENTS]

DESCRIPTION
    auth test|login|lookup      is a password right, what does the passdb say
    user                        what does the userdb say of a user
    pw                          make or check a stored password
    mailbox list|status|create|delete|rename|subscribe|unsubscribe
    fetch, search, flags, copy, move, expunge    messages, by a search query
    quota get|recalc            with the quota plugin
    who, kick, penalty          (not simulated: they say so)
    log find|test|errors        log files
    reload, stop                the server
    config                      doveconf(1)

DIFFERS FROM DOVECOT
    backup, sync, import, director, replicator, dict, fs, stats and others say that they are not simulated.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.dovecot import doveadm_auth, doveadm_mail, doveconf
from simulator.dovecot.config import CONFIG_FILE, Config, ConfigError
from simulator.dovecot.doveadm_context import Context, usage
from simulator.dovecot.doveadm_usage import COMMANDS
from simulator.dovecot.lda import stats_error
from simulator.dovecot.log import log_file
from simulator.dovecot.log import write as write_log
from simulator.dovecot.master import BASE, SIGHUP, SIGTERM, running
from simulator.dovecot.server_command import signal_master
from simulator.netprog.getopt import BadOption
from simulator.unix.program import Exit, Process, program

_USAGE, _FAILED = 64, 75
_LEVELS = ("Debug", "Info", "Warning", "Error", "Fatal")


@program("/usr/bin/doveadm", package="dovecot", section=1)
def main(p: Process) -> int:
    arguments = p.argv[1:]
    formatter = ""
    while arguments and arguments[0].startswith("-") and len(arguments[0]) > 1:
        option = arguments.pop(0)
        if option.startswith("-f"):
            formatter = option[2:] or (arguments.pop(0) if arguments else "")
        elif option not in ("-D", "-v", "-o"):
            p.err(f"doveadm: invalid option -- '{option[1:2]}'\n")
            return usage(p)
    if not arguments:
        return usage(p)
    try:
        config = doveconf.read(p, CONFIG_FILE)
    except ConfigError as error:
        p.err(f"doveconf: Fatal: {error}\n")
        return error.status
    return _dispatch(p, config, formatter, arguments)


def _dispatch(p: Process, config: Config, formatter: str, arguments: list[str]) -> int:
    stats_error(p, "")
    group = " ".join(arguments[:2])
    try:
        for name, action in ((group, _ACTIONS.get(group)), (arguments[0], _ACTIONS.get(arguments[0]))):
            if action is not None:
                return action(Context(p, config, formatter, name, arguments[len(name.split()) :]))
    except BadOption as error:
        p.err(f"{p.argv[0]}: {error}\n")
        return _USAGE
    if arguments[0] == "quota":
        p.err("Fatal: Unknown command 'quota', but plugin quota exists. Try to set mail_plugins=quota\n")
        return _FAILED
    if arguments[0] == "help":
        if len(arguments) == 1:
            return usage(p)
        p.err("simulator: doveadm: help is not simulated; see man doveadm\n")
        return 1
    if any(line.split(" ")[0] == arguments[0] for line in COMMANDS):
        if arguments[0] in ("mailbox", "auth", "log", "quota") or len(arguments) == 1:
            return usage(p, arguments[0])
        p.err(f"simulator: doveadm: {group} is not simulated\n")
        return 1
    return usage(p)


def _reload(c: Context) -> int:
    return signal_master(c.p, SIGHUP)


def _stop(c: Context) -> int:
    return signal_master(c.p, SIGTERM)


def _config(c: Context) -> int:
    c.p.argv = ["doveconf", *c.arguments]
    return doveconf.main(c.p)


def _anvil(c: Context) -> None:
    """Who may ask the anvil process? Raises Exit."""
    path = f"{BASE}/anvil"
    if not c.p.fs.exists(path):
        c.p.err(f"Fatal: net_connect_unix({path}) failed: No such file or directory\n")
        raise Exit(_FAILED)
    if not c.p.fs.access(path, 2, c.p.cred):
        c.p.err(f"Fatal: net_connect_unix({path}) failed: Permission denied\n")
        raise Exit(_FAILED)
    if running(c.p.host) is None:
        c.p.err(f"Fatal: net_connect_unix({path}) failed: Connection refused\n")
        raise Exit(_FAILED)


def _sessions(c: Context) -> int:
    """who, kick, penalty: the sessions of anvil are not kept."""
    c.p.err(f"simulator: doveadm: {c.p.argv[1] if len(c.p.argv) > 1 else ''} is not simulated\n")
    return 1


def _log_find(c: Context) -> int:
    for level in _LEVELS:
        path = log_file(c.config, level)
        if not path:
            path = "/var/log/mail.log"
            if level == "Debug":
                c.p.out("Looking for log files from /var/log\n")
        c.p.out(f"{level}: {path}\n")
    return 0


def _log_test(c: Context) -> int:
    now = int(c.p.clock.now)
    for level in _LEVELS:
        write_log(c.p.host, c.config, "doveadm", f"This is Dovecot's {level.lower()} log ({now})", level)
    return 0


def _log_errors(c: Context) -> int:
    path = log_file(c.config)
    if path and c.p.fs.exists(path):
        for line in c.p.read(path).decode("utf-8", "surrogateescape").splitlines():
            words = line.split(" ", 3)
            source, _, rest = words[3].partition(": ")
            level, _, text = rest.partition(": ")
            if level in ("Warning", "Error", "Fatal", "Panic") and not source.startswith("doveadm"):
                c.p.out(f"{' '.join(words[:3])} {level}: {source}: {text}\n")
    return 0


_ACTIONS: dict[str, Callable[[Context], int]] = {
    "reload": _reload, "stop": _stop, "config": _config, "who": _sessions, "kick": _sessions, "penalty": _sessions,
    "log find": _log_find, "log test": _log_test, "log errors": _log_errors,
    "auth test": doveadm_auth.test, "auth login": doveadm_auth.login, "auth lookup": doveadm_auth.lookup,
    "user": doveadm_auth.user, "pw": doveadm_auth.password,
    **doveadm_mail.ACTIONS,
}  # fmt: skip
