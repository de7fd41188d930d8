"""One client of smtpd(8): the greeting, the loop that reads commands and carries them out, the end.

Commands are in the table of smtpd_commands.py. What a session is refused for is in smtpd_check.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.printable import escape, is_header
from simulator.postfix.lib.tables import TableError
from simulator.postfix.smtpd_access_actions import HangUp
from simulator.postfix.smtpd_chat import Chat
from simulator.postfix.smtpd_check import SmtpdCheck
from simulator.postfix.smtpd_lists import LocalTrouble
from simulator.postfix.smtpd_commands import COMMANDS, ENDS_PIPELINE, LIMITED, PRE_TLS, Command
from simulator.postfix.smtpd_state import AFTER_BDAT, AFTER_DATA, END_OF_MESSAGE, SmtpdState
from simulator.postfix.smtpd_stream import ClientStream, ClientTimeout, ConnectionLost
from simulator.postfix.smtpd_tls import wrapped
from simulator.postfix.smtpd_token import Token, split_command

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd
    from simulator.postfix.smtpd_queue import QueueWriter
    from simulator.postfix.smtpd_tls import TlsContext

#: What a session shows of input that came too early, in bytes.
_SHOWN = 100
TIMEOUT, LOST, TOO_MANY_ERRORS = "timeout", "lost connection", "too many errors"


class Quiet(Exception):
    """The session ends, and what had to be said was said."""


class Restart(Exception):
    """XCLIENT: begin anew, as another client."""


class Session:
    """A conversation. `queue` is the message that is being received."""

    def __init__(self, smtpd: Smtpd, state: SmtpdState, stream: ClientStream) -> None:
        self.smtpd = smtpd
        self.state = state
        self.stream = stream
        self.chat = Chat(smtpd, state, stream)
        self.check = SmtpdCheck(smtpd, state, stream)
        self.queue: QueueWriter | None = None
        self.counts: dict[str, list[int]] = {}
        #: The lab's name of the host that the connection comes from; faults may concern it alone.
        self.client_host = ""

    @property
    def tls(self) -> TlsContext | None:
        """What is known of the encryption, if there is one."""
        return self.check.tls

    # Saying things

    async def reply(self, text: str) -> bool:
        """Say it; the command has succeeded."""
        await self.chat.reply(text)
        return True

    async def fail(self, text: str, *error_classes: str) -> bool:
        """Say it; the command has failed, in a way that the postmaster may want to know of."""
        self.state.error_mask.update(error_classes)
        await self.chat.reply(text)
        return False

    # The whole session

    async def run(self) -> None:
        """From `connect from` to `disconnect from`."""
        smtpd, state = self.smtpd, self.state
        smtpd.log.info(f"connect from {state.namaddr}")
        smtpd.trace("connected", client=state.peer.address, name=state.peer.name, service=state.service)
        smtpd.admit(self)
        await self._converse()
        self.stream.flush()
        smtpd.log.info(f"disconnect from {state.namaddr}{self.statistics()}")

    async def _converse(self) -> None:
        state = self.state
        try:
            while await self._talk():
                pass  # greeted again as another client: XCLIENT
        except ClientTimeout:
            state.reason = TIMEOUT
            await self._farewell(f"421 4.4.2 {self.smtpd.settings.myhostname} Error: timeout exceeded")
        except ConnectionLost:
            state.reason = LOST
        except (HangUp, Quiet):
            pass
        except LocalTrouble:
            text = f"421 4.3.0 {self.smtpd.settings.myhostname} Server local data error"
            self.smtpd.log.info(f"{state.queue_name}: reject: {state.where} from {state.namaddr}: {text}")
            state.error_mask.add("data")
            await self._farewell(text)
        self._end()

    async def _farewell(self, text: str) -> None:
        await self.chat.reply(text)
        self.stream.flush()

    async def _talk(self) -> bool:
        """Greet and serve. True: XCLIENT wants to be greeted again."""
        try:
            if await self._greet():
                await self._serve()
        except Restart:
            return True
        return False

    async def _greet(self) -> bool:
        """Everything up to the first command. False: the client was sent away."""
        state, smtpd = self.state, self.smtpd
        if smtpd.tls.wrapped and not state.stand_alone and self.tls is None and not await wrapped(self):
            return False
        if not state.stand_alone and self._flag_pipelining() and smtpd.settings.forbid_unauth_pipelining:
            await self.reply("554 5.5.0 Error: SMTP protocol synchronization")
            return False
        refused = smtpd.limits.connect(self)
        if refused:
            await self.reply(refused)
            return False
        state.ehlo_discard = smtpd.lists.discarded(state.peer.address)
        fault = self.fault("connect")
        if fault is not None:
            await self.reply(fault)
            state.access_denied = fault
            return True
        denied = None if state.stand_alone or smtpd.settings.delay_reject else await self.check.check_client()
        if denied is not None:
            state.error_mask.add("policy")
            state.access_denied = denied
            await self.reply(denied)
            state.error_count += 1
        else:
            await self.reply(f"220 {smtpd.settings.banner}")
        await smtpd.login_offer.after_greeting(self)
        return True

    def _flag_pipelining(self) -> bool:
        """Note, once a session, a client that speaks before it is its turn."""
        early = self.stream.peek()
        if not early or self.state.ill_pipelining:
            return False
        self.state.ill_pipelining = True
        self.smtpd.log.info(f"improper command pipelining after {self.state.where} from {self.state.namaddr}: {escape(early[:_SHOWN])}")
        return True

    # Commands

    async def _serve(self) -> None:
        state, smtpd = self.state, self.smtpd
        while not state.hangup:
            if state.error_count >= smtpd.settings.hard_error_limit:
                state.reason = TOO_MANY_ERRORS
                state.error_mask.add("protocol")
                await self.reply(f"421 4.7.0 {smtpd.settings.myhostname} Error: too many errors")
                return
            await self.chat.query()
            if self.stream.got_bare_lf and smtpd.settings.refuses_bare_lf:
                self.check.log_whatsup("reject", "bare <LF> received")
                await self.fail(f"{smtpd.settings.bare_lf_code} 5.5.2 {smtpd.settings.myhostname} Error: bare <LF> received", "protocol")
                return
            if not await self._obey(self.chat.line):
                return

    async def _obey(self, line: str) -> bool:
        """Carry out a line. False ends the session."""
        state, smtpd = self.state, self.smtpd
        if smtpd.settings.smtputf8_enable and not _is_utf8(self.chat.raw):
            return await self._error("500 5.5.2 Error: bad UTF-8 syntax")
        line = self.chat.line = self._filtered(line)
        words = split_command(line)
        if not words:
            return await self._error("500 5.5.2 Error: bad syntax")
        if smtpd.lists.is_noop(words[0].text):
            await self.reply("250 2.0.0 Ok")
            self._count_junk()
            return True
        name = words[0].text.upper()
        command = COMMANDS.get(name)
        self._count(name if command else "", 1)
        if command is None and self._is_foreign(words[0].text, line):
            await self.reply("221 2.7.0 Error: I can break rules, too. Goodbye.")
            return False
        if state.access_denied and name != "QUIT":
            return await self._denied()
        if command is None:
            return await self._error("500 5.5.2 Error: command not recognized")
        if smtpd.tls.required and self.tls is None and not state.stand_alone and PRE_TLS not in command.flags:
            await self.reply("530 5.7.0 Must issue a STARTTLS command first")
            state.error_count += 1
            return True
        return await self._run(name, command, words)

    async def _run(self, name: str, command: Command, words: list[Token]) -> bool:
        state, smtpd = self.state, self.smtpd
        state.where = name
        watched = not state.stand_alone and (state.protocol != "ESMTP" or ENDS_PIPELINE in command.flags)
        if watched and self._flag_pipelining() and smtpd.settings.forbid_unauth_pipelining:
            await self.reply("554 5.5.0 Error: SMTP protocol synchronization")
            return False
        fault = self.fault(name.lower(), self.chat.line)
        done = await self.fail(fault, "policy") if fault is not None else await command.action(self, words)
        if done:
            self._count(name, 0)
        else:
            state.error_count += 1
        if LIMITED in command.flags:
            self._count_junk()
        return name != "QUIT"

    async def _error(self, text: str) -> bool:
        await self.fail(text, "protocol")
        self.state.error_count += 1
        return True

    async def _denied(self) -> bool:
        denied = self.state.access_denied or ""
        if denied[1:3] == "21":
            await self.reply(denied)
            return True
        await self.reply(f"503 5.7.0 Error: access denied for {self.state.namaddr}")  # RFC 5321 3.1
        self.state.error_count += 1
        return True

    def _filtered(self, line: str) -> str:
        """postconf(5) smtpd_command_filter. Raises LocalTrouble."""
        table = self.smtpd.lists.command_filter
        try:
            found: str | None = table.find(line.lstrip(" \t"))
        except TableError:
            raise LocalTrouble from None
        if found is None:
            return line
        self.smtpd.log.info(f'{self.state.namaddr}: replacing command "{line[:100]}" with "{found[:100]}"')
        return found

    def _is_foreign(self, word: str, line: str) -> bool:
        """The client speaks HTTP or is being made to relay something: postconf(5) smtpd_forbidden_commands."""
        self.state.where = "UNKNOWN"
        if not is_header(word) and not self.smtpd.lists.is_forbidden(word):
            return False
        shown = escape(line.encode("utf-8", "surrogateescape"))[:_SHOWN]
        self.smtpd.log.warning(f"non-SMTP command from {self.state.namaddr}: {shown}")
        return True

    def fault(self, stage: str, argument: str = "") -> str | None:
        """What a lab has set this server to answer at a stage. Raises Quiet: it is to hang up."""
        if self.state.stand_alone:
            return None
        port = int(self.state.peer.server_port) if self.state.peer.server_port.isdigit() else 0
        text: str | None = self.smtpd.host.net.network.faults.reply(self.smtpd.host.name, port, stage, argument, self.client_host)
        if text == "":
            raise Quiet
        return text

    # Counting

    def _count_junk(self) -> None:
        self.state.junk_commands += 1
        if self.state.junk_commands - 1 > self.smtpd.settings.junk_command_limit:
            self.state.error_count += 1

    def _count(self, name: str, column: int) -> None:
        self.counts.setdefault(name, [0, 0])[column] += 1

    def statistics(self) -> str:
        """` ehlo=1 mail=1/2 commands=2/3`: succeeded/tried of each command."""
        parts, done, tried = "", 0, 0
        for name in (*COMMANDS, ""):
            good, total = self.counts.get(name, (0, 0))
            if total:
                parts += f" {name.lower() or 'unknown'}={good}" + (f"/{total}" if good != total else "")
            done, tried = done + good, tried + total
        return f"{parts} commands={done}" + (f"/{tried}" if done != tried or not tried else "")

    # The end

    def reset_mail(self) -> None:
        """Forget the mail in transfer."""
        if self.queue is not None:
            self.queue.abort()
            self.queue = None
        self.state.forget_mail()

    def reset_recipients(self) -> None:
        """Forget its recipients."""
        self.state.forget_recipients()

    def _end(self) -> None:
        state = self.state
        self.smtpd.limits.disconnect(self)
        if state.reason:
            self._log_reason()
        if self.tls is not None:
            self.smtpd.end_tls(self)
        state.helo_name = None
        state.sasl_method = state.sasl_username = None
        self.chat.reset(0)
        self.reset_mail()
        self.reset_recipients()

    def _log_reason(self) -> None:
        state, mail = self.state, self.state.mail
        say = self.smtpd.log.info
        if state.where == AFTER_DATA:
            say(f"{state.reason} after DATA ({mail.size} bytes) from {state.namaddr}")
        elif state.where == AFTER_BDAT:
            say(f"{state.reason} after BDAT ({mail.size + self.stream.partial + len(mail.bdat_rest)} bytes) from {state.namaddr}")
        elif state.where != END_OF_MESSAGE or state.reason != LOST:
            say(f"{state.reason} after {state.where} from {state.namaddr}")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.partition(b"\0")[0].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
