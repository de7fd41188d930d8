"""What smtpd(8) knows of one client: the connection, the greeting, the mail in transfer, and what the restrictions decided.

The names are those that log lines, policy services and access tables use.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

UNKNOWN = "unknown"

#: Where a session stands, as log lines and policy services call it; else it is the last command.
AFTER_CONNECT = "CONNECT"
AFTER_DATA = "DATA content"
AFTER_BDAT = "BDAT content"
END_OF_MESSAGE = "END-OF-MESSAGE"


class PeerStatus(enum.IntEnum):
    """How a client's name was found: known, DNS in trouble, none, or one that does not lead back to the address."""

    OK = 2
    TEMPORARY = 4
    PERMANENT = 5
    FORGED = 6


class Bdat(enum.Enum):
    """Chunked transfer (RFC 3030): not begun, going on, or failed so that further chunks are thrown away."""

    NONE = 0
    OK = 1
    ERROR = 2


@dataclass(slots=True)
class Peer:
    """The client as the network shows it. `rfc_address` has the form of RFC 5321 4.1.3 ("IPv6:..." for IPv6)."""

    name: str = UNKNOWN
    reverse_name: str = UNKNOWN
    address: str = UNKNOWN
    rfc_address: str = UNKNOWN
    port: str = UNKNOWN
    server_address: str = UNKNOWN
    server_port: str = UNKNOWN
    name_status: PeerStatus = PeerStatus.PERMANENT
    reverse_status: PeerStatus = PeerStatus.PERMANENT


@dataclass(slots=True)
class Deferral:
    """A doubt that turns a later permit (or reject) into "try again later". The first reason is kept."""

    active: bool = False
    error_class: str = ""
    code: int = 0
    dsn: str = ""
    text: str = ""


@dataclass(slots=True)
class Forwarded:
    """What a content filter said of the original client with XFORWARD: XFORWARD_README. `said`: the attributes that it named."""

    name: str = UNKNOWN
    address: str = UNKNOWN
    rfc_address: str = UNKNOWN
    port: str = UNKNOWN
    protocol: str = UNKNOWN
    helo_name: str | None = None
    ident: str | None = None
    domain: str | None = None
    said: set[str] = field(default_factory=set)

    @property
    def has_client(self) -> bool:
        """Is the client that counts for log lines another one?"""
        return bool(self.said & {"NAME", "ADDR", "PORT", "PROTO", "HELO"})

    def namaddr(self, with_port: bool) -> str:
        """As log lines show it; the name alone when the address is not known."""
        if self.address == UNKNOWN:
            return self.name
        return f"{self.name}[{self.address}]" + (f":{self.port}" if with_port else "")


@dataclass(slots=True)
class Transaction:
    """From MAIL FROM to the end of the message. `None` of a sender: no mail is in transfer. `command`: the line itself."""

    sender: str | None = None
    command: str = ""
    declared_size: int = 0
    size: int = 0
    arrival: float = 0.0
    instance: str = ""
    encoding: str = ""
    smtputf8: bool = False
    dsn_envid: str | None = None
    dsn_ret: int = 0
    verp_delimiters: str | None = None
    sasl_sender: str | None = None
    filter: str = ""
    redirect: str = ""
    bcc: list[str] = field(default_factory=list)
    prepend: list[str] = field(default_factory=list)
    hold: bool = False
    discard: bool = False
    bdat: Bdat = Bdat.NONE
    bdat_rest: bytes = b""
    status: int = 0


@dataclass(slots=True)
class SmtpdState:
    """One session. `error_mask` collects the classes of trouble that notify_classes may report. Where None may stand for what a
    table says, the table did not answer: the client is sent away as soon as it matters."""

    service: str
    peer: Peer
    namaddr: str
    stand_alone: bool = False
    where: str = AFTER_CONNECT
    protocol: str = "SMTP"
    helo_name: str | None = None
    etrn_name: str | None = None
    mail: Transaction = field(default_factory=Transaction)
    recipient: str | None = None
    recipients: int = 0
    overshoot: int = 0
    queue_id: str | None = None
    error_count: int = 0
    junk_commands: int = 0
    error_mask: set[str] = field(default_factory=set)
    hangup: bool = False
    ill_pipelining: bool = False
    access_denied: str | None = None
    reason: str = ""
    ehlo_discard: frozenset[str] | None = frozenset()
    xclient_allowed: bool | None = False
    xforward_allowed: bool | None = False
    xforward: Forwarded = field(default_factory=Forwarded)
    rewrite_context: str = "remote"
    sequence: int = 0
    sasl_method: str | None = None
    sasl_username: str | None = None
    sasl_mechanisms: str = ""
    auth_used: bool = False

    def forget_mail(self) -> None:
        """No mail is in transfer."""
        self.mail = Transaction()
        self.queue_id = None
        self.xforward = Forwarded()

    def forget_recipients(self) -> None:
        """No recipients were accepted."""
        self.recipient = None
        self.recipients = self.overshoot = 0

    def discards(self, keyword: str) -> bool:
        """Is this extension withdrawn: postconf(5) smtpd_discard_ehlo_keywords?"""
        return keyword in (self.ehlo_discard or ())

    @property
    def in_mail(self) -> bool:
        """Was MAIL FROM accepted?"""
        return self.mail.sender is not None

    @property
    def queue_name(self) -> str:
        """What stands before a log line about this mail."""
        return self.queue_id or "NOQUEUE"


def name_and_address(peer: Peer, with_port: bool) -> str:
    """`client.example.com[192.0.2.41]`, with smtpd_client_port_logging also the port."""
    return f"{peer.name}[{peer.address}]" + (f":{peer.port}" if with_port else "")
