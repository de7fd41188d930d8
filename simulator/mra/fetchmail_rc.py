"""The run control file of fetchmail(1): servers, users, passwords, options; and the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

PROTOCOLS = {"auto": "AUTO", "pop3": "POP3", "imap": "IMAP", "imap4": "IMAP", "apop": "APOP", "pop2": "POP2", "etrn": "ETRN", "odmr": "ODMR",
             "kpop": "KPOP", "sdps": "SDPS", "rpop": "RPOP"}  # fmt: skip
_NOISE = ("and", "with", "has", "wants", "options", "there", "here", "to")
_FLAGS = (
    "keep", "fetchall", "flush", "rewrite", "forcecr", "stripcr", "pass8bits", "dropstatus", "dropdelivered", "mimedecode", "idle", "ssl", "sslcertck",
    "uidl", "dns", "checkalias", "envelope", "tracepolls", "limitflush",
)  # fmt: skip
_VALUES = {
    "port": "port", "service": "port", "auth": "auth", "authenticate": "auth", "timeout": "timeout", "interface": "interface", "via": "via",
    "aka": "aka", "localdomains": "localdomains", "smtphost": "smtphost", "smtp": "smtphost", "smtpaddress": "smtpaddress", "smtpname": "smtpname",
    "mda": "mda", "bsmtp": "bsmtp", "limit": "limit", "warnings": "warnings", "batchlimit": "batchlimit", "fetchlimit": "fetchlimit",
    "fetchsizelimit": "fetchsizelimit", "expunge": "expunge", "folder": "folder", "folders": "folder", "mailbox": "folder",
    "sslproto": "sslproto", "sslcert": "sslcert", "sslkey": "sslkey", "sslfingerprint": "sslfingerprint", "sslcertfile": "sslcertfile",
    "sslcertpath": "sslcertpath", "sslcommonname": "sslcommonname", "preconnect": "preconnect", "postconnect": "postconnect",
    "antispam": "antispam", "principal": "principal", "properties": "properties", "fastuidl": "fastuidl",
}  # fmt: skip
_SET = {"postmaster", "logfile", "idfile", "pidfile", "daemon", "properties"}
_SET_FLAGS = {"syslog", "invisible", "showdots", "bouncemail", "spambounce", "softbounce", "nosyslog"}
_TOKEN = re.compile(r'\s+|#[^\n]*|"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|([,:;])|(=)|([^\s,;:=\'"#]+)', re.S)


class RcError(Exception):
    """The file cannot be read; the text is what yacc says."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One user at one server."""

    server: str
    protocol: str = "AUTO"
    skip: bool = False
    user: str = ""
    password: str | None = None
    local: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()
    values: tuple[tuple[str, str], ...] = ()

    def value(self, name: str, default: str = "") -> str:
        """An option's value."""
        return dict(self.values).get(name, default)

    def has(self, name: str) -> bool:
        return name in self.flags

    def with_option(self, name: str, text: str) -> Entry:
        return replace(self, values=tuple((dict(self.values) | {name: text}).items()))

    def with_flag(self, name: str, wanted: bool) -> Entry:
        return replace(self, flags=self.flags | {name} if wanted else self.flags - {name}, off=self.off - {name} if wanted else self.off | {name})


@dataclass(slots=True)
class RunControl:
    """What a file says: entries, and global settings."""

    entries: list[Entry] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    line: int
    quoted: bool


def _tokens(text: str) -> Iterator[_Word]:
    line = 1
    for match in _TOKEN.finditer(text):
        quoted = match[1] if match[1] is not None else match[2]
        if quoted is not None:
            yield _Word(re.sub(r"\\(.)", r"\1", quoted), line, True)
        elif match[5] is not None:
            yield _Word(match[5], line, False)
        line += match[0].count("\n")
    yield _Word("", line, False)


class Reader:
    """Reads a file's words."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.words = list(_tokens(text))
        self.place = 0
        self.result = RunControl()
        self.defaults = Entry("")

    def _peek(self) -> _Word:
        return self.words[self.place]

    def _next(self) -> _Word:
        word = self.words[self.place]
        if self.place < len(self.words) - 1:
            self.place += 1
        return word

    def _fail(self, word: _Word) -> RcError:
        at_end = word is self.words[-1]
        what = "end of input" if at_end else word.text
        return RcError(f"fetchmail:{self.path}:{word.line}: syntax error at {what}")

    def _value(self) -> str:
        word = self._next()
        if word is self.words[-1]:
            raise self._fail(word)
        return word.text

    def read(self) -> RunControl:
        """Raises RcError."""
        while self._peek() is not self.words[-1]:
            word = self._next()
            if word.text == "set":
                self._set()
            elif word.text in ("poll", "server", "skip", "defaults") and not word.quoted:
                self._server(word.text)
            else:
                raise self._fail(word)
        return self.result

    def _set(self) -> None:
        word = self._next()
        if word.text == "no":
            self.result.settings["no " + self._value()] = ""
        elif word.text in _SET:
            self.result.settings[word.text] = self._value()
        elif word.text in _SET_FLAGS:
            self.result.settings[word.text] = "yes"
        else:
            raise self._fail(word)

    def _server(self, kind: str) -> None:
        name = "" if kind == "defaults" else self._value()
        base = Entry(name, self.defaults.protocol, kind == "skip", self.defaults.user, self.defaults.password, (), self.defaults.flags, self.defaults.off,
                     self.defaults.values)  # fmt: skip
        users: list[Entry] = []
        while self._peek().text not in ("poll", "server", "skip", "defaults", "set", "") or self._peek().quoted:
            word = self._next()
            if word.text in ("user", "username") and not word.quoted:
                users.append(Entry(base.server, base.protocol, base.skip, self._value(), base.password, (), base.flags, base.off, base.values))
                continue
            if users:
                users[-1] = self._option(users[-1], word)
            else:
                base = self._option(base, word)
        if kind == "defaults":
            self.defaults = users[0] if users else base
        else:
            self.result.entries += users or [base]

    def _option(self, entry: Entry, word: _Word) -> Entry:
        text = word.text
        if text in _NOISE and not word.quoted:
            return entry
        if text in ("proto", "protocol"):
            value = self._next()
            if value.text.lower() not in PROTOCOLS:
                raise self._fail(value)
            return replace(entry, protocol=PROTOCOLS[value.text.lower()])
        if text in ("pass", "password"):
            return replace(entry, password=self._value())
        if text in ("is", "local"):
            names = [self._value()]
            while self._peek().quoted or self._peek().text not in {*_NOISE, *_FLAGS, *_VALUES, "poll", "server", "skip", "defaults", "set", "", "no", "user", "username",
                                                                  "pass", "password", "is", "proto", "protocol"}:  # fmt: skip
                names.append(self._value())
            return replace(entry, local=entry.local + tuple(names))
        if text in _FLAGS or (text == "nokeep"):
            return entry.with_flag(text.removeprefix("no"), not text.startswith("no"))
        if text == "no":
            return entry.with_flag(self._value(), False)
        if text in _VALUES:
            return entry.with_option(_VALUES[text], self._value())
        raise self._fail(word)
