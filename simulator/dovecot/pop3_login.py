"""NAME
    pop3-login - POP3 before the login

DESCRIPTION
    USER, PASS, AUTH, CAPA, STLS and QUIT (RFC 1939, RFC 2449, RFC 2595, RFC 5034). After the login the mail process goes on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulator.dovecot.login import LOGIN_TIMEOUT, Login
from simulator.dovecot.pop3 import Pop3Session
from simulator.dovecot.sasl import Credentials, decode, plain

if TYPE_CHECKING:
    from simulator.dovecot.master import Master

_DISALLOWED = "-ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections."
_FAILED = "-ERR [AUTH] Authentication failed."
_MOST_ERRORS = 10


class Pop3Login(Login):
    """One client."""

    def __init__(self, master: Master, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: bool) -> None:
        super().__init__(master, reader, writer, "pop3", tls)
        self.name = ""
        self.errors = 0
        self.reason = ""

    async def run(self) -> None:
        """The conversation."""
        if not await self.open():
            return
        one = self.connection
        one.write(f"+OK {one.config['login_greeting']}")
        while not self.reason:
            try:
                line = await one.line(LOGIN_TIMEOUT)
            except TimeoutError:
                one.write("-ERR Disconnected for inactivity.")
                self.reason = "Inactivity"
                break
            if line is None:
                self.reason = "Connection closed"
                break
            verb, _, rest = line.partition(" ")
            if await self._command(verb.upper(), rest):
                return
        self.disconnected(self.reason)

    async def _command(self, verb: str, rest: str) -> bool:
        """True: the client has logged in and its session is over."""
        one = self.connection
        if verb == "CAPA":
            self._capabilities()
        elif verb == "USER":
            self._user(rest)
        elif verb == "PASS" and self.name:
            name, self.name = self.name, ""
            return await self._login(Credentials(name, rest), "PLAIN")
        elif verb == "AUTH":
            return await self._auth(rest)
        elif verb == "STLS":
            return await self._stls()
        elif verb == "QUIT":
            one.write("+OK Logging out")
            self.reason = "Aborted login by logging out"
        else:
            self._unknown()
        return False

    def _unknown(self) -> None:
        self.errors += 1
        self.connection.write("-ERR Unknown command.")
        if self.errors >= _MOST_ERRORS:
            self.connection.write("-ERR Too many invalid bad commands.")
            self.reason = "Too many bad commands"

    def _user(self, rest: str) -> None:
        one = self.connection
        if not one.plaintext_allowed:
            one.write(_DISALLOWED)
            return
        self.name = rest
        one.write("+OK")

    def _capabilities(self) -> None:
        one = self.connection
        words = ["TOP", "UIDL", "RESP-CODES", "PIPELINING", "AUTH-RESP-CODE"]
        words += ["STLS"] if one.tls_offered else []
        words += ["USER"] if one.plaintext_allowed else []
        mechanisms = self._mechanisms()
        words.append(" ".join(["SASL", *mechanisms]))
        one.write("+OK\r\nCAPA\r\n" + "\r\n".join(words) + "\r\n.")

    def _mechanisms(self) -> list[str]:
        one = self.connection
        names = [name.upper() for name in one.config.words("auth_mechanisms")]
        return [name for name in names if one.plaintext_allowed or name not in ("PLAIN", "LOGIN")]

    async def _stls(self) -> bool:
        one = self.connection
        if one.config["ssl"] == "no":
            one.write("-ERR TLS support isn't enabled.")
        elif one.encrypted:
            one.write("-ERR TLS is already active.")
        else:
            one.write("+OK Begin TLS negotiation now.")
            if not await one.start_tls():
                self.reason = self._handshake_reason()
        return False

    async def _auth(self, rest: str) -> bool:
        one = self.connection
        name, _, response = rest.partition(" ")
        if not name:
            one.write("+OK\r\n" + "".join(f"{mechanism}\r\n" for mechanism in self._mechanisms()) + ".")
            return False
        if name.upper() not in [mechanism.upper() for mechanism in one.config.words("auth_mechanisms")]:
            one.write("-ERR [AUTH] Unsupported authentication mechanism.")
            return False
        if not one.plaintext_allowed:
            one.write(_DISALLOWED)
            return False
        given = await self._credentials(name.upper(), response)
        return given is not None and await self._login(given, name.upper())

    async def _credentials(self, mechanism: str, response: str) -> Credentials | None:
        one = self.connection
        answers: list[str] = [response] if response else []
        challenges = {"PLAIN": ["+ "], "LOGIN": ["+ VXNlcm5hbWU6", "+ UGFzc3dvcmQ6"]}.get(mechanism, [])
        for challenge in challenges[len(answers) :]:
            one.write(challenge)
            line = await one.line(LOGIN_TIMEOUT)
            if line is None:
                self.reason = "Connection closed"
                return None
            if line == "*":
                one.write("-ERR Authentication aborted by client.")
                return None
            answers.append(line)
        data = [decode(answer) for answer in answers]
        if mechanism == "LOGIN" and len(data) == 2 and None not in data:
            user, password = (part.decode("utf-8", "surrogateescape") for part in data if part is not None)
            return Credentials(user, password)
        found = plain(data[0]) if data and data[0] is not None else None
        if found is None:
            await asyncio.sleep(one.config.seconds("auth_failure_delay"))
            self.failures, self.attempts = self.failures + 1, self.attempts + 1
            one.write(_FAILED)
        return found

    async def _login(self, given: Credentials, method: str) -> bool:
        one = self.connection
        if not one.plaintext_allowed:
            one.write(_DISALLOWED)
            return False
        outcome = await self.check(given.user, given.password, method)
        if not outcome.good:
            one.write("-ERR [SYS/TEMP] Temporary authentication failure. [" + self._stamp() + "]" if outcome.temporary else _FAILED)
            return False
        storage = self.enter(outcome)
        if isinstance(storage, str):
            one.write(f"-ERR [SYS/TEMP] {storage}")
            return True
        await Pop3Session(one, storage).run()
        return True

    def _stamp(self) -> str:
        import time

        return f"{self.master.host.hostname}:{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(self.master.host.clock.now))}"
