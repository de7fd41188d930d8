"""Private keys for openssl(1): made from the lab's chance, read, and written as PEM."""

from __future__ import annotations

import base64
import hashlib
import math
import random
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulator.net.der import NULL, OCTETS, der, integer, oid, sequence

Digest = hashes.SHA224 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

#: Names of curves as -name and ec_paramgen_curve take them.
CURVES: dict[str, type[ec.EllipticCurve]] = {
    "prime256v1": ec.SECP256R1, "P-256": ec.SECP256R1, "secp256r1": ec.SECP256R1, "secp384r1": ec.SECP384R1, "P-384": ec.SECP384R1,
    "secp521r1": ec.SECP521R1, "P-521": ec.SECP521R1,
}  # fmt: skip
_SMALL_PRIMES = [number for number in range(3, 2000) if all(number % other for other in range(2, int(number**0.5) + 1))]
_SMALL_PRODUCT = math.prod(_SMALL_PRIMES)
_DIGESTS: dict[str, type[Digest]] = {"sha224": hashes.SHA224, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
_EXPONENT = 65537
_ROUNDS = 6
#: PBKDF2 of OpenSSL 3.0.
_ITERATIONS = 2048
_PBES2, _PBKDF2, _HMAC_SHA256 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12", "1.2.840.113549.2.9"
_CIPHERS = {"aes128": ("2.16.840.1.101.3.4.1.2", 16), "aes192": ("2.16.840.1.101.3.4.1.22", 24), "aes256": ("2.16.840.1.101.3.4.1.42", 32)}


class BadKey(Exception):
    """No private key, or not with this password (`locked`)."""

    def __init__(self, locked: bool = False) -> None:
        super().__init__(locked)
        self.locked = locked


def make_rsa(bits: int, chance: random.Random) -> rsa.RSAPrivateKey:
    """A key of 1024 bits or more from the lab's chance, so that the same session gives the same key."""
    while True:
        p, q = (_prime(size, chance) for size in (bits - bits // 2, bits // 2))
        if p != q and (p * q).bit_length() == bits:
            break
    p, q = max(p, q), min(p, q)
    d = pow(_EXPONENT, -1, math.lcm(p - 1, q - 1))
    numbers = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), numbers).private_key()


def _prime(bits: int, chance: random.Random) -> int:
    while True:
        candidate = chance.getrandbits(bits) | 3 << (bits - 2) | 1
        if math.gcd(candidate, _SMALL_PRODUCT) == 1 and (candidate - 1) % _EXPONENT and _is_prime(candidate, chance):
            return candidate


def _is_prime(number: int, chance: random.Random) -> bool:
    """Miller and Rabin."""
    twos = (number - 1 & -(number - 1)).bit_length() - 1
    odd = (number - 1) >> twos
    return all(_passes(number, base, odd, twos) for base in (2, *(chance.randrange(3, number - 1) for _ in range(_ROUNDS))))


def _passes(number: int, base: int, odd: int, twos: int) -> bool:
    value = pow(base, odd, number)
    if value in (1, number - 1):
        return True
    for _ in range(twos - 1):
        value = value * value % number
        if value == number - 1:
            return True
    return False


def make_ec(curve: str, chance: random.Random) -> ec.EllipticCurvePrivateKey:
    """Raises KeyError for an unknown curve."""
    group = CURVES[curve]()
    return ec.derive_private_key(chance.getrandbits(group.key_size - 1) | 1, group)


def make_ed25519(chance: random.Random) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))


# PEM


def load(text: str, password: str = "") -> Key:
    """The first private key in a text. Raises BadKey."""
    match = re.search(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", text, re.S)
    if match is None:
        raise BadKey
    locked = "ENCRYPTED" in match[0]
    try:
        key = serialization.load_pem_private_key(match[0].encode(), password.encode() if locked else None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError):
        raise BadKey(locked) from None
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)):
        raise BadKey
    return key


def public_pem(key: Key) -> str:
    """SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def pem(key: Key, traditional: bool = False) -> str:
    """The key in the clear: PKCS#8, or the older form of its kind."""
    form = serialization.PrivateFormat.TraditionalOpenSSL if traditional else serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@dataclass(frozen=True, slots=True)
class Lock:
    """How a key is to be encrypted: cipher, password; salt and vector from the lab's chance."""

    cipher: str
    password: str
    chance: random.Random


def locked_pem(key: Key, lock: Lock) -> str:
    """PKCS#8, encrypted: RFC 8018 PBES2."""
    name, size = _CIPHERS[lock.cipher]
    salt, vector = lock.chance.randbytes(8), lock.chance.randbytes(16)
    secret = hashlib.pbkdf2_hmac("sha256", lock.password.encode(), salt, _ITERATIONS, size)
    clear = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    derivation = sequence(oid(_PBKDF2), sequence(der(OCTETS, salt), integer(_ITERATIONS), sequence(oid(_HMAC_SHA256), der(NULL, b""))))
    scheme = sequence(oid(_PBES2), sequence(derivation, sequence(oid(name), der(OCTETS, vector))))
    return armour("ENCRYPTED PRIVATE KEY", sequence(scheme, der(OCTETS, _encrypt(secret, vector, clear))))


def locked_traditional_pem(key: Key, lock: Lock) -> str:
    """The older form, encrypted: RFC 1421 headers, a key made of MD5 (EVP_BytesToKey(3))."""
    lines = pem(key, traditional=True).splitlines()
    clear = base64.b64decode("".join(lines[1:-1]))
    vector, size = lock.chance.randbytes(16), _CIPHERS[lock.cipher][1]
    secret = block = b""
    while len(secret) < size:
        block = hashlib.md5(block + lock.password.encode() + vector[:8], usedforsecurity=False).digest()
        secret += block
    headers = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {lock.cipher.upper().replace('AES', 'AES-')}-CBC,{vector.hex().upper()}\n\n"
    label = lines[0].removeprefix("-----BEGIN ").removesuffix("-----")
    begin, _, rest = armour(label, _encrypt(secret[:size], vector, clear)).partition("\n")
    return f"{begin}\n{headers}{rest}"


def _encrypt(secret: bytes, vector: bytes, clear: bytes) -> bytes:
    filler, machine = padding.PKCS7(128).padder(), Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
    return machine.update(filler.update(clear) + filler.finalize()) + machine.finalize()


def armour(label: str, data: bytes) -> str:
    """PEM (RFC 7468)."""
    text = base64.b64encode(data).decode()
    return f"-----BEGIN {label}-----\n" + "".join(f"{text[at : at + 64]}\n" for at in range(0, len(text), 64)) + f"-----END {label}-----\n"


# Facts about keys


def kind_words(key: Key) -> str:
    """`rsaEncryption`, `id-ecPublicKey`, `ED25519`."""
    return "rsaEncryption" if isinstance(key, rsa.RSAPrivateKey) else "id-ecPublicKey" if isinstance(key, ec.EllipticCurvePrivateKey) else "ED25519"


def signature_hash(key: Key, name: str) -> Digest | None:
    """The digest for a signature; Ed25519 has its own. MD5 and SHA-1 are not taken."""
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else _DIGESTS.get(name, hashes.SHA256)()
