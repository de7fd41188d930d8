"""NAME
    tar - an archiving utility

SYNOPSIS
    tar {-c|-t|-x}[vzf FILE] [-C DIR] [NAME...]

DESCRIPTION
    Write (-c), list (-t) or unpack (-x) an archive; -z compresses it with gzip, -f names its file, -v names its members.

DIFFERS FROM DEBIAN
    Archives hold files, directories and links; only gzip compresses them.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import re
import tarfile
import time

from simulator.shell import files
from simulator.shell.commands.gzip import compress
from simulator.shell.getopt import Options, getopt
from simulator.unix.fs import Stat
from simulator.unix.program import Process, program


@program("/usr/bin/tar")
def tar(p: Process) -> int:
    """tar(1)."""
    if len(p.argv) > 1 and re.fullmatch(r"[cxtrufvzjpkCm]+", p.argv[1]):
        p.argv[1] = f"-{p.argv[1]}"
    names = {"create": "c", "extract": "x", "get": "x", "list": "t", "file=": "f", "gzip": "z", "verbose": "v", "directory=": "C",
    "exclude=": "exclude",
             "preserve-permissions": "p", "same-owner": "same", "keep-old-files": "k"}  # fmt: skip
    options = getopt(p, "cxtf:zjJvpkC:OPm", names, status=64)
    mode = options.last("cxt")
    if not mode:
        p.err("tar: You must specify one of the '-Acdtrux', '--delete' or '--test-label' options\n")
        p.err("Try 'tar --help' or 'tar --usage' for more information.\n")
        return 2
    base = posixpath.join(p.cwd, options.value("C")) if "C" in options else p.cwd
    if mode == "c":
        return _create(p, options, base)
    return _read(p, options, base, mode)


def _create(p: Process, options: Options, base: str) -> int:
    if not options.operands:
        p.err("tar: Cowardly refusing to create an empty archive\nTry 'tar --help' or 'tar --usage' for more information.\n")
        return 2
    buffer, status = io.BytesIO(), 0
    stripped = False
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in options.operands:
            path = posixpath.join(base, name)
            try:
                found = list(p.fs.walk(path, p.cred))
            except OSError as error:
                p.err(f"tar: {name}: Cannot stat: {error.strerror}\n")
                status = 2
                continue
            if name.startswith("/") and not stripped:
                p.err("tar: Removing leading `/' from member names\n")
                stripped = True
            for full, entry in found:
                member = name.lstrip("/") + full[len(path) :]
                _add(p, archive, member, full, entry)
                if "v" in options:
                    (p.err if not options.value("f") or options.value("f") == "-" else p.out)(f"{member}{'/' if entry.is_dir else ''}\n")
    data = buffer.getvalue()
    if "z" in options or (options.value("f").endswith(("gz",)) and "z" in options):
        data = compress(data, p.clock.now)
    if options.value("f", "-") == "-":
        p.out(files.text(data))
    else:
        p.write(options.value("f"), data)
    if status:
        p.err("tar: Exiting with failure status due to previous errors\n")
    return status


def _add(p: Process, archive: tarfile.TarFile, member: str, path: str, entry: Stat) -> None:
    info = tarfile.TarInfo(member)
    info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.uid, entry.gid, int(entry.mtime)
    info.uname, info.gname = p.host.users.user_name(entry.uid), p.host.users.group_name(entry.gid)
    info.type = {"d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE}.get(entry.kind, tarfile.REGTYPE)
    info.linkname = entry.target if entry.is_link else ""
    data = p.fs.read(path, p.cred) if entry.is_file else b""
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _read(p: Process, options: Options, base: str, mode: str) -> int:
    name = options.value("f", "-")
    try:
        data = files.read_operand(p, name)
    except OSError as error:
        p.err(f"tar: {name}: Cannot open: {error.strerror}\ntar: Error is not recoverable: exiting now\n")
        return 2
    plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    if plain[257:262] != b"ustar":
        p.err("tar: This does not look like a tar archive\ntar: Exiting with failure status due to previous errors\n")
        return 2
    wanted = options.operands
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        for info in archive.getmembers():
            if wanted and not any(info.name == word or info.name.startswith(f"{word.rstrip('/')}/") for word in wanted):
                continue
            shown = f"{info.name}{'/' if info.isdir() else ''}"
            if mode == "t":
                p.out(f"{_long(info)} {shown}\n" if "v" in options else f"{shown}\n")
                continue
            if "v" in options:
                p.out(f"{shown}\n")
            _extract(p, archive, info, base)
    return 0


def _long(info: tarfile.TarInfo) -> str:
    letters = ("d" if info.isdir() else "l" if info.issym() else "-") + "".join(
        letter if info.mode >> (8 - index) & 1 else "-" for index, letter in enumerate("rwxrwxrwx")
    )
    owner = f"{info.uname}/{info.gname}"
    stamp = time.strftime("%Y-%m-%d %H:%M", time.gmtime(info.mtime))
    return f"{letters} {owner} {info.size:>{max(1, 19 - len(owner))}} {stamp}"


def _extract(p: Process, archive: tarfile.TarFile, info: tarfile.TarInfo, base: str) -> None:
    path = posixpath.join(base, info.name)
    p.fs.mkdir(posixpath.dirname(path), p.cred, parents=True)
    if info.isdir():
        p.fs.mkdir(path, p.cred, info.mode | 0o700, parents=True)
    elif info.issym():
        p.fs.symlink(info.linkname, path, p.cred)
    else:
        content = archive.extractfile(info)
        p.fs.write(path, content.read() if content else b"", p.cred)
        p.fs.chmod(path, info.mode, p.cred)
        if not p.cred.uid:
            p.fs.chown(path, info.uid, info.gid)
        p.fs.utime(path, p.clock.now, info.mtime, p.cred)
