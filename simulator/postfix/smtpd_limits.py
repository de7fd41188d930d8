"""How much one client may do in a time: smtpd(8) as a client of anvil(8), TUNING_README. What a client is told that does too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.anvil import Anvil
from simulator.postfix.smtpd_lists import client_in

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd
    from simulator.postfix.smtpd_session import Session

_RATE = "smtpd_client_{}_rate_limit"
_COUNT = "smtpd_client_connection_count_limit"
_RATES = ("connection", "message", "recipient", "new_tls_session", "auth")


class ClientLimits:
    """The limits of one smtpd(8) process. Methods return the reply of a refusal, or None."""

    def __init__(self, smtpd: Smtpd) -> None:
        self.smtpd = smtpd
        params = smtpd.params
        self.limits = {name: params.int(_RATE.format(name)) for name in _RATES}
        self.limits["count"] = params.int(_COUNT)
        self.exceptions = smtpd.lists.event_limit_exceptions
        self._known: Anvil | None = None

    def _anvil(self, session: Session) -> Anvil | None:
        """None: this client is not counted, or nobody counts."""
        state = session.state
        if state.stand_alone or state.xclient_allowed or not any(self.limits.values()):
            return None
        if client_in(self.exceptions, state):
            return None
        self._known = self.smtpd.reach("anvil")
        return self._known

    def connect(self, session: Session) -> str | None:
        """A connection begins."""
        anvil, state, smtpd = self._anvil(session), session.state, self.smtpd
        if anvil is None:
            return None
        count, rate = anvil.connect(smtpd.pid, state.service, state.peer.address)
        for limit, value, what in ((self.limits["count"], count, "concurrency"), (self.limits["connection"], rate, "rate")):
            if 0 < limit < value:
                state.error_mask.add("policy")
                smtpd.log.warning(f"Connection {what} limit exceeded: {value} from {state.namaddr} for service {state.service}")
                return f"421 4.7.0 {smtpd.settings.myhostname} Error: too many connections from {state.peer.address}"
        return None

    def disconnect(self, session: Session) -> None:
        """It has ended."""
        anvil, state = self._anvil(session), session.state
        if anvil is not None:
            anvil.disconnect(self.smtpd.pid, state.service, state.peer.address)

    def leave(self) -> None:
        """The process ends."""
        if self._known is not None and not self._known.ended:
            self._known.leave(self.smtpd.pid)

    def _count(self, session: Session, limit: str, what: str, words: str) -> bool:
        """Count one; is it one too many?"""
        anvil = self._anvil(session) if self.limits[limit] > 0 else None
        if anvil is None:
            return False
        state = session.state
        value = anvil.count(what, self.smtpd.pid, state.service, state.peer.address)
        if value <= self.limits[limit]:
            return False
        self.smtpd.log.warning(f"{words} rate limit exceeded: {value} from {state.namaddr} for service {state.service}")
        return True

    def mail(self, session: Session) -> str | None:
        """MAIL FROM."""
        if self._count(session, "message", "mail", "Message delivery request"):
            return f"450 4.7.1 Error: too much mail from {session.state.peer.address}"
        return None

    def recipient(self, session: Session) -> str | None:
        """RCPT TO or VRFY."""
        if self._count(session, "recipient", "rcpt", "Recipient address"):
            return f"450 4.7.1 Error: too many recipients from {session.state.peer.address}"
        return None

    def login(self, session: Session) -> str | None:
        """AUTH."""
        if self._count(session, "auth", "auth", "AUTH command"):
            return f"450 4.7.1 Error: too many AUTH commands from {session.state.peer.address}"
        return None

    def check_handshakes(self, session: Session) -> str | None:
        """May the client begin a TLS handshake? The arithmetic costs most, so it is refused before."""
        limit, state = self.limits["new_tls_session"], session.state
        anvil = self._anvil(session) if limit > 0 else None
        if anvil is None or anvil.handshakes(state.service, state.peer.address) <= limit:
            return None
        what = "TLS service" if self.smtpd.tls.wrapped else "STARTTLS"
        state.error_mask.add("policy")
        self.smtpd.log.warning(f"Refusing {what} request from {state.namaddr} for service {state.service}")
        return f"454 4.7.0 Error: too many new TLS sessions from {state.namaddr}"

    def count_handshake(self, session: Session) -> str | None:
        """A TLS session that is not a resumed one."""
        if self._count(session, "new_tls_session", "ntls", "New TLS session"):
            return f"421 4.7.0 {self.smtpd.settings.myhostname} Error: too many new TLS sessions from {session.state.namaddr}"
        return None
