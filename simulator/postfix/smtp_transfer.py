"""The mail transaction of smtp(8): MAIL FROM, RCPT TO for each recipient, DATA, the message, QUIT.

With PIPELINING (RFC 2920) commands go out together and their replies are read afterwards; so a DATA may be sent although no
recipient is accepted, and is then refused. When nothing remains to be sent, RSET and QUIT end the session.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.mail.dsn import xtext
from simulator.mail.quoting import quote_822_local
from simulator.postfix.lib.delivery import NOTIFY_DELAY, NOTIFY_FAILURE, NOTIFY_NEVER, NOTIFY_SUCCESS, RET_FULL, Recipient
from simulator.postfix.smtp_attempt import LOCAL, Attempt, own
from simulator.postfix.smtp_chat import Reply, StreamTrouble
from simulator.postfix.smtp_content import ContentError
from simulator.postfix.smtp_session import SmtpSession

if TYPE_CHECKING:
    from simulator.postfix.smtp import Smtp

#: How much is sent ahead of replies: VSTREAM_BUFSIZE.
PIPELINE_BYTES = 4096
#: The message is sent in pieces of this size, waiting in between as long as the server does not read.
CHUNK = 64 * 1024

#: stage -> parameter of its time limit, what a broken connection interrupts, what a refusal was in reply to
STAGES = {
    "xforward name": ("xforward_timeout", "sending XFORWARD name/address", "XFORWARD name/address command"),
    "xforward helo": ("xforward_timeout", "sending XFORWARD protocol/helo_name", "XFORWARD helo/protocol command"),
    "mail": ("mail_timeout", "sending MAIL FROM", "MAIL FROM command"),
    "rcpt": ("rcpt_timeout", "sending RCPT TO", "RCPT TO command"),
    "data": ("data_init_timeout", "sending DATA command", "DATA command"),
    "dot": ("data_done_timeout", "sending end of data -- message may be sent more than once", "end of DATA command"),
    "abort": ("rset_timeout", "sending final RSET", "final RSET command"),
    "rset": ("rset_timeout", "sending RSET probe", "RSET probe"),
    "quit": ("quit_timeout", "sending QUIT", "QUIT command"),
}  # fmt: skip
_NOTIFY = ((NOTIFY_NEVER, "NEVER"), (NOTIFY_SUCCESS, "SUCCESS"), (NOTIFY_FAILURE, "FAILURE"), (NOTIFY_DELAY, "DELAY"))


async def transfer(daemon: Smtp, attempt: Attempt) -> None:
    """Send the message to the recipients that are left."""
    session = attempt.session
    assert session is not None
    request = attempt.request
    if 0 < session.size_limit < request.data_size:
        text = f"message size {request.data_size} exceeds size limit {session.size_limit} of server {session.name}"
        attempt.message_fail(LOCAL, own("5.3.4"), text)
        attempt.complete = True
        return
    if await _Transaction(daemon, attempt, session).run() and session.alive:
        attempt.complete = True


async def quit_session(daemon: Smtp, attempt: Attempt) -> None:
    """Part in good order; what the server says to it does not matter."""
    session = attempt.session
    assert session is not None
    session.chat.say("QUIT")
    try:
        await session.chat.reply(daemon.settings.time("quit_timeout"))
    except StreamTrouble:
        return


async def probe(daemon: Smtp, session: SmtpSession) -> bool:
    """Is a cached connection still good? A lone RSET tells."""
    session.chat.say("RSET")
    try:
        return (await session.chat.reply(daemon.settings.time("rset_timeout"))).good
    except StreamTrouble:
        return False


class _Transaction:
    """One mail transaction."""

    def __init__(self, daemon: Smtp, attempt: Attempt, session: SmtpSession) -> None:
        self.daemon = daemon
        self.attempt = attempt
        self.session = session
        self.recipients = list(attempt.left)
        self.accepted: list[Recipient] = []
        self.sender_refused = False
        self.waiting: list[tuple[str, Recipient | None]] = []
        self.doing = ""

    async def run(self) -> bool:
        """True when the transaction came to its end, whatever that was."""
        try:
            return await self._run()
        except StreamTrouble as trouble:
            self.session.reuse_until = 0.0
            self.attempt.stream_fail(trouble, self.doing)
            return False

    async def _run(self) -> bool:
        session, attempt = self.session, self.attempt
        stamps = attempt.request.stamps
        stamps.reuse_count = session.reuse_count
        verify_at_data = self.daemon.verify_target == "data"
        probe_only = attempt.request.trace_only and not verify_at_data
        for stage, command, recipient in self._commands(probe_only):
            if stage == "mail":
                stamps.conn_setup_done = self.daemon.clock.now
            if not await self._send(stage, command, recipient):
                return await self._abort()
        data = await self._catch_up()
        if probe_only or data is None:
            return await self._abort()
        if data.code // 100 != 3:
            if self.accepted:
                attempt.message_fail(session.server.host, data, self._said(data, "data"))
            return await self._abort()
        if not self.accepted:
            return await self._empty_message()
        if attempt.request.trace_only:
            return self._verified(data)
        return await self._content()

    # Commands before the message

    def _commands(self, probe_only: bool) -> Iterator[tuple[str, str, Recipient | None]]:
        yield from self._xforward()
        yield "mail", self._mail_from(), None
        for recipient in self.recipients:
            yield "rcpt", self._rcpt_to(recipient), recipient
        if not probe_only:
            yield "data", "DATA", None

    async def _send(self, stage: str, command: str, recipient: Recipient | None) -> bool:
        """Say a command, waiting first where it has to be. False: the course has to change."""
        session = self.session
        full = session.stream.pending + len(command) + 2 > PIPELINE_BYTES
        if self.waiting and (full or "PIPELINING" not in session.features):
            await self._catch_up()
            if (stage == "rcpt" and self.sender_refused) or (stage == "data" and not self.accepted):
                return False
        session.chat.say(command)
        self.waiting.append((stage, recipient))
        return True

    async def _catch_up(self) -> Reply | None:
        """Read the replies to all that was said. Returns the reply to DATA."""
        data = None
        while self.waiting:
            stage, recipient = self.waiting.pop(0)
            timeout, self.doing, _ = STAGES[stage]
            reply = await self.session.chat.reply(self.daemon.settings.time(timeout))
            if stage == "mail":
                self._take_mail(reply)
            elif stage == "rcpt":
                assert recipient is not None
                self._take_rcpt(recipient, reply)
            elif stage == "data":
                data = reply
            elif not reply.good:
                self.daemon.log.warning(f"host {self.session.name_port} said: {reply.flat} (in reply to {STAGES[stage][2]})")
        return data

    def _said(self, reply: Reply, stage: str) -> str:
        return f"host {self.session.name} said: {reply.flat} (in reply to {STAGES[stage][2]})"

    def _take_mail(self, reply: Reply) -> None:
        if not reply.good:
            self.attempt.message_fail(self.session.server.host, reply, self._said(reply, "mail"))
            self.sender_refused = True

    def _take_rcpt(self, recipient: Recipient, reply: Reply) -> None:
        if self.sender_refused:
            return
        if not reply.good:
            self.attempt.recipient_fail(recipient, self.session.server.host, reply, self._said(reply, "rcpt"))
            return
        self.accepted.append(recipient)
        if self.attempt.request.trace_only and self.daemon.verify_target == "rcpt":
            self.attempt.done(recipient, reply)

    def _verified(self, data: Reply) -> bool:
        """An address probe that goes up to DATA: hang up, there is no other way out."""
        for recipient in self.accepted:
            if not self.attempt.is_marked(recipient):
                self.attempt.done(recipient, Reply(data.code, "2.0.0", data.text))
        self.session.reuse_until = 0.0
        return True

    async def _empty_message(self) -> bool:
        """DATA was accepted although no recipient was: nothing but a dot ends it (RFC 2920 3.1)."""
        self.session.chat.say(".")
        self.session.chat.say("QUIT")
        self.session.reuse_until = 0.0
        await self._ignore_reply("dot")
        return True

    # The message

    async def _content(self) -> bool:
        session, settings = self.session, self.daemon.settings
        self.doing = "sending message body"
        session.stream.timeout = settings.time("data_xfer_timeout")
        try:
            for chunk in self.daemon.content(self.attempt):
                session.stream.write(chunk)
                if session.stream.pending >= CHUNK:
                    await session.stream.drain()
        except ContentError as error:
            self.attempt.message_fail(LOCAL, own(error.dsn), error.text)
            session.stream.purge()
            session.forbidden = True
            return True
        except StreamTrouble as trouble:
            if trouble.kind != "eof":
                raise
            return await self._premature(trouble)
        self._freeze()
        session.chat.say(".")
        if not session.cached and "PIPELINING" in session.features:
            session.chat.say("QUIT")
            await self._end(quitting=True)
        else:
            await self._end(quitting=False)
        return True

    async def _premature(self, trouble: StreamTrouble) -> bool:
        """The server hung up in the middle of the message; perhaps it said why."""
        self.session.stream.purge()
        self.session.reuse_until = 0.0
        await self._take_end()
        return True

    def _freeze(self) -> None:
        """Whether the connection will be kept is decided before the last command is sent."""
        session = self.session
        if session.expired(self.daemon.clock.now, self.daemon.settings.int("connection_reuse_count_limit")):
            session.reuse_until = 0.0

    async def _end(self, quitting: bool) -> None:
        timeout, self.doing, _ = STAGES["dot"]
        self.session.stream.timeout = self.daemon.settings.time(timeout)
        await self._take_end()
        session = self.session
        if session.cached:
            return
        if not quitting:
            session.chat.say("QUIT")
        if not self.daemon.settings.bool("skip_quit_response"):
            await self._ignore_reply("quit")

    async def _take_end(self) -> None:
        """The reply to the message: one, or with LMTP one for each recipient that was accepted."""
        timeout = self.daemon.settings.time("data_done_timeout")
        if self.daemon.protocol == "lmtp":
            for recipient in self.accepted:
                reply = await self.session.chat.reply(timeout)
                self.attempt.request.stamps.deliver_done = self.daemon.clock.now
                if reply.good:
                    self.attempt.done(recipient, reply)
                else:
                    self.attempt.recipient_fail(recipient, self.session.server.host, reply, self._said(reply, "dot"))
            return
        reply = await self.session.chat.reply(timeout)
        self.attempt.request.stamps.deliver_done = self.daemon.clock.now
        if not reply.good:
            self.attempt.message_fail(self.session.server.host, reply, self._said(reply, "dot"))
            return
        for recipient in self.accepted:
            if not self.attempt.is_marked(recipient):
                self.attempt.done(recipient, reply)

    # Ends without a message

    async def _abort(self) -> bool:
        """RSET, and QUIT unless the connection is to be kept."""
        session = self.session
        self._freeze()
        session.chat.say("RSET")
        if session.cached:
            await self._ignore_reply("abort")
            return True
        session.chat.say("QUIT")
        await self._ignore_reply("abort")
        if not self.daemon.settings.bool("skip_quit_response"):
            await self._ignore_reply("quit")
        return True

    async def _ignore_reply(self, stage: str) -> None:
        timeout, _, _ = STAGES[stage]
        try:
            await self.session.chat.reply(self.daemon.settings.time(timeout))
        except StreamTrouble:
            self.session.reuse_until = 0.0

    # Texts of commands

    def _mail_from(self) -> str:
        request, features = self.attempt.request, self.session.features
        command = f"MAIL FROM:<{self.daemon.envelope_address(request.sender)}>"
        downgrade = self.daemon.downgrades(self.attempt)
        if "SIZE" in features and not downgrade:
            command += f" SIZE={request.data_size}"
        if "8BITMIME" in features and request.encoding in ("8bit", "7bit"):
            command += " BODY=8BITMIME" if request.encoding == "8bit" else " BODY=7BIT"
        if "DSN" in features:
            if request.dsn_envid:
                command += f" ENVID={xtext(request.dsn_envid)}"
            if request.dsn_ret:
                command += f" RET={'FULL' if request.dsn_ret == RET_FULL else 'HDRS'}"
        if "SMTPUTF8" in features and request.smtputf8 & 1:
            command += " SMTPUTF8"
        if self.daemon.settings.bool("sasl_auth_enable") and self.daemon.settings.bool("send_dummy_mail_auth") and "AUTH" in features:
            command += " AUTH=<>"
        return command

    def _rcpt_to(self, recipient: Recipient) -> str:
        command = f"RCPT TO:<{self.daemon.envelope_address(recipient.address)}>"
        if "DSN" not in self.session.features:
            return command
        original = recipient.dsn_orcpt
        if not original and recipient.orig_address:
            quoted = quote_822_local(recipient.orig_address)
            kind = "utf-8" if self.attempt.request.smtputf8 and not quoted.isascii() else "rfc822"
            original = f"{kind};{quoted}"
        if original:
            command += f" ORCPT={original if original.lower().startswith('utf-8;') else xtext(original, '+=')}"
        words = [word for bit, word in _NOTIFY if recipient.dsn_notify & bit]
        return command + (f" NOTIFY={','.join(words)}" if words else "")

    def _xforward(self) -> Iterator[tuple[str, str, None]]:
        """Tell a content filter where the mail came from."""
        if not self.daemon.settings.bool("send_xforward_command"):
            return
        request, features = self.attempt.request, self.session.features
        context = "LOCAL" if request.rewrite_context == "local" else "REMOTE"
        origin = (("NAME", request.client_name), ("ADDR", request.client_address), ("PORT", request.client_port))
        more = (("PROTO", request.protocol_name), ("HELO", request.helo_name), ("IDENT", request.log_ident), ("SOURCE", context))
        for stage, names in (("xforward name", origin), ("xforward helo", more)):
            unknown = ("", "unknown") if stage == "xforward name" else ("",)
            words = [f"{name}={xtext(value, '+')}" for name, value in names if f"XFORWARD {name}" in features and value.lower() not in unknown]
            if words:
                yield stage, "XFORWARD " + " ".join(words), None
