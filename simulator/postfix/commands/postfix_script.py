"""What postfix(1) runs: postfix-script, the steps behind each of its commands.

Each message is a postlog(1) of its own: it goes to the log, and to standard error only where that is a terminal. What the
steps call (postconf, postsuper, postqueue) prints on standard error as it likes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.postfix.commands.post_install import PostInstall
from simulator.postfix.commands.postfix_check import Check
from simulator.postfix.lib import mail_log
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.parameter_table import CONFIG_DIRECTORY
from simulator.postfix.master import SIGHUP, SIGKILL, SIGTERM, Master
from simulator.unix.program import Exit, Result

if TYPE_CHECKING:
    from simulator.postfix.commands.command import Command

_USAGE = (
    "unknown command: '{name}'. Usage: postfix start (or stop, reload, abort, flush, check, status, set-permissions, "
    "upgrade-configuration, logrotate)"
)
_DIRECTORIES = {
    "command_directory": "command", "daemon_directory": "daemon", "config_directory": "configuration",
    "shlib_directory": "shared-library", "meta_directory": "meta", "queue_directory": "queue",
}  # fmt: skip
#: Until pickup and qmgr have started, in seconds.
_SETTLING = 0.05
_UNSUPPORTED = ("start-fg", "tls")


class Script:
    """One run of postfix-script."""

    def __init__(self, command: Command) -> None:
        self.command, self.process, self.params = command, command.process, command.params
        self.fs = self.process.fs
        self.process.env |= {"MAIL_CONFIG": command.config_directory, "MAIL_LOGTAG": self.params["syslog_name"]}
        self.steps: dict[str, Callable[[], int]] = {
            "start": self.start, "stop": self.stop, "abort": self.abort, "drain": self.drain, "quick-stop": self.quick_stop,
            "reload": self.reload, "flush": self.flush, "check": self.check, "status": self.status, "logrotate": self.logrotate,
            "set-permissions": self.set_permissions, "upgrade-configuration": self.upgrade_configuration,
            "start_msg": self.start_message, "stop_msg": self.stop_message,
        }  # fmt: skip
        self.words: list[str] = []

    def run(self, words: list[str]) -> int:
        """Do what the words say; the exit status."""
        self.words = words
        name = words[0] if words else ""
        if (status := self.prepare()) != 0:
            return status
        if name in _UNSUPPORTED:
            self.command.missing(name)
            return 1
        step = self.steps.get(name)
        return step() if step else self.fatal(_USAGE.format(name=name))

    # -- messages -------------------------------------------------------------------------------------------------------

    def say(self, text: str, priority: str = "info") -> None:
        """One postlog(1)."""
        tag = f"{self.params['syslog_name']}/postfix-script"
        if self.process.tty:
            self.process.err(f"{tag}: {text}\n")
        host = self.process.host
        mail_log.write(host, self.params["maillog_file"], tag, host.new_pid(), text, priority, self.params["syslog_facility"])

    def warn(self, text: str) -> None:
        """`warning: text`."""
        self.say(f"warning: {text}", "warning")

    def fatal(self, text: str) -> int:
        """`fatal: text` and the exit status."""
        self.say(f"fatal: {text}", "crit")
        return 1

    # -- other programs -------------------------------------------------------------------------------------------------

    def call(self, *argv: str) -> Result:
        """Run a program; what it complains about is seen. A program that is missing has status 127."""
        try:
            done = self.process.run(argv)
        except OSError as error:
            done = Result("", f"{self.params['daemon_directory']}/postfix-script: 1: {argv[0]}: {_SHELL.get(error.errno or 0, 'not found')}\n", 127)
        self.process.err(done.stderr)
        return done

    def postconf(self, *options: str) -> str:
        """What postconf(1) prints. Raises Exit, after a message, when it fails."""
        name = f"{self.params['command_directory']}/postconf"
        done = self.call(name, *options)
        if done.exit_code:
            raise Exit(self.fatal(f"cannot execute {name}!"))
        return done.stdout.rstrip("\n")

    def prepare(self) -> int:
        """What the script makes sure of in every call. Raises Exit."""
        for parameter, noun in _DIRECTORIES.items():
            path = self.params[parameter]
            if path != "no" and not (self.fs.exists(path) and self.fs.stat(path).is_dir):
                return self.fatal(f"no Postfix {noun} directory {path}!")
            if parameter == "daemon_directory" and not self.fs.exists(f"{path}/master"):
                return self.fatal(f"no Postfix master program {path}/master!")
        self.postconf("-dh", "config_directory")
        if self.fs.exists(f"{CONFIG_DIRECTORY}/main.cf"):
            # A pipe into sed(1) in the script hides that postconf failed.
            self.call(f"{self.params['command_directory']}/postconf", "-c", CONFIG_DIRECTORY, "-h", "multi_instance_directories")
        return 0

    @property
    def master(self) -> Master:
        """The host's mail system. A host that never had one gets it here."""
        daemons = self.process.host.daemons
        key = "postfix" if self.command.config_directory == CONFIG_DIRECTORY else f"postfix@{self.command.config_directory}"
        if key not in daemons:
            daemons[key] = Master(self.process.host, self.command.config_directory)
        master: Master = daemons[key]
        return master

    # -- the commands ---------------------------------------------------------------------------------------------------

    def start(self) -> int:
        """postfix start."""
        if self.master.running:
            return self.fatal("the Postfix mail system is already running")
        quick = f"{self.params['queue_directory']}/quick-start"
        if self.fs.exists(quick):
            self.fs.unlink(quick)
        else:
            if self._check_fatal():
                return self.fatal("Postfix integrity check failed!")
            self._check_warn()
        self.say("starting the Postfix mail system")
        try:
            self.master.start()
        except Fatal:
            return self.fatal("mail system startup failed")
        self.process.sleep(_SETTLING)
        return 0

    def stop(self) -> int:
        """postfix stop."""
        return self._end("stopping", SIGTERM)

    def abort(self) -> int:
        """postfix abort."""
        return self._end("aborting", SIGTERM)

    def drain(self) -> int:
        """The old way to stop: master dies, and its daemons find that out."""
        return self._end("stopping", SIGKILL)

    def _end(self, verb: str, signal: int) -> int:
        if not self.master.running:
            return self.fatal("the Postfix mail system is not running")
        self.say(f"{verb} the Postfix mail system")
        self.master.stop(signal)
        return 0

    def quick_stop(self) -> int:
        """Stop, and let the next start do without checks."""
        status = self.prepare() or self.stop()
        self.fs.write(f"{self.params['queue_directory']}/quick-start", b"", self.process.cred)
        return 0 if status in (0, 1) else status

    def reload(self) -> int:
        """postfix reload."""
        if not self.master.running:
            return self.fatal("the Postfix mail system is not running")
        self.say("refreshing the Postfix mail system")
        postsuper = f"{self.params['command_directory']}/postsuper"
        if self.call(postsuper, "active").exit_code:
            return 1
        self.master.signal(SIGHUP, self.master.pid)
        self.call(postsuper)
        self.process.sleep(_SETTLING)
        return 0

    def flush(self) -> int:
        """postfix flush."""
        return self.call(f"{self.params['command_directory']}/postqueue", "-f").exit_code

    def check(self) -> int:
        """postfix check."""
        if self._check_fatal():
            return 1
        self._check_warn()
        return 0

    def status(self) -> int:
        """postfix status."""
        if not self.master.running:
            self.say("the Postfix mail system is not running")
            return 1
        pid = self.fs.read(f"{self.params['queue_directory']}/pid/master.pid").decode().strip()
        self.say(f"the Postfix mail system is running: PID: {pid}")
        return 0

    def _check_fatal(self) -> int:
        try:
            self.prepare()
            return Check(self).fatal_problems()
        except Exit as end:
            return end.status

    def _check_warn(self) -> None:
        try:
            self.prepare()
        except Exit:
            return
        Check(self).warn()

    def set_permissions(self) -> int:
        """postfix set-permissions."""
        return PostInstall(self, set_permissions=True).run()

    def upgrade_configuration(self) -> int:
        """postfix upgrade-configuration."""
        return PostInstall(self, upgrade_configuration=True).run()

    def start_message(self) -> int:
        """What System V boot menus show."""
        self.process.out("Start postfix\n")
        return 0

    def stop_message(self) -> int:
        """What System V boot menus show."""
        self.process.out("Stop postfix\n")
        return 0

    # -- logrotate ------------------------------------------------------------------------------------------------------

    def logrotate(self) -> int:
        """Rename the file that maillog_file names, let Postfix begin a new one, compress the old one."""
        if len(self.words) > 1:
            return self.fatal("usage postfix logrotate (no arguments)")
        values = []
        for name in ("maillog_file", "maillog_file_compressor", "maillog_file_rotate_suffix"):
            value = self.postconf("-h", name)
            if not value:
                return self.fatal(f"empty '{name}' parameter value - logfile rotation failed")
            values.append(value)
        path, compressor, suffix = values
        if path.startswith("/dev/"):
            return self.fatal(f"not rotating '{path}'")
        errors = self._rotate(path, compressor, suffix)
        return self.fatal(f"logfile '{path}' rotation failed: {errors}") if errors else 0

    def _rotate(self, path: str, compressor: str, suffix: str) -> str:
        old = f"{path}.{self.process.run(['date', f'+{suffix}']).stdout.strip()}"
        if not self.fs.exists(path):
            return self.process.run(["mv", path, old]).stderr.strip()
        # What is logged until the daemons are new ones goes to the old file, which postlogd(8) holds open.
        if self.master.running:
            self.master.signal(SIGHUP, self.master.pid)
        self.process.sleep(1)
        moved = self.process.run(["mv", path, old])
        if moved.exit_code:
            return moved.stderr.strip()
        done = self.process.run(["/bin/sh", "-c", '"$0" "$1"', compressor, old])
        return done.stderr.strip() if done.exit_code else ""


#: What sh(1) says of a program that it cannot execute.
_SHELL = {2: "not found", 13: "Permission denied"}
