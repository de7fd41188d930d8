"""RCPT TO of smtpd(8), with the parameters of RFC 3461 (DSN)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.postfix.lib.name_mask import UnknownName, parse_names
from simulator.postfix.lib.xtext import xtext_unquote
from simulator.postfix.smtpd_address import BadAddress, BadOption, bare, extract_address
from simulator.postfix.smtpd_mail import DSN_DISABLED, MUST_DECLARE
from simulator.postfix.smtpd_queue import open_queue
from simulator.postfix.smtpd_state import Bdat
from simulator.postfix.smtpd_token import Token

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session

_NOTIFY = {"NEVER": 1, "SUCCESS": 2, "FAILURE": 4, "DELAY": 8}


@dataclass(slots=True)
class RcptOptions:
    """What RCPT TO said behind the address: NOTIFY bits, ORCPT as (type, address)."""

    notify: int = 0
    orcpt: tuple[str, str] | None = None


async def rcpt(session: Session, words: list[Token]) -> bool:
    """RCPT TO."""
    smtpd, state = session.smtpd, session.state
    if not state.in_mail:
        return await session.fail("503 5.5.1 Error: need MAIL command", "protocol")
    if state.mail.bdat is not Bdat.NONE:
        return await session.fail("503 5.5.1 Error: RCPT after BDAT", "protocol")
    if len(words) < 3 or words[1].text.lower() != "to:":
        return await session.fail("501 5.5.4 Syntax: RCPT TO:<address>", "protocol")
    refused = smtpd.limits.recipient(session)
    if refused:
        return await session.fail(refused, "policy")
    smtputf8 = state.mail.smtputf8
    try:
        if words[2].unclosed:
            raise BadAddress(words[2].text)
        recipient = await extract_address(session, words[2], empty_allowed=False, strict=smtpd.settings.strict_envelopes, smtputf8=smtputf8)
        options = _rcpt_options(session, words[3:])
    except BadAddress:
        return await session.fail("501 5.1.3 Bad recipient address syntax", "protocol")
    except BadOption as bad:
        return await session.fail(bad.reply, *filter(None, [bad.error_class]))
    if smtpd.settings.recipient_limit and state.recipients >= smtpd.settings.recipient_limit:
        return await _too_many(session)
    if smtpd.settings.strict_smtputf8 and not smtputf8 and not recipient.isascii():
        return await session.fail(MUST_DECLARE)
    return await _take_recipient(session, words[2], recipient, options)


async def _too_many(session: Session) -> bool:
    state = session.state
    await session.reply("452 4.5.3 Error: too many recipients")
    state.overshoot += 1
    if state.overshoot <= session.smtpd.settings.recipient_overshoot_limit:
        return True
    state.error_mask.add("policy")
    return False


async def _take_recipient(session: Session, word: Token, recipient: str, options: RcptOptions) -> bool:
    smtpd, state = session.smtpd, session.state
    if not state.stand_alone:
        own = await smtpd.probes.own_sender(recipient)
        recipient = own or recipient
        refused = None if own is not None else await session.check.check_rcpt(recipient)
        if refused:
            return await session.fail(refused)
    if session.queue is None and not await open_queue(session):
        return False
    kind, original = options.orcpt or ("rfc822", bare(word.text))
    queue = session.queue
    assert queue is not None
    refused = await queue.recipient(session.chat.line, recipient, options.notify, f"{kind};{original}")
    if refused:
        return await session.fail(refused)
    smtpd.trace("accepted", state.queue_id or "", client=state.peer.address, recipient=recipient)
    state.recipients += 1
    if state.recipient is None:
        state.recipient = recipient
    return await session.reply("250 2.1.5 Ok")


def _rcpt_options(session: Session, words: list[Token]) -> RcptOptions:
    """Raises BadOption."""
    options = RcptOptions()
    for word in words:
        name, _, value = word.text.partition("=")
        if name.upper() not in ("NOTIFY", "ORCPT") or "=" not in word.text:
            raise BadOption(f"555 5.5.4 Unsupported option: {word.text}")
        if session.state.discards("DSN"):
            raise BadOption(DSN_DISABLED)
        if name.upper() == "NOTIFY":
            _notify(session, options, value)
        else:
            _orcpt(options, value)
    return options


def _notify(session: Session, options: RcptOptions, value: str) -> None:
    try:
        names = parse_names("DSN NOTIFY command", _NOTIFY, value, any_case=True)
    except UnknownName as problem:
        session.smtpd.log.warning(str(problem))
        names = []
    bits = sum(_NOTIFY[name] for name in set(names))
    if options.notify or not bits or (bits & _NOTIFY["NEVER"] and bits != _NOTIFY["NEVER"]):
        raise BadOption("501 5.5.4 Error: Bad NOTIFY parameter syntax")
    options.notify = bits


def _orcpt(options: RcptOptions, value: str) -> None:
    kind, semicolon, coded = value.partition(";")
    address = xtext_unquote(coded)
    if options.orcpt is not None or not semicolon or not kind or address is None:
        raise BadOption("501 5.5.4 Error: Bad ORCPT parameter syntax")
    options.orcpt = (kind, address)
