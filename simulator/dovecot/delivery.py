"""Bring a message to a user's mailbox, as LMTP and dovecot-lda do: Sieve, quota, autocreation, one line in the log."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.dovecot import log
from simulator.dovecot.mailbox import MailboxError
from simulator.dovecot.mbox import Mbox
from simulator.dovecot.pop3 import lock_text
from simulator.dovecot.quota import Quota, QuotaExceeded
from simulator.dovecot.session_id import delivery_id
from simulator.dovecot.sieve import run_script

if TYPE_CHECKING:
    from simulator.dovecot.config import Config
    from simulator.dovecot.storage import Storage


class DeliveryFailed(Exception):
    """The message could not be stored. `temporary`: try again; `quota`: there is no room."""

    def __init__(self, text: str, temporary: bool = True, quota: bool = False) -> None:
        super().__init__(text)
        self.temporary = temporary
        self.quota = quota


@dataclass(slots=True)
class Delivery:
    """One message (LF) for one user. `sender` and `recipient` are of the envelope; `mailbox` where it goes by default."""

    storage: Storage
    config: Config
    service: str
    data: bytes
    sender: str = ""
    recipient: str = ""
    mailbox: str = "INBOX"
    original: str = ""
    serial: int = 0
    session: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.session = delivery_id(self.storage.host, self.storage.pid, self.serial)

    @property
    def message_id(self) -> str:
        """The Message-ID, as the log shows it."""
        match = re.search(rb"^Message-ID:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)", self.data.partition(b"\n\n")[0], re.M | re.I)
        return " ".join(match[1].decode("utf-8", "replace").split()) if match and match[1].strip() else "unspecified"

    def log(self, text: str, level: str = "Info") -> None:
        """A line of this delivery."""
        source = f"{self.service}({self.storage.user.name})<{self.storage.pid}><{self.session}>"
        log.write(self.storage.host, self.config, source, text, level)

    def run(self) -> None:
        """Deliver. Raises DeliveryFailed."""
        if "sieve" in self.config.plugins and run_script(self):
            return
        self.save(self.mailbox, set())
        self.log(f"msgid={self.message_id}: saved mail to {self.mailbox}")

    def save(self, name: str, flags: set[str], create: bool = False, sieve: bool = False) -> None:
        """Store a copy; a mailbox that is missing is made or replaced by INBOX. Raises DeliveryFailed."""
        prefix = f"{'sieve: ' if sieve else ''}msgid={self.message_id}: "
        try:
            self._append(name, flags, create)
        except MailboxError as error:
            self.log(f"{prefix}save failed to open mailbox {name}: {error}")
            if name == "INBOX":
                raise DeliveryFailed(str(error)) from None
            self.mailbox = "INBOX"
            self.save("INBOX", flags)
        except QuotaExceeded as error:
            self.log(f"{prefix}save failed to {name}: {error}" if not sieve else f"{prefix}failed to store into mailbox '{name}': {error}")
            raise DeliveryFailed(str(error), self.config.bool("quota_full_tempfail"), True) from None
        except OSError as error:
            text = f"{_call(error)}({error.filename}) failed: {error.strerror}"
            self.log(text, "Error")
            self.log(f"{prefix}save failed to open mailbox {name}: {text}")
            raise DeliveryFailed(text) from None

    def _append(self, name: str, flags: set[str], create: bool) -> None:
        storage = self.storage
        if not storage.exists(name) and (create or self.config.bool("lda_mailbox_autocreate")):
            box = storage.open_new(name)
            if self.config.bool("lda_mailbox_autosubscribe"):
                storage.subscribe(name, True)
        else:
            box = storage.open(name)
        if isinstance(box, Mbox) and box.lock_error:
            raise MailboxError(lock_text(storage, box))
        quota = Quota.of(storage, self.config)
        if quota is not None and not quota.room(len(self.data), name, True):
            raise QuotaExceeded(quota.message)
        box.append(self.data, flags)
        if quota is not None:
            quota.delivered(len(self.data))


def _call(error: OSError) -> str:
    return "mkdir" if error.errno == 13 else "open"
