"""Where an address leads, as trivial-rewrite(8) says, remembered for as long as an smtpd(8) process lives."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.mail.address import casefold, quote_822_local, unquote_822_local
from simulator.postfix.daemon import ConnectionLost
from simulator.postfix.lib.connect import connect
from simulator.postfix.lib.resolve_reply import (
    CLASS_ALIAS,
    CLASS_LOCAL,
    CLASS_RELAY,
    CLASS_VIRTUAL,
    FLAG_ERROR,
    FLAG_FAIL,
    FLAG_ROUTED,
)

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd

#: How many answers a process remembers.
CACHE_SIZE = 100
#: Before a question is asked again, in seconds.
_PAUSE = 1.0
_CLASSES = {CLASS_LOCAL: "local", CLASS_ALIAS: "alias", CLASS_VIRTUAL: "virtual", CLASS_RELAY: "relay"}
_FINAL = CLASS_LOCAL | CLASS_ALIAS | CLASS_VIRTUAL


@dataclass(frozen=True, slots=True)
class Destination:
    """An address resolved. `address_class`: local, alias, virtual, relay, or "" for the rest of the world."""

    transport: str
    nexthop: str
    recipient: str
    flags: int
    cause: tuple[tuple[str, str, str], ...] = ()

    @property
    def failed(self) -> bool:
        """A table did not answer."""
        return bool(self.flags & FLAG_FAIL)

    @property
    def is_error(self) -> bool:
        """The address makes no sense."""
        return bool(self.flags & FLAG_ERROR)

    @property
    def routed(self) -> bool:
        """The local part names a further host."""
        return bool(self.flags & FLAG_ROUTED)

    @property
    def is_final(self) -> bool:
        """Mail for it ends here."""
        return bool(self.flags & _FINAL)

    @property
    def address_class(self) -> str:
        return next((name for flag, name in _CLASSES.items() if self.flags & flag), "")


class SmtpdResolve:
    """A cache before the service `rewrite`."""

    def __init__(self, smtpd: Smtpd) -> None:
        self.smtpd = smtpd
        self._cache: OrderedDict[tuple[str, str], Destination] = OrderedDict()

    async def resolve(self, sender: str | None, address: str) -> Destination:
        """Where mail from `sender` to `address` goes. Raises Fatal when there is no such service."""
        key = (sender or "", address)
        known = self._cache.get(key)
        if known is not None:
            self._cache.move_to_end(key)
            return known
        quoted = [await self._local_form(sender or ""), await self._local_form(address)]
        answer = await self._ask("resolve", *quoted)
        found = Destination(answer.transport, answer.nexthop, casefold(answer.recipient), answer.flags, answer.cause)
        self._cache[key] = found
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return found

    async def complete(self, address: str) -> str:
        """The address with a domain: postconf(5) append_at_myorigin. Raises Fatal when there is no such service."""
        return await self._local_form(address)

    async def _local_form(self, address: str) -> str:
        """Completed as an address of this host, not quoted."""
        return unquote_822_local(await self._ask("rewrite", "local", quote_822_local(address))) if address else address

    async def _ask(self, question: str, *words: str) -> Any:
        """One question to the service, until it has an answer: rewrite_clnt(3), resolve_clnt(3). Raises Fatal."""
        name, count = self.smtpd.params["rewrite_service_name"], 0
        while True:
            service = await connect(self.smtpd, name)
            try:
                return getattr(service, question)(*words)
            except ConnectionLost as lost:
                count += 1
                self.smtpd.log.warning(lost.line)
                if count > 1:
                    self.smtpd.log.warning(f"problem talking to service {name}: Success")
            await asyncio.sleep(_PAUSE)
