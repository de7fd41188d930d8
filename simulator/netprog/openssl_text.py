"""How openssl(1) shows names, keys, certificates and requests as text."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from simulator.net.certificates import attributes

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_CURVES = {"secp256r1": ("prime256v1", "P-256"), "secp384r1": ("secp384r1", "P-384"), "secp521r1": ("secp521r1", "P-521")}
_SIGNATURES = {
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption", "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption", "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption", "1.2.840.10045.4.3.2": "ecdsa-with-SHA256", "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512", "1.3.101.112": "ED25519",
}  # fmt: skip
_USAGES = (
    ("digital_signature", "Digital Signature"), ("content_commitment", "Non Repudiation"), ("key_encipherment", "Key Encipherment"),
    ("data_encipherment", "Data Encipherment"), ("key_agreement", "Key Agreement"), ("key_cert_sign", "Certificate Sign"), ("crl_sign", "CRL Sign"),
)  # fmt: skip
_PURPOSES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "TLS Web Server Authentication", ExtendedKeyUsageOID.CLIENT_AUTH: "TLS Web Client Authentication",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "E-mail Protection", ExtendedKeyUsageOID.CODE_SIGNING: "Code Signing",
}  # fmt: skip
_ESCAPED = frozenset(',+"\\<>;')
_TITLES = {
    "subjectKeyIdentifier": "X509v3 Subject Key Identifier", "authorityKeyIdentifier": "X509v3 Authority Key Identifier",
    "basicConstraints": "X509v3 Basic Constraints", "subjectAltName": "X509v3 Subject Alternative Name", "keyUsage": "X509v3 Key Usage",
    "extendedKeyUsage": "X509v3 Extended Key Usage",
}  # fmt: skip


def name(subject: x509.Name, style: str = "") -> str:
    """`C = DE, CN = hub.example.com`; as RFC 2253: `CN=hub.example.com,C=DE`; compat: `/C=DE/CN=hub.example.com`."""
    pairs = attributes(subject)
    if style.lower() == "compat":
        return "".join(f"/{kind}={value}" for kind, value in pairs)
    if style.lower() == "rfc2253":
        return ",".join(f"{kind}={_escape(value)}" for kind, value in reversed(pairs))
    return ", ".join(f"{kind} = {_quote(value)}" for kind, value in pairs)


def _escape(value: str) -> str:
    return "".join("\\" + char if char in _ESCAPED else char for char in value)


def _quote(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if any(char in _ESCAPED for char in value) else value


def moment(when: datetime.datetime) -> str:
    """`Nov 24 16:45:12 2026 GMT`."""
    return f"{when:%b} {when.day:2d} {when:%H:%M:%S %Y} GMT"


def colons(data: bytes, upper: bool = True) -> str:
    """`AB:CD:EF`."""
    return data.hex(":").upper() if upper else data.hex(":")


def _block(data: bytes, indent: int, per_line: int) -> str:
    rows = [data[at : at + per_line].hex(":") for at in range(0, len(data), per_line)]
    return "".join(f"{' ' * indent}{row}{':' if place < len(rows) - 1 else ''}\n" for place, row in enumerate(rows))


def public_key(key: PublicKey, indent: int) -> str:
    """The part "Subject Public Key Info"."""
    pad = " " * indent
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        data = numbers.n.to_bytes(key.key_size // 8 + 1, "big")
        text = (
            f"{pad}Public Key Algorithm: rsaEncryption\n{pad}    Public-Key: ({key.key_size} bit)\n{pad}    Modulus:\n{_block(data, indent + 8, 15)}"
        )
        return text + f"{pad}    Exponent: {numbers.e} (0x{numbers.e:x})\n"
    if isinstance(key, ec.EllipticCurvePublicKey):
        curve, nist = _CURVES.get(key.curve.name, (key.curve.name, key.curve.name))
        data = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        text = f"{pad}Public Key Algorithm: id-ecPublicKey\n{pad}    Public-Key: ({key.key_size} bit)\n{pad}    pub:\n{_block(data, indent + 8, 15)}"
        return text + f"{pad}    ASN1 OID: {curve}\n{pad}    NIST CURVE: {nist}\n"
    data = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f"{pad}Public Key Algorithm: ED25519\n{pad}    ED25519 Public-Key:\n{pad}    pub:\n{_block(data, indent + 8, 15)}"


def private_key(key: ec.EllipticCurvePrivateKey) -> str:
    """`openssl ec -text`."""
    size = (key.key_size + 7) // 8
    secret = key.private_numbers().private_value.to_bytes(size, "big")
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    curve, nist = _CURVES.get(key.curve.name, (key.curve.name, key.curve.name))
    return f"Private-Key: ({key.key_size} bit)\npriv:\n{_block(secret, 4, 15)}pub:\n{_block(point, 4, 15)}ASN1 OID: {curve}\nNIST CURVE: {nist}\n"


# Extensions


def extension_name(extension: x509.Extension[x509.ExtensionType]) -> str:
    """The short name, as -ext takes it."""
    return {
        x509.SubjectKeyIdentifier: "subjectKeyIdentifier", x509.AuthorityKeyIdentifier: "authorityKeyIdentifier",
        x509.BasicConstraints: "basicConstraints", x509.SubjectAlternativeName: "subjectAltName", x509.KeyUsage: "keyUsage",
        x509.ExtendedKeyUsage: "extendedKeyUsage",
    }.get(type(extension.value), extension.oid.dotted_string)  # fmt: skip


def extension(one: x509.Extension[x509.ExtensionType], indent: int) -> str:
    """Its title and its value."""
    pad = " " * indent
    title = _TITLES.get(extension_name(one), one.oid.dotted_string)
    lines = "".join(f"{pad}    {line}\n" for line in _values(one.value))
    return f"{pad}{title}: {'critical' if one.critical else ''}\n{lines}"


def _values(value: x509.ExtensionType) -> Iterator[str]:
    if isinstance(value, x509.SubjectKeyIdentifier):
        yield colons(value.digest)
    elif isinstance(value, x509.AuthorityKeyIdentifier):
        yield colons(value.key_identifier or b"")
    elif isinstance(value, x509.BasicConstraints):
        yield f"CA:{str(value.ca).upper()}" + (f", pathlen:{value.path_length}" if value.path_length is not None else "")
    elif isinstance(value, x509.SubjectAlternativeName):
        yield ", ".join(map(_alternative, value))
    elif isinstance(value, x509.KeyUsage):
        yield ", ".join(text for field, text in _USAGES if getattr(value, field))
    elif isinstance(value, x509.ExtendedKeyUsage):
        yield ", ".join(_PURPOSES.get(one, one.dotted_string) for one in value)
    else:
        yield "..."


def _alternative(one: x509.GeneralName) -> str:
    kinds = {x509.DNSName: "DNS", x509.IPAddress: "IP Address", x509.RFC822Name: "email", x509.UniformResourceIdentifier: "URI"}
    return f"{kinds.get(type(one), 'othername')}:{one.value}"


# Whole documents


def _signature(oid: str, data: bytes) -> str:
    return f"    Signature Algorithm: {_SIGNATURES.get(oid, oid)}\n    Signature Value:\n{_block(data, 8, 18)}"


def certificate(one: x509.Certificate) -> str:
    """`openssl x509 -text`."""
    version = 3 if one.version is x509.Version.v3 else 1
    serial = one.serial_number
    data = serial.to_bytes(max(1, (serial.bit_length() + 8) // 8), "big")
    data = data[1:] if len(data) > 1 and data[0] == 0 and data[1] < 0x80 else data
    number = f" {serial} (0x{serial:x})\n" if serial < 1 << 63 else f"\n            {data.hex(':')}\n"
    extensions = "".join(extension(item, 12) for item in one.extensions)
    algorithm = one.signature_algorithm_oid.dotted_string
    return (
        f"Certificate:\n    Data:\n        Version: {version} (0x{version - 1:x})\n        Serial Number:{number}"
        f"        Signature Algorithm: {_SIGNATURES.get(algorithm, algorithm)}\n        Issuer: {name(one.issuer)}\n        Validity\n"
        f"            Not Before: {moment(one.not_valid_before_utc)}\n            Not After : {moment(one.not_valid_after_utc)}\n"
        f"        Subject: {name(one.subject)}\n        Subject Public Key Info:\n{public_key(_known(one.public_key()), 12)}"
        + (f"        X509v3 extensions:\n{extensions}" if extensions else "")
        + _signature(algorithm, one.signature)
    )


def request(one: x509.CertificateSigningRequest) -> str:
    """`openssl req -text`."""
    algorithm = one.signature_algorithm_oid.dotted_string
    extensions = "".join(extension(item, 16) for item in one.extensions)
    none = "" if extensions else "            (none)\n"
    return (
        f"Certificate Request:\n    Data:\n        Version: 1 (0x0)\n        Subject: {name(one.subject)}\n        Subject Public Key Info:\n"
        f"{public_key(_known(one.public_key()), 12)}        Attributes:\n{none}            Requested Extensions:\n{extensions}"
        + _signature(algorithm, one.signature)
    )


def modulus(key: object) -> str:
    """`Modulus=...`, or that there is none."""
    return f"Modulus={key.public_numbers().n:X}" if isinstance(key, rsa.RSAPublicKey) else "Modulus=No modulus for this public key type"


def chosen_extensions(one: x509.Certificate, names: Iterable[str]) -> str:
    """-ext: those that it has of these."""
    wanted = set(names)
    return "".join(extension(item, 0) for item in one.extensions if extension_name(item) in wanted)


def _known(key: object) -> PublicKey:
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)):
        raise ValueError("an unknown kind of key")
    return key
