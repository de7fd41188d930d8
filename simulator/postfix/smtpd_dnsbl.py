"""DNS blocklists and allowlists: is an address or domain listed, and what is the client told? postconf(5) reject_rbl_client."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.mail.dsn import split_dsn
from simulator.net.dns import Record
from simulator.postfix.lib.expansion import expand
from simulator.postfix.lib.hostname import valid_hostname
from simulator.postfix.lib.ip_match import ip_matches, parse_ip_pattern
from simulator.postfix.lib.mailhost import ascii_domain
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables import TableError
from simulator.postfix.smtpd_decision import POLICY, Verdict
from simulator.postfix.smtpd_expand import session_lookup

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck

#: Bytes of TXT records that are shown.
_TEXT_LIMIT = 500
#: How many answers a process remembers.
CACHE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """An answer of a list. `listed` is False when the list could not be asked."""

    listed: bool
    addresses: tuple[str, ...] = ()
    text: str = ""


async def listed_address(check: SmtpdCheck, domain: str, address: str) -> Listing | None:
    """Is an IP address in the list `domain` (with `=pattern`: with such an answer)?"""
    if ":" in address:
        nibbles = ipaddress.IPv6Address(address).exploded.replace(":", "")
        reverse = ".".join(reversed(nibbles))
    else:
        reverse = ".".join(reversed(address.split(".")))
    return await _listed(check, reverse, domain)


async def listed_domain(check: SmtpdCheck, domain: str, what: str) -> Listing | None:
    """Is the domain of a name or mail address in the list?"""
    name = what.rpartition("@")[2]
    if not name or name.startswith("[") or name.rpartition(".")[2].isdigit():
        return None
    name = ascii_domain(name) or name
    return await _listed(check, name, domain) if valid_hostname(name) else None


async def _listed(check: SmtpdCheck, prefix: str, domain: str) -> Listing | None:
    domain, equals, wanted = domain.partition("=")
    found = await _ask(check, f"{prefix}.{domain}")
    if not equals:
        return found
    try:
        pattern = parse_ip_pattern(wanted)
    except ValueError as problem:
        raise Fatal(f"RBL reply error: {problem}") from None
    if found is not None and found.listed and not any(ip_matches(pattern, address) for address in found.addresses):
        return None
    return found


async def _ask(check: SmtpdCheck, query: str) -> Listing | None:
    cache: OrderedDict[str, Listing | None] = check.smtpd.dnsbl_cache
    if query in cache:
        cache.move_to_end(query)
        return cache[query]
    cache[query] = found = await _look_up(check, query)
    if len(cache) > CACHE_SIZE:
        cache.popitem(last=False)
    return found


async def _look_up(check: SmtpdCheck, query: str) -> Listing | None:
    dns = check.smtpd.dns
    answer = await dns.lookup(query, "A")
    if answer.status == "again":
        check.warn(f"{query}: RBL lookup error: Host or domain name not found. Name service error for name={query} type=A: {answer.error}")
        return Listing(False)
    if answer.status != "ok":
        return None
    texts = await dns.lookup(query, "TXT")
    shown = " / ".join(_unquoted(record) for record in texts.records)
    return Listing(True, tuple(record.data for record in answer.records), shown[:_TEXT_LIMIT])


def _unquoted(record: Record) -> str:
    """The text of a TXT record: its quoted strings joined."""
    parts = record.data.split('"')
    return "".join(parts[1::2]) if len(parts) > 1 else record.data


# The reply


def reject_listed(check: SmtpdCheck, found: Listing, domain: str, what: str, kind: str) -> Verdict:
    """Refuse with the text of rbl_reply_maps or default_rbl_reply."""
    smtpd = check.smtpd
    try:
        template = smtpd.lists.rbl_reply_maps.find(domain)
    except TableError:
        raise check.server_error() from None
    lookup = _reply_lookup(check, found, domain.partition("=")[0], what, kind)
    text = None
    if template is not None:
        expanded = expand(template, lookup, smtpd.log.warning, clean=smtpd.clean)
        text = None if expanded.error else expanded.text
        if text is None:
            check.warn(f"rbl_reject_reply: bad rbl reply template for domain {domain}: {template}")
    if text is None:
        default = smtpd.params["default_rbl_reply"]
        expanded = expand(default, lookup, smtpd.log.warning, clean=smtpd.clean)
        if expanded.error:
            raise Fatal(f"rbl_reject_reply: bad default rbl reply template: {default}")
        text = expanded.text
    if text[:1] not in ("4", "5") or not text[1:3].isdigit() or text[3:4] != " ":
        check.warn(f"rbl response code configuration error: {text}")
        return check.refuse(POLICY, 450, "4.7.1", "Service unavailable")
    dsn, words = split_dsn(text[4:], "4.7.1")
    return check.refuse(POLICY, int(text[:3]), check.fit_dsn(dsn, kind), words or "Service unavailable")


def _reply_lookup(check: SmtpdCheck, found: Listing, domain: str, what: str, kind: str) -> Callable[[str, bool], str | None]:
    facts = {
        "rbl_code": str(check.smtpd.code("maps_rbl_reject_code")),
        "rbl_domain": domain,
        "rbl_reason": found.text,
        "rbl_txt": found.text,
        "rbl_what": what,
        "rbl_class": kind,
    }
    session = session_lookup(check.smtpd, check.state)
    return lambda name, test: facts[name] if name in facts else session(name, test)
