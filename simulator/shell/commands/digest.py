"""NAME
    md5sum, sha1sum, sha224sum, sha256sum, sha384sum, sha512sum, b2sum, cksum, sum, base64, base32 - digests and codes

SYNOPSIS
    sha256sum [-bct] [--quiet] [--status] [--tag] [FILE...]     base64 [-di] [-w COLS] [FILE]

DESCRIPTION
    Print the digest of each file, or with -c check the digests that a file lists. base64 encodes, -d decodes.
"""

from __future__ import annotations

import base64 as codec
import binascii
import hashlib
import posixpath
import re

from simulator.shell import files
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.program import Process, program

_LONG = {"binary": "b", "check": "c", "tag": "tag", "text": "t", "zero": "z", "ignore-missing": "missing", "quiet": "quiet", "status": "status",
         "strict": "strict", "warn": "w"}  # fmt: skip


def _algorithm(name: str) -> str:
    return {"b2sum": "blake2b"}.get(name, name.removesuffix("sum"))


@program("/usr/bin/md5sum", "/usr/bin/md5sum.textutils")
def md5sum(p: Process) -> int:
    """md5sum(1)."""
    return digest(p)


def digest(p: Process) -> int:
    """The family of digest programs; the name says which."""
    p.argv[0] = p.argv[0].removesuffix(".textutils")
    options = getopt(p, "bctwz", _LONG)
    if "c" in options:
        return max([_check(p, name, options) for name in options.operands or ["-"]])
    status = 0
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {data.strerror}\n")
            status = 1
            continue
        value = hashlib.new(_algorithm(p.name), data).hexdigest()
        if "tag" in options:
            p.out(f"{_algorithm(p.name).upper()} ({name}) = {value}\n")
        else:
            p.out(f"{value} {'*' if 'b' in options else ' '}{name}\n")
    return status


for _name in ("sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "b2sum"):
    program(f"/usr/bin/{_name}")(digest)


def _check(p: Process, listing: str, options: Options) -> int:
    try:
        text = files.text(files.read_operand(p, listing))
    except OSError as error:
        p.err(f"{p.argv[0]}: {listing}: {error.strerror}\n")
        return 1
    found = [match for match in (re.match(r"\\?([0-9a-fA-F]+) [ *](.*)", line) for line in text.splitlines()) if match]
    if not found:
        p.err(f"{p.argv[0]}: {'standard input' if listing == '-' else listing}: no properly formatted checksum lines found\n")
        return 1
    wrong = unread = 0
    for match in found:
        try:
            good = hashlib.new(_algorithm(p.name), files.read_operand(p, match[2])).hexdigest() == match[1].lower()
        except OSError as error:
            p.err(f"{p.argv[0]}: {match[2]}: {error.strerror}\n")
            p.out("" if "status" in options else f"{match[2]}: FAILED open or read\n")
            unread += 1
            continue
        wrong += not good
        if "status" not in options and not (good and "quiet" in options):
            p.out(f"{match[2]}: {'OK' if good else 'FAILED'}\n")
    _warn(p, unread, "listed file could not be read", "listed files could not be read", options)
    _warn(p, wrong, "computed checksum did NOT match", "computed checksums did NOT match", options)
    return 1 if wrong or unread else 0


def _warn(p: Process, count: int, one: str, many: str, options: Options) -> None:
    if count and "status" not in options:
        p.err(f"{p.argv[0]}: WARNING: {count} {one if count == 1 else many}\n")


@program("/usr/bin/cksum", "/usr/bin/sum")
def cksum(p: Process) -> int:
    """cksum(1): POSIX's CRC."""
    options = getopt(p, "", {})
    status = 0
    for name, data in files.operands(p, options.operands):
        if isinstance(data, OSError):
            p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {data.strerror}\n")
            status = 1
        else:
            p.out(f"{_crc(data)} {len(data)}{f' {name}' if options.operands else ''}\n")
    return status


def _crc(data: bytes) -> int:
    length, tail = len(data), bytearray()
    while length:
        tail.append(length & 0xFF)
        length >>= 8
    value = 0
    for byte in data + bytes(tail):
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1
        value &= 0xFFFFFFFF
    return ~value & 0xFFFFFFFF


@program("/usr/bin/base64", "/usr/bin/base32")
def base64(p: Process) -> int:
    """base64(1), base32(1)."""
    options = getopt(p, "diw:", {"decode": "d", "ignore-garbage": "i", "wrap=": "w"})
    if len(options.operands) > 1:
        raise usage(p, f"extra operand {quote(p, options.operands[1])}")
    name = options.operands[0] if options.operands else "-"
    try:
        data = files.read_operand(p, name)
    except OSError as error:
        p.err(f"{p.argv[0]}: {files.quoted_if_needed(name)}: {error.strerror}\n")
        return 1
    wide = posixpath.basename(p.argv[0]) == "base64"
    if "d" in options:
        return _decode(p, data, wide, "i" in options)
    width = options.value("w", "76")
    if not width.isdigit():
        p.err(f"{p.argv[0]}: invalid wrap size: {quote(p, width)}\n")
        return 1
    text = (codec.b64encode if wide else codec.b32encode)(data).decode()
    size = int(width)
    p.out(text if not size else "".join(f"{text[at : at + size]}\n" for at in range(0, len(text), size)))
    return 0


def _decode(p: Process, data: bytes, wide: bool, ignore: bool) -> int:
    alphabet = rb"[^A-Za-z0-9+/=]" if wide else rb"[^A-Z2-7=]"
    body = data.replace(b"\n", b"")
    if ignore:
        body = re.sub(alphabet, b"", body)
    good = re.match(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?" if wide else rb"(?:[A-Z2-7]{8})*(?:[A-Z2-7]+=*)?", body)
    assert good is not None
    try:
        p.out(files.text((codec.b64decode if wide else codec.b32decode)(good[0])))
    except binascii.Error:
        p.err(f"{p.argv[0]}: invalid input\n")
        return 1
    if good.end() < len(body):
        rest = body[good.end() :]
        if wide and re.fullmatch(rb"[A-Za-z0-9+/]{2,3}", rest):
            p.out(files.text(codec.b64decode(rest + b"=" * (4 - len(rest)))))
        p.err(f"{p.argv[0]}: invalid input\n")
        return 1
    return 0
