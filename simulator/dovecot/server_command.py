"""NAME
    dovecot - start or stop the mailbox server

SYNOPSIS
    dovecot [-F] [-c FILE] [-p] [-n] [-a] [--version] [reload | stop]

DESCRIPTION
    Reads the configuration and becomes the server. `dovecot stop` and `dovecot reload` do what doveadm(1) does.

DIFFERS FROM DOVECOT
    -c names no other file for the running server; -F returns at once.
"""

from __future__ import annotations

from simulator.dovecot import doveconf
from simulator.dovecot.config import CONFIG_FILE, VERSION, Config, ConfigError, check_server
from simulator.dovecot.master import PID_FILE, SIGHUP, SIGTERM, Master, running
from simulator.netprog.getopt import BadOption, getopt
from simulator.unix.program import Process, program

_USAGE = "Usage: dovecot [-F] [-c <config file>] [-p] [-n] [-a] [--help] [--version]\n       [--build-options] [--hostdomain] [reload] [stop]\n"
_FATAL, _TEMPORARY = 89, 75


@program("/usr/sbin/dovecot", package="dovecot", section=1)
def main(p: Process) -> int:
    arguments = p.argv[1:]
    if "--version" in arguments:
        p.out(f"{VERSION}\n")
        return 0
    if "--help" in arguments:
        p.out(_USAGE)
        return 0
    if "--hostdomain" in arguments:
        p.out(f"{p.host.hostname}\n")
        return 0
    try:
        options = getopt(arguments, "Fc:pna")
    except BadOption as error:
        p.err(f"dovecot: {error}\n")
        p.out(_USAGE)
        return _FATAL
    if "n" in options or "a" in options:
        p.argv = ["doveconf", "-n" if "n" in options else "-a"]
        return doveconf.main(p)
    if options.operands:
        return _command(p, options.operands[0])
    return start(p)


def _command(p: Process, word: str) -> int:
    if word not in ("reload", "stop"):
        p.out(_USAGE)
        return _FATAL
    return signal_master(p, SIGHUP if word == "reload" else SIGTERM)


def signal_master(p: Process, number: int) -> int:
    """Send the server a signal; 75 if it does not run."""
    master = running(p.host)
    if master is None:
        p.err(f"Fatal: Dovecot is not running (read from {PID_FILE})\n")
        return _TEMPORARY
    if p.cred.uid:
        p.err(f"Fatal: kill({master.pid}, {number}) failed: Operation not permitted\n")
        return _TEMPORARY
    if number == SIGHUP:
        master.reload()
    else:
        master.stop(number, p.pid)
    return 0


def start(p: Process) -> int:
    """Become the server."""
    if not p.fs.exists(CONFIG_FILE, p.cred):
        reason = "No such file or directory"
        p.err(f"Fatal: Error reading configuration: stat({CONFIG_FILE}) failed: {reason}\n")
        return _FATAL
    try:
        config = Config.read(p.fs, p.cred)
        check_server(config, p.fs)
    except ConfigError as error:
        p.err(f"doveconf: Fatal: {error}\n")
        return error.status
    if p.cred.uid:
        p.err("Fatal: You must be root to start Dovecot\n")
        return _FATAL
    master = running(p.host)
    if master is not None:
        text = f"Dovecot is already running with PID {master.pid} (read from {PID_FILE})"
        p.err(f"Fatal: {text}\n")
        master.log(text, "Fatal")
        return _FATAL
    Master(p.host, config).start()
    return 0
