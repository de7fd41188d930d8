"""openssl dgst, base64, enc -base64, rand: digests and encodings."""

from __future__ import annotations

import base64
import binascii
import hashlib

from simulator.netprog.openssl_options import DIGESTS, fail, read_options, write_text
from simulator.unix.program import Exit, Process

_NAMES = {"md5": "MD5", "sha1": "SHA1", "sha224": "SHA2-224", "sha256": "SHA2-256", "sha384": "SHA2-384", "sha512": "SHA2-512"}
_LINE = 48


def _bytes(p: Process, path: str) -> bytes:
    if not path:
        return p.stdin.encode("utf-8", "surrogateescape")
    try:
        return p.read(path)
    except OSError as error:
        number = error.errno or 2
        raise fail(
            p, f"Can't open \"{path}\" for reading, {error.strerror}",
            f"error:{0x80000000 + number:08X}:system library:BIO_new_file:{error.strerror}:../crypto/bio/bss_file.c:67:calling fopen({path}, rb)",
            "error:10000080:BIO routines:BIO_new_file:no such file:../crypto/bio/bss_file.c:75:",
        ) from None  # fmt: skip


def dgst(p: Process) -> int:
    command = p.argv[1]
    options = read_options(p, "hex r c binary list", "out", also="message digest")
    digest = command if command in DIGESTS else options.among(DIGESTS) or "sha256"
    title = _NAMES[digest] if command != "dgst" or options.among(DIGESTS) else "SHA256"
    for path in options.operands or [""]:
        try:
            found = hashlib.new(digest, _bytes(p, path), usedforsecurity=False)
        except Exit:
            return 1
        shown = path or "stdin"
        if "binary" in options:
            text = found.digest().decode("utf-8", "surrogateescape")
        elif "r" in options:
            text = f"{found.hexdigest()} *{shown}\n"
        else:
            text = f"{title}({shown})= {found.digest().hex(':') if 'c' in options else found.hexdigest()}\n"
        write_text(p, options.value("out"), text)
    return 0


def base64_command(p: Process) -> int:
    """`openssl base64`, `openssl enc -base64`."""
    options = read_options(p, "base64 a A d e none", "in out bufsize")
    if p.argv[1] == "enc" and "base64" not in options and "a" not in options:
        raise fail(p, "simulator: openssl enc: only -base64 is simulated")
    data = _bytes(p, options.value("in"))
    if "d" in options:
        try:
            text = base64.b64decode(b"".join(data.split())).decode("utf-8", "surrogateescape")
        except binascii.Error:
            text = ""
    elif "A" in options:
        text = base64.b64encode(data).decode()
    else:
        text = "".join(base64.b64encode(data[at : at + _LINE]).decode() + "\n" for at in range(0, len(data), _LINE))
    path = options.value("out")
    if path:
        p.write(path, text.encode("utf-8", "surrogateescape"))
    else:
        p.out(text)
    return 0


def rand(p: Process) -> int:
    options = read_options(p, "hex base64", "out rand writerand")
    if len(options.operands) != 1 or not options.operands[0].isdigit():
        raise fail(p, "Extra arguments given.\nrand: Use -help for summary.")
    data = p.host.lab.random.randbytes(int(options.operands[0]))
    if "hex" in options:
        text = data.hex() + "\n"
    elif "base64" in options:
        text = "".join(base64.b64encode(data[at : at + _LINE]).decode() + "\n" for at in range(0, len(data), _LINE))
    else:
        text = data.decode("utf-8", "surrogateescape")
    write_text(p, options.value("out"), text)
    return 0
