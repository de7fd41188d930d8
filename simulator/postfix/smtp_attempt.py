"""One delivery request in smtp(8): which recipients are left, and how trouble turns into their fates.

Trouble with one server is only logged while another server remains to be tried; the recipients are kept for that one. At
the last server, and for permanent errors, recipients are deferred or bounced at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from simulator.postfix.lib.delivery import NOTIFY_SUCCESS, Bounced, Deferred, DeliveryRequest, Fate, Recipient, Sent
from simulator.postfix.smtp_chat import Reply, StreamTrouble
from simulator.postfix.smtp_session import SmtpSession

if TYPE_CHECKING:
    from simulator.postfix.smtp import Smtp


@dataclass(slots=True)
class Why:
    """The latest trouble: status code and text; who said so (`mta`) and what (`said`), for the notification."""

    dsn: str = ""
    text: str = ""
    mta: str = ""
    said: str = ""
    kind: str = "smtp"

    def set(self, dsn: str, text: str, mta: str = "", said: str = "", kind: str = "smtp") -> None:
        self.dsn, self.text, self.mta, self.said, self.kind = dsn, text, mta, said, kind

    def clear(self) -> None:
        self.set("", "")

    @property
    def soft(self) -> bool:
        return self.dsn.startswith("4")

    @property
    def hard(self) -> bool:
        return self.dsn.startswith("5")

    @property
    def loop(self) -> bool:
        """Does mail come back to this host?"""
        return self.dsn[1:] == ".4.6"

    def fate(self, relay: str, sent: bool = False) -> Fate:
        """The trouble as the fate of a recipient."""
        kind = Sent if sent else Deferred if self.soft else Bounced
        diagnostic = (self.kind, self.said) if self.said else ("", "")
        return kind(self.dsn, self.text, relay, diagnostic, ("dns", self.mta) if self.mta else ("", ""))


class Attempt:
    """The state of one request. `left`: recipients that have no fate yet."""

    def __init__(self, daemon: Smtp, request: DeliveryRequest) -> None:
        self.daemon = daemon
        self.request = request
        self.left: list[Recipient] = list(request.recipients)
        self.session: SmtpSession | None = None
        self.why = Why()
        self.loop_detect = False
        self.first_nexthop = False
        self.final_nexthop = False
        self.final_server = False
        self.complete = False
        self.load_cached = False
        self.store_cached = False
        self.cache_destination = ""
        self.used_addresses: set[str] = set()
        self.long_line_logged = False
        self._kept: list[Recipient] = []
        self._marked: set[Recipient] = set()

    # Recipients

    def is_marked(self, recipient: Recipient) -> bool:
        """Was this recipient dealt with in the current session?"""
        return recipient in self._marked

    @property
    def unmarked(self) -> list[Recipient]:
        return [recipient for recipient in self.left if recipient not in self._marked]

    def _keep(self, recipient: Recipient) -> None:
        self._marked.add(recipient)
        self._kept.append(recipient)

    def _drop(self, recipient: Recipient, fate: Fate) -> bool:
        self._marked.add(recipient)
        return self.daemon.report(self.request, recipient, fate)

    def end_session(self) -> None:
        """What remains are the recipients that were kept for another server."""
        self.left, self._kept = [one for one in self.left if one in self._kept], []
        self._marked.clear()

    @property
    def relay(self) -> str:
        return self.session.name_port if self.session is not None else "none"

    # Success

    def done(self, recipient: Recipient, reply: Reply) -> None:
        """The server has taken the message for this recipient."""
        session = self.session
        assert session is not None
        self._marked.add(recipient)
        if "DSN" in session.features:  # the server will tell of success: smtp(8) only relays the wish
            recipient = replace(recipient, dsn_notify=recipient.dsn_notify & ~NOTIFY_SUCCESS)
        self.why.set(reply.dsn, reply.flat, session.server.host, reply.flat)
        fate = replace(self.why.fate(session.name_port, sent=True), action=self.daemon.success_action(session))
        self.daemon.report(self.request, recipient, fate)

    # Trouble

    def _fill(self, mta: str, reply: Reply, text: str) -> None:
        dsn = reply.dsn
        if mta and dsn[:1] not in ("4", "5"):
            self._protocol_error()
            text, dsn = f"Protocol error: {text}", "5.5.0"
        self.why.set(dsn, text, mta, reply.flat if mta else "")
        if mta and self.session is not None:
            self._check_code(reply.code)

    def _check_code(self, code: int) -> None:
        """A reply that says we do not understand each other: worth a notice, and an end to this connection's use."""
        if code < 400 or code > 599 or code == 555 or 500 <= code < 510:
            self._protocol_error()

    def _protocol_error(self) -> None:
        if self.session is not None:
            self.session.errors.add("protocol")
            self.session.reuse_until = 0.0

    @property
    def _for_another_server(self) -> bool:
        """Does this trouble leave hope in the next server?"""
        why = self.why
        return (why.soft or (why.hard and self.daemon.soft_bounce)) and not self.final_server

    def site_fail(self, mta: str, reply: Reply, text: str) -> None:
        """The server will not do: for all recipients that are left."""
        self._fill(mta, reply, text)
        self.bulk_fail(throttle=True)

    def message_fail(self, mta: str, reply: Reply, text: str, throttle: bool = False) -> None:
        """The message will not do."""
        self._fill(mta, reply, text)
        self.bulk_fail(throttle)

    def recipient_fail(self, recipient: Recipient, mta: str, reply: Reply, text: str) -> None:
        """One recipient will not do."""
        self._fill(mta, reply, text)
        if self._for_another_server:
            self.daemon.log.info(f"{self.request.queue_id}: {self.why.text}")
            self._keep(recipient)
        else:
            self._drop(recipient, self.why.fate(self.relay))

    def stream_fail(self, trouble: StreamTrouble, doing: str) -> None:
        """The connection broke, or the server was silent for too long."""
        session = self.session
        assert session is not None
        if trouble.kind == "data":
            session.errors.add("data")
            self.why.set("4.3.0", f"local data error while talking to {session.name}")
        else:
            text = {"eof": f"lost connection with {session.name} while {doing}", "time": f"conversation with {session.name} timed out while {doing}"}
            self.why.set("4.4.2", text[trouble.kind])
            if self.daemon.plaintext_after_session_failure(self):
                self.retry_as_plaintext()
        self.bulk_fail(throttle=True)

    def retry_as_plaintext(self) -> None:
        """Try the same server again without TLS."""
        assert self.session is not None
        self.session.retry_plain = True
        self.final_server = False

    def bulk_fail(self, throttle: bool) -> None:
        """Keep, defer or bounce all recipients that are left, for the reason in `why`."""
        if self._for_another_server:
            self.daemon.log.info(f"{self.request.queue_id}: {self.why.text}")
            for recipient in self.unmarked:
                self._keep(recipient)
        else:
            self._fail_all(throttle)
        if throttle and self.session is not None:
            self.session.reuse_until = -1.0

    def _fail_all(self, throttle: bool) -> None:
        stamps, now = self.request.stamps, self.daemon.clock.now
        if not stamps.conn_setup_done:
            stamps.conn_setup_done = now
        stamps.deliver_done = now
        fate = self.why.fate(self.relay)
        undone = [recipient for recipient in self.unmarked if not self._drop(recipient, fate)]
        if undone and throttle and not self.complete and self.request.hop_status is None:
            self.request.hop_status = fate


LOCAL = ""


def own(dsn: str) -> Reply:
    """A reply that nobody gave: trouble that this client found itself."""
    return Reply(0, dsn, "")
