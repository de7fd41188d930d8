"""The commands of smtpd(8): a table, and those that need few words (HELO, EHLO, RSET, NOOP, QUIT, VRFY, ETRN)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.postfix.daemon import ServiceUnavailable
from simulator.postfix.lib.hostname import valid_hostname
from simulator.postfix.lib.mailhost import is_address_literal
from simulator.postfix.lib.printable import neuter, printable
from simulator.postfix.smtpd_address import BadAddress, extract_address
from simulator.postfix.smtpd_bdat import bdat
from simulator.postfix.smtpd_data import data
from simulator.postfix.smtpd_ehlo import ehlo_lines
from simulator.postfix.smtpd_mail import mail
from simulator.postfix.smtpd_rcpt import rcpt
from simulator.postfix.smtpd_sasl import auth
from simulator.postfix.smtpd_tls import starttls
from simulator.postfix.smtpd_token import Token
from simulator.postfix.smtpd_xclient import xclient, xforward

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session

Action = Callable[["Session", list[Token]], Awaitable[bool]]

#: Flags: counts against smtpd_junk_command_limit; allowed before STARTTLS where TLS is required; the last of a pipelined group
#: (RFC 2920 3.1).
LIMITED, PRE_TLS, ENDS_PIPELINE = "limited", "pre-tls", "ends pipeline"
#: Characters that a name from the client cannot bring into log lines and headers.
NEUTERED = ' <>()\\";@'


@dataclass(frozen=True, slots=True)
class Command:
    """What to do, and what the session has to know of it."""

    action: Action
    flags: frozenset[str] = frozenset()


def joined(words: list[Token]) -> str:
    """Words put together again."""
    return " ".join(word.text for word in words)


async def _begin(session: Session, words: list[Token], protocol: str) -> bool:
    """What HELO and EHLO share. False: refused, and said so."""
    state = session.state
    name = joined(words[1:])
    if not state.stand_alone and not session.smtpd.settings.delay_reject:
        refused = await session.check.check_helo(name)
        if refused is not None:
            return await session.fail(refused)
    session.chat.reset(session.smtpd.settings.history_threshold)
    session.reset_mail()
    session.reset_recipients()
    state.helo_name = neuter(printable(name), NEUTERED)
    # Not back from ESMTP to SMTP: the check for early input relies on it.
    if protocol == "ESMTP" or state.protocol not in ("SMTP", "ESMTP"):
        state.protocol = protocol
    return True


async def _helo(session: Session, words: list[Token]) -> bool:
    if len(words) < 2:
        return await session.fail("501 Syntax: HELO hostname", "protocol")
    if not await _begin(session, words, "SMTP"):
        return False
    return await session.reply(f"250 {session.smtpd.settings.myhostname}")


async def _ehlo(session: Session, words: list[Token]) -> bool:
    if len(words) < 2:
        return await session.fail("501 Syntax: EHLO hostname", "protocol")
    if not await _begin(session, words, "ESMTP"):
        return False
    lines = ehlo_lines(session)
    for line in lines[:-1]:
        await session.reply(f"250-{line}")
    return await session.reply(f"250 {lines[-1]}")


async def _rset(session: Session, words: list[Token]) -> bool:
    if len(words) != 1:
        return await session.fail("501 5.5.4 Syntax: RSET", "protocol")
    session.chat.reset(session.smtpd.settings.history_threshold)
    session.reset_mail()
    session.reset_recipients()
    return await session.reply("250 2.0.0 Ok")


async def _noop(session: Session, words: list[Token]) -> bool:
    return await session.reply("250 2.0.0 Ok")


async def _quit(session: Session, words: list[Token]) -> bool:
    return await session.reply("221 2.0.0 Bye")


async def _vrfy(session: Session, words: list[Token]) -> bool:
    smtpd, state = session.smtpd, session.state
    if smtpd.settings.disable_vrfy:
        return await session.fail("502 5.5.1 VRFY command is disabled", "policy")
    offers_utf8 = smtpd.settings.smtputf8_enable and not state.discards("SMTPUTF8")
    smtputf8 = offers_utf8 and len(words) > 1 and words[-1].text.upper() == "SMTPUTF8"
    words = words[:-1] if smtputf8 else words
    if len(words) < 2:
        return await session.fail("501 5.5.4 Syntax: VRFY address" + (" [SMTPUTF8]" if smtpd.settings.smtputf8_enable else ""), "protocol")
    refused = smtpd.limits.recipient(session)
    if refused:
        return await session.fail(refused, "policy")
    shown = Token(joined(words[1:]))
    try:
        address = await extract_address(session, shown, empty_allowed=False, strict=False, smtputf8=smtputf8)
    except BadAddress:
        return await session.fail("501 5.1.3 Bad recipient address syntax", "protocol")
    if not state.stand_alone:
        saved, state.mail.smtputf8 = state.mail.smtputf8, state.mail.smtputf8 or smtputf8
        refused = await session.check.check_rcpt(address)
        state.mail.smtputf8 = saved
        if refused:
            return await session.fail(refused)
    return await session.reply(f"252 2.0.0 {shown.text}")


async def _etrn(session: Session, words: list[Token]) -> bool:
    smtpd, state = session.smtpd, session.state
    if smtpd.settings.helo_required and state.helo_name is None:
        return await session.fail("503 Error: send HELO/EHLO first", "policy")
    if state.in_mail:
        return await session.fail("503 Error: MAIL transaction in progress", "protocol")
    if len(words) != 2:
        return await session.fail("500 Syntax: ETRN domain", "protocol")
    domain = words[1].text[words[1].text[:1] in ("@", "#") :]
    if not valid_hostname(domain) and not is_address_literal(domain):
        return await session.fail("501 Error: invalid parameter syntax", "protocol")
    if state.stand_alone:
        smtpd.log.warning('do not use ETRN in "sendmail -bs" mode')
        return await session.fail("458 Unable to queue messages")
    refused = await session.check.check_etrn(domain)
    if refused is not None:
        return await session.fail(refused)
    return await _flush(session, domain)


async def _flush(session: Session, domain: str) -> bool:
    smtpd = session.smtpd
    try:
        status = smtpd.flush_site(domain)
    except ServiceUnavailable:
        smtpd.log.warning("unable to talk to fast flush service")
        return await session.fail("458 Unable to queue messages")
    if status == "ok":
        return await session.reply("250 Queuing started")
    if status == "deny":
        smtpd.log.warning(f"reject: ETRN {domain[:100]}... from {session.state.namaddr}")
        return await session.fail(f"459 <{domain}>: service unavailable")
    smtpd.log.warning(f"bad ETRN {domain[:100]}... from {session.state.namaddr}")
    return await session.fail("458 Unable to queue messages")


#: In the order of the statistics in the log.
COMMANDS: dict[str, Command] = {
    "HELO": Command(_helo, frozenset((LIMITED, PRE_TLS, ENDS_PIPELINE))),
    "EHLO": Command(_ehlo, frozenset((LIMITED, PRE_TLS, ENDS_PIPELINE))),
    "XCLIENT": Command(xclient, frozenset((PRE_TLS,))),
    "XFORWARD": Command(xforward),
    "STARTTLS": Command(starttls, frozenset((PRE_TLS,))),
    "AUTH": Command(auth),
    "MAIL": Command(mail),
    "RCPT": Command(rcpt),
    "DATA": Command(data, frozenset((ENDS_PIPELINE,))),
    "BDAT": Command(bdat),
    "RSET": Command(_rset, frozenset((LIMITED,))),
    "NOOP": Command(_noop, frozenset((LIMITED, PRE_TLS, ENDS_PIPELINE))),
    "VRFY": Command(_vrfy, frozenset((LIMITED, ENDS_PIPELINE))),
    "ETRN": Command(_etrn, frozenset((LIMITED,))),
    "QUIT": Command(_quit, frozenset((PRE_TLS,))),
}
