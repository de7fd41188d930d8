"""NAME
    postqueue - Postfix queue control

SYNOPSIS
    postqueue [-v] [-c config_dir] -f
    postqueue [-v] [-c config_dir] -i queue_id
    postqueue [-v] [-c config_dir] -j
    postqueue [-v] [-c config_dir] -p
    postqueue [-v] [-c config_dir] -s site

DESCRIPTION
    What users may do with the queue. The program has the group postdrop to reach the sockets of showq(8), flush(8), qmgr(8)
    and pickup(8); the rest is superuser's work: see postsuper(1).

    -c  another directory with main.cf, if the default main.cf allows it
    -f  try to deliver all deferred mail now
    -i  try this deferred message now
    -j  list the queue, a JSON object a line: queue_name, queue_id, arrival_time (seconds since 1970), message_size,
        forced_expire, sender, and recipients with address and, if known, delay_reason
    -p  list the queue as mailq does: "*" behind the id means active, "!" on hold, "#" that its return is forced
    -s  try all deferred mail for a site of fast_flush_domains now

    While the mail system is down root still sees the queue: showq(8) then runs without master(8).
    authorized_flush_users and authorized_mailq_users say who may flush and look.

EXIT STATUS
    0, or 69 after every error.

LOG
    fatal: Cannot flush mail queue - mail system is down
    fatal: Flush service is not configured for destination "..."

DIFFERS FROM POSTFIX
    -v does not show the dialogue with daemons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.postfix.commands.command import EX_UNAVAILABLE, Command, run_command
from simulator.postfix.commands.postqueue_list import json, traditional
from simulator.postfix.commands.services import DRAIN_SECONDS, connect, wake
from simulator.postfix.flush import BAD, DENY, FAIL, OK, Flush
from simulator.postfix.lib.hostname import valid_hostname
from simulator.postfix.lib.mail_log import MailLog
from simulator.postfix.lib.mailhost import is_address_literal
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.queue_id import is_valid
from simulator.postfix.lib.spool import Spool
from simulator.postfix.lib.tables import DomainList, TableContext, TableError
from simulator.postfix.showq import QueueEntry, Showq, entries
from simulator.unix.program import Process, program

USAGE = "usage: postqueue -f | postqueue -i queueid | postqueue -j | postqueue -p | postqueue -s site"
#: Letters of a request to qmgr(8): forget dead destinations, ignore time stamps, scan deferred and incoming.
FLUSH_EVERYTHING = "FADI"
_SHOWN = 100
_MALFORMED = "malformed showq server response"
_DOWN = "Cannot flush mail queue - mail system is down"


#: How long it takes until sendmail(1) and this program have started; mail under way moves on meanwhile.
START_SECONDS = 0.008


class Postqueue:
    """One run, once the options are known."""

    def __init__(self, command: Command) -> None:
        self.command, self.process, self.params = command, command.process, command.params

    def admit(self, parameter: str, action: str) -> None:
        """Raises Fatal for users whom a list does not name."""
        user = None if self.command.is_privileged else self.command.refused_user(parameter)
        if user is not None:
            raise Fatal(f"User {user}({self.process.caller.uid}) is not allowed to {action} the mail queue")

    # -- lists ----------------------------------------------------------------------------------------------------------

    def show(self, as_json: bool) -> None:
        """-p, -j. Raises Fatal."""
        self.admit("authorized_mailq_users", "view")
        service = self.params["showq_service_name"]
        try:
            showq = connect(self.command, f"public/{service}")
        except TimeoutError:
            self.command.msg.warning(f"timeout on public/{service} socket while reading input attribute name")
            raise Fatal(_MALFORMED) from None
        except OSError as error:
            self.show_without(as_json, f"Connect to the {self.params['mail_name']} {service} service: {error.strerror}", error)
            return
        assert isinstance(showq, Showq)
        try:
            found = showq.report()
        except Fatal as fatal:
            showq.die(fatal)
            self.command.msg.warning(f"premature end-of-input on public/{service} socket while reading input attribute name")
            raise Fatal(_MALFORMED) from fatal
        self.print(found, as_json)

    def show_without(self, as_json: bool, problem: str, error: OSError) -> None:
        """The mail system is down. Raises Fatal."""
        if isinstance(error, PermissionError):
            raise Fatal(problem)
        if self.process.cred.uid != 0:
            raise Fatal(f"Queue report unavailable - mail system is down ({problem})")
        self.command.msg.warning(f"Mail system is down -- accessing queue directly ({problem})")
        self.print(self.read_queue(), as_json)

    def read_queue(self) -> Iterator[QueueEntry]:
        """showq(8) in stand-alone mode: with the mail owner's rights, and a log of its own. Raises Fatal."""
        log = MailLog(self.process.host, "postfix/showq", self.process.host.new_pid())
        log.configure(self.params, "showq")
        spool = Spool.open(self.process.fs, self.params, self.process.host.users.cred(self.params["mail_owner"]))
        try:
            yield from entries(spool, self.params, log.warning)
        except OSError as error:
            directory = (error.filename or "").removeprefix(spool.directory + "/")
            log.report(Fatal(f"scan_dir_push: open directory {directory}: {error.strerror}"))
            raise Fatal(_MALFORMED) from error

    def print(self, found: Iterable[QueueEntry], as_json: bool) -> None:
        """What was found until then is shown even if the list breaks off."""
        for piece in json(found) if as_json else traditional(found, self.params.bool("enable_long_queue_ids")):
            self.process.out(piece)

    # -- flushing -------------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """-f. Raises Fatal."""
        self.admit("authorized_flush_users", "flush")
        for service, request in (("queue_service_name", FLUSH_EVERYTHING), ("pickup_service_name", "W")):
            if not wake(self.command, "public", self.params[service], request):
                raise Fatal(_DOWN)
        self.process.sleep(DRAIN_SECONDS)

    def flush_site(self, site: str) -> None:
        """-s. Raises Fatal."""
        self.admit("authorized_flush_users", "flush")
        context = TableContext(
            self.process.host, self.process.cred, self.params, warn=self.command.msg.warning, program=self.command.task
        )
        try:
            listed = DomainList("fast_flush_domains", self.params["fast_flush_domains"], context).match(site)
        except TableError as error:
            raise Fatal(_DOWN) from error
        self.judge(DENY if not listed else self.ask(site, by_site=True), site)

    def flush_file(self, queue_id: str) -> None:
        """-i. Raises Fatal."""
        self.admit("authorized_flush_users", "flush")
        self.judge(self.ask(queue_id, by_site=False), queue_id)

    def ask(self, what: str, by_site: bool) -> int:
        """The answer of flush(8)."""
        path = f"public/{self.params['flush_service_name']}"
        try:
            server = connect(self.command, path)
        except TimeoutError:
            self.command.msg.warning(f"timeout on {path} socket while reading input attribute name")
            return FAIL
        except OSError as error:
            self.command.msg.warning(f"connect to {path}: {error.strerror}")
            return FAIL
        assert isinstance(server, Flush)
        status = server.send_site(what) if by_site else server.send_file(what)
        self.process.sleep(DRAIN_SECONDS)
        return status

    @staticmethod
    def judge(status: int, what: str) -> None:
        """Raises Fatal unless the status is good."""
        texts = {
            BAD: f'Invalid request: "{what}"',
            DENY: f'Flush service is not configured for destination "{what}"',
        }
        if status != OK:
            raise Fatal(texts.get(status, _DOWN))


def _clip(text: str) -> str:
    return text[:_SHOWN] + ("..." if len(text) > _SHOWN else "")


def _check(mode: str, value: str) -> None:
    """Raises Fatal for names that can be neither a site nor a queue id."""
    if mode == "s" and not (is_address_literal(value) if value.startswith("[") else valid_hostname(value)):
        raise Fatal(f'Cannot flush mail queue - invalid destination: "{_clip(value)}"')
    if mode == "i" and not is_valid(value):
        raise Fatal(f'Cannot flush queue ID - invalid name: "{_clip(value)}"')


def _parse(command: Command) -> tuple[str, str]:
    """The one thing to do: its letter and value. Raises Fatal."""
    mode = value = ""
    for letter, argument in command.options("c:fi:jps:v"):
        if letter == "c":
            command.use_config_directory(argument)
        elif letter == "?" or (letter != "v" and mode):
            raise Fatal(USAGE)
        elif letter != "v":
            mode, value = letter, argument
    if command.operands:
        raise Fatal(USAGE)
    return mode, value


@program("/usr/sbin/postqueue", package="postfix", mode=0o2555, group="postdrop")
def main(process: Process) -> int:
    """Run the program."""
    process.argv[0] = "postqueue"
    command = Command(process, "postqueue")

    def body() -> int:
        mode, value = _parse(command)
        # Users do not get to see how the program works.
        command.verbose = command.verbose if process.cred.uid == 0 else 0
        command.read_parameters()
        if command.verbose:
            command.missing("the dialogue with daemons that -v shows")
        _check(mode, value)
        postqueue = Postqueue(command)
        process.sleep(START_SECONDS)
        if mode in ("j", "p"):
            postqueue.show(mode == "j")
        elif mode == "f":
            postqueue.flush()
        elif mode == "s":
            postqueue.flush_site(value)
        elif mode == "i":
            postqueue.flush_file(value)
        else:
            raise Fatal(USAGE)
        return 0

    return run_command(command, body, EX_UNAVAILABLE)
