"""NAME
    virtual - Postfix delivery agent for domains whose recipients are no users of this host

SYNOPSIS
    virtual   unix  -       n       n       -       -       virtual

DESCRIPTION
    Delivers to mailboxes of virtual_mailbox_domains. All it knows of a recipient comes from tables, asked with the whole
    address in lower case, then without its extension, then with @domain:

    virtual_mailbox_maps    the mailbox below virtual_mailbox_base; with a slash at its end a Maildir, else a file
    virtual_uid_maps        the user number that writes it, at least virtual_minimum_uid
    virtual_gid_maps        the group number

    Aliases, .forward files and programs do not exist here. Missing directories of a Maildir are made, those of a file are
    not. A mailbox that cannot be used keeps the mail in the queue; one that is full (virtual_mailbox_limit) bounces it.

LOG
    ID: to=<...>, relay=virtual, ... status=sent (delivered to mailbox | delivered to maildir)
    status=bounced (unknown user: "...")
    status=deferred (mail system configuration error)   with a warning that says what is wrong
    status=deferred (delivery failed to mailbox PATH: ... | maildir delivery failed: ...)
    fatal: configuration error: virtual_mailbox_limit is smaller than message_size_limit

DIFFERS FROM POSTFIX
    Kernel locks of virtual_mailbox_lock have no effect; lock files do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.postfix.daemon import Changeable
from simulator.postfix.delivery_agent import DeliveryAgent
from simulator.postfix.lib.delivery import DeliveryRequest
from simulator.postfix.lib.mailbox_file import MailboxLocks
from simulator.postfix.lib.tables import Maps
from simulator.postfix.lib.tables.flags import LOCK, PARANOID, UTF8_REQUEST
from simulator.postfix.local_settings import checked_size_limit
from simulator.postfix.virtual_mailbox import VirtualDelivery


class Virtual(DeliveryAgent):
    """A process of virtual(8)."""

    program: ClassVar[str] = "virtual"
    tells_flush: ClassVar[bool] = True
    privileged: ClassVar[bool] = True
    opens_tables_as_owner = True
    status_filter_parameter: ClassVar[str] = "virtual_delivery_status_filter"

    def start(self) -> None:
        params = self.params
        self.size_limit = checked_size_limit(params, "virtual_mailbox_limit")
        self.base = params["virtual_mailbox_base"]
        self.minimum_uid = params.int("virtual_minimum_uid")
        self.mailboxes = self._maps("virtual_mailbox_maps")
        self.uids = self._maps("virtual_uid_maps")
        self.gids = self._maps("virtual_gid_maps")
        self.locks = MailboxLocks.read(params, "virtual_mailbox_lock")
        self.delimiter = params["recipient_delimiter"]
        self.original_recipient = params.bool("enable_original_recipient")
        self.strict_owner = params.bool("strict_mailbox_ownership")

    def _maps(self, parameter: str) -> Maps:
        return Maps(parameter, self.params[parameter], self.table_context, LOCK | PARANOID | UTF8_REQUEST)

    def tables(self) -> Iterable[Changeable]:
        return (self.mailboxes, self.uids, self.gids)

    async def deliver(self, request: DeliveryRequest) -> None:
        """To each recipient in turn."""
        message = request.message()
        for recipient in request.recipients:
            if not self.base.startswith("/"):
                self.fatal(f"do not specify relative pathname: virtual_mailbox_base = {self.base}")
            if await VirtualDelivery(self, request, recipient, message).deliver():
                self.mark_done(request, recipient)
            else:
                request.deferred += 1
