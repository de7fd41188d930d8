"""MAIL FROM of smtpd(8), with its parameters (RFC 1870 SIZE, RFC 6152 BODY, RFC 3461 RET and ENVID, RFC 6531 SMTPUTF8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.postfix.lib.printable import printable
from simulator.postfix.lib.verp import delimiters_ok
from simulator.postfix.lib.xtext import xtext_unquote
from simulator.postfix.smtpd_address import BadAddress, BadOption, extract_address
from simulator.postfix.smtpd_queue import open_queue
from simulator.postfix.smtpd_rewrite import choose_rewrite_context
from simulator.postfix.smtpd_state import Bdat
from simulator.postfix.smtpd_token import Token

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session

_LARGEST = 2**63 - 1
_RET = {"FULL": 1, "HDRS": 2}
DSN_DISABLED = "501 5.7.1 DSN support is disabled"
MUST_DECLARE = "553 5.6.7 Must declare SMTPUTF8 to send unicode address"


@dataclass(slots=True)
class MailOptions:
    """What MAIL FROM said behind the address."""

    encoding: str = ""
    smtputf8: bool = False
    dsn_ret: int = 0
    dsn_envid: str | None = None
    verp: str | None = None


async def mail(session: Session, words: list[Token]) -> bool:
    """MAIL FROM."""
    smtpd, state = session.smtpd, session.state
    if smtpd.settings.helo_required and state.helo_name is None:
        return await session.fail("503 5.5.1 Error: send HELO/EHLO first", "policy")
    if state.in_mail:
        return await session.fail("503 5.5.1 Error: nested MAIL command", "protocol")
    if state.mail.bdat is not Bdat.NONE:
        return await session.fail("503 5.5.1 Error: MAIL after BDAT", "protocol")
    if len(words) < 3 or words[1].text.lower() != "from:":
        return await session.fail("501 5.5.4 Syntax: MAIL FROM:<address>", "protocol")
    refused = smtpd.limits.mail(session)
    if refused:
        return await session.fail(refused, "policy")
    offers_utf8 = smtpd.settings.smtputf8_enable and not state.discards("SMTPUTF8")
    smtputf8 = offers_utf8 and any(word.text.upper() == "SMTPUTF8" for word in words[3:])
    state.mail.smtputf8 = smtputf8
    try:
        if words[2].unclosed:
            raise BadAddress(words[2].text)
        sender = await extract_address(session, words[2], empty_allowed=True, strict=smtpd.settings.strict_envelopes, smtputf8=smtputf8)
        options = _mail_options(session, words[3:], offers_utf8)
    except BadAddress:
        return await session.fail("501 5.1.7 Bad sender address syntax", "protocol")
    except BadOption as bad:
        return await session.fail(bad.reply, *filter(None, [bad.error_class]))
    options.smtputf8 = smtputf8
    return await _begin_mail(session, words, sender, options)


async def _begin_mail(session: Session, words: list[Token], sender: str, options: MailOptions) -> bool:
    """All the checks that come before `250 2.1.0 Ok`."""
    smtpd, state = session.smtpd, session.state
    saved, state.mail.sender = state.mail.sender, sender
    refused = session.check.check_size(state.mail.declared_size)
    state.mail.sender = saved
    if refused:
        return await session.fail(refused)
    if options.verp is not None and not sender:
        return await session.fail("503 5.5.4 Error: XVERP requires non-null sender")
    if not state.stand_alone:
        sender = await smtpd.probes.own_sender(sender) or sender
        refused = None if smtpd.settings.delay_reject else await session.check.check_mail(sender)
        refused = refused or choose_rewrite_context(session)
        if refused:
            session.reset_mail()
            return await session.fail(refused)
    if smtpd.settings.strict_smtputf8 and not options.smtputf8 and not sender.isascii():
        return await session.fail(MUST_DECLARE)
    refused = None if state.stand_alone else session.check.check_queue()
    if refused:
        session.reset_mail()
        return await session.fail(refused)
    _remember(session, sender, options)
    if not smtpd.settings.delay_open and not await open_queue(session):
        session.reset_mail()
        return False
    return await session.reply("250 2.1.0 Ok")


def _remember(session: Session, sender: str, options: MailOptions) -> None:
    smtpd, transaction = session.smtpd, session.state.mail
    transaction.sender, transaction.command = sender, session.chat.line
    transaction.encoding, transaction.smtputf8 = options.encoding, options.smtputf8
    transaction.dsn_ret, transaction.dsn_envid, transaction.verp_delimiters = options.dsn_ret, options.dsn_envid, options.verp
    transaction.arrival = smtpd.clock.now
    seconds, fraction = divmod(transaction.arrival, 1)
    transaction.instance = f"{smtpd.pid:x}.{int(seconds):x}.{int(fraction * 1e6):x}.{session.state.sequence:x}"
    session.state.sequence += 1


def _mail_options(session: Session, words: list[Token], offers_utf8: bool) -> MailOptions:
    """Raises BadOption."""
    options = MailOptions()
    for word in words:
        name, equals, value = word.text.partition("=")
        known = _MAIL_OPTIONS.get(name.upper() + equals)
        if word.text.upper() in ("BODY=8BITMIME", "BODY=7BIT"):
            options.encoding = "8bit" if word.text.upper().endswith("8BITMIME") else "7bit"
        elif word.text.upper() == "SMTPUTF8" and offers_utf8:
            continue
        elif name.upper() == "XVERP" and session.smtpd.lists.may_verp(session.state):
            options.verp = _verp(session, value if equals else None)
        elif known is not None:
            known(session, options, value)
        else:
            raise BadOption(f"555 5.5.4 Unsupported option: {word.text}")
    return options


def _size(session: Session, options: MailOptions, value: str) -> None:
    if not (value.isascii() and value.isdigit()):
        raise BadOption("501 5.5.4 Bad message size syntax")
    # A size that is refused still holds for the next MAIL FROM that names none, until something resets the transaction.
    mail = session.state.mail
    mail.declared_size = int(value[:30])
    if mail.declared_size > _LARGEST:
        mail.declared_size = -1
        raise BadOption("552 5.3.4 Message size exceeds file system imposed limit", "policy")


def _auth(session: Session, options: MailOptions, value: str) -> None:
    if session.state.mail.sasl_sender is not None:
        raise BadOption("503 5.5.4 Error: multiple AUTH= options")
    if value != "<>":
        session.state.mail.sasl_sender = printable(value)


def _ret(session: Session, options: MailOptions, value: str) -> None:
    if session.state.discards("DSN"):
        raise BadOption(DSN_DISABLED)
    if options.dsn_ret or value.upper() not in _RET:
        raise BadOption("501 5.5.4 Bad RET parameter syntax")
    options.dsn_ret = _RET[value.upper()]


def _envid(session: Session, options: MailOptions, value: str) -> None:
    if session.state.discards("DSN"):
        raise BadOption(DSN_DISABLED)
    decoded = xtext_unquote(value)
    if options.dsn_envid is not None or decoded is None or not all(" " <= char <= "~" for char in decoded) or not decoded:
        raise BadOption("501 5.5.4 Bad ENVID parameter syntax")
    options.dsn_envid = decoded


def _verp(session: Session, value: str | None) -> str:
    params = session.smtpd.params
    if value is None:
        return params["default_verp_delimiters"]
    if not delimiters_ok(value, params["verp_delimiter_filter"]):
        raise BadOption(f"501 5.5.4 Error: XVERP needs two characters from {params['verp_delimiter_filter']}")
    return value


_MAIL_OPTIONS: dict[str, Callable[[Session, MailOptions, str], None]] = {
    "SIZE=": _size,
    "AUTH=": _auth,
    "RET=": _ret,
    "ENVID=": _envid,
}
