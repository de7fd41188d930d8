"""The file system of one host: owners, groups, modes, times, links, devices, and a cheap fork.

Paths are absolute texts; names are utf-8 with surrogateescape. Every operation names the credentials that act, and fails
as the system call would: an OSError subclass with errno, strerror and file name (see the ERRORS of open(2), rename(2),
unlink(2), path_resolution(7)). A fork shares every inode until one side changes it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator

from simulator.unix.fs_content import Content
from simulator.unix.fs_names import Names
from simulator.unix.fs_paths import CAPACITY_BYTES, CAPACITY_INODES
from simulator.unix.inode import EXECUTE, READ, ROOT, WRITE, Cred, Inode, Stat, fault

__all__ = ["CAPACITY_BYTES", "CAPACITY_INODES", "EXECUTE", "READ", "ROOT", "WRITE", "Cred", "Fs", "Inode", "Stat", "fault"]


class Fs(Content, Names):
    """One host's files, from `/` down."""

    def stat(self, path: str, cred: Cred = ROOT, follow: bool = True) -> Stat:
        """stat(2), or lstat(2) with `follow=False`."""
        node = self._get(path, cred, follow)
        size = len(node.target.encode()) if node.kind == "l" else 4096 if node.kind == "d" else len(node.data)
        return Stat(node.ino, node.kind, node.mode, node.uid, node.gid, size, node.nlink, node.atime, node.mtime, node.ctime, node.target,
                    node.program)

    def exists(self, path: str, cred: Cred = ROOT) -> bool:
        """Whether the path leads to something (links followed)."""
        try:
            return self._walk(path, cred, True)[2] is not None
        except OSError:
            return False

    def access(self, path: str, bits: int, cred: Cred) -> bool:
        """access(2): 4 read, 2 write, 1 execute or search."""
        try:
            return self._allowed(self._get(path, cred), bits, cred)
        except OSError:
            return False

    def version(self, path: str, cred: Cred = ROOT) -> tuple[int, int]:
        """A key that changes whenever the file is another one or has other content; (0, 0) if it is missing."""
        try:
            node = self._get(path, cred)
        except OSError:
            return (0, 0)
        return (node.ino, node.change)

    def realpath(self, path: str, cred: Cred = ROOT) -> str:
        """The path without links, `.` and `..` (realpath(3))."""
        inode = self._get(path, cred)
        parts: list[str] = []
        if inode.kind != "d":
            directory, name, _ = self._walk(path, cred, True)
            parts, inode = [name], directory
        while inode.ino != self._root:
            parent = self._inodes[inode.parent]
            parts.append(next(name for name, ino in parent.entries.items() if ino == inode.ino))
            inode = parent
        return "/" + "/".join(reversed(parts))

    def listdir(self, path: str, cred: Cred = ROOT) -> list[str]:
        """The names in a directory, oldest first (readdir(3) promises no order)."""
        node = self._get(path, cred)
        if node.kind != "d":
            raise fault(errno.ENOTDIR, path)
        self._need(node, READ, cred, path)
        return list(node.entries)

    def scandir(self, path: str, cred: Cred = ROOT) -> list[tuple[str, Inode]]:
        """The names in a directory with their inodes (to look at, not to change): cheaper than a stat of each."""
        node = self._get(path, cred)
        if node.kind != "d":
            raise fault(errno.ENOTDIR, path)
        self._need(node, READ, cred, path)
        return [(name, self._inodes[ino]) for name, ino in node.entries.items()]

    def walk(self, path: str, cred: Cred = ROOT) -> Iterator[tuple[str, Stat]]:
        """The path and everything below it, parents first, links not followed."""
        entry = self.stat(path, cred, follow=False)
        yield path, entry
        if entry.is_dir:
            for name in self.listdir(path, cred):
                yield from self.walk(f"{path.rstrip('/')}/{name}", cred)

    @property
    def used(self) -> int:
        """Bytes of all files (df(1))."""
        return self._used

    def mknod(self, path: str, kind: str, cred: Cred = ROOT, mode: int = 0o666, device: str = "") -> None:
        """A socket "s", fifo "p" or device "c" ("null", "zero", "full", "random", "urandom", "tty")."""
        directory, name, node = self._walk(path, cred, False)
        if node is not None:
            raise fault(errno.EEXIST, path)
        self._enter(directory, name, cred, path, kind, mode).target = device

    def computed(self, path: str, function: Callable[[], bytes], mode: int = 0o444) -> None:
        """A file whose content is the answer of a function, as under /proc."""
        self.write(path, b"")
        node = self._get(path)
        node.function, node.mode = function, mode

    def program(self, path: str, name: str, mode: int = 0o755, size_hint: bytes = b"") -> None:
        """An executable whose work is done by a registered program."""
        self.write(path, size_hint or b"\x7fELF\x02\x01\x01\x00" + name.encode() + b"\x00\n")
        node = self._get(path)
        node.program, node.mode = name, mode

    def chmod(self, path: str, mode: int, cred: Cred = ROOT, follow: bool = True) -> None:
        """chmod(2): the owner or root."""
        node = self._get(path, cred, follow)
        if cred.uid not in (0, node.uid):
            raise fault(errno.EPERM, path)
        self._forget_directories(node)
        node = self._own(node)
        node.mode = mode & 0o7777
        self._touch(node, modified=False)

    def chown(self, path: str, uid: int, gid: int, cred: Cred = ROOT, follow: bool = True) -> None:
        """chown(2); -1 keeps. Only root gives files away; an owner may choose among his groups."""
        node = self._get(path, cred, follow)
        gives_away = uid not in (-1, node.uid) or (gid not in (-1, node.gid) and not cred.in_group(gid))
        if cred.uid and (gives_away or cred.uid != node.uid):
            raise fault(errno.EPERM, path)
        self._forget_directories(node)
        node = self._own(node)
        node.uid = node.uid if uid == -1 else uid
        node.gid = node.gid if gid == -1 else gid
        if node.kind == "-" and cred.uid:
            node.mode &= 0o1777
        self._touch(node, modified=False)

    def utime(self, path: str, atime: float, mtime: float, cred: Cred = ROOT, follow: bool = True) -> None:
        """utimensat(2): set times; needs ownership, or write permission where both are now."""
        node = self._get(path, cred, follow)
        now = self.clock.now
        if cred.uid not in (0, node.uid) and not (atime == mtime == now and self._allowed(node, WRITE, cred)):
            raise fault(errno.EPERM if not (atime == mtime == now) else errno.EACCES, path)
        node = self._own(node)
        node.atime, node.mtime, node.ctime = atime, mtime, now
        node.change += 1
