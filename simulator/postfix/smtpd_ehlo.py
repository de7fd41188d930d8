"""The answer to EHLO: which extensions are offered. postconf(5) smtpd_discard_ehlo_keywords and what else switches them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.postfix.smtpd_trouble import LocalTrouble

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session

#: What smtpd_discard_ehlo_keywords may name, in the order in which the log lists it.
KEYWORDS = (
    "8BITMIME", "AUTH", "ETRN", "PIPELINING", "SIZE", "VERP", "VRFY", "XCLIENT", "XFORWARD", "STARTTLS", "ENHANCEDSTATUSCODES",
    "DSN", "SMTPUTF8", "CHUNKING",
)  # fmt: skip
SILENT = "SILENT-DISCARD"
_SPELLINGS = {"EHLO_MASK_SMTPUTF8": "SMTPUTF8"}
#: How the log spells it; a slip in Postfix's table.
_LOGGED = {"SMTPUTF8": "EHLO_MASK_SMTPUTF8"}
_XCLIENT = "XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT"
_XFORWARD = "XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT"


def parse_keywords(text: str) -> frozenset[str]:
    """The known keywords of a list; others are ignored."""
    words = {_SPELLINGS.get(word, word) for word in re.split(r"[ ,\t\r\n]+", text.upper())}
    return frozenset(words & {*KEYWORDS, SILENT})


def ehlo_lines(session: Session) -> list[str]:
    """The lines of the reply without their codes; what is discarded goes to the log. Raises LocalTrouble."""
    smtpd, state = session.smtpd, session.state
    discard = state.ehlo_discard
    if discard is None:
        smtpd.log.warning(f"don't know what EHLO features to announce to {state.namaddr}")
        raise LocalTrouble
    if discard and SILENT not in discard and "ENHANCEDSTATUSCODES" not in discard:
        smtpd.log.info(f"discarding EHLO keywords: {' '.join(_LOGGED.get(word, word) for word in KEYWORDS if word in discard)}")
    return [smtpd.settings.myhostname] + [line for keyword, line, offered in _offers(session) if offered and keyword not in discard]


def _offers(session: Session) -> Iterator[tuple[str, str, bool]]:
    """Keyword, line, and whether this client gets it. Raises LocalTrouble."""
    smtpd, state = session.smtpd, session.state
    limit = smtpd.settings.message_size_limit
    yield "PIPELINING", "PIPELINING", True
    yield "SIZE", f"SIZE {limit}" if limit else "SIZE", True
    yield "VRFY", "VRFY", not smtpd.settings.disable_vrfy
    yield "ETRN", "ETRN", True
    yield "STARTTLS", "STARTTLS", smtpd.tls.offered and session.tls is None and not state.stand_alone
    login = state.sasl_mechanisms
    if login and not state.discards("AUTH") and not _sure(session, "AUTH", smtpd.lists.hides_login(state)):
        yield "AUTH", f"AUTH {login}", True
        yield "AUTH", f"AUTH={login}", smtpd.params.bool("broken_sasl_auth_clients")
    yield "VERP", "XVERP", _sure(session, "XVERP", smtpd.lists.may_verp(state))
    yield "XCLIENT", _XCLIENT, _sure(session, "XCLIENT", state.xclient_allowed)
    yield "XFORWARD", _XFORWARD, _sure(session, "XFORWARD", state.xforward_allowed)
    yield "ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES", True
    yield "8BITMIME", "8BITMIME", True
    yield "DSN", "DSN", True
    yield "SMTPUTF8", "SMTPUTF8", smtpd.settings.smtputf8_enable
    yield "CHUNKING", "CHUNKING", True


def _sure(session: Session, feature: str, answer: bool | None) -> bool:
    """The answer, if the table gave one. Raises LocalTrouble."""
    if answer is None:
        session.smtpd.log.warning(f"don't know if EHLO feature {feature} should be announced to {session.state.namaddr}")
        raise LocalTrouble
    return answer
