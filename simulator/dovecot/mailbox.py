"""A mailbox as IMAP, POP3, doveadm and deliveries see it: messages with UIDs and flags, whatever the format of its files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field

SYSTEM_FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")


class MailboxError(Exception):
    """A mailbox cannot be used. `code` is IMAP's response code, `status` an exit status of doveadm (sysexits.h)."""

    def __init__(self, text: str, code: str = "", status: int = 65) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


@dataclass(slots=True)
class Mail:
    """A message: its UID, flags, time of arrival (epoch seconds), size in bytes with LF (`physical`), and where it lies."""

    uid: int
    place: str
    received: float
    physical: int
    flags: set[str] = field(default_factory=set)
    recent: bool = False
    guid: str = ""


class Mailbox(ABC):
    """An open mailbox. `changed` notes whether flags or messages changed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mails: list[Mail] = []
        self.uidvalidity = 0
        self.uidnext = 1
        self.guid = ""
        self.keywords: list[str] = []
        self._virtual: dict[int, int] = {}

    @abstractmethod
    def data(self, mail: Mail) -> bytes:
        """The message with LF at the ends of lines. Raises OSError."""

    @abstractmethod
    def store(self, mail: Mail, flags: set[str]) -> None:
        """Replace a message's flags."""

    @abstractmethod
    def expunge(self, mails: Iterable[Mail]) -> None:
        """Remove messages for good."""

    @abstractmethod
    def append(self, data: bytes, flags: set[str], received: float | None = None, recent: bool = True) -> Mail:
        """Add a message (LF). Raises OSError."""

    @abstractmethod
    def refresh(self) -> None:
        """See what others have changed since."""

    def wire(self, mail: Mail) -> bytes:
        """The message with CR LF."""
        return crlf(self.data(mail))

    def virtual(self, mail: Mail) -> int:
        """The size with CR LF."""
        if mail.uid not in self._virtual:
            self._virtual[mail.uid] = len(self.wire(mail))
        return self._virtual[mail.uid]

    @property
    def unseen(self) -> int:
        return sum("\\Seen" not in mail.flags for mail in self.mails)

    @property
    def recent(self) -> int:
        return sum(mail.recent for mail in self.mails)

    def by_uid(self, uid: int) -> Mail | None:
        return next((mail for mail in self.mails if mail.uid == uid), None)


def crlf(data: bytes) -> bytes:
    """Lines with CR LF."""
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def flag_text(mail: Mail) -> str:
    """The flags as IMAP lists them."""
    order = {name: place for place, name in enumerate(SYSTEM_FLAGS)}
    found = sorted((one for one in mail.flags if one in order), key=lambda one: order[one])
    found += sorted(one for one in mail.flags if one not in order)
    return " ".join([*found, *(["\\Recent"] if mail.recent else [])])
