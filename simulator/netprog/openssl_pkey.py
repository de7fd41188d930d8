"""openssl genrsa, genpkey, ecparam, rsa, ec, pkey: making private keys and looking at them."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simulator.netprog import openssl_text
from simulator.netprog.openssl_keys import (
    CURVES,
    BadKey,
    Key,
    Lock,
    load,
    locked_pem,
    locked_traditional_pem,
    make_ec,
    make_ed25519,
    make_rsa,
    pem,
    public_pem,
)
from simulator.netprog.openssl_options import CIPHERS, Options, fail, queue, read_options, read_text, secret, usage, write_text
from simulator.unix.program import Exit, Process

_UNSUPPORTED = "error:1608010C:STORE routines:ossl_store_handle_load_result:unsupported:../crypto/store/store_result.c:149:"
_LOCKED = (
    _UNSUPPORTED,
    "error:1C800064:Provider routines:ossl_cipher_unpadblock:bad decrypt:../providers/implementations/ciphers/ciphercommon_block.c:124:",
    "error:11800074:PKCS12 routines:PKCS12_pbe_crypt_ex:pkcs12 cipherfinal error:../crypto/pkcs12/p12_decr.c:88:maybe wrong password",
)
_CURVE_PARAMETERS = {
    "secp256r1": "BggqhkjOPQMBBw==", "secp384r1": "BgUrgQQAIg==", "secp521r1": "BgUrgQQAIw==",
}  # fmt: skip
#: What looking for two primes prints.
PROGRESS = "....+...+..+.......+" + "+" * 65 + "*..+...+.+" + "+" * 65 + "*....+......+." + "+" * 65 + "\n"
#: Below this the certificate library takes no RSA keys.
_SMALLEST = 1024
#: What 2048 bits take, in seconds; the rest grows with the fourth power.
_SECONDS = 0.1


def new_rsa(p: Process, bits: int) -> rsa.RSAPrivateKey:
    """Raises Exit for a size that is not simulated."""
    if not _SMALLEST <= bits <= 8192:
        p.err(f"simulator: openssl: RSA keys of {bits} bits are not simulated\n")
        raise Exit(1)
    p.sleep(_SECONDS * (bits / 2048) ** 4)
    return make_rsa(bits, p.host.lab.random)


def new_key(p: Process, kind: str, options: list[str]) -> Key:
    """`rsa:2048`, `ec`, `ed25519` with `rsa_keygen_bits:N`, `ec_paramgen_curve:NAME`. Raises Exit."""
    settings = dict(one.partition(":")[::2] for one in options)
    name, _, size = kind.lower().partition(":")
    if name in ("rsa", "rsa-pss"):
        bits = size or settings.get("rsa_keygen_bits", "2048")
        return new_rsa(p, int(bits) if bits.isdigit() else 0)
    if name == "ec":
        return new_ec(p, settings.get("ec_paramgen_curve", ""))
    if name == "ed25519":
        return make_ed25519(p.host.lab.random)
    raise fail(p, f"Error generating key: {kind} is not simulated" if name else "Error generating key")


def new_ec(p: Process, curve: str) -> ec.EllipticCurvePrivateKey:
    """Raises Exit for an unknown curve."""
    if curve not in CURVES:
        raise fail(p, f"unknown curve name ({curve})" if curve else "Error generating key: no parameters set")
    return make_ec(curve, p.host.lab.random)


def read_key(p: Process, path: str, password: str, what: str = "private key") -> Key:
    """Raises Exit."""
    text = read_text(p, path, what)
    try:
        return load(text, secret(p, password) if password else "")
    except BadKey as trouble:
        p.err(f"Could not read {what} from {path or '<stdin>'}\n")
        queue(p, *(_LOCKED if trouble.locked else (_UNSUPPORTED,)))
        raise Exit(1) from None


def lock(p: Process, cipher: str, source: str) -> Lock:
    """How a key is encrypted. Raises Exit without a password: there is nobody to ask."""
    names = {"aes-128-cbc": "aes128", "aes-192-cbc": "aes192", "aes-256-cbc": "aes256"}
    if not source:
        raise fail(
            p,
            "simulator: openssl: give the password with -passout",
            "error:1400006B:UI routines:UI_process:processing error:../crypto/ui/ui_lib.c:549:while reading strings",
        )
    return Lock(names.get(cipher, cipher if cipher.startswith("aes") else "aes256"), secret(p, source), p.host.lab.random)


# Commands


def genrsa(p: Process) -> int:
    options = read_options(p, "3 f4 F4 traditional verbose quiet", "out passout writerand rand primes", also="cipher")
    key = new_rsa(p, int(options.operands[0]) if options.operands and options.operands[0].isdigit() else 2048)
    _write(p, options, key, "traditional" in options)
    return 0


def genpkey(p: Process) -> int:
    options = read_options(p, "text quiet", "algorithm pkeyopt out outform pass", also="cipher")
    kind = options.value("algorithm")
    if not kind:
        raise usage(p, "No algorithm given")
    key = new_key(p, {"x25519": "ed25519"}.get(kind.lower(), kind), options.values("pkeyopt"))
    if isinstance(key, rsa.RSAPrivateKey) and "quiet" not in options:
        p.err(PROGRESS)
    _write(p, options, key, False, options.value("pass"))
    return 0


def ecparam(p: Process) -> int:
    options = read_options(p, "genkey noout list_curves text check conv_form", "name out in inform outform param_enc")
    if "list_curves" in options:
        p.out("  secp384r1 : NIST/SECG curve over a 384 bit prime field\n  secp521r1 : NIST/SECG curve over a 521 bit prime field\n")
        p.out("  prime256v1: X9.62/SECG curve over a 256 bit prime field\n")
        return 0
    if options.value("name") not in CURVES:
        raise fail(p, f"unknown curve name ({options.value('name')})")
    curve = CURVES[options.value("name")]().name
    parameters = f"-----BEGIN EC PARAMETERS-----\n{_CURVE_PARAMETERS[curve]}\n-----END EC PARAMETERS-----\n"
    text = "" if "noout" in options else parameters
    if "genkey" in options:
        text += pem(new_ec(p, options.value("name")), traditional=True)
    write_text(p, options.value("out"), text, secret="genkey" in options)
    return 0


def look(p: Process) -> int:
    """rsa, ec, pkey."""
    command = p.argv[1]
    options = read_options(p, "noout text modulus check pubin pubout traditional", "in out passin passout inform outform", also="cipher")
    if "pubin" in options:
        p.err(f"simulator: openssl {command}: option -pubin is not simulated\n")
        return 1
    key = read_key(p, options.value("in"), options.value("passin"))
    wanted = {"rsa": rsa.RSAPrivateKey, "ec": ec.EllipticCurvePrivateKey}.get(command)
    if wanted is not None and not isinstance(key, wanted):
        raise fail(p, f"Not an {command.upper()} key" if command == "rsa" else "Could not read private key")
    if command == "ec":
        p.err("read EC key\n")
    if "text" in options and isinstance(key, ec.EllipticCurvePrivateKey):
        p.out(openssl_text.private_key(key))
    if "modulus" in options:
        p.out(openssl_text.modulus(key.public_key()) + "\n")
    if "check" in options:
        p.out("RSA key ok\n" if command == "rsa" else "EC Key valid.\n" if command == "ec" else "Key is valid\n")
    if "noout" in options:
        return 0
    if command != "pkey":
        p.err(f"writing {command.upper()} key\n")
    if "pubout" in options:
        write_text(p, options.value("out"), public_pem(key))
    else:
        _write(p, options, key, command == "ec" or "traditional" in options)
    return 0


def _write(p: Process, options: Options, key: Key, traditional: bool, source: str = "") -> None:
    cipher = options.among(CIPHERS)
    if not cipher:
        text = pem(key, traditional)
    else:
        how = lock(p, cipher, source or options.value("passout"))
        text = locked_traditional_pem(key, how) if traditional else locked_pem(key, how)
    write_text(p, options.value("out"), text, secret=True)
