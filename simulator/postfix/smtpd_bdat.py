"""BDAT of smtpd(8): the message in chunks, without dots (RFC 3030).

After an error further chunks are read and thrown away, so that a client that pipelines does not get out of step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.cleanup_status import STAT_BARE_LF, STAT_OK
from simulator.postfix.lib import records
from simulator.postfix.lib.printable import printable
from simulator.postfix.smtpd_data import begin_message, end_message, store
from simulator.postfix.smtpd_state import AFTER_BDAT, END_OF_MESSAGE, Bdat
from simulator.postfix.smtpd_token import Token

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session

#: A chunk is read in parts of this size, in bytes.
_PART = 4096
_LARGEST = 2**63 - 1


async def bdat(session: Session, words: list[Token]) -> bool:
    """BDAT."""
    state = session.state
    if state.discards("CHUNKING"):
        return await session.fail("521 5.5.1 Error: command not implemented", "protocol")
    size = int(words[1].text) if len(words) in (2, 3) and _is_number(words[1].text) else -1
    last = len(words) == 3
    if not 0 <= size <= _LARGEST or (last and words[2].text.upper() != "LAST"):
        # What follows is a message, not commands: 521 ends the session.
        shown = printable(session.chat.line)[:100]
        session.smtpd.log.warning(f"{state.queue_name}: malformed BDAT command syntax from {state.namaddr}: {shown}")
        return await session.fail("521 5.5.4 Syntax: BDAT count [LAST]", "protocol")
    refused = await _refusal(session, size, last)
    if refused is not None:
        return await _skip(session, size, last, refused)
    if state.mail.bdat is Bdat.NONE:
        await begin_message(session)
    state.mail.bdat = Bdat.OK
    state.where = AFTER_BDAT
    await _receive(session, size, last)
    if last:
        state.where = END_OF_MESSAGE
        return await end_message(session)
    if state.mail.status != STAT_OK:
        await end_message(session)
        state.mail.bdat = Bdat.ERROR
        return False
    return await session.reply(f"250 2.0.0 Ok: {size} bytes")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 30


async def _refusal(session: Session, size: int, last: bool) -> str | None:
    """Why the chunk is not taken."""
    state, smtpd = session.state, session.smtpd
    if not size and not last:
        smtpd.log.warning(f"{state.queue_name}: null BDAT request from {state.namaddr}")
        return "551 5.7.1 Null BDAT request"
    if state.mail.bdat is Bdat.ERROR:
        return f"551 5.0.0 Discarded {size} bytes after earlier error"
    if state.mail.bdat is Bdat.NONE:
        if not state.recipients and not state.in_mail:
            state.error_mask.add("protocol")
            return "503 5.5.1 Error: need RCPT command"
        if not state.recipients:
            return "554 5.5.1 Error: no valid recipients"
        refused = None if state.stand_alone else await session.check.check_data()
        if refused is None and session.queue is not None:
            refused = await session.queue.begin_data("DATA")
        if refused:
            return refused
    limit = smtpd.settings.message_size_limit
    if limit and state.mail.size > limit - size:
        state.error_mask.add("policy")
        smtpd.log.warning(f"{state.queue_name}: BDAT request from {state.namaddr} exceeds message size limit")
        return "552 5.3.4 Chunk exceeds message size limit"
    return None


async def _skip(session: Session, size: int, last: bool, reply: str) -> bool:
    """Throw the chunk away."""
    while size > 0:
        size -= len(await session.stream.read(min(size, _PART)))
    await session.chat.reply(reply)
    if last:
        session.reset_mail()
    else:
        session.state.mail.bdat = Bdat.ERROR
    return False


async def _receive(session: Session, size: int, last: bool) -> None:
    """A chunk as lines; the beginning of a line may be left from the chunk before."""
    mail, limit = session.state.mail, session.smtpd.settings.line_limit
    left = size
    while True:
        part = await session.stream.read(min(left, _PART))
        left -= len(part)
        rest = mail.bdat_rest + part
        start = 0
        while (end := rest.find(b"\n", start)) >= 0:
            await _line(session, rest[start : end + 1])
            start = end + 1
        rest = rest[start:]
        while len(rest) > limit:
            await store(session, records.CONTINUED, rest[:limit])
            rest = rest[limit:]
        mail.bdat_rest = rest
        if not left:
            break
    if last and mail.bdat_rest:
        await store(session, records.LINE, mail.bdat_rest)
        mail.bdat_rest = b""


async def _line(session: Session, line: bytes) -> None:
    """A line with its end; a long one goes in pieces."""
    stream, smtpd, mail = session.stream, session.smtpd, session.state.mail
    bare = stream.detect_bare_lf and not line.endswith(b"\r\n")
    if bare and smtpd.settings.refuses_bare_lf:
        mail.status |= STAT_BARE_LF
    text = line[:-1].removesuffix(b"\r") if stream.detect_bare_lf else line[:-1].rstrip(b"\r")
    limit = smtpd.settings.line_limit
    while len(text) > limit:
        await store(session, records.CONTINUED, text[:limit])
        text = text[limit:]
    await store(session, records.LINE, text)
