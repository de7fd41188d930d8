"""What a Postfix program says of itself: msg(3), msg_syslog(3), msg_vstream(3).

A command prints `name: warning: text` on standard error and logs `postfix/name[pid]: warning: text`. A fatal error also ends
the program: it is raised as `Fatal`, the trouble of an administrator's bad configuration, never of our own code.
"""

from __future__ import annotations

from simulator.unix.program import Process


class Fatal(Exception):
    """`fatal: text`. `status` is the exit status that the real program gives (1 unless sysexits.h says otherwise)."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class Msg:
    """Messages of a command, to standard error and to the log."""

    def __init__(self, process: Process, name: str, syslog_name: str = "postfix", to_stderr: bool = True, to_log: bool = True) -> None:
        self.process = process
        self.name = name
        self.ident = f"{syslog_name}/{name}"
        self.to_stderr = to_stderr
        self.to_log = to_log

    def _say(self, label: str, text: str, priority: str) -> None:
        if self.to_stderr:
            self.process.err(f"{self.name}: {label}{text}\n")
        if self.to_log:
            self.process.syslog(self.ident, label + text, "mail", priority)

    def info(self, text: str) -> None:
        """Plain information."""
        self._say("", text, "info")

    def warning(self, text: str) -> None:
        """`warning: text`."""
        self._say("warning: ", text, "warning")

    def error(self, text: str) -> None:
        """`error: text`."""
        self._say("error: ", text, "err")

    def report(self, fatal: Fatal) -> int:
        """Print and log a fatal error; the exit status."""
        self._say("fatal: ", fatal.text, "crit")
        return fatal.status
