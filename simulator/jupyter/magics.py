"""The magics of a notebook: `%lab`, `%%host`, `%advance`, `%settle`, `%fault`, `%why`, `%dialogue`.

A mistake in a magic is answered by one line, never by a traceback; what goes wrong on a host is shown as the host shows it.
"""

from __future__ import annotations

import shlex
import sys
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from simulator.dialogue import Dialogue
from simulator.lab import Lab, open_lab
from simulator.session import Session
from simulator.why import Why
from simulator.world import WorldError


@magics_class
class MaillabMagics(Magics):
    """One lab at a time, with a login for each user at each host."""

    lab: Lab | None = None
    logins: dict[tuple[str, str], Session]
    #: Virtual seconds that a person needs for a line; set by an exercise, where tables must get different times of change.
    typing: float = 0.0

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.logins = {}

    def current(self) -> Lab:
        """The lab of this notebook. Raises UsageError, shown as one line, if there is none."""
        if self.lab is None:
            raise UsageError("there is no lab yet: start one with %lab ubuntu")
        return self.lab

    @magic_arguments()
    @argument("name", help="a folder of labs/, for example ubuntu or three")
    @argument("--seed", type=int, default=0, help="what is drawn by chance depends on it")
    @argument("--stopped", action="store_true", help="leave the mail systems stopped")
    @line_magic("lab")
    def start(self, line: str) -> Lab:
        """Start a lab. It is also there as the variable `lab`."""
        options = parse_argstring(self.start, line)
        try:
            self.lab = open_lab(options.name, started=not options.stopped, seed=options.seed)
        except WorldError as error:
            raise UsageError(str(error)) from None
        self.logins = {}
        self.typing = 0.0
        self.lab.settle()
        self.shell.push({"lab": self.lab})
        return self.lab

    @magic_arguments()
    @argument("name", help="a host of the lab")
    @argument("--user", default="root", help="who types")
    @cell_magic("host")
    def host(self, line: str, cell: str) -> None:
        """Type the lines of the cell on a host; shown as a terminal shows it."""
        options = parse_argstring(self.host, line)
        session = self._login(options.name, options.user)
        for command in session.commands(cell.rstrip("\n")):
            self._show(session, command)

    def _login(self, host: str, user: str) -> Session:
        if (host, user) not in self.logins:
            try:
                self.logins[host, user] = self.current().login(host, user, tty=True)
            except KeyError as error:
                raise UsageError(str(error.args[0])) from None
        return self.logins[host, user]

    def _show(self, session: Session, command: str) -> None:
        prompt = session.prompt
        first, *more = command.split("\n")
        sys.stdout.write("\n".join([prompt + first, *("> " + line for line in more)]) + "\n")
        if not command.strip():
            return
        result = session.type(command)
        self.current().settle()
        if self.typing:
            self.current().advance(self.typing)
        sys.stdout.write(result.stdout)
        if result.stdout and not result.stdout.endswith("\n"):
            sys.stdout.write("\n")
        sys.stderr.write(result.stderr)

    @line_magic
    def advance(self, line: str) -> None:
        """Let virtual time pass: `%advance 300`, `%advance 5m`, `%advance 5d`."""
        try:
            self.current().advance(line.strip())
        except ValueError as error:
            raise UsageError(str(error)) from None
        self.current().settle()

    @line_magic
    def settle(self, line: str) -> None:
        """Let the daemons work until no message is on its way."""
        self.current().settle()

    @line_magic
    def fault(self, line: str) -> None:
        """Break something on a host: `%fault ubuntu "user lookup" "anna bernd"`; mend it: `%fault ubuntu "user lookup"`."""
        words = shlex.split(line)
        if not 2 <= len(words) <= 3:
            raise UsageError('expected: %fault HOST "NAME OF THE FAULT" ["VALUE"]')
        try:
            self.current().fault(words[0], words[1], words[2] if len(words) == 3 else None)
        except KeyError as error:
            raise UsageError(str(error.args[0])) from None

    @line_magic
    def why(self, line: str) -> Why:
        """What happened, and which line of which file decided it: `%why QUEUE_ID`, `%why anna@example.com de`."""
        words = shlex.split(line)
        if not 1 <= len(words) <= 2:
            raise UsageError("expected: %why QUEUE_ID or ADDRESS [en or de]")
        try:
            return self.current().why(*words)
        except ValueError as error:
            raise UsageError(str(error)) from None

    @line_magic
    def dialogue(self, line: str) -> Dialogue:
        """An SMTP conversation: `%dialogue QUEUE_ID`, `%dialogue client hub`, `%dialogue` for the last one."""
        words = shlex.split(line)
        if len(words) > 2:
            raise UsageError("expected: %dialogue [QUEUE_ID or HOST [HOST]]")
        try:
            return self.current().dialogue(*words)
        except LookupError as error:
            raise UsageError(str(error.args[0])) from None

    def complete(self, _ip: Any, event: Any) -> list[str]:
        """Tab completion of simulated paths inside a `%%host` cell."""
        host = (event.text_until_cursor or event.line).split()
        if self.lab is None or len(host) < 2 or host[1] not in self.lab.hosts:
            return []
        return self._login(host[1], "root").paths(event.symbol)
