"""NAME
    lmtp - Postfix LMTP client

SYNOPSIS
    lmtp [flags=DORX]

DESCRIPTION
    Delivers mail to a mailbox server on this or another host, by LMTP (RFC 2033): the server answers for each recipient
    separately after the message, so that one may get it and another not. All else is as in smtp(8).

    The next hop is `unix:path`, a socket in the file system, relative to the queue directory; or `inet:host:port`, or
    just `host:port`; without a port lmtp_tcp_port (24). There are no MX lookups.

LOG
    As smtp(8); relay=HOST[PATH] for a socket in the file system.

DIFFERS FROM POSTFIX
    As smtp(8).
"""

from __future__ import annotations

from typing import ClassVar

from simulator.postfix.smtp import Smtp
from simulator.postfix.smtp_session import SmtpSession


class Lmtp(Smtp):
    """A process of lmtp(8)."""

    program: ClassVar[str] = "lmtp"
    protocol: ClassVar[str] = "lmtp"
    status_filter_parameter: ClassVar[str] = "lmtp_delivery_status_filter"

    def _prepare(self) -> None:
        if self.params.bool("lmtp_assume_final") and "X" not in self.flags:
            self.flags += "X"
            self.log.warning(f'lmtp_assume_final is obsolete; instead, specify "flags={self.flags}" in master.cf')

    def success_action(self, session: SmtpSession) -> str:
        """With flag X, a server without DSN support is the last one."""
        return "delivered" if "DSN" not in session.features and "X" in self.flags else "relayed"
