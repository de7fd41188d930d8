"""Where a daemon's log lines go: syslog, or the file of postconf(5) maillog_file, written by postlogd(8).

One place knows it: commands and daemons give `write` the program's name, pid and text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.printable import printable
from simulator.unix.fs import Cred
from simulator.unix.syslog import stamp

if TYPE_CHECKING:
    from simulator.postfix.lib.parameters import Parameters
    from simulator.unix.host import Host

_LABELS = {"info": "", "warning": "warning: ", "err": "error: ", "crit": "fatal: "}
#: postlogd(8) makes the file for root alone.
_FILE_MODE = 0o600
_WRITER = Cred(0, 0, frozenset(), 0o077)


def write(
    host: Host, maillog_file: str, ident: str, pid: int, text: str, priority: str = "info", facility: str = "mail"
) -> None:
    """One line, to syslog or to the file. A file that cannot be written loses the line, as a stopped postlogd(8) does."""
    if not maillog_file:
        host.syslog(ident, pid, text, facility, priority)
        return
    name = host.hostname.split(".")[0]
    line = f"{stamp(host.clock.now)} {name} {ident}[{pid}]: {text}\n".encode("utf-8", "surrogateescape")
    if host.fs.exists(maillog_file.rpartition("/")[0] or "/"):
        host.fs.append(maillog_file, line, _WRITER, _FILE_MODE)


def checked_file(params: Parameters) -> str:
    """postconf(5) maillog_file, if it is where maillog_file_prefixes allows it. Raises Fatal."""
    path = params["maillog_file"]
    if path and not any(path.startswith(prefix) for prefix in params["maillog_file_prefixes"].replace(",", " ").split()):
        raise Fatal(f"maillog_file value '{path}' does not match any prefix in maillog_file_prefixes")
    return path


class MailLog:
    """The log as one process sees it."""

    def __init__(self, host: Host, ident: str, pid: int) -> None:
        self.host = host
        self.ident = ident
        self.pid = pid
        self.maillog_file = ""
        self.facility = "mail"
        #: How many warnings there have been.
        self.warnings = 0

    def configure(self, params: Parameters, program: str) -> None:
        """From now on as main.cf says: syslog_name, syslog_facility, maillog_file. Raises Fatal."""
        self.ident = f"{params['syslog_name']}/{program}"
        self.facility = params["syslog_facility"]
        self.maillog_file = checked_file(params)

    def _say(self, text: str, priority: str) -> None:
        write(self.host, self.maillog_file, self.ident, self.pid, printable(_LABELS[priority] + text), priority, self.facility)

    def info(self, text: str) -> None:
        """Plain information."""
        if self.maillog_file:
            self._say(text, "info")
        else:
            self.host.syslog(self.ident, self.pid, printable(text), self.facility)

    def warning(self, text: str) -> None:
        """`warning: text`."""
        self.warnings += 1
        self._say(text, "warning")

    def error(self, text: str) -> None:
        """`error: text`."""
        self._say(text, "err")

    def report(self, fatal: Fatal) -> None:
        """`fatal: text`, said when the error has reached the process."""
        self._say(fatal.text, "crit")

    def fatal(self, text: str, **more: Any) -> NoReturn:
        """End the process: raises Fatal, whose text is logged where the process ends."""
        raise Fatal(text)
