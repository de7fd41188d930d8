"""Connections of fetchmail: to the mailbox server, with TLS and its checks, and to the SMTP server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.net.certificates import common_name, directory_anchors, examine, matches, parse
from simulator.net.resolver import Resolver
from simulator.net.tls import HandshakeError, Offer, client_handshake
from simulator.net.transport import StreamTransport
from simulator.netprog.services import port_name
from simulator.netprog.talk import wait
from simulator.unix.program import Process

if TYPE_CHECKING:
    from simulator.mra.fetchmail_rc import Entry

SOCKET, AUTHFAIL, PROTOCOL, SMTP, DNS = 2, 3, 4, 10, 11
_TIMEOUT = 300.0
_CERTIFICATES = "/etc/ssl/certs"


class QueryFailed(Exception):
    """The poll of a server ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class Output:
    """What fetchmail prints. A line that was begun waits until its end; errors do not wait for it."""

    p: Process
    verbose: bool = False
    silent: bool = False
    partial: str = ""

    def say(self, text: str) -> None:
        """A line of progress."""
        self.p.out(self.partial + text + "\n")
        self.partial = ""

    def begin(self, text: str) -> None:
        self.partial += text

    def error(self, text: str) -> None:
        self.p.err(text + "\n")

    def talk(self, name: str, mark: str, text: str) -> None:
        """A line of the dialogue (-v)."""
        if self.verbose:
            self.say(f"fetchmail: {name}{mark} {text}")


class Link:
    """One connection to a server."""

    def __init__(self, out: Output, name: str, host: str, port: int) -> None:
        self.out, self.name, self.host, self.port = out, name, host, port
        self.p = out.p
        self.address = ""
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    def open(self) -> str:
        """Connect; what is wrong, or "". Raises QueryFailed for a name that has no address."""
        found = Resolver(self.p.host.net, self.p.fs).addresses(self.host)
        self.p.sleep(found.seconds)
        errors: list[str] = []
        service = port_name(self.p.fs, self.port) or str(self.port)
        trouble = found.error or "Name or service not known"
        for number, address in enumerate(found.addresses):
            if self.out.verbose:
                self.out.begin(f"Trying to connect to {address}/{self.port}...")
            try:
                self.reader, self.writer = wait(self.p, self.p.host.net.open_connection(address, self.port, timeout=_TIMEOUT))
            except OSError as error:
                trouble = error.strerror or "Connection timed out"
                if self.out.verbose:
                    self.out.say("connection failed.")
                errors.append(f"name {number}: connection to {self.host}:{service} [{address}/{self.port}] failed: {trouble}.")
                continue
            self.address = address
            if self.out.verbose:
                self.out.say("connected.")
            return ""
        self.out.error("fetchmail: Connection errors for this poll:")
        for line in errors:
            self.out.error(line)
        return trouble

    def send(self, text: str, shown: str | None = None) -> None:
        """A line; `shown` hides a password."""
        self.writer.write(text.encode("utf-8", "surrogateescape") + b"\r\n")
        self.out.talk(self.name, ">", text if shown is None else shown)

    def line(self, quiet: bool = False) -> str:
        """The next line. Raises QueryFailed when the server has gone."""
        data = wait(self.p, self._line())
        if not data.endswith(b"\n"):
            raise QueryFailed(SOCKET)
        text = data.decode("utf-8", "surrogateescape").rstrip("\r\n")
        if not quiet:
            self.out.talk(self.name, "<", text)
        return text

    async def _line(self) -> bytes:
        try:
            return await asyncio.wait_for(self.reader.readline(), _TIMEOUT)
        except (TimeoutError, OSError, ValueError):
            return b""

    def read(self, size: int) -> bytes:
        """So many bytes. Raises QueryFailed."""
        data = wait(self.p, self._read(size))
        if len(data) < size:
            raise QueryFailed(SOCKET)
        return data

    async def _read(self, size: int) -> bytes:
        try:
            return await asyncio.wait_for(self.reader.readexactly(size), _TIMEOUT)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            return b""

    def close(self) -> None:
        self.writer.close()

    def start_tls(self, entry: Entry) -> bool:
        """Negotiate TLS and check the certificate. False: it is refused, and why was told."""
        transport = self.writer.transport
        assert isinstance(transport, StreamTransport)
        check = "sslcertck" not in entry.off
        checker = _Checker(self, entry, check)
        try:
            wait(self.p, client_handshake(transport, Offer(sni=self.host), _TIMEOUT, checker.verify))
        except HandshakeError as error:
            if error.library:
                self.out.error(f"fetchmail: OpenSSL reported: {':'.join(error.library[0].split(':')[:5])}")
            return False
        if checker.bad:
            self.out.error("fetchmail: Warning: the connection is insecure, continuing anyways. (Better use --sslcertck!)")
        return True


class _Checker:
    """Looks at the server's certificates as fetchmail does."""

    def __init__(self, link: Link, entry: Entry, strict: bool) -> None:
        self.link, self.entry, self.strict = link, entry, strict
        self.bad = False

    def verify(self, chain: tuple[str, ...]) -> str:
        """The alert with which to give up; "" = go on."""
        link, out = self.link, self.link.out
        name = self.entry.value("sslcommonname", link.host)
        anchors = directory_anchors(self._file, self.entry.value("sslcertpath", _CERTIFICATES), chain)
        found, _ = examine(chain, anchors, link.p.clock.now, (name,))
        leaf = parse(chain[0])
        if not matches(leaf, name) and (self.strict or out.verbose):
            out.error(f"fetchmail: Server CommonName mismatch: {common_name(leaf.subject)} != {name}")
        self.bad = bool(found)
        for depth, number in found[:1] if self.strict else found:
            self._tell(leaf, depth, number)
        return "certificate unknown" if found and self.strict else ""

    def _file(self, path: str) -> str | None:
        try:
            return self.link.p.fs.read(path, self.link.p.cred).decode("utf-8", "surrogateescape")
        except OSError:
            return None

    def _tell(self, leaf: object, depth: int, number: int) -> None:
        from simulator.net.certificates import ERRORS

        self.link.out.error(f"fetchmail: Server certificate verification error: {ERRORS[number]}")
