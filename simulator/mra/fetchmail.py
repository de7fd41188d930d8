"""NAME
    fetchmail - collect mail from mailbox servers

SYNOPSIS
    fetchmail [-akKFcsvV] [-p PROTOCOL] [-u USER] [-f FILE] [-m COMMAND] [-S HOST] [-l BYTES] [-B NUMBER] [-r FOLDER]
              [--ssl] [--sslproto TEXT] [--[no]sslcertck] [SERVER...]

DESCRIPTION
    Reads ~/.fetchmailrc, which nobody else may read, asks each server there for mail by POP3 or IMAP, and gives the messages
    to the SMTP server on this host or to a program. Exit status 0: there was mail; 1 none; 2 connection; 3 password; 4 protocol;
    5 syntax; 6 permissions; 8 another fetchmail; 10 SMTP; 11 DNS.

FILES
    ~/.fetchmailrc    servers, users, passwords
    ~/.fetchids       UIDs of messages that were kept on a POP3 server

DIFFERS FROM FETCHMAIL
    The daemon (-d), multidrop, ETRN, ODMR, APOP, Kerberos, --idle, --plugin and SSL client certificates are not simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulator.mra.fetchmail_poll import poll
from simulator.mra.fetchmail_rc import PROTOCOLS, Entry, RcError, Reader, RunControl
from simulator.mra.fetchmail_usage import USAGE, VERSION_LINES
from simulator.unix.program import Exit, Process, program

_SYNTAX, _IOERR, _LOCK, _AUTHFAIL = 5, 6, 8, 3
#: Short option -> long one.
_SHORT = {
    "?": "help", "V": "version", "c": "check", "s": "silent", "v": "verbose", "d": "daemon=", "N": "nodetach", "q": "quit", "L": "logfile=",
    "f": "fetchmailrc=", "i": "idfile=", "p": "protocol=", "U": "uidl", "P": "service=", "t": "timeout=", "E": "envelope=", "Q": "qvirtual=",
    "u": "username=", "a": "all", "K": "nokeep", "k": "keep", "F": "flush", "n": "norewrite", "l": "limit=", "w": "warnings=", "S": "smtphost=",
    "D": "smtpaddress=", "Z": "antispam=", "b": "batchlimit=", "B": "fetchlimit=", "e": "expunge=", "m": "mda=", "r": "folder=", "I": "interface=",
    "M": "monitor=",
}  # fmt: skip
_LONG = (
    "help version check silent verbose daemon= nodetach quit logfile= syslog nosyslog invisible fetchmailrc= idfile= pidfile= postmaster= nobounce "
    "nosoftbounce softbounce ssl sslkey= sslcert= sslcertck nosslcertck sslcertfile= sslcertpath= sslcommonname= sslfingerprint= sslproto= plugin= "
    "plugout= bad-header= proto= protocol= uidl idle port= service= auth= timeout= envelope= qvirtual= principal= tracepolls user= username= all "
    "fetchall nokeep keep flush limitflush norewrite limit= warnings= smtphost= fetchdomains= smtpaddress= smtpname= antispam= batchlimit= fetchlimit= "
    "fetchsizelimit= fastuidl= expunge= mda= bsmtp= lmtp folder= showdots configdump interface= monitor= nodetach"
).split()
_MISSING = ("daemon", "idle", "plugin", "plugout", "lmtp", "bsmtp", "logfile", "configdump", "sslcert", "sslkey", "fetchdomains", "sslfingerprint")
_AS_FLAG = {"keep": ("keep", True), "nokeep": ("keep", False), "all": ("fetchall", True), "fetchall": ("fetchall", True), "flush": ("flush", True),
            "ssl": ("ssl", True), "sslcertck": ("sslcertck", True), "nosslcertck": ("sslcertck", False), "uidl": ("uidl", True),
            "norewrite": ("rewrite", False), "limitflush": ("limitflush", True)}  # fmt: skip
_AS_VALUE = ("limit", "fetchlimit", "mda", "folder", "smtphost", "smtpaddress", "sslproto", "sslcertpath", "sslcertfile", "sslcommonname", "timeout", "batchlimit",
             "expunge", "fetchsizelimit")  # fmt: skip


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Options in their order, by long names, and the servers."""

    options: tuple[tuple[str, str], ...]
    servers: tuple[str, ...]

    def __contains__(self, name: str) -> bool:
        return any(one == name for one, _ in self.options)

    def value(self, name: str, default: str = "") -> str:
        return next((text for one, text in reversed(self.options) if one == name), default)


class BadOption(Exception):
    """The text is getopt's."""


def command_line(arguments: list[str]) -> CommandLine:
    """getopt_long(3). Raises BadOption."""
    options: list[tuple[str, str]] = []
    servers: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            servers += rest
            break
        if word.startswith("--"):
            options.append(_long(word[2:], rest))
        elif word.startswith("-") and len(word) > 1:
            options += _short(word[1:], rest)
        else:
            servers.append(word)
    return CommandLine(tuple(options), tuple(servers))


def _long(word: str, rest: list[str]) -> tuple[str, str]:
    name, equals, text = word.partition("=")
    found = [one for one in _LONG if one.rstrip("=") == name] or [one for one in _LONG if one.startswith(name)]
    if not found:
        raise BadOption(f"unrecognized option '--{name}'")
    full = found[0]
    if full.endswith("=") and not equals:
        if not rest:
            raise BadOption(f"option '--{full.rstrip('=')}' requires an argument")
        text = rest.pop(0)
    name = full.rstrip("=")
    return {"proto": "protocol", "user": "username", "port": "service"}.get(name, name), text


def _short(letters: str, rest: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while letters:
        letter, letters = letters[0], letters[1:]
        name = _SHORT.get(letter)
        if name is None:
            raise BadOption(f"invalid option -- '{letter}'")
        if name.endswith("="):
            if not letters and not rest:
                raise BadOption(f"option requires an argument -- '{letter}'")
            found.append((name[:-1], letters or rest.pop(0)))
            break
        found.append((name, ""))
    return found


@program("/usr/bin/fetchmail", package="fetchmail", section=1)
def main(p: Process) -> int:
    p.unbuffered = True
    if p.cred.uid == 0:
        p.err("fetchmail: WARNING: Running as root is discouraged.\n")
    try:
        line = command_line(p.argv[1:])
    except BadOption as error:
        p.err(f"fetchmail: {error}\n")
        p.out(USAGE)
        return _SYNTAX
    if "help" in line:
        p.out(USAGE)
        return 0
    for name in _MISSING:
        if name in line and line.value(name) != "0":
            p.err(f"simulator: fetchmail: option --{name} is not simulated\n")
            return _SYNTAX
    return _run(p, line)


def _run(p: Process, line: CommandLine) -> int:
    path = p.path(line.value("fetchmailrc")) if "fetchmailrc" in line else f"{p.env.get('HOME', '/')}/.fetchmailrc"
    control = _read(p, path)
    if "version" in line:
        return _version(p, line, path, control)
    if "quit" in line:
        p.err("fetchmail: no other fetchmail is running\n")
        return _LOCK
    entries = _entries(p, line, control)
    if not entries:
        p.err("fetchmail: no mailservers have been specified.\n")
        return _SYNTAX
    for entry in entries:
        if entry.password is None:
            entry = replace(entry, user=entry.user or p.user)
            p.err(f"fetchmail: can't find a password for {entry.user}@{entry.server}.\n")
            return _AUTHFAIL
    return poll(p, entries, control, verbose="verbose" in line, silent="silent" in line, check="check" in line, bounce="nobounce" not in line)


def _version(p: Process, line: CommandLine, path: str, control: RunControl) -> int:
    p.out(VERSION_LINES.format(host=p.host.hostname))
    source = f"command line and {path}" if p.fs.exists(path, p.cred) else "command line"
    p.out(f"Taking options from {source}\n")
    if not _entries(p, line, control):
        p.err(f"No mailservers set up -- perhaps {path} is missing?\n")
        return 0
    p.err("simulator: fetchmail: the list of options is not simulated\n")
    return 0


def _read(p: Process, path: str) -> RunControl:
    """The file; nothing if there is none. Raises Exit."""
    if not p.fs.exists(path, p.cred):
        return RunControl()
    stat = p.fs.stat(path, p.cred)
    if stat.mode & 0o077:
        p.err(f"File {path} must have no more than -rwx------ (0700) permissions.\n")
        raise Exit(_IOERR)
    if stat.uid != p.cred.uid:
        p.err(f"File {path} must be owned by you.\n")
        raise Exit(_IOERR)
    text = p.fs.read(path, p.cred).decode("utf-8", "surrogateescape")
    try:
        return Reader(path, text).read()
    except RcError as error:
        p.err(f"{error}\n")
        raise Exit(_SYNTAX) from None


def _entries(p: Process, line: CommandLine, control: RunControl) -> list[Entry]:
    """The entries to poll, with the options of the command line."""
    entries = [entry for entry in control.entries if not entry.skip]
    if line.servers:
        entries = []
        for name in line.servers:
            entries += [entry for entry in control.entries if entry.server == name] or [Entry(name)]
    return [_overridden(p, entry, line) for entry in entries]


def _overridden(p: Process, entry: Entry, line: CommandLine) -> Entry:
    entry = replace(entry, user=entry.user or p.user)
    for name, text in line.options:
        if name in _AS_FLAG:
            entry = entry.with_flag(*_AS_FLAG[name])
        elif name in _AS_VALUE:
            entry = entry.with_option(name, text)
        elif name == "service":
            entry = entry.with_option("port", text)
        elif name == "username":
            entry = replace(entry, user=text)
        elif name == "protocol":
            if text.lower() not in PROTOCOLS:
                p.err(f"fetchmail: invalid protocol `{text}' specified.\n")
                raise Exit(_SYNTAX)
            entry = replace(entry, protocol=PROTOCOLS[text.lower()])
    return entry
