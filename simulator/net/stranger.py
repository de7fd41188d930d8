"""Other people's mail servers: an SMTP server that is no host of the lab, for mail that leaves our world.

It is aiosmtpd's own server class over the lab's in-memory transports: a second implementation of RFC 5321, against which
Postfix's client proves itself, and a place where a grader finds what went out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from simulator.net.network import Network

#: A stranger's mailbox holds this many messages; then it says 452.
MOST_MESSAGES = 10_000


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it arrived: when (epoch seconds), from which address, with which envelope, and its bytes."""

    when: float
    client: str
    helo: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes


class Stranger:
    """One mail server outside. `received` is what it took; `refusals` maps recipients to the replies that they get."""

    def __init__(self, network: Network, address: str, hostname: str, refusals: dict[str, str]) -> None:
        self.network = network
        self.hostname = hostname
        self.refusals = refusals
        self.received: list[Received] = []
        self.interface = network.attach(hostname, {"eth0": f"{address}/24"})
        self.interface.listen("0.0.0.0", 25, self.accept, program="stranger")

    def accept(self) -> SMTP:
        """A connection has come."""
        return SMTP(self, hostname=self.hostname, ident="ESMTP", loop=self.network.clock.loop, enable_SMTPUTF8=True)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Take the recipient, or refuse it as told."""
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the message."""
        if len(self.received) >= MOST_MESSAGES:
            return "452 4.3.1 Insufficient system storage"
        content: Any = envelope.original_content or b""
        client = session.peer[0] if session.peer else ""
        self.received.append(
            Received(self.network.clock.now, client, session.host_name or "", envelope.mail_from or "", tuple(envelope.rcpt_tos), bytes(content))
        )
        return f"250 2.0.0 OK: message {len(self.received)}"
