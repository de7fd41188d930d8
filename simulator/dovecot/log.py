"""Dovecot's log: a file (`log_path`) or the system log.

In a file a line is `Nov 24 13:39:46 imap-login: Info: text`; in the system log `dovecot: imap-login: text`, where only what is
worse than Info names its level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.unix.fs import Cred
from simulator.unix.syslog import stamp

if TYPE_CHECKING:
    from simulator.dovecot.config import Config
    from simulator.unix.host import Host

#: Level -> priority of syslog(3).
PRIORITIES = {"Debug": "debug", "Info": "info", "Warning": "warning", "Error": "err", "Panic": "crit", "Fatal": "crit"}
_LOG_WRITER = Cred(0, 0, umask=0o077)


def log_file(config: Config, level: str = "Info") -> str:
    """The file to which lines of a level go; "" = the system log."""
    path = config["log_path"]
    if level == "Info" and config["info_log_path"]:
        path = config["info_log_path"]
    elif level == "Debug" and (config["debug_log_path"] or config["info_log_path"]):
        path = config["debug_log_path"] or config["info_log_path"]
    return "" if path in ("syslog", "") else path


def write(host: Host, config: Config, source: str, text: str, level: str = "Info") -> None:
    """Write a line; `source` is the process: `master`, `imap(anna)<12><session>`."""
    path = log_file(config, level)
    if path.startswith("/dev/std"):
        return
    if path:
        line = f"{stamp(host.clock.now)} {source}: {level}: {text}\n"
        host.fs.append(path, line.encode("utf-8", "surrogateescape"), _LOG_WRITER, 0o600)
        return
    shown = text if level == "Info" else f"{level}: {text}"
    host.log.write(config["syslog_facility"] or "mail", PRIORITIES[level], "dovecot", f"{source}: {shown}")
