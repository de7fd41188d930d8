"""NAME
    verify - Postfix address verification server

SYNOPSIS
    verify    unix  -       -       y       -       1       verify

DESCRIPTION
    Knows of addresses whether mail to them can be delivered. For one that it does not know it sends a probe: a message
    without content that delivery agents treat as if they delivered it, and whose fate they report here.

    query(address)           (status, text): 0 deliverable, 1 deferred, 2 undeliverable, 3 not known yet
    update(address, fate)    what became of a probe

    address_verify_positive_expire_time and the like say how long an answer holds and when it is looked after again.

LOG
    cache btree:/var/lib/postfix/verify_cache full cleanup: retained=3 dropped=1 entries

FILES
    /var/lib/postfix/verify_cache.db

DIFFERS FROM POSTFIX
    address_verify_map may be a hash: or btree: file; with other types the answers are kept as long as the process lives.
"""

from __future__ import annotations

from typing import ClassVar, Final

from simulator.postfix.daemon import Daemon, request
from simulator.postfix.lib.delivery import MTA_VERIFY, Deferred, Fate, Sent
from simulator.postfix.lib.post_mail import PostMail
from simulator.postfix.lib.printable import printable
from simulator.postfix.verify_cache import Verdict, VerdictCache

DELIVERABLE: Final = 0
DEFERRED: Final = 1
BOUNCED: Final = 2
UNKNOWN: Final = 3

#: A probe that was not answered within this time is lost.
_PROBE_SECONDS: Final = 1000

_NEW: Final = Verdict(UNKNOWN, 0, 0, "Address verification in progress")


class Verify(Daemon):
    """The service verify."""

    program: ClassVar[str] = "verify"
    process_limit: ClassVar[int | None] = 1
    multi: ClassVar[bool] = True

    def start(self) -> None:
        params = self.params
        self.cache = VerdictCache(self, params["address_verify_map"])
        self.negative_cache = params.bool("address_verify_negative_cache")
        prefix = "address_verify_{}_{}_time"
        self.expire = {kind: params.time(prefix.format(kind, "expire")) for kind in ("positive", "negative")}
        self.refresh = {kind: params.time(prefix.format(kind, "refresh")) for kind in ("positive", "negative")}
        self.interval = params.time("address_verify_cache_cleanup_interval")
        if not params["address_verify_map"] or not self.interval:
            return
        last = self.cache.cleaned
        if last is None or last + self.interval <= self.clock.now:
            self._clean()
        else:
            self.clock.call_at(last + self.interval, self._clean)

    def _clean(self) -> None:
        """Forget old verdicts, from time to time: dict_cache(3)."""
        if self.ended:
            return
        now = int(self.clock.now)
        known = list(self.cache.items())
        old = [address for address, one in known if now - one.probed >= _PROBE_SECONDS and self._older(one, self.expire)]
        self.cache.remove(old)
        counts = f"retained={len(known) - len(old)} dropped={len(old)} entries"
        self.log.info(f"cache {self.params['address_verify_map']} full cleanup: {counts}")
        self.cache.cleaned = now
        self.clock.call_later(self.interval, self._clean)

    def _older(self, verdict: Verdict, limits: dict[str, int]) -> bool:
        kind = "positive" if verdict.status == DELIVERABLE else "negative"
        return verdict.updated + limits[kind] < int(self.clock.now)

    @request
    def query(self, address: str) -> tuple[int, str]:
        """The verdict on an address; a probe is sent if it is not known or old."""
        key, now = address.replace(":", "_"), int(self.clock.now)
        known = self.cache.get(key)
        verdict = known or _NEW
        if known is not None and now - known.probed > _PROBE_SECONDS and self._older(known, self.expire):
            verdict = _NEW
            if not self.negative_cache:
                self.cache.remove([key])
        if now - verdict.probed > _PROBE_SECONDS and self._older(verdict, self.refresh):
            if verdict.updated or self.negative_cache:
                self.cache.put(key, Verdict(verdict.status, now, verdict.updated, verdict.text))
            self.clock.call_later(self.master.pace.of("connect"), self._probe, address)
        return verdict.status, verdict.text

    def _probe(self, address: str) -> None:
        letter = PostMail.open(self, self._sender(), address, "verify", MTA_VERIFY)
        if letter is not None:
            letter.close()

    def _sender(self) -> str:
        sender = self.params["address_verify_sender"]
        if not sender or sender == "<>":
            return ""
        if "@" in sender:
            return sender
        completed: str = self.call(self.params["rewrite_service_name"]).rewrite("local", sender)
        return completed

    @request
    def update(self, address: str, fate: Fate) -> None:
        """A probe has arrived somewhere. A failure does not replace a good verdict that still holds."""
        key = address.replace(":", "_")
        status = DELIVERABLE if isinstance(fate, Sent) else DEFERRED if isinstance(fate, Deferred) else BOUNCED
        known = self.cache.get(key)
        if status == DELIVERABLE or known is None or known.status != DELIVERABLE:
            self.cache.put(key, Verdict(status, 0, int(self.clock.now), printable(fate.text)))
