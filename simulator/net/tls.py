"""TLS between simulated hosts: a modelled handshake over the connection's bytes.

Nothing is encrypted. The two sides exchange handshake records (RFC 8446 5.1: type, version, length) that begin as TLS messages
do; their content is packed JSON: versions, ciphers, certificates, a session ticket. So both agree on what two OpenSSL 3.0
libraries would agree on, a side that does not speak TLS sees rubbish, and one that speaks plain text here breaks the
handshake. After it the bytes go on as before, and `transport.get_extra_info("tls")` is the `Session`.

    session = await client_handshake(transport, Offer(versions=("TLSv1.2", "TLSv1.3"), sni="mx1.example.net"), timeout=300)
    session = await server_handshake(transport, Service(chain=(pem,), ticket_key="k1"), timeout=300)

Both raise HandshakeError; its `library` holds what OpenSSL would leave in its error queue. Whether a certificate deserves
trust is decided by the caller: `Session.peer_chain` holds it (`net.certificates`).
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from simulator.net.transport import StreamTransport

VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
#: What OpenSSL 3.0 speaks by default at security level 1 and above.
DEFAULT_VERSIONS = ("TLSv1.2", "TLSv1.3")
#: OpenSSL's order; the bits are those of the log line.
TLS13_CIPHERS = {"TLS_AES_256_GCM_SHA384": 256, "TLS_CHACHA20_POLY1305_SHA256": 256, "TLS_AES_128_GCM_SHA256": 128}
TLS12_CIPHERS = {
    "ECDHE-{}-AES256-GCM-SHA384": 256,
    "ECDHE-{}-CHACHA20-POLY1305": 256,
    "ECDHE-{}-AES128-GCM-SHA256": 128,
    "ECDHE-{}-AES256-SHA": 256,
}
_HANDSHAKE, _ALERT = 0x16, 0x15
_RECORD_LIMIT = 0xFF00
#: Of a message before its content: type, length, version, random.
_HEAD = 38
#: A message longer than this is none of ours.
_MESSAGE_LIMIT = 512 * 1024

#: Alerts (RFC 8446 6): number, and how OpenSSL words one that it has received.
ALERTS = {
    "handshake failure": (40, "sslv3 alert handshake failure"),
    "bad certificate": (42, "sslv3 alert bad certificate"),
    "certificate expired": (45, "sslv3 alert certificate expired"),
    "certificate unknown": (46, "sslv3 alert certificate unknown"),
    "unknown ca": (48, "tlsv1 alert unknown ca"),
    "protocol version": (70, "tlsv1 alert protocol version"),
    "internal error": (80, "tlsv1 alert internal error"),
    "certificate required": (116, "tlsv13 alert certificate required"),
}
_REASONS = {
    "handshake failure": 1040, "bad certificate": 1042, "certificate expired": 1045, "certificate unknown": 1046,
    "unknown ca": 1048, "protocol version": 1070, "internal error": 1080, "certificate required": 1116,
}  # fmt: skip
#: A client at OpenSSL's security level 2 (Debian's) does not take the signatures of these versions.
_WEAK = ("TLSv1", "TLSv1.1")
_LEGACY = "error:0A00014D:SSL routines::legacy sigalg disallowed or unsupported:../ssl/statem/statem_clnt.c:2254:"
_UNSUPPORTED_PROTOCOL = "error:0A000102:SSL routines::unsupported protocol:../ssl/statem/statem_{}.c:{}:"
_NO_SHARED_CIPHER = "error:0A0000C1:SSL routines::no shared cipher:../ssl/statem/statem_srvr.c:2220:"
#: The place in the library is another one for the first record that a server gets.
_WRONG_VERSION = "error:0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:{}:"
_SERVER_PLACE, _CLIENT_PLACE = 350, 354


class HandshakeError(Exception):
    """The handshake failed. `library`: the lines of OpenSSL's error queue, none when the other side hung up (`lost`) or was
    silent (`timed_out`)."""

    def __init__(self, text: str, library: tuple[str, ...] = (), lost: bool = False, timed_out: bool = False) -> None:
        super().__init__(text)
        self.library = library
        self.lost = lost
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True)
class Offer:
    """What a client brings. `chain`: its certificates (PEM), for a server that asks. `ticket`: of an earlier session."""

    versions: tuple[str, ...] = DEFAULT_VERSIONS
    ciphers: tuple[str, ...] = ()
    sni: str = ""
    ticket: str = ""
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """What a server brings: its certificates (PEM, own one first), one chain for each kind of key. `ask` for the client's
    certificate. `ticket_key`: sessions under the same key can be resumed; "" = no tickets."""

    chain: tuple[str, ...] = ()
    ec_chain: tuple[str, ...] = ()
    versions: tuple[str, ...] = DEFAULT_VERSIONS
    ciphers: tuple[str, ...] = ()
    ask: bool = False
    ticket_key: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """What both sides agreed on. Key exchange and signature are those of a log line of Postfix, "" where it shows none."""

    protocol: str
    cipher: str
    bits: int
    key_exchange: str = ""
    signature: str = ""
    digest: str = ""
    peer_chain: tuple[str, ...] = ()
    local_chain: tuple[str, ...] = ()
    sni: str = ""
    resumed: bool = False
    ticket: str = ""


@functools.lru_cache(maxsize=256)
def signature_of(pem: str) -> tuple[str, str, str]:
    """How the owner of a certificate signs a TLS 1.3 handshake: "RSA-PSS (2048 bits)", "SHA256", and RSA or ECDSA."""
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-PSS ({key.key_size} bits)", "SHA256", "RSA"
    if isinstance(key, ec.EllipticCurvePublicKey):
        names = {"secp256r1": ("prime256v1", "SHA256"), "secp384r1": ("secp384r1", "SHA384"), "secp521r1": ("secp521r1", "SHA512")}
        curve, digest = names.get(key.curve.name, (key.curve.name, "SHA256"))
        return f"ECDSA ({curve})", digest, "ECDSA"
    if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        return ("ED25519" if isinstance(key, ed25519.Ed25519PublicKey) else "ED448"), "", "ECDSA"
    return "DSA", "SHA256", "DSS"


def _pack(content: dict[str, Any]) -> bytes:
    """A message: type, length, version, 32 bytes "random" (RFC 8446 4), and the packed content."""
    text = json.dumps(content).encode()
    body = b"\x03\x03" + hashlib.sha256(text).digest() + zlib.compress(text, 9, -15)
    kind = 1 if "versions" in content else 2 if "version" in content else 20
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def _unpack(data: bytes) -> dict[str, Any]:
    """Raises ValueError or zlib.error."""
    content = json.loads(zlib.decompressobj(-15).decompress(data[_HEAD:], _MESSAGE_LIMIT))
    if not isinstance(content, dict):
        raise ValueError("not a message")
    return content


class _Wire(asyncio.Protocol):
    """Takes the connection over for the handshake and gives it back."""

    def __init__(self, transport: StreamTransport, timeout: float, place: int) -> None:
        self.transport = transport
        self.place = place
        self.timeout = timeout
        self._owner = transport.get_protocol()
        self._buffer = bytearray()
        self._partial = bytearray()
        self._over = False
        self._waiter: asyncio.Future[None] | None = None
        transport.set_protocol(self)
        transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._wake()

    def _message(self) -> tuple[int, dict[str, Any]] | None:
        """The next message, if all of it is here. What follows it may be plain talk again. Raises HandshakeError for rubbish."""
        while len(self._buffer) >= 5:
            kind, length = self._buffer[0], int.from_bytes(self._buffer[3:5], "big")
            if kind not in (_HANDSHAKE, _ALERT) or self._buffer[1] != 3:
                raise HandshakeError("wrong version number", (_WRONG_VERSION.format(self.place),))
            if len(self._buffer) < 5 + length:
                break
            self._partial += self._buffer[5 : 5 + length]
            del self._buffer[: 5 + length]
            if length < _RECORD_LIMIT or len(self._partial) > _MESSAGE_LIMIT:
                return kind, self._content()
        return None

    def _content(self) -> dict[str, Any]:
        data = bytes(self._partial)
        self._partial.clear()
        try:
            return _unpack(data)
        except (ValueError, zlib.error):
            raise HandshakeError("wrong version number", (_WRONG_VERSION.format(self.place),)) from None

    def eof_received(self) -> bool:
        self._over = True
        self._wake()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._over = True
        self._wake()
        self._owner.connection_lost(error)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def send(self, content: dict[str, Any], kind: int = _HANDSHAKE) -> None:
        data = _pack(content)
        for start in range(0, len(data) + 1, _RECORD_LIMIT):
            part = data[start : start + _RECORD_LIMIT]
            self.transport.write(bytes((kind, 3, 1)) + len(part).to_bytes(2, "big") + part)

    async def receive(self) -> dict[str, Any]:
        """The next message. Raises HandshakeError for an alert, rubbish, a lost connection, silence."""
        loop = asyncio.get_running_loop()
        while (message := self._message()) is None:
            if self._over:
                raise HandshakeError("lost connection", lost=True)
            self._waiter = loop.create_future()
            timer = loop.call_later(self.timeout, self._expire, self._waiter)
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        kind, content = message
        if kind == _ALERT:
            raise alert_received(str(content.get("alert", "")), str(content.get("version", "TLSv1.3")))
        return content

    @staticmethod
    def _expire(waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_exception(HandshakeError("timed out", timed_out=True))

    def fail(self, alert: str, *library: str) -> HandshakeError:
        """Tell the other side why, and make the error of this side."""
        self.send({"alert": alert}, _ALERT)
        return HandshakeError(alert, library)

    def release(self, session: Session | None) -> None:
        if session is not None:
            self.transport.set_tls(session)
        self.transport.set_protocol(self._owner)
        if self._buffer:
            self._owner.data_received(bytes(self._buffer))  # type: ignore[attr-defined]
        if self._over and not self.transport.is_closing():
            self._owner.eof_received()  # type: ignore[attr-defined]


def alert_received(alert: str, version: str = "TLSv1.3") -> HandshakeError:
    """The error of a side that got an alert."""
    number, text = ALERTS.get(alert, ALERTS["handshake failure"])
    code = 0x0A000000 + _REASONS.get(alert, 1040)
    return HandshakeError(text, (f"error:{code:08X}:SSL routines::{text}:../ssl/record/rec_layer_s3.c:1601:SSL alert number {number}:",))


async def client_handshake(
    transport: StreamTransport, offer: Offer, timeout: float, verify: Callable[[tuple[str, ...]], str] | None = None
) -> Session:
    """The client's side. `verify(chain)` may name the alert with which to give up ("" = go on). Raises HandshakeError."""
    wire, session = _Wire(transport, timeout, _CLIENT_PLACE), None
    try:
        wire.send({"versions": offer.versions, "ciphers": offer.ciphers, "sni": offer.sni, "ticket": offer.ticket})
        hello = await wire.receive()
        if hello["version"] in _WEAK:
            raise wire.fail("internal error", _LEGACY)
        chain = tuple(hello["chain"])
        alert = verify(chain) if verify is not None and not hello["resumed"] else ""
        if alert:
            raise wire.fail(alert, "error:0A000086:SSL routines::certificate verify failed:../ssl/statem/statem_clnt.c:1889:")
        wire.send({"chain": offer.chain if hello["ask"] else ()})
        session = _session(hello, chain, offer.chain if hello["ask"] else (), offer.sni)
    finally:
        wire.release(session)
    return session


async def server_handshake(transport: StreamTransport, service: Service, timeout: float) -> Session:
    """The server's side. Raises HandshakeError."""
    wire, session = _Wire(transport, timeout, _SERVER_PLACE), None
    try:
        offer = await wire.receive()
        hello = _choose(wire, offer, service)
        wire.send(hello)
        finished = await wire.receive()
        session = _session(hello, tuple(finished.get("chain", ())), tuple(hello["chain"]), str(offer.get("sni", "")))
    finally:
        wire.release(session)
    return session


def _choose(wire: _Wire, offer: dict[str, Any], service: Service) -> dict[str, Any]:
    """The server's choice, as the message that tells it."""
    common = [version for version in VERSIONS if version in offer.get("versions", ()) and version in service.versions]
    if not common:
        raise wire.fail("protocol version", _UNSUPPORTED_PROTOCOL.format("srvr", 1664))
    version = common[-1]
    chain = service.ec_chain or service.chain
    kind = signature_of(chain[0])[2] if chain else ""
    known = list(TLS13_CIPHERS) if version == "TLSv1.3" else [name.format(kind) for name in TLS12_CIPHERS]
    allowed = [set(names) for names in (offer.get("ciphers", ()), service.ciphers) if names and version != "TLSv1.3"]
    ciphers = [name for name in known if all(name in names for names in allowed)]
    if not ciphers or not chain:
        raise wire.fail("handshake failure", _NO_SHARED_CIPHER)
    key, _, version_of_ticket = str(offer.get("ticket", "")).partition("|")
    resumed = bool(service.ticket_key) and key == service.ticket_key and version_of_ticket == version
    ticket = f"{service.ticket_key}|{version}" if service.ticket_key else ""
    return {"version": version, "cipher": ciphers[0], "chain": chain, "ask": service.ask, "resumed": resumed, "ticket": ticket}


def _session(hello: dict[str, Any], peer: tuple[str, ...], local: tuple[str, ...], sni: str) -> Session:
    version, cipher = hello["version"], hello["cipher"]
    bits = TLS13_CIPHERS.get(cipher) or (128 if "128" in cipher else 256)
    exchange = signature = digest = ""
    if version == "TLSv1.3":
        exchange = "X25519"
        signature, digest, _ = signature_of(hello["chain"][0])
        digest = "" if hello["resumed"] else digest
    return Session(version, cipher, bits, exchange, signature, digest, peer, local, sni, hello["resumed"], hello["ticket"])
