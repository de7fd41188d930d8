"""NAME
    postsuper - Postfix superintendent

SYNOPSIS
    postsuper [-psSv] [-c config_dir] [-d queue_id] [-e queue_id] [-f queue_id] [-h queue_id] [-H queue_id] [-r queue_id]
        [directory ...]

DESCRIPTION
    Maintenance of the queue, for the superuser only; the files are touched with the rights of mail_owner. Without options:
    -p and -s. Without directories: defer, bounce, maildrop, incoming, active, deferred, hold, flush.

    -c  another directory with main.cf: an absolute path
    -d  delete the message; -d ALL all of them; "-d -" those whose ids stand on standard input. The same holds for:
    -e  expire it: it is returned to the sender when qmgr(8) looks at it next
    -f  expire it, and release it if it is on hold
    -h  put it on hold: nobody tries to deliver it any more
    -H  release it from hold
    -r  requeue it: pickup(8) takes it anew, with all rewriting of addresses
    -p  remove incomplete files that are older than a week
    -s  put files into the directories where they belong, and give those whose name does not tell their inode number (after
        the queue was copied) another one; this comes before all other actions
    -S  the same for long queue ids, for which it is not needed

    Options are obeyed in the order in which they stand; each may be given several times.

EXIT STATUS
    0, also when no message was found; 1 after a fatal error.

LOG
    QID: removed, QID: requeued, QID: placed on hold, QID: released from hold, QID: expired
    Deleted: N messages, Requeued: ..., Placed on hold: ..., Released from hold: ..., Force-expired: ...
    warning: invalid mail queue id: ...
    fatal: invalid directory name: ...

DIFFERS FROM POSTFIX
    -v only names the queues that are gone through.
"""

from __future__ import annotations

from simulator.postfix.commands.command import Command, GetOpt, run_command
from simulator.postfix.commands.postsuper_files import Files, Tally
from simulator.postfix.commands.postsuper_messages import Messages
from simulator.postfix.commands.postsuper_queues import PURGE, REDUNDANT, STRUCTURE, Queues
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.spool import ACTIVE, BOUNCE, DEFER, DEFERRED, FLUSH, HOLD, INCOMING, MAILDROP, Spool
from simulator.unix.fs import Cred
from simulator.unix.program import Exit, Process, program

SPEC = "c:d:e:f:h:H:pr:sSv"
ALL, FROM_STDIN = "ALL", "-"
#: Logs come first: they must be in their places when messages get other names.
DEFAULT_QUEUES = (DEFER, BOUNCE, MAILDROP, INCOMING, ACTIVE, DEFERRED, HOLD, FLUSH)
_REPAIRS = {"p": (PURGE,), "s": (STRUCTURE,), "S": (REDUNDANT, STRUCTURE)}
_DEFAULT_REPAIRS = (STRUCTURE, PURGE)
_CHANGED = "QUEUE FILE NAMES WERE CHANGED TO MATCH INODE NUMBERS"


def _usage(name: str) -> str:
    return (
        f"usage: {name} [-c config_dir] [-d queue_id (delete)] [-e queue_id (expire)] [-f queue_id (expire and/or un-hold)] "
        "[-h queue_id (hold)] [-H queue_id (un-hold)] [-p (purge temporary files)] [-r queue_id (requeue)] "
        "[-s (structure fix)] [-S (redundant structure fix)][-v (verbose)] [queue...]"
    )


class Postsuper:
    """One run."""

    def __init__(self, command: Command) -> None:
        self.command, self.process = command, command.process
        self.tally = Tally()
        self.repairs: set[str] = set()
        self.letters: set[str] = set()
        self.named = False

    def run(self) -> None:
        """Raises Fatal."""
        if self.process.caller.uid != 0:
            raise Fatal("use of this command is reserved for the superuser")
        self.parse()
        self.command.read_parameters()
        files = Files(self.open_spool(), self.command.msg)
        queues = self.command.operands or list(DEFAULT_QUEUES)
        if not self.letters and not self.repairs:
            self.repairs.update(_DEFAULT_REPAIRS)
        try:
            self.work(files, queues)
        except Fatal as fatal:
            self.leave_incomplete(fatal)
        self.report()

    def open_spool(self) -> Spool:
        """The queue, as the mail owner sees it. Raises Fatal."""
        params, fs = self.command.params, self.process.fs
        directory = params["queue_directory"]
        try:
            fs.listdir(directory)
        except OSError as error:
            raise Fatal(f"chdir {directory}: {error.strerror}") from error
        owner = self.process.host.users.by_name(params["mail_owner"])
        assert owner is not None, "reading main.cf checks mail_owner"
        rights = Cred(owner.uid, owner.gid, frozenset(), 0o022)
        self.command.msg.writer = rights
        return Spool.open(fs, params, rights)

    def parse(self) -> None:
        """What is asked for; nothing is done yet. Raises Fatal."""
        for letter, value in self.command.options(SPEC):
            if letter == "?":
                raise Fatal(_usage(self.command.name))
            if letter == "c":
                if not value.startswith("/"):
                    raise Fatal("-c requires absolute pathname")
                self.command.use_config_directory(value)
            elif letter in _REPAIRS:
                self.repairs.update(_REPAIRS[letter])
            elif letter != "v":
                self.letters.add(letter)
                self.named = self.named or value != ALL

    def work(self, files: Files, queues: list[str]) -> None:
        """Repairs, then the actions in the order of the options. Raises Fatal."""
        sweep = Queues(files, queues, self.tally, verbose=self.command.verbose > 0)
        for _ in range(2):
            if self.repairs:
                sweep.go_through(*self.repairs)
            if not self.tally.inode_mismatch:
                break
        if self.named and (self.tally.inode_mismatch or self.tally.inode_fixed):
            self.command.msg.error(_CHANGED)
            raise Fatal("CHECK YOUR QUEUE IDS AND RE-ISSUE THE COMMAND")
        messages = Messages(files, queues, self.tally)
        getopt = GetOpt(self.process.argv, SPEC, self.command.complain)
        while (found := getopt.next()) is not None:
            letter, value = found
            if letter in messages.actions:
                self.act(sweep, messages, letter, value)

    def act(self, sweep: Queues, messages: Messages, letter: str, value: str) -> None:
        """One option."""
        if value == ALL:
            sweep.go_through(letter)
        elif value == FROM_STDIN:
            messages.each(letter, self.process.stdin.splitlines())
            self.process.stdin = ""
        else:
            messages.each(letter, [value])

    def leave_incomplete(self, fatal: Fatal) -> None:
        """Re-raises, behind a warning if files have got other names."""
        tally = self.tally
        if tally.inode_mismatch or tally.inode_fixed or tally.position_mismatch:
            self.command.msg.report(fatal)
            self.command.msg.warning("OPERATION INCOMPLETE -- RERUN COMMAND TO FIX THE QUEUE FIRST")
            raise Exit(fatal.status)
        raise fatal

    def report(self) -> None:
        """How many messages it was."""
        info, tally = self.command.msg.info, self.tally
        for letters, text, count in (
            ("r", "Requeued", tally.requeued),
            ("d", "Deleted", tally.deleted),
            ("ef", "Force-expired", tally.expired),
            ("h", "Placed on hold", tally.held),
            ("Hf", "Released from hold", tally.released),
        ):
            if self.letters & set(letters):
                info(f"{text}: {_messages(count)}")
        if tally.inode_fixed:
            info(f"Renamed to match inode number: {_messages(tally.inode_fixed)}")
        if tally.inode_mismatch or tally.inode_fixed:
            self.command.msg.warning(_CHANGED)


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"


@program("/usr/sbin/postsuper", package="postfix")
def main(process: Process) -> int:
    """Run the program."""
    command = Command(process, process.name)

    def body() -> int:
        Postsuper(command).run()
        return 0

    return run_command(command, body)
