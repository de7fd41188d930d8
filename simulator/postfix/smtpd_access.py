"""check_..._access of smtpd(8): look a name, an address or a mail address up in a table and do what the entry says: access(5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.mail.dsn import split_dsn
from simulator.postfix.lib.access import AccessAction, address_keys, domain_keys, mail_address_keys
from simulator.postfix.lib.braces import list_words
from simulator.postfix.lib.tables import TableError
from simulator.postfix.lib.tables.flags import FIXED
from simulator.postfix.smtpd_access_actions import ACTIONS, Entry
from simulator.postfix.smtpd_decision import RECIPIENT, SENDER, Arguments, Subject, Verdict

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck

#: Tables whose entries are lists that lead to tables ...
_DEEPEST = 100
_SERVER_ERROR = "451 4.3.5 Server configuration error"
_MISSED = (Verdict.DUNNO, False)


async def obey(check: SmtpdCheck, value: str, entry: Entry) -> Verdict:
    """Do what the right-hand side of an entry says."""
    about = entry.about
    check.cause |= {"table": entry.table, "key": entry.datum, "value": value}
    action = AccessAction.parse(value)
    known = ACTIONS.get(action.word.upper())
    if known is not None:
        return known(check, action, entry)
    if value.isascii() and value.isdigit():  # a time stamp of some other program: access(5), "all-numerical"
        return check.permit(action.word, about.kind, about.name, f"from {entry.table}")
    if action.is_reply:
        dsn, text = split_dsn(action.text, f"{value[0]}.7.1")
        return check.refuse_as(int(action.word), dsn, text or "Access denied", about)
    if ":" in value:
        check.warn(f"access table {entry.table} has entry with lookup table: {value}")
        check.warn("do not specify lookup tables inside SMTPD access maps")
        check.warn("define a restriction class and specify its name instead.")
        raise check.server_error()
    if check.recursion > _DEEPEST:
        check.warn(f"access table {entry.table} entry {value} causes unreasonable recursion")
        raise check.server_error()
    words = list_words(value)
    if not words:
        check.warn(f"access table {entry.table} entry {value} has empty value")
        return Verdict.OK
    return await check.walk(words, about)


def table_argument(check: SmtpdCheck, name: str, arguments: Arguments) -> str:
    """The table behind check_..._access. Raises Decided for anything else."""
    following = arguments.peek()
    if following is None or ":" not in following:
        check.warn(f'restriction {name.lower()}: bad argument "{following or name}": need maptype:mapname')
        raise check.server_error()
    arguments.take()
    return following


async def by_keys(check: SmtpdCheck, table: str, keys: Iterator[tuple[str, bool]], datum: str, about: Subject) -> tuple[Verdict, bool]:
    """The first of the keys that is in the table decides. The second value: was one?"""
    entry = Entry(table, datum, about)
    maps = check.smtpd.lists.access_maps.get(table)
    if maps is None:
        check.warn(f"check_access: unexpected dictionary: {table}")
        return await obey(check, _SERVER_ERROR, entry), True
    for key, partial in keys:
        try:
            value = maps.find(key, FIXED if partial else 0)
        except TableError:
            return await obey(check, _SERVER_ERROR, entry), True
        if value is not None:
            return await obey(check, value, entry), True
    return _MISSED


async def by_name(check: SmtpdCheck, table: str, name: str, about: Subject) -> Verdict:
    """One key, as it stands."""
    return (await by_keys(check, table, iter([(name, False)]), name, about))[0]


async def by_domain(check: SmtpdCheck, table: str, domain: str, about: Subject) -> tuple[Verdict, bool]:
    """A host name or domain, then its parents."""
    keys = domain_keys(domain, check.smtpd.lists.access_parents)
    return await by_keys(check, table, keys, domain, about)


async def by_address(check: SmtpdCheck, table: str, address: str, about: Subject) -> tuple[Verdict, bool]:
    """An IP address, then its parent networks."""
    return await by_keys(check, table, address_keys(address), address, about)


async def by_client(check: SmtpdCheck, table: str, name: str, address: str, about: Subject) -> Verdict:
    """The client's name, then its address."""
    verdict, found = await by_domain(check, table, name, about)
    if verdict is Verdict.DUNNO and not found:
        verdict, found = await by_address(check, table, address, about)
    return verdict


async def by_mail_address(check: SmtpdCheck, table: str, address: str, about: Subject) -> Verdict:
    """user+extension@domain, user@domain, the domain and its parents, user@."""
    other = check.state.recipient if about.kind == SENDER else check.state.mail.sender
    resolved = await check.smtpd.resolver.resolve(other, address)
    if resolved.failed:
        raise check.retry(address)
    recipient = resolved.recipient
    if "@" not in recipient:
        check.warn(f"check_mail_access: no @domain in address: {recipient}")
        return Verdict.DUNNO
    keys = mail_address_keys(recipient, check.smtpd.params["recipient_delimiter"], check.smtpd.lists.access_parents)
    verdict, _ = await by_keys(check, table, keys, recipient, about)
    suspicious = resolved.routed and about.kind == RECIPIENT and not check.smtpd.settings.allow_untrusted_routing
    return Verdict.DUNNO if verdict is Verdict.OK and suspicious else verdict
