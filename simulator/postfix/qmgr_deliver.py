"""Deliveries: connections to delivery agents, what they report, dead transports and destinations. Part of qmgr(8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.mail.dsn import is_dsn
from simulator.postfix.daemon import ServiceUnavailable
from simulator.postfix.lib.delivery import Deferred, DeliveryRequest, Fate
from simulator.postfix.lib.verp import verp_sender
from simulator.postfix.qmgr_message import RETRY
from simulator.postfix.qmgr_transport import Destination, Entry, Transport

if TYPE_CHECKING:
    from simulator.postfix.delivery_agent import DeliveryAgent
    from simulator.postfix.qmgr import Qmgr
    from simulator.postfix.qmgr_message import ActiveMessage

_SUSPENDED: Final = "delivery temporarily suspended: "
_UNAVAILABLE: Final = Deferred("4.3.0", "mail transport unavailable")
_CRASHED: Final = Deferred("4.3.0", "unknown mail transport error")


class Scheduler:
    """All transports, and the deliveries that wait or are under way."""

    def __init__(self, qmgr: Qmgr) -> None:
        self.qmgr = qmgr
        self.transports: dict[str, Transport] = {}
        self._serial = 0
        self.retry_time = qmgr.params.time("transport_retry_time")
        self.dead_time = qmgr.params.time("minimal_backoff_time")

    def transport(self, name: str) -> Transport:
        """The transport of that name."""
        found = self.transports.get(name)
        if found is None:
            found = self.transports[name] = Transport.create(name, self.qmgr.params)
        return found

    def entry(self, message: ActiveMessage, destination: Destination) -> Entry:
        """A new delivery, at the end of what waits for the destination."""
        self._serial += 1
        entry = Entry(message, destination, [], self._serial)
        destination.todo.append(entry)
        message.waiting += 1
        return entry

    def retry_destination(self, reason: Fate) -> Destination | None:
        """Where mail goes that cannot be delivered for this reason now; None if that is dead as well."""
        transport = self.transport(RETRY)
        nexthop = f"{reason.dsn} {reason.text}"
        if transport.dead:
            return None
        destination = transport.destination(nexthop, nexthop)
        return None if destination.dead else destination

    # -- starting deliveries --------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Ask for as many delivery agents as can be used."""
        for transport in list(self.transports.values()):
            while transport.wants_agent():
                self._allocate(transport)

    def _allocate(self, transport: Transport) -> None:
        qmgr = self.qmgr
        transport.pending += 1
        transport.rate_locked = transport.transport_rate_delay > 0
        try:
            service = qmgr.master.service(f"private/{transport.name}")
        except ServiceUnavailable as trouble:
            qmgr.log.warning(f"connect to transport {trouble.path}: {trouble.reason}")
            qmgr.clock.call_soon(self._unreachable, transport)
            return
        service.connect(self._connected, transport)

    def _unreachable(self, transport: Transport) -> None:
        transport.pending -= 1
        self._give_up(transport, _UNAVAILABLE)
        self.qmgr.work()

    def _connected(self, agent: DeliveryAgent, transport: Transport) -> None:
        """A delivery agent is there."""
        if self.qmgr.ended:
            agent.release()
            return
        if transport.transport_rate_delay > 0:
            self.qmgr.clock.call_later(transport.transport_rate_delay, self._deliver, agent, transport)
        else:
            self._deliver(agent, transport)

    def _deliver(self, agent: DeliveryAgent, transport: Transport) -> None:
        transport.pending -= 1
        if agent.ended:
            self.drain()
            return
        entry = None if transport.dead else transport.select()
        if entry is None:
            agent.release()
            return
        entry.destination.busy += 1
        entry.destination.note_start(int(self.qmgr.clock.now))
        agent.take(self._request(entry), self._done, entry)
        self.drain()

    def _request(self, entry: Entry) -> DeliveryRequest:
        message, file = entry.message, entry.message.file
        sender = message.sender
        if message.verp_delimiters:
            sender = verp_sender(message.verp_delimiters, sender, entry.recipients[0])
        smtputf8 = file.size.smtputf8 | (8 if any(not one.address.isascii() for one in entry.recipients) else 0)
        return DeliveryRequest(
            "active",
            message.queue_id,
            entry.destination.nexthop,
            sender,
            entry.recipients,
            file.data,
            file.size.data_offset,
            file.content_length,
            file.attributes.get("encoding", ""),
            smtputf8,
            file.dsn_envid,
            file.dsn_ret,
            message.stamps,
            message.trace_flags | entry.destination.cache_flags,
            *file.facts,
        )

    # -- what became of them --------------------------------------------------------------------------------------------

    def _done(self, entry: Entry, request: DeliveryRequest, crashed: bool) -> None:
        """A delivery agent has reported, or died."""
        qmgr = self.qmgr
        if qmgr.ended:
            return
        destination = entry.destination
        transport, message = destination.transport, entry.message
        reason: Fate | None = request.hop_status
        if crashed:
            qmgr.log.warning(f"private/{transport.name} socket: malformed response")
            reason = _CRASHED
        if crashed or request.deferred:
            message.deferred = True
            if reason is not None and not destination.dead:
                self._failed(destination, reason)
        if not crashed:
            transport.revive()
            if reason is None:
                self._succeeded(destination)
        destination.busy -= 1
        destination.last_done = int(qmgr.clock.now)
        self._pause(destination)
        transport.forget(destination)
        self.finish(entry)

    def _succeeded(self, destination: Destination) -> None:
        if destination.dead:
            destination.revive()
        else:
            destination.more()

    def _failed(self, destination: Destination, reason: Fate) -> None:
        dsn = reason.dsn if is_dsn(reason.dsn) else "4.0.0"
        fate = Deferred(dsn, _SUSPENDED + (reason.text or "unknown error"))
        if not destination.less():
            return
        destination.reason = fate
        destination.revival = self.qmgr.clock.call_later(self.dead_time, self._revive_destination, destination)
        self.qmgr.trace("destination suspended", transport=destination.transport.name, nexthop=destination.nexthop, reason=reason.text)
        self._defer_todo(destination, fate)

    def _pause(self, destination: Destination) -> None:
        """postconf(5) default_destination_rate_delay: a rest between two deliveries."""
        delay = destination.transport.rate_delay
        if delay and not destination.dead and not destination.busy:
            destination.suspended = True
            self.qmgr.clock.call_later(delay, self._resume, destination)

    def _resume(self, destination: Destination) -> None:
        if self.qmgr.ended:
            return
        destination.suspended = False
        destination.window = 1
        destination.transport.forget(destination)
        self.qmgr.work()

    def finish(self, entry: Entry) -> None:
        """The delivery is over; with the last one of a message its fate is decided."""
        message = entry.message
        message.waiting -= 1
        if message.waiting == 0:
            self.qmgr.active.done(message)
        self.qmgr.work()

    # -- giving up for a while ------------------------------------------------------------------------------------------

    def _give_up(self, transport: Transport, reason: Fate) -> None:
        """The transport does not work: what waits for it is deferred, and nothing is tried for transport_retry_time."""
        if not transport.dead:
            transport.reason = reason
            transport.revival = self.qmgr.clock.call_later(self.retry_time, self._revive_transport, transport)
            self.qmgr.trace("transport suspended", transport=transport.name, reason=reason.text)
        for destination in list(transport.destinations.values()):
            self._defer_todo(destination, reason)
            transport.forget(destination)

    def _defer_todo(self, destination: Destination, reason: Fate) -> None:
        retry = self.retry_destination(reason)
        while destination.todo:
            entry = destination.todo.popleft()
            if retry is not None and retry is not destination:
                entry.destination = retry
                retry.todo.append(entry)
                continue
            for recipient in entry.recipients:
                self.qmgr.defer(entry.message, recipient, Deferred(reason.dsn, reason.text))
            self.finish(entry)

    def revive_transport(self, transport: Transport) -> None:
        """Try the transport again."""
        transport.revive()

    def _revive_transport(self, transport: Transport) -> None:
        if not self.qmgr.ended:
            transport.revive()
            self.qmgr.work()

    def _revive_destination(self, destination: Destination) -> None:
        if not self.qmgr.ended:
            destination.revive()
            destination.transport.forget(destination)
            self.qmgr.work()

    def revive_all(self) -> None:
        """postqueue -f: forget which transports and destinations are dead."""
        for transport in self.transports.values():
            if transport.dead:
                transport.revive()
            for destination in list(transport.destinations.values()):
                if destination.dead:
                    destination.revive()
                    transport.forget(destination)
