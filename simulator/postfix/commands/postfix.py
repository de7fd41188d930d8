"""NAME
    postfix - Postfix control program

SYNOPSIS
    postfix [-Dv] [-c config_dir] command

DESCRIPTION
    The superuser controls the mail system with it:

    check                   warn about wrong owners and modes, create missing directories
    start                   start the mail system, after a check
    stop                    stop it; deliveries under way get a few seconds
    abort                   stop it at once
    reload                  read the configuration files again
    flush                   try to deliver all deferred mail: postqueue -f
    status                  is it running?
    set-permissions         set the owners and modes of all files of Postfix
    upgrade-configuration   add what an older master.cf lacks
    logrotate               rename and compress the file that maillog_file names

    Messages go to the log, and also to standard error if that is a terminal.

EXIT STATUS
    0 if it was done, 1 after a fatal error and for `status` of a mail system that does not run.

LOG
    fatal: the postfix command is reserved for the superuser
    and what postfix-script says (refreshing the Postfix mail system, ...)

DIFFERS FROM POSTFIX
    Several instances (postmulti) and the commands start-fg and tls are not simulated.
"""

from __future__ import annotations

from simulator.postfix.commands.command import Command, run_command
from simulator.postfix.commands.postfix_script import Script
from simulator.postfix.lib.compatibility_level import LEVEL_3_6, parse_level
from simulator.postfix.lib.msg import Fatal
from simulator.unix.program import Process, program

_BACKWARDS = (
    "Postfix is using backwards-compatible default settings",
    "See http://www.postfix.org/COMPATIBILITY_README.html for details",
    'To disable backwards compatibility use "postconf compatibility_level=3.6" and "postfix reload"',
)


@program("/usr/sbin/postfix", package="postfix")
def main(process: Process) -> int:
    """Run the command line."""
    command = ControlCommand(process, process.name, "postfix", to_stderr=process.tty)
    return run_command(command, Control(command).run)


class ControlCommand(Command):
    """The one program whose log lines bear its bare name, whatever syslog_name says."""

    def _ident(self, tag: str) -> str:
        return self.name


class Control:
    """One run of postfix(1)."""

    def __init__(self, command: Command) -> None:
        self.command, self.process = command, command.process

    def run(self) -> int:
        """Check the caller, read main.cf, hand over to the script. Raises Fatal."""
        if self.process.caller.uid != 0:
            self.command.msg.error("to submit mail, use the Postfix sendmail command")
            raise Fatal("the postfix command is reserved for the superuser")
        self._options()
        params = self.command.read_parameters()
        self._warn_compatibility()
        for name in ("command_directory", "daemon_directory", "queue_directory"):
            self._enter(params[name])
        return Script(self.command).run(self.command.operands)

    def _options(self) -> None:
        for letter, value in self.command.options("c:Dv"):
            if letter == "c":
                if not value.startswith("/"):
                    raise Fatal("-c requires absolute pathname")
                self.command.use_config_directory(value)
            elif letter == "?":
                raise Fatal(f"usage: {self.process.name} [-c config_dir] [-Dv] command")

    def _warn_compatibility(self) -> None:
        if parse_level(self.command.params["compatibility_level"]) < LEVEL_3_6:
            for text in _BACKWARDS:
                self.command.msg.info(text)

    def _enter(self, directory: str) -> None:
        try:
            entry = self.process.fs.stat(directory)
        except OSError as error:
            raise Fatal(f"chdir({directory}): {error.strerror}") from error
        if not entry.is_dir:
            raise Fatal(f"chdir({directory}): Not a directory")
