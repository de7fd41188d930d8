"""How smtpd(8) gives a message to the queue: to cleanup(8), or in stand-alone mode into maildrop, as postdrop(1) would.

The envelope goes first, with what is known of the client; then recipients, as they are accepted; then the message.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from simulator.postfix.cleanup_session import CleanupSession
from simulator.postfix.cleanup_status import (
    FLAG_AUTOUTF8,
    FLAG_DISCARD,
    FLAG_HOLD,
    FLAG_MASK_EXTERNAL,
    FLAG_SMTP_REPLY,
    FLAG_SMTPUTF8,
    STAT_OK,
    STAT_WRITE,
    Outcome,
    input_transparency,
)
from simulator.postfix.daemon import CONNECT_ATTEMPTS, CONNECT_PAUSE, ConnectionLost, ServiceUnavailable
from simulator.postfix.lib import log_lines, records
from simulator.postfix.lib.connect import connect
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.queue_file import NOTIFY_NEVER, text_record
from simulator.postfix.smtpd_proxy import FilterRefused, ProxyWriter

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd
    from simulator.postfix.smtpd_session import Session
    from simulator.postfix.smtpd_state import SmtpdState

#: AF_INET, AF_INET6.
_FAMILIES = {False: "2", True: "10"}


class Destination(Protocol):
    """Where the records of a message go."""

    queue_id: str

    async def send(self, kind: str, data: bytes) -> None: ...
    async def finish(self) -> Outcome: ...
    def abort(self) -> None: ...


class CleanupDestination:
    """A process of cleanup(8) that takes one message. While a service that it needs is missing, its client waits with it."""

    def __init__(self, session: CleanupSession) -> None:
        self.session = session
        self.queue_id = session.queue_id
        self._lost = False

    async def send(self, kind: str, data: bytes) -> None:
        """The next record."""
        attempt = 1
        while not self._lost:
            try:
                self.session.send(kind, data)
            except ServiceUnavailable as trouble:
                attempt = await self._wait(attempt, trouble)
            else:
                return

    async def finish(self) -> Outcome:
        """What becomes of the message."""
        attempt = 1
        while not self._lost:
            try:
                return self.session.finish()
            except ServiceUnavailable as trouble:
                attempt = await self._wait(attempt, trouble)
        return Outcome(STAT_WRITE, self.queue_id)

    async def _wait(self, attempt: int, trouble: ServiceUnavailable) -> int:
        cleanup = self.session.cleanup
        if isinstance(trouble, ConnectionLost):
            cleanup.log.warning(trouble.line)
        if trouble.reason:
            line = log_lines.connect_failed(attempt, trouble.path, trouble.reason)
            if attempt > CONNECT_ATTEMPTS:
                self._lost = True
                cleanup.spool.remove(self.session.queue, self.queue_id)
                cleanup.die(Fatal(line))
                return attempt
            cleanup.log.warning(line)
            attempt += 1
        await asyncio.sleep(CONNECT_PAUSE)
        return attempt

    def abort(self) -> None:
        """The client went away: nothing stays in the queue."""
        if not self._lost:
            self.session.abort()


class QueueWriter:
    """One message on its way."""

    def __init__(self, smtpd: Smtpd, destination: Destination) -> None:
        self.smtpd = smtpd
        self.destination = destination
        self.queue_id = destination.queue_id

    async def text(self, kind: str, text: str) -> None:
        """A record of text."""
        await self.destination.send(*text_record(kind, text))

    async def attribute(self, name: str, value: str) -> None:
        """A named attribute."""
        await self.text(records.ATTRIBUTE, f"{name}={value}")

    async def line(self, text: str) -> None:
        """A line of the message."""
        await self.text(records.LINE, text)

    async def content(self, kind: str, data: bytes) -> None:
        """Part of the message, as it came."""
        await self.destination.send(kind, data)

    async def recipient(self, line: str, recipient: str, notify: int, orcpt: str) -> str | None:
        """One recipient: DSN NOTIFY bits (0: not said), ORCPT. The reply of a content filter that refuses it, else None."""
        if notify:
            await self.attribute("notify_flags", str(notify))
        await self.attribute("dsn_orig_rcpt", orcpt)
        await self.text(records.RECIPIENT, recipient)
        return None

    async def begin_data(self, line: str) -> str | None:
        """Nothing stands against the message."""
        return None

    async def begin_message(self, state: SmtpdState) -> None:
        """The envelope is complete."""
        flags = saved_flags(state)
        if flags and not state.stand_alone:
            await self.text(records.FLAGS, str(flags))
        await self.text(records.MESSAGE, "")

    async def finish(self, state: SmtpdState) -> Outcome:
        """The message is complete: what access tables asked for, and the end."""
        mail = state.mail
        await self.text(records.EXTRACTED, "")
        if mail.filter:
            await self.text(records.FILTER, mail.filter)
        if mail.redirect:
            await self.text(records.REDIRECT, mail.redirect)
        for address in mail.bcc:
            await self.text(records.RECIPIENT, address)
            await self.attribute("notify_flags", str(NOTIFY_NEVER))
        flags = saved_flags(state)
        if flags:
            await self.text(records.FLAGS, str(flags))
        await self.text(records.END, "")
        return await self.destination.finish()

    def abort(self) -> None:
        """Nothing stays in the queue."""
        self.destination.abort()


def saved_flags(state: SmtpdState) -> int:
    """What HOLD and DISCARD of access tables mean to cleanup(8)."""
    return (FLAG_HOLD if state.mail.hold else STAT_OK) | (FLAG_DISCARD if state.mail.discard else STAT_OK)


def cleanup_flags(smtpd: Smtpd, state: SmtpdState) -> int:
    """How cleanup(8) is to treat the message: postconf(5) receive_override_options, smtputf8_autodetect_classes."""
    flags = (FLAG_MASK_EXTERNAL | FLAG_SMTP_REPLY) & ~input_transparency(smtpd.params["receive_override_options"])
    if state.mail.smtputf8:
        return flags | FLAG_SMTPUTF8
    return flags | (FLAG_AUTOUTF8 if smtpd.settings.autodetects_utf8 else 0)


async def open_queue(session: Session) -> bool:
    """The message gets a queue id. False: a content filter does not take it, and the client was told."""
    smtpd, state = session.smtpd, session.state
    if smtpd.params["smtpd_proxy_filter"] and not state.stand_alone:
        return await _open_filter(session)
    if state.stand_alone:
        destination: Destination = smtpd.maildrop()
    else:
        service = await connect(smtpd, smtpd.params["cleanup_service_name"])
        destination = CleanupDestination(service.open(cleanup_flags(smtpd, state)))
    queue = session.queue = QueueWriter(smtpd, destination)
    state.queue_id = queue.queue_id
    if not state.stand_alone:
        await _arrival(queue, state)
    await queue.text(records.FROM, state.mail.sender or "")
    if state.mail.encoding:
        await queue.attribute("encoding", state.mail.encoding)
    if not state.stand_alone:
        await _client(queue, state)
    if state.mail.verp_delimiters is not None:
        await queue.text(records.VERP, state.mail.verp_delimiters)
    _log_client(smtpd, state)
    return True


async def _open_filter(session: Session) -> bool:
    try:
        session.queue = await ProxyWriter.open(session, session.state.mail.command)
    except FilterRefused as refused:
        return await session.fail(refused.reply)
    _log_client(session.smtpd, session.state)
    return True


async def _arrival(queue: QueueWriter, state: SmtpdState) -> None:
    mail = state.mail
    seconds = int(mail.arrival)
    await queue.text(records.TIME, f"{seconds} {int((mail.arrival - seconds) * 1e6)}")
    content_filter = queue.smtpd.params["content_filter"]
    if content_filter:
        await queue.text(records.FILTER, content_filter)
    await queue.attribute("log_ident", state.xforward.ident or queue.queue_id)
    await queue.attribute("rewrite_context", state.xforward.domain or state.rewrite_context)
    said = {
        "sasl_method": state.sasl_method,
        "sasl_username": state.sasl_username,
        "sasl_sender": mail.sasl_sender,
        "envelope_id": mail.dsn_envid,
        "ret_flags": str(mail.dsn_ret) if mail.dsn_ret else None,
    }
    for name, value in said.items():
        if value is not None:
            await queue.attribute(name, value)


async def _client(queue: QueueWriter, state: SmtpdState) -> None:
    """First what log lines and XFORWARD show of the client (a filter's client is the original one), then the real client."""
    peer, forwarded = state.peer, state.xforward
    other = forwarded.has_client
    origin = forwarded.namaddr(queue.smtpd.settings.logs_port) if other else state.namaddr
    helo = forwarded.helo_name if other else state.helo_name
    facts = {
        "log_client_name": forwarded.name if other else peer.name,
        "log_client_address": forwarded.rfc_address if other else peer.rfc_address,
        "log_client_port": forwarded.port if other else peer.port,
        "log_message_origin": origin,
        "log_helo_name": helo,
        "log_protocol_name": forwarded.protocol if other else state.protocol,
        "client_name": peer.name,
        "reverse_client_name": peer.reverse_name,
        "client_address": peer.address,
        "client_port": peer.port,
        "server_address": peer.server_address,
        "server_port": peer.server_port,
        "helo_name": state.helo_name,
        "protocol_name": state.protocol,
        "client_address_type": _FAMILIES[":" in peer.address],
    }
    for name, value in facts.items():
        if value is not None:  # the greeting alone may be missing
            await queue.attribute(name, value)


def _log_client(smtpd: Smtpd, state: SmtpdState) -> None:
    """`QUEUEID: client=name[address], sasl_method=..., sasl_username=..., orig_client=...`."""
    facts = {
        "sasl_method": state.sasl_method,
        "sasl_username": state.sasl_username,
        "sasl_sender": state.mail.sasl_sender if smtpd.login_offer.enabled else None,
        "orig_queue_id": state.xforward.ident,
        "orig_client": state.xforward.namaddr(smtpd.settings.logs_port) if state.xforward.has_client else None,
    }
    more = "".join(f", {name}={value}" for name, value in facts.items() if value)
    smtpd.log.info(f"{state.queue_name}: client={state.namaddr}{more}")
    smtpd.trace("receiving", state.queue_id or "", client=state.peer.address, sender=state.mail.sender or "")
