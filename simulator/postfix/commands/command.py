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
from simulator.postfix.lib.own_networks import families
from simulator.postfix.lib.parameter_table import CONFIG_DIRECTORY
from simulator.postfix.lib.parameters import Parameters
from simulator.postfix.lib.printable import printable
from simulator.postfix.lib.tables import StringList, TableContext
from simulator.unix.fs import WRITE, Cred
from simulator.unix.program import Exit, Process

EX_USAGE, EX_DATAERR, EX_UNAVAILABLE, EX_SOFTWARE, EX_OSERR, EX_TEMPFAIL, EX_NOPERM = 64, 65, 69, 70, 71, 75, 77

#: A program that gives up waits before it ends, in case something starts it again and again: msg(3).
_FATAL_PAUSE = 1


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
    facility = "mail"
    #: Programs that write the file themselves when postlogd(8) does not answer; the lines of all others are lost then.
    _WITH_FALLBACK = frozenset(("postfix", "postlog", "postmulti", "postsuper"))
    #: With whose rights they do.
    writer: Cred | None = None

    def _say(self, label: str, text: str, priority: str) -> None:
        text = printable(text)
        if self.to_stderr:
            self.process.err(f"{self.name}: {label}{text}\n")
        if self.to_log and self._can_log():
            mail_log.write(self.process.host, self.maillog_file, self.ident, self.process.pid, label + text, priority, self.facility)

    def _can_log(self) -> bool:
        """Does the line arrive? Raises Exit when the program has to write the file itself and cannot."""
        if not self.maillog_file:
            return True
        process, cred = self.process, self.writer or self.process.cred
        master = process.host.daemons.get("postfix")
        if master is not None and master.running and process.fs.exists(f"{master.queue_directory}/public/postlog", process.cred):
            return True
        if self.process.name not in self._WITH_FALLBACK:
            return False
        if not process.fs.access(self.maillog_file, WRITE, cred) and process.fs.exists(self.maillog_file, cred):
            if self.to_stderr:
                process.err(f"{self.name}: fatal: open logfile '{self.maillog_file}': cannot open file: Permission denied\n")
            raise Exit(1)
        return True

    def panic(self, text: str) -> None:
        """`panic: text`."""
        self._say("panic: ", text, "crit")


class Command:
    """One run. `name` stands before messages, `task` behind the syslog name in the log."""

    def __init__(self, process: Process, name: str, task: str = "", to_stderr: bool = True, to_log: bool = True) -> None:
        self.process, self.name, self.task = process, name, task or name
        self.msg = CommandMsg(process, name, to_stderr=to_stderr, to_log=to_log)
        self.msg.ident = self._ident(process.env.get("MAIL_LOGTAG", "postfix"))
        self.config_directory = process.env.get("MAIL_CONFIG", CONFIG_DIRECTORY)
        self.operands: list[str] = []
        #: How often -v was given.
        self.verbose = 0
        self._params: Parameters | None = None

    def _ident(self, tag: str) -> str:
        """The name in log lines: mail_task(3)."""
        return f"{tag}/{self.task}"

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
            self.verbose += found[0] == "v"
            yield found
        self.operands = self.process.argv[getopt.index :]

    def use_config_directory(self, path: str) -> None:
        """-c: main.cf is there; programs that this one runs are told by MAIL_CONFIG."""
        self.config_directory = self.process.path(path)
        self.process.env["MAIL_CONFIG"] = path

    @property
    def is_set_id(self) -> bool:
        """Does the program act with other rights than its user's, who is not root (unsafe(3))?"""
        return self.process.caller.uid != 0 and self.process.caller != self.process.cred

    def read_parameters(self) -> Parameters:
        """mail_conf_read(3). Raises Fatal."""
        process = self.process
        if self.config_directory != CONFIG_DIRECTORY and self.is_set_id:
            self.check_directory(self.config_directory)
        self._params = Parameters.read(
            process.host, self.config_directory, warn=self.msg.warning, program=self.task, pid=process.pid, cred=process.cred,
            sleep=process.sleep,
        )  # fmt: skip
        self.msg.ident = self._ident(self.params["syslog_name"])
        if self.msg.to_log:
            self.msg.facility = self.params["syslog_facility"]
            self._open_log(self.params["maillog_file"])
        if self.verbose:
            self._explain()
        return self.params

    def _explain(self) -> None:
        """What -v tells about reading main.cf."""
        if self.verbose > 1:
            self.missing("more than one -v")
        versions = families(self.params["inet_protocols"])
        for name in self.params["inet_protocols"].replace(",", " ").split():
            self.msg.info(f"name_mask: {name}")
        for version in versions:
            count = sum(address.version == version for address in self.params.own_addresses)
            self.msg.info(f"inet_addr_local: configured {count} IPv{version} addresses")

    def _open_log(self, path: str) -> None:
        """maillog_client_init(3). Raises Fatal for a file that is not where log files may be."""
        prefixes = self.params["maillog_file_prefixes"].replace(",", " ").split()
        if path and not path.startswith(tuple(prefixes)):
            raise Fatal(f"maillog_file value '{path}' does not match any prefix in maillog_file_prefixes")
        self.msg.maillog_file = path

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
        command.process.sleep(_FATAL_PAUSE)
        return status if fatal_status is None else fatal_status
