"""What Postfix's commands have in common: getopt(3), messages on standard error and in the log, reading main.cf.

    command = Command(process, "postqueue")
    for letter, value in command.options("c:fjp"): ...
    params = command.read_parameters()
    command.msg.warning("text"); raise Fatal("text", status)

`run_command` turns a Fatal into the message and the exit status that the real program gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

from simulator.postfix.lib import mail_log
from simulator.postfix.lib.logical_lines import logical_lines, split_name_value
from simulator.postfix.lib.msg import Fatal, Msg
from simulator.postfix.lib.parameter_table import CONFIG_DIRECTORY
from simulator.postfix.lib.parameters import Parameters
from simulator.postfix.lib.tables import StringList, TableContext
from simulator.unix.program import Exit, Process

EX_USAGE, EX_DATAERR, EX_UNAVAILABLE, EX_SOFTWARE, EX_OSERR, EX_TEMPFAIL, EX_NOPERM = 64, 65, 69, 70, 71, 75, 77


class GetOpt:
    """getopt(3) that stops at the first word that is no option. `index` is the word that comes next, as optind."""

    def __init__(self, argv: list[str], spec: str, complain: Callable[[str], None]) -> None:
        self.argv, self.spec, self.complain = argv, spec, complain
        self.index = 1
        self._letters = ""

    @property
    def word(self) -> str | None:
        """The word at `index`, None behind the last."""
        return self.argv[self.index] if self.index < len(self.argv) else None

    def next(self) -> tuple[str, str] | None:
        """A letter and its value; "?" after a complaint; None at the end."""
        if not self._letters:
            word = self.word
            if word is None or not word.startswith("-") or word == "-":
                return None
            if word == "--":
                self.index += 1
                return None
            self._letters = word[1:]
        letter, self._letters = self._letters[0], self._letters[1:]
        place = self.spec.find(letter) if letter not in ":-" else -1
        wants_value = self.spec[place + 1 : place + 2] == ":" if place >= 0 else False
        value = self._letters if wants_value else ""
        if wants_value or not self._letters:
            self.index += 1
        if place < 0:
            self.complain(f"invalid option -- '{letter}'")
            return "?", letter
        if not wants_value:
            return letter, ""
        self._letters = ""
        if not value:
            if self.word is None:
                self.complain(f"option requires an argument -- '{letter}'")
                return "?", letter
            value, self.index = self.argv[self.index], self.index + 1
        return letter, value


class CommandMsg(Msg):
    """Messages of a command; where log lines go is known once main.cf was read (syslog_name, maillog_file)."""

    maillog_file = ""

    def _say(self, label: str, text: str, priority: str) -> None:
        if self.to_stderr:
            self.process.err(f"{self.name}: {label}{text}\n")
        if self.to_log:
            mail_log.write(self.process.host, self.maillog_file, self.ident, self.process.pid, label + text, priority)

    def panic(self, text: str) -> None:
        """`panic: text`."""
        self._say("panic: ", text, "crit")


class Command:
    """One run. `name` stands before messages, `task` behind the syslog name in the log."""

    def __init__(self, process: Process, name: str, task: str = "", to_stderr: bool = True, to_log: bool = True) -> None:
        self.process, self.name, self.task = process, name, task or name
        self.msg = CommandMsg(process, name, to_stderr=to_stderr, to_log=to_log)
        self.msg.ident = f"{process.env.get('MAIL_LOGTAG', 'postfix')}/{self.task}"
        self.config_directory = process.env.get("MAIL_CONFIG", CONFIG_DIRECTORY)
        self.operands: list[str] = []
        self._params: Parameters | None = None

    @property
    def params(self) -> Parameters:
        """What main.cf says, once it was read."""
        assert self._params is not None, "main.cf is read after the options"
        return self._params

    def missing(self, what: str) -> None:
        """Say plainly what is not simulated."""
        self.process.err(f"simulator: {self.task}: {what} is not simulated\n")

    def complain(self, text: str) -> None:
        """What getopt(3) prints."""
        self.process.err(f"{self.name}: {text}\n")

    def options(self, spec: str) -> Iterator[tuple[str, str]]:
        """Letters and values; the rest goes to `operands`. Bad ones come as "?"."""
        getopt = GetOpt(self.process.argv, spec, self.complain)
        while (found := getopt.next()) is not None:
            yield found
        self.operands = self.process.argv[getopt.index :]

    def use_config_directory(self, path: str) -> None:
        """-c: main.cf is there; programs that this one runs are told by MAIL_CONFIG."""
        self.config_directory = path
        self.process.env["MAIL_CONFIG"] = path

    @property
    def is_set_id(self) -> bool:
        """Does the program act with other rights than its user's (unsafe(3))?"""
        return self.process.caller != self.process.cred

    def read_parameters(self) -> Parameters:
        """mail_conf_read(3). Raises Fatal."""
        process = self.process
        if self.config_directory != CONFIG_DIRECTORY and self.is_set_id:
            self.check_directory(self.config_directory)
        self._params = Parameters.read(
            process.host, self.config_directory, warn=self.msg.warning, program=self.task, pid=process.pid, cred=process.cred,
            sleep=process.sleep,
        )  # fmt: skip
        self.msg.ident = f"{self.params['syslog_name']}/{self.task}"
        self.msg.maillog_file = self.params["maillog_file"]
        return self.params

    def check_directory(self, path: str) -> None:
        """Users may only name configuration directories that the default main.cf allows. Raises Fatal."""
        default = f"{CONFIG_DIRECTORY}/main.cf"
        text = self.process.fs.read(default).decode("utf-8", "surrogateescape")
        for _, line in logical_lines(text, default):
            try:
                name, value = split_name_value(line)
            except ValueError:
                continue
            if name in ("alternate_config_directories", "multi_instance_directories") and path in value.replace(",", " ").split():
                return
        self.msg.error(f"unauthorized configuration directory name: {path}")
        raise Fatal(f'specify "alternate_config_directories = {path}" or "multi_instance_directories = {path}" in {default}')

    def refused_user(self, parameter: str) -> str | None:
        """The name of the user if postconf(5) `parameter` does not list them (user_acl(3)), else None."""
        patterns = self.params[parameter]
        if patterns.startswith("static:"):
            return None
        account = self.process.host.users.by_uid(self.process.caller.uid)
        name = account.name if account else "unknown"
        context = TableContext(self.process.host, self.process.cred, self.params, warn=self.msg.warning, program=self.task)
        return None if StringList(parameter, patterns, context).match(name) else name

    @property
    def is_privileged(self) -> bool:
        """root or the mail owner: lists of allowed users do not concern them."""
        owner = self.process.host.users.by_name(self.params["mail_owner"])
        return self.process.caller.uid == 0 or (owner is not None and self.process.caller.uid == owner.uid)

    def replace_by(self, argv: list[str], stdin: str = "") -> NoReturn:
        """Become another program: exec(2). Raises Exit with its status, Fatal if it cannot be executed."""
        process = self.process
        try:
            done = process.run(argv, stdin=stdin or process.stdin)
        except OSError as error:
            raise Fatal(f"execv {argv[0]}: {error.strerror}") from error
        process.out(done.stdout)
        process.err(done.stderr)
        raise Exit(done.exit_code)


def run_command(command: Command, body: Callable[[], int], fatal_status: int | None = None) -> int:
    """Run `body`; a Fatal is printed and logged. `fatal_status`: the status that every fatal error of this program has."""
    try:
        return body()
    except Fatal as fatal:
        status = command.msg.report(fatal)
        return status if fatal_status is None else fatal_status
