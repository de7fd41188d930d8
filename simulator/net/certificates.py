"""Are certificates to be trusted? Chains, trust anchors, names, time: what OpenSSL's X509_verify_cert(3) decides (RFC 5280 6).

    anchors = load_bundle(fs_text)                        # a CAfile
    verdict = verify(chain, anchors, when, names=("hub.example.com",))
    verdict.number, verdict.text                          # 0; or 18, "self-signed certificate"

Real certificates are read by the `cryptography` library; time is the lab's.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from simulator.net.der import SET, UTF8, der, oid, sequence

_PEM = re.compile(r"-----BEGIN (?:TRUSTED )?CERTIFICATE-----.+?-----END (?:TRUSTED )?CERTIFICATE-----", re.S)
#: X509_STORE_CTX_get_error(3): numbers and X509_verify_cert_error_string(3).
ERRORS: Final = {
    0: "ok",
    9: "certificate is not yet valid",
    10: "certificate has expired",
    18: "self-signed certificate",
    19: "self-signed certificate in certificate chain",
    20: "unable to get local issuer certificate",
    21: "unable to verify the first certificate",
    7: "certificate signature failure",
    24: "invalid CA certificate",
    26: "unsuitable certificate purpose",
    62: "hostname mismatch",
    65: "no matching DANE TLSA records",
}
_DEPTH_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """The error that counts: the one nearest to the server's own certificate. `issuer`: of the certificate in question."""

    number: int = 0
    depth: int = 0
    issuer: str = ""

    @property
    def good(self) -> bool:
        return self.number == 0

    @property
    def text(self) -> str:
        return ERRORS[self.number]


@functools.lru_cache(maxsize=512)
def parse(pem: str) -> x509.Certificate:
    """A certificate from PEM text. Raises ValueError."""
    return x509.load_pem_x509_certificate(pem.encode())


def split_bundle(text: str) -> tuple[str, ...]:
    """The certificates in a file, each as PEM text; anything else in it is ignored."""
    return tuple(match[0] + "\n" for match in _PEM.finditer(text))


def load_bundle(text: str) -> tuple[x509.Certificate, ...]:
    """The certificates in a file. Raises ValueError for one that is damaged."""
    return tuple(parse(pem) for pem in split_bundle(text))


def verify(chain: Iterable[str], anchors: Iterable[x509.Certificate], when: float, names: Iterable[str] = (), client: bool = False) -> Verdict:
    """Check a chain (PEM, the peer's own certificate first) against trust anchors, at a time, for one of `names` if there are any.

    A name that begins with a dot stands for all below it. `client`: the peer is a client.
    """
    certificates = [parse(pem) for pem in chain]
    if not certificates:
        return Verdict(20)
    leaf, names = certificates[0], tuple(names)
    path, error = _path(leaf, certificates[1:], tuple(anchors))
    if error is not None and error.depth == 0:
        return error
    moment = datetime.datetime.fromtimestamp(when, datetime.UTC)
    for depth, certificate in enumerate(path):
        trouble = _trouble(certificate, depth, moment, client, names)
        if trouble:
            return Verdict(trouble, depth, one_line(certificate.issuer))
    return error or Verdict()


def examine(
    chain: Iterable[str], anchors: Iterable[x509.Certificate], when: float, names: Iterable[str] = ()
) -> tuple[list[tuple[int, int]], list[x509.Certificate]]:
    """All that is wrong with a chain, as (depth, number) in the order in which OpenSSL finds it, and the path that it built."""
    certificates = [parse(pem) for pem in chain]
    leaf, names = certificates[0], tuple(names)
    path, error = _path(leaf, certificates[1:], tuple(anchors))
    found = [(error.depth, error.number)] if error is not None else []
    if error is not None and error.number == 20 and len(path) == 1:
        found.append((0, 21))
    moment = datetime.datetime.fromtimestamp(when, datetime.UTC)
    if names and not any(matches(leaf, name) for name in names):
        found.append((0, 62))
    for depth, certificate in reversed(list(enumerate(path))):
        trouble = _trouble(certificate, depth, moment, False, ())
        if trouble:
            found.append((depth, trouble))
    return found, path


def _path(
    leaf: x509.Certificate, sent: list[x509.Certificate], anchors: tuple[x509.Certificate, ...]
) -> tuple[list[x509.Certificate], Verdict | None]:
    """From the leaf up to a trust anchor; or as far as it goes, and what is missing."""
    path = [leaf]
    while len(path) <= _DEPTH_LIMIT:
        current = path[-1]
        if current in anchors:
            return path, None
        issuer = next((one for one in (*anchors, *sent) if one not in path and _issued(one, current)), None)
        if issuer is None:
            break
        path.append(issuer)
    top = path[-1]
    if top.issuer == top.subject:
        return path, Verdict(18 if len(path) == 1 else 19, len(path) - 1, one_line(top.issuer))
    return path, Verdict(20, len(path) - 1, one_line(top.issuer))


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _trouble(certificate: x509.Certificate, depth: int, moment: datetime.datetime, client: bool, names: tuple[str, ...]) -> int:
    if depth and not _is_ca(certificate):
        return 24
    if not depth and not _serves(certificate, client):
        return 26
    if moment < certificate.not_valid_before_utc:
        return 9
    if moment > certificate.not_valid_after_utc:
        return 10
    return 62 if not depth and names and not any(matches(certificate, name) for name in names) else 0


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return certificate.issuer == certificate.subject


def _serves(certificate: x509.Certificate, client: bool) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return (ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH) in usage


def matches(certificate: x509.Certificate, name: str) -> bool:
    """Does the certificate belong to this host? Its alternative names count, the common name only without them (RFC 6125 6.4)."""
    try:
        alternatives = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
        candidates = list(alternatives.get_values_for_type(x509.DNSName))  # type: ignore[attr-defined]
    except x509.ExtensionNotFound:
        candidates = []
    if not candidates:
        candidates = [common_name(certificate.subject)]
    return any(_matches_name(candidate.lower(), name.lower()) for candidate in candidates)


def _matches_name(pattern: str, name: str) -> bool:
    if name.startswith("."):
        return pattern.endswith(name) and len(pattern) > len(name)
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return pattern == name


def common_name(name: x509.Name) -> str:
    """The first common name, or nothing."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


_SHORT = {
    NameOID.COMMON_NAME: "CN", NameOID.COUNTRY_NAME: "C", NameOID.ORGANIZATION_NAME: "O", NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.LOCALITY_NAME: "L", NameOID.STATE_OR_PROVINCE_NAME: "ST", NameOID.EMAIL_ADDRESS: "emailAddress",
}  # fmt: skip


def attributes(name: x509.Name) -> list[tuple[str, str]]:
    """A distinguished name as pairs: ("C", "DE"), ("CN", "hub.example.com")."""
    return [(_SHORT.get(one.oid, one.oid.dotted_string), str(one.value)) for one in name]


def one_line(name: x509.Name) -> str:
    """X509_NAME_oneline(3): `/C=DE/CN=hub.example.com`."""
    return "".join(f"/{kind}={value}" for kind, value in attributes(name))


def fingerprint(pem: str, algorithm: str = "sha256") -> str:
    """The digest of a certificate: "AB:CD:...". Raises ValueError for an unknown algorithm."""
    return _digest(parse(pem).public_bytes(serialization.Encoding.DER), algorithm)


def key_fingerprint(pem: str, algorithm: str = "sha256") -> str:
    """The digest of a certificate's public key."""
    key = parse(pem).public_key()
    return _digest(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo), algorithm)


def _digest(data: bytes, algorithm: str) -> str:
    name = algorithm.lower()
    if name not in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
        raise ValueError(f"no digest {algorithm}")
    return ":".join(f"{byte:02X}" for byte in hashlib.new(name, data, usedforsecurity=False).digest())


def name_hash(name: x509.Name) -> str:
    """The file name under which a CApath holds a certificate with this subject (X509_NAME_hash(3), `openssl x509 -hash`).

    SHA-1 over the name in canonical form: each attribute as UTF8String, in lower case, blanks collapsed; its first four
    bytes, the last first.
    """
    encoded = b""
    for part in name.rdns:
        values = b""
        for one in part:
            text = re.sub(r"\s+", " ", str(one.value).strip()).lower().encode()
            values += sequence(oid(one.oid.dotted_string), der(UTF8, text))
        encoded += der(SET, values)
    digest = hashes.Hash(hashes.SHA1())
    digest.update(encoded)
    return digest.finalize()[3::-1].hex()


def directory_anchors(read: Callable[[str], str | None], path: str, chain: Iterable[str]) -> list[x509.Certificate]:
    """What a CApath holds for the issuers in a chain: files HASH.0, HASH.1 ... (openssl-rehash(1))."""
    found: list[x509.Certificate] = []
    for pem in chain:
        certificate = parse(pem)
        for number in range(9):
            text = read(f"{path}/{name_hash(certificate.issuer)}.{number}")
            if text is None:
                break
            found += load_bundle(text)
    return found
