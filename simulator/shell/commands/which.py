"""NAME
    which, whereis, file - where a program is, and what a file is

SYNOPSIS
    which [-a] NAME...     whereis NAME...     file [-bL] FILE...

DESCRIPTION
    which prints the path of the program that a shell would run. file tells the kind of a file from its first bytes.

DIFFERS FROM DEBIAN
    file knows mail, scripts, text, Berkeley DB files, keys and certificates, and little else.
"""

from __future__ import annotations

import posixpath
import re

from simulator.shell.getopt import getopt
from simulator.unix.fs import EXECUTE, Stat
from simulator.unix.program import PROGRAMS, Process, program


@program("/usr/bin/which.debianutils", "/usr/bin/which")
def which(p: Process) -> int:
    """which(1)."""
    options = getopt(p, "as", status=2)
    status = 0
    for name in options.operands:
        candidates = [name] if "/" in name else [posixpath.join(directory or ".", name) for directory in p.env.get("PATH", "").split(":")]
        found = [path for path in candidates if _executable(p, path)]
        if not found:
            status = 1
        elif "s" not in options:
            p.out("".join(f"{path}\n" for path in (found if "a" in options else found[:1])))
    return status if options.operands else 1


def _executable(p: Process, name: str) -> bool:
    path = posixpath.join(p.cwd, name)
    return p.fs.exists(path, p.cred) and p.fs.stat(path, p.cred).is_file and p.fs.access(path, EXECUTE, p.cred)


@program("/usr/bin/whereis")
def whereis(p: Process) -> int:
    """whereis(1)."""
    options = getopt(p, "bmsu")
    for name in options.operands:
        places = [f"/usr/bin/{name}", f"/usr/sbin/{name}", f"/usr/lib/{name}", f"/etc/{name}", f"/usr/local/bin/{name}"]
        found = [place for place in places if p.fs.exists(place)]
        manuals = [
            f"/usr/share/man/man{entry.section}/{name}.{entry.section}.gz" for entry in PROGRAMS.values() if entry.name == name and entry.manual
        ]
        p.out(f"{name}:{''.join(f' {place}' for place in [*found, *manuals[:1]])}\n")
    return 0


_KINDS = {"d": "directory", "p": "fifo (named pipe)", "s": "socket", "c": "character special", "b": "block special"}
#: What the first bytes say.
_MAGIC = (
    (rb"\x7fELF", "ELF 64-bit LSB pie executable, x86-64, version 1 (SYSV), dynamically linked, "
     "interpreter /lib64/ld-linux-x86-64.so.2, for GNU/Linux 3.2.0, stripped"),
    (rb".{12}\x61\x15\x06\x00", "Berkeley DB (Hash, version 9, native byte-order)"), (rb"\x1f\x8b", "gzip compressed data"),
    (rb"-----BEGIN CERTIFICATE", "PEM certificate"), (rb"-----BEGIN (?:RSA |EC )?PRIVATE KEY", "OpenSSH private key (no password)"),
    (rb"-----BEGIN CERTIFICATE REQUEST", "PEM certificate request"), (rb"%PDF", "PDF document"), (rb"\x89PNG", "PNG image data"),
)  # fmt: skip


def _text_kind(data: bytes) -> str:
    try:
        data.decode("ascii")
        encoding = "ASCII text"
    except UnicodeDecodeError:
        try:
            data.decode("utf-8")
            encoding = "Unicode text, UTF-8 text"
        except UnicodeDecodeError:
            encoding = "ISO-8859 text"
    if b"\0" in data:
        return "data"
    longest = max(map(len, data.split(b"\n")))
    encoding += f", with very long lines ({longest})" if longest > 300 else ""
    if b"\r\n" in data:
        encoding += ", with CRLF line terminators" if data.count(b"\n") == data.count(b"\r\n") else ", with CRLF, LF line terminators"
    elif b"\n" not in data:
        encoding += ", with no line terminators"
    return encoding


def _kind(data: bytes) -> str:
    for pattern, words in _MAGIC:
        if re.match(pattern, data, re.S):
            return words
    script = re.match(rb"#!\s*(\S+)(?:\s+(\S+))?", data)
    if script:
        interpreter = posixpath.basename((script[2] if script[1].endswith(b"env") and script[2] else script[1]).decode("utf-8", "replace"))
        named = {"sh": "POSIX shell", "bash": "Bourne-Again shell", "dash": "POSIX shell", "perl": "Perl"}.get(interpreter)
        text = _text_kind(data).replace(" text", " text executable", 1)
        return f"{named} script, {text}" if named else f"a {script[1].decode('utf-8', 'replace')} script, {text}"
    if re.match(rb"(?:From |Return-Path:|Received:|Delivered-To:)", data):
        return f"{'mbox' if data.startswith(b'From ') else 'SMTP mail'}, {_text_kind(data)}"
    return _text_kind(data)


@program("/usr/bin/file", package="file")
def file(p: Process) -> int:
    """file(1)."""
    options = getopt(p, "bhiL", {"brief": "b", "dereference": "L", "mime": "i", "no-dereference": "h"})
    width = max((len(name) for name in options.operands), default=0) + 1
    for name in options.operands:
        try:
            words = _describe(p, name, "L" in options)
        except FileNotFoundError:
            words = f"cannot open `{name}' (No such file or directory)"
        except OSError:
            words = "regular file, no read permission"
        p.out(f"{words}\n" if "b" in options else f"{name + ':':<{width}} {words}\n")
    return 0


def _describe(p: Process, name: str, follow: bool) -> str:
    path = posixpath.join(p.cwd, name)
    entry: Stat = p.fs.stat(path, p.cred, follow)
    if entry.is_link:
        broken = "" if p.fs.exists(path, p.cred) else "broken "
        return f"{broken}symbolic link to {entry.target}"
    if entry.kind in _KINDS:
        prefix = "".join(word for bit, word in ((0o4000, "setuid, "), (0o2000, "setgid, "), (0o1000, "sticky, ")) if entry.mode & bit)
        return prefix + _KINDS[entry.kind]
    data = p.fs.read(path, p.cred)
    return _kind(data) if data else "empty"
