"""smtp(8) logs in: postconf(5) smtp_sasl_auth_enable, smtp_sasl_password_maps (RFC 4954).

The password table is asked for the sender (smtp_sender_dependent_authentication), the server's name, the destination. A
failed login defers the mail.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from simulator.postfix.smtp_attempt import Attempt
from simulator.postfix.smtp_session import SmtpSession

if TYPE_CHECKING:
    from simulator.postfix.smtp import Smtp

#: Mechanisms of the Cyrus SASL library on Debian that are simulated, the preferred first; True: the password is readable.
_MECHANISMS = {"CRAM-MD5": False, "PLAIN": True, "LOGIN": True}
_COMMAND_LIMIT = 512


def note_mechanisms(daemon: Smtp, session: SmtpSession, words: str) -> None:
    """What EHLO offers, less what smtp_sasl_mechanism_filter leaves out."""
    offered = [word for word in words.split() if daemon.allows_mechanism(word)]
    if session.mechanisms is None and not offered:
        if words.split():
            daemon.log.warning(f"{session.name_port} offered no supported AUTH mechanisms: '{words}'")
        else:
            daemon.log.warning(f"{session.name_port} offered null AUTH mechanism list")
    elif offered:
        session.mechanisms = (session.mechanisms or []) + [word for word in offered if word not in (session.mechanisms or [])]


async def login(daemon: Smtp, attempt: Attempt, session: SmtpSession) -> bool:
    """Log in if there is a password for this server. False: the server will not do."""
    session.credentials = daemon.find_password(attempt, session)
    if session.credentials is None:
        session.features.discard("AUTH")
        return True
    why = attempt.why
    if session.mechanisms is None:
        text = (
            f"SASL authentication failed: server {session.name} offered no compatible authentication mechanisms for this type of connection security"
        )
        why.set("4.7.0", text)
    elif await _authenticate(daemon, attempt, session):
        return True
    attempt.bulk_fail(throttle=True)
    return False


def _options(daemon: Smtp, session: SmtpSession) -> frozenset[str]:
    name = "sasl_security_options"
    if session.tls is not None:
        name = "sasl_tls_verified_security_options" if session.tls.matched else "sasl_tls_security_options"
    return frozenset(word for word in re.split(r"[,\s]+", daemon.settings[name]) if word)


async def _authenticate(daemon: Smtp, attempt: Attempt, session: SmtpSession) -> bool:
    assert session.credentials is not None
    assert session.mechanisms is not None
    options, offered = _options(daemon, session), {word.upper() for word in session.mechanisms}
    usable = [name for name, readable in _MECHANISMS.items() if name in offered and not (readable and "noplaintext" in options)]
    why = attempt.why
    if not usable:
        daemon.log.warning("SASL authentication failure: No worthy mechs found")
        text = f"SASL authentication failed; cannot authenticate to server {session.name}: no mechanism available"
        why.set("4.7.0", text, said="no mechanism available", kind="x-sasl")
        return False
    mechanism = usable[0]
    answers = _Answers(mechanism, *session.credentials)
    first = answers.first()
    command = f"AUTH {mechanism} {first}" if first and len(mechanism) + len(first) + 8 <= _COMMAND_LIMIT else f"AUTH {mechanism}"
    session.chat.say(command)
    held = "" if command.endswith(first) else first
    timeout = daemon.settings.time("helo_timeout")
    while (reply := await session.chat.reply(timeout)).code // 100 == 3:
        session.chat.say(held or answers.next(reply.text[4:]))
        held = ""
    if reply.good:
        return True
    dsn = "4" + reply.dsn[1:] if reply.code // 100 == 5 and daemon.settings.bool("sasl_auth_soft_bounce") else reply.dsn
    why.set(dsn, f"SASL authentication failed; server {session.name} said: {reply.text}", session.server.host, reply.text)
    return False


class _Answers:
    """The client's side of a mechanism: RFC 4616 PLAIN, RFC 2195 CRAM-MD5, and LOGIN."""

    def __init__(self, mechanism: str, user: str, password: str) -> None:
        self.mechanism = mechanism
        self.user = user
        self.password = password
        self._step = 0

    def first(self) -> str:
        """The initial response, which only PLAIN has."""
        return _encode(f"\0{self.user}\0{self.password}") if self.mechanism == "PLAIN" else ""

    def next(self, challenge: str) -> str:
        """The answer to a challenge of the server."""
        self._step += 1
        if self.mechanism == "LOGIN":
            return _encode(self.user if self._step == 1 else self.password)
        key, data = (text.encode("utf-8", "surrogateescape") for text in (self.password, _decode(challenge)))
        return _encode(f"{self.user} {hmac.new(key, data, hashlib.md5).hexdigest()}")


def _encode(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")


def _decode(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "surrogateescape")
    except ValueError:
        return ""
