"""What the login processes of IMAP and POP3 have in common: the connection, TLS, checking passwords, log lines before login."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulator.dovecot.auth import Outcome, UserEntry
from simulator.dovecot.mailbox import MailboxError
from simulator.dovecot.session_id import login_id
from simulator.dovecot.storage import Storage, usable
from simulator.net.certificates import split_bundle
from simulator.net.tls import HandshakeError, Service, server_handshake
from simulator.net.transport import StreamTransport

if TYPE_CHECKING:
    from simulator.dovecot.master import Master

#: Seconds until a silent client is hung up on, before and after login.
LOGIN_TIMEOUT, IDLE_TIMEOUT = 180.0, 1800.0
POP3_TIMEOUT = 600.0
_MOST_LINE = 65536


class Connection:
    """A client's connection: lines, TLS, where it comes from."""

    def __init__(self, master: Master, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: str) -> None:
        self.master, self.reader, self.writer = master, reader, writer
        self.host, self.config = master.host, master.config.of(protocol)
        self.protocol = protocol
        transport = writer.transport
        assert isinstance(transport, StreamTransport)
        self.transport = transport
        self.peer = transport.get_extra_info("peername")
        self.local = transport.get_extra_info("sockname")
        self.began = self.host.clock.now
        self.session = login_id(self.host, self.peer[0], self.peer[1], master.next_serial())
        self.encrypted = False
        self.handshake_error = ""
        self.sent = self.received = 0

    @property
    def secured(self) -> bool:
        """TLS, or a client on this very host."""
        return self.encrypted or self.peer[0] == self.local[0]

    @property
    def plaintext_allowed(self) -> bool:
        """disable_plaintext_auth, ssl = required."""
        if self.encrypted:
            return True
        if self.config["ssl"] == "required":
            return False
        return self.secured or not self.config.bool("disable_plaintext_auth")

    @property
    def tls_offered(self) -> bool:
        return self.config["ssl"] != "no" and not self.encrypted and bool(self.config["ssl_cert"])

    def write(self, text: str) -> None:
        """Send a line."""
        self.write_data(text.encode("utf-8", "surrogateescape") + b"\r\n")

    def write_data(self, data: bytes) -> None:
        self.sent += len(data)
        self.writer.write(data)

    async def line(self, timeout: float) -> str | None:
        """A line without its end; None: the client has gone. Raises TimeoutError."""
        try:
            data = await asyncio.wait_for(self.reader.readuntil(b"\n"), timeout)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return None
        self.received += len(data)
        return data[:-1].removesuffix(b"\r").decode("utf-8", "surrogateescape")

    async def literal(self, size: int) -> str | None:
        """The bytes that a line announced (RFC 3501 4.3); None: the client has gone."""
        try:
            data = await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        self.received += size
        return data.decode("utf-8", "surrogateescape")

    async def start_tls(self) -> bool:
        """Negotiate TLS as the server. False, and a reason, when that fails."""
        try:
            chain = split_bundle(self.config.content("ssl_cert", self.host.fs))
            self.config.content("ssl_key", self.host.fs)
        except OSError:
            chain = ()
        pending = bytes(self.reader._buffer)  # type: ignore[attr-defined]
        if pending:
            self.reader._buffer.clear()  # type: ignore[attr-defined]
        try:
            await server_handshake(
                self.transport, Service(chain=chain, versions=self._versions(), ticket_key=f"dovecot-{self.master.pid}"), LOGIN_TIMEOUT
            )
        except HandshakeError as error:
            library = error.library[0] if error.library else ""
            text = ":".join(library.split(":")[:5]) if library else "Connection closed"
            self.handshake_error = f"SSL_accept() failed: {text}" if library else text
            return False
        self.encrypted = True
        return True

    def _versions(self) -> tuple[str, ...]:
        order = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
        least = self.config["ssl_min_protocol"]
        return order[order.index(least) :] if least in order else order[3:]


class Login:
    """One client until it has logged in. The subclasses speak the protocol."""

    def __init__(self, master: Master, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: str, tls: bool) -> None:
        self.master = master
        self.connection = Connection(master, reader, writer, protocol)
        self.protocol = protocol
        self.tls = tls
        self.attempts = self.failures = 0
        self.user = self.method = ""

    def log(self, text: str) -> None:
        self.master.log(text, source=f"{self.protocol}-login")

    async def open(self) -> bool:
        """TLS first, where the port says so. False: no conversation comes about."""
        if not self.tls:
            return True
        if await self.connection.start_tls():
            return True
        self.disconnected(self._handshake_reason())
        return False

    def _handshake_reason(self) -> str:
        error = self.connection.handshake_error
        return f"Connection closed: {error}" if error.startswith("SSL") else "Connection closed"

    async def check(self, user: str, password: str, method: str) -> Outcome:
        """Ask the auth service; a failure takes its time."""
        self.attempts += 1
        self.user, self.method = user, method
        auth, address = self.master.auth, self.connection.peer[0]
        wait = auth.penalty(address)
        if wait:
            await asyncio.sleep(wait)
        outcome = auth.check(user, password, address, self.protocol)
        auth.note(address, outcome.good, f"{user}\0{password}")
        if not outcome.good:
            self.failures += 1
            await asyncio.sleep(self.connection.config.seconds("auth_failure_delay"))
        return outcome

    def enter(self, outcome: Outcome) -> Storage | str:
        """Look the user up and open the mail store; a text is what went wrong."""
        connection = self.connection
        pid = self.master.host.new_pid()
        self.log(f"Login: user=<{outcome.user}>, method={self.method}, {self.place(pid)}")
        entry = self.master.auth.find(outcome.user, self.protocol) or (dict(outcome.fields) and None)
        if not isinstance(entry, UserEntry):
            self.error(
                outcome.user,
                pid,
                "auth-master: login: request [1]: Login auth request failed: Authenticated user not found from userdb, auth lookup id=1",
            )
            return "Internal error occurred. Refer to server log for more information."
        trouble = usable(entry, connection.config)
        if trouble:
            self.error(outcome.user, pid, trouble)
            return "Internal error occurred. Refer to server log for more information."
        try:
            return Storage(self.master.host, connection.config, entry, pid)
        except MailboxError as error:
            self.error(outcome.user, pid, str(error))
            return "Internal error occurred. Refer to server log for more information."

    def error(self, user: str, pid: int, text: str) -> None:
        """A line of the mail process."""
        self.master.log(text, "Error", f"{self.protocol}({user})<{pid}><{self.connection.session}>")

    def place(self, pid: int = 0) -> str:
        """`rip=..., lip=..., TLS, session=<...>`."""
        one = self.connection
        words = [f"rip={one.peer[0]}", f"lip={one.local[0]}"]
        words += [f"mpid={pid}"] if pid else []
        if one.handshake_error:
            words.append(f"TLS handshaking: {one.handshake_error}")
        elif one.encrypted:
            words.append("TLS")
        elif one.secured:
            words.append("secured")
        return ", ".join([*words, f"session=<{one.session}>"])

    def disconnected(self, reason: str) -> None:
        """The line about a client who never logged in."""
        seconds = int(self.master.host.clock.now - self.connection.began + 0.5)
        method = f", method={self.method}" if self.method else ""
        if self.failures:
            tries = f"auth failed, {self.attempts} attempts in {seconds} secs"
        else:
            tries = self.no_attempts(seconds)
        self.log(f"{self.disconnect_word(reason)} ({tries}): user=<{self.user}>{method}, {self.place()}")

    @staticmethod
    def no_attempts(seconds: int) -> str:
        return f"no auth attempts in {seconds} secs"

    @staticmethod
    def disconnect_word(reason: str) -> str:
        return f"Disconnected: {reason}"
