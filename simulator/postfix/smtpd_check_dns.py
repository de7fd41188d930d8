"""Restrictions of smtpd(8) that ask the DNS: DNS blocklists and allowlists, and tables of mail exchangers, name servers and
addresses of a domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.postfix.lib.hostname import valid_address
from simulator.postfix.lib.mailhost import ascii_domain, mailhost_address
from simulator.postfix.smtpd_access import by_address, by_domain, table_argument
from simulator.postfix.smtpd_check_client import forbid_allowlist
from simulator.postfix.smtpd_check_relay import authorized
from simulator.postfix.smtpd_decision import CLIENT, HELO, POLICY, RECIPIENT, REVERSE_CLIENT, SENDER, Arguments, Subject, Verdict
from simulator.postfix.smtpd_dnsbl import listed_address, listed_domain, reject_listed
from simulator.postfix.smtpd_state import UNKNOWN

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck
    from simulator.postfix.smtpd_state import SmtpdState

#: The name that a restriction looks at, its kind, and the name in replies. None: there is none to look at.
Name = Callable[["SmtpdState"], "tuple[str | None, str, str]"]


def _known(name: str) -> str | None:
    return name if name.lower() != UNKNOWN else None


_NAMES: dict[str, Name] = {
    "client": lambda state: (_known(state.peer.name), CLIENT, state.namaddr),
    "reverse_client_hostname": lambda state: (_known(state.peer.reverse_name), REVERSE_CLIENT, state.peer.reverse_name),
    "reverse_client": lambda state: (_known(state.peer.reverse_name), REVERSE_CLIENT, state.peer.reverse_name),
    "helo": lambda state: (state.helo_name, HELO, state.helo_name or ""),
    "sender": lambda state: (state.mail.sender or None, SENDER, state.mail.sender or ""),
    "recipient": lambda state: (state.recipient, RECIPIENT, state.recipient or ""),
}


# Blocklists and allowlists


def _list_domain(check: SmtpdCheck, name: str, arguments: Arguments) -> str | None:
    domain = arguments.take()
    if domain is None:
        check.warn(f"restriction {name} requires domain name argument")
    return domain


async def _reject_rbl_client(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    domain = _list_domain(check, name, arguments)
    if domain is None:
        return Verdict.DUNNO
    return await _reject_address(check, domain)


async def _reject_address(check: SmtpdCheck, domain: str) -> Verdict:
    address = check.state.peer.address
    found = await listed_address(check, domain, address)
    return reject_listed(check, found, domain, address, CLIENT) if found and found.listed else Verdict.DUNNO


async def _reject_maps_rbl(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    smtpd = check.smtpd
    smtpd.warn_once(
        f'support for restriction "reject_maps_rbl" will be removed from {smtpd.params["mail_name"]}; use "reject_rbl_client domain-name" instead'
    )
    for domain in smtpd.params["maps_rbl_domains"].replace(",", " ").split():
        verdict = await _reject_address(check, domain)
        if verdict is not Verdict.DUNNO:
            return verdict
    return Verdict.DUNNO


async def _reject_rhsbl(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    domain = _list_domain(check, name, arguments)
    what, kind, _ = _NAMES[name.lower().removeprefix("reject_rhsbl_")](check.state)
    if domain is None or what is None:
        return Verdict.DUNNO
    found = await listed_domain(check, domain, what)
    return reject_listed(check, found, domain, what, kind) if found and found.listed else Verdict.DUNNO


async def _permit_dnswl(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    """permit_dnswl_client by address, permit_rhswl_client by name; never for a recipient that may not be relayed to."""
    domain = _list_domain(check, name, arguments)
    state = check.state
    by_client_name = name.lower() == "permit_rhswl_client"
    what = _known(state.peer.name) if by_client_name else state.peer.address
    if domain is None or what is None:
        return Verdict.DUNNO
    if state.where == "RCPT" and state.recipient is not None and await authorized(check, state.recipient) is not Verdict.OK:
        return Verdict.DUNNO
    found = await (listed_domain if by_client_name else listed_address)(check, domain, what)
    if found is None:
        return Verdict.DUNNO
    if not found.listed:
        return check.doubt_reject(POLICY, 450, "4.7.1", f"<{what}>: {CLIENT} rejected: Service unavailable")
    return check.permit(name, CLIENT, state.namaddr)


# Tables of servers


async def _check_servers(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    """check_NAME_mx_access, check_NAME_ns_access, check_NAME_a_access."""
    table = table_argument(check, name, arguments)
    which, _, kind_of_server = name.lower().removeprefix("check_").removesuffix("_access").rpartition("_")
    target, kind, shown = _NAMES[which](check.state)
    if not target:
        return Verdict.DUNNO
    verdict = await _by_server(check, table, target, kind_of_server.upper(), Subject(shown, kind, about.default_check))
    forbid_allowlist(check, name, verdict, target)
    return verdict


async def _by_server(check: SmtpdCheck, table: str, name: str, kind: str, about: Subject) -> Verdict:
    domain = name.rpartition("@")[2]
    if domain.startswith("["):
        address = mailhost_address(domain[1:-1]) if domain.endswith("]") and kind != "NS" else None
        return (await by_address(check, table, address, about))[0] if address else Verdict.DUNNO
    domain = ascii_domain(domain) or domain
    for server in await _servers(check, domain, kind, name):
        if valid_address(server):
            verdict, found = await by_address(check, table, server, about)
        else:
            verdict, found = await _by_host(check, table, server, kind, about)
        if verdict is not Verdict.DUNNO or found:
            return verdict
    return Verdict.DUNNO


async def _servers(check: SmtpdCheck, domain: str, kind: str, name: str) -> list[str]:
    """Mail exchangers or name servers of a domain; for an A lookup, and without MX records, the domain itself."""
    if kind == "A":
        return [domain]
    answer = await check.smtpd.dns.lookup(domain, kind)
    if answer.status == "nullmx":
        return []
    if answer.missing and kind == "MX":
        return [domain]
    while answer.missing and kind == "NS" and "." in domain[:-1]:
        domain = domain.partition(".")[2]
        answer = await check.smtpd.dns.lookup(domain, kind)
    if answer.status != "ok":
        shown = name if answer.missing and kind == "NS" else domain
        check.warn(f"Unable to look up {kind} host for {shown}: {answer.error}")
        return []
    return [record.target for record in answer.records]


async def _by_host(check: SmtpdCheck, table: str, host: str, kind: str, about: Subject) -> tuple[Verdict, bool]:
    """The server's name, then its addresses."""
    if kind != "A":
        verdict, found = await by_domain(check, table, host, about)
        if verdict is not Verdict.DUNNO or found:
            return verdict, found
    addresses = await check.smtpd.dns.addresses(host)
    if addresses.error and kind != "A":
        check.warn(f"Unable to look up {kind} host {host} for {about.kind} {about.name}: {addresses.error}")
    for address in addresses.addresses:
        verdict, found = await by_address(check, table, address, about)
        if verdict is not Verdict.DUNNO or found:
            return verdict, found
    return Verdict.DUNNO, False


_SERVED = ("client", "reverse_client_hostname", "helo", "sender", "recipient")

DNS_RESTRICTIONS = {
    "reject_rbl_client": _reject_rbl_client,
    "reject_rbl": _reject_rbl_client,
    "reject_maps_rbl": _reject_maps_rbl,
    **{f"reject_rhsbl_{which}": _reject_rhsbl for which in ("client", "reverse_client", "helo", "sender", "recipient")},
    "permit_dnswl_client": _permit_dnswl,
    "permit_rhswl_client": _permit_dnswl,
    **{f"check_{which}_{kind}_access": _check_servers for which in _SERVED for kind in ("mx", "ns", "a")},
}
