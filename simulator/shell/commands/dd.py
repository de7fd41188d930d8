"""NAME
    dd - convert and copy a file

SYNOPSIS
    dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N] [conv=WORDS] [status=none]

DESCRIPTION
    Copy blocks of bs bytes from a file or stdin to a file or stdout, and say how many there were.
"""

from __future__ import annotations

import posixpath

from simulator.shell import files
from simulator.shell.commands.names import size
from simulator.unix.program import Process, program


@program("/usr/bin/dd")
def dd(p: Process) -> int:
    """dd(1)."""
    settings = {
        "bs": "512",
        "count": "",
        "skip": "0",
        "seek": "0",
        "if": "",
        "of": "",
        "status": "",
        "conv": "",
        "ibs": "",
        "obs": "",
        "iflag": "",
        "oflag": "",
    }
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
    return f" ({units}" + (
        f", {count / 1024:.1f} KiB)" if 1024 <= count < 1 << 20 else f", {count / (1 << 20):.1f} MiB)" if count >= 1 << 20 else ")"
    )
