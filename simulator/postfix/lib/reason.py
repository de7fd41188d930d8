"""Why a delivery failed, while it is not yet known what becomes of the mail: the DSN_BUF of the real library.

A code that begins with 4 keeps the mail in the queue, all others return it to the sender.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulator.postfix.lib.delivery import Bounced, Deferred, Fate


@dataclass(frozen=True, slots=True)
class Reason:
    """Enhanced status code, text for log and queue, and the diagnostic code of the notification (RFC 3464 2.3.6)."""

    dsn: str
    text: str
    diagnostic: tuple[str, str] = ("", "")

    @classmethod
    def unix(cls, dsn: str, detail: str, text: str) -> Reason:
        """An error that the operating system or a program told us."""
        return cls(dsn, text, ("x-unix", detail))

    def behind(self, context: str) -> Reason:
        """The same with words before its text."""
        return replace(self, text=context + self.text)

    def fate(self, relay: str) -> Fate:
        """What becomes of the recipient."""
        kind = Deferred if self.dsn.startswith("4") else Bounced
        return kind(self.dsn, self.text, relay, self.diagnostic)
