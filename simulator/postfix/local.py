"""NAME
    local - Postfix local mail delivery

SYNOPSIS
    local     unix  -       n       n       -       -       local

DESCRIPTION
    Delivers to the users of this host. An address is tried in this order; letters are lower case by then:

    1. aliases (alias_maps): the local part with its extension, then without
    2. the user's .forward file (forward_path): $home/.forward+extension, then $home/.forward
    3. mailbox_transport_maps, mailbox_transport: another delivery agent
    4. mailbox_command_maps, mailbox_command: a program, run as the user
    5. home_mailbox, or mail_spool_directory/USER: a file, or with a slash at the end a Maildir
    6. for unknown users: fallback_transport_maps, fallback_transport, luser_relay, or a bounce

    An alias names addresses, files ("/name", "~/name"), programs ("|command") and lists in files (":include:/name"). Its
    files are written and its programs run by the owner of the alias database; for root's database that is default_privs.
    A plain alias is delivered at once. What comes from a .forward file, an :include: file or a list with an owner- alias is
    sent on as a new message ("forwarded as ID"), which names its way in Delivered-To: lines; a message that meets its own
    line is a loop.

PROGRAMS
    A program gets the message with a From line, and HOME, USER, SENDER, RECIPIENT, EXTENSION, DOMAIN, LOCAL, SHELL and more
    in its environment. A command without shell characters is executed directly, others by /bin/sh (local_command_shell).
    Exit status 0 is success, those of sysexits.h have their meaning (75 keeps the mail in the queue), any other bounces.
    Output that begins with an enhanced status code decides instead. command_time_limit ends a program that takes too long.

LOG
    ID: to=<...>, relay=local, ... status=sent (delivered to mailbox | maildir | file: PATH | command: COMMAND)
    status=sent (forwarded as ID), status=bounced (unknown user: "..."), (mail forwarding loop for ...)
    ID: passing <...> to transport=NAME
    warning: required alias not found: postmaster
    warning: file /home/anna/.forward is world writable
    local[pid]: fatal: execvp COMMAND: No such file or directory

DIFFERS FROM POSTFIX
    Kernel locks have no effect (lock files do). biff is ignored. Programs know no file size limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.postfix.daemon import Changeable
from simulator.postfix.delivery_agent import DeliveryAgent
from simulator.postfix.lib.been_here import DuplicateFilter
from simulator.postfix.lib.delivered_hdr import DeliveredHeaders
from simulator.postfix.lib.delivery import DeliveryRequest, Recipient
from simulator.postfix.lib.tables import Maps, TableContext
from simulator.postfix.lib.tables.flags import LOCK, MAPS, NO_REGSUB, PARANOID, UTF8_REQUEST
from simulator.postfix.local_forward import Forwards
from simulator.postfix.local_recipient import deliver_recipient
from simulator.postfix.local_settings import LocalSettings
from simulator.postfix.local_state import LocalDelivery, State
from simulator.unix.fs import ROOT


class Local(DeliveryAgent):
    """A process of local(8)."""

    program: ClassVar[str] = "local"
    tells_flush: ClassVar[bool] = True
    privileged: ClassVar[bool] = True
    status_filter_parameter: ClassVar[str] = "local_delivery_status_filter"

    def start(self) -> None:
        self.settings = LocalSettings.read(self.params, self.host.users)
        # Aliases are opened before the process gives up its privileges: root's own table may be for root alone.
        context = TableContext(self.host, ROOT, self.params, self.log.warning, self.program, self.log.error)
        self.aliases = Maps("aliases", self.params["alias_maps"], context, MAPS | PARANOID)
        self._opened: dict[str, Maps] = {}

    def tables(self) -> Iterable[Changeable]:
        return (self.aliases, *self._opened.values())

    def _maps(self, parameter: str, flags: int) -> Maps | None:
        """Tables that are opened when they are asked for the first time; None if there are none."""
        if parameter not in self._opened and self.params[parameter]:
            self._opened[parameter] = Maps(parameter, self.params[parameter], self.table_context, LOCK | UTF8_REQUEST | flags)
        return self._opened.get(parameter)

    @property
    def mailbox_transports(self) -> Maps | None:
        return self._maps("mailbox_transport_maps", NO_REGSUB)

    @property
    def mailbox_commands(self) -> Maps | None:
        return self._maps("mailbox_command_maps", PARANOID)

    @property
    def fallback_transports(self) -> Maps | None:
        return self._maps("fallback_transport_maps", NO_REGSUB)

    async def deliver(self, request: DeliveryRequest) -> None:
        """To each recipient in turn."""
        message = request.message()
        loops = DeliveredHeaders(message)
        for recipient in request.recipients:
            if await self._deliver_one(request, recipient, message, loops):
                if recipient.offset:
                    self.mark_done(request, recipient)
            else:
                request.deferred += 1

    async def _deliver_one(self, request: DeliveryRequest, recipient: Recipient, message: bytes, loops: DeliveredHeaders) -> bool:
        duplicates = DuplicateFilter(self.settings.duplicate_limit)
        forwards = Forwards(self, request)
        job = LocalDelivery(self, request, message, loops, duplicates, forwards, deliver_recipient)
        state = State(recipient, request.sender, request.dsn_envid, request.dsn_ret)
        done = await deliver_recipient(job, state)
        return await forwards.finish(job, state, done)
