"""Are incomplete addresses in the headers of this client to be completed? postconf(5) local_header_rewrite_clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.tables import TableError
from simulator.postfix.smtpd_check_client import has_known_certificate, in_mynetworks, is_logged_in, is_own_address

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck
    from simulator.postfix.smtpd_session import Session

_TABLE = "check_address_map"


def choose_rewrite_context(session: Session) -> str | None:
    """Choose "local" or "remote". The reply when a table does not answer, else None."""
    check, state = session.check, session.state
    state.rewrite_context = "remote"
    words = iter(check.smtpd.lists.local_header_rewrite_clients)
    for word in words:
        name = _TABLE if ":" in word else word.lower()
        table = next(words, "") if name == _TABLE and ":" not in word else word
        try:
            if _is_local(check, name, table):
                state.rewrite_context = "local"
                return None
        except TableError as trouble:
            return _refuse(session, trouble)
    return None


def _is_local(check: SmtpdCheck, name: str, table: str) -> bool:
    """Raises TableError."""
    match name:
        case "permit_inet_interfaces":
            return is_own_address(check)
        case "permit_mynetworks":
            return in_mynetworks(check)
        case "permit_sasl_authenticated":
            return bool(check.state.sasl_mechanisms) and is_logged_in(check)
        case "permit_tls_all_clientcerts" | "permit_tls_clientcerts":
            return has_known_certificate(check, name == "permit_tls_all_clientcerts")
        case "check_address_map":
            maps = check.smtpd.lists.access_maps.get(table)
            return maps is not None and maps.find(check.state.peer.address) is not None
    check.warn(f"parameter local_header_rewrite_clients: invalid request: {name}")
    return False


def _refuse(session: Session, trouble: TableError) -> str:
    reply = "451 4.3.5 Server configuration error" if trouble.config else "451 4.3.0 Temporary lookup error"
    session.state.error_mask.add("software" if trouble.config else "resource")
    session.check.log_whatsup("reject", reply)
    return reply
