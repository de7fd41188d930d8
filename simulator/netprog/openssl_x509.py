"""openssl x509: shows certificates, and signs requests. openssl verify: checks chains."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from simulator.net import certificates
from simulator.netprog import openssl_names, openssl_text
from simulator.netprog.openssl_issue import Plan, certificate, first_certificate, new_serial
from simulator.netprog.openssl_options import DIGESTS, Options, fail, pem_blocks, queue, read_options, read_text, usage, write_text
from simulator.netprog.openssl_pkey import read_key
from simulator.unix.program import Exit, Process

_UNSUPPORTED = "error:1608010C:STORE routines:ossl_store_handle_load_result:unsupported:../crypto/store/store_result.c:149:"
#: Where openssl looks for trust anchors: OPENSSLDIR/certs is a link to it.
TRUST = "/etc/ssl/certs"
_SHOWN = "subject issuer serial hash subject_hash issuer_hash dates startdate enddate fingerprint modulus pubkey email ext text purpose".split()
_DEFAULT_DAYS = 30


def x509_command(p: Process) -> int:
    options = read_options(
        p, "noout text subject issuer serial hash subject_hash issuer_hash dates startdate enddate fingerprint modulus "
        "pubkey email purpose new req CAcreateserial trustout clrext",
        "in out inform outform ext nameopt certopt signkey key CA CAkey CAserial set_serial extfile extensions copy_extensions subj "
        "passin force_pubkey",
        numbers="days checkend", also="message digest",
    )  # fmt: skip
    if options.operands:
        raise usage(p, f'Extra (unknown) options: "{" ".join(options.operands)}"')
    found = _issued(p, options) if "req" in options else _read(p, options)
    for name in options:
        _show(p, options, name, found)
    status = 0
    if "checkend" in options:
        ends = found.not_valid_after_utc.timestamp() <= p.clock.now + int(options.value("checkend"))
        p.out("Certificate will expire\n" if ends else "Certificate will not expire\n")
        status = int(ends)
    if "noout" not in options and "checkend" not in options:
        if options.value("outform").upper() == "DER":
            write_text(p, options.value("out"), found.public_bytes(serialization.Encoding.DER).decode("latin-1"))
        else:
            write_text(p, options.value("out"), found.public_bytes(serialization.Encoding.PEM).decode())
    return status


def _read(p: Process, options: Options) -> x509.Certificate:
    path = options.value("in")
    try:
        text = read_text(p, path, "certificate")
    except Exit:
        p.err("Unable to load certificate\n")
        raise
    found = first_certificate(text)
    if found is None and not pem_blocks(text):
        try:
            found = x509.load_der_x509_certificate(text.encode("latin-1"))
        except ValueError:
            found = None
    if found is None:
        p.err(f"Could not read certificate from {path or '<stdin>'}\n")
        if text.strip():
            queue(p, _UNSUPPORTED)
        p.err("Unable to load certificate\n")
        raise Exit(1)
    return found


def _show(p: Process, options: Options, name: str, one: x509.Certificate) -> None:
    style = options.value("nameopt")
    if name in ("subject", "issuer"):
        p.out(f"{name}={openssl_text.name(getattr(one, name), style)}\n")
    elif name == "serial":
        digits = f"{one.serial_number:X}"
        p.out(f"serial={digits.zfill(len(digits) + len(digits) % 2)}\n")
    elif name in ("hash", "subject_hash", "issuer_hash"):
        p.out(certificates.name_hash(one.issuer if name == "issuer_hash" else one.subject) + "\n")
    elif name in ("dates", "startdate", "enddate"):
        p.out(f"notBefore={openssl_text.moment(one.not_valid_before_utc)}\n" if name != "enddate" else "")
        p.out(f"notAfter={openssl_text.moment(one.not_valid_after_utc)}\n" if name != "startdate" else "")
    elif name == "fingerprint":
        digest = options.among(DIGESTS)
        data = hashlib.new(digest or "sha1", one.public_bytes(serialization.Encoding.DER), usedforsecurity=False).digest()
        p.out(f"{digest or 'SHA1'} Fingerprint={openssl_text.colons(data)}\n")
    elif name == "modulus":
        p.out(openssl_text.modulus(one.public_key()) + "\n")
    elif name == "pubkey":
        p.out(one.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode())
    elif name == "text":
        p.out(openssl_text.certificate(one))
    elif name == "ext":
        p.out(openssl_text.chosen_extensions(one, options.value("ext").split(",")) or "No extensions in certificate\n")


# Signing a request


def _issued(p: Process, options: Options) -> x509.Certificate:
    text = read_text(p, options.value("in"), "certificate request")
    block = next((block for label, block in pem_blocks(text) if label.endswith("CERTIFICATE REQUEST")), "")
    try:
        request = x509.load_pem_x509_csr(block.encode())
    except ValueError:
        raise fail(p, f"Could not read certificate request from {options.value('in') or '<stdin>'}") from None
    p.err(
        "Certificate request self-signature ok\n" if request.is_signature_valid else "Certificate request self-signature did not match the contents\n"
    )
    p.err(f"subject={openssl_text.name(request.subject, options.value('nameopt'))}\n")
    own = options.value("signkey") or options.value("key")
    if not own and "CA" not in options:
        raise fail(p, "We need a private key to sign with, use -key or -CAkey or -CA with private key")
    subject = openssl_names.subject(options.value("subj")) if "subj" in options else request.subject
    if own:
        signer, issuer, issuer_certificate = read_key(p, own, options.value("passin")), subject, None
    else:
        issuer_certificate = first_certificate(read_text(p, options.value("CA"), "CA certificate"))
        if issuer_certificate is None:
            raise fail(p, f"Could not read CA certificate from {options.value('CA')}")
        signer, issuer = (
            read_key(p, options.value("CAkey") or options.value("CA"), options.value("passin"), "CA private key"),
            issuer_certificate.subject,
        )
        if signer.public_key() != issuer_certificate.public_key():
            raise fail(
                p,
                "CA certificate and CA private key do not match",
                "error:05800074:x509 certificate routines:X509_check_private_key:key values mismatch:../crypto/x509/x509_cmp.c:405:",
            )
    extensions = _extensions(p, options, request, issuer_certificate)
    plan = Plan(
        subject, issuer, request.public_key(), _serial(p, options), p.clock.now, int(options.value("days", str(_DEFAULT_DAYS))),  # type: ignore[arg-type]
        tuple(extensions), options.among(DIGESTS),
    )  # fmt: skip
    return certificates.parse(certificate(plan, signer))


def _serial(p: Process, options: Options) -> int:
    """-set_serial; or the number in a file beside the CA's certificate, which goes up by one each time."""
    if "set_serial" in options:
        return int(options.value("set_serial"), 0)
    path = options.value("CAserial") or (options.value("CA").rsplit(".", 1)[0] + ".srl" if "CA" in options and "CAcreateserial" in options else "")
    number = new_serial(p.host.lab.random)
    if path:
        try:
            number = int(p.read(path).decode().strip(), 16) + 1
        except (OSError, ValueError):
            if "CAcreateserial" not in options:
                raise fail(p, f"Unable to load number from {path}") from None
        write_text(p, path, f"{number:X}\n")
    return number


def _extensions(
    p: Process, options: Options, request: x509.CertificateSigningRequest, issuer: x509.Certificate | None
) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if options.value("copy_extensions") in ("copy", "copyall"):
        found += [(one.value, one.critical) for one in request.extensions]
    if "extfile" in options:
        config = openssl_names.sections(read_text(p, options.value("extfile"), "extensions"))
        section = options.value("extensions") or config[""].get("extensions", "")
        for key, value in config.get(section, {}).items():
            if key == "subjectKeyIdentifier":
                found.append((x509.SubjectKeyIdentifier.from_public_key(request.public_key()), False))
            elif key == "authorityKeyIdentifier":
                key_of = issuer.public_key() if issuer is not None else request.public_key()
                found.append((x509.AuthorityKeyIdentifier(x509.SubjectKeyIdentifier.from_public_key(key_of).digest, None, None), False))
            elif (one := openssl_names.extension(key, value, config)) is not None:
                found.append(one)
    return found


# Verifying


def anchors(p: Process, options: Options, chain: tuple[str, ...]) -> list[x509.Certificate]:
    """-CAfile, and -CApath or the system's directory."""
    files = [options.value(name) for name in ("CAfile", "trusted") if name in options]
    found = [one for path in files for one in certificates.load_bundle(read_text(p, path, "trusted certificates"))]
    directory = options.value("CApath") or ("" if "no-CApath" in options or "trusted" in options else TRUST)

    def read(path: str) -> str | None:
        try:
            return p.read(path).decode("latin-1")
        except OSError:
            return None

    return found + (certificates.directory_anchors(read, directory, chain) if directory else [])


def verify(p: Process) -> int:
    options = read_options(
        p,
        "verbose show_chain x509_strict partial_chain no-CAfile no-CApath crl_check",
        "CAfile CApath untrusted trusted verify_hostname purpose nameopt verify_depth",
    )
    status = 0
    for path in options.operands or [""]:
        status |= _verify_one(p, options, path)
    return status


def _verify_one(p: Process, options: Options, path: str) -> int:
    shown = path or "stdin"
    own = first_certificate(read_text(p, path, "certificate file"))
    if own is None:
        p.err(f"Could not read certificate file from {path or '<stdin>'}\n")
        queue(p, _UNSUPPORTED)
        p.err("Unable to load certificate file\n")
        return 2
    sent = [block for name in options.values("untrusted") for _, block in pem_blocks(read_text(p, name, "untrusted certificates"))]
    chain = (own.public_bytes(serialization.Encoding.PEM).decode(), *sent)
    trusted = anchors(p, options, chain)
    names = (options.value("verify_hostname"),) if "verify_hostname" in options else ()
    problems, built = certificates.examine(chain, trusted, p.clock.now, names)
    if not problems:
        p.out(f"{shown}: OK\n")
        return 0
    for depth, number in problems[:1]:
        p.err(
            f"{openssl_text.name(built[depth].subject, options.value('nameopt'))}\n"
            f"error {number} at {depth} depth lookup: {certificates.ERRORS[number]}\n"
        )
    p.err(f"error {shown}: verification failed\n")
    return 2
