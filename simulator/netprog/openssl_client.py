"""openssl s_client: opens a connection with TLS, shows what was negotiated, and then passes standard input on.

What is typed ends with a line that begins with Q, and a line that begins with R asks for a renegotiation (RCPT TO!), unless
-quiet or -ign_eof is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simulator.net import certificates
from simulator.net.resolver import Resolver
from simulator.net.timed_input import segments
from simulator.net.tls import TLS12_CIPHERS, HandshakeError, Offer, Session, client_handshake
from simulator.net.transport import StreamTransport
from simulator.netprog import openssl_text
from simulator.netprog.openssl_options import Options, fail, queue, read_options
from simulator.netprog.openssl_x509 import anchors
from simulator.netprog.services import port_number
from simulator.netprog.talk import Talk, wait
from simulator.unix.program import Exit, Process

_VERSIONS = {"tls1": "TLSv1", "tls1_1": "TLSv1.1", "tls1_2": "TLSv1.2", "tls1_3": "TLSv1.3"}
_PROTOCOLS = ("smtp", "pop3", "imap", "ftp", "xmpp", "xmpp-server", "telnet", "irc", "mysql", "postgres", "lmtp", "nntp", "sieve", "ldap")
_NOT_TLS = "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:350:"
_UNTRUSTED = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1889:"
_LEGACY = "error:0A00014D:SSL routines:tls_process_key_exchange:legacy sigalg disallowed or unsupported:../ssl/statem/statem_clnt.c:2254:"
_NO_RENEGOTIATION = "error:0A00010A:SSL routines:can_renegotiate:wrong ssl version:../ssl/ssl_lib.c:2287:"
_ALERT = "error:{code}:SSL routines:ssl3_read_bytes:{text}:../ssl/record/rec_layer_s3.c:1601:SSL alert number {number}"
_TIMEOUT = 300.0
#: Bytes of a handshake besides certificate, server name and what was said before: (read, written).
_SIZES = {"TLSv1.3": (556, 377), "TLSv1.2": (641, 281)}
_HELLO_BYTES = 297
_ALERTS = {
    18: "unknown ca",
    19: "unknown ca",
    20: "unknown ca",
    21: "unknown ca",
    10: "certificate expired",
    9: "bad certificate",
    62: "bad certificate",
}
_TLS12_FORMATS = "Supported Elliptic Curve Point Formats: uncompressed:ansiX962_compressed_prime:ansiX962_compressed_char2\n"


@dataclass(slots=True)
class _Connection:
    """The talk, and how many bytes have gone each way."""

    talk: Talk
    buffer: list[str] = field(default_factory=list)
    read: int = 0
    written: int = 0
    greeting: str = ""

    def received(self, text: str) -> None:
        self.buffer.append(text)


def s_client(p: Process) -> int:
    options = read_options(
        p, "brief quiet crlf showcerts verify_return_error ign_eof no_ign_eof noservername verify_quiet state msg debug 4 6 tls1 tls1_1 tls1_2 "
        "tls1_3 no_tls1 no_tls1_1 no_tls1_2 no_tls1_3 no-CAfile no-CApath nocommands prexit status partial_chain x509_strict",
        "connect host port starttls servername CAfile CApath verify_hostname cipher ciphersuites name cert key bind alpn xmpphost sess_out groups "
        "sigalgs keymatexport curves min_protocol max_protocol security_level nameopt pass cert_chain",
        numbers="verify verify_depth",
    )  # fmt: skip
    return _Client(p, options).run()


class _Client:
    """One run."""

    def __init__(self, p: Process, options: Options) -> None:
        self.p = p
        self.options = options
        self.quiet = "quiet" in options
        self.brief = "brief" in options
        self.full = not self.quiet and not self.brief
        self.connection = _Connection(Talk(p.clock, lambda _: None))
        self.problems: list[tuple[int, int]] = []
        self.sni = ""

    def run(self) -> int:
        if len(self.options.operands) > 1:
            self.p.err("s_client: Use -help for summary.\n")
            return 1
        protocol = self.options.value("starttls")
        if protocol and protocol not in _PROTOCOLS:
            self.p.err("s_client: Value must be one of:\n" + "".join(f"\t{one}\n" for one in _PROTOCOLS))
            return 1
        offer = self._offer()
        host, port = self._target()
        self._connect(host, port)
        named = "." in host and not host.replace(".", "").isdigit()
        self.sni = self.options.value("servername") or (host if named and "noservername" not in self.options else "")
        if protocol:
            wait(self.p, self._starttls(protocol))
        session = self._handshake(Offer(versions=offer.versions, ciphers=offer.ciphers, sni=self.sni))
        self._show(session)
        self.p.err(self.connection.greeting)
        return self._converse(session)

    # Before TLS

    def _offer(self) -> Offer:
        only = [version for name, version in _VERSIONS.items() if name in self.options]
        versions = [
            version for name, version in _VERSIONS.items() if f"no_{name}" not in self.options and version in (only or ("TLSv1.2", "TLSv1.3"))
        ]
        known = {name.format(kind) for name in TLS12_CIPHERS for kind in ("RSA", "ECDSA")}
        asked = [word for word in self.options.value("cipher").split(":") if word in known] if "cipher" in self.options else []
        if "cipher" in self.options and not asked and self.options.value("cipher").upper() not in ("ALL", "DEFAULT", "HIGH", "MEDIUM"):
            self.p.err(f"Call to SSL_CONF_cmd(-cipher, {self.options.value('cipher')}) failed\n")
            raise fail(self.p, "", "error:0A0000B9:SSL routines:SSL_CTX_set_cipher_list:no cipher match:../ssl/ssl_lib.c:2741:")
        return Offer(versions=tuple(versions), ciphers=tuple(asked))

    def _target(self) -> tuple[str, str]:
        text = self.options.value("connect") or (self.options.operands[0] if self.options.operands else "")
        host, port = self.options.value("host", "localhost"), self.options.value("port", "4433")
        if text.startswith("["):
            host, _, port = text[1:].partition("]:")
        elif text:
            host, sign, number = text.rpartition(":")
            host, port = (host, number) if sign else (text, port)
        return host or "localhost", port or "4433"

    def _connect(self, host: str, service: str) -> None:
        """Raises Exit."""
        number = port_number(self.p.fs, service)
        found = Resolver(self.p.host.net, self.p.fs).addresses(host)
        self.p.sleep(found.seconds)
        if found.error or number is None:
            text = found.error or "Servname not supported for ai_socktype"
            queue(self.p, f"error:10080002:BIO routines:BIO_lookup_ex:system lib:../crypto/bio/bio_addr.c:746:{text}")
            self.p.err("connect:errno=0\n")
            raise Exit(1)
        addresses = ("::1", *found.addresses) if host == "localhost" else found.addresses
        trouble = 0
        for address in addresses:
            talk = Talk(self.p.clock, self.connection.received)
            try:
                wait(self.p, self.p.host.net.connect(address, number, lambda talk=talk: talk))
            except OSError as error:
                trouble = error.errno or 0
                queue(
                    self.p,
                    f"error:{0x80000000 + trouble:08X}:system library:BIO_connect:{error.strerror}:../crypto/bio/bio_sock2.c:117:calling connect()",
                    "error:10000067:BIO routines:BIO_connect:connect error:../crypto/bio/bio_sock2.c:119:",
                )  # fmt: skip
                continue
            self.connection.talk = talk
            self._forget_attempts(addresses, address)
            return
        self.p.err(f"connect:errno={trouble}\n")
        raise Exit(1)

    def _forget_attempts(self, addresses: tuple[str, ...], address: str) -> None:
        """A later address that works hides the errors of those before."""
        if address != addresses[0]:
            del self.p.stderr[-1:], self.p.mixed[-1:]

    async def _line(self) -> str:
        connection = self.connection
        while "\n" not in "".join(connection.buffer) and not connection.talk.closed:
            await asyncio.sleep(0.001)
        line, end, rest = "".join(connection.buffer).partition("\n")
        connection.buffer[:] = [rest] if rest else []
        connection.read += len(line + end)
        return line + end

    def _say(self, text: str) -> None:
        self.connection.written += len(text)
        self.connection.talk.transport.write(text.encode())

    async def _until(self, last: Callable[[str], bool]) -> tuple[str, bool]:
        """The last line of a reply, and whether STARTTLS was among its lines."""
        offered = False
        while line := await self._line():
            offered |= "STARTTLS" in line or "STLS" in line
            if last(line):
                break
        return line, offered

    async def _starttls(self, protocol: str) -> None:
        if protocol in ("smtp", "lmtp"):
            await self._until(lambda line: line[3:4] != "-")
            self._say(f"{'EHLO' if protocol == 'smtp' else 'LHLO'} {self.options.value('name', 'mail.example.com')}\r\n")
            last, offered = await self._until(lambda line: line[3:4] != "-")
            command = "STARTTLS\r\n"
        elif protocol == "imap":
            await self._line()
            self._say(". CAPABILITY\r\n")
            last, offered = await self._until(lambda line: line.startswith("."))
            command = ". STARTTLS\r\n"
        elif protocol == "pop3":
            last, offered, command = await self._line(), True, "STLS\r\n"
        else:
            raise fail(self.p, f"simulator: openssl s_client: -starttls {protocol} is not simulated")
        if not offered:
            self.p.err("Didn't find STARTTLS in server response, trying anyway...\n")
        self.connection.greeting = last
        self._say(command)
        await self._line()

    # TLS

    def _handshake(self, offer: Offer) -> Session:
        """Raises Exit."""
        transport = self.connection.talk.transport
        assert isinstance(transport, StreamTransport)
        if self.connection.buffer:  # the server speaks first, and in plain text
            raise self._no_handshake(_NOT_TLS)
        try:
            return wait(self.p, client_handshake(transport, offer, _TIMEOUT, self._verify))
        except HandshakeError as error:
            transport.close()
            raise self._no_handshake(*self._words(error)) from None

    def _words(self, error: HandshakeError) -> tuple[str, ...]:
        if self.problems and "verify_return_error" in self.options:
            return (_UNTRUSTED,)
        if not error.library:
            return ()
        line = error.library[0]
        if "alert" in line:
            parts = line.split(":")
            return (_ALERT.format(code=parts[1], text=parts[4], number=line.rstrip(":").rpartition(" ")[2]),)
        return (_LEGACY,) if "legacy" in line else (_NOT_TLS,)

    def _no_handshake(self, *errors: str) -> Exit:
        queue(self.p, *errors)
        if self.full:
            self.p.out("CONNECTED(00000003)\n")
            read, written = self.connection.read + 5, self.connection.written + _HELLO_BYTES + (len(self.sni) + 9 if self.sni else 0)
            self.p.out(
                "---\nno peer certificate available\n---\nNo client certificate CA names sent\n---\n"
                f"SSL handshake has read {read} bytes and written {written} bytes\nVerification: OK\n---\nNew, (NONE), Cipher is (NONE)\n"
                "Secure Renegotiation IS NOT supported\nCompression: NONE\nExpansion: NONE\nNo ALPN negotiated\nEarly data was not sent\n"
                "Verify return code: 0 (ok)\n---\n"
            )
        self.connection.talk.transport.close()
        self.p.sleep(0)
        return Exit(1)

    def _verify(self, chain: tuple[str, ...]) -> str:
        """Check the server's chain and tell of it; the alert with which to give up, or nothing."""
        names = (self.options.value("verify_hostname"),) if "verify_hostname" in self.options else ()
        self.problems, path = certificates.examine(chain, anchors(self.p, self.options, chain), self.p.clock.now, names)
        if not self.sni and self.p.argv:
            self.p.err("Can't use SSL_get_servername\n")
        strict = "verify_return_error" in self.options
        last = 0
        for depth, number in self.problems:
            last = number
            self._tell(path[depth], depth, number, 0)
            if strict:
                return _ALERTS.get(number, "certificate unknown")
            self.p.err("" if self.brief else "verify return:1\n")
        for depth in range(len(path) - 1, -1, -1):
            self._tell(path[depth], depth, 0, last)
            self.p.err("" if self.brief else "verify return:1\n")
        return ""

    def _tell(self, one: x509.Certificate, depth: int, number: int, last: int) -> None:
        if not self.brief or number:
            self.p.err(f"depth={depth} {openssl_text.name(one.subject)}\n")
        if number:
            self.p.err(f"verify error:num={number}:{certificates.ERRORS[number]}\n")
        if 10 in (number, last):
            self.p.err(f"notAfter={openssl_text.moment(one.not_valid_after_utc)}\n")
        elif 9 in (number, last):
            self.p.err(f"notBefore={openssl_text.moment(one.not_valid_before_utc)}\n")

    # What was negotiated

    @property
    def _result(self) -> int:
        return self.problems[-1][1] if self.problems else 0

    def _verification(self) -> str:
        if self._result:
            return f"Verification error: {certificates.ERRORS[self._result]}\n"
        peer = f"Verified peername: {self.options.value('verify_hostname')}\n" if "verify_hostname" in self.options else ""
        return f"Verification: OK\n{peer}"

    def _show(self, session: Session) -> None:
        chain = [certificates.parse(pem) for pem in session.peer_chain]
        if self.brief:
            self._summary(session, chain[0])
        elif self.full:
            self._details(session, chain)

    @staticmethod
    def _signature(own: x509.Certificate) -> tuple[str, str]:
        key = own.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            return "SHA256", "RSA-PSS"
        return (
            ({384: "SHA384", 521: "SHA512"}.get(key.key_size, "SHA256"), "ECDSA") if isinstance(key, ec.EllipticCurvePublicKey) else ("", "ed25519")
        )

    def _summary(self, session: Session, own: x509.Certificate) -> None:
        digest, kind = self._signature(own)
        formats = _TLS12_FORMATS if session.protocol == "TLSv1.2" else ""
        self.p.err(
            f"CONNECTION ESTABLISHED\nProtocol version: {session.protocol}\nCiphersuite: {session.cipher}\n"
            f"Peer certificate: {openssl_text.name(own.subject)}\nHash used: {digest}\nSignature type: {kind}\n{self._verification()}{formats}"
            "Server Temp Key: X25519, 253 bits\n"
        )

    def _details(self, session: Session, chain: list[x509.Certificate]) -> None:
        p, own = self.p, chain[0]
        digest, kind = self._signature(own)
        p.out("CONNECTED(00000003)\n---\nCertificate chain\n")
        for place, one in enumerate(chain):
            p.out(_chain_entry(place, one))
            if "showcerts" in self.options:
                p.out(session.peer_chain[place])
        pem = "" if "showcerts" in self.options else session.peer_chain[0]
        read, written = _SIZES.get(session.protocol, (556, 377))
        read += self.connection.read + sum(len(one.public_bytes(serialization.Encoding.DER)) for one in chain)
        written += self.connection.written + (len(self.sni) + 9 if self.sni else 0)
        key = own.public_key()
        bits = key.key_size if isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)) else 256
        renegotiation = "IS NOT" if session.protocol == "TLSv1.3" else "IS"
        p.out(
            f"---\nServer certificate\n{pem}subject={openssl_text.name(own.subject)}\nissuer={openssl_text.name(own.issuer)}\n---\n"
            f"No client certificate CA names sent\nPeer signing digest: {digest}\nPeer signature type: {kind}\n"
            "Server Temp Key: X25519, 253 bits\n---\n"
            f"SSL handshake has read {read} bytes and written {written} bytes\n{self._verification()}---\n"
            f"New, {session.protocol}, Cipher is {session.cipher}\nServer public key is {bits} bit\nSecure Renegotiation {renegotiation} supported\n"
            f"Compression: NONE\nExpansion: NONE\nNo ALPN negotiated\n"
        )
        code = f"Verify return code: {self._result} ({certificates.ERRORS[self._result]})\n"
        if session.protocol == "TLSv1.3":
            p.out(f"Early data was not sent\n{code}---\n")
        else:
            p.out(
                f"SSL-Session:\n    Protocol  : {session.protocol}\n    Cipher    : {session.cipher}\n"
                f"    {code}    Extended master secret: yes\n---\n"
            )

    # After it

    def _converse(self, session: Session) -> int:
        talk, connection = self.connection.talk, self.connection
        self.p.out("".join(connection.buffer))
        talk.received = self.p.out
        return wait(self.p, self._pass_on(session, talk))

    async def _pass_on(self, session: Session, talk: Talk) -> int:
        patient = self.quiet or "ign_eof" in self.options
        commands = not patient and "nocommands" not in self.options
        status = 0
        for pause, text in segments(self.p.stdin):
            if await _closed(talk, pause):
                break
            if commands and text[:1] == "Q":
                break
            if commands and text[:1] == "R":
                self.p.err("RENEGOTIATING\n")
                if session.protocol == "TLSv1.3":
                    queue(self.p, _NO_RENEGOTIATION)
                    status = 1
                    break
                continue
            talk.transport.write((text.replace("\n", "\r\n") if "crlf" in self.options else text).encode("utf-8", "surrogateescape"))
        if patient:
            await _closed(talk, None)
        elif not talk.closed and not status:
            self.p.err("DONE\n")
        elif self.full and not status:
            self.p.out("closed\n")
        talk.transport.close()
        await asyncio.sleep(0)
        return status


async def _closed(talk: Talk, seconds: float | None) -> bool:
    """Wait; True as soon as the server has hung up."""
    end = None if seconds is None else talk.clock.now + seconds
    while not talk.closed and (end is None or talk.clock.now < end):
        step = 1.0 if end is None else end - talk.clock.now
        await asyncio.sleep(min(step, 0.05) if seconds is not None else step)
    return talk.closed


def _chain_entry(place: int, one: x509.Certificate) -> str:
    key = one.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        words = f"rsaEncryption, {key.key_size} (bit)"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        words = f"id-ecPublicKey, {key.key_size} (bit)"
    else:
        words = "ED25519, 256 (bit)"
    algorithm = one.signature_hash_algorithm.name.upper() if one.signature_hash_algorithm else ""
    signature = f"RSA-{algorithm}" if "rsa" in one.signature_algorithm_oid._name.lower() else f"ecdsa-with-{algorithm}" if algorithm else "ED25519"
    return (
        f" {place} s:{openssl_text.name(one.subject)}\n   i:{openssl_text.name(one.issuer)}\n   a:PKEY: {words}; sigalg: {signature}\n"
        f"   v:NotBefore: {openssl_text.moment(one.not_valid_before_utc)}; NotAfter: {openssl_text.moment(one.not_valid_after_utc)}\n"
    )
