"""smtpd(8) as a client of verify(8): does the next host take mail for an address? ADDRESS_VERIFICATION_README."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from simulator.postfix.daemon import ServiceUnavailable
from simulator.postfix.verify import BOUNCED, DEFERRED, DELIVERABLE, UNKNOWN

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd

_WORDS = {DELIVERABLE: "ok", DEFERRED: "defer", BOUNCED: "bounce", UNKNOWN: "todo"}
#: The time stamp of a sender with address_verify_sender_ttl is written with these digits.
_BASE = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


class Probes:
    """What one smtpd(8) process asks about addresses."""

    def __init__(self, smtpd: Smtpd) -> None:
        self.smtpd = smtpd
        self._sender: str | None = None

    async def verify(self, address: str) -> tuple[str, str]:
        """("ok", "defer", "bounce", "todo" or "unavailable", why). Waits for a probe that is under way, but not for long."""
        smtpd = self.smtpd
        polls, delay = smtpd.params.int("address_verify_poll_count"), smtpd.params.time("address_verify_poll_delay")
        for count in range(1, max(polls, 1) + 1):
            try:
                status, why = smtpd.call(smtpd.params["address_verify_service_name"]).query(address)
            except ServiceUnavailable:
                return "unavailable", ""
            if status != UNKNOWN or count >= polls:
                break
            await asyncio.sleep(delay)
        return _WORDS[status], why

    async def own_sender(self, address: str) -> str | None:
        """The sender of this host's own probes, without its time stamp, if the address is one; else None."""
        name = self.smtpd.params["address_verify_sender"]
        if name in ("", "<>"):
            return None if address else ""
        if self._sender is None:
            self._sender = await self.smtpd.resolver.complete(name)
        local, at, domain = self._sender.partition("@")
        their_local, their_at, their_domain = address.partition("@")
        if (their_at, their_domain.casefold()) != (at, domain.casefold()) or not their_local.casefold().startswith(local.casefold()):
            return None
        return self._sender if self._in_time(their_local[len(local) :]) else None

    def _in_time(self, stamp: str) -> bool:
        """postconf(5) address_verify_sender_ttl."""
        seconds = self.smtpd.params.time("address_verify_sender_ttl")
        if not seconds:
            return not stamp
        if not re.fullmatch(f"[{_BASE}]+", stamp):
            return False
        number = 0
        for digit in stamp[:20]:
            number = number * len(_BASE) + _BASE.index(digit)
        return abs(number - int(self.smtpd.clock.now) // seconds) <= 1
