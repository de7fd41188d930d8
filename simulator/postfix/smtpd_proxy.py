"""A content filter before the queue: SMTPD_PROXY_README, postconf(5) smtpd_proxy_filter.

The message goes to another SMTP server as it comes in, and its answers go to the client. That server gives the mail back to a
further smtpd(8), which gives it a queue id; here it has none.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulator.postfix.cleanup_status import STAT_CONT, STAT_OK, STAT_PROXY, Outcome, status_detail
from simulator.postfix.lib import records
from simulator.postfix.lib.endpoint import open_endpoint
from simulator.postfix.lib.printable import printable
from simulator.postfix.lib.xtext import xtext_quote
from simulator.postfix.smtpd_state import UNKNOWN

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session
    from simulator.postfix.smtpd_state import SmtpdState

WANT_OK, WANT_MORE, WANT_ANY = "2", "3", ""
#: A command of XFORWARD is not longer than this: RFC 2821 4.5.3.1.
_LINE_LIMIT = 512
_MOST_LINES = 200


class FilterRefused(Exception):
    """The filter does not want it, or cannot be reached: the reply for the client."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class ProxyWriter:
    """One message on its way through the filter."""

    queue_id = ""

    def __init__(self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.smtpd = session.smtpd
        self.state = session.state
        self.name = self.smtpd.params["smtpd_proxy_filter"]
        self._reader = reader
        self._writer = writer
        self._broken = False
        self._continued = False

    @classmethod
    async def open(cls, session: Session, mail_command: str) -> ProxyWriter:
        """Connect, greet, say who the client is, begin the mail. Raises FilterRefused."""
        smtpd = session.smtpd
        name = smtpd.params["smtpd_proxy_filter"]
        address = name if name.startswith(("unix:", "inet:")) else f"inet:{name}"
        timeout = smtpd.params.time("smtpd_proxy_timeout")
        try:
            reader, writer = await open_endpoint(
                smtpd.host, address, cred=smtpd.cred, directory=smtpd.queue_directory, root=smtpd.root, timeout=timeout
            )
        except OSError as error:
            smtpd.log.warning(f"connect to proxy filter {name}: {error.strerror}")
            session.state.error_mask.add("software")
            raise FilterRefused(_failure()) from None
        filter_ = cls(session, reader, writer)
        try:
            await filter_._greet()
            await filter_.command(mail_command, WANT_OK)
        except FilterRefused:
            filter_.abort()
            raise
        return filter_

    async def _greet(self) -> None:
        """What goes wrong here is not the client's affair. Raises FilterRefused."""
        try:
            await self.command("", WANT_OK)
            offered = await self.command(f"EHLO {self.smtpd.params['smtpd_proxy_ehlo']}", WANT_OK)
            for line in self._forwarding(offered):
                await self.command(line, WANT_OK)
        except FilterRefused:
            raise FilterRefused(_failure()) from None

    def _forwarding(self, offered: str) -> list[str]:
        """XFORWARD commands with what the filter wants to know: XFORWARD_README."""
        words = next((line[4:].upper().split() for line in offered.split("\r\n") if line[4:].upper().startswith("XFORWARD")), [])
        peer, state = self.state.peer, self.state
        facts = {
            "NAME": peer.name,
            "ADDR": peer.rfc_address,
            "PORT": peer.port,
            "HELO": state.helo_name or UNKNOWN,
            "IDENT": UNKNOWN,
            "PROTO": state.protocol,
            "SOURCE": "LOCAL" if state.rewrite_context == "local" else "REMOTE",
        }
        lines, line = [], "XFORWARD"
        for name, value in facts.items():
            if name not in words:
                continue
            part = f" {name}={'[UNAVAILABLE]' if value == UNKNOWN else xtext_quote(value)}"
            if len(line) + len(part) > _LINE_LIMIT:
                lines.append(line)
                line = "XFORWARD"
            line += part
        return [*lines, line] if line != "XFORWARD" else lines

    # -- the dialogue ---------------------------------------------------------------------------------------------------

    async def command(self, line: str, wanted: str) -> str:
        """Say it (or nothing, for the greeting) and return the answer. Raises FilterRefused."""
        if self._broken:
            raise FilterRefused(self._lost(""))
        if line:
            self._writer.write(line.encode("utf-8", "surrogateescape") + b"\r\n")
        try:
            reply = await asyncio.wait_for(self._reply(), self.smtpd.params.time("smtpd_proxy_timeout"))
        except TimeoutError:
            raise FilterRefused(self._lost(f"timeout talking to proxy {self.name}")) from None
        if reply is None:
            raise FilterRefused(self._lost(f"lost connection with proxy {self.name}"))
        if wanted and not reply.startswith(wanted):
            self.smtpd.log.warning(f'proxy {self.name} rejected "{line or "connection request"}": "{reply}"')
            raise FilterRefused(self._lost("") if reply[:1] in (WANT_OK, WANT_MORE) else reply)
        return reply

    async def _reply(self) -> str | None:
        """All lines of an answer; None when the filter has hung up."""
        lines: list[str] = []
        for _ in range(_MOST_LINES):
            raw = await self._reader.readline()
            if not raw.endswith(b"\n"):
                return None
            line = printable(raw.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))
            lines.append(line)
            if line[:3].isdigit() and line[3:4] in ("", " "):
                return "\r\n".join(lines)
            if not (line[:3].isdigit() and line[3:4] == "-"):
                self.smtpd.log.warning(f"received garbage from proxy {self.name}: {line[:100]}")
        return None

    def _lost(self, warning: str) -> str:
        if warning:
            self.smtpd.log.warning(warning)
        self._broken = True
        self.state.error_mask.add("software")
        self.state.mail.status |= STAT_PROXY
        return _failure()

    # -- as QueueWriter -------------------------------------------------------------------------------------------------

    async def recipient(self, line: str, recipient: str, notify: int, orcpt: str) -> str | None:
        """RCPT TO, as the client said it. The reply of a filter that refuses it, else None."""
        return await self._refusal(line, WANT_OK)

    async def begin_data(self, line: str) -> str | None:
        """DATA."""
        return await self._refusal(line, WANT_MORE)

    async def _refusal(self, line: str, wanted: str) -> str | None:
        try:
            await self.command(line, wanted)
        except FilterRefused as refused:
            return refused.reply
        return None

    async def begin_message(self, state: SmtpdState) -> None:
        """The envelope is complete."""

    async def line(self, text: str) -> None:
        """A line of the message."""
        await self.content(records.LINE, text.encode("utf-8", "surrogateescape"))

    async def content(self, kind: str, data: bytes) -> None:
        """Part of the message, with the dots that SMTP wants."""
        if not self._continued and data.startswith(b"."):
            data = b"." + data
        self._continued = kind == records.CONTINUED
        self._writer.write(data if self._continued else data + b"\r\n")

    async def finish(self, state: SmtpdState) -> Outcome:
        """The end of the message: the filter's answer is the client's."""
        try:
            reply = await self.command(".", WANT_ANY)
        except FilterRefused as refused:
            reply = refused.reply
        if state.mail.status == STAT_OK and not reply.startswith("2"):
            state.mail.status = STAT_CONT
        self.abort()
        return Outcome(state.mail.status, "", reply)

    def abort(self) -> None:
        """Say goodbye without waiting for an answer."""
        if not self._broken:
            self._writer.write(b"QUIT\r\n")
        self._writer.close()


def _failure() -> str:
    detail = status_detail(STAT_PROXY)
    return f"{detail.smtp} {detail.dsn} Error: {detail.text}"
