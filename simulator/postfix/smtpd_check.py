"""The access restrictions of smtpd(8): lists of names that are tried in turn until one permits or refuses.

The names themselves are in smtpd_restrictions.py. Here are the lists of each stage (client, helo, sender, relay, recipient,
data, end of data, ETRN), and their order with and without smtpd_delay_reject.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.postfix.smtpd_decision import (
    CLIENT,
    DATA,
    END_OF_DATA,
    ETRN,
    HELO,
    POLICY,
    RECIPIENT,
    RESOURCE,
    SENDER,
    Arguments,
    Decided,
    Decisions,
    Subject,
    Verdict,
)
from simulator.postfix.smtpd_restrictions import RESTRICTIONS, unknown_restriction

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd
    from simulator.postfix.smtpd_state import SmtpdState
    from simulator.postfix.smtpd_stream import ClientStream
    from simulator.postfix.smtpd_tls import TlsContext


class SmtpdCheck(Decisions):
    """The restrictions applied to one session."""

    def __init__(self, smtpd: Smtpd, state: SmtpdState, stream: ClientStream) -> None:
        super().__init__(smtpd, state)
        self.stream = stream
        self.tls: TlsContext | None = None
        self.policy_nesting = 0
        self.sender_listed = False
        self.recipient_listed = False
        self._if_permit_before = {CLIENT: False, HELO: False, SENDER: False}

    # Lists

    async def walk(self, words: Sequence[str], about: Subject) -> Verdict:
        """Try the restrictions of a list in turn."""
        verdict = Verdict.DUNNO
        outer = self.recursion
        self.recursion += 1
        arguments = Arguments(words)
        while not self.state.mail.discard and (name := arguments.take()) is not None:
            if name.lower() == "warn_if_reject":
                self.warn_if_reject = self.warn_if_reject or self.recursion
                continue
            if ":" in name:
                name, arguments = self._bare_table(name, about, arguments)
            # What an earlier restriction of this list looked up has nothing to do with it; what led into a class has.
            outer_cause = self.cause if self.recursion > 1 else {"parameter": self.cause.get("parameter", "")}
            self.cause = outer_cause | {"restriction": name}
            restriction = RESTRICTIONS.get(name.lower())
            if restriction is not None:
                verdict = await restriction(self, name, arguments, about)
            elif name in self.smtpd.lists.classes:
                verdict = await self.walk(self.smtpd.lists.classes[name], about)
            else:
                raise unknown_restriction(self, name)
            if self.warn_if_reject >= self.recursion:
                self.warn_if_reject = 0
            if verdict is not Verdict.DUNNO or (self.if_permit.active and self.if_reject.active):
                break
        self.recursion = outer
        if self.warn_if_reject >= self.recursion:
            self.warn_if_reject = 0
        return verdict

    def _bare_table(self, table: str, about: Subject, arguments: Arguments) -> tuple[str, Arguments]:
        """`hash:/x` alone stands for `check_client_access hash:/x` in a list of client restrictions, and so on."""
        if about.default_check is None:
            checks = "check_client_access, check_reverse_client_hostname_access, check_helo_access, check_sender_access, "
            self.warn(f'specify one of ({checks}check_recipient_access, check_etrn_access) before {about.kind} restriction "{table}"')
            raise self.server_error()
        rest = [table]
        while (word := arguments.take()) is not None:
            rest.append(word)
        return about.default_check, Arguments(rest)

    def begin(self) -> None:
        """A new stage: earlier doubts about a refusal no longer count."""
        self.recursion = self.warn_if_reject = 0
        self.if_reject.active = False

    async def apply(self, parameter: str, about: Subject) -> Verdict:
        """All of the list that is the value of a parameter."""
        self.cause = {"parameter": parameter}
        words = self.smtpd.lists.restrictions[parameter]
        if not words:
            return Verdict.DUNNO
        try:
            verdict = await self.walk(words, about)
        except Decided as decided:
            return decided.verdict
        if verdict is Verdict.OK:
            self.note("permitted")
        return verdict

    def _doubtful(self, verdict: Verdict) -> Verdict:
        """Permission that a doubt stands against is refused."""
        doubt = self.if_permit
        if verdict is not Verdict.REJECT and doubt.active:
            return self.refuse(doubt.error_class, doubt.code, doubt.dsn, doubt.text)
        return verdict

    def _answer(self, verdict: Verdict) -> str | None:
        return self.reply if verdict is Verdict.REJECT else None

    # Stages. Each returns the reply of a refusal, or None.

    async def check_client(self) -> str | None:
        """When the client connects, or with smtpd_delay_reject before its first recipient."""
        self.if_permit.active = False
        self.begin()
        verdict = await self.apply("smtpd_client_restrictions", Subject(self.state.namaddr, CLIENT, "check_client_access"))
        self._if_permit_before[CLIENT] = self.if_permit.active
        return self._answer(verdict)

    async def check_helo(self, name: str | None) -> str | None:
        """HELO and EHLO."""
        if name is None:
            return None
        saved, self.state.helo_name = self.state.helo_name, name
        self.if_permit.active = self._if_permit_before[CLIENT]
        self.begin()
        verdict = await self.apply("smtpd_helo_restrictions", Subject(name, HELO, "check_helo_access"))
        self._if_permit_before[HELO] = self.if_permit.active
        self.state.helo_name = saved
        return self._answer(verdict)

    async def check_mail(self, sender: str | None) -> str | None:
        """MAIL FROM."""
        if sender is None:
            return None
        saved, self.state.mail.sender = self.state.mail.sender, sender
        self.if_permit.active = self._if_permit_before[CLIENT] or self._if_permit_before[HELO]
        self.sender_listed = False
        self.begin()
        verdict = await self.apply("smtpd_sender_restrictions", Subject(sender, SENDER, "check_sender_access"))
        self._if_permit_before[SENDER] = self.if_permit.active
        undecided = verdict is not Verdict.REJECT and not self.sender_listed and not self.state.mail.discard
        if sender and undecided and self.smtpd.settings.reject_unlisted_sender:
            verdict = await self._listed("smtpd_reject_unlisted_sender", "reject_unlisted_sender")
        self.state.mail.sender = saved
        return self._answer(verdict)

    async def check_rcpt(self, recipient: str) -> str | None:
        """RCPT TO and VRFY."""
        if recipient.lower() == "postmaster":  # RFC 5321 4.5.1
            return None
        saved, self.state.recipient = self.state.recipient, recipient
        try:
            return await self._check_rcpt(recipient)
        finally:
            self.state.recipient = saved

    async def _check_rcpt(self, recipient: str) -> str | None:
        state = self.state
        self.recipient_listed = False
        if self.smtpd.settings.delay_reject:
            refused = await self.check_client() or await self.check_helo(state.helo_name) or await self.check_mail(state.mail.sender)
            if refused:
                return refused
        self.if_permit.active = self._if_permit_before[SENDER]
        lists = ["smtpd_relay_restrictions", "smtpd_recipient_restrictions"]
        if not self.smtpd.settings.relay_before_recipient:
            lists.reverse()
        about = Subject(recipient, RECIPIENT, "check_recipient_access")
        self.begin()
        verdict = Verdict.DUNNO
        for parameter in lists:
            verdict = await self.apply(parameter, about)
            if verdict is Verdict.REJECT:
                break
        verdict = self._doubtful(verdict)
        undecided = verdict is not Verdict.REJECT and not self.recipient_listed and not state.mail.discard
        if undecided and self.smtpd.settings.reject_unlisted_recipient:
            verdict = await self._listed("smtpd_reject_unlisted_recipient", "reject_unlisted_recipient")
        return self._answer(verdict)

    async def _listed(self, parameter: str, restriction: str) -> Verdict:
        """The check for unknown addresses that is made in any case, at the end."""
        self.cause = {"parameter": parameter, "restriction": restriction}
        try:
            return await RESTRICTIONS[restriction](self, restriction, Arguments(()), Subject("", "", None))
        except Decided as decided:
            return decided.verdict

    async def check_etrn(self, domain: str) -> str | None:
        """ETRN."""
        saved, self.state.etrn_name = self.state.etrn_name, domain
        try:
            if self.smtpd.settings.delay_reject:
                refused = await self.check_client() or await self.check_helo(self.state.helo_name)
                if refused:
                    return refused
            self.if_permit.active = self._if_permit_before[CLIENT] or self._if_permit_before[HELO]
            self.begin()
            verdict = await self.apply("smtpd_etrn_restrictions", Subject(domain, ETRN, "check_etrn_access"))
            return self._answer(self._doubtful(verdict))
        finally:
            self.state.etrn_name = saved

    async def check_data(self) -> str | None:
        """DATA and the first BDAT."""
        return await self._check_content("smtpd_data_restrictions", Subject("DATA", DATA, None))

    async def check_eod(self) -> str | None:
        """The message is complete."""
        return await self._check_content("smtpd_end_of_data_restrictions", Subject("END-OF-MESSAGE", END_OF_DATA, None))

    async def _check_content(self, parameter: str, about: Subject) -> str | None:
        saved = self.state.recipient
        if self.state.recipients > 1:  # it concerns them all, so none is named
            self.state.recipient = None
        self.if_permit.active = False
        self.begin()
        verdict = self._doubtful(await self.apply(parameter, about))
        self.state.recipient = saved
        return self._answer(verdict)

    def check_size(self, size: int) -> str | None:
        """SIZE= of MAIL FROM."""
        self.cause = {"parameter": "message_size_limit"}
        self.begin()
        limit = self.smtpd.settings.message_size_limit
        if limit and size > limit:
            self.refuse(POLICY, 552, "5.3.4", "Message size exceeds fixed limit")
            return self.reply
        return None

    def check_queue(self) -> str | None:
        """Is there room in the file system?"""
        self.cause = {"parameter": "queue_minfree"}
        self.begin()
        free = self.smtpd.free_bytes()
        if self.smtpd.settings.queue_minfree >= free or self.smtpd.settings.message_size_limit >= free / 1.5:
            self.refuse(RESOURCE, 452, "4.3.1", "Insufficient system storage")
            self.warn(f"not enough free space in mail queue: {free} bytes < 1.5*message size limit")
            return self.reply
        return None

    async def sleep(self, seconds: float) -> None:
        """Let the client wait."""
        await asyncio.sleep(seconds)
