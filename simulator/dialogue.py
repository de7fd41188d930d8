"""What two hosts said to each other: the SMTP conversation of a hop, from the bytes on the wire.

    print(lab.dialogue("8D0AE4125D"))          # the hop by which a message left or came, by its queue id there
    print(lab.dialogue("client", "hub"))       # the last conversation between two hosts

C: is what the client said, S: what the server answered. What is said after STARTTLS is shown as the programs read it; on the
wire nobody could.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.journey import Journeys, Message
from simulator.mail.message import decode

if TYPE_CHECKING:
    from simulator.lab import Lab
    from simulator.net.transport import Transcript

#: Lines of a message's text that are shown; the rest is counted.
_MESSAGE_LINES: Final = 12
#: The first byte of a TLS record is its type, the next one the major version 3: RFC 8446 5.1.
_TLS_RECORDS: Final = frozenset((20, 21, 22, 23))
_REPLY: Final = re.compile(r"\d\d\d([ -]|$)")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line. `side` is "C" or "S", or "" for a remark; `secret`: it went over the wire encrypted."""

    when: float
    side: str
    text: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation: the hosts of its two ends, and what was said."""

    client: str
    server: str
    port: int
    opened: float
    lines: tuple[Spoken, ...]

    def replies(self) -> list[str]:
        """The reply codes of the server, in order; a reply of several lines counts once."""
        return [line.text[:3] for line in self.lines if line.side == "S" and _REPLY.match(line.text) and line.text[3:4] != "-"]

    @property
    def encrypted(self) -> bool:
        return any(line.secret for line in self.lines)

    def __str__(self) -> str:
        head = f"{self.client} -> {self.server}, port {self.port}, {time.strftime('%d %b %H:%M:%S', time.gmtime(self.opened))}"
        return "\n".join([head, *(f"{line.side}: {line.text}" if line.side else f"   --- {line.text} ---" for line in self.lines)])

    def _repr_markdown_(self) -> str:
        return f"```\n{self}\n```"


def find_dialogue(lab: Lab, subject: str = "", to: str = "") -> Dialogue:
    """See `Lab.dialogue`. Raises LookupError."""
    for host in (subject, to) if to else ():
        if host not in lab.hosts:
            raise LookupError(f"no host {host!r} in this lab")
    spoken = [one for one in lab.network.transcripts if one.segments and _is_smtp(one)]
    if subject and subject not in lab.hosts:
        spoken = _of_message(lab, subject, spoken)
    elif to:
        spoken = [one for one in spoken if (one.client, one.server) == (subject, to)]
    elif subject:
        spoken = [one for one in spoken if subject in (one.client, one.server)]
    if not spoken:
        raise LookupError(f"no SMTP conversation of {subject or 'any host'}{' with ' + to if to else ''}")
    return _dialogue(lab, spoken[-1])


def _is_smtp(one: Transcript) -> bool:
    if _is_tls(one.segments[0][2]):
        return one.remote.port == 465
    greeting = next((data for _, mark, data in one.segments if mark == "<"), b"")
    return _REPLY.match(decode(greeting[:4])) is not None


def _is_tls(data: bytes) -> bool:
    return len(data) > 2 and data[0] in _TLS_RECORDS and data[1] == 3


def _of_message(lab: Lab, queue_id: str, spoken: list[Transcript]) -> list[Transcript]:
    """The hop by which the message left; if it did not leave by SMTP, the one by which it came."""
    journeys = Journeys(lab.trace, lab.network)
    for message in reversed(journeys.named(queue_id)):
        left = [one for one in spoken if one.client == message.host and _carries(one, message, journeys)]
        came = [one for one in spoken if one.server == message.host and _says(one, f"queued as {message.queue_id}")]
        if left or came:
            return left or came
    return []


def _carries(one: Transcript, message: Message, journeys: Journeys) -> bool:
    """Was this message offered there? By the id that the next host gave it, else by time and recipient."""
    for delivery in message.deliveries:
        after = journeys.next_hop(delivery)
        if after is not None:
            if after.host == one.server and _says(one, f"queued as {after.queue_id}"):
                return True
        elif message.opened <= one.opened <= delivery.when and _says(one, f"RCPT TO:<{delivery.data['recipient']}>"):
            return True
    return False


def _says(one: Transcript, text: str) -> bool:
    return any(text.encode("utf-8", "surrogateescape") in data for _, _, data in one.segments)


def _dialogue(lab: Lab, one: Transcript) -> Dialogue:
    def named(host: str, address: str) -> str:
        return f"{lab.hosts[host].hostname}[{address}]" if host in lab.hosts else f"[{address}]"

    lines = tuple(_shortened(_lines(one)))
    return Dialogue(named(one.client, one.local.ip), named(one.server, one.remote.ip), one.remote.port, one.opened, lines)


def _lines(one: Transcript) -> Iterator[Spoken]:
    """The segments cut into lines; a line that came in pieces is put together."""
    rest = {">": b"", "<": b""}
    secret = False
    for when, mark, data in one.segments:
        if _is_tls(data):
            if not secret:
                yield Spoken(when, "", "TLS: encrypted from here on")
            secret = True
            continue
        *whole, rest[mark] = (rest[mark] + data).split(b"\n")
        side = "C" if mark == ">" else "S"
        yield from (Spoken(when, side, decode(line.rstrip(b"\r")), secret) for line in whole)
    last = one.segments[-1][0]
    yield from (Spoken(last, "C" if mark == ">" else "S", decode(data), secret) for mark, data in rest.items() if data)


def _shortened(lines: Iterator[Spoken]) -> Iterator[Spoken]:
    """The text of a message is shown only by its first lines: from 354 to the lone dot."""
    content: list[Spoken] | None = None
    for line in lines:
        if content is not None and line.side == "C":
            content.append(line)
            if line.text == ".":
                yield from _message(content)
                content = None
            continue
        if line.side == "S" and line.text.startswith("354"):
            content = []
        yield line
    yield from content or ()


def _message(content: list[Spoken]) -> Iterator[Spoken]:
    if len(content) <= _MESSAGE_LINES + 2:
        yield from content
        return
    yield from content[:_MESSAGE_LINES]
    yield Spoken(content[-1].when, "", f"{len(content) - _MESSAGE_LINES - 1} more lines")
    yield content[-1]
