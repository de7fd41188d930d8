"""XCLIENT and XFORWARD of smtpd(8): a trusted host says who the client is (XCLIENT_README), or whom its log lines should name
(XFORWARD_README). postconf(5) smtpd_authorized_xclient_hosts, smtpd_authorized_xforward_hosts."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.postfix.lib.hostname import valid_hostname
from simulator.postfix.lib.mailhost import rfc_address
from simulator.postfix.lib.printable import neuter, printable
from simulator.postfix.lib.xtext import xtext_unquote
from simulator.postfix.smtpd_state import UNKNOWN, PeerStatus, name_and_address
from simulator.postfix.smtpd_token import Token
from simulator.postfix.smtpd_trouble import LocalTrouble, Restart

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session

_NEUTERED = ' <>()\\";@'
_VALUE_LIMIT, _NAME_LIMIT, _PROTOCOL_LIMIT = 255, 255, 64
UNAVAILABLE, TEMPORARY = "[UNAVAILABLE]", "[TEMPUNAVAIL]"
_STATUS = {UNAVAILABLE: PeerStatus.PERMANENT, TEMPORARY: PeerStatus.TEMPORARY}


class BadAttribute(Exception):
    """The reply to an attribute that makes no sense."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


def _bad(name: str, value: str) -> BadAttribute:
    return BadAttribute(f"501 5.5.4 Bad {name} syntax: {value}")


def _attributes(words: list[Token]) -> list[tuple[str, str]]:
    """Raises BadAttribute."""
    pairs = []
    for word in words:
        name, _, raw = word.text.partition("=")
        if not raw:
            raise BadAttribute("501 5.5.4 Error: attribute=value expected")
        if len(raw.encode("utf-8", "surrogateescape")) > _VALUE_LIMIT:
            raise BadAttribute("501 5.5.4 Error: attribute value too long")
        value = xtext_unquote(raw)
        pairs.append((name, printable(raw if value is None else value)))
    return pairs


def _is_unavailable(value: str) -> bool:
    return value.upper() == UNAVAILABLE


def _port(value: str) -> str:
    if _is_unavailable(value):
        return UNKNOWN
    if not (value.isascii() and value.isdigit()) or len(value) > len("65535"):
        raise ValueError(value)
    return value


def _address(value: str) -> str:
    """In its shortest form."""
    bare = value[5:] if value.lower().startswith("ipv6:") else value
    return str(ipaddress.ip_address(bare))


async def _may(session: Session, words: list[Token], command: str, allowed: bool | None) -> bool:
    """False: refused, and said so. Raises LocalTrouble."""
    if session.state.in_mail:
        return await session.fail("503 5.5.1 Error: MAIL transaction in progress", "protocol")
    if len(words) < 2:
        return await session.fail(f"501 5.5.4 Syntax: {command} attribute=value...", "protocol")
    if allowed is None:
        session.smtpd.log.warning(f"don't know if command {command} should be allowed from {session.state.namaddr}")
        raise LocalTrouble
    if not allowed:
        return await session.fail("550 5.7.0 Error: insufficient authorization", "policy")
    return True


# XCLIENT


def _client_name(session: Session, value: str) -> None:
    peer = session.state.peer
    status = _STATUS.get(value.upper(), PeerStatus.OK)
    if status is PeerStatus.OK and not valid_hostname(value):
        raise _bad("NAME", value)
    peer.name, peer.name_status = (value if status is PeerStatus.OK else UNKNOWN), status
    if status is PeerStatus.OK:
        peer.reverse_name, peer.reverse_status = value, status


def _client_reverse_name(session: Session, value: str) -> None:
    peer = session.state.peer
    status = _STATUS.get(value.upper(), PeerStatus.OK)
    if status is PeerStatus.OK and not valid_hostname(value):
        raise _bad("REVERSE_NAME", value)
    peer.reverse_name, peer.reverse_status = (value if status is PeerStatus.OK else UNKNOWN), status


def _client_address(session: Session, value: str) -> None:
    peer = session.state.peer
    if _is_unavailable(value):
        peer.address = peer.rfc_address = UNKNOWN
        return
    value = neuter(value, _NEUTERED)
    try:
        peer.address = _address(value)
    except ValueError:
        raise _bad("ADDR", value) from None
    peer.rfc_address = rfc_address(peer.address)


def _client_port(session: Session, value: str) -> None:
    try:
        session.state.peer.port = _port(value)
    except ValueError:
        raise _bad("PORT", value) from None


def _client_helo(session: Session, value: str) -> None:
    if len(value) > _NAME_LIMIT:
        raise _bad("HELO", value)
    session.state.helo_name = None if _is_unavailable(value) else neuter(value, _NEUTERED)


def _client_protocol(session: Session, value: str) -> None:
    if value.upper() not in ("SMTP", "ESMTP"):
        raise _bad("PROTO", value)
    session.state.protocol = value.upper()


def _client_login(session: Session, value: str) -> None:
    if not _is_unavailable(value):
        session.state.sasl_method, session.state.sasl_username = "XCLIENT", value


def _server_address(session: Session, value: str) -> None:
    peer = session.state.peer
    if _is_unavailable(value):
        peer.server_address = UNKNOWN
        return
    value = neuter(value, _NEUTERED)
    try:
        peer.server_address = _address(value)
    except ValueError:
        raise _bad("DESTADDR", value) from None


def _server_port(session: Session, value: str) -> None:
    try:
        session.state.peer.server_port = _port(value)
    except ValueError:
        raise _bad("DESTPORT", value) from None


_XCLIENT: dict[str, Callable[[Session, str], None]] = {
    "NAME": _client_name,
    "REVERSE_NAME": _client_reverse_name,
    "ADDR": _client_address,
    "PORT": _client_port,
    "HELO": _client_helo,
    "PROTO": _client_protocol,
    "LOGIN": _client_login,
    "DESTADDR": _server_address,
    "DESTPORT": _server_port,
}


async def xclient(session: Session, words: list[Token]) -> bool:
    """XCLIENT: the session begins anew, as if that client had connected."""
    state, smtpd = session.state, session.smtpd
    if not await _may(session, words, "XCLIENT", state.xclient_allowed):
        return False
    said = set()
    try:
        for name, value in _attributes(words[1:]):
            if name.upper() not in _XCLIENT:
                raise BadAttribute(f"501 5.5.4 Bad XCLIENT attribute name: {name}")
            _XCLIENT[name.upper()](session, value)
            said.add(name.upper())
    except BadAttribute as bad:
        return await session.fail(bad.reply, "protocol")
    if said & {"NAME", "ADDR", "PORT"}:
        state.namaddr = name_and_address(state.peer, smtpd.settings.logs_port)
    if "HELO" not in said:
        state.helo_name = None
    if "PROTO" not in said:
        state.protocol = "SMTP"
    if "LOGIN" not in said:
        state.sasl_method = state.sasl_username = None
    session.chat.reset(0)
    session.reset_mail()
    session.reset_recipients()
    smtpd.admit(session)
    raise Restart


# XFORWARD


def _forwarded_name(session: Session, value: str) -> None:
    value = UNKNOWN if _is_unavailable(value) else neuter(value, _NEUTERED)
    if not valid_hostname(value):
        raise _bad("NAME", value)
    session.state.xforward.name = value


def _forwarded_address(session: Session, value: str) -> None:
    forwarded = session.state.xforward
    if _is_unavailable(value):
        forwarded.address = UNKNOWN
        return
    value = neuter(value, _NEUTERED)
    try:
        forwarded.address = _address(value)
    except ValueError:
        raise _bad("ADDR", value) from None
    forwarded.rfc_address = rfc_address(forwarded.address)


def _forwarded_port(session: Session, value: str) -> None:
    try:
        session.state.xforward.port = _port(value)
    except ValueError:
        raise _bad("PORT", value) from None


def _forwarded_protocol(session: Session, value: str) -> None:
    if len(value) > _PROTOCOL_LIMIT:
        raise _bad("PROTO", value)
    session.state.xforward.protocol = UNKNOWN if _is_unavailable(value) else neuter(value, _NEUTERED)


def _forwarded_helo(session: Session, value: str) -> None:
    session.state.xforward.helo_name = None if _is_unavailable(value) else neuter(value, _NEUTERED)


def _forwarded_ident(session: Session, value: str) -> None:
    session.state.xforward.ident = None if _is_unavailable(value) else neuter(value, _NEUTERED)


def _forwarded_source(session: Session, value: str) -> None:
    context = "local" if _is_unavailable(value) else value.lower()
    if context not in ("local", "remote"):
        raise _bad("SOURCE", value)
    session.state.xforward.domain = context


_XFORWARD: dict[str, Callable[[Session, str], None]] = {
    "NAME": _forwarded_name,
    "ADDR": _forwarded_address,
    "PORT": _forwarded_port,
    "PROTO": _forwarded_protocol,
    "HELO": _forwarded_helo,
    "IDENT": _forwarded_ident,
    "SOURCE": _forwarded_source,
}


async def xforward(session: Session, words: list[Token]) -> bool:
    """XFORWARD: for the next message, log lines and XFORWARD to a further host name this client."""
    state = session.state
    if not await _may(session, words, "XFORWARD", state.xforward_allowed):
        return False
    try:
        for name, value in _attributes(words[1:]):
            if name.upper() not in _XFORWARD:
                raise BadAttribute(f"501 5.5.4 Bad XFORWARD attribute name: {name}")
            _XFORWARD[name.upper()](session, value)
            state.xforward.said.add(name.upper())
    except BadAttribute as bad:
        return await session.fail(bad.reply, "protocol")
    return await session.reply("250 2.0.0 Ok")
