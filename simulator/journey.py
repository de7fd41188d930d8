"""How messages went: what the trace knows of each queue id, and which queue id became which on the same or the next host.

A message has a queue id on each host. It goes on under another one when SMTP hands it to the next host ("queued as ID"), when
local(8) forwards it as a new message, when postsuper -r requeues it, and when bounce(8) writes a notification about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.net.network import Network
    from simulator.trace import Event, Trace

#: Words for what became of a recipient in one attempt; an event with a recipient and one of these is a delivery.
STATUSES: Final = ("sent", "deferred", "bounced", "SOFTBOUNCE", "deliverable", "undeliverable")
#: A queue id is free for another message after one of these.
_LAST: Final = ("removed", "refused", "discarded", "deleted", "requeued")
#: How far messages are followed, for lists that feed each other.
DEEPEST: Final = 12
_RELAY: Final = re.compile(r"\[([0-9A-Fa-f.:]+)\]:(\d+)$")


@dataclass(slots=True, eq=False)
class Message:
    """One queue id on one host, and what happened to it, oldest first."""

    host: str
    queue_id: str
    events: list[Event] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Has it left the queue?"""
        return any(event.event in _LAST for event in self.events)

    @property
    def opened(self) -> float:
        return self.events[0].when

    def first(self, name: str) -> Event | None:
        """The first event of that name."""
        return next((event for event in self.events if event.event == name), None)

    def all(self, *names: str) -> list[Event]:
        """The events of these names."""
        return [event for event in self.events if event.event in names]

    @property
    def sender(self) -> str:
        """The envelope sender, empty for a notification or when it is not known."""
        return next((str(event.data["sender"]) for event in reversed(self.events) if event.data.get("sender")), "")

    @property
    def message_id(self) -> str:
        queued = self.first("queued")
        return str(queued.data.get("message_id", "")) if queued is not None else ""

    @property
    def deliveries(self) -> list[Event]:
        """Every attempt for every recipient."""
        return [event for event in self.events if event.event in STATUSES and "recipient" in event.data and "relay" in event.data]

    @property
    def recipients(self) -> list[str]:
        """The recipients as the queue manager and the delivery agents knew them, in order of appearance."""
        routed = [event.data["recipient"] for event in self.all("routed")]
        known = [*routed, *(event.data["recipient"] for event in self.deliveries)]
        return list(dict.fromkeys(known or [event.data["recipient"] for event in self.all("accepted")]))

    def outcome_of(self, address: str) -> list[str]:
        """The recipients that an address became by tables of cleanup(8); the only one there is, if nothing is known of it."""
        known = {address.casefold()}
        for event in self.all("mapped"):
            if event.data["key"].casefold() in known:
                known |= {one.strip().casefold() for one in event.data["result"].split(",")}
        found = [name for name in self.recipients if name.casefold() in known]
        return found or (self.recipients if len(self.recipients) == 1 else [])


def names(event: Event) -> set[str]:
    """The recipients that an event names, in lower case; an address also without its domain as it was written."""
    found = (event.data.get(key) for key in ("recipient", "orig_recipient"))
    return {str(name).casefold() for name in found if name}


class Journeys:
    """All messages that a trace knows."""

    def __init__(self, trace: Trace, network: Network) -> None:
        self.messages: list[Message] = []
        #: What smtpd(8) decided before there was a queue id.
        self.unqueued: list[Event] = []
        self._addresses = {address: name for name, host in network.hosts.items() for address in host.addresses if not address.startswith("127.")}
        self._latest: dict[tuple[str, str], list[Message]] = {}
        for event in trace:
            self._add(event)

    def _add(self, event: Event) -> None:
        if not event.queue_id:
            self.unqueued.append(event)
            return
        known = self._latest.setdefault((event.host, event.queue_id), [])
        if not known or known[-1].over:
            known.append(Message(event.host, event.queue_id))
            self.messages.append(known[-1])
        known[-1].events.append(event)

    def host_at(self, address: str, near: str) -> str | None:
        """The host with that IP address, seen from the host `near`."""
        return near if address.startswith("127.") or address == "::1" else self._addresses.get(address)

    def named(self, what: str) -> list[Message]:
        """Messages with this queue id or message-id, oldest first; of a queue id that was used again the last one of each host."""
        by_id = [known[-1] for (_, queue_id), known in self._latest.items() if queue_id == what]
        if by_id:
            return sorted(by_id, key=lambda message: message.opened)
        wanted = what.strip("<>")
        return [message for message in self.messages if wanted and message.message_id.strip("<>") == wanted]

    def at(self, host: str, queue_id: str, when: float) -> Message | None:
        """The message that had this id on a host at that time."""
        known = [message for message in self._latest.get((host, queue_id), ()) if message.opened <= when]
        return known[-1] if known else None

    def next_hop(self, delivery: Event) -> Message | None:
        """What a message that SMTP has handed on is called on the next host of this lab, or None."""
        end = _RELAY.search(str(delivery.data.get("relay", "")))
        if delivery.event != "sent" or end is None:
            return None
        host = self.host_at(end[1], delivery.host)
        if host is None:
            return None
        words = str(delivery.data["reason"]).replace(")", " ").split()
        found = (self.at(host, word, delivery.when) for word in words)
        return next((message for message in found if message is not None), None)

    def forwarded(self, message: Message) -> list[tuple[Event, Message]]:
        """The new messages that local(8) made of it."""
        return list(self._links(message, "forwarded", "new"))

    def notifications(self, message: Message) -> list[tuple[Event, Message]]:
        """What bounce(8) wrote about it."""
        return list(self._links(message, "notified", "notification"))

    def _links(self, message: Message, event_name: str, key: str) -> Iterator[tuple[Event, Message]]:
        for event in message.all(event_name):
            found = self.at(message.host, event.data[key], event.when)
            if found is not None:
                yield event, found

    def followers(self, message: Message) -> list[Message]:
        """What it became: on the next hosts, and as forwarded messages."""
        hops = [self.next_hop(delivery) for delivery in message.deliveries]
        return [one for one in [*hops, *(new for _, new in self.forwarded(message))] if one is not None]

    def origin(self, message: Message) -> Message:
        """The message as it first came into the lab."""
        before = {id(after): earlier for earlier in self.messages for after in self.followers(earlier)}
        for _ in range(DEEPEST):
            if id(message) not in before:
                break
            message = before[id(message)]
        return message

    def whole(self, message: Message) -> list[Message]:
        """The message, what it became, and the notifications about it."""
        found: list[Message] = []
        todo = [message]
        while todo and len(found) < 100:
            one = todo.pop(0)
            if one not in found:
                found.append(one)
                todo += self.followers(one) + [letter for _, letter in self.notifications(one)]
        return found
