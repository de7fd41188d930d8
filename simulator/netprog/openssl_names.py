"""What openssl(1) reads: subjects, extensions as configuration files write them, questions for a subject."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_KINDS = {
    "C": NameOID.COUNTRY_NAME, "countryName": NameOID.COUNTRY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "stateOrProvinceName": NameOID.STATE_OR_PROVINCE_NAME, "L": NameOID.LOCALITY_NAME, "localityName": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME, "organizationName": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "organizationalUnitName": NameOID.ORGANIZATIONAL_UNIT_NAME, "CN": NameOID.COMMON_NAME, "commonName": NameOID.COMMON_NAME,
    "emailAddress": NameOID.EMAIL_ADDRESS, "DC": NameOID.DOMAIN_COMPONENT, "serialNumber": NameOID.SERIAL_NUMBER,
    "GN": NameOID.GIVEN_NAME, "SN": NameOID.SURNAME, "title": NameOID.TITLE,
}  # fmt: skip
#: Debian's openssl.cnf: the questions, their defaults, the attribute.
QUESTIONS = (
    ("Country Name (2 letter code)", "AU", "C"), ("State or Province Name (full name)", "Some-State", "ST"), ("Locality Name (eg, city)", "", "L"),
    ("Organization Name (eg, company)", "Internet Widgits Pty Ltd", "O"), ("Organizational Unit Name (eg, section)", "", "OU"),
    ("Common Name (e.g. server FQDN or YOUR name)", "", "CN"), ("Email Address", "", "emailAddress"),
)  # fmt: skip
_USAGES = {
    "digitalSignature": "digital_signature", "nonRepudiation": "content_commitment", "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment", "keyAgreement": "key_agreement", "keyCertSign": "key_cert_sign", "cRLSign": "crl_sign",
}  # fmt: skip
_PURPOSES = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH, "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "emailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION, "codeSigning": ExtendedKeyUsageOID.CODE_SIGNING,
}  # fmt: skip


def subject(text: str) -> x509.Name:
    """`/C=DE/O=Example/CN=hub.example.com`, `\\` takes away a character's meaning. Raises ValueError with openssl's words."""
    if not text.startswith("/"):
        raise ValueError(
            "subject name is expected to be in the format /type0=value0/type1=value1/type2=... where characters may be escaped by \\. "
            f"This name is not in that format: '{text}'"
        )
    pairs = []
    for part in re.findall(r"(?:[^/\\]|\\.)+", text[1:], re.S):
        kind, sign, value = part.partition("=")
        if not sign:
            raise ValueError(f"Hit end of string before finding the '=' in: '{part}'")
        pairs.append((kind.strip(), re.sub(r"\\(.)", r"\1", value)))
    return make(pairs)


def make(pairs: list[tuple[str, str]]) -> x509.Name:
    """Empty values and unknown types are left out. Raises ValueError for a country that has not two letters."""
    return x509.Name([x509.NameAttribute(_KINDS[kind], value) for kind, value in pairs if value and kind in _KINDS])


# Extensions


def sections(text: str) -> dict[str, dict[str, str]]:
    """A configuration file, config(5): sections with their settings; "" is the part before the first."""
    found: dict[str, dict[str, str]] = {"": {}}
    current = found[""]
    for line in text.replace("\\\n", "").splitlines():
        line = line.split("#")[0].strip()
        if match := re.fullmatch(r"\[\s*(.+?)\s*\]", line):
            current = found.setdefault(match[1], {})
        elif "=" in line:
            key, _, value = line.partition("=")
            current[key.strip()] = value.strip()
    return found


def extension(key: str, value: str, config: dict[str, dict[str, str]] | None = None) -> tuple[x509.ExtensionType, bool] | None:
    """One setting such as `subjectAltName = DNS:a, DNS:b` and whether it is critical; None for what is not simulated."""
    words = [word.strip() for word in value.split(",")]
    critical = words[0] == "critical"
    words = words[1:] if critical else words
    if key == "subjectAltName":
        if words[0].startswith("@"):
            words = [f"{kind.split('.')[0]}:{one}" for kind, one in (config or {}).get(words[0][1:], {}).items()]
        return x509.SubjectAlternativeName(list(_alternatives(words))), critical
    if key == "basicConstraints":
        known = dict(word.split(":", 1) for word in words if ":" in word)
        length = known.get("pathlen")
        return x509.BasicConstraints(known.get("CA", "").strip().lower() == "true", int(length) if length else None), critical
    if key == "keyUsage":
        chosen = {_USAGES[word]: True for word in words if word in _USAGES}
        return x509.KeyUsage(**{field: chosen.get(field, False) for field in _USAGES.values()}, encipher_only=False, decipher_only=False), critical
    if key == "extendedKeyUsage":
        return x509.ExtendedKeyUsage([_PURPOSES[word] for word in words if word in _PURPOSES]), critical
    return None


def _alternatives(words: list[str]) -> Iterator[x509.GeneralName]:
    for word in words:
        kind, _, value = word.partition(":")
        if kind == "DNS":
            yield x509.DNSName(value)
        elif kind == "IP":
            yield x509.IPAddress(ipaddress.ip_address(value))
        elif kind == "email":
            yield x509.RFC822Name(value)
        elif kind == "URI":
            yield x509.UniformResourceIdentifier(value)
