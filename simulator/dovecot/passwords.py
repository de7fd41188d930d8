"""Password schemes: how Dovecot stores and checks passwords (`doveadm pw -l`).

verify("{SHA512-CRYPT}$6$...", "secret", default="CRYPT")     # True or False; raises SchemeError
encode("SHA512-CRYPT", "secret", salt_source)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable

from simulator.dovecot.sha_crypt import ITOA64, md5_crypt, sha_crypt

Salt = Callable[[int], str]

#: In the order of `doveadm pw -l`.
SCHEMES = (
    "MD5 MD5-CRYPT SHA SHA1 SHA256 SHA512 SMD5 SSHA SSHA256 SSHA512 PLAIN CLEAR CLEARTEXT PLAIN-TRUNC CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 HMAC-MD5 "
    "DIGEST-MD5 PLAIN-MD4 PLAIN-MD5 LDAP-MD5 LANMAN NTLM OTP RPA PBKDF2 CRYPT DES-CRYPT SHA256-CRYPT SHA512-CRYPT BLF-CRYPT"
)
_PLAIN = ("PLAIN", "CLEAR", "CLEARTEXT")
_DIGESTS = {"SHA": "sha1", "SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512", "LDAP-MD5": "md5"}
_SALTED = {"SSHA": "sha1", "SSHA256": "sha256", "SSHA512": "sha512", "SMD5": "md5"}


class SchemeError(ValueError):
    """The scheme is unknown, or the stored text does not belong to it."""


def split(stored: str, default: str) -> tuple[str, str]:
    """Scheme and text of a stored password: `{SCHEME}text`, `$1$...` of MD5-CRYPT, else the default scheme."""
    if stored.startswith("{") and "}" in stored:
        scheme, _, text = stored[1:].partition("}")
        return scheme.upper(), text
    return default.upper(), stored


def _decode(text: str, scheme: str) -> bytes:
    base, _, encoding = scheme.partition(".")
    size = hashlib.new(_DIGESTS.get(base) or _SALTED.get(base, "md5"), usedforsecurity=False).digest_size
    try:
        if encoding == "HEX" or (not encoding and len(text) == 2 * size and base in _DIGESTS):
            return bytes.fromhex(text)
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SchemeError("Input isn't valid base64 encoded data") from None


def verify(stored: str, password: str, default: str = "CRYPT") -> bool:
    """Does the password fit? Raises SchemeError."""
    full, text = split(stored, default)
    scheme = full.partition(".")[0]
    given = password.encode("utf-8", "surrogateescape")
    if scheme in _PLAIN:
        return hmac.compare_digest(text.encode("utf-8", "surrogateescape"), given)
    if scheme in ("CRYPT", "MD5", "MD5-CRYPT", "SHA256-CRYPT", "SHA512-CRYPT"):
        return _crypt(text, password) == text
    if scheme == "PLAIN-MD5":
        return hashlib.md5(given, usedforsecurity=False).hexdigest() == text.lower()
    if scheme == "CRAM-MD5":
        return cram_md5(password) == text.lower()
    if scheme in _DIGESTS:
        return hashlib.new(_DIGESTS[scheme], given, usedforsecurity=False).digest() == _decode(text, full)
    if scheme in _SALTED:
        data = _decode(text, full)
        size = hashlib.new(_SALTED[scheme], usedforsecurity=False).digest_size
        return hashlib.new(_SALTED[scheme], given + data[size:], usedforsecurity=False).digest() == data[:size]
    raise SchemeError(f"Unknown scheme {full}" if scheme not in SCHEMES.split() else f"Scheme {full} is not simulated")


def _crypt(stored: str, password: str) -> str:
    """crypt(3): the methods by prefix; a text of another method never fits."""
    if stored.startswith("$6$"):
        return sha_crypt(password, stored, "sha512")
    if stored.startswith("$5$"):
        return sha_crypt(password, stored, "sha256")
    if stored.startswith("$1$"):
        return md5_crypt(password, stored)
    return ""


def cram_md5(password: str) -> str:
    """The two MD5 states after the keyed blocks of HMAC, as hexadecimal (RFC 2195; Dovecot's CRAM-MD5 scheme)."""
    from simulator.dovecot.md5_state import block_state

    key = password.encode("utf-8", "surrogateescape")
    key = hashlib.md5(key, usedforsecurity=False).digest() if len(key) > 64 else key
    key = key.ljust(64, b"\0")
    return (block_state(bytes(byte ^ 0x5C for byte in key)) + block_state(bytes(byte ^ 0x36 for byte in key))).hex()


def encode(scheme: str, password: str, user: str, salt: Salt) -> str:
    """What `doveadm pw` prints, with its `{SCHEME}`; `salt(length)` draws letters. Raises SchemeError."""
    upper = scheme.upper()
    given = password.encode("utf-8", "surrogateescape")
    if upper.partition(".")[0] not in SCHEMES.split():
        raise SchemeError(f"Unknown scheme: {scheme}")
    if upper in _PLAIN:
        return f"{{{upper}}}{password}"
    if upper in ("SHA512-CRYPT", "SHA256-CRYPT"):
        return f"{{{upper}}}" + sha_crypt(password, f"${'6' if '512' in upper else '5'}${salt(16)}", upper[:6].lower())
    if upper in ("MD5", "MD5-CRYPT"):
        return f"{{{upper}}}" + md5_crypt(password, f"$1${salt(8)}")
    if upper == "PLAIN-MD5":
        return f"{{{upper}}}" + hashlib.md5(given, usedforsecurity=False).hexdigest()
    if upper == "CRAM-MD5":
        return f"{{{upper}}}{cram_md5(password)}"
    if upper in _DIGESTS:
        return f"{{{upper}}}" + base64.b64encode(hashlib.new(_DIGESTS[upper], given, usedforsecurity=False).digest()).decode()
    if upper in _SALTED:
        grain = salt(4).encode()
        return f"{{{upper}}}" + base64.b64encode(hashlib.new(_SALTED[upper], given + grain, usedforsecurity=False).digest() + grain).decode()
    raise SchemeError(f"simulator: scheme {upper} is not simulated")


__all__ = ["ITOA64", "SCHEMES", "SchemeError", "cram_md5", "encode", "split", "verify"]
