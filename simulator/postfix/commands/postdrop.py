"""NAME
    postdrop - Postfix mail posting utility

SYNOPSIS
    postdrop [-rv] [-c config_dir]

DESCRIPTION
    The postdrop command makes a file in the maildrop directory and copies its standard input to it, records as sendmail(1)
    writes them. It is installed with the group postdrop, for only this group may write there. The file belongs to the user
    who runs the program and has mode 0744 once it is complete; then pickup(8) is woken. On standard output it tells the
    queue id, and at the end a status and a reason.

    -c  another directory with main.cf, if the default main.cf allows it
    -r  ignored

    Users whom authorized_submit_users does not list are refused; local_login_sender_maps may restrict senders.

EXIT STATUS
    0 when the file is complete; the bits of cleanup(8)'s status otherwise.

LOG
    warning: uid=N: File too large
    warning: unable to look up public/pickup: No such file or directory
    fatal: uid=N: malformed input

DIFFERS FROM POSTFIX
    Where maildrop cannot be written, real postdrop tries again every ten seconds for ever; this one stops after some tries.
"""

from __future__ import annotations

import errno
import os

from simulator.postfix.commands.command import Command, run_command
from simulator.postfix.commands.services import wake
from simulator.postfix.lib import records
from simulator.postfix.lib.login_sender import check_login_sender
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.queue_file import time_record
from simulator.postfix.lib.records import BadRecord, Record
from simulator.postfix.lib.spool import MAILDROP, Spool
from simulator.unix.program import Exit, Process, program

#: Bits of the status, as cleanup(8) has them.
STAT_OK, STAT_BAD, STAT_WRITE, STAT_SIZE, STAT_NOPERM = 0, 1, 2, 4, 4096
_SEGMENTS = (records.POST_ENVELOPE_TYPES, records.POST_CONTENT_TYPES, records.POST_EXTRACT_TYPES)
_ENCODINGS = ("7bit", "8bit", "7bit-or-8bit")
_PLAIN_ATTRIBUTES = ("envelope_id", "notify_flags", "trace_flags")
#: Until mail(1), sendmail(1) and this program have started one after the other, so much time has passed: mail that was
#: submitted before is delivered by then.
START_SECONDS = 0.025
#: Until all three have ended, so much more.
END_SECONDS = 0.009
#: mail_queue_enter(3) sleeps this long when it cannot make a file.
RETRY_SECONDS = 10
MAX_TRIES = 6


class Postdrop:
    """One submission."""

    def __init__(self, command: Command) -> None:
        self.command, self.process, self.params = command, command.process, command.params
        self.uid = self.process.caller.uid
        self.reason = ""

    def run(self) -> int:
        """Copy, finish, report; the status. Raises Fatal."""
        user = self.command.refused_user("authorized_submit_users")
        if user is not None:
            raise Fatal(f"User {user}({self.uid}) is not allowed to submit mail")
        self.process.sleep(START_SECONDS)
        spool = Spool.open(self.process.fs, self.params, self.process.cred)
        queue_id = self.enter(spool)
        self.answer(protocol="postdrop_protocol", queue_id=queue_id)
        status = self.copy(spool, queue_id)
        if status:
            spool.remove(MAILDROP, queue_id)
        else:
            self.process.fs.chmod(spool.path(MAILDROP, queue_id), 0o744)
            wake(self.command, "public", self.params["pickup_service_name"], "W")
            self.process.sleep(END_SECONDS)
        self.answer(status=str(status), reason=self.reason)
        return status

    def enter(self, spool: Spool) -> str:
        """Make the file. Where that is not possible the real program never gives up."""
        for _ in range(MAX_TRIES):
            try:
                return spool.enter(MAILDROP, b"", 0o600)
            except OSError as error:
                self.command.msg.warning(f"mail_queue_enter: create file {MAILDROP}/{self._temporary()}: {error.strerror}")
                self.process.sleep(RETRY_SECONDS)
        self.command.missing("waiting for ever")
        raise Exit(1)

    def _temporary(self) -> str:
        microseconds = int(self.process.clock.now * 1e6) % 1_000_000
        return f"{microseconds}.{self.process.pid}"

    def answer(self, **attributes: str) -> None:
        """Attributes for sendmail(1): names and values, each ended by a NUL."""
        self.process.out("".join(f"{name}\0{value}\0" for name, value in attributes.items()) + "\0")

    def copy(self, spool: Spool, queue_id: str) -> int:
        """Check the records and write them; the status. Raises Fatal, and Exit when the input just ends."""
        kept: list[Record] = [time_record(self.process.clock.now)]
        limit = self.params.int("message_size_limit")
        senders = recipients = 0
        try:
            for kind, data in self.records(spool, queue_id):
                if kind == records.FROM:
                    senders += 1
                    status = self.check_sender(data)
                    if status:
                        return status
                recipients += kind == records.RECIPIENT
                kept.append((kind, data))
        except Fatal:
            spool.remove(MAILDROP, queue_id)
            raise
        written = records.encode_all(kept)
        if limit and len(written) > limit:
            self.command.msg.warning(f"uid={self.uid}: {os.strerror(errno.EFBIG)}")
            return STAT_SIZE
        if not senders or not recipients:
            return STAT_BAD
        spool.write(MAILDROP, queue_id, written)
        return STAT_OK

    def records(self, spool: Spool, queue_id: str) -> list[Record]:
        """What may be kept of standard input. Raises Fatal; Exit 0 without an end record: the request was cancelled."""
        found: list[Record] = []
        segment = 0
        data = self.process.stdin.encode("utf-8", "surrogateescape")
        try:
            for _, kind, value in records.decode(data):
                expected = _SEGMENTS[segment] if segment < len(_SEGMENTS) else ""
                if kind not in expected:
                    raise Fatal(f"uid={self.uid}: unexpected record type: {ord(kind)}")
                segment += kind == expected[0]
                if kind != records.TIME and (kind != records.ATTRIBUTE or self.keeps_attribute(value)):
                    found.append((kind, value))
                if kind == records.END:
                    return found
        except BadRecord as error:
            self.command.msg.warning(str(error).removeprefix(": "))
            raise Fatal(f"uid={self.uid}: malformed input") from error
        spool.remove(MAILDROP, queue_id)
        raise Exit(0)

    def keeps_attribute(self, data: bytes) -> bool:
        """Users may write few attributes only; others are left out with a warning."""
        text = data.decode("utf-8", "surrogateescape")
        try:
            name, value = records.split_attribute(data)
        except BadRecord as error:
            self.command.msg.warning(f"uid={self.uid}: ignoring malformed record: {error}: {text[:200]}")
            return False
        allowed = (
            (name == "encoding" and value in _ENCODINGS)
            or name in _PLAIN_ATTRIBUTES
            or name in records.ATTRIBUTE_TYPES
            or (name == "rewrite_context" and value in ("local", "remote"))
        )  # fmt: skip
        if not allowed:
            self.command.msg.warning(f"uid={self.uid}: ignoring attribute record: {name[:200]}={value[:200]}")
        return allowed

    def check_sender(self, data: bytes) -> int:
        """postconf(5) local_login_sender_maps."""
        sender = data.decode("utf-8", "surrogateescape")
        self.reason = check_login_sender(self.command, sender)
        return STAT_NOPERM if self.reason else STAT_OK


@program("/usr/sbin/postdrop", package="postfix", mode=0o2555, group="postdrop")
def main(process: Process) -> int:
    """Run the program."""
    process.argv[0] = "postdrop"
    command = Command(process, "postdrop")

    def body() -> int:
        for letter, value in command.options("c:rv"):
            if letter == "c":
                command.use_config_directory(value)
            elif letter == "?":
                raise Fatal("usage: postdrop [-c config_dir] [-v]")
        command.read_parameters()
        return Postdrop(command).run()

    return run_command(command, body)
