"""One recipient of virtual(8): which mailbox, whose it is, and the delivery."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.mail.address import casefold
from simulator.postfix.lib.delivery import Bounced, DeliveryRequest, Fate, Recipient, Sent
from simulator.postfix.lib.mail_copy import MAILDIR, MBOX, Copy, Envelope, mail_copy
from simulator.postfix.lib.mailbox_file import MailboxFile, open_reason, write_reason
from simulator.postfix.lib.maildir_file import Maildir, MaildirError, warn_of_access
from simulator.postfix.lib.numbers import leading_number
from simulator.postfix.lib.reason import Reason
from simulator.postfix.lib.safe_open import MailboxError
from simulator.postfix.lib.tables import Maps, TableError, mail_addr_find
from simulator.unix.fs import Cred

if TYPE_CHECKING:
    from simulator.postfix.virtual import Virtual

_CONFIGURATION_ERROR: Final = Reason("4.3.5", "mail system configuration error")
_UMASK: Final = 0o077


@dataclass(frozen=True, slots=True)
class VirtualMailbox:
    """A mailbox that a table gives: its path, and the user and group in whose name it is written."""

    path: str
    cred: Cred


@dataclass(slots=True)
class VirtualDelivery:
    """One recipient in the hands of virtual(8)."""

    agent: Virtual
    request: DeliveryRequest
    recipient: Recipient
    message: bytes

    async def deliver(self) -> bool:
        """Deliver and report; True when the recipient is done with."""
        mailbox = self._lookup()
        if mailbox is None:
            return self.report(Bounced("5.1.1", f'unknown user: "{casefold(self.recipient.address)}"', self.relay))
        if isinstance(mailbox, Reason):
            return self.report(mailbox.fate(self.relay))
        if mailbox.path.endswith("/"):
            return self._to_maildir(mailbox)
        return await self._to_file(mailbox)

    @property
    def relay(self) -> str:
        return self.agent.service_name

    def report(self, fate: Fate) -> bool:
        request = self.request
        return self.agent.reporter.report(request.flags, request.queue_id, request.stamps, self.recipient, fate)

    # -- tables ---------------------------------------------------------------------------------------------------------

    def _lookup(self) -> VirtualMailbox | Reason | None:
        """The mailbox, why there is none now, or None for an unknown recipient."""
        agent, log, user = self.agent, self.agent.log, casefold(self.recipient.address)
        try:
            place = self._find(agent.mailboxes)
        except TableError:
            # errno is what happens to be in it: the table's own error was logged already.
            log.warning(f"table virtual_mailbox_maps: lookup {user}: Application error")
            return _CONFIGURATION_ERROR
        if place is None:
            return None
        uid = self._number(agent.uids, "uid", agent.minimum_uid)
        gid = self._number(agent.gids, "gid", 1) if uid is not None else None
        if uid is None or gid is None:
            return _CONFIGURATION_ERROR
        path = f"{agent.base}/{place}"
        agent.trace("mailbox", self.request.queue_id, recipient=self.recipient.address, parameter="virtual_mailbox_maps", key=user, path=path)
        return VirtualMailbox(path, Cred(uid, gid, frozenset(), _UMASK))

    def _find(self, maps: Maps) -> str | None:
        found = mail_addr_find(maps, casefold(self.recipient.address))
        return found[0] if found else None

    def _number(self, maps: Maps, what: str, minimum: int) -> int | None:
        """The uid or gid for the recipient, None and a warning if there is no good one."""
        user = casefold(self.recipient.address)
        try:
            text = self._find(maps)
        except TableError:
            text = None
        if text is None:
            self.agent.log.warning(f"recipient {user}: not found in {maps.title}")
            return None
        number = leading_number(text)
        if number is None or number[0] < minimum:
            self.agent.log.warning(f"recipient {user}: bad {what} {text} in {maps.title}")
            return None
        return number[0]

    # -- mailboxes ------------------------------------------------------------------------------------------------------

    def _copy(self, options: Copy) -> bytes:
        original = self.recipient.orig_address if self.agent.original_recipient else ""
        envelope = Envelope(self.request.sender, original, self.recipient.address, self.agent.clock.now)
        return mail_copy(self.message, envelope, options)

    async def _to_file(self, mailbox: VirtualMailbox) -> bool:
        if self.request.trace_only:
            return self.report(Sent("2.0.0", "delivers to mailbox", self.relay))
        failure = await self._append(mailbox)
        if failure is not None:
            return self.report(failure.behind(f"delivery failed to mailbox {mailbox.path}: ").fate(self.relay))
        return self.report(Sent("2.0.0", "delivered to mailbox", self.relay))

    async def _append(self, mailbox: VirtualMailbox) -> Reason | None:
        """Why it failed, or None."""
        agent, path = self.agent, mailbox.path
        try:
            box = await MailboxFile.open(agent.fs, lambda: agent.clock.now, path, mailbox.cred, agent.locks)
        except MailboxError as trouble:
            return open_reason(trouble, "4.2.0")
        try:
            if not box.stat.is_file:
                agent.log.warning(f"recipient {self.recipient.address}: destination {path} is not a regular file")
                return Reason("5.3.5", "mail system configuration error")
            if agent.strict_owner and box.stat.uid != mailbox.cred.uid:
                agent.log.warning('specify "strict_mailbox_ownership = no" to ignore mailbox ownership mismatch')
                return Reason("4.2.0", f"destination {path} is not owned by recipient")
            box.append(self._copy(MBOX), agent.size_limit)
        except MailboxError as trouble:
            return write_reason(trouble)
        finally:
            box.release()
        return None

    def _to_maildir(self, mailbox: VirtualMailbox) -> bool:
        agent = self.agent
        if self.request.trace_only:
            return self.report(Sent("2.0.0", "delivers to maildir", self.relay))
        try:
            Maildir(agent.host, agent.pid, mailbox.path, mailbox.cred, "4.2.0").deliver(self._copy(MAILDIR), agent.size_limit)
        except MaildirError as trouble:
            if trouble.code == errno.EACCES:
                warn_of_access(agent.log, mailbox.cred, trouble)
            return self.report(trouble.reason.behind("maildir delivery failed: ").fate(self.relay))
        return self.report(Sent("2.0.0", "delivered to maildir", self.relay))
