"""NAME
    openssl - keys, certificates, and a client that speaks TLS

SYNOPSIS
    openssl command [options]

DESCRIPTION
    genrsa, genpkey, ecparam    make a private key: `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out k.pem`
    rsa, ec, pkey               look at one, convert it: -in FILE -noout -text -modulus -check -pubout -aes256 -passin -passout
    req                         a request: `openssl req -new -key k.pem -subj /CN=hub.example.com -out r.csr`; or, with -x509,
                                a certificate that signs itself: -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 365
                                -addext 'subjectAltName = DNS:hub.example.com'
    x509                        look at a certificate: -in FILE -noout -subject -issuer -dates -serial -fingerprint -sha256 -text
                                -modulus -ext subjectAltName -checkend SECONDS; sign a request: -req -signkey k.pem, or
                                -CA ca.pem -CAkey ca.key -CAcreateserial, -days N -extfile FILE
    verify                      -CAfile FILE -untrusted FILE -verify_hostname NAME certificate ...
    s_client                    -connect HOST:PORT [-starttls smtp|lmtp|imap|pop3] [-brief|-quiet] [-crlf] [-servername NAME]
                                [-CAfile FILE] [-verify_hostname NAME] [-verify_return_error] [-tls1_2] [-showcerts]
                                What is typed goes to the server. A line that begins with Q ends the session and one with R
                                asks for a renegotiation, unless -quiet is given: type rcpt to, not RCPT TO.
    dgst, md5, sha256 ..., base64, enc -base64, rand, version

EXIT STATUS
    0, or 1 for any trouble.

DIFFERS FROM OPENSSL
    Keys come from the lab's chance, so the same session gives the same keys. Passwords are not asked for: -passin, -passout.
    The TLS of s_client is a modelled handshake. There are no engines, CAs (ca), CRLs, PKCS#12 and S/MIME.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.netprog.openssl_client import s_client
from simulator.netprog.openssl_digest import base64_command, dgst, rand
from simulator.netprog.openssl_options import DIGESTS
from simulator.netprog.openssl_pkey import ecparam, genpkey, genrsa, look
from simulator.netprog.openssl_req import req
from simulator.netprog.openssl_x509 import verify, x509_command
from simulator.unix.program import Process, program

_VERSION = "OpenSSL 3.0.20 7 Apr 2026 (Library: OpenSSL 3.0.20 7 Apr 2026)\n"
_DETAILS = 'platform: debian-amd64\nOPENSSLDIR: "/usr/lib/ssl"\n'
_MISSING = (
    "asn1parse ca ciphers cms crl crl2pkcs7 dhparam dsa dsaparam engine errstr fipsinstall gendsa info kdf list mac nseq ocsp passwd pkcs12 pkcs7 "
    "pkcs8 pkeyparam pkeyutl prime rehash rsautl s_server s_time sess_id smime speed spkac srp storeutl ts"
).split()


def _version(p: Process) -> int:
    p.out(_VERSION + (_DETAILS if "-a" in p.argv else ""))
    return 0


_COMMANDS: dict[str, Callable[[Process], int]] = {
    "genrsa": genrsa, "genpkey": genpkey, "ecparam": ecparam, "rsa": look, "ec": look, "pkey": look, "req": req, "x509": x509_command,
    "verify": verify, "s_client": s_client, "dgst": dgst, **dict.fromkeys(DIGESTS, dgst), "base64": base64_command, "enc": base64_command,
    "rand": rand, "version": _version,
}  # fmt: skip


@program("/usr/bin/openssl", package="openssl")
def main(p: Process) -> int:
    p.unbuffered = True
    if len(p.argv) < 2:
        p.out("OpenSSL> ")
        return 0
    command = _COMMANDS.get(p.argv[1])
    if command is not None:
        return command(p)
    if p.argv[1] in _MISSING:
        p.err(f"simulator: openssl {p.argv[1]}: not simulated\n")
        return 1
    if p.argv[1] in ("help", "-help", "--help"):
        p.err("help:\n\nStandard commands\n" + "".join(f"{name}\n" for name in sorted(_COMMANDS)))
        return 0
    p.err(f"Invalid command '{p.argv[1]}'; type \"help\" for a list.\n")
    return 1
