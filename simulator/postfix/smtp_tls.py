"""STARTTLS in smtp(8): the handshake, the check of the server's certificate, the log line.

At level may a failed handshake defers the mail; once it is older than minimal_backoff_time the next attempt goes on in plain
text. From verify on the certificate must fit. CAfile is read at the process's start, CApath (in the chroot) when needed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from simulator.net import certificates
from simulator.net.tls import DEFAULT_VERSIONS, VERSIONS, HandshakeError, Offer, client_handshake, signature_of
from simulator.net.tls import Session as NetSession
from simulator.postfix.smtp_attempt import LOCAL, Attempt, own
from simulator.postfix.smtp_session import SmtpSession, TlsState
from simulator.postfix.smtp_tls_policy import LEVELS, Policy

if TYPE_CHECKING:
    from simulator.postfix.smtp import Smtp

LEVEL_MAY: Final = LEVELS["may"]
#: How long the arithmetic of a handshake takes, in seconds.
_HANDSHAKE_SECONDS = 0.011
#: postconf(5) smtp_tls_mandatory_ciphers.
_GRADES = ("export", "low", "medium", "high", "null")
_SUMMARY, _UNTRUSTED = "summary", "untrusted"
_LOG_LEVELS = {"0": (), "none": (), "1": (_SUMMARY,), "routine": (_SUMMARY,), "summary": (_SUMMARY,), "untrusted": (_UNTRUSTED,)}


def required(policy: Policy) -> bool:
    """Is plain text out of the question?"""
    return policy.rank > LEVEL_MAY


def must_match(level: str) -> bool:
    """Does the level ask for a certificate that fits?"""
    return LEVELS[level] > LEVELS["encrypt"]


def log_words(value: str) -> frozenset[str]:
    """postconf(5) smtp_tls_loglevel: what is to be logged."""
    found: set[str] = set()
    for word in re.split(r"[,\s]+", value):
        found.update(_LOG_LEVELS.get(word.lower(), (_SUMMARY,) if word.isdigit() else ()))
    return frozenset(found)


def protocol_versions(text: str) -> tuple[str, ...]:
    """postconf(5) smtp_tls_protocols: ">=TLSv1.2", "!SSLv2, !SSLv3", "TLSv1.2 TLSv1.3"."""
    low, high, excluded, included = 0, len(VERSIONS) - 1, set(), set()
    names = {name.lower(): place for place, name in enumerate(VERSIONS)}
    for word in filter(None, re.split(r"[,:\s]+", text.lower())):
        if word.startswith((">=", "<=")):
            place = names.get(word[2:], 0)
            low, high = (place, high) if word[0] == ">" else (low, place)
        elif word.startswith("!"):
            excluded.add(names.get(word[1:], -1))
        else:
            included.add(names.get(word, -1))
    chosen = [name for place, name in enumerate(VERSIONS) if low <= place <= high and place not in excluded and (not included or place in included)]
    explicit = included or low > 0
    return tuple(name for name in chosen if name in DEFAULT_VERSIONS or (explicit and name in ("TLSv1", "TLSv1.1")))


def valid_protocols(text: str) -> bool:
    """Are all words of a list of protocols known? tls_proto_mask_lims(3)."""
    words = filter(None, re.split(r"[,:\s]+", text))
    return all(re.fullmatch(r"(?:!|>=|<=)?(?:SSLv2|SSLv3|TLSv1|TLSv1\.[123]|0|0x[0-9a-f]+)?", word, re.I) for word in words)


def summary(state: NetSession, word: str, where: str, used: str = "established") -> str:
    """The log line of a negotiated session: tls_log_summary(3). `where`: "to host[address]:25", "from client[address]"."""
    line = f"{word} TLS connection {used} {where}: {state.protocol} with cipher {state.cipher} ({state.bits}/{state.bits} bits)"
    if state.key_exchange:
        line += f" key-exchange {state.key_exchange}"
    if state.signature:
        line += f" server-signature {state.signature}"
        if state.digest:
            line += f" server-digest {state.digest}"
    return line


async def start_tls(daemon: Smtp, attempt: Attempt, session: SmtpSession) -> bool:
    """Negotiate TLS now. False: this session is over, and `attempt` knows why."""
    policy = daemon.policy
    if not policy.connection_reuse:
        session.reuse_until = 0.0
    if not _sensible(daemon, session, policy):
        return _no_handshake(daemon, attempt, session)
    versions = protocol_versions(policy.protocols)
    key = f"{daemon.service_name}|{session.name_port}|{session.helo}|{policy.level}|{','.join(versions)}"
    chain = daemon.tls_files.own_chain if daemon.tls_files is not None else ()
    offer = Offer(versions=versions, sni=_server_name(policy, session), ticket=daemon.tls_tickets.get(key, ""), chain=chain)
    await asyncio.sleep(_HANDSHAKE_SECONDS)
    try:
        session.stream.flush()
        negotiated = await client_handshake(session.stream.transport, offer, daemon.settings.time("starttls_timeout"))
    except HandshakeError as error:
        return _failed(daemon, attempt, session, error)
    if negotiated.ticket and daemon.caches_tls:
        daemon.tls_tickets[key] = negotiated.ticket
    session.tls = _judge(daemon, session, policy, negotiated)
    words = log_words(daemon.settings["tls_loglevel"])
    if _SUMMARY in words:
        daemon.log.info(summary(negotiated, _word(session.tls), f"to {session.name_port}") + _own_signature(negotiated))
    if must_match(policy.level) and not session.tls.matched:
        attempt.site_fail(LOCAL, own("4.7.5"), "Server certificate not verified")
        return False
    return True


def _sensible(daemon: Smtp, session: SmtpSession, policy: Policy) -> bool:
    """Do protocols and cipher grade mean something? If not, the handshake is not even begun."""
    if not valid_protocols(policy.protocols):
        daemon.log.warning(f'{session.name_port}: Invalid TLS protocol list "{policy.protocols}": aborting TLS session')
        return False
    if policy.ciphers.lower() not in _GRADES:
        daemon.log.warning(f'{session.name_port}: invalid cipher grade: "{policy.ciphers}"')
        return False
    return True


def _own_signature(negotiated: NetSession) -> str:
    """For the log line: how this side signed, if the server asked for a certificate."""
    if negotiated.protocol != "TLSv1.3" or not negotiated.local_chain or negotiated.resumed:
        return ""
    signature, digest, _ = signature_of(negotiated.local_chain[0])
    return f" client-signature {signature}" + (f" client-digest {digest}" if digest else "")


def _word(state: TlsState) -> str:
    if not state.session.peer_chain:
        return "Anonymous"
    return "Verified" if state.matched else "Trusted" if state.trusted else "Untrusted"


def _server_name(policy: Policy, session: SmtpSession) -> str:
    return {"hostname": session.server.host, "nexthop": session.tls_nexthop}.get(policy.servername, policy.servername)


def _failed(daemon: Smtp, attempt: Attempt, session: SmtpSession, error: HandshakeError) -> bool:
    where = session.name_port
    if error.library:
        daemon.log.info(f"SSL_connect error to {where}: -1")
        for line in error.library:
            daemon.log.warning(f"TLS library problem: {line}")
    else:
        daemon.log.info(f"SSL_connect error to {where}: {'Connection timed out' if error.timed_out else 'lost connection'}")
    return _no_handshake(daemon, attempt, session)


def _no_handshake(daemon: Smtp, attempt: Attempt, session: SmtpSession) -> bool:
    session.forbidden = True
    if daemon.plaintext_after_starttls_failure(attempt):
        attempt.retry_as_plaintext()
    attempt.message_fail(LOCAL, own("4.7.5"), "Cannot start TLS: handshake failure", throttle=daemon.policy.level != "may")
    return False


def _judge(daemon: Smtp, session: SmtpSession, policy: Policy, negotiated: NetSession) -> TlsState:
    """What is the certificate worth? Trouble with it is logged where it matters."""
    state = TlsState(negotiated, policy.level)
    if not negotiated.peer_chain:
        return state
    if policy.level == "fingerprint":
        verdict = _by_fingerprint(daemon, policy, negotiated.peer_chain[0])
    else:
        names = _names(policy, session) if must_match(policy.level) else ()
        verdict = certificates.verify(negotiated.peer_chain, daemon.trust_anchors(policy, negotiated.peer_chain), daemon.clock.now, names)
    state.trusted = verdict.good
    state.matched = verdict.good and must_match(policy.level)
    if not state.matched and (must_match(policy.level) or _UNTRUSTED in log_words(daemon.settings["tls_loglevel"])):
        _log_verdict(daemon, session, verdict, negotiated.resumed)
    return state


def _names(policy: Policy, session: SmtpSession) -> Iterable[str]:
    """The names of which the certificate must have one: `nexthop`, `dot-nexthop`, `hostname`, or as they stand."""
    known = {"nexthop": session.tls_nexthop, "dot-nexthop": f".{session.tls_nexthop}", "hostname": session.server.host}
    return tuple(known.get(word.lower(), word) for word in policy.match)


def _by_fingerprint(daemon: Smtp, policy: Policy, pem: str) -> certificates.Verdict:
    algorithm = daemon.settings["tls_fingerprint_digest"]
    seen = {certificates.fingerprint(pem, algorithm), certificates.key_fingerprint(pem, algorithm)}
    return certificates.Verdict(0 if any(word.upper() in seen for word in policy.match) else 65)


def _log_verdict(daemon: Smtp, session: SmtpSession, verdict: certificates.Verdict, resumed: bool) -> None:
    """tls_log_verify_error(3)."""
    where, purpose = session.name_port, "CA" if verdict.depth else "server"
    if resumed:
        daemon.log.info(f"{where}: re-using session with untrusted certificate, look for details earlier in the log")
        return
    texts = {
        0: "",
        9: f"{purpose} certificate verification failed for {where}: certificate not yet valid",
        10: f"{purpose} certificate verification failed for {where}: certificate has expired",
        18: f"certificate verification failed for {where}: self-signed certificate",
        19: f"certificate verification failed for {where}: untrusted issuer {verdict.issuer}",
        20: f"certificate verification failed for {where}: untrusted issuer {verdict.issuer}",
        26: f"certificate verification failed for {where}: not designated for use as a {purpose} certificate",
    }
    text = texts.get(verdict.number, f"{purpose} certificate verification failed for {where}: num={verdict.number}:{verdict.text}")
    if text:
        daemon.log.info(text)
