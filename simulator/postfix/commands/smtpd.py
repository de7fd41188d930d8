"""smtpd -S: the SMTP server without a network, what `sendmail -bs` becomes. The manual page is that of smtpd(8)."""

from __future__ import annotations

import asyncio

from simulator.clock import Clock
from simulator.net.timed_input import plain
from simulator.postfix.cleanup_status import STAT_BAD, STAT_OK, STAT_SIZE, Outcome
from simulator.postfix.commands.command import Command, run_command
from simulator.postfix.commands.services import master_of
from simulator.postfix.daemon import ServiceUnavailable
from simulator.postfix.lib import records
from simulator.postfix.lib.mail_log import MailLog
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.queue_file import attribute_record, time_record
from simulator.postfix.lib.records import Record
from simulator.postfix.lib.spool import MAILDROP, Spool
from simulator.postfix.lib.tables import TableContext
from simulator.postfix.smtpd import Smtpd
from simulator.postfix.smtpd_lists import SmtpdLists
from simulator.postfix.smtpd_peer import stand_alone_peer
from simulator.postfix.smtpd_queue import Destination
from simulator.postfix.smtpd_session import Session
from simulator.postfix.smtpd_settings import SmtpdSettings
from simulator.postfix.smtpd_state import SmtpdState, name_and_address
from simulator.postfix.smtpd_stream import ClientStream
from simulator.postfix.smtpd_tls_settings import TlsSettings
from simulator.unix.fs import Cred, Fs
from simulator.unix.host import Host
from simulator.unix.program import Process, program

_READY = 0o744


class StandardOutput:
    """The transport of a session that talks to standard output."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def write(self, data: bytes) -> None:
        self.process.out(data.decode("utf-8", "surrogateescape"))

    def pause_reading(self) -> None:
        """All input is there already."""

    def resume_reading(self) -> None:
        """All input is there already."""

    def is_closing(self) -> bool:
        return False


class MaildropDestination:
    """A message for pickup(8), as postdrop(1) would write it."""

    def __init__(self, command: Command, spool: Spool) -> None:
        self.command = command
        self.spool = spool
        self.queue_id = spool.enter(MAILDROP, b"", 0o600)
        self._records: list[Record] = [time_record(command.process.clock.now), attribute_record("rewrite_context", "local")]
        self._size = 0

    async def send(self, kind: str, data: bytes) -> None:
        """The next record."""
        self._size += len(data)
        self._records.append((kind, data))

    async def finish(self) -> Outcome:
        """The message is complete."""
        limit = self.command.params.int("message_size_limit")
        if limit and self._size > limit:
            self.abort()
            return Outcome(STAT_SIZE, self.queue_id)
        if not any(kind == records.RECIPIENT for kind, _ in self._records):
            self.abort()
            return Outcome(STAT_BAD, self.queue_id)
        self.spool.write(MAILDROP, self.queue_id, records.encode_all(self._records))
        self.spool.fs.chmod(self.spool.path(MAILDROP, self.queue_id), _READY, self.spool.cred)
        self._wake_pickup()
        return Outcome(STAT_OK, self.queue_id)

    def _wake_pickup(self) -> None:
        """Somebody will come for the file sooner or later, if not now."""
        service = self.command.params["pickup_service_name"]
        try:
            self.spool.fs.stat(f"{self.spool.directory}/public/{service}", self.spool.cred)
        except OSError as error:
            self.command.msg.warning(f"unable to look up public/{service}: {error.strerror}")
            return
        master = master_of(self.command)
        if master is None:
            return
        try:
            master.trigger(service, "W")
        except ServiceUnavailable:
            return

    def abort(self) -> None:
        """Nothing stays behind."""
        self.spool.remove(MAILDROP, self.queue_id)


class StandAloneSmtpd(Smtpd):
    """smtpd(8) that nobody but its user talks to. master(8) knows nothing of it."""

    program = ""

    def __init__(self, command: Command) -> None:
        process = command.process
        self.command = command
        self.pid = process.pid
        self.service_name = "smtpd"
        self.params = command.params
        self.log = MailLog(process.host, "", process.pid)
        self.log.configure(command.params, "smtpd")
        self.settings = SmtpdSettings.read(command.params)
        self.tls = TlsSettings()
        self.warned = set()
        self.lists = SmtpdLists(command.params, self.startup_context(), checks=False)
        self.prepare()

    @property
    def host(self) -> Host:
        return self.command.process.host

    @property
    def fs(self) -> Fs:
        return self.command.process.fs

    @property
    def clock(self) -> Clock:
        return self.command.process.clock

    @property
    def cred(self) -> Cred:
        return self.command.process.cred

    @property
    def chrooted(self) -> bool:
        return False

    def startup_context(self) -> TableContext:
        return TableContext(self.host, self.cred, self.params, warn=self.log.warning, error=self.log.error, program="smtpd")

    def maildrop(self) -> Destination:
        """The file belongs to the user and, as postdrop(1) is set-gid, to the group postdrop."""
        group = self.host.users.group_by_name("postdrop")
        cred = self.cred
        dropper = cred if group is None else Cred(cred.uid, group.gid, cred.groups, cred.umask)
        return MaildropDestination(self.command, Spool.open(self.fs, self.params, dropper))

    async def serve(self) -> None:  # type: ignore[override]
        """The whole dialogue."""
        process = self.command.process
        stream = ClientStream(StandardOutput(process), asyncio.get_running_loop(), self.params.time("smtpd_timeout"))
        stream.feed(plain(process.stdin).encode("utf-8", "surrogateescape"))
        stream.feed_eof()
        peer = stand_alone_peer()
        state = SmtpdState(self.service_name, peer, name_and_address(peer, self.settings.logs_port), stand_alone=True)
        await Session(self, state, stream).run()


@program("/usr/lib/postfix/sbin/smtpd", package="postfix")
def main(process: Process) -> int:
    """Run the program; only -S makes sense outside master(8)."""
    process.argv[0] = "smtpd"
    command = Command(process, "smtpd")

    def body() -> int:
        stand_alone = False
        for letter, _ in command.options("c:DdlMm:n:o:s:St:uvVz"):
            stand_alone = stand_alone or letter == "S"
        command.read_parameters()
        if not stand_alone:
            raise Fatal("do not run this command by hand")
        process.clock.run_coroutine(StandAloneSmtpd(command).serve())
        return 0

    return run_command(command, body)
