"""NAME
    logger, service, invoke-rc.d - write into the system log, run a service's script

SYNOPSIS
    logger [-is] [-p FACILITY.PRIORITY] [-t TAG] [-f FILE] [MESSAGE...]
    service NAME {start|stop|restart|reload|status|...}     service --status-all

DESCRIPTION
    logger sends a line to syslog as user.notice, or as -p says. service runs the script of a service in a clean environment:
    for Postfix it does what `postfix start`, `stop` and `reload` do.

DIFFERS FROM DEBIAN
    There is no systemd. Messages of service are those of a host without init.
"""

from __future__ import annotations

from simulator.shell.getopt import getopt
from simulator.unix.program import Process, program

_LONG = {"id=?": "i", "stderr": "s", "priority=": "p", "tag=": "t", "file=": "f", "server=": "n", "udp": "d", "tcp": "T", "no-act": "no-act",
    "size=": "S",
         "port=": "P", "socket=": "u", "rfc3164": "rfc", "rfc5424=?": "rfc", "skip-empty": "e"}  # fmt: skip
_FACILITIES = frozenset(
    "auth authpriv cron daemon ftp kern lpr mail news security syslog user uucp local0 local1 local2 local3 local4 local5 local6 local7".split()
)
_PRIORITIES = frozenset("emerg panic alert crit err error warning warn notice info debug".split())


@program("/usr/bin/logger")
def logger(p: Process) -> int:
    """logger(1)."""
    options = getopt(p, "defi::n:P:p:sS:t:Tu:V".replace("f", "f:"), _LONG)
    facility, _, priority = options.value("p", "user.notice").rpartition(".")
    facility = facility or "user"
    if facility not in _FACILITIES:
        p.err(f"logger: unknown facility name: {facility}\n")
        return 1
    if priority not in _PRIORITIES:
        p.err(f"logger: unknown priority name: {priority}\n")
        return 1
    tag = options.value("t") or p.user
    text = " ".join(options.operands) if options.operands else p.stdin
    if "f" in options:
        try:
            text = p.read(options.value("f")).decode("utf-8", "surrogateescape")
        except OSError as error:
            p.err(f"logger: file {options.value('f')}: {error.strerror}\n")
            return 1
    ident = f"{tag}[{p.pid}]" if "i" in options else tag
    for line in text.splitlines():
        p.host.log.write(facility, priority, ident, line)
        if "s" in options:
            p.err(f"<{priority}>{ident}: {line}\n")
    return 0


#: What the scripts of /etc/init.d do: the commands by their actions, and whether the script speaks.
_SERVICES: dict[str, dict[str, list[list[str]]]] = {
    "postfix": {
        "start": [["postfix", "start"]], "stop": [["postfix", "stop"]], "restart": [["postfix", "stop"], ["postfix", "start"]],
        "reload": [["postfix", "reload"]], "force-reload": [["postfix", "reload"]], "flush": [["postfix", "flush"]], "check": [["postfix", "check"]],
        "abort": [["postfix", "abort"]], "status": [["postfix", "status"]],
    },
    "dovecot": {
        "start": [["dovecot"]], "stop": [["doveadm", "stop"]], "restart": [["doveadm", "stop"], ["dovecot"]], "reload": [["doveadm", "reload"]],
        "force-reload": [["doveadm", "reload"]], "status": [["doveadm", "service", "status"]],
    },
}  # fmt: skip
_TITLES = {"postfix": "Postfix Mail Transport Agent: postfix", "dovecot": "IMAP/POP3 mail server: dovecot"}
_VERBS = {"start": "Starting", "stop": "Stopping", "restart": "Restarting", "reload": "Reloading", "force-reload": "Reloading"}


@program("/usr/sbin/service", "/usr/sbin/invoke-rc.d", section=8)
def service(p: Process) -> int:
    """service(8)."""
    words = p.argv[1:]
    if words == ["--status-all"]:
        for name in sorted(_SERVICES):
            p.out(f" [ {'+' if name in p.host.daemons else '-'} ]  {name}\n")
        return 0
    if not words:
        p.err("Usage: service < option > | --status-all | [ service_name [ command | --full-restart ] ]\n")
        return 1
    name, action = words[0], words[1] if len(words) > 1 else ""
    if name not in _SERVICES or not p.fs.exists(f"/usr/sbin/{name}"):
        p.err(f"{name}: unrecognized service\n")
        return 1
    if action not in _SERVICES[name]:
        actions = (
            "start|stop|restart|reload|flush|check|abort|force-reload|status"
            if name == "postfix"
            else "start|stop|reload|restart|force-reload|status"
        )
        p.out(f"Usage: /etc/init.d/{name} {{{actions}}}.\n")
        return 1
    if action == "status":
        return _status(p, name)
    p.out(f"{_VERBS.get(action, action.capitalize())} {_TITLES[name]}")
    status = 0
    for argv in _SERVICES[name][action]:
        done = p.run(argv)
        p.err(done.stderr)
        status = status or done.exit_code
    p.out(".\n" if not status else " failed!\n")
    return status


def _status(p: Process, name: str) -> int:
    running = name in p.host.daemons
    p.out(f"{name} is running.\n" if running else f"{name} is not running ... failed!\n")
    return 0 if running else 3
