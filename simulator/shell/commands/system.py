"""NAME
    uname, arch, nproc, uptime, free, df, du, mount, dmesg, locale, getconf, sync, clear - what machine this is

SYNOPSIS
    uname [-asnrvmo]     df [-hTi] [FILE...]     du [-abchs] [-d DEPTH] [FILE...]     free [-bkmgh]     uptime [-ps]

DESCRIPTION
    Tell of the machine and its disk. du counts the blocks of the simulated files; df shows what the host's disk holds.

DIFFERS FROM DEBIAN
    Kernel, memory and load are invented.
"""

from __future__ import annotations

import posixpath
import time

from simulator.shell import files
from simulator.shell.commands.ls_lines import human
from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.program import Process, program

_KERNEL, _VERSION = "6.1.0-28-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)"
_BOOT_SECONDS = 86400
_MEMORY = (2022400, 307200, 1228800, 3072, 486400, 1715200)


@program("/usr/bin/uname")
def uname(p: Process) -> int:
    """uname(1)."""
    names = {"all": "a", "kernel-name": "s", "nodename": "n", "kernel-release": "r", "kernel-version": "v", "machine": "m", "processor": "p",
             "hardware-platform": "i", "operating-system": "o"}  # fmt: skip
    options = getopt(p, "asnrvmpio", names)
    if options.operands:
        raise usage(p, f"extra operand {quote(p, options.operands[0])}")
    values = {"s": "Linux", "n": p.host.hostname, "r": _KERNEL, "v": _VERSION, "m": "x86_64", "p": "unknown", "i": "unknown", "o": "GNU/Linux"}
    letters = "snrvmo" if "a" in options else "".join(letter for letter in "snrvmpio" if letter in options) or "s"
    p.out(" ".join(values[letter] for letter in letters) + "\n")
    return 0


@program("/usr/bin/arch")
def arch(p: Process) -> int:
    """arch(1)."""
    p.out("x86_64\n")
    return 0


@program("/usr/bin/nproc")
def nproc(p: Process) -> int:
    """nproc(1)."""
    p.out("2\n")
    return 0


@program("/usr/bin/uptime")
def uptime(p: Process) -> int:
    """uptime(1)."""
    options = getopt(p, "psV", {"pretty": "p", "since": "s"})
    now = p.clock.now
    if "s" in options:
        p.out(time.strftime("%Y-%m-%d %H:%M:%S\n", time.gmtime(now - _BOOT_SECONDS)))
    elif "p" in options:
        p.out("up 1 day\n")
    else:
        here = "1 user" if p.tty else "0 users"
        p.out(f"{time.strftime(' %H:%M:%S', time.gmtime(now))} up 1 day,  0:00,  {here},  load average: 0.00, 0.00, 0.00\n")
    return 0


@program("/usr/bin/w", "/usr/bin/last", "/usr/bin/lastb", "/usr/bin/lastlog")
def w(p: Process) -> int:
    """w(1), last(1), lastlog(8): nobody is logged in but the one who asks."""
    if p.name == "w":
        p.out(f"{time.strftime(' %H:%M:%S', time.gmtime(p.clock.now))} up 1 day,  0:00,  0 users,  load average: 0.00, 0.00, 0.00\n")
        p.out("USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n")
    elif p.name == "last":
        p.out(f"\nwtmp begins {time.strftime('%a %b %e %H:%M:%S %Y', time.gmtime(p.clock.now - _BOOT_SECONDS))}\n")
    return 0


@program("/usr/bin/free")
def free(p: Process) -> int:
    """free(1)."""
    options = getopt(p, "bkmghltvs:c:w", {"human": "h", "bytes": "b", "kibi": "k", "mebi": "m", "gibi": "g", "total": "t"})
    divisor = {"b": 1 / 1024, "m": 1024, "g": 1024 * 1024}.get(options.last("bkmg"), 1)

    def shown(value: int) -> str:
        return f"{human(value * 1024, 1024)}i" if "h" in options and value else f"{'0B' if 'h' in options else int(value / divisor)}"

    heads = ("total", "used", "free", "shared", "buff/cache", "available")
    p.out(" " * 9 + "".join(f"{head:>12}" for head in heads)[1:] + "\n")
    p.out("Mem:    " + "".join(f"{shown(value):>12}" for value in _MEMORY) + "\n")
    p.out("Swap:   " + "".join(f"{shown(value):>12}" for value in (0, 0, 0)) + "\n")
    return 0


# -- disk ---------------------------------------------------------------------------------------------------------------


@program("/usr/bin/df")
def df(p: Process) -> int:
    """df(1)."""
    names = {"all": "a", "human-readable": "h", "si": "H", "inodes": "i", "print-type": "T", "portability": "P", "local": "l", "total": "total",
    "type=": "t",
             "output=?": "output", "block-size=": "B", "exclude-type=": "x"}  # fmt: skip
    options = getopt(p, "aB:hHiklPTt:x:", names)
    status = 0
    for name in options.operands:
        try:
            p.fs.stat(posixpath.join(p.cwd, name), p.cred)
        except OSError as error:
            p.err(f"{p.argv[0]}: {name}: {error.strerror}\n")
            status = 1
    if not status or len(options.operands) > 1:
        _disk(p, options)
    return status


def _disk(p: Process, options: Options) -> None:
    total, used = p.fs.capacity // 1024, -(-p.fs.used // 1024)
    if "i" in options:
        row = ["200000", "2000", "198000", "1%"]
        heads = ["Inodes", "IUsed", "IFree", "IUse%"]
    elif "h" in options or "H" in options:
        base = 1024 if "h" in options else 1000
        row = [human(total * 1024, base), human(used * 1024, base), human((total - used) * 1024, base), f"{-(-used * 100 // total)}%"]
        heads = ["Size", "Used", "Avail", "Use%"]
    else:
        row = [str(total), str(used), str(total - used), f"{-(-used * 100 // total)}%"]
        heads = ["1024-blocks" if "P" in options else "1K-blocks", "Used", "Available", "Capacity" if "P" in options else "Use%"]
    widths = [max(len(head), len(cell), 5 if index < 3 else 0) for index, (head, cell) in enumerate(zip(heads, row, strict=True))]
    kind = ["Type", "ext4"] if "T" in options else ["", ""]
    for name, cells, mounted, type_word in (("Filesystem", heads, "Mounted on", kind[0]), ("/dev/sda1", row, "/", kind[1])):
        shown = " ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        p.out(f"{name:<14} {type_word + ' ' if type_word else ''}{shown} {mounted}\n")


class _Du:
    def __init__(self, p: Process, options: Options) -> None:
        self.p, self.options, self.status = p, options, 0
        text = options.value("d")
        self.depth = 0 if "s" in options else int(text) if text.isdigit() else 1 << 30
        self.seen: set[int] = set()

    def size(self, name: str, path: str, depth: int) -> int:
        try:
            entry = self.p.fs.stat(path, self.p.cred, follow="L" in self.options)
            children = files.children(self.p, path) if entry.is_dir else []
        except OSError as error:
            verb = "read directory" if self.p.fs.exists(path) and self.p.fs.stat(path).is_dir else "access"
            self.p.err(f"{self.p.argv[0]}: cannot {verb} {files.quoted(name)}: {error.strerror}\n")
            self.status = 1
            return 0
        if entry.ino in self.seen:
            return 0
        if entry.nlink > 1 and not entry.is_dir:
            self.seen.add(entry.ino)
        own = entry.size if "b" in self.options or "apparent" in self.options else files.blocks(entry) * 512
        own += sum(self.size(posixpath.join(name, child), posixpath.join(path, child), depth + 1) for child in children)
        if depth <= self.depth and (entry.is_dir or depth == 0 or "a" in self.options):
            self.show(own, name)
        return own

    def show(self, size: int, name: str) -> None:
        if "h" in self.options:
            text = human(size, 1024)
        elif "b" in self.options:
            text = str(size)
        else:
            unit = {"m": 1 << 20, "g": 1 << 30}.get(self.options.last("kmg"), 1024)
            text = str(-(-size // unit))
        self.p.out(f"{text}\t{name}\n")


@program("/usr/bin/du")
def du(p: Process) -> int:
    """du(1)."""
    names = {"all": "a", "apparent-size": "apparent", "bytes": "b", "total": "c", "human-readable": "h", "max-depth=": "d", "summarize": "s",
             "dereference": "L", "exclude=": "exclude", "one-file-system": "x", "separate-dirs": "S", "null": "0"}  # fmt: skip
    options = getopt(p, "abcd:DhHklLmsSx0", names)
    work = _Du(p, options)
    total = sum(work.size(name, posixpath.join(p.cwd, name), 0) for name in options.operands or ["."])
    if "c" in options:
        work.show(total, "total")
    return work.status


@program("/usr/bin/mount", "/usr/bin/findmnt")
def mount(p: Process) -> int:
    """mount(8): what is mounted."""
    options = getopt(p, "afFhilno:rt:vw")
    if options.operands:
        p.err(f"simulator: {p.name}: mounting is not simulated\n")
        return 1
    p.out("/dev/sda1 on / type ext4 (rw,relatime,errors=remount-ro)\nproc on /proc type proc (rw,nosuid,nodev,noexec,relatime)\n")
    p.out("tmpfs on /run type tmpfs (rw,nosuid,nodev,noexec,relatime,mode=755)\n")
    return 0


# -- the rest -----------------------------------------------------------------------------------------------------------


@program("/usr/bin/dmesg", "/usr/bin/sync", "/usr/bin/mesg")
def sync(p: Process) -> int:
    """sync(1) has nothing to do, dmesg(1) nothing to tell."""
    return 0


@program("/usr/bin/clear", "/usr/bin/reset", "/usr/bin/tset")
def clear(p: Process) -> int:
    """clear(1)."""
    p.out("\x1b[H\x1b[2J\x1b[3J" if p.tty else "")
    return 0


@program("/usr/bin/locale")
def locale(p: Process) -> int:
    """locale(1)."""
    options = getopt(p, "ackm")
    if "a" in options:
        p.out("C\nC.utf8\nPOSIX\n")
        return 0
    everything = p.env.get("LC_ALL", "")
    lang = p.env.get("LANG", "")
    kinds = "CTYPE NUMERIC TIME COLLATE MONETARY MESSAGES PAPER NAME ADDRESS TELEPHONE MEASUREMENT IDENTIFICATION".split()
    values = "".join(f'LC_{kind}="{everything or p.env.get(f"LC_{kind}") or lang or "POSIX"}"\n' for kind in kinds)
    p.out(f"LANG={lang}\nLANGUAGE=\n{values}LC_ALL={everything}\n")
    return 0


_CONF = {"PATH": "/bin:/usr/bin", "PAGESIZE": "4096", "PAGE_SIZE": "4096", "LONG_BIT": "64", "_NPROCESSORS_ONLN": "2", "ARG_MAX": "2097152",
    "OPEN_MAX": "1024",
         "NAME_MAX": "255", "PATH_MAX": "4096", "CLK_TCK": "100"}  # fmt: skip


@program("/usr/bin/getconf")
def getconf(p: Process) -> int:
    """getconf(1)."""
    options = getopt(p, "av:")
    name = options.operands[0] if options.operands else ""
    if name not in _CONF:
        p.err(f"getconf: Unrecognized variable `{name}'\n" if name else "Usage: getconf [-v specification] variable_name [pathname]\n")
        return 2
    p.out(f"{_CONF[name]}\n")
    return 0


@program("/usr/bin/stty", "/usr/bin/tput")
def stty(p: Process) -> int:
    """stty(1), tput(1)."""
    if p.name == "tput":
        p.out({"cols": "80\n", "lines": "24\n", "colors": "256\n"}.get(p.argv[1] if len(p.argv) > 1 else "", ""))
        return 0
    if not p.tty:
        p.err("stty: 'standard input': Inappropriate ioctl for device\n")
        return 1
    p.out("speed 38400 baud; line = 0;\n" if len(p.argv) == 1 else "24 80\n" if p.argv[1] == "size" else "")
    return 0


@program("/usr/sbin/nologin", section=8)
def nologin(p: Process) -> int:
    """nologin(8)."""
    p.out("This account is currently not available.\n")
    return 1
