"""Every restriction of smtpd(8) by its name: postconf(5) smtpd_client_restrictions and the lists that follow it.

A restriction looks at the session and says DUNNO (the next one decides), OK (permitted, end of the list) or REJECT. Here is
the table, and those that belong to no stage.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from simulator.postfix.smtpd_check_address import ADDRESS_RESTRICTIONS
from simulator.postfix.smtpd_check_client import CLIENT_RESTRICTIONS
from simulator.postfix.smtpd_check_dns import DNS_RESTRICTIONS
from simulator.postfix.smtpd_check_helo import HELO_RESTRICTIONS
from simulator.postfix.smtpd_check_relay import RELAY_RESTRICTIONS
from simulator.postfix.smtpd_decision import POLICY, PROTOCOL, Arguments, Decided, Subject, Verdict
from simulator.postfix.smtpd_policy import check_policy_service

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck

Restriction = Callable[["SmtpdCheck", str, Arguments, Subject], Awaitable[Verdict]]


def _ignored(check: SmtpdCheck, name: str, arguments: Arguments) -> None:
    following = arguments.peek()
    if following is not None:
        check.warn(f"restriction `{following}' after `{name}' is ignored")


async def _permit(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    verdict = check.permit(name, about.kind, about.name)
    _ignored(check, "permit", arguments)
    return verdict


async def _defer(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    verdict = check.refuse(POLICY, check.smtpd.code("defer_code"), "4.3.2", f"<{about.name}>: {about.kind} rejected: Try again later")
    if not check.warn_if_reject:
        _ignored(check, "defer", arguments)
    return verdict


async def _reject(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    verdict = check.refuse(POLICY, check.smtpd.code("reject_code"), "5.7.1", f"<{about.name}>: {about.kind} rejected: Access denied")
    if not check.warn_if_reject:
        _ignored(check, "reject", arguments)
    return verdict


async def _defer_if_permit(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    return check.doubt_permit(POLICY, 450, "4.7.0", f"<{about.name}>: {about.kind} rejected: defer_if_permit requested")


async def _defer_if_reject(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    return check.doubt_reject(POLICY, 450, "4.7.0", f"<{about.name}>: {about.kind} rejected: defer_if_reject requested")


async def _sleep(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    following = arguments.peek()
    if following is None or not (following.isascii() and following.isdigit()):
        check.warn("restriction sleep must be followed by number")
        raise check.server_error()
    arguments.take()
    await check.sleep(int(following))
    return Verdict.DUNNO


async def _reject_unauth_pipelining(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    if not check.state.ill_pipelining:
        return Verdict.DUNNO
    return check.refuse(PROTOCOL, 503, "5.5.0", f"<{about.name}>: {about.kind} rejected: Improper use of SMTP command pipelining")


async def _reject_multi_recipient_bounce(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    state = check.state
    if state.mail.sender != "" or state.recipients <= (state.where != "RCPT"):
        return Verdict.DUNNO
    code = check.smtpd.code("multi_recipient_bounce_reject_code")
    return check.refuse(POLICY, code, "5.5.3", f"<{about.name}>: {about.kind} rejected: Multi-recipient bounce")


def unknown_restriction(check: SmtpdCheck, name: str) -> Decided:
    """There is no such name."""
    check.warn(f'unknown smtpd restriction: "{name}"')
    return check.server_error()


RESTRICTIONS: dict[str, Restriction] = {
    "permit": _permit,
    "defer": _defer,
    "reject": _reject,
    "defer_if_permit": _defer_if_permit,
    "defer_if_reject": _defer_if_reject,
    "sleep": _sleep,
    "reject_unauth_pipelining": _reject_unauth_pipelining,
    "reject_multi_recipient_bounce": _reject_multi_recipient_bounce,
    "check_policy_service": check_policy_service,
    **CLIENT_RESTRICTIONS,
    **HELO_RESTRICTIONS,
    **ADDRESS_RESTRICTIONS,
    **RELAY_RESTRICTIONS,
    **DNS_RESTRICTIONS,
}
