"""NAME
    imap-login - IMAP before the login

DESCRIPTION
    CAPABILITY, NOOP, ID, LOGIN, AUTHENTICATE, STARTTLS and LOGOUT (RFC 3501 6.1, 6.2). After the login the mail process goes on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulator.dovecot.imap import CAPABILITY, ImapSession
from simulator.dovecot.imap_words import BadWords, Word, literal_at_end, parse
from simulator.dovecot.login import LOGIN_TIMEOUT, Login
from simulator.dovecot.sasl import Credentials, decode, plain

if TYPE_CHECKING:
    from simulator.dovecot.master import Master

_BASE = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+"
_MOST_ERRORS = 3
_PRIVACY = "NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections."
_EXPOSED = ("* BAD [ALERT] Plaintext authentication not allowed without SSL/TLS, but your client did it anyway. "
            "If anyone was listening, the password was exposed.")  # fmt: skip
_BAD = "BAD Error in IMAP command received by server."


class ImapLogin(Login):
    """One client."""

    def __init__(self, master: Master, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: bool) -> None:
        super().__init__(master, reader, writer, "imap", tls)
        self.errors = 0
        self.reason = ""
        self.too_many = False

    def capability(self) -> str:
        """What is offered before the login."""
        one = self.connection
        words = [_BASE]
        words += ["STARTTLS"] if one.tls_offered else []
        if not one.plaintext_allowed:
            words.append("LOGINDISABLED")
        mechanisms = [name.upper() for name in one.config.words("auth_mechanisms")]
        words += [f"AUTH={name}" for name in mechanisms if one.plaintext_allowed or name not in ("PLAIN", "LOGIN")]
        return " ".join(words)

    async def run(self) -> None:
        """The conversation."""
        if not await self.open():
            return
        one = self.connection
        one.write(f"* OK [CAPABILITY {self.capability()}] {one.config['login_greeting']}")
        while not self.reason:
            try:
                line = await one.line(LOGIN_TIMEOUT)
            except TimeoutError:
                one.write("* BYE Disconnected for inactivity.")
                self.reason = "Inactivity"
                break
            if line is None:
                self.reason = "Connection closed"
            elif line and await self._line(line):
                return
        self.disconnected(self.reason)

    async def _line(self, line: str) -> bool:
        tag, _, rest = line.partition(" ")
        literals: list[str] = []
        last = rest
        while (announced := literal_at_end(last)) is not None and len(literals) < 1000:
            if announced[1]:
                self.connection.write("+ OK")
            data = await self.connection.literal(announced[0])
            if data is None:
                self.reason = "Connection closed"
                return False
            literals.append(data)
            last = (await self.connection.line(LOGIN_TIMEOUT)) or ""
            rest += last
        verb, _, arguments = rest.partition(" ")
        try:
            words = parse(arguments, literals)
        except BadWords:
            self._bad(tag)
            return False
        return await self._command(tag, verb.upper(), words)

    def _bad(self, tag: str) -> None:
        self.errors += 1
        if self.errors >= _MOST_ERRORS:
            self.connection.write("* BYE Too many invalid IMAP commands.")
            self.reason = "Too many invalid commands"
            return
        self.connection.write(f"{tag} {_BAD}")

    async def _command(self, tag: str, verb: str, words: list[Word]) -> bool:
        one = self.connection
        if verb == "CAPABILITY":
            one.write(f"* CAPABILITY {self.capability()}")
            one.write(f"{tag} OK Pre-login capabilities listed, post-login capabilities have more.")
        elif verb == "NOOP":
            one.write(f"{tag} OK NOOP completed.")
        elif verb == "ID":
            one.write('* ID ("name" "Dovecot")')
            one.write(f"{tag} OK ID completed.")
        elif verb == "LOGOUT":
            one.write("* BYE Logging out")
            one.write(f"{tag} OK Logout completed.")
            self.reason = "Aborted login by logging out"
        elif verb == "STARTTLS":
            await self._starttls(tag)
        elif verb == "LOGIN" and len(words) == 2 and all(isinstance(word, str) for word in words):
            return await self._login(tag, Credentials(str(words[0]), str(words[1])), "PLAIN")
        elif verb == "AUTHENTICATE" and words and isinstance(words[0], str):
            return await self._authenticate(tag, words[0].upper(), str(words[1]) if len(words) > 1 else None)
        else:
            self._bad(tag)
        return False

    async def _starttls(self, tag: str) -> None:
        one = self.connection
        if one.config["ssl"] == "no":
            one.write(f"{tag} BAD TLS support isn't enabled.")
        elif one.encrypted:
            one.write(f"{tag} BAD TLS is already active.")
        else:
            one.write(f"{tag} OK Begin TLS negotiation now.")
            if not await one.start_tls():
                self.reason = self._handshake_reason()

    async def _authenticate(self, tag: str, mechanism: str, response: str | None) -> bool:
        one = self.connection
        if mechanism not in [name.upper() for name in one.config.words("auth_mechanisms")] or mechanism not in ("PLAIN", "LOGIN"):
            self.attempts += 1
            self.failures += 1
            one.write(f"{tag} NO [ALERT] Unsupported authentication mechanism.")
            return False
        if not one.plaintext_allowed:
            one.write(f"{tag} {_PRIVACY}")
            return False
        answers = [] if response is None else ["" if response == "=" else response]
        challenges = {"PLAIN": ["+ "], "LOGIN": ["+ VXNlcm5hbWU6", "+ UGFzc3dvcmQ6"]}[mechanism]
        for challenge in challenges[len(answers) :]:
            one.write(challenge)
            line = await one.line(LOGIN_TIMEOUT)
            if line is None:
                self.reason = "Connection closed"
                return False
            if line == "*":
                self.attempts += 1
                self.failures += 1
                one.write(f"{tag} BAD Authentication aborted by client.")
                return False
            answers.append(line)
        given = _credentials(mechanism, answers)
        if given is None:
            self.attempts, self.failures = self.attempts + 1, self.failures + 1
            await asyncio.sleep(one.config.seconds("auth_failure_delay"))
            one.write(f"{tag} NO [AUTHENTICATIONFAILED] Authentication failed.")
            return False
        return await self._login(tag, given, mechanism)

    async def _login(self, tag: str, given: Credentials, method: str) -> bool:
        one = self.connection
        if not one.plaintext_allowed:
            if method == "PLAIN":
                one.write(_EXPOSED)
            one.write(f"{tag} {_PRIVACY}")
            return False
        outcome = await self.check(given.user, given.password, method)
        if not outcome.good:
            text = "NO [UNAVAILABLE] Temporary authentication failure." if outcome.temporary else "NO [AUTHENTICATIONFAILED] Authentication failed."
            one.write(f"{tag} {text}")
            return False
        storage = self.enter(outcome)
        if isinstance(storage, str):
            one.write(f"{tag} NO [UNAVAILABLE] {storage}")
            return True
        one.sent = one.received = 0
        one.write(f"{tag} OK [CAPABILITY {CAPABILITY}] Logged in")
        await ImapSession(one, storage).run()
        return True


def _credentials(mechanism: str, answers: list[str]) -> Credentials | None:
    data = [decode(answer) for answer in answers]
    if mechanism == "PLAIN":
        return plain(data[0]) if data[0] is not None else None
    if len(data) < 2 or data[0] is None or data[1] is None:
        return None
    return Credentials(data[0].decode("utf-8", "surrogateescape"), data[1].decode("utf-8", "surrogateescape"))
