"""$name in texts of smtpd(8) that clients see: reject footers, DNS blocklist replies. Only facts of the session, no parameters."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd
    from simulator.postfix.smtpd_state import SmtpdState

_FACTS: dict[str, Callable[[SmtpdState], str]] = {
    "client": lambda state: state.namaddr,
    "client_port": lambda state: state.peer.port,
    "client_address": lambda state: state.peer.address,
    "client_name": lambda state: state.peer.name,
    "reverse_client_name": lambda state: state.peer.reverse_name,
    "helo_name": lambda state: state.helo_name or "",
}


def session_lookup(smtpd: Smtpd, state: SmtpdState) -> Callable[[str, bool], str | None]:
    """The values of one session by name; None (and a warning) for a name that there is not."""

    def lookup(name: str, test: bool) -> str | None:
        if name == "server_name":
            return smtpd.settings.myhostname
        if name == "localtime":
            return time.strftime("%b %d %H:%M:%S", time.gmtime(smtpd.clock.now))
        if name in _FACTS:
            return _FACTS[name](state)
        for prefix, address in (("sender", state.mail.sender), ("recipient", state.recipient)):
            if name.startswith(prefix):
                return _part(address, name[len(prefix) :], smtpd, name)
        smtpd.log.warning(f'unknown macro name "{name}" in expansion request')
        return None

    return lookup


def _part(address: str | None, suffix: str, smtpd: Smtpd, name: str) -> str | None:
    """The address, its local part or its domain."""
    if address is None:
        return ""
    local, at, domain = address.rpartition("@")
    match suffix:
        case "":
            return address or "<>"
        case "_name":
            return (local if at else address) or "<>"
        case "_domain":
            return domain if at else ""
    smtpd.log.warning(f'unknown macro name "{name}" in expansion request')
    return None
