"""NAME
    gzip, gunzip, zcat, zgrep, tar, dd - compress, archive and copy files

SYNOPSIS
    gzip [-cdfklNqrtv1..9] [FILE...]     zcat [FILE...]     zgrep PATTERN [FILE...]
    tar {-c|-t|-x}[vzf FILE] [-C DIR] [NAME...]             dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N]

DESCRIPTION
    gzip replaces a file by its compressed form FILE.gz, gunzip the other way. tar writes, lists or reads archives. dd copies
    blocks.

DIFFERS FROM DEBIAN
    tar's archives hold files, directories and links; only gzip compresses them.
"""

from __future__ import annotations

import gzip as codec
import io
import posixpath
import re
import tarfile
import time
import zlib

from simulator.shell import files
from simulator.shell.commands.names import size
from simulator.shell.getopt import Options, getopt
from simulator.unix.fs import Stat
from simulator.unix.program import Process, program

_LONG = {"stdout": "c", "to-stdout": "c", "decompress": "d", "uncompress": "d", "force": "f", "keep": "k", "list": "l", "quiet": "q", "recursive": "r",
         "test": "t", "verbose": "v", "fast": "1", "best": "9", "no-name": "n", "name": "N", "suffix=": "S"}  # fmt: skip


def compress(data: bytes, when: float) -> bytes:
    """The gzip form of data (RFC 1952), the same each time."""
    return codec.compress(data, mtime=int(when))


@program("/usr/bin/gzip", "/usr/bin/gunzip", "/usr/bin/zcat", "/usr/bin/uncompress")
def gzip(p: Process) -> int:
    """gzip(1)."""
    options = getopt(p, "cdfklnNqrS:tv123456789", _LONG)
    unpack = "d" in options or p.name in ("gunzip", "zcat", "uncompress") or "t" in options
    to_stdout = "c" in options or p.name == "zcat" or not options.operands or options.operands == ["-"]
    if to_stdout and not options.operands and not p.stdin and p.tty:
        p.err("gzip: compressed data not written to a terminal. Use -f to force compression.\nFor help, type: gzip -h\n")
        return 1
    status = 0
    for name in options.operands or ["-"]:
        status = max(status, _one(p, name, options, unpack, to_stdout))
    return status


def _one(p: Process, name: str, options: Options, unpack: bool, to_stdout: bool) -> int:
    shown = "gzip" if p.name in ("gunzip", "zcat") else p.name
    source = name
    if unpack and name != "-" and not p.fs.exists(posixpath.join(p.cwd, name), p.cred) and p.fs.exists(posixpath.join(p.cwd, f"{name}.gz"), p.cred):
        source = f"{name}.gz"
    try:
        data = files.read_operand(p, source)
    except IsADirectoryError:
        p.err(f"{shown}: {name} is a directory -- ignored\n")
        return 2
    except OSError as error:
        p.err(f"{shown}: {name + '.gz' if unpack and not name.endswith('.gz') else name}: {error.strerror}\n")
        return 1
    if unpack and source != "-" and not source.endswith((".gz", ".z", ".tgz")) and not to_stdout:
        p.err(f"{shown}: {name}: unknown suffix -- ignored\n")
        return 2
    if not unpack and name.endswith(".gz"):
        p.err(f"{shown}: {name} already has .gz suffix -- unchanged\n")
        return 2
    try:
        made = codec.decompress(data) if unpack else compress(data, p.clock.now)
    except (OSError, EOFError, zlib.error):
        p.err(f"\n{shown}: {'stdin' if source == '-' else source}: not in gzip format\n")
        return 1
    if "t" in options:
        return 0
    if to_stdout:
        p.out(files.text(made))
        return 0
    return _replace(p, source, made, unpack, "k" in options, shown)


def _replace(p: Process, source: str, made: bytes, unpack: bool, keep: bool, shown: str) -> int:
    target = re.sub(r"\.(gz|z)$", "", re.sub(r"\.tgz$", ".tar", source)) if unpack else f"{source}.gz"
    path, goal = posixpath.join(p.cwd, source), posixpath.join(p.cwd, target)
    try:
        entry = p.fs.stat(path, p.cred)
        p.fs.write(goal, made, p.cred)
        p.fs.chmod(goal, entry.mode, p.cred)
        p.fs.utime(goal, entry.atime, entry.mtime, p.cred)
        if not keep:
            p.fs.unlink(path, p.cred)
    except OSError as error:
        p.err(f"{shown}: {target}: {error.strerror}\n")
        return 1
    return 0


@program("/usr/bin/zgrep", "/usr/bin/zless", "/usr/bin/zmore")
def zgrep(p: Process) -> int:
    """zgrep(1): grep in compressed files."""
    words = p.argv[1:]
    names = [word for word in words if p.fs.exists(posixpath.join(p.cwd, word), p.cred) and word not in words[:1]]
    text = ""
    for name in names if p.name == "zgrep" else words:
        try:
            data = p.read(name)
        except OSError as error:
            p.err(f"gzip: {name}: {error.strerror}\n")
            return 2
        text += files.text(codec.decompress(data) if data.startswith(b"\x1f\x8b") else data)
    if p.name != "zgrep":
        p.out(text)
        return 0
    return p.relay(p.run(["grep", *[word for word in words if word not in names]], text if names else p.stdin))


# -- tar ----------------------------------------------------------------------------------------------------------------


@program("/usr/bin/tar")
def tar(p: Process) -> int:
    """tar(1)."""
    if len(p.argv) > 1 and re.fullmatch(r"[cxtrufvzjpkCm]+", p.argv[1]):
        p.argv[1] = f"-{p.argv[1]}"
    names = {"create": "c", "extract": "x", "get": "x", "list": "t", "file=": "f", "gzip": "z", "verbose": "v", "directory=": "C", "exclude=": "exclude",
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
    if "z" in options or options.value("f").endswith(("gz",)) and "z" in options:
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
    try:
        archive = tarfile.open(fileobj=io.BytesIO(codec.decompress(data) if data.startswith(b"\x1f\x8b") else data))
    except tarfile.TarError:
        p.err("tar: This does not look like a tar archive\ntar: Exiting with failure status due to previous errors\n")
        return 2
    wanted = options.operands
    with archive:
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


# -- dd -----------------------------------------------------------------------------------------------------------------


@program("/usr/bin/dd")
def dd(p: Process) -> int:
    """dd(1)."""
    settings = {"bs": "512", "count": "", "skip": "0", "seek": "0", "if": "", "of": "", "status": "", "conv": "", "ibs": "", "obs": "", "iflag": "", "oflag": ""}
    for word in p.argv[1:]:
        name, equals, value = word.partition("=")
        if not equals or name not in settings:
            p.err(f"dd: unrecognized operand ‘{word}’\nTry 'dd --help' for more information.\n")
            return 1
        settings[name] = value
    block = size(settings["bs"])
    numbers = {name: size(settings[name] or "0") for name in ("count", "skip", "seek")}
    if not block or None in numbers.values():
        wrong = settings["bs"] if not block else next(settings[name] for name, value in numbers.items() if value is None)
        p.err(f"dd: invalid number: ‘{wrong}’\n")
        return 1
    limit = block * ((numbers["count"] or 0) + (numbers["skip"] or 0)) if settings["count"] else files.DEVICE_BYTES
    try:
        data = files.read_file(p, posixpath.join(p.cwd, settings["if"]), limit) if settings["if"] else files.octets(p.stdin)
    except OSError as error:
        p.err(f"dd: failed to open {files.quoted(settings['if'])}: {error.strerror}\n")
        return 1
    data = data[block * (numbers["skip"] or 0) :]
    data = data[: block * (numbers["count"] or 0)] if settings["count"] else data
    return _write_blocks(p, data, settings, block)


def _write_blocks(p: Process, data: bytes, settings: dict[str, str], block: int) -> int:
    whole, part = divmod(len(data), block)
    if settings["of"]:
        path = posixpath.join(p.cwd, settings["of"])
        try:
            before = p.fs.read(path, p.cred)[: block * (size(settings["seek"]) or 0)] if settings["seek"] != "0" and p.fs.exists(path) else b""
            p.fs.write(path, before + data, p.cred)
        except OSError as error:
            p.err(f"dd: failed to open {files.quoted(settings['of'])}: {error.strerror}\n")
            return 1
    else:
        p.out(files.text(data))
    if settings["status"] != "none":
        p.err(f"{whole}+{1 if part else 0} records in\n{whole}+{1 if part else 0} records out\n")
        if settings["status"] != "noxfer":
            p.err(f"{len(data)} byte{'' if len(data) == 1 else 's'}{_readable(len(data))} copied, 0.001 s, {len(data) / 1000:.1f} MB/s\n")
    return 0


def _readable(count: int) -> str:
    if count < 1000:
        return ""
    units = f"{count / 1000:.1f} kB" if count < 10**6 else f"{count / 10**6:.1f} MB"
    return f" ({units}" + (f", {count / 1024:.1f} KiB)" if 1024 <= count < 1 << 20 else f", {count / (1 << 20):.1f} MiB)" if count >= 1 << 20 else ")")
