"""openssl req: certificate requests, and certificates that sign themselves."""

from __future__ import annotations

from cryptography import x509

from simulator.netprog import openssl_names, openssl_text
from simulator.netprog.openssl_issue import Plan, authority, certificate, new_serial, request
from simulator.netprog.openssl_keys import Key, locked_pem, pem
from simulator.netprog.openssl_options import DIGESTS, Options, fail, pem_blocks, read_options, read_text, usage, write_text
from simulator.netprog.openssl_pkey import PROGRESS, lock, new_key, read_key
from simulator.unix.program import Exit, Process

_INTRODUCTION = """You are about to be asked to enter information that will be incorporated
into your certificate request.
What you are about to enter is what is called a Distinguished Name or a DN.
There are quite a few fields but you can leave some blank
For some fields there will be a default value,
If you enter '.', the field will be left blank.
-----
"""
_EXTRA = """
Please enter the following 'extra' attributes
to be sent with your certificate request
A challenge password []:An optional company name []:"""
_DEFAULT_DAYS = 30
Extensions = list[tuple[x509.ExtensionType, bool]]


def req(p: Process) -> int:
    options = read_options(
        p, "new x509 nodes noenc batch noout text subject verify pubkey modulus utf8 newhdr verbose multivalue-rdn",
        "in out key keyout newkey pkeyopt subj addext config passin passout inform outform extensions reqexts set_serial nameopt reqopt section "
        "keyform",
        numbers="days", also="message digest",
    )  # fmt: skip
    if options.operands:
        raise usage(p, "Extra arguments given.")
    if "new" not in options and "newkey" not in options and "x509" not in options:
        return _look(p, options)
    key = _key(p, options)
    subject = _subject(p, options)
    extensions = _extensions(p, options)
    digest = options.among(DIGESTS)
    if "x509" in options:
        public = key.public_key()
        given = [type(value) for value, _ in extensions]
        all_extensions = tuple(one for one in authority(public) if type(one[0]) not in given) + tuple(extensions)
        serial = int(options.value("set_serial"), 0) if "set_serial" in options else new_serial(p.host.lab.random)
        plan = Plan(subject, subject, public, serial, p.clock.now, int(options.value("days", str(_DEFAULT_DAYS))), all_extensions, digest)
        text = certificate(plan, key)
        shown = openssl_text.certificate(x509.load_pem_x509_certificate(text.encode())) if "text" in options else ""
    else:
        text = request(subject, key, extensions, digest)
        shown = openssl_text.request(x509.load_pem_x509_csr(text.encode())) if "text" in options else ""
    if "noout" not in options:
        write_text(p, options.value("out"), shown + text)
    return 0


def _key(p: Process, options: Options) -> Key:
    """-key, or a new one for -keyout."""
    if "key" in options:
        return read_key(p, options.value("key"), options.value("passin"))
    key = new_key(p, options.value("newkey", "rsa:2048"), options.values("pkeyopt"))
    if "rsa" in options.value("newkey", "rsa"):
        p.err(PROGRESS)
    if "nodes" in options or "noenc" in options:
        text = pem(key)
    else:
        text = locked_pem(key, lock(p, "aes256", options.value("passout")))
    path = options.value("keyout", "privkey.pem")
    write_text(p, path, text, secret=True)
    p.err("-----\n")
    return key


def _subject(p: Process, options: Options) -> x509.Name:
    try:
        if "subj" in options:
            return openssl_names.subject(options.value("subj"))
        return openssl_names.make(_defaults() if "batch" in options else _ask(p, "x509" not in options))
    except ValueError as error:
        raise fail(p, f"req: {error}" if "expected" in str(error) else "Error making certificate request") from None


def _defaults() -> list[tuple[str, str]]:
    return [(kind, default) for _, default, kind in openssl_names.QUESTIONS]


def _ask(p: Process, for_request: bool) -> list[tuple[str, str]]:
    """The questions, answered by standard input. Raises Exit when it ends too early."""
    p.err(_INTRODUCTION)
    lines = p.stdin.splitlines()
    pairs = []
    for question, default, kind in openssl_names.QUESTIONS:
        p.err(f"{question} [{default}]:")
        if not lines:
            p.err("Error making certificate request\n")
            raise Exit(1)
        answer = lines.pop(0)
        if answer != ".":
            pairs.append((kind, answer or default))
    if for_request:
        p.err(_EXTRA)
        if len(lines) < 2:
            p.err("Error making certificate request\n")
            raise Exit(1)
    if not any(value for _, value in pairs):
        raise fail(p, "Error: No objects specified in config file\nError making certificate request")
    return pairs


def _extensions(p: Process, options: Options) -> Extensions:
    config = openssl_names.sections(read_text(p, options.value("config"), "configuration")) if "config" in options else {}
    section = options.value("extensions") or options.value("reqexts")
    pairs = list(config.get(section, {}).items()) if section else []
    pairs += [(key.strip(), value.strip()) for key, _, value in (one.partition("=") for one in options.values("addext"))]
    found = [openssl_names.extension(key, value, config) for key, value in pairs]
    return [one for one in found if one is not None]


def _look(p: Process, options: Options) -> int:
    text = read_text(p, options.value("in"), "certificate request")
    block = next((block for label, block in pem_blocks(text) if label.endswith("CERTIFICATE REQUEST")), "")
    try:
        found = x509.load_pem_x509_csr(block.encode())
    except ValueError:
        p.err("Unable to load X509 request\n")
        return 1
    if "verify" in options:
        p.err("Certificate request self-signature verify OK\n" if found.is_signature_valid else "Certificate request self-signature verify failure\n")
    out = openssl_text.request(found) if "text" in options else ""
    out += f"subject={openssl_text.name(found.subject, options.value('nameopt'))}\n" if "subject" in options else ""
    out += openssl_text.modulus(found.public_key()) + "\n" if "modulus" in options else ""
    write_text(p, options.value("out"), out + ("" if "noout" in options else block))
    return 0
