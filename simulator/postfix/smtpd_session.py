"""One client of smtpd(8): the greeting, the loop that reads commands and carries them out, the end.

Lines go through smtpd_dispatch.py; commands are in the table of smtpd_commands.py. What a session is refused for is in smtpd_check.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.printable import escape
from simulator.postfix.smtpd_chat import Chat
from simulator.postfix.smtpd_check import SmtpdCheck
from simulator.postfix.smtpd_commands import COMMANDS
from simulator.postfix.smtpd_counts import CommandCounts
from simulator.postfix.smtpd_dispatch import obey
from simulator.postfix.smtpd_state import AFTER_BDAT, AFTER_DATA, END_OF_MESSAGE, SmtpdState
from simulator.postfix.smtpd_stream import ClientStream, ClientTimeout, ConnectionLost
from simulator.postfix.smtpd_tls import wrapped
from simulator.postfix.smtpd_trouble import HangUp, LocalTrouble, Quiet, Restart

if TYPE_CHECKING:
    from simulator.net.transport import StreamTransport
    from simulator.postfix.smtpd import Smtpd
    from simulator.postfix.smtpd_proxy import ProxyWriter
    from simulator.postfix.smtpd_queue import QueueWriter
    from simulator.postfix.smtpd_tls import TlsContext

#: What a session shows of input that came too early, in bytes.
_SHOWN = 100
TIMEOUT, LOST, TOO_MANY_ERRORS = "timeout", "lost connection", "too many errors"


class Session:
    """A conversation. `queue` is the message that is being received."""

    def __init__(self, smtpd: Smtpd, state: SmtpdState, stream: ClientStream) -> None:
        self.smtpd = smtpd
        self.state = state
        self.stream = stream
        self.chat = Chat(smtpd, state, stream)
        self.check = SmtpdCheck(smtpd, state, stream)
        self.queue: QueueWriter | ProxyWriter | None = None
        self.counts = CommandCounts()
        #: The connection, unless the session is a stand-alone one.
        self.connection: StreamTransport | None = None

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
        smtpd.log.info(f"disconnect from {state.namaddr}{self.counts.summary(COMMANDS)}")

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
        if not state.stand_alone and self.flag_pipelining() and smtpd.settings.forbid_unauth_pipelining:
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

    def flag_pipelining(self) -> bool:
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
            if not await obey(self):
                return

    def fault(self, stage: str, argument: str = "") -> str | None:
        """What a lab has set this server to answer at a stage. Raises Quiet: it is to hang up."""
        if self.connection is None:
            return None
        _, port = self.connection.get_extra_info("sockname")
        client = self.connection.get_extra_info("peer_host")
        text: str | None = self.smtpd.host.net.network.faults.reply(self.smtpd.host.name, port, stage, argument, client)
        if text == "":
            raise Quiet
        return text

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
