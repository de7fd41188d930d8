"""The header lines that smtpd(8) puts before a message: PREPEND of access tables, and Received: (RFC 5321 4.4, RFC 3848, RFC 6531)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mail.address import quote_822_local
from simulator.mail.date import mail_date

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session
    from simulator.postfix.smtpd_tls import TlsContext


def header_lines(session: Session) -> list[str]:
    """All lines, folded as they go into the message."""
    state = session.state
    peer = state.peer
    if state.queue_id is None and state.xforward.said:  # between two filters nobody needs to know of us
        return list(state.mail.prepend)
    lines = [*state.mail.prepend, f"Received: from {state.helo_name or peer.name} ({peer.name} [{peer.rfc_address}])"]
    if session.tls is not None and session.smtpd.params.bool("smtpd_tls_received_header"):
        lines += _encryption(session, session.tls)
    if state.sasl_username and session.smtpd.params.bool("smtpd_sasl_authenticated_header"):
        lines.append(f"\t(Authenticated sender: {_comment(state.sasl_username)})")
    return lines + _origin(session)


def _origin(session: Session) -> list[str]:
    state, smtpd = session.state, session.smtpd
    protocol = "UTF8SMTP" if state.mail.smtputf8 else state.protocol
    if state.protocol == "ESMTP":
        protocol += ("S" if session.tls is not None else "") + ("A" if state.sasl_username else "")
    date = mail_date(state.mail.arrival)
    by = f"\tby {smtpd.settings.myhostname} ({smtpd.params['mail_name']}) with {protocol}"
    if state.queue_id is not None:
        by += f" id {state.queue_id}"
    if state.recipients == 1 and state.recipient:
        return [by, f"\tfor <{quote_822_local(state.recipient)}>; {date}"]
    return [by + ";", f"\t{date}"]


def _encryption(session: Session, tls: TlsContext) -> list[str]:
    lines = [f"\t(using {tls.protocol} with cipher {tls.cipher} ({tls.bits}/{tls.bits} bits)"]
    more = []
    if tls.key_exchange:
        more.append(f" key-exchange {tls.key_exchange}")
    if tls.signature:
        more.append(f" server-signature {tls.signature}" + (f" server-digest {tls.digest}" if tls.digest else ""))
    if more:
        lines.append("\t" + "".join(more))
    if tls.client_signature:
        lines.append(f"\t client-signature {tls.client_signature}" + (f" client-digest {tls.client_digest}" if tls.client_digest else ""))
    lines[-1] += ")"
    if tls.peer_certificate is not None:
        verified = "verified OK" if tls.trusted else "not verified"
        lines.append(f'\t(Client CN "{_comment(tls.peer_name)}", Issuer "{_comment(tls.issuer_name)}" ({verified}))')
    elif session.smtpd.params.bool("smtpd_tls_ask_ccert"):
        lines.append("\t(Client did not present a certificate)")
    else:
        lines.append("\t(No client certificate requested)")
    return lines


def _comment(text: str) -> str:
    """Fit for a comment in a header: no control characters, parentheses in pairs (RFC 5322 3.2.2)."""
    depth, result = 0, ""
    for char in text:
        if not char.isprintable() or not char.isascii() or char == "\\":
            char = "?"
        if char == "(":
            depth += 1
        elif char == ")":
            if not depth:
                char = "?"
            else:
                depth -= 1
        result += char
    return result + ")" * depth
