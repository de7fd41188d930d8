"""NAME
    lmtp - delivery by LMTP (RFC 2033)

DESCRIPTION
    Answers at a UNIX socket or a port. Each recipient is looked up in the userdb; each copy is stored, or not, for itself.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

from simulator.dovecot.auth import LookupFailed, UserEntry
from simulator.dovecot.delivery import Delivery, DeliveryFailed
from simulator.dovecot.login import Connection
from simulator.dovecot.mailbox import MailboxError
from simulator.dovecot.storage import Storage, usable

if TYPE_CHECKING:
    from simulator.dovecot.master import Master

_TIMEOUT = 300.0
_MOST_BYTES = 64 * 1024 * 1024
_PATH = re.compile(r"\s*<([^>]*)>\s*(.*)\Z")


class LmtpServer:
    """One client."""

    def __init__(self, master: Master, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.master = master
        self.host = master.host
        self.connection = Connection(master, reader, writer, "lmtp")
        self.config = self.connection.config
        self.pid = self.host.new_pid()
        self.helo = ""
        self.over = ""
        self.sender: str | None = None
        self.recipients: list[tuple[str, UserEntry]] = []

    @property
    def place(self) -> str:
        """Where the client is: an address, or "local"."""
        address = str(self.connection.peer[0])
        return address or "local"

    def say(self, text: str) -> None:
        self.connection.write(text)

    def log(self, text: str) -> None:
        self.master.log(text, source=f"lmtp({self.pid})")

    async def run(self) -> None:
        """The conversation."""
        self.log(f"Connect from {self.place}")
        self.say(f"220 {self.host.hostname} {self.config['login_greeting']}")
        while not self.over:
            try:
                line = await self.connection.line(_TIMEOUT)
            except TimeoutError:
                self.say("421 4.4.2 Disconnected for inactivity")
                self.over = "Disconnected for inactivity"
                break
            if line is None:
                self.over = "Connection closed"
                break
            await self._command(line)
        state = "MAIL FROM" if self.recipients == [] and self.sender is not None else "RCPT TO" if self.recipients else "READY"
        self.log(f"Disconnect from {self.place}: {self.over} (state={state})")

    async def _command(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        if verb == "DATA":
            await self._data()
            return
        action = {"LHLO": self._lhlo, "MAIL": self._mail, "RCPT": self._rcpt, "RSET": self._rset, "NOOP": self._noop, "VRFY": self._vrfy,
                  "QUIT": self._quit}.get(verb)  # fmt: skip
        if action is None:
            self.say("500 5.5.1 Unknown command")
            return
        action(rest)

    def _lhlo(self, rest: str) -> None:
        self.helo = rest.strip()
        self._clear()
        lines = [self.host.hostname, "8BITMIME", "CHUNKING", "ENHANCEDSTATUSCODES", "PIPELINING"]
        for number, text in enumerate(lines, 1):
            self.say(f"250{' ' if number == len(lines) else '-'}{text}")

    def _clear(self) -> None:
        self.sender, self.recipients = None, []

    def _rset(self, rest: str) -> None:
        self._clear()
        self.say("250 2.0.0 OK")

    def _noop(self, rest: str) -> None:
        self.say("250 2.0.0 OK")

    def _vrfy(self, rest: str) -> None:
        self.say("252 2.3.3 Try RCPT instead")

    def _quit(self, rest: str) -> None:
        self.say("221 2.0.0 Bye")
        self.over = "Logged out"

    def _mail(self, rest: str) -> None:
        match = _PATH.match(rest[5:]) if rest.upper().startswith("FROM:") else None
        if not self.helo:
            self.say("503 5.5.0 LHLO needed first")
        elif match is None:
            self.say("501 5.5.4 Invalid FROM: Missing '<'" if rest.upper().startswith("FROM:") else "501 5.5.4 Invalid parameters")
        elif self.sender is not None:
            self.say("503 5.5.0 MAIL already given")
        else:
            self.sender = match[1]
            self.say("250 2.1.0 OK")

    def _rcpt(self, rest: str) -> None:
        match = _PATH.match(rest[3:]) if rest.upper().startswith("TO:") else None
        if self.sender is None:
            self.say("503 5.5.0 MAIL needed first")
            return
        if match is None:
            self.say("501 5.5.4 Invalid TO: Missing '<'")
            return
        address = match[1]
        name = self._user(address)
        try:
            entry = self.master.auth.find(name, "lmtp")
        except LookupFailed:
            self.say(f"451 4.3.0 <{address}> Temporary internal error")
            return
        if entry is None:
            self.say(f"550 5.1.1 <{address}> User doesn't exist: {name}")
            return
        self.recipients.append((address, entry))
        self.say("250 2.1.5 OK")

    def _user(self, address: str) -> str:
        """The user's name: the address without its extension."""
        local, at, domain = address.partition("@")
        delimiters = self.config["recipient_delimiter"]
        for letter in delimiters:
            local = local.split(letter, 1)[0] or local
        return local.lower() + at + domain.lower()

    async def _data(self) -> None:
        if self.sender is None:
            self.say("503 5.5.0 MAIL needed first")
            return
        if not self.recipients:
            self.say("554 5.5.1 No valid recipients")
            return
        self.say("354 OK")
        data = await self._message()
        if data is None:
            self.over = "Connection closed"
            return
        for serial, (address, entry) in enumerate(self.recipients):
            self.say(self._deliver(address, entry, data, serial))
        self._clear()

    async def _message(self) -> bytes | None:
        lines: list[bytes] = []
        total = 0
        while True:
            try:
                line = await asyncio.wait_for(self.connection.reader.readuntil(b"\n"), _TIMEOUT)
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                return None
            line = line[:-1].removesuffix(b"\r")
            if line == b".":
                return b"".join(lines)
            total += len(line)
            if total <= _MOST_BYTES:
                lines.append((line[1:] if line.startswith(b".") else line) + b"\n")

    def _deliver(self, address: str, entry: UserEntry, data: bytes, serial: int) -> str:
        """Store one copy; the reply."""
        trouble = usable(entry, self.config)
        if trouble:
            self.master.log(trouble, "Error", f"lmtp({self.pid})")
            return f"451 4.3.0 <{address}> Temporary internal error"
        try:
            storage = Storage(self.host, self.config, entry, self.pid)
        except MailboxError as error:
            self.master.log(str(error), "Error", f"lmtp({entry.name})<{self.pid}>")
            return f"451 4.3.0 <{address}> Temporary internal error"
        delivery = Delivery(storage, self.config, "lmtp", b"", self.sender or "", address, original=address, serial=serial)
        delivery.data = self._headers(address, delivery.session) + data
        try:
            delivery.run()
        except DeliveryFailed as failure:
            code = ("452 4.2.2" if failure.temporary else "552 5.2.2") if failure.quota else "451 4.2.0"
            return f"{code} <{address}> {failure if failure.quota else 'Temporary internal error' if failure.temporary else failure}"
        return f"250 2.0.0 <{address}> {delivery.session} Saved"

    def _headers(self, address: str, session: str) -> bytes:
        host = self.host
        came = f"{self.helo} ([{self.place}])" if self.place != "local" else self.helo
        when = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(host.clock.now))
        first = f"Return-Path: <{self.sender}>\n" if self.sender is not None else ""
        text = (
            f"{first}Delivered-To: {address}\nReceived: from {came}\n\tby {host.hostname} with LMTP\n\tid {session}\n"
            f"\t(envelope-from <{self.sender}>)\n\tfor <{address}>; {when}\n"
        )
        return text.encode("utf-8", "surrogateescape")
