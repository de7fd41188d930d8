"""Where a local delivery stands: the values that travel down from an address to what its alias says, and further.

A State is never changed: each step of the way hands a changed copy to the next one, so that the address after it starts
from the same point.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from simulator.postfix.lib.been_here import DuplicateFilter
from simulator.postfix.lib.delivered_hdr import DeliveredHeaders
from simulator.postfix.lib.delivery import MTA_VERIFY, DeliveryRequest, Fate, Recipient
from simulator.postfix.lib.mail_copy import Copy, Envelope
from simulator.postfix.lib.reason import Reason
from simulator.unix.fs import Cred

if TYPE_CHECKING:
    from simulator.postfix.local import Local
    from simulator.postfix.local_forward import Forwards
    from simulator.postfix.local_settings import LocalSettings
    from simulator.unix.fs import Fs
    from simulator.unix.users import User

#: Mailboxes and what local(8) makes for them are their owner's alone.
UMASK = 0o077


@dataclass(frozen=True, slots=True)
class UserAttributes:
    """Whose rights count. Uid 0 stands for "nobody in particular": then postconf(5) default_privs are used."""

    uid: int = 0
    gid: int = 0
    home: str | None = None
    name: str | None = None
    shell: str | None = None

    @classmethod
    def of(cls, user: User) -> UserAttributes:
        return cls(user.uid, user.gid, user.home, user.name, user.shell)

    @property
    def cred(self) -> Cred:
        """set_eugid(3): this user and group, no other groups."""
        return Cred(self.uid, self.gid, frozenset(), UMASK)


@dataclass(frozen=True, slots=True)
class State:
    """One address on its way.

    `local` is its folded local part, `user` that without the extension. `unmatched` is an extension that the next address
    inherits, `owner` the user or list that the address comes from, `delivered` what Delivered-To: will say, `expanded_from`
    the name that was last looked up and `expansion` where the address stood ("alias", "forward", "include").
    """

    recipient: Recipient
    sender: str
    dsn_envid: str = ""
    dsn_ret: int = 0
    rights: UserAttributes = field(default_factory=UserAttributes)
    level: int = 0
    domain: str | None = None
    local: str = ""
    user: str = ""
    extension: str | None = None
    unmatched: str | None = None
    owner: str | None = None
    delivered: str | None = None
    expansion: str = ""
    expanded_from: str | None = None

    def down(self, **changes: Any) -> State:
        """The state one step further: local(8) counts the steps to find endless expansions."""
        return replace(self, level=self.level + 1, **changes)

    def to(self, **changes: Any) -> State:
        """The state with another recipient record."""
        return replace(self, recipient=replace(self.recipient, **changes))


@dataclass(slots=True)
class LocalDelivery:
    """One recipient of one request in the hands of local(8). Functions that deliver return whether the mail is dealt with
    (True), stays in the queue (False) or is none of their business (None)."""

    agent: Local
    request: DeliveryRequest
    message: bytes
    loops: DeliveredHeaders
    duplicates: DuplicateFilter
    forwards: Forwards
    #: deliver_recipient of local_recipient.py: expansions come back to it.
    recipient: Callable[[LocalDelivery, State], Awaitable[bool]]

    @property
    def settings(self) -> LocalSettings:
        return self.agent.settings

    @property
    def fs(self) -> Fs:
        return self.agent.fs

    @property
    def relay(self) -> str:
        """local(8) names itself by its service in master.cf."""
        return self.agent.service_name

    @property
    def address_probe(self) -> bool:
        """verify(8) asks whether the address is good."""
        return bool(self.request.flags & MTA_VERIFY)

    def seen(self, key: str) -> bool:
        """Has this been dealt with for this recipient?"""
        return self.duplicates.seen(key)

    def report(self, state: State, fate: Fate) -> bool:
        """Log this fate of the address. The queue file is marked when all of the original recipient is done."""
        request = self.request
        return self.agent.reporter.report(request.flags, request.queue_id, request.stamps, state.recipient, fate)

    def fail(self, state: State, reason: Reason) -> bool:
        """Bounce or defer."""
        return self.report(state, reason.fate(self.relay))

    def envelope(self, state: State) -> Envelope:
        """What the lines in front of the message tell."""
        original = state.recipient.orig_address if self.settings.original_recipient else ""
        return Envelope(state.sender, original, state.delivered or "", self.agent.clock.now)

    def copy_options(self, options: Copy, kind: str) -> Copy:
        """Delivered-To: only where postconf(5) prepend_delivered_header says so; `kind` is "file" or "command"."""
        return options if kind in self.settings.delivered_header else options & ~Copy.DELIVERED
