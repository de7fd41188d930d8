"""The answer to EHLO: which extensions are offered. postconf(5) smtpd_discard_ehlo_keywords and what else switches them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
    """The lines of the reply without their codes; what is discarded goes to the log."""
    smtpd, state = session.smtpd, session.state
    discard = state.ehlo_discard
    if discard and SILENT not in discard and "ENHANCEDSTATUSCODES" not in discard:
        smtpd.log.info(f"discarding EHLO keywords: {' '.join(_LOGGED.get(word, word) for word in KEYWORDS if word in discard)}")
    limit = smtpd.settings.message_size_limit
    login = state.sasl_mechanisms if state.sasl_mechanisms and not smtpd.lists.hides_login(state) else ""
    offers: list[tuple[str, str, bool]] = [
        ("PIPELINING", "PIPELINING", True),
        ("SIZE", f"SIZE {limit}" if limit else "SIZE", True),
        ("VRFY", "VRFY", not smtpd.settings.disable_vrfy),
        ("ETRN", "ETRN", True),
        ("STARTTLS", "STARTTLS", smtpd.tls.offered and session.tls is None and not state.stand_alone),
        ("AUTH", f"AUTH {login}", bool(login)),
        ("AUTH", f"AUTH={login}", bool(login) and smtpd.params.bool("broken_sasl_auth_clients")),
        ("VERP", "XVERP", smtpd.lists.may_verp(state)),
        ("XCLIENT", _XCLIENT, state.xclient_allowed),
        ("XFORWARD", _XFORWARD, state.xforward_allowed),
        ("ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES", True),
        ("8BITMIME", "8BITMIME", True),
        ("DSN", "DSN", True),
        ("SMTPUTF8", "SMTPUTF8", smtpd.settings.smtputf8_enable),
        ("CHUNKING", "CHUNKING", True),
    ]
    return [smtpd.settings.myhostname] + [line for keyword, line, offered in offers if offered and keyword not in discard]
