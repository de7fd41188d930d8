"""Restrictions of smtpd(8) about relaying: is this host meant to take mail for that destination?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.net.dns import Record
from simulator.postfix.lib.mailhost import ascii_domain
from simulator.postfix.lib.tables import TableError
from simulator.postfix.smtpd_decision import POLICY, RECIPIENT, Arguments, Subject, Verdict

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck


async def authorized(check: SmtpdCheck, recipient: str) -> Verdict:
    """OK when mail for the recipient ends here or goes to relay_domains. Raises Decided."""
    resolved = await check.smtpd.resolver.resolve(check.state.mail.sender, recipient)
    if resolved.failed:
        raise check.retry(recipient)
    if "@" not in resolved.recipient:
        return Verdict.OK
    if resolved.routed and not check.smtpd.settings.allow_untrusted_routing:
        return Verdict.DUNNO
    return Verdict.OK if resolved.is_final or resolved.address_class == "relay" else Verdict.DUNNO


async def _permit_auth_destination(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    recipient = check.state.recipient
    if recipient is None or await authorized(check, recipient) is not Verdict.OK:
        return Verdict.DUNNO
    return check.permit(name, RECIPIENT, recipient)


async def _refuse_relay(check: SmtpdCheck, code: int, dsn: str) -> Verdict:
    recipient = check.state.recipient
    if recipient is None or await authorized(check, recipient) is Verdict.OK:
        return Verdict.DUNNO
    return check.refuse(POLICY, code, dsn, f"<{recipient}>: Relay access denied")


async def _reject_unauth_destination(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    return await _refuse_relay(check, check.smtpd.code("relay_domains_reject_code"), "5.7.1")


async def _defer_unauth_destination(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    return await _refuse_relay(check, check.smtpd.code("relay_domains_reject_code") - 100, "4.7.1")


async def _check_relay_domains(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    recipient, smtpd = check.state.recipient, check.smtpd
    smtpd.warn_once(
        f'support for restriction "check_relay_domains" will be removed from {smtpd.params["mail_name"]}; use "reject_unauth_destination" instead'
    )
    verdict = Verdict.DUNNO
    if recipient is not None:
        if smtpd.lists.relay_domains.match(check.state.peer.name) or await authorized(check, recipient) is Verdict.OK:
            verdict = check.permit(name, RECIPIENT, recipient)
        else:
            code = smtpd.code("relay_domains_reject_code")
            verdict = check.refuse(POLICY, code, "5.7.1", f"<{recipient}>: {RECIPIENT} rejected: Relay access denied")
    following = arguments.peek()
    if following is not None and not check.warn_if_reject:
        check.warn(f"restriction `{following}' after `check_relay_domains' is ignored")
    return verdict


# Backup mail exchangers


async def _permit_mx_backup(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    recipient = check.state.recipient
    if recipient is None or not await _is_backup_for(check, recipient):
        return Verdict.DUNNO
    return check.permit(name, RECIPIENT, recipient)


async def _is_backup_for(check: SmtpdCheck, recipient: str) -> bool:
    """Is this host a mail exchanger of the recipient's domain, but not a primary one (or its final destination)?"""
    if await authorized(check, recipient) is Verdict.OK:
        return True
    resolved = await check.smtpd.resolver.resolve(check.state.mail.sender, recipient)
    domain = resolved.recipient.rpartition("@")[2]
    if resolved.routed and not check.smtpd.settings.allow_untrusted_routing:
        return False
    if domain.startswith("[") and domain.endswith("]"):
        return False
    answer = await check.smtpd.dns.lookup(ascii_domain(domain) or domain, "MX")
    if answer.status != "ok":
        if answer.status == "again":
            _unsure(check, recipient, f"Unable to look up mail exchanger information: {answer.error}")
        return False
    hosts = sorted(answer.records, key=lambda record: record.preference)
    primaries = [record for record in hosts if record.preference == hosts[0].preference]
    if await _lists_me(check, primaries, recipient) or not await _lists_me(check, hosts[len(primaries) :], recipient):
        return False
    return not check.smtpd.params["permit_mx_backup_networks"].strip() or await _all_in_networks(check, primaries, recipient)


def _unsure(check: SmtpdCheck, recipient: str, why: str) -> None:
    check.doubt_reject(POLICY, 450, "4.4.4", f"<{recipient}>: {RECIPIENT} rejected: {why}")


async def _lists_me(check: SmtpdCheck, hosts: Sequence[Record], recipient: str) -> bool:
    """By name, and then by address."""
    if any(check.smtpd.is_local_name(record.target) for record in hosts):
        return True
    for record in hosts:
        found = await check.smtpd.dns.addresses(record.target)
        if found.error:
            _unsure(check, recipient, f"Unable to look up mail exchanger host {record.target}: {found.error}")
        elif any(address in check.smtpd.own_addresses for address in found.addresses):
            return True
    return False


async def _all_in_networks(check: SmtpdCheck, hosts: Sequence[Record], recipient: str) -> bool:
    """postconf(5) permit_mx_backup_networks."""
    for record in hosts:
        answer = await check.smtpd.dns.lookup(record.target, "A")
        if answer.status != "ok":
            _unsure(check, recipient, f"Unable to look up host {record.target} as mail exchanger: {answer.error}")
            return False
        for address in answer.records:
            try:
                if not check.smtpd.lists.permit_mx_backup_networks.match(record.target, address.data):
                    return False
            except TableError:
                check.warn(f"all_auth_mx_addr: permit_mx_backup_networks lookup error for address {address.data} for {record.target}")
                _unsure(check, recipient, f"Unable to verify host {record.target} as mail exchanger")
                return False
    return True


RELAY_RESTRICTIONS = {
    "permit_auth_destination": _permit_auth_destination,
    "reject_unauth_destination": _reject_unauth_destination,
    "defer_unauth_destination": _defer_unauth_destination,
    "check_relay_domains": _check_relay_domains,
    "permit_mx_backup": _permit_mx_backup,
}
