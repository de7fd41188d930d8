"""Mail that Postfix itself writes: notifications, transcripts for the postmaster, probes. post_mail(3).

    letter = PostMail.open(daemon, sender="", recipient="anna@ubuntu", source="bounce")     # None: cleanup cannot be reached
    letter.line("Subject: Undelivered Mail Returned to Sender")
    outcome = letter.close()            # cleanup's answer; or letter.cancel()

The letter begins with Received: and Date: headers; cleanup(8) adds From, To and Message-Id where they are missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from simulator.mail.date import mail_date
from simulator.postfix.cleanup_status import FLAG_AUTOUTF8, FLAG_FILTER_ALL, FLAG_MASK_INTERNAL, FLAG_SMTPUTF8, Outcome
from simulator.postfix.daemon import ServiceUnavailable
from simulator.postfix.lib import records
from simulator.postfix.lib.queue_file import attribute_record, text_record, time_record
from simulator.postfix.lib.records import Record

if TYPE_CHECKING:
    from simulator.postfix.daemon import Daemon

#: postconf(5) internal_mail_filter_classes.
_FILTER_CLASSES: Final = ("bounce", "notify")


def internal_flags(daemon: Daemon, source: str, smtputf8: int = 0) -> int:
    """What cleanup(8) is to do with mail of this source (bounce, notify, verify, forward ...)."""
    params = daemon.params
    filtered = set(params["internal_mail_filter_classes"].replace(",", " ").split())
    flags = FLAG_MASK_INTERNAL
    if source in _FILTER_CLASSES and source in filtered:
        flags |= FLAG_FILTER_ALL
    detected = set(params["smtputf8_autodetect_classes"].replace(",", " ").split())
    if params.bool("smtputf8_enable") and {source, "all"} & detected:
        flags |= FLAG_AUTOUTF8
    return flags | (FLAG_SMTPUTF8 if smtputf8 & 1 else 0)


class PostMail:
    """One letter on its way into the queue."""

    def __init__(self, session: Any) -> None:
        self._session = session

    @property
    def queue_id(self) -> str:
        """The new message's id."""
        queue_id: str = self._session.queue_id
        return queue_id

    @classmethod
    def open(
        cls, daemon: Daemon, sender: str, recipient: str, source: str, trace_flags: int = 0, smtputf8: int = 0
    ) -> PostMail | None:
        """Begin a letter. None, after a warning, when cleanup(8) is not there."""
        name = daemon.params["cleanup_service_name"]
        try:
            cleanup = daemon.call(name)
            cleanup.rewriter()
        except ServiceUnavailable as trouble:
            daemon.log.warning(f"connect to {trouble.path}: {trouble.reason or 'Connection timed out'}")
            return None
        letter = cls(cleanup.open(internal_flags(daemon, source, smtputf8)))
        letter._begin(daemon, sender, recipient, trace_flags)
        return letter

    def _begin(self, daemon: Daemon, sender: str, recipient: str, trace_flags: int) -> None:
        now, params = daemon.clock.now, daemon.params
        date = mail_date(now)
        head: list[Record] = [
            time_record(now),
            attribute_record("log_message_origin", "local"),
            attribute_record("trace_flags", str(trace_flags)),
            text_record(records.FROM, sender),
            text_record(records.RECIPIENT, recipient),
            (records.MESSAGE, b""),
        ]
        self.records(head)
        self.line(f"Received: by {params['myhostname']} ({params['mail_name']})")
        self.line(f"\tid {self.queue_id}; {date}")
        self.line(f"Date: {date}")

    def line(self, text: str) -> None:
        """A line of header or body."""
        self._session.send(*text_record(records.LINE, text))

    def lines(self, texts: Iterable[str]) -> None:
        """Several lines."""
        for text in texts:
            self.line(text)

    def records(self, content: Iterable[Record]) -> None:
        """Records as they are, such as the text of another message."""
        for kind, data in content:
            self._session.send(kind, data)

    def close(self) -> Outcome:
        """The letter is complete."""
        self._session.send(records.EXTRACTED, b"")
        self._session.send(records.END, b"")
        outcome: Outcome = self._session.finish()
        return outcome

    def cancel(self) -> None:
        """There is nothing to say after all."""
        self._session.abort()
