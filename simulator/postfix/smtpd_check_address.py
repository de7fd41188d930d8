"""Restrictions of smtpd(8) about sender and recipient: do domain and user exist, is the address complete, whose is it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.logical_lines import tokens
from simulator.postfix.lib.mailhost import ascii_domain, is_utf8_host_name
from simulator.postfix.lib.tables import Maps, TableError, mail_addr_find
from simulator.postfix.smtpd_access import by_mail_address, by_name, table_argument
from simulator.postfix.smtpd_check_helo import without_final_dot
from simulator.postfix.smtpd_decision import POLICY, RECIPIENT, SENDER, Arguments, Subject, Verdict
from simulator.postfix.smtpd_listed import check_listed

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck


# Existing domains


async def _unknown_domain(check: SmtpdCheck, address: str, kind: str) -> Verdict:
    other = check.state.recipient if kind == SENDER else check.state.mail.sender
    resolved = await check.smtpd.resolver.resolve(other, address)
    if resolved.failed:
        raise check.retry(address)
    _, at, domain = resolved.recipient.rpartition("@")
    if not at or resolved.is_final or (domain.startswith("[") and domain.endswith("]")):
        return Verdict.DUNNO
    return await _unknown_mailhost(check, ascii_domain(domain) or domain, address, kind)


async def _unknown_mailhost(check: SmtpdCheck, domain: str, address: str, kind: str) -> Verdict:
    status = await check.smtpd.dns.any_of(domain, ("MX", "A", "AAAA"), stop_nullmx=True)
    if status == "ok":
        return Verdict.DUNNO
    prefix = f"<{address}>: {kind} rejected: "
    if status == "nullmx":
        code, dsn = (550, "4.7.27") if kind == SENDER else (556, "4.1.10")
        return check.refuse(POLICY, code, dsn, f"{prefix}Domain {domain} does not accept mail (nullMX)")
    dsn = "4.1.8" if kind == SENDER else "4.1.2"
    if status == "again":
        postpone = check.smtpd.settings.tempfail["unknown_address_tempfail_action"]
        return check.doubt_permit(POLICY, 450, dsn, f"{prefix}Domain not found", postpone)
    return check.refuse(POLICY, check.smtpd.code("unknown_address_reject_code"), dsn, f"{prefix}Domain not found")


async def _reject_unknown_sender_domain(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    sender = check.state.mail.sender
    return await _unknown_domain(check, sender, SENDER) if sender else Verdict.DUNNO


async def _reject_unknown_recipient_domain(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    recipient = check.state.recipient
    return await _unknown_domain(check, recipient, RECIPIENT) if recipient is not None else Verdict.DUNNO


# Complete addresses


def _non_fqdn(check: SmtpdCheck, address: str, kind: str) -> Verdict:
    domain = address.rpartition("@")[2] if "@" in address else ""
    if domain.startswith("[") and domain.endswith("]"):
        return Verdict.DUNNO
    tested = without_final_dot(domain)
    if is_utf8_host_name(tested, check.state.mail.smtputf8) and "." in tested:
        return Verdict.DUNNO
    code = check.smtpd.code("non_fqdn_reject_code")
    return check.refuse(POLICY, code, "4.5.2", f"<{address}>: {kind} rejected: need fully-qualified address")


async def _reject_non_fqdn_sender(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    sender = check.state.mail.sender
    return _non_fqdn(check, sender, SENDER) if sender else Verdict.DUNNO


async def _reject_non_fqdn_recipient(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    recipient = check.state.recipient
    return _non_fqdn(check, recipient, RECIPIENT) if recipient is not None else Verdict.DUNNO


# Known users


async def _reject_unlisted_sender(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    sender = check.state.mail.sender
    if not sender or check.smtpd.settings.no_unknown_recipient_checks or check.sender_listed:
        return Verdict.DUNNO
    check.sender_listed = not check.warn_if_reject
    return await check_listed(check, check.state.recipient, sender, SENDER)


async def _reject_unlisted_recipient(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    recipient = check.state.recipient
    if not recipient or check.smtpd.settings.no_unknown_recipient_checks or check.recipient_listed:
        return Verdict.DUNNO
    check.recipient_listed = not check.warn_if_reject
    return await check_listed(check, check.state.mail.sender, recipient, RECIPIENT)


# Own addresses


async def _owners(check: SmtpdCheck, sender: str) -> str | None:
    """Who may use a sender address: postconf(5) smtpd_sender_login_maps."""
    maps: Maps = check.smtpd.lists.sender_login_maps
    resolved = await check.smtpd.resolver.resolve(check.state.recipient, sender)
    if resolved.failed:
        raise check.retry(sender)
    try:
        found = mail_addr_find(maps, resolved.recipient)
    except TableError:
        raise check.retry(sender) from None
    return None if found is None else found[0]


async def _not_owner(check: SmtpdCheck, sender: str, allow_unknown: bool) -> Verdict:
    user = check.state.sasl_username
    if not user:
        return Verdict.DUNNO
    owners = await _owners(check, sender)
    if owners is None and allow_unknown:
        return Verdict.DUNNO
    if any(owner.casefold() == user.casefold() for owner in tokens(owners or "")):
        return Verdict.DUNNO
    return check.refuse(POLICY, 553, "5.7.1", f"<{sender}>: Sender address rejected: not owned by user {user}")


async def _not_logged_in(check: SmtpdCheck, sender: str) -> Verdict:
    if check.state.sasl_username or await _owners(check, sender) is None:
        return Verdict.DUNNO
    return check.refuse(POLICY, 553, "5.7.1", f"<{sender}>: Sender address rejected: not logged in")


async def _login_mismatch(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    if not check.smtpd.login_offer.enabled:
        check.warn(f"restriction `{name}' ignored: no SASL support")
        return Verdict.DUNNO
    sender, which = check.state.mail.sender, name.lower()
    if not sender:
        return Verdict.DUNNO
    if which == "reject_authenticated_sender_login_mismatch":
        return await _not_owner(check, sender, allow_unknown=False)
    if which == "reject_unauthenticated_sender_login_mismatch" or not check.state.sasl_username:
        return await _not_logged_in(check, sender)
    return await _not_owner(check, sender, allow_unknown=True)


# Addresses that the next host takes


async def _unverified(check: SmtpdCheck, address: str, kind: str, which: str) -> Verdict:
    smtpd = check.smtpd
    status, why = await smtpd.probes.verify(address)
    dsn = "4.1.7" if kind == SENDER else "4.1.1"
    postpone = smtpd.settings.tempfail[f"unverified_{which}_tempfail_action"]
    prefix = f"<{address}>: {kind} rejected: "
    if status == "unavailable":
        check.warn(f"{smtpd.params['address_verify_service_name']} service failure")
        return check.doubt_permit(POLICY, 450, dsn, f"{prefix}address verification problem", postpone)
    code = {"todo": f"unverified_{which}_defer_code", "defer": f"unverified_{which}_defer_code", "bounce": f"unverified_{which}_reject_code"}
    number = smtpd.code(code[status]) if status in code else 0
    if number >= 400:
        why = smtpd.params[f"unverified_{which}_reject_reason"] or why
    if number // 100 == 4:
        return check.doubt_permit(POLICY, number, dsn, f"{prefix}unverified address: {why[:250]}", postpone)
    if number // 100 in (0, 2):
        return Verdict.DUNNO
    return check.refuse(POLICY, number, dsn, f"{prefix}undeliverable address: {why}")


async def _reject_unverified_sender(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    sender = check.state.mail.sender
    return await _unverified(check, sender, SENDER, "sender") if sender else Verdict.DUNNO


async def _reject_unverified_recipient(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    recipient = check.state.recipient
    return await _unverified(check, recipient, RECIPIENT, "recipient") if recipient else Verdict.DUNNO


# Tables


async def _check_sender_access(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    table = table_argument(check, name, arguments)
    sender = check.state.mail.sender
    if sender is None:
        return Verdict.DUNNO
    subject = Subject(sender, SENDER, about.default_check)
    if not sender:
        return await by_name(check, table, check.smtpd.params["smtpd_null_access_lookup_key"], subject)
    return await by_mail_address(check, table, sender, subject)


async def _check_recipient_access(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    table = table_argument(check, name, arguments)
    recipient = check.state.recipient
    if recipient is None:
        return Verdict.DUNNO
    return await by_mail_address(check, table, recipient, Subject(recipient, RECIPIENT, about.default_check))


ADDRESS_RESTRICTIONS = {
    "reject_unknown_sender_domain": _reject_unknown_sender_domain,
    "reject_unknown_address": _reject_unknown_sender_domain,
    "reject_unknown_recipient_domain": _reject_unknown_recipient_domain,
    "reject_non_fqdn_sender": _reject_non_fqdn_sender,
    "reject_non_fqdn_recipient": _reject_non_fqdn_recipient,
    "reject_unlisted_sender": _reject_unlisted_sender,
    "reject_unlisted_recipient": _reject_unlisted_recipient,
    "check_recipient_maps": _reject_unlisted_recipient,
    "reject_authenticated_sender_login_mismatch": _login_mismatch,
    "reject_known_sender_login_mismatch": _login_mismatch,
    "reject_unauthenticated_sender_login_mismatch": _login_mismatch,
    "reject_unverified_sender": _reject_unverified_sender,
    "reject_unverified_recipient": _reject_unverified_recipient,
    "check_sender_access": _check_sender_access,
    "check_recipient_access": _check_recipient_access,
}
