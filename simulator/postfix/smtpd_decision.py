"""How smtpd(8) decides: what a restriction may say, and what happens when it refuses, permits or doubts.

A doubt (defer_if_permit, defer_if_reject) turns a later answer into "try again later"; warn_if_reject turns a refusal into a
line in the log. Each refusal has one log line, and its cause goes into the trace.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.mail.dsn import is_dsn
from simulator.postfix.lib.log_lines import log_address
from simulator.postfix.lib.printable import printable
from simulator.postfix.smtpd_dsn_fix import RECIPIENT, SENDER, dsn_fix
from simulator.postfix.smtpd_state import Deferral

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd
    from simulator.postfix.smtpd_state import SmtpdState

__all__ = [
    "BOUNCE", "CERTIFICATE", "CLIENT", "DATA", "DATA_ERROR", "END_OF_DATA", "ETRN", "HELO", "POLICY", "PROTOCOL", "RECIPIENT", "RESOURCE",
    "REVERSE_CLIENT", "SASL_USER", "SENDER", "SOFTWARE", "Arguments", "Decided", "Decisions", "Subject", "Verdict",
]  # fmt: skip

#: What is refused, as replies and log lines name it.
CLIENT, HELO = "Client host", "Helo command"
ETRN, DATA, END_OF_DATA = "Etrn command", "Data command", "End-of-data"
REVERSE_CLIENT, CERTIFICATE, SASL_USER = "Unverified Client host", "Client certificate", "SASL login name"

POLICY, PROTOCOL, RESOURCE, SOFTWARE, DATA_ERROR, BOUNCE = "policy", "protocol", "resource", "software", "data", "bounce"
#: Trouble that warn_if_reject does not turn into a warning.
_OWN_TROUBLE = (SOFTWARE, RESOURCE, DATA_ERROR)
_REPLY_BYTES = 510
_BAD_REPLY = "450 4.7.1 Service unavailable"


class Verdict(enum.IntEnum):
    """What a restriction says."""

    DUNNO = 0
    OK = 1
    REJECT = 2


class Decided(Exception):
    """The whole list is decided, from somewhere inside a restriction."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.name)
        self.verdict = verdict


class Arguments:
    """A list of restrictions, and how far it has been read."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._place = 0

    def take(self) -> str | None:
        """The next word, or None at the end."""
        word = self.peek()
        self._place += word is not None
        return word

    def peek(self) -> str | None:
        """The next word, left where it is."""
        return self._words[self._place] if self._place < len(self._words) else None


class Subject:
    """What a list is about: the name in its replies, what it is, and the check for a table without check_..._access."""

    __slots__ = ("default_check", "kind", "name")

    def __init__(self, name: str, kind: str, default_check: str | None) -> None:
        self.name = name
        self.kind = kind
        self.default_check = default_check


class Decisions:
    """The decisions about one session. `reply` is the text for the client after a refusal."""

    def __init__(self, smtpd: Smtpd, state: SmtpdState) -> None:
        self.smtpd = smtpd
        self.state = state
        self.reply = ""
        self.warn_if_reject = 0
        self.recursion = 0
        self.if_permit = Deferral()
        self.if_reject = Deferral()
        #: What led to the decision, for the trace: parameter, restriction, table.
        self.cause: dict[str, str] = {}

    # Refusing and permitting

    def refuse(self, error_class: str, code: int, dsn: str, text: str) -> Verdict:
        """Refuse with this reply. With warn_if_reject it is only logged; an earlier doubt may be reported instead."""
        state = self.state
        warn_only = bool(self.warn_if_reject) and error_class not in _OWN_TROUBLE
        state.error_mask.add(error_class)
        reply = f"{code} {dsn} {text}"
        if not 400 <= code <= 599:
            self.smtpd.log.warning(f"SMTP reply code configuration error: {reply}")
            reply = _BAD_REPLY
        if not is_dsn(reply[4:].split(" ", 1)[0]):
            self.smtpd.log.warning(f"DSN detail code configuration error: {reply}")
            reply = _BAD_REPLY
        reply = printable(reply.encode("utf-8", "surrogateescape")[:_REPLY_BYTES].decode("utf-8", "surrogateescape"), " ")
        doubt = self.if_reject
        if not warn_only and doubt.active and reply[0] == "5":
            self.warn_if_reject, doubt.active = 0, False
            return self.refuse(doubt.error_class, doubt.code, doubt.dsn, doubt.text)
        digit = "4" if self.smtpd.settings.soft_bounce and reply[0] == "5" else reply[0]
        self.reply = digit + reply[1:4] + digit + reply[5:]
        self.log_whatsup("reject_warning" if warn_only else "reject", self.reply)
        self.note("warned" if warn_only else "rejected", reply=self.reply)
        return Verdict.DUNNO if warn_only else Verdict.REJECT

    def refuse_as(self, code: int, dsn: str, text: str, about: Subject) -> Verdict:
        """Refuse the subject by the words of a table."""
        return self.refuse(POLICY, code, self.fit_dsn(dsn, about.kind), f"<{about.name}>: {about.kind} rejected: {text}")

    def fit_dsn(self, dsn: str, kind: str) -> str:
        """The enhanced status code as it fits what is refused."""
        fixed = dsn_fix(dsn, kind)
        if fixed[2:] != dsn[2:]:
            self.smtpd.log.info(f"mapping DSN status {dsn} into {kind} status {dsn[0]}{fixed[1:]}")
        return fixed

    def doubt_permit(self, error_class: str, code: int, dsn: str, text: str, postpone: bool = True) -> Verdict:
        """A later permit becomes this refusal. With warn_if_reject, or unless `postpone`, it is one at once."""
        if self.warn_if_reject or not postpone:
            return self.refuse(error_class, code, dsn, text)
        return self._doubt(self.if_permit, error_class, code, dsn, text)

    def doubt_reject(self, error_class: str, code: int, dsn: str, text: str) -> Verdict:
        """A later 5xx refusal becomes this one."""
        return self._doubt(self.if_reject, error_class, code, dsn, text)

    @staticmethod
    def _doubt(doubt: Deferral, error_class: str, code: int, dsn: str, text: str) -> Verdict:
        if not doubt.active:
            doubt.active, doubt.error_class, doubt.code, doubt.dsn, doubt.text = True, error_class, code, dsn, text
        return Verdict.DUNNO

    def permit(self, action: str, kind: str, name: str, why: str = "") -> Verdict:
        """Permit; logged if smtpd_log_access_permit_actions lists the action."""
        if not self.if_permit.active and self.smtpd.lists.logs_permit(action):
            text = f"action={action} for {kind}={name} {why}"
            self.log_whatsup("permit", text)
        return Verdict.OK

    def retry(self, name: str) -> Decided:
        """A table cannot be read now."""
        return Decided(self.refuse(DATA_ERROR, 451, "4.3.0", f"<{name}>: Temporary lookup failure"))

    def server_error(self) -> Decided:
        """The administrator's configuration makes no sense."""
        return Decided(self.refuse(SOFTWARE, 451, "4.3.5", "Server configuration error"))

    def warn(self, text: str) -> None:
        """A warning in the log."""
        self.smtpd.log.warning(text)

    def log_whatsup(self, what: str, text: str) -> None:
        """`QUEUEID: reject: RCPT from client[addr]: text; from=<> to=<> proto=SMTP helo=<>`."""
        state = self.state
        self.smtpd.log.info(f"{state.queue_name}: {what}: {state.where} from {state.namaddr}: {text};{self.whatsup()}")

    def whatsup(self) -> str:
        """` from=<> to=<> proto=SMTP helo=<>`: what is known so far."""
        state, form = self.state, self.smtpd.settings.address_form
        line = ""
        if state.mail.sender is not None:
            line += f" from=<{log_address(state.mail.sender, form)}>"
        if state.recipient is not None:
            line += f" to=<{log_address(state.recipient, form)}>"
        line += f" proto={state.protocol}"
        if state.helo_name is not None:
            line += f" helo=<{state.helo_name}>"
        return line

    def note(self, event: str, **data: str) -> None:
        """The decision as data."""
        state = self.state
        facts = {"client": state.peer.address, "sender": state.mail.sender or "", "recipient": state.recipient or "", "service": state.service}
        self.smtpd.trace(event, state.queue_id or "", where=state.where, **facts, **self.cause, **data)
