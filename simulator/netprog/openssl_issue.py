"""Certificates and requests, made and signed for openssl(1)."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from simulator.net import certificates
from simulator.net.der import der, elements, inside, sequence
from simulator.netprog.openssl_keys import Key, armour, signature_hash
from simulator.netprog.openssl_text import PublicKey

_SERIAL_BITS = 159


def new_serial(chance: random.Random) -> int:
    """As OpenSSL draws one."""
    return chance.getrandbits(_SERIAL_BITS) | 1 << (_SERIAL_BITS - 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a certificate is to say."""

    subject: x509.Name
    issuer: x509.Name
    key: PublicKey
    serial: int
    start: float
    days: int
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    digest: str = ""


def certificate(plan: Plan, signer: Key) -> str:
    """The certificate in PEM: version 3, or 1 where it has no extensions."""
    start = datetime.datetime.fromtimestamp(int(plan.start), datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(plan.subject).issuer_name(plan.issuer).public_key(plan.key).serial_number(plan.serial)
    builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=plan.days))
    for value, critical in plan.extensions:
        builder = builder.add_extension(value, critical)
    made = builder.sign(signer, signature_hash(signer, plan.digest))
    tbs = made.tbs_certificate_bytes
    if not plan.extensions:  # version 1 has no field for the version
        tbs = sequence(*list(elements(inside(tbs)))[1:])
    return armour("CERTIFICATE", _signed(made.public_bytes(serialization.Encoding.DER), tbs, signer, plan.digest))


def _signed(model: bytes, tbs: bytes, signer: Key, digest: str) -> bytes:
    """A document like the model, signed again: the library's ECDSA would give another signature each time."""
    _, algorithm, _ = elements(inside(model))
    return sequence(tbs, algorithm, der(0x03, b"\0" + sign(signer, tbs, digest)))


def sign(signer: Key, data: bytes, digest: str) -> bytes:
    """A signature as certificates carry it."""
    algorithm = signature_hash(signer, digest)
    if isinstance(signer, rsa.RSAPrivateKey) and algorithm is not None:
        return signer.sign(data, padding.PKCS1v15(), algorithm)
    if isinstance(signer, ec.EllipticCurvePrivateKey) and algorithm is not None:
        return signer.sign(data, ec.ECDSA(algorithm, deterministic_signing=True))
    return signer.sign(data)  # type: ignore[call-arg]


def request(subject: x509.Name, key: Key, extensions: Iterable[tuple[x509.ExtensionType, bool]], digest: str) -> str:
    """A certificate request in PEM (RFC 2986)."""
    builder = x509.CertificateSigningRequestBuilder(subject)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    made = builder.sign(key, signature_hash(key, digest))
    return armour("CERTIFICATE REQUEST", _signed(made.public_bytes(serialization.Encoding.DER), made.tbs_certrequest_bytes, key, digest))


def authority(key: PublicKey) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """What Debian's openssl.cnf gives a certificate of `req -x509`."""
    own = x509.SubjectKeyIdentifier.from_public_key(key)
    return (own, False), (x509.AuthorityKeyIdentifier(own.digest, None, None), False), (x509.BasicConstraints(True, None), True)


def first_certificate(text: str) -> x509.Certificate | None:
    """The first certificate of a PEM text that can be read."""
    try:
        return next(iter(certificates.load_bundle(text.replace("\r\n", "\n"))), None)
    except ValueError:
        return None
