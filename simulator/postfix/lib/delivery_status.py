"""What happens when the fate of a recipient is known: the log line, and a word to bounce(8), defer, trace, verify or flush(8).

One reporter a process. `report` returns True when the recipient is done with (delivered, or in the bounce log), False when
the recipient stays in the queue. Order and texts: bounce(3), defer(3), sent(3), trace(3), verify(3) of the real library.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from simulator.mail.dsn import is_dsn
from simulator.postfix.lib import log_lines
from simulator.postfix.lib.delivery import (
    MTA_VERIFY,
    NOTIFY_DELAY,
    NOTIFY_SUCCESS,
    RECORD,
    RECORD_DELAYED,
    USER_VERIFY,
    Bounced,
    Deferred,
    DeliveryRequest,
    Fate,
    Recipient,
    Sent,
    Stamps,
)
from simulator.postfix.lib.service_client import ConnectionLost, ServiceUnavailable

if TYPE_CHECKING:
    from simulator.postfix.daemon import Daemon

_DEFAULTS = {"2": "2.0.0", "4": "4.0.0", "5": "5.0.0"}
_NAMES = {"2": "sent", "4": "defer_append", "5": "bounce_append"}
_ACTIONS = {"2": "delivered", "4": "delayed", "5": "failed"}
_BY_DIGIT: dict[str, type[Fate]] = {"2": Sent, "4": Deferred, "5": Bounced}


class StatusFilter(Protocol):
    """postconf(5) default_delivery_status_filter: a table from "status reason" to the same, changed."""

    title: str

    def find(self, key: str) -> str | None: ...


class Reporter:
    """Reports the fates of recipients in the name of one daemon process."""

    def __init__(self, daemon: Daemon, status_filter: StatusFilter | None = None) -> None:
        self.daemon = daemon
        self.status_filter = status_filter
        params = daemon.params
        self.soft_bounce = params.bool("soft_bounce")
        self.address_form = params["info_log_address_format"]
        self.decimals = params.int("delay_logging_resolution_limit")
        self.keep_negative_probes = params.bool("address_verify_negative_cache")

    # -- the front door -------------------------------------------------------------------------------------------------

    def report(self, flags: int, queue_id: str, stamps: Stamps, recipient: Recipient, fate: Fate, clean: bool = False) -> bool:
        """The recipient's fate is this. `clean`: cleanup(8) asks; without a bounce log there is no queue file either."""
        fate = self._filtered(self._sane(fate))
        if flags & MTA_VERIFY:
            return self._verify(queue_id, stamps, recipient, fate)
        if flags & USER_VERIFY:
            action = "deliverable" if isinstance(fate, Sent) else "undeliverable"
            return self.trace(flags, queue_id, stamps, recipient, fate.acting(action))
        if isinstance(fate, Sent):
            return self._sent(flags, queue_id, stamps, recipient, fate)
        if isinstance(fate, Bounced):
            return self._bounced(flags, queue_id, stamps, recipient, fate, clean)
        return self._deferred(flags, queue_id, stamps, recipient, fate)

    def _sane(self, fate: Fate) -> Fate:
        if is_dsn(fate.dsn) and fate.dsn[0] == fate.digit:
            return fate
        self.daemon.log.warning(f'{_NAMES[fate.digit]}: ignoring dsn code "{fate.dsn}"')
        return replace(fate, dsn=_DEFAULTS[fate.digit])

    def _filtered(self, fate: Fate) -> Fate:
        if self.status_filter is None:
            return fate
        found = self.status_filter.find(f"{fate.dsn} {fate.text}")
        if found is None:
            return fate
        dsn, _, text = found.partition(" ")
        allowed = "2" if isinstance(fate, Sent) else "45"
        if not is_dsn(dsn) or dsn[0] not in allowed:
            self.daemon.log.warning(f"{self.status_filter.title}: bad status code: {found}")
            return fate
        return _BY_DIGIT[dsn[0]](dsn, text.strip(), fate.relay, fate.diagnostic, fate.mta, fate.action if isinstance(fate, Sent) else "")

    def log(self, queue_id: str, stamps: Stamps, recipient: Recipient, fate: Fate, status: str) -> None:
        """Write the delivery line and note the event."""
        daemon = self.daemon
        daemon.log.info(
            log_lines.delivery(
                queue_id, recipient, fate.relay, stamps, daemon.clock.now, fate.dsn, status, fate.text, self.address_form, self.decimals
            )
        )
        daemon.trace(
            status, queue_id, recipient=recipient.address, orig_recipient=recipient.orig_address, relay=fate.relay, dsn=fate.dsn, reason=fate.text,
            delays=log_lines.delays(stamps, daemon.clock.now, self.decimals),
        )

    # -- delivered ------------------------------------------------------------------------------------------------------

    def _sent(self, flags: int, queue_id: str, stamps: Stamps, recipient: Recipient, fate: Fate) -> bool:
        fate = fate.acting(fate.action or "delivered")
        delayed_too = flags & RECORD_DELAYED and (not recipient.dsn_notify or recipient.dsn_notify & NOTIFY_DELAY)
        recorded = not (flags & RECORD or delayed_too) or self.trace(flags, queue_id, stamps, recipient, fate)
        recorded = recorded and (not recipient.dsn_notify & NOTIFY_SUCCESS or self.trace(flags, queue_id, stamps, recipient, fate))
        if not recorded:
            name = self.daemon.params["trace_service_name"]
            text = f"{queue_id}: {name} service failed"
            return self._deferred(flags, queue_id, stamps, recipient, Deferred("4.3.0", text, fate.relay))
        self.log(queue_id, stamps, recipient, fate, "sent")
        return True

    # -- returned -------------------------------------------------------------------------------------------------------

    def _bounced(self, flags: int, queue_id: str, stamps: Stamps, recipient: Recipient, fate: Fate, clean: bool) -> bool:
        if self.soft_bounce and clean:
            return False
        if self.soft_bounce:
            fate = replace(fate, dsn="4" + fate.dsn[1:], action="delayed")
        else:
            fate = fate.acting("failed")
        name = self.daemon.params["defer_service_name" if self.soft_bounce else "bounce_service_name"]
        done = self.append(name, flags, queue_id, recipient, fate)
        done = done and (not flags & RECORD or self.trace(flags, queue_id, stamps, recipient, fate))
        if done:
            self.log(queue_id, stamps, recipient, fate, "SOFTBOUNCE" if self.soft_bounce else "bounced")
            return not self.soft_bounce
        if not clean:
            self._service_failure(flags, queue_id, stamps, recipient, fate)
        return False

    def report_one(self, request: DeliveryRequest, sender: str, envid: str, ret: int, recipient: Recipient, fate: Fate) -> bool:
        """Like `report`, but a bounce is sent at once to `sender`, the owner of a mailing list: bounce_one(3)."""
        flags, queue_id, stamps = request.flags, request.queue_id, request.stamps
        fate = self._filtered(self._sane(fate))
        if flags & (MTA_VERIFY | USER_VERIFY) or self.soft_bounce or not isinstance(fate, Bounced):
            return self.report(flags, queue_id, stamps, recipient, fate)
        fate = fate.acting("failed")
        done = self._notify_one(request, sender, envid, ret, recipient, fate)
        done = done and (not flags & RECORD or self.trace(flags, queue_id, stamps, recipient, fate))
        if done:
            self.log(queue_id, stamps, recipient, fate, "bounced")
        else:
            self._service_failure(flags, queue_id, stamps, recipient, fate)
        return done

    def _notify_one(self, request: DeliveryRequest, sender: str, envid: str, ret: int, recipient: Recipient, fate: Fate) -> bool:
        try:
            bounce = self.daemon.call(self.daemon.params["bounce_service_name"])
            queue, queue_id = request.queue_name, request.queue_id
            return bool(bounce.one(queue, queue_id, request.encoding, request.smtputf8, sender, envid, ret, recipient, fate))
        except ServiceUnavailable as trouble:
            return self._failed(trouble)

    def _failed(self, trouble: ServiceUnavailable) -> bool:
        """Always False, after a warning. A service that is only slow makes its client wait: raises ServiceUnavailable."""
        if isinstance(trouble, ConnectionLost):
            self.daemon.log.warning(trouble.line)
        elif trouble.reason:
            self.daemon.log.warning(f"connect to {trouble.path}: {trouble.reason}")
        else:
            raise trouble
        return False

    def _service_failure(self, flags: int, queue_id: str, stamps: Stamps, recipient: Recipient, fate: Fate) -> None:
        params = self.daemon.params
        text = f"{params['bounce_service_name']} or {params['trace_service_name']} service failure"
        self._deferred(flags, queue_id, stamps, recipient, Deferred("4.3.0", text, fate.relay))

    # -- still waiting --------------------------------------------------------------------------------------------------

    def _deferred(self, flags: int, queue_id: str, stamps: Stamps, recipient: Recipient, fate: Fate) -> bool:
        daemon = self.daemon
        fate = fate.acting("delayed")
        name = daemon.params["defer_service_name"]
        if not self.append(name, flags, queue_id, recipient, fate):
            daemon.log.warning(f"{queue_id}: {name} service failure")
        self.log(queue_id, stamps, recipient, fate, "deferred")
        if flags & RECORD and not self.trace(flags, queue_id, stamps, recipient, fate):
            daemon.log.warning(f"{queue_id}: {daemon.params['trace_service_name']} service failure")
        if recipient.domain:
            self._note_for_flush(recipient.domain, queue_id)
        return False

    def _note_for_flush(self, domain: str, queue_id: str) -> None:
        daemon = self.daemon
        name = daemon.params["flush_service_name"]
        try:
            if not daemon.flushes(domain):
                return
            daemon.call(name).add(domain, queue_id)
        except ServiceUnavailable:
            daemon.log.warning(f"{queue_id}: {name} service failure")

    # -- helpers of the three -------------------------------------------------------------------------------------------

    def append(self, service: str, flags: int, queue_id: str, recipient: Recipient, fate: Fate) -> bool:
        """Ask bounce(8), under its name `bounce`, `defer` or `trace`, to add a record to that log."""
        try:
            return bool(self.daemon.call(service).append(flags, queue_id, recipient, fate))
        except ServiceUnavailable as trouble:
            return self._failed(trouble)

    def trace(self, flags: int, queue_id: str, stamps: Stamps, recipient: Recipient, fate: Fate) -> bool:
        """Add to the trace log; a user's address probe is logged as well."""
        name = self.daemon.params["trace_service_name"]
        told = fate if fate.relay == "none" else replace(fate, text=f"delivery via {fate.relay}: {fate.text}")
        if not self.append(name, flags, queue_id, recipient, told):
            self.daemon.log.warning(f"{queue_id}: {name} service failure")
            return False
        if flags & USER_VERIFY:
            self.log(queue_id, stamps, recipient, fate, fate.action)
        return True

    def _verify(self, queue_id: str, stamps: Stamps, recipient: Recipient, fate: Fate) -> bool:
        good = isinstance(fate, Sent)
        status = "deliverable" if good else "undeliverable"
        if not good and not self.keep_negative_probes:
            self.log(queue_id, stamps, recipient, fate, "undeliverable-but-not-cached")
            return True
        name = self.daemon.params["address_verify_service_name"]
        try:
            verify = self.daemon.call(name)
            for address in dict.fromkeys(filter(None, (recipient.orig_address, recipient.address))):
                verify.update(address, fate)
        except ServiceUnavailable:
            self.daemon.log.warning(f"{queue_id}: {name} service failure")
            return False
        self.log(queue_id, stamps, recipient, fate, status)
        return True


def default_action(fate: Fate) -> str:
    """RFC 3464 2.3.3 for a fate that names no action of its own."""
    return fate.action or _ACTIONS[fate.digit]
