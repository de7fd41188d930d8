"""NAME
    dovecot-lda, deliver - put a message from standard input into a mailbox

SYNOPSIS
    dovecot-lda [-d USER] [-m MAILBOX] [-f SENDER] [-a ORIGINAL] [-r FINAL] [-p FILE] [-e] [-k] [-c FILE] [-o SETTING=VALUE]

DESCRIPTION
    Without -d the mail is for whoever runs it. With -d the user database is asked at /run/dovecot/auth-userdb. Exit status 0
    delivered, 67 no such user, 75 try again, 77 refused (with -e).
"""

from __future__ import annotations

from simulator.dovecot import log
from simulator.dovecot.auth import LookupFailed, UserEntry
from simulator.dovecot.config import CONFIG_FILE, Config, ConfigError
from simulator.dovecot.config_file import Section, Value
from simulator.dovecot.delivery import Delivery, DeliveryFailed
from simulator.dovecot.doveconf import read
from simulator.dovecot.mailbox import MailboxError
from simulator.dovecot.master import BASE, running
from simulator.dovecot.storage import Storage, usable
from simulator.netprog.getopt import BadOption, getopt
from simulator.unix.program import Exit, Process, program

_USAGE = (
    "Usage: dovecot-lda [-c <config file>] [-d <username>] [-p <path>]\n"
    "                   [-m <mailbox>] [-e] [-k] [-f <envelope sender>]\n"
    "                   [-a <original envelope recipient>]\n"
    "                   [-r <final envelope recipient>] \n"
)
_USAGE_STATUS, _NO_USER, _TEMPORARY, _REFUSED, _LOG_STATUS = 64, 67, 75, 77, 80


@program("/usr/lib/dovecot/dovecot-lda", "/usr/lib/dovecot/deliver", package="dovecot", section=1)
def main(p: Process) -> int:
    try:
        options = getopt(p.argv[1:], "c:d:p:m:ekf:a:r:o:s:i:")
    except BadOption as error:
        p.err(f"{p.argv[0]}: {error}\n")
        p.out(_USAGE)
        return _USAGE_STATUS
    wanted = options.value("d")
    name = wanted or p.env.get("USER", p.user)
    try:
        config = read(p, options.value("c", CONFIG_FILE))
    except ConfigError as error:
        p.err(f"doveconf: Fatal: {error}\n")
        return error.status
    config = _overridden(config, [value for letter, value in options.found if letter == "o"]).of("lda")
    stats_error(p, f"lda({name})")
    if not wanted and p.cred.uid == 0:
        p.err(f"lda({p.user}): Fatal: destination user parameter (-d user) not given\n")
        return _USAGE_STATUS
    check_log(p, config, f"lda({name})")
    entry = _entry(p, config, wanted, name)
    if entry is None:
        return _NO_USER
    data = _message(p, options.value("p"))
    original = options.value("a", options.value("r"))
    delivery = Delivery(_storage(p, config, entry), config, "lda", data, options.value("f") or _return_path(data, p), options.value("r") or name,
                        options.value("m", "INBOX"), original)  # fmt: skip
    try:
        delivery.run()
    except DeliveryFailed as failure:
        return _failed(p, config, failure, "e" in options, name)
    return 0


def _failed(p: Process, config: Config, failure: DeliveryFailed, explain: bool, name: str) -> int:
    if failure.temporary:
        return _TEMPORARY
    if explain:
        p.err(f"{failure}\n")
        return _REFUSED
    return _REFUSED


def _overridden(config: Config, words: list[str]) -> Config:
    if not words:
        return config
    tree = Section("", "", dict(config.tree.values), config.tree.sections)
    for word in words:
        key, _, text = word.partition("=")
        tree.values[key] = Value(text)
    return Config(tree)


def stats_error(p: Process, who: str) -> None:
    """Programs report to the stats process, whose socket ordinary users may not open."""
    path = f"{BASE}/stats-writer"
    if p.fs.exists(path) and not p.fs.access(path, 2, p.cred):
        p.err(
            f"{who}: Error: net_connect_unix({path}) failed: Permission denied\n"
            if who
            else f"Error: net_connect_unix({path}) failed: Permission denied\n"
        )


def check_log(p: Process, config: Config, who: str) -> None:
    """A log file that cannot be written ends the program. Raises Exit."""
    path = log.log_file(config)
    if not path or path.startswith("/dev/"):
        return
    if p.fs.exists(path) and not p.fs.access(path, 2, p.cred):
        p.err(f"{who}: Fatal: Can't open log file {path}: Permission denied\n")
        raise Exit(_LOG_STATUS)
    if not p.fs.exists(path) and not p.fs.access(path.rpartition("/")[0], 2, p.cred):
        p.err(f"{who}: Fatal: Can't open log file {path}: Permission denied\n")
        raise Exit(_LOG_STATUS)


def _entry(p: Process, config: Config, wanted: str, name: str) -> UserEntry | None:
    if not wanted:
        return UserEntry(name, p.cred.uid, p.cred.gid, p.env.get("HOME", "/"))
    master = running(p.host)
    if master is None:
        reason = "Connection refused" if p.fs.exists(f"{BASE}/auth-userdb") else "No such file or directory"
        _internal(p, config, name, f"connect({BASE}/auth-userdb) failed: {reason}")
    assert master is not None
    try:
        entry = master.auth.find(wanted, "lda")
    except LookupFailed:
        _internal(p, config, name, "Auth USER lookup failed")
    if entry is not None and p.cred.uid not in (0, entry.uid):
        master.log(f"client doesn't have lookup permissions for this user: userdb uid ({entry.uid}) doesn't match peer uid ({p.cred.uid}) "
                   "(to bypass this check, set: service auth { unix_listener /run/dovecot/auth-userdb { mode=0777 } })", "Error", "auth")  # fmt: skip
        _internal(p, config, name, "Auth USER lookup failed")
    if entry is not None and usable(entry, config):
        log.write(p.host, config, f"lda({name})<{p.pid}><>", usable(entry, config), "Fatal")
        raise Exit(_TEMPORARY)
    return entry


def _internal(p: Process, config: Config, name: str, text: str) -> None:
    log.write(p.host, config, f"lda({name})<{p.pid}><>", f"auth-master: userdb lookup({name}): {text}", "Error")
    log.write(p.host, config, f"lda({p.pid})", "Internal error occurred. Refer to server log for more information.", "Fatal")
    raise Exit(_TEMPORARY)


def _storage(p: Process, config: Config, entry: UserEntry) -> Storage:
    try:
        return Storage(p.host, config, entry, p.pid)
    except MailboxError as error:
        p.err(f"lda({entry.name}): Fatal: {error}\n")
        raise Exit(_TEMPORARY) from None


def _message(p: Process, path: str) -> bytes:
    data = p.read(path) if path else p.stdin.encode("utf-8", "surrogateescape")
    data = data.replace(b"\r\n", b"\n")
    return data.partition(b"\n")[2] if data.startswith(b"From ") else data


def _return_path(data: bytes, p: Process) -> str:
    for line in data.partition(b"\n\n")[0].split(b"\n"):
        if line.lower().startswith(b"return-path:"):
            return line[12:].strip().strip(b"<>").decode("utf-8", "surrogateescape")
    return f"{p.user}@{p.host.hostname}" if not data.startswith(b"From ") else ""
