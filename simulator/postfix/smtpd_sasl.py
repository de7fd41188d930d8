"""AUTH of smtpd(8): RFC 4954, SASL_README. Passwords are checked by Dovecot (smtpd_sasl_type = dovecot) or Cyrus SASL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from simulator.postfix.lib.dovecot_auth import DovecotAuth, Mechanisms, Progress, ProtocolTrouble, Step
from simulator.postfix.lib.endpoint import open_endpoint
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.name_mask import required_names
from simulator.postfix.lib.printable import printable
from simulator.postfix.smtpd_sasl_cyrus import CyrusSasl
from simulator.postfix.smtpd_state import UNKNOWN
from simulator.postfix.smtpd_token import Token

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd
    from simulator.postfix.smtpd_session import Session

#: postconf(5) smtpd_sasl_security_options: a word, and the property of a mechanism that it forbids or requires.
_FORBIDDEN = {"noplaintext": "plaintext", "noactive": "active", "nodictionary": "dictionary", "noanonymous": "anonymous"}
_REQUIRED = {"forward_secrecy": "forward-secrecy", "mutual_auth": "mutual-auth"}
_TIMEOUT = 10.0


class LoginOffer:
    """What one smtpd(8) process offers its clients. The list of mechanisms is asked for once."""

    def __init__(self, smtpd: Smtpd) -> None:
        self.smtpd = smtpd
        params = smtpd.params
        self.enabled = params.bool("smtpd_sasl_auth_enable")
        self.type = params["smtpd_sasl_type"]
        self.only_encrypted = params.bool("smtpd_tls_auth_only") or smtpd.tls.required
        self.mechanisms: Mechanisms | None = None
        self.options: dict[bool, frozenset[str]] = {}
        if not self.enabled:
            return
        if self.type not in ("cyrus", "dovecot"):
            smtpd.log.warning(f"unsupported SASL server implementation: {self.type}")
            raise Fatal("SASL per-process initialization failed")

    def _wanted(self, encrypted: bool) -> frozenset[str]:
        """The security options, for plain and for encrypted sessions. Raises Fatal."""
        if encrypted not in self.options:
            name = "smtpd_sasl_tls_security_options" if encrypted else "smtpd_sasl_security_options"
            known = {**_FORBIDDEN, **_REQUIRED}
            words = required_names(f"xsasl_{self.type}_server_create", known, self.smtpd.params[name], any_case=True)
            self.options[encrypted] = frozenset(words)
        return self.options[encrypted]

    async def after_greeting(self, session: Session) -> None:
        """Offer AUTH from the beginning, unless encryption is to come first. Raises Fatal."""
        if self.enabled and not session.state.sasl_mechanisms and session.tls is None and not self.only_encrypted:
            await self._activate(session)

    async def after_tls(self, session: Session) -> None:
        """An encrypted session may offer more. Raises Fatal."""
        if self.enabled:
            session.state.sasl_method = session.state.sasl_username = None
            await self._activate(session)

    async def _activate(self, session: Session) -> None:
        encrypted = session.tls is not None
        wanted = self._wanted(encrypted)
        if self.mechanisms is None:
            self.mechanisms = CyrusSasl(self.smtpd).mechanisms() if self.type == "cyrus" else await self._ask_dovecot()
        found = [name for name, properties in self.mechanisms or () if _suits(properties, wanted)]
        if not found:
            if self.type == "cyrus":
                self.smtpd.log.warning("xsasl_cyrus_server_get_mechanism_list: no applicable SASL mechanisms")
            raise Fatal("no SASL authentication mechanisms")
        allowed = [name for name in found if self.smtpd.lists.mechanism_allowed(name)]
        if not allowed:
            raise Fatal(f"smtpd_sasl_mechanism_filter discards all mechanisms in '{' '.join(found)}'")
        session.state.sasl_mechanisms = " ".join(allowed)

    async def _ask_dovecot(self) -> Mechanisms | None:
        connected = await self.connect()
        if connected is None:
            return None
        connected[0].close()
        return connected[1]

    async def connect(self) -> tuple[DovecotAuth, Mechanisms] | None:
        """A connection to Dovecot; None, and a warning, when there is none."""
        smtpd = self.smtpd
        path = smtpd.params["smtpd_sasl_path"]
        try:
            reader, writer = await open_endpoint(
                smtpd.host, path, cred=smtpd.cred, directory=smtpd.queue_directory, root=smtpd.root, timeout=_TIMEOUT
            )
        except OSError as error:
            smtpd.log.warning(f"SASL: Connect to Dovecot auth socket '{path}' failed: {error.strerror}")
            return None
        auth = DovecotAuth(reader, writer)
        try:
            return auth, await auth.handshake(smtpd.pid)
        except ProtocolTrouble as trouble:
            if str(trouble):
                smtpd.log.warning(str(trouble))
            auth.close()
            return None

    async def login(self, session: Session, mechanism: str, response: str | None, ask: Callable[[str], Awaitable[str]]) -> Step:
        """Check a login; `ask` sends a challenge and returns the answer."""
        if self.type == "cyrus":
            return await CyrusSasl(self.smtpd).login(session.state.sasl_mechanisms, mechanism, response, ask)
        if mechanism.upper() not in session.state.sasl_mechanisms.upper().split():
            return Step(Progress.FAILED, "Invalid authentication mechanism")
        connected = await self.connect()
        if connected is None:
            return Step(Progress.TEMPORARY)
        auth = connected[0]
        try:
            step = await auth.first(mechanism, response, self._facts(session))
            while step.progress is Progress.MORE:
                step = await auth.next(await ask(step.text))
            return step
        finally:
            auth.close()

    def _facts(self, session: Session) -> dict[str, str | None]:
        """What Dovecot is told of the session."""
        peer = session.state.peer
        facts: dict[str, str | None] = {
            "service": self.smtpd.params["smtpd_sasl_service"],
            "nologin": None,
            "lip": "" if peer.server_address == UNKNOWN else peer.server_address,
            "rip": "" if peer.address == UNKNOWN else peer.address,
        }
        return facts | {"secured": None} if session.tls is not None else facts


def _suits(properties: frozenset[str], wanted: frozenset[str]) -> bool:
    forbidden = {_FORBIDDEN[word] for word in wanted if word in _FORBIDDEN}
    required = {_REQUIRED[word] for word in wanted if word in _REQUIRED}
    return not properties & forbidden and required <= properties


class _Aborted(Exception):
    """The client gave up; it was told."""


async def auth(session: Session, words: list[Token]) -> bool:
    """AUTH."""
    smtpd, state = session.smtpd, session.state
    refused = smtpd.limits.login(session)
    if refused:
        return await session.fail(refused, "policy")
    if smtpd.settings.helo_required and state.helo_name is None:
        return await session.fail("503 5.5.1 Error: send HELO/EHLO first", "policy")
    if state.stand_alone or not state.sasl_mechanisms or state.discards("AUTH"):
        return await session.fail("503 5.5.1 Error: authentication not enabled", "protocol")
    if state.in_mail:
        return await session.fail("503 5.5.1 Error: MAIL transaction in progress", "protocol")
    if smtpd.login_offer.only_encrypted and session.tls is None:
        return await session.fail("504 5.5.4 Encryption required for requested authentication mechanism", "protocol")
    if state.sasl_username:
        return await session.fail("503 5.5.1 Error: already authenticated", "protocol")
    if not 2 <= len(words) <= 3:
        return await session.fail("501 5.5.4 Syntax: AUTH mechanism", "protocol")
    return await _authenticate(session, words[1].text, words[2].text if len(words) == 3 else None)


async def _authenticate(session: Session, method: str, response: str | None) -> bool:
    smtpd, state = session.smtpd, session.state
    dialogue = _Dialogue(session, method)
    try:
        step = await smtpd.login_offer.login(session, method, response, dialogue.ask)
    except _Aborted:
        return False
    if step.progress is not Progress.DONE:
        reason = step.text or "(reason unavailable)"
        user = step.user[:100] or "(unavailable)"
        smtpd.log.warning(f"{state.namaddr}: SASL {method[:100]} authentication failed: {reason}, sasl_username={user}")
        smtpd.trace("login failed", client=state.peer.address, method=method, user=step.user)
        if step.progress is Progress.TEMPORARY:
            return await session.fail(f"454 4.7.0 Temporary authentication failure: {reason}")
        return await session.fail(f"535 5.7.8 Error: authentication failed: {reason}")
    await session.reply("235 2.7.0 Authentication successful")
    state.sasl_username, state.sasl_method = step.user, printable(method)
    smtpd.trace("login", client=state.peer.address, method=method, user=step.user)
    return True


class _Dialogue:
    """Challenges and answers of one AUTH command."""

    def __init__(self, session: Session, method: str) -> None:
        self.session = session
        self.method = method

    async def ask(self, challenge: str) -> str:
        """Raises _Aborted."""
        session = self.session
        await session.chat.reply(f"334 {challenge}")
        if not await session.chat.query(session.smtpd.params.int("smtpd_sasl_response_limit")):
            await session.chat.reply("500 5.5.6 SASL response limit exceeded")
            raise _Aborted
        answer: Any = session.chat.line
        if answer == "*":
            session.smtpd.log.warning(f"{session.state.namaddr}: SASL {self.method} authentication aborted")
            await session.chat.reply("501 5.7.0 Authentication aborted")
            raise _Aborted
        return str(answer)
