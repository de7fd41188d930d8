"""NAME
    pipe - Postfix delivery to external command

SYNOPSIS
    maildrop  unix  -       n       n       -       -       pipe
        flags=DRXhu user=vmail argv=/usr/bin/maildrop -d ${recipient}

DESCRIPTION
    Runs a program for each message, without a shell, and gives it the message on standard input.

    user=NAME[:GROUP]   the user that the program runs as; required, not root and not the mail system's own
    argv=COMMAND ...    the program and its arguments; the last attribute
    flags=LETTERS       what is added to the message or changed: F a From line, R Return-Path:, O X-Original-To:,
                        D Delivered-To: (and no loops), B a blank line at the end, > quotes "From ", . quotes dots;
                        u and h fold the user's part and the host part of recipients, q quotes addresses, X final delivery
    directory=PATH      where the program runs; otherwise the queue directory
    size=N              larger messages bounce
    eol=TEXT            the end of lines, such as \\r\\n
    null_sender=TEXT    stands for the empty sender; MAILER-DAEMON otherwise

    In the arguments stand ${sender}, ${recipient}, ${user}, ${extension}, ${mailbox}, ${domain}, ${nexthop}, ${size},
    ${original_recipient}, ${queue_id}, ${client_address}, ${client_hostname}, ${client_helo}, ${client_port},
    ${client_protocol}, ${sasl_method}, ${sasl_sender}, ${sasl_username}. Time limit: SERVICE_time_limit, command_time_limit.
    D and O need SERVICE_destination_recipient_limit = 1. Exit status and output are treated as by local(8).

LOG
    ID: to=<...>, relay=SERVICE, ... status=sent (delivered via SERVICE service (OUTPUT))
    fatal: missing user= command-line attribute, and more of this kind
    warning: pipe flag `D' requires SERVICE_destination_recipient_limit = 1

DIFFERS FROM POSTFIX
    chroot= is not simulated.
"""

from __future__ import annotations

from typing import ClassVar

from simulator.postfix.delivery_agent import DeliveryAgent
from simulator.postfix.lib.delivered_hdr import DeliveredHeaders
from simulator.postfix.lib.delivery import DeliveryRequest, Fate, Sent
from simulator.postfix.lib.logical_lines import clip
from simulator.postfix.lib.mail_copy import Copy, Envelope, mail_copy
from simulator.postfix.lib.pipe_command import Command, Outcome, pipe_command
from simulator.postfix.lib.reason import Reason
from simulator.postfix.pipe_argv import ArgumentList, BadMacro
from simulator.postfix.pipe_attributes import PipeAttributes

_OUTPUT_SHOWN = 100


class Pipe(DeliveryAgent):
    """A process of pipe(8)."""

    program: ClassVar[str] = "pipe"
    tells_flush: ClassVar[bool] = True
    privileged: ClassVar[bool] = True
    status_filter_parameter: ClassVar[str] = "pipe_delivery_status_filter"

    def start(self) -> None:
        self.attributes = PipeAttributes()

    def deliver(self, request: DeliveryRequest) -> None:
        """Run the program; all recipients share its outcome."""
        if not self.attributes.command:
            self._read_attributes()
        fate = self._refused(request)
        if fate is None:
            fate = self._run(request)
        for recipient in request.recipients:
            self.report(request, recipient, fate)

    def _read_attributes(self) -> None:
        users, params = self.host.users, self.params
        self.time_limit = params.service_time(self.service_name, "_time_limit", "command_time_limit", 1)
        attributes = PipeAttributes.parse(self.service.entry.options.arguments, users)
        owner, group = self.master.owner, users.group_by_name(params["setgid_group"])
        attributes.check((params["mail_owner"], owner.uid, owner.gid), (params["setgid_group"], group.gid if group else -1))
        if attributes.chroot:
            self.log.warning("simulator: pipe: chroot= is not simulated")
        self.attributes = attributes

    # -- before the program runs ----------------------------------------------------------------------------------------

    def _refused(self, request: DeliveryRequest) -> Fate | None:
        """The fate of a message for which the program is not run."""
        attributes = self.attributes
        for letter, option in (("D", Copy.DELIVERED), ("O", Copy.ORIG_RCPT)):
            if option in attributes.copy and len(request.recipients) > 1:
                self.log.warning(f"pipe flag `{letter}' requires {self.service_name}_destination_recipient_limit = 1")
                return self._configuration_error()
        if attributes.size_limit and request.data_size > attributes.size_limit:
            return Reason("5.2.3", "message too large").fate(self.service_name)
        if request.trace_only:
            return Sent("2.0.0", f"delivers to command: {attributes.command[0]}", self.service_name)
        address = request.recipients[0].address
        if Copy.DELIVERED in attributes.copy and address in DeliveredHeaders(request.message()):
            return Reason("5.4.6", f"mail forwarding loop for {address}").fate(self.service_name)
        return None

    def _configuration_error(self) -> Fate:
        return Reason("4.3.5", "mail system configuration error").fate(self.service_name)

    # -- the program ----------------------------------------------------------------------------------------------------

    def _run(self, request: DeliveryRequest) -> Fate:
        attributes, first = self.attributes, request.recipients[0]
        sender = request.sender or attributes.null_sender
        try:
            argv = ArgumentList(self, request, sender).expanded()
        except BadMacro:
            return self._configuration_error()
        original = first.orig_address if self.params.bool("enable_original_recipient") else ""
        envelope = Envelope(sender, original, first.address, self.clock.now)
        message = mail_copy(request.message(), envelope, attributes.copy, attributes.eol)
        command = Command(attributes.uid, attributes.gid, self.time_limit, argv=tuple(argv), directory=attributes.directory)
        return self._fate(pipe_command(self, command, message))

    def _fate(self, outcome: Outcome) -> Fate:
        name = self.service_name
        if outcome.failure is not None:
            return outcome.failure.fate(name)
        output = clip(outcome.output.rstrip(" \t\n\v\f\r"), _OUTPUT_SHOWN)
        shown = f" ({output})" if output else ""
        action = "delivered" if "X" in self.attributes.flags else "relayed"
        return Sent("2.0.0", f"delivered via {name} service{shown}", name, action=action)
