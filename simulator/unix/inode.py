"""What a file system is made of: inodes, credentials, and the errors of system calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

READ, WRITE, EXECUTE = 4, 2, 1


@dataclass(frozen=True, slots=True)
class Cred:
    """Who acts: effective user and group, further groups, and the mask for new files (credentials(7))."""

    uid: int
    gid: int
    groups: frozenset[int] = frozenset()
    umask: int = 0o022

    def in_group(self, gid: int) -> bool:
        return gid == self.gid or gid in self.groups


ROOT = Cred(0, 0)


@dataclass(frozen=True, slots=True)
class Stat:
    """What stat(2) tells. `kind` is the first letter of `ls -l`; times are epoch seconds; `program` names a registered program."""

    ino: int
    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    nlink: int
    atime: float
    mtime: float
    ctime: float
    target: str = ""
    program: str = ""

    @property
    def is_dir(self) -> bool:
        return self.kind == "d"

    @property
    def is_file(self) -> bool:
        return self.kind == "-"

    @property
    def is_link(self) -> bool:
        return self.kind == "l"


class Inode:
    """A file, directory, link, socket, fifo or device."""

    __slots__ = ("atime", "change", "ctime", "data", "entries", "epoch", "function", "gid", "ino", "kind", "mode", "mtime", "nlink", "parent",
                 "program", "target", "uid")

    def __init__(self, ino: int, kind: str, mode: int, uid: int, gid: int, now: float, epoch: object) -> None:
        self.ino, self.kind, self.mode, self.uid, self.gid = ino, kind, mode, uid, gid
        self.atime = self.mtime = self.ctime = now
        self.nlink = 2 if kind == "d" else 1
        self.data = bytearray()
        self.entries: dict[str, int] = {}
        self.target = self.program = ""
        self.parent = ino
        self.function: Callable[[], bytes] | None = None
        self.change = 0
        self.epoch = epoch

    def clone(self, epoch: object) -> Inode:
        twin = Inode.__new__(Inode)
        for name in Inode.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.data = bytearray(self.data)
        twin.entries = dict(self.entries)
        twin.epoch = epoch
        return twin


def fault(code: int, path: str, other: str | None = None) -> OSError:
    """The error of a system call, with libc's text."""
    return OSError(code, os.strerror(code), path) if other is None else OSError(code, os.strerror(code), path, None, other)
