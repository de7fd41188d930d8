"""The actions of access(5) that have a name: OK, REJECT, HOLD, FILTER and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.mail.dsn import split_dsn
from simulator.postfix.lib.access import AccessAction
from simulator.postfix.lib.printable import is_header
from simulator.postfix.smtpd_decision import POLICY, Subject, Verdict
from simulator.postfix.smtpd_state import END_OF_MESSAGE
from simulator.postfix.smtpd_trouble import HangUp

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck


class Entry:
    """What was found: in which table, under which name, and about what."""

    __slots__ = ("about", "datum", "table")

    def __init__(self, table: str, datum: str, about: Subject) -> None:
        self.table = table
        self.datum = datum
        self.about = about


Act = Callable[["SmtpdCheck", AccessAction, Entry], Verdict]


def _permit(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    return check.permit(action.word, entry.about.kind, entry.about.name, f"from {entry.table}")


def _dunno(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    return Verdict.DUNNO


def _reject(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    return _refuse(check, action, entry, check.smtpd.code("access_map_reject_code"), "5.7.1")


def _defer(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    return _refuse(check, action, entry, check.smtpd.code("access_map_defer_code"), "4.7.1")


def _refuse(check: SmtpdCheck, action: AccessAction, entry: Entry, code: int, default: str) -> Verdict:
    dsn, text = split_dsn(action.text, default)
    return check.refuse_as(code, dsn, text or "Access denied", entry.about)


def _doubt(check: SmtpdCheck, action: AccessAction, entry: Entry) -> tuple[str, int, str, str]:
    about = entry.about
    dsn, text = split_dsn(action.text, "4.7.1")
    text = f"<{about.name}>: {about.kind} rejected: {text or 'Service unavailable'}"
    return POLICY, check.smtpd.code("access_map_defer_code"), check.fit_dsn(dsn, about.kind), text


def _defer_if_permit(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    return check.doubt_permit(*_doubt(check, action, entry))


def _defer_if_reject(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    return check.doubt_reject(*_doubt(check, action, entry))


def _hang_up(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    check.log_whatsup("hangup", action.text)
    raise HangUp


def _info(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    check.log_whatsup("info", action.text)
    return Verdict.DUNNO


def _warn(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    check.log_whatsup("warn", action.text)
    return Verdict.DUNNO


# Actions that cleanup(8) carries out. They need a mail that is on its way.


def _in_mail(check: SmtpdCheck, word: str, entry: Entry) -> bool:
    if check.state.mail.sender is not None:
        return True
    check.warn(f"access table {entry.table}: with smtpd_delay_reject=no, action {word} is always skipped in Client host or Helo command restrictions")
    return False


def _can_delegate(check: SmtpdCheck, word: str, entry: Entry) -> bool:
    if check.smtpd.params["smtpd_proxy_filter"]:
        check.warn(f"access table {entry.table}: with smtpd_proxy_filter specified, action {word} is unavailable")
        return False
    if check.state.where == "ETRN":
        check.warn(f"access table {entry.table}: action {word} is unavailable in smtpd_etrn_restrictions")
        return False
    return _in_mail(check, word, entry)


def _log_action(check: SmtpdCheck, what: str, entry: Entry, text: str) -> None:
    check.log_whatsup(what, f"<{entry.about.name}>: {entry.about.kind} {text}")
    check.note(what)


def _filter(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    if not _can_delegate(check, "FILTER", entry):
        return Verdict.DUNNO
    if not action.text:
        check.warn(f'access table {entry.table} entry "{entry.datum}" has FILTER entry without value')
    elif ":" not in action.text:
        check.warn(f'access table {entry.table} entry "{entry.datum}" requires transport:destination')
    else:
        _log_action(check, "filter", entry, f"triggers FILTER {action.text}")
        check.state.mail.filter = action.text
    return Verdict.DUNNO


def _hold(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    if _can_delegate(check, "HOLD", entry) and not check.state.mail.hold:
        _log_action(check, "hold", entry, action.text or "triggers HOLD action")
        check.state.mail.hold = True
    return Verdict.DUNNO


def _discard(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    if not _can_delegate(check, "DISCARD", entry):
        return Verdict.DUNNO
    _log_action(check, "discard", entry, action.text or "triggers DISCARD action")
    check.state.mail.discard = True
    return _permit(check, action, entry)


def _has_domain(check: SmtpdCheck, action: AccessAction, entry: Entry) -> bool:
    if "@" not in action.text:
        check.warn(f'access table {entry.table} entry "{entry.datum}" requires user@domain target')
    return "@" in action.text


def _redirect(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    if _can_delegate(check, "REDIRECT", entry) and _has_domain(check, action, entry):
        _log_action(check, "redirect", entry, f"triggers REDIRECT {action.text}")
        check.state.mail.redirect = action.text
    return Verdict.DUNNO


def _bcc(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    if _can_delegate(check, "BCC", entry) and _has_domain(check, action, entry):
        _log_action(check, "bcc", entry, f"triggers BCC {action.text}")
        check.state.mail.bcc.append(action.text)
    return Verdict.DUNNO


def _prepend(check: SmtpdCheck, action: AccessAction, entry: Entry) -> Verdict:
    if not _in_mail(check, "PREPEND", entry):
        return Verdict.DUNNO
    if check.state.where == END_OF_MESSAGE:
        check.warn(f"access table {entry.table}: action PREPEND must be used before smtpd_end_of_data_restrictions")
    elif not is_header(action.text):
        check.warn(f'access table {entry.table} entry "{entry.datum}" requires header: text')
    else:
        check.state.mail.prepend.append(action.text)
    return Verdict.DUNNO


ACTIONS: dict[str, Act] = {
    "OK": _permit,
    "RELAY": _permit,
    "DUNNO": _dunno,
    "REJECT": _reject,
    "DEFER": _defer,
    "DEFER_IF_PERMIT": _defer_if_permit,
    "DEFER_IF_REJECT": _defer_if_reject,
    "HANGUP": _hang_up,
    "INFO": _info,
    "WARN": _warn,
    "FILTER": _filter,
    "HOLD": _hold,
    "DISCARD": _discard,
    "REDIRECT": _redirect,
    "BCC": _bcc,
    "PREPEND": _prepend,
}
