"""The address in MAIL FROM, RCPT TO and VRFY: RFC 822 forms are understood unless strict_rfc821_envelopes wants <address>. And
what is wrong with a command's arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mail.address import ADDR, internalize, parse
from simulator.postfix.lib.printable import printable
from simulator.postfix.smtpd_token import Token

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session


class BadAddress(Exception):
    """It is none; the log says so."""


class BadOption(Exception):
    """A parameter is wrong: the reply, and the class of the error ("" for none)."""

    def __init__(self, reply: str, error_class: str = "protocol") -> None:
        super().__init__(reply)
        self.reply = reply
        self.error_class = error_class


def bare(word: str) -> str:
    """What stands between < and >, or the whole word."""
    return word[1:-1] if word.startswith("<") and word.endswith(">") and len(word) > 1 else word


async def extract_address(session: Session, word: Token, *, empty_allowed: bool, strict: bool, smtputf8: bool) -> str:
    """The address in internal form. Raises BadAddress."""
    text = bare(word.text)
    if text.startswith("@") and ":" in text:  # a source route: RFC 5321 C
        text = text.partition(":")[2]
    tree = parse(text)
    found = [token for token in tree if token.kind == ADDR]
    others = [token for token in tree if token.kind not in (ADDR, "<", ">")]
    if len(found) > 1 or (strict and (others or not word.text.startswith("<"))):
        raise _complain(session, word)
    address = internalize(found[-1].parts) if found else ""
    if (not address and not empty_allowed) or (strict and address.startswith("@")):
        raise _complain(session, word)
    if address and not session.state.stand_alone and not await _makes_sense(session, address, smtputf8):
        raise _complain(session, word)
    return address


async def _makes_sense(session: Session, address: str, smtputf8: bool) -> bool:
    """Can it be resolved, and is a domain that is not ASCII announced?"""
    state = session.state
    resolved = await session.smtpd.resolver.resolve(state.recipient if state.where == "MAIL" else state.mail.sender, address)
    if resolved.is_error:
        return False
    domain = resolved.recipient.rpartition("@")[2] if "@" in resolved.recipient else ""
    return smtputf8 or domain.isascii()


def _complain(session: Session, word: Token) -> BadAddress:
    state = session.state
    session.smtpd.log.warning(f"Illegal address syntax from {state.namaddr} in {state.where} command: {printable(word.text)}")
    return BadAddress(word.text)
