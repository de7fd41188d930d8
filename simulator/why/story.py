"""Steps of a recipient's story: events of the trace in the order in which one tells them, with the lines that decided."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.journey import DEEPEST, Journeys, Message, names
from simulator.why.source import Line, Sources
from simulator.why.texts import CLASSES, RESTRICTIONS, WORDS, pick

if TYPE_CHECKING:
    from simulator.lab import Lab
    from simulator.trace import Event

#: How far back a refusal by the next host may lie before the client reports it, in virtual seconds.
_REFUSAL_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence: what happened (a key of texts.SENTENCES), the facts in it, and the lines that decided it."""

    when: float
    host: str
    kind: str
    facts: dict[str, Any]
    causes: tuple[Line, ...] = ()


def clock_time(when: float) -> str:
    """Virtual time as `24 Nov 09:05:03`."""
    return time.strftime("%d %b %H:%M:%S", time.gmtime(when))


class Teller:
    """Tells stories of one lab, in one language."""

    def __init__(self, lab: Lab, language: str) -> None:
        self.lab = lab
        self.language = language
        self.journeys = Journeys(lab.trace, lab.network)
        self._sources: dict[str, Sources] = {}

    def word(self, name: str, **facts: Any) -> str:
        return pick(WORDS[name], self.language).format(**facts)

    def source(self, host: str) -> Sources:
        """The configuration files of a host."""
        if host not in self._sources:
            self._sources[host] = Sources(self.lab.hosts[host])
        return self._sources[host]

    def _step(self, event: Event, kind: str = "", causes: Sequence[Line | None] = (), **facts: Any) -> Step:
        everything = event.data | {"host": event.host, "daemon": event.daemon, "queue_id": event.queue_id} | facts
        return Step(event.when, event.host, kind or event.event, everything, tuple(line for line in causes if line is not None))

    def client(self, address: str) -> str:
        """A client by its host's name and address."""
        host = self.journeys.host_at(address, "")
        return f"{self.lab.hosts[host].hostname}[{address}]" if host else f"[{address}]"

    # -- a message ------------------------------------------------------------------------------------------------------

    def message(self, message: Message, recipient: str, depth: int = 0) -> Iterator[Step]:
        """What happened to a message for one of its recipients, here and on the hosts behind."""
        if depth == 0 or message.first("receiving") is not None:
            yield self._arrival(message)
        yield from self._allowed(message, recipient)
        yield from self._changed(message, recipient)
        yield from self._routed(message, recipient)
        yield from self._local(message, recipient)
        yield from self._fates(message, recipient, depth)
        if depth < DEEPEST:
            for event, new in self.journeys.forwarded(message):
                if event.data["recipient"] == recipient:
                    yield self._step(event)
                    for member in new.recipients:
                        yield from self.message(new, member, depth + 1)
        yield from self._end(message)

    def _arrival(self, message: Message) -> Step:
        event = message.first("picked up")
        if event is not None:
            user = self.lab.hosts[message.host].users.by_uid(event.data["uid"])
            return self._step(event, user=user.name if user else self.word("somebody", uid=event.data["uid"]))
        event = message.first("receiving")
        if event is not None:
            return self._step(event, client=self.client(event.data["client"]))
        return self._step(message.events[0], "internal")

    def _allowed(self, message: Message, recipient: str) -> Iterator[Step]:
        """Who let it in: the decision of the relay restrictions on this recipient."""
        received = message.first("receiving")
        if received is None:
            return
        asked = {recipient.casefold()}.union(*(names(event) for event in message.deliveries if event.data["recipient"] == recipient))
        for event in self._decisions("permitted", message.host, received.data["client"], message.opened + 1):
            if event.data["parameter"] == "smtpd_relay_restrictions" and names(event) & asked:
                facts = {"client": self.client(event.data["client"]), "restriction": self._meaning(event)}
                yield self._step(event, "permitted", self._restriction(event), **facts)
                return

    def _decisions(self, name: str, host: str, client: str, until: float) -> Iterator[Event]:
        """Decisions of smtpd(8) on a host about a client, the latest first."""
        events = (event for message in self.journeys.messages if message.host == host for event in message.all(name))
        everything = itertools.chain(events, (event for event in self.journeys.unqueued if event.event == name and event.host == host))
        own = [event for event in everything if event.data.get("client") == client and until - _REFUSAL_SECONDS <= event.when <= until]
        return iter(sorted(own, key=lambda event: -event.when))

    def _meaning(self, event: Event) -> str:
        restriction = str(event.data.get("restriction", event.data.get("parameter", "")))
        meaning = RESTRICTIONS.get(restriction.lower())
        return f"{restriction} ({pick(meaning, self.language)})" if meaning else restriction

    def _restriction(self, event: Event) -> tuple[Line | None, ...]:
        """The lines behind a decision of smtpd(8): the list, what it names, the table's entry."""
        source, data = self.source(event.host), event.data
        service = str(data.get("service", ""))
        lines: list[Line | None] = [source.parameter(data["parameter"], service)] if data.get("parameter") else []
        if data.get("restriction") == "permit_mynetworks":
            lines.append(source.parameter("mynetworks", service))
        table = data.get("table", "")
        if table and ":" not in table:
            lines.append(source.parameter(table, service))
        if table and data.get("value"):
            lines.append(source.entry(table, data["key"]))
        return tuple(lines)

    def refusal(self, event: Event) -> Iterator[Step]:
        """A decision of smtpd(8) against a recipient, and who made it."""
        kind = "rejected" if event.event == "rejected" else "would have rejected"
        client = self.client(event.data["client"])
        yield self._step(event, kind, client=client)
        decided = "decided" if not event.data.get("table") else "decided by table" if event.data.get("value") else "not in table"
        yield self._step(event, decided, self._restriction(event), client=client, restriction=self._meaning(event))

    def _changed(self, message: Message, recipient: str) -> Iterator[Step]:
        """How cleanup(8) came to this recipient, and what else it did."""
        source = self.source(message.host)
        for event in message.all("mapped"):
            if event.data["kind"] == "envelope_sender":
                yield self._step(event, "mapped sender", self._table(source, event))
        way: list[Event] = []
        wanted = recipient.casefold()
        for event in reversed(message.all("mapped", "copied")):
            results = [one.strip().casefold() for one in event.data["result"].split(",")]
            if event.data.get("kind", "envelope_recipient") == "envelope_recipient" and wanted in results:
                way.insert(0, event)
                wanted = event.data["key"].casefold()
        for event in way:
            if event.data["key"] != event.data["result"]:
                yield self._step(event, causes=self._table(source, event))
        for event in message.events:
            if event.event.startswith("content "):
                action = event.event.removeprefix("content ")
                yield self._step(event, "content", self._table(source, event, "text"), action=action.upper())

    @staticmethod
    def _table(source: Sources, event: Event, key: str = "key") -> tuple[Line | None, ...]:
        title = event.data["table"]
        return source.parameter(title), source.entry(title, event.data[key])

    # -- where to -------------------------------------------------------------------------------------------------------

    def _routed(self, message: Message, recipient: str) -> Iterator[Step]:
        """The first answer of trivial-rewrite(8), and later ones that differ."""
        last: tuple[Any, ...] = ()
        for event in message.all("routed"):
            if event.data["recipient"] != recipient:
                continue
            answer = (event.data["transport"], event.data["nexthop"], event.data["cause"])
            if answer != last:
                yield from self._route(event)
            last = answer

    def _route(self, event: Event) -> Iterator[Step]:
        source, data = self.source(event.host), event.data
        domain, listed = data["recipient"].rpartition("@")[2], data["address_class"]
        if listed:
            meaning = pick(CLASSES[listed], self.language)
            yield self._step(event, "class", (source.parameter(listed),), domain=domain, parameter=listed, meaning=meaning)
        elif not data["cause"] or data["cause"][0][0] not in ("content_filter", "defer_transports"):
            yield self._step(event, "class default", domain=domain)
        special = [cause for cause in data["cause"] if cause[0] not in ("local_transport", "virtual_alias_domains")]
        for parameter, key, value in special:
            yield from self._named(event, parameter, key, value, alone=len(special) == 1)

    def _named(self, event: Event, parameter: str, key: str, value: str, alone: bool) -> Iterator[Step]:
        """One of the settings that name transport and next hop."""
        source, data = self.source(event.host), event.data
        bare = parameter.removeprefix("address_verify_")
        facts = {"parameter": parameter, "value": value}
        lines = (source.parameter(parameter), source.entry(parameter, key) if key else None)
        if bare in ("default_transport", "relay_transport") and ":" not in value:
            if alone:
                yield self._step(event, "by MX", (source.parameter("relayhost"),), **facts)
        elif bare == "relocated_maps":
            yield self._step(event, "moved", lines, **facts)
        elif bare == "defer_transports":
            yield self._step(event, "put off", lines, **facts)
        elif bare.endswith("relayhost") or bare == "sender_dependent_relayhost_maps":
            outvoted = any(cause[0].endswith("transport_maps") for cause in data["cause"]) and data["nexthop"] != value
            yield self._step(event, "outvoted" if outvoted else "next hop", lines, **facts, nexthop=value)
        else:
            yield self._step(event, "transport", lines, **facts, nexthop=data["nexthop"])

    def _local(self, message: Message, recipient: str) -> Iterator[Step]:
        """What local(8) and virtual(8) found: aliases, lists, files, mailboxes; once for all attempts."""
        source = self.source(message.host)
        told: set[tuple[str, str]] = set()
        members = {recipient.casefold()}
        for event in message.all("aliased", "forward file", "include file", "mailbox"):
            data = event.data
            key = (event.event, str(data.get("path", data.get("result"))))
            if key in told or data["recipient"].casefold() not in members:
                continue
            told.add(key)
            if event.event == "aliased":
                members |= {word.strip().casefold() for word in data["result"].split(",")}
                members |= {f"{word}@{recipient.rpartition('@')[2]}".casefold() for word in list(members) if "@" not in word}
                yield self._step(event, causes=(source.entry(data["table"], data["key"]),))
            elif event.event == "mailbox":
                entry = source.entry(data["parameter"], data["key"]) if data["parameter"].endswith("_maps") else None
                yield self._step(event, causes=(source.parameter(data["parameter"]), entry))
            else:
                result = ", ".join(str(data.get("result", "")).split("\n")).strip(", ")
                yield self._step(event, causes=(Line(data["path"], 1, result),) if result else (), result=result)

    # -- what became of it ----------------------------------------------------------------------------------------------

    def _fates(self, message: Message, recipient: str, depth: int) -> Iterator[Step]:
        own = [event for event in message.deliveries if event.data["recipient"] == recipient or recipient.casefold() in names(event)]
        if not own:
            own = message.deliveries if len(message.recipients) <= 1 else []
        if not own and not message.over:
            kind = "on hold" if message.first("queued") and message.all("queued")[-1].data["queue"] == "hold" else "not tried"
            yield self._step(message.events[-1], kind)
        for _, group in itertools.groupby(own, key=lambda event: (event.event, event.data["reason"])):
            yield from self._fate(message, list(group), depth)

    def _fate(self, message: Message, attempts: list[Event], depth: int) -> Iterator[Step]:
        event, kind = attempts[-1], attempts[-1].event
        if kind == "sent" and any(forward.data["new"] in event.data["reason"] for forward in message.all("forwarded")):
            return  # told as the new message
        first, last = clock_time(attempts[0].when), clock_time(event.when)
        times = self.word("once", first=first) if len(attempts) == 1 else self.word("often", count=len(attempts), first=first, last=last)
        if kind == "sent" and event.data["relay"].endswith(tuple("0123456789")):
            kind = "sent on"
        reason = event.data["reason"].rstrip(".")
        yield self._step(event, kind, times=times, reason=reason, daemon=f"{event.daemon}(8)")
        if kind == "bounced" and event.daemon == "local" and event.data["dsn"] == "5.1.1":
            source, user = self.source(event.host), event.data["recipient"].rpartition("@")[0]
            yield self._step(event, "no such user", (source.parameter("alias_maps"), source.parameter("luser_relay")), user=user)
        if kind in ("deferred", "bounced"):
            yield from self._remote(event)
        after = self.journeys.next_hop(event) if depth < DEEPEST else None
        if after is not None:
            for name in after.outcome_of(event.data["recipient"]):
                yield from self.message(after, name, depth + 1)

    def _remote(self, event: Event) -> Iterator[Step]:
        """What a host of this lab had against it, if it was one."""
        own = {address for address in self.lab.network.hosts[event.host].addresses if not address.startswith("127.")}
        for name in self.lab.hosts:
            for address in sorted(own):
                for refusal in self._decisions("rejected", name, address, event.when):
                    if event.data["recipient"].casefold() in names(refusal):
                        yield from self.refusal(refusal)
                        return

    def _end(self, message: Message) -> Iterator[Step]:
        """What happened to the message as a whole, in the order of time."""
        yield from sorted(self._endings(message), key=lambda step: step.when)
        postponed = message.all("postponed")
        if postponed and not message.over:
            due = postponed[-1].when + postponed[-1].data["delay"]
            yield self._step(postponed[-1], "next attempt", when=clock_time(due))

    def _endings(self, message: Message) -> Iterator[Step]:
        source = self.source(message.host)
        for event in message.all("expired", "held", "released", "deleted", "requeued", "told to expire", "refused", "discarded"):
            if event.event == "expired" and event.data["status"] == "expired":
                days = event.data["age"] / 86400
                yield self._step(event, causes=(source.parameter(event.data["parameter"]),), age=f"{days:.1f} d")
            else:
                yield self._step(event, event.data.get("status", event.event))
        for event, letter in self.journeys.notifications(message):
            fate = ", ".join(dict.fromkeys(delivery.event for delivery in letter.deliveries)) or self.word("waiting")
            yield self._step(event, fate=fate, recipient=event.data["recipient"] or message.sender)
