"""Does an address exist? The tables of its class say so: postconf(5) local_recipient_maps, virtual_mailbox_maps,
relay_recipient_maps; aliases and canonical mappings count as existing. ADDRESS_CLASS_README."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.mail.dsn import split_dsn
from simulator.postfix.lib.tables import Maps, TableError, mail_addr_find
from simulator.postfix.smtpd_decision import BOUNCE, SENDER, Verdict

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck

#: Local users that qmgr(8) and bounce(8) know without a table.
_BUILT_IN = ("postmaster", "mailer-daemon")


@dataclass(frozen=True, slots=True)
class RecipientTable:
    """The users of an address class: parameter, what a reply calls it, parameter of the reply code."""

    parameter: str
    words: str
    code: str


TABLES = {
    "local": RecipientTable("local_recipient_maps", "local recipient table", "unknown_local_recipient_reject_code"),
    "virtual": RecipientTable("virtual_mailbox_maps", "virtual mailbox table", "unknown_virtual_mailbox_reject_code"),
    "relay": RecipientTable("relay_recipient_maps", "relay recipient table", "unknown_relay_recipient_reject_code"),
}
#: Tables that make an address known, and whether only as a sender.
_REWRITING = (("recipient_canonical_maps", False), ("sender_canonical_maps", True), ("canonical_maps", False), ("virtual_alias_maps", False))


async def check_listed(check: SmtpdCheck, other: str | None, address: str, kind: str) -> Verdict:
    """Refuse an address that nobody has. `other` is the sender of a recipient and the reverse."""
    smtpd = check.smtpd
    resolved = await smtpd.resolver.resolve(other, address)
    if resolved.failed:
        raise check.retry(address)
    for parameter, only_sender in _REWRITING:
        if (kind == SENDER or not only_sender) and _match(check, address, smtpd.lists.recipient_maps[parameter], resolved.recipient):
            return Verdict.DUNNO
    if resolved.transport in ("error", "retry"):
        check.cause |= dict(zip(("table", "key", "value"), resolved.cause[-1], strict=True)) if resolved.cause else {}
        return _undeliverable(check, resolved.transport, resolved.nexthop, resolved.address_class, address, kind)
    table = TABLES.get(resolved.address_class)
    if table is None or not smtpd.params[table.parameter].strip():
        return Verdict.DUNNO
    if resolved.address_class == "local" and _is_built_in(check, resolved.recipient):
        return Verdict.DUNNO
    if _match(check, address, smtpd.lists.recipient_maps[table.parameter], resolved.recipient):
        return Verdict.DUNNO
    where = f" in {table.words}" if smtpd.params.bool("show_user_unknown_table_name") else ""
    check.cause |= {"table": table.parameter, "key": resolved.recipient}
    dsn = "5.1.0" if kind == SENDER else "5.1.1"
    return check.refuse(BOUNCE, smtpd.code(table.code), dsn, f"<{address}>: {kind} rejected: User unknown{where}")


def _match(check: SmtpdCheck, address: str, maps: Maps, key: str) -> bool:
    try:
        return mail_addr_find(maps, key) is not None
    except TableError:
        raise check.retry(address) from None


def _is_built_in(check: SmtpdCheck, recipient: str) -> bool:
    local = recipient.partition("@")[0].lower()
    return local in _BUILT_IN or local == check.smtpd.params["double_bounce_sender"].lower()


def _undeliverable(check: SmtpdCheck, transport: str, reason: str, address_class: str, address: str, kind: str) -> Verdict:
    """Resolved to error(8): virtual alias domains, relocated_maps, transport_maps."""
    digit = "5" if transport == "error" else "4"
    dsn, text = split_dsn(reason, f"{digit}.1.0" if kind == SENDER else f"{digit}.1.1")
    code = 450
    if transport == "error":
        code = check.smtpd.code("unknown_virtual_alias_reject_code") if address_class == "alias" else 550
    return check.refuse(BOUNCE, code, check.fit_dsn(dsn, kind), f"<{address}>: {kind} rejected: {text}")
