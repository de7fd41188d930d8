"""Restrictions of smtpd(8) about the name in HELO or EHLO. A client that did not say one passes them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.hostname import valid_address, valid_hostname
from simulator.postfix.lib.mailhost import is_utf8_host_name, mailhost_address
from simulator.postfix.smtpd_access import by_domain, table_argument
from simulator.postfix.smtpd_decision import HELO, POLICY, Arguments, Subject, Verdict

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck

_NUMERIC = set("0123456789.:")


def without_final_dot(name: str) -> str:
    """`host.` is `host`; `host..` stays wrong."""
    return name[:-1] if len(name) > 1 and name.endswith(".") and not name.endswith("..") else name


def refuse_literal(check: SmtpdCheck, name: str) -> Verdict:
    """An address, bare or in brackets, must be one."""
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") and len(name) > 2 else name
    if mailhost_address(bare) is not None:
        return Verdict.DUNNO
    code = check.smtpd.code("invalid_hostname_reject_code")
    return check.refuse(POLICY, code, "5.5.2", f"<{name}>: {HELO} rejected: invalid ip address")


async def _reject_invalid(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    helo = check.state.helo_name
    if helo is None:
        return Verdict.DUNNO
    if helo.startswith("["):
        return refuse_literal(check, helo)
    tested = without_final_dot(helo)
    if valid_hostname(tested) or valid_address(tested):
        return Verdict.DUNNO
    code = check.smtpd.code("invalid_hostname_reject_code")
    return check.refuse(POLICY, code, "5.5.2", f"<{helo}>: {HELO} rejected: Invalid name")


async def _reject_non_fqdn(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    helo = check.state.helo_name
    if helo is None:
        return Verdict.DUNNO
    if helo.startswith("["):
        return refuse_literal(check, helo)
    tested = without_final_dot(helo)
    if is_utf8_host_name(tested, check.state.mail.smtputf8) and "." in tested:
        return Verdict.DUNNO
    code = check.smtpd.code("non_fqdn_reject_code")
    return check.refuse(POLICY, code, "5.5.2", f"<{helo}>: {HELO} rejected: need fully-qualified hostname")


async def _reject_unknown(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    helo = check.state.helo_name
    if helo is None:
        return Verdict.DUNNO
    if helo.startswith("["):
        return refuse_literal(check, helo)
    status = await check.smtpd.dns.any_of(helo, ("A", "AAAA", "MX"))
    if status in ("ok", "nullmx"):
        return Verdict.DUNNO
    text = f"<{helo}>: {HELO} rejected: Host not found"
    if status == "again":
        return check.doubt_permit(POLICY, 450, "4.7.1", text, check.smtpd.settings.tempfail["unknown_helo_hostname_tempfail_action"])
    return check.refuse(POLICY, check.smtpd.code("unknown_hostname_reject_code"), "4.7.1", text)


async def _permit_naked_ip_address(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    check.warn("restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead")
    helo = check.state.helo_name
    if helo is None or not set(helo) <= _NUMERIC:
        return Verdict.DUNNO
    return refuse_literal(check, helo) or check.permit(name, HELO, helo)


async def _check_helo_access(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    table = table_argument(check, name, arguments)
    helo = check.state.helo_name
    if helo is None:
        return Verdict.DUNNO
    return (await by_domain(check, table, helo, Subject(helo, HELO, about.default_check)))[0]


async def _check_etrn_access(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    table = table_argument(check, name, arguments)
    domain = check.state.etrn_name
    if domain is None:
        return Verdict.DUNNO
    return (await by_domain(check, table, domain, Subject(domain, "Etrn command", about.default_check)))[0]


HELO_RESTRICTIONS = {
    "reject_invalid_helo_hostname": _reject_invalid,
    "reject_invalid_hostname": _reject_invalid,
    "reject_non_fqdn_helo_hostname": _reject_non_fqdn,
    "reject_non_fqdn_hostname": _reject_non_fqdn,
    "reject_unknown_helo_hostname": _reject_unknown,
    "reject_unknown_hostname": _reject_unknown,
    "permit_naked_ip_address": _permit_naked_ip_address,
    "check_helo_access": _check_helo_access,
    "check_etrn_access": _check_etrn_access,
}
