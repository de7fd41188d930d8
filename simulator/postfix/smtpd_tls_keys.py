"""The certificates and private keys that smtpd(8) loads at its start, and what its log says when they cannot be used: TLS_README.

Private keys are looked at only as far as to see whether they fit: a simulated handshake needs none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from simulator.net import certificates

Read = Callable[[str], bytes]
Say = Callable[[str], None]

_PEM_OBJECT = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n.+?-----END \1-----", re.S)
_KEY = re.compile(r"-----BEGIN ((?:RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY)-----.+?-----END \1-----", re.S)
_DISABLED = "disabling TLS support"

# What OpenSSL 3.0 leaves in its error queue.
_NO_FILE = (
    "error:8000000{number:X}:system library::{reason}:../crypto/bio/bss_file.c:308:calling fopen({path}, r):",
    "error:10080002:BIO routines::system lib:../crypto/bio/bss_file.c:311:",
)
_NO_CERTIFICATE_FILE = "error:0A080002:SSL routines::system lib:../ssl/ssl_rsa.c:450:"
_NO_KEY_FILE = "error:0A080002:SSL routines::system lib:../ssl/ssl_rsa.c:368:"
_NO_CERTIFICATE = (
    "error:0480006C:PEM routines::no start line:../crypto/pem/pem_lib.c:760:Expecting: TRUSTED CERTIFICATE:",
    "error:0A080009:SSL routines::PEM lib:../ssl/ssl_rsa.c:462:",
)
_BAD_KEY = "error:0A080009:SSL routines::PEM lib:../ssl/ssl_rsa.c:385:"
_NO_KEY = (
    "error:1E08010C:DECODER routines::unsupported:../crypto/encode_decode/decoder_lib.c:103:No supported data to decode. Input type: PEM:",
    _BAD_KEY,
)
_LOCKED_KEY = (
    "error:1400006B:UI routines::processing error:../crypto/ui/ui_lib.c:573:while reading strings:",
    "error:0480006D:PEM routines::problems getting password:../crypto/pem/pem_lib.c:62:",
    "error:07880109:common libcrypto routines::interrupted or cancelled:../crypto/passphrase.c:184:",
    "error:07880109:common libcrypto routines::interrupted or cancelled:../crypto/passphrase.c:184:",
    "error:04800068:PEM routines::bad password read:../crypto/pem/pem_lib.c:442:",
    _BAD_KEY,
)
_MISMATCH = "error:05800074:x509 certificate routines::key values mismatch:../crypto/x509/x509_cmp.c:403:"
_OTHER_TYPE = "error:05800073:x509 certificate routines::key type mismatch:../crypto/x509/x509_cmp.c:406:"
_NO_ANCHORS = (
    "error:8000000{number:X}:system library::{reason}:../crypto/bio/bss_file.c:67:calling fopen({path}, r):",
    "error:10000080:BIO routines::no such file:../crypto/bio/bss_file.c:75:",
    "error:05880002:x509 certificate routines::system lib:../crypto/x509/by_file.c:229:",
)


_EMPTY_ANCHORS = ("error:05800088:x509 certificate routines::no certificate or crl found:../crypto/x509/by_file.c:252:",)


class NoTls(Exception):
    """TLS cannot be offered; `library` are the lines of OpenSSL's error queue. `info`: it is no warning, only information."""

    def __init__(self, text: str, library: tuple[str, ...] = (), info: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.library = library
        self.info = info


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The parameters smtpd_tls_cert_file and its kin."""

    chain_files: tuple[str, ...] = ()
    rsa: tuple[str, str] = ("", "")
    dsa: tuple[str, str] = ("", "")
    ecdsa: tuple[str, str] = ("", "")

    def load(self, read: Read, warn: Say) -> dict[str, tuple[str, ...]]:
        """Chains (PEM, own certificate first) by the kind of their key: "RSA", "ECDSA". Raises NoTls."""
        if self.chain_files:
            return _chain_files(self.chain_files, read, warn)
        chains: dict[str, tuple[str, ...]] = {}
        for kind, (certificate, key) in (("RSA", self.rsa), ("DSA", self.dsa), ("ECDSA", self.ecdsa)):
            if certificate:
                chains |= _pair(kind, certificate, key, read, warn)
        return chains


def _pair(kind: str, certificate_file: str, key_file: str, read: Read, warn: Say) -> dict[str, tuple[str, ...]]:
    if certificate_file == key_file:
        return _mixed(certificate_file, read, warn)
    trouble = f'cannot get {kind} certificate from file "{certificate_file}": {_DISABLED}'
    try:
        chain = certificates.split_bundle(_text(read(certificate_file)))
        own = certificates.parse(chain[0]) if chain else None
    except IsADirectoryError:
        own = None
    except OSError as error:
        raise NoTls(trouble, (*_system(_NO_FILE, error, certificate_file), _NO_CERTIFICATE_FILE)) from None
    except ValueError:
        own = None
    if own is None:
        raise NoTls(trouble, _NO_CERTIFICATE)
    _check_key(kind, key_file, own, read)
    return {certificates_kind(own): chain}


def _check_key(kind: str, key_file: str, own: x509.Certificate, read: Read) -> None:
    """Does the key in a file belong to the certificate?"""
    trouble = f'cannot get {kind} private key from file "{key_file}": {_DISABLED}'
    try:
        text = _text(read(key_file))
    except IsADirectoryError:
        text = ""
    except OSError as error:
        raise NoTls(trouble, (*_system(_NO_FILE, error, key_file), _NO_KEY_FILE)) from None
    found = _KEY.search(text)
    if found is None:
        raise NoTls(trouble, _NO_KEY)
    try:
        key = serialization.load_pem_private_key(found[0].encode(), None, unsafe_skip_rsa_key_validation=True)
    except TypeError:  # it wants a password
        raise NoTls(trouble, _LOCKED_KEY) from None
    except ValueError:
        raise NoTls(trouble, _NO_KEY) from None
    if not _fits(key, own):
        raise NoTls(trouble, (_MISMATCH if _same_type(key, own) else _OTHER_TYPE,))


def _fits(key: PrivateKeyTypes, certificate: x509.Certificate) -> bool:
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)


def _same_type(key: PrivateKeyTypes, certificate: x509.Certificate) -> bool:
    return type(key.public_key()) is type(certificate.public_key())


def certificates_kind(certificate: x509.Certificate) -> str:
    """ "RSA", or "ECDSA" for all other kinds of key."""
    return "RSA" if "RSA" in type(certificate.public_key()).__name__ else "ECDSA"


def _system(lines: tuple[str, ...], error: OSError, path: str) -> tuple[str, ...]:
    return tuple(line.format(number=error.errno or 0, reason=error.strerror, path=path) for line in lines)


def _text(data: bytes) -> str:
    return data.decode("latin-1")


# Files that hold keys and certificates


def _open_chain(path: str, read: Read, warn: Say) -> str | None:
    try:
        return _text(read(path))
    except OSError as error:
        warn(f"error opening chain file: {path}: {error.strerror}")
        return None


def _cannot_load(origin: str) -> NoTls:
    return NoTls(f"error loading private keys and certificates from: {origin}: {_DISABLED}")


@dataclass(slots=True)
class _Open:
    """A key whose certificates are being collected; where the key was found."""

    key: PrivateKeyTypes
    place: str
    chain: list[str]


def _chain_files(paths: tuple[str, ...], read: Read, warn: Say) -> dict[str, tuple[str, ...]]:
    """Each key before its certificates: postconf(5) smtpd_tls_chain_files. A file that is missing leaves none at all."""
    chains: dict[str, tuple[str, ...]] = {}
    current: _Open | None = None
    origin = ", ".join(paths)
    for path in paths:
        text = _open_chain(path, read, warn)
        if text is None:
            return {}
        for number, found in enumerate(_PEM_OBJECT.finditer(text), 1):
            if found[1].endswith("PRIVATE KEY"):
                if current is not None:
                    chains |= _finished(current, origin, warn)
                current = _Open(_load_key(found[0], number, path, origin, warn), f"at index {number} in {path}", [])
            elif found[1].endswith("CERTIFICATE"):
                if current is None:
                    warn(f"error loading chain from {path}: key not first")
                    raise _cannot_load(origin)
                current.chain.append(found[0] + "\n")
    return chains | _finished(current, origin, warn)


def _mixed(path: str, read: Read, warn: Say) -> dict[str, tuple[str, ...]]:
    """One file with a key somewhere and its certificates. Raises NoTls."""
    text = _open_chain(path, read, warn)
    if text is None:
        raise NoTls("")
    current: _Open | None = None
    chain: list[str] = []
    for number, found in enumerate(_PEM_OBJECT.finditer(text), 1):
        if found[1].endswith("PRIVATE KEY") and current is None:
            current = _Open(_load_key(found[0], number, path, path, warn), f"at index {number} in {path}", chain)
        elif found[1].endswith("CERTIFICATE"):
            chain.append(found[0] + "\n")
    if current is None and chain:
        warn(f"No private key found in {path}")
        raise _cannot_load(path)
    return _finished(current, path, warn)


def _load_key(pem: str, number: int, path: str, origin: str, warn: Say) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (TypeError, ValueError):
        warn(f"error loading private key (PEM object number {number}) from {path}")
        raise _cannot_load(origin) from None


def _finished(current: _Open | None, origin: str, warn: Say) -> dict[str, tuple[str, ...]]:
    if current is None:
        warn(f"No PEM data in {origin}")
        raise _cannot_load(origin)
    if not current.chain:
        warn(f"No certs for key {current.place}")
        raise _cannot_load(origin)
    own = certificates.parse(current.chain[0])
    if not _fits(current.key, own):
        warn(f"key {current.place} does not match next certificate")
        warn(f"TLS library problem: {_MISMATCH if _same_type(current.key, own) else _OTHER_TYPE}")
        raise _cannot_load(origin)
    return {certificates_kind(own): tuple(current.chain)}


# Trust anchors


def load_anchors(ca_file: str, ca_path: str, read: Read) -> tuple[x509.Certificate, ...]:
    """The certificates of smtpd_tls_CAfile. Raises NoTls."""
    if not ca_file:
        return ()
    named = f'CAfile="{ca_file}"' + (f', CApath="{ca_path}"' if ca_path else "")
    try:
        found = certificates.load_bundle(_text(read(ca_file)))
    except OSError as error:
        text = f"cannot load Certification Authority data, {named}: {_DISABLED}"
        raise NoTls(text, _system(_NO_ANCHORS, error, ca_file), info=True) from None
    except ValueError:
        raise NoTls(f"cannot load Certification Authority data, {named}: {_DISABLED}", info=True) from None
    if not found:
        raise NoTls(f"cannot load Certification Authority data, {named}: {_DISABLED}", _EMPTY_ANCHORS, info=True)
    return found
