"""STARTTLS and wrapped TLS in a session of smtpd(8): RFC 3207, TLS_README. What is offered stands in smtpd_tls_settings.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.net import certificates
from simulator.net.tls import HandshakeError, server_handshake, signature_of
from simulator.net.tls import Session as Negotiated
from simulator.postfix.smtp_tls import log_words, summary
from simulator.postfix.smtpd_stream import ConnectionLost
from simulator.postfix.smtpd_tls_settings import Engine
from simulator.postfix.smtpd_token import Token
from simulator.postfix.smtpd_trouble import Quiet

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session

_UNAVAILABLE = "454 4.7.0 TLS not available due to local problem"  # RFC 3207 4


@dataclass(frozen=True, slots=True)
class TlsContext:
    """An encrypted session, as restrictions, headers and policy services see it."""

    negotiated: Negotiated
    trusted: bool = False
    peer_name: str = ""
    issuer_name: str = ""
    certificate_fingerprint: str = ""
    key_fingerprint: str = ""
    client_signature: str = ""
    client_digest: str = ""

    @property
    def protocol(self) -> str:
        return self.negotiated.protocol

    @property
    def cipher(self) -> str:
        return self.negotiated.cipher

    @property
    def bits(self) -> int:
        return self.negotiated.bits

    @property
    def key_exchange(self) -> str:
        return self.negotiated.key_exchange

    @property
    def signature(self) -> str:
        return self.negotiated.signature

    @property
    def digest(self) -> str:
        return self.negotiated.digest

    @property
    def peer_certificate(self) -> str | None:
        """The client's certificate (PEM)."""
        return self.negotiated.peer_chain[0] if self.negotiated.peer_chain else None

    @property
    def word(self) -> str:
        """How much the log line trusts the client."""
        if self.peer_certificate is None:
            return "Anonymous"
        return "Trusted" if self.trusted else "Untrusted"


async def starttls(session: Session, words: list[Token]) -> bool:
    """STARTTLS. Raises ConnectionLost when the handshake fails: nobody knows what the client would understand then."""
    smtpd, state = session.smtpd, session.state
    if len(words) != 1:
        return await session.fail("501 5.5.4 Syntax: STARTTLS", "protocol")
    if session.tls is not None:
        return await session.fail("554 5.5.1 Error: TLS already active", "protocol")
    if state.stand_alone or not smtpd.tls.offered or state.discards("STARTTLS"):
        return await session.fail("502 5.5.1 Error: command not implemented", "protocol")
    if smtpd.tls.engine is None:
        return await session.fail(_UNAVAILABLE, "software")
    refused = smtpd.limits.check_handshakes(session)
    if refused:
        return await session.fail(refused, "policy")
    await session.chat.reply("220 2.0.0 Ready to start TLS")
    session.stream.flush()
    session.stream.purge()
    state.helo_name = None
    session.reset_mail()
    session.reset_recipients()
    await start_tls(session, smtpd.tls.engine)
    return True


async def wrapped(session: Session) -> bool:
    """TLS from the first byte on: postconf(5) smtpd_tls_wrappermode. False: the client was sent away."""
    smtpd = session.smtpd
    if smtpd.tls.engine is None:
        who = f"{session.state.namaddr} for service {session.state.service}"
        why = "TLS context initialization failed. For details see earlier warnings in your logs."
        smtpd.log.warning(f"Wrapper-mode request dropped from {who}. {why}")
        return False
    if smtpd.limits.check_handshakes(session):
        return False
    await start_tls(session, smtpd.tls.engine)
    return True


async def start_tls(session: Session, engine: Engine) -> None:
    """The handshake, the client's certificate, the log line. Raises ConnectionLost."""
    smtpd, state = session.smtpd, session.state
    assert session.connection is not None, "a stand-alone session has no TLS"
    try:
        if session.stream.ended:
            raise HandshakeError("lost connection", lost=True)
        negotiated = await server_handshake(session.connection, engine.service(), smtpd.params.time("smtpd_starttls_timeout"))
    except HandshakeError as error:
        _log_failure(session, error)
        smtpd.limits.count_handshake(session)
        raise ConnectionLost from None
    context = session.check.tls = _context(session, engine, negotiated)
    if "summary" in log_words(smtpd.params["smtpd_tls_loglevel"]):
        smtpd.log.info(_summary(context, state.namaddr))
    smtpd.trace("encrypted", client=state.peer.address, protocol=context.protocol, cipher=context.cipher)
    if not negotiated.resumed:
        await _limit(session)
    if smtpd.tls.require_certificate and not context.trusted:
        await _without_certificate(session, context)
        return
    await smtpd.login_offer.after_tls(session)


def _log_failure(session: Session, error: HandshakeError) -> None:
    say, where = session.smtpd.log, session.state.namaddr
    if error.library:
        say.info(f"SSL_accept error from {where}: -1")
        for line in error.library:
            say.warning(f"TLS library problem: {line}")
    else:
        say.info(f"SSL_accept error from {where}: {'Connection timed out' if error.timed_out else 'lost connection'}")


async def _limit(session: Session) -> None:
    """Raises Quiet."""
    refused = session.smtpd.limits.count_handshake(session)
    if refused:
        await session.fail(refused, "policy")
        session.stream.flush()
        raise Quiet


async def _without_certificate(session: Session, context: TlsContext) -> None:
    """postconf(5) smtpd_tls_req_ccert: politely, after the next command."""
    why = "No client certificate presented" if context.peer_certificate is None else "Client certificate not trusted"
    session.smtpd.log.info(f"NOQUEUE: abort: TLS from {session.state.namaddr}: {why}")
    if not session.smtpd.tls.wrapped:
        await session.chat.query()
    await session.fail(f"421 4.7.1 {session.smtpd.settings.myhostname} Error: {why}", "policy")


def _context(session: Session, engine: Engine, negotiated: Negotiated) -> TlsContext:
    if not negotiated.peer_chain:
        return TlsContext(negotiated)
    smtpd, pem = session.smtpd, negotiated.peer_chain[0]
    verdict = certificates.verify(negotiated.peer_chain, engine.anchors, smtpd.clock.now, client=True)
    if smtpd.tls.require_certificate and not verdict.good:
        _log_distrust(session, verdict)
    own = certificates.parse(pem)
    digest = smtpd.params["smtpd_tls_fingerprint_digest"]
    signature, hashed, _ = signature_of(pem) if negotiated.protocol == "TLSv1.3" else ("", "", "")
    return TlsContext(
        negotiated,
        verdict.good,
        certificates.common_name(own.subject),
        certificates.common_name(own.issuer),
        certificates.fingerprint(pem, digest),
        certificates.key_fingerprint(pem, digest),
        signature,
        hashed,
    )


def _log_distrust(session: Session, verdict: certificates.Verdict) -> None:
    """tls_log_verify_error(3)."""
    purpose = "CA" if verdict.depth else "client"
    where = f"certificate verification failed for {session.state.namaddr}"
    texts = {
        9: f"{purpose} {where}: certificate not yet valid",
        10: f"{purpose} {where}: certificate has expired",
        18: f"{where}: self-signed certificate",
        19: f"{where}: untrusted issuer {verdict.issuer}",
        20: f"{where}: untrusted issuer {verdict.issuer}",
        26: f"{where}: not designated for use as a {purpose} certificate",
    }
    session.smtpd.log.info(texts.get(verdict.number, f"{purpose} {where}: num={verdict.number}:{verdict.text}"))


def _summary(context: TlsContext, namaddr: str) -> str:
    used = "reused" if context.negotiated.resumed else "established"
    line = summary(context.negotiated, context.word, f"from {namaddr}", used)
    if context.client_signature:
        line += f" client-signature {context.client_signature}"
        if context.client_digest:
            line += f" client-digest {context.client_digest}"
    return line
