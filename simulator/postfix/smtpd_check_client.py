"""Restrictions of smtpd(8) about the client: its name, its network, its certificate, its login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.postfix.lib.printable import printable
from simulator.postfix.lib.tables import TableError
from simulator.postfix.smtpd_access import by_client, by_name, table_argument
from simulator.postfix.smtpd_decision import CERTIFICATE, CLIENT, POLICY, REVERSE_CLIENT, SASL_USER, Arguments, Subject, Verdict
from simulator.postfix.smtpd_state import PeerStatus

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck


async def _reject_unknown_client_hostname(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    peer = check.state.peer
    if peer.name_status is PeerStatus.OK:
        return Verdict.DUNNO
    code = check.smtpd.code("unknown_client_reject_code") if peer.name_status >= PeerStatus.PERMANENT else 450
    return check.refuse(POLICY, code, "4.7.25", f"Client host rejected: cannot find your hostname, [{peer.address}]")


async def _reject_unknown_reverse_client_hostname(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    peer = check.state.peer
    if peer.reverse_status is PeerStatus.OK:
        return Verdict.DUNNO
    code = check.smtpd.code("unknown_client_reject_code") if peer.reverse_status is PeerStatus.PERMANENT else 450
    return check.refuse(POLICY, code, "4.7.1", f"Client host rejected: cannot find your reverse hostname, [{peer.address}]")


async def _reject_plaintext_session(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    if check.tls is not None:
        return Verdict.DUNNO
    return check.refuse(POLICY, check.smtpd.code("plaintext_reject_code"), "4.7.1", "Session encryption is required")


def is_own_address(check: SmtpdCheck) -> bool:
    """Does the client speak from one of this mail system's own addresses?"""
    return check.state.peer.address in check.smtpd.own_addresses


async def _permit_inet_interfaces(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    return check.permit(name, CLIENT, check.state.namaddr) if is_own_address(check) else Verdict.DUNNO


def in_mynetworks(check: SmtpdCheck) -> bool:
    """Is the client in mynetworks? Raises TableError."""
    return check.smtpd.lists.mynetworks.match(check.state.peer.name, check.state.peer.address)


async def _permit_mynetworks(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    try:
        if not in_mynetworks(check):
            return Verdict.DUNNO
    except TableError:
        raise check.retry(about.name) from None
    return check.permit(name, CLIENT, check.state.namaddr)


def is_logged_in(check: SmtpdCheck) -> bool:
    """Did the client log in, and not as anonymous?"""
    method = check.state.sasl_method
    return bool(method) and str(method).lower() != "anonymous"


async def _permit_sasl_authenticated(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    if check.state.sasl_mechanisms and is_logged_in(check):
        return check.permit(name, CLIENT, check.state.namaddr)
    return Verdict.DUNNO


def has_known_certificate(check: SmtpdCheck, all_trusted: bool) -> bool:
    """Is the client's certificate trusted, or listed in relay_clientcerts? Raises TableError."""
    tls, smtpd = check.tls, check.smtpd
    if tls is None:
        return False
    if all_trusted and tls.trusted:
        return True
    if tls.peer_certificate is None:
        if not smtpd.params.bool("smtpd_tls_ask_ccert"):
            what = "permit_tls_all_clientcerts" if all_trusted else "permit_tls_clientcerts"
            check.warn(f'{what} is requested, but "smtpd_tls_ask_ccert = no"')
        return False
    for fingerprint in (tls.certificate_fingerprint, tls.key_fingerprint):
        try:
            if smtpd.lists.relay_clientcerts.find(fingerprint) is not None:
                return True
        except TableError:
            check.warn(f"relay_clientcerts: lookup error for fingerprint '{tls.certificate_fingerprint}', pkey fingerprint {tls.key_fingerprint}")
            raise
    return False


async def _permit_certificate(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    try:
        known = has_known_certificate(check, name.lower() == "permit_tls_all_clientcerts")
    except TableError:
        raise check.retry(about.name) from None
    return check.permit(name, CLIENT, check.state.namaddr) if known else Verdict.DUNNO


# Tables


async def _check_client_access(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    peer = check.state.peer
    table = table_argument(check, name, arguments)
    return await by_client(check, table, peer.name, peer.address, Subject(check.state.namaddr, CLIENT, about.default_check))


async def _check_reverse_client_access(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    peer = check.state.peer
    table = table_argument(check, name, arguments)
    subject = Subject(peer.reverse_name, REVERSE_CLIENT, about.default_check)
    verdict = await by_client(check, table, peer.reverse_name, peer.address, subject)
    forbid_allowlist(check, name, verdict, peer.reverse_name)
    return verdict


async def _check_ccert_access(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    table = table_argument(check, name, arguments)
    tls: Any = check.tls
    if tls is None or tls.peer_certificate is None:
        if not check.smtpd.params.bool("smtpd_tls_ask_ccert"):
            check.warn('check_ccert_access is requested, but "smtpd_tls_ask_ccert = no"')
        return Verdict.DUNNO
    verdict = Verdict.DUNNO
    for fingerprint in (tls.certificate_fingerprint, tls.key_fingerprint):
        verdict = await by_name(check, table, fingerprint, Subject(tls.peer_name, CERTIFICATE, about.default_check))
        if verdict is not Verdict.DUNNO:
            break
    return verdict


async def _check_sasl_access(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    table = table_argument(check, name, arguments)
    if not check.smtpd.login_offer.enabled:
        check.warn(f"restriction `{name}' ignored: no SASL support")
        return Verdict.DUNNO
    user = check.state.sasl_username
    if not user:
        return Verdict.DUNNO
    return await by_name(check, table, user, Subject(printable(user, "_"), SASL_USER, about.default_check))


def forbid_allowlist(check: SmtpdCheck, name: str, verdict: Verdict, target: str) -> None:
    """A name that its owner chose in the DNS must not permit anything. Raises Decided."""
    if verdict is not Verdict.OK or check.state.mail.discard:
        return
    check.warn(f"restriction {name} returns OK for {target}")
    check.warn("this is not allowed for security reasons")
    check.warn("use DUNNO instead of OK if you want to make an exception")
    raise check.server_error()


CLIENT_RESTRICTIONS = {
    "reject_unknown_client_hostname": _reject_unknown_client_hostname,
    "reject_unknown_client": _reject_unknown_client_hostname,
    "reject_unknown_reverse_client_hostname": _reject_unknown_reverse_client_hostname,
    "reject_plaintext_session": _reject_plaintext_session,
    "permit_inet_interfaces": _permit_inet_interfaces,
    "permit_mynetworks": _permit_mynetworks,
    "permit_sasl_authenticated": _permit_sasl_authenticated,
    "permit_tls_clientcerts": _permit_certificate,
    "permit_tls_all_clientcerts": _permit_certificate,
    "check_client_access": _check_client_access,
    "check_reverse_client_hostname_access": _check_reverse_client_access,
    "check_ccert_access": _check_ccert_access,
    "check_sasl_access": _check_sasl_access,
}
