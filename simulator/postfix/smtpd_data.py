"""DATA of smtpd(8), and what both DATA and BDAT do at the end of a message: its last checks, the queue, the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.cleanup_status import (
    STAT_BAD,
    STAT_BARE_LF,
    STAT_CONT,
    STAT_DEFER,
    STAT_HOPS,
    STAT_OK,
    STAT_PROXY,
    STAT_SIZE,
    STAT_WRITE,
    Outcome,
    StatusDetail,
    status_detail,
)
from simulator.postfix.lib import records
from simulator.postfix.lib.printable import printable
from simulator.postfix.smtpd_received import header_lines
from simulator.postfix.smtpd_state import AFTER_DATA, END_OF_MESSAGE, Bdat
from simulator.postfix.smtpd_token import Token

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session

#: Each line counts with its CR LF.
_LINE_END = 2
#: What may have gone wrong, the worst first, and the class of error that it is to the postmaster.
_CLASSES = (
    (STAT_DEFER, "policy"), (STAT_BAD, "software"), (STAT_SIZE, "bounce"), (STAT_HOPS, "bounce"), (STAT_CONT, "policy"), (STAT_WRITE, "resource"),
)  # fmt: skip
#: Those that cleanup(8) may give a reason for.
_REASONED = STAT_DEFER | STAT_CONT


async def data(session: Session, words: list[Token]) -> bool:
    """DATA."""
    state = session.state
    if state.mail.bdat is not Bdat.NONE:
        return await session.fail("503 5.5.1 Error: DATA after BDAT", "protocol")
    if not state.recipients:
        if not state.in_mail:
            return await session.fail("503 5.5.1 Error: need RCPT command", "protocol")
        # A client that pipelines cannot know.
        return await session.fail("554 5.5.1 Error: no valid recipients")
    if len(words) != 1:
        return await session.fail("501 5.5.4 Syntax: DATA", "protocol")
    refused = None if state.stand_alone else await session.check.check_data()
    if refused is None and session.queue is not None:
        refused = await session.queue.begin_data(session.chat.line)
    if refused:
        return await session.fail(refused)
    await begin_message(session)
    await session.reply("354 End data with <CR><LF>.<CR><LF>")
    state.where = AFTER_DATA
    await _Receiver(session).receive()
    state.where = END_OF_MESSAGE
    return await end_message(session)


async def begin_message(session: Session) -> None:
    """The end of the envelope, and our own header lines."""
    queue = session.queue
    if queue is None:
        # After a refusal at the end of data the message is gone, its recipients are not.
        session.state.mail.status |= STAT_WRITE
        return
    await queue.begin_message(session.state)
    for line in header_lines(session):
        await queue.line(line)


async def store(session: Session, kind: str, line: bytes) -> None:
    """A line of the message, as long as all is well and the message is not too large."""
    mail = session.state.mail
    if mail.status != STAT_OK:
        return
    size, limit = len(line) + _LINE_END, session.smtpd.settings.message_size_limit
    if limit and limit - mail.size < size:
        mail.status = STAT_SIZE
        session.smtpd.log.warning(f"{session.state.queue_name}: queue file size limit exceeded")
        return
    mail.size += size
    if session.queue is not None:
        await session.queue.content(kind, line)


class _Receiver:
    """Reads the message of a DATA command, up to the line with a dot."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.first = True
        self.previous = ""
        self.previous_bare = False

    async def receive(self) -> None:
        """All lines. Raises ClientTimeout, ConnectionLost."""
        stream, smtpd = self.session.stream, self.session.smtpd
        while True:
            line, complete = await stream.get_line(smtpd.settings.line_limit)
            if stream.got_bare_lf and smtpd.settings.refuses_bare_lf:
                self.session.state.mail.status |= STAT_BARE_LF
            kind = records.LINE if complete else records.CONTINUED
            if await self._take(line, kind, stream.got_bare_lf):
                return
            self.previous, self.previous_bare = kind, stream.got_bare_lf

    async def _take(self, line: bytes, kind: str, bare: bool) -> bool:
        """True at the end of the message."""
        if self.first:
            if line.lstrip(b">").startswith(b"From "):  # a mailbox separator that some program sends
                await self._put(kind, b"X-Mailbox-Line: " + line)
                return False
            self.first = False
            if line[:1] in (b" ", b"\t"):  # it does not continue our Received: line
                await self._put(records.LINE, b"")
        if self.previous != records.CONTINUED and line.startswith(b"."):
            if line == b"." and (bare or self.previous_bare):  # CR LF . CR LF alone ends a message
                return False
            line = line[1:]
            if not line:
                return True
        await store(self.session, kind, line)
        return False

    async def _put(self, kind: str, line: bytes) -> None:
        """Not counted as the client's."""
        if self.session.queue is not None and self.session.state.mail.status == STAT_OK:
            await self.session.queue.content(kind, line)


async def end_message(session: Session) -> bool:
    """The last checks, the queue, the reply. After success all errors of the client are forgiven."""
    state = session.state
    if state.mail.status == STAT_OK and not state.stand_alone:
        refused = session.fault("end-of-data") or await session.check.check_eod()
        if refused:
            if session.queue is not None:
                session.queue.abort()
                session.queue = None
            return await session.fail(refused)
    outcome = await _finish(session)
    if outcome.status == STAT_OK:
        state.error_count = state.junk_commands = 0
        state.error_mask.clear()
        count = f": {state.mail.size} bytes" if state.mail.bdat is not Bdat.NONE else ":"
        await session.reply(f"250 2.0.0 Ok{count} queued as {state.queue_id}" if state.queue_id else outcome.reason)
    else:
        await _complain(session, outcome)
    if state.queue_id is None:  # a content filter has answered
        verdict = "accept" if outcome.status == STAT_OK else "reject"
        session.smtpd.log.info(f"proxy-{verdict}: {state.where}: {outcome.reason};{session.check.whatsup()}")
    session.chat.reset(session.smtpd.settings.history_threshold)
    session.reset_mail()
    session.reset_recipients()
    return outcome.status == STAT_OK


async def _finish(session: Session) -> Outcome:
    queue, mail = session.queue, session.state.mail
    session.queue = None
    if queue is None:
        return Outcome(mail.status or STAT_WRITE, "")
    if mail.status != STAT_OK:
        queue.abort()
        return Outcome(mail.status, queue.queue_id)
    return await queue.finish(session.state)


async def _complain(session: Session, outcome: Outcome) -> None:
    """Only the worst of several errors is told."""
    smtpd, status = session.smtpd, outcome.status
    if status & STAT_BARE_LF:
        session.check.log_whatsup("reject", "bare <LF> received")
        await session.fail(f"{smtpd.settings.bare_lf_code} 5.5.2 {smtpd.settings.myhostname} Error: bare <LF> received", "protocol")
        return
    if _is_reply(outcome.reason):
        await session.fail(outcome.reason, "software" if status & STAT_PROXY else "policy")
        return
    bit, error_class = next(((bit, name) for bit, name in _CLASSES if status & bit), (STAT_BAD, "software"))
    await session.fail(_reply(status_detail(bit), outcome), error_class)


def _reply(detail: StatusDetail, outcome: Outcome) -> str:
    if detail.status & _REASONED and outcome.reason:
        return f"{detail.smtp} {printable(outcome.reason, ' ')}"
    if detail.status == STAT_BAD:
        return f"{detail.smtp} {detail.dsn} Error: internal error {outcome.status}"
    return f"{detail.smtp} {detail.dsn} Error: {detail.text}"


def _is_reply(reason: str) -> bool:
    """Did cleanup(8) give the whole reply?"""
    return reason[:1] in ("4", "5") and reason[1:3].isdigit() and reason[3:4] in ("", " ", "-")
