"""The argument list of a pipe(8) program: $name in it stands for sender, recipient and more.

An argument with a name that depends on the recipient is repeated for each recipient of the message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from simulator.mail.address import casefold, split_extension
from simulator.mail.quoting import quote_822_local
from simulator.postfix.lib.delivery import DeliveryRequest, Recipient
from simulator.postfix.lib.expansion import expand

if TYPE_CHECKING:
    from simulator.postfix.pipe import Pipe

_REFERENCE: Final = re.compile(r"\$(?:(?P<dollar>\$)|\((?P<round>[^)]*)\)|\{(?P<curly>[^}]*)\}|(?P<broken>[({])|(?P<bare>\w*))", re.A)
_PER_RECIPIENT: Final = frozenset(("recipient", "original_recipient", "user", "extension", "mailbox", "domain"))


class BadMacro(Exception):
    """master.cf has an argument that cannot be expanded. It has been warned of."""


class ArgumentList:
    """The argument list for one request."""

    def __init__(self, agent: Pipe, request: DeliveryRequest, sender: str) -> None:
        self.agent = agent
        self.request = request
        flags = agent.attributes.flags
        self.fold_user, self.fold_host, self.quote = "u" in flags, "h" in flags, "q" in flags
        self._common = {
            "nexthop": casefold(request.nexthop) if self.fold_host else request.nexthop,
            "sender": quote_822_local(sender) if sender and self.quote else sender,
            "size": str(request.data_size),
            "client_address": request.client_address,
            "client_hostname": request.client_name,
            "client_port": request.client_port,
            "client_protocol": request.protocol_name,
            "client_helo": request.helo_name,
            "sasl_method": request.sasl_method,
            "sasl_username": request.sasl_username,
            "sasl_sender": request.sasl_sender,
            "queue_id": request.queue_id,
        }

    def expanded(self) -> list[str]:
        """Raises BadMacro."""
        result: list[str] = []
        for argument in self.agent.attributes.command:
            names = set(self._names(argument))
            if names & _PER_RECIPIENT:
                for recipient in self.request.recipients:
                    values = self._of(recipient)
                    if values["user"] or "user" not in names:
                        result.append(self._expand(argument, values | self._common))
            else:
                result.append(self._expand(argument, self._common))
        return result

    def _expand(self, argument: str, values: dict[str, str]) -> str:
        return expand(argument, lambda name, test: values.get(name)).text

    def _names(self, argument: str) -> Iterator[str]:
        log = self.agent.log
        for match in _REFERENCE.finditer(argument):
            if match["dollar"]:
                continue
            name = match["round"] or match["curly"] or match["bare"]
            if match["broken"]:
                log.warning(f'truncated macro reference: "{argument}"')
            elif not name:
                log.warning(f'empty macro name: "{argument}"')
            elif name not in self._common and name not in _PER_RECIPIENT:
                where = f"{self.agent.params.config_directory}/master.cf"
                log.warning(f'file {where}: service {self.agent.service_name}: unknown macro name: "{name}"')
            else:
                yield name
                continue
            raise BadMacro(argument)

    def _of(self, recipient: Recipient) -> dict[str, str]:
        """The values for one recipient."""
        params = self.agent.params
        bare, at, domain = self._folded(recipient.address).rpartition("@")
        if not at:
            self.agent.log.warning(f"no @ in recipient address: {recipient.address}")
            bare, domain = domain, ""
        user, extension = split_extension(
            bare,
            params["recipient_delimiter"],
            owner_request_special=params.bool("owner_request_special"),
            double_bounce_sender=params["double_bounce_sender"],
        )
        return {
            "recipient": self._morphed(recipient.address),
            "original_recipient": self._morphed(recipient.orig_address),
            "user": user,
            "extension": extension or "",
            "mailbox": bare,
            "domain": domain,
        }

    def _morphed(self, address: str) -> str:
        return self._folded(quote_822_local(address) if self.quote else address)

    def _folded(self, address: str) -> str:
        """Lower case for the parts that the flags name."""
        fold: Callable[[str], str] = casefold
        if self.fold_user and self.fold_host:
            return fold(address)
        local, at, domain = address.rpartition("@")
        if not at:
            return fold(domain) if self.fold_user else domain
        return (fold(local) if self.fold_user else local) + at + (fold(domain) if self.fold_host else domain)
