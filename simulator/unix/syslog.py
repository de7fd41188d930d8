"""The system log: rsyslogd(8) with Debian's rules and traditional file format.

NAME
    syslog - where log lines go

DESCRIPTION
    Lines of the mail facility go to /var/log/mail.log, those of priority err and above also to /var/log/mail.err, those of
    warning and above also to /var/log/mail.warn; of other facilities to /var/log/syslog, and auth to /var/log/auth.log.
    A file appears with its first line. A line is `Mon DD HH:MM:SS host ident[pid]: text`.
"""

from __future__ import annotations

import time

from simulator.unix.fs import Cred, Fs

PRIORITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
#: rsyslogd writes as root; the group adm may read. Debian 12: $FileCreateMode 0640.
_SYSLOGD = Cred(0, 4, frozenset(), 0)
_FILES = {
    "mail": (("/var/log/mail.log", 7), ("/var/log/mail.err", 3), ("/var/log/mail.warn", 4)),
    "auth": (("/var/log/auth.log", 7),),
    "authpriv": (("/var/log/auth.log", 7),),
    "cron": (("/var/log/cron.log", 7),),
}
_OTHER = (("/var/log/syslog", 7),)


def stamp(now: float) -> str:
    """`Nov 24 13:24:49`: RFC 3164 4.1.2, in UTC."""
    moment = time.gmtime(now)
    return time.strftime("%b ", moment) + f"{moment.tm_mday:2d}" + time.strftime(" %H:%M:%S", moment)


class Syslog:
    """Writes log lines of one host."""

    def __init__(self, fs: Fs, short_name: str) -> None:
        self._fs = fs
        self._name = short_name
        self._second = -1
        self._stamp = ""

    def write(self, facility: str, priority: str, tag: str, text: str) -> None:
        """Append one line; `tag` is `ident[pid]` or `ident`. Control characters are escaped as rsyslogd does (#ooo)."""
        now = int(self._fs.clock.now)
        if now != self._second:
            self._second, self._stamp = now, stamp(now)
        if not text.isprintable():
            text = "".join(char if char >= " " and char != "\x7f" else f"#{ord(char):03o}" for char in text)
        data = f"{self._stamp} {self._name} {tag}: {text}\n".encode("utf-8", "surrogateescape")
        level = PRIORITIES.index(priority)
        for path, worst in _FILES.get(facility, _OTHER):
            if level <= worst:
                self._fs.append(path, data, _SYSLOGD, 0o640)
