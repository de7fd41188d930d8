"""The file system of one host: owners, groups, modes, times, links, devices, and a cheap fork.

Paths are absolute texts; names are utf-8 with surrogateescape. Every operation names the credentials that act, and fails
as the system call would: an OSError subclass with errno, strerror and file name (see the ERRORS of open(2), rename(2),
unlink(2), path_resolution(7)). A fork shares every inode until one side changes it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

#: What a small host's disk holds. More is "No space left on device".
CAPACITY_BYTES = 1 << 29
CAPACITY_INODES = 200_000
MAX_LINKS = 40  # path_resolution(7): ELOOP
NAME_MAX, PATH_MAX = 255, 4096

READ, WRITE, EXECUTE = 4, 2, 1


class HasNow(Protocol):
    now: float


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


class Fs:
    """One host's files, from `/` down."""

    def __init__(self, clock: HasNow) -> None:
        self.clock = clock
        self._epoch: object = object()
        self._inodes: dict[int, Inode] = {}
        self._next_ino = 2
        self._used = 0
        self.capacity = CAPACITY_BYTES
        self._root = self._new("d", 0o755, ROOT).ino

    def __deepcopy__(self, memo: dict[int, Any]) -> Fs:
        import copy

        twin = Fs.__new__(Fs)
        memo[id(self)] = twin
        twin.clock = copy.deepcopy(self.clock, memo)
        twin._inodes = dict(self._inodes)
        twin._next_ino, twin._used, twin._root, twin.capacity = self._next_ino, self._used, self._root, self.capacity
        self._epoch, twin._epoch = object(), object()
        for ino, inode in self._inodes.items():
            if inode.function is not None and hasattr(inode.function, "__self__"):
                bound = inode.clone(twin._epoch)
                bound.function = copy.deepcopy(inode.function, memo)
                twin._inodes[ino] = bound
        return twin

    # -- inodes ---------------------------------------------------------------------------------------------------------

    def _new(self, kind: str, mode: int, cred: Cred) -> Inode:
        if len(self._inodes) >= CAPACITY_INODES:
            raise fault(errno.ENOSPC, "")
        inode = Inode(self._next_ino, kind, mode, cred.uid, cred.gid, self.clock.now, self._epoch)
        self._inodes[inode.ino] = inode
        self._next_ino += 1
        return inode

    def _own(self, inode: Inode) -> Inode:
        """The inode, safe to change: a fork's shared one is copied first."""
        if inode.epoch is not self._epoch:
            inode = self._inodes[inode.ino] = inode.clone(self._epoch)
        return inode

    def _touch(self, inode: Inode, modified: bool = True) -> None:
        inode.ctime = self.clock.now
        if modified:
            inode.mtime = self.clock.now
        inode.change += 1

    def _account(self, delta: int, path: str) -> None:
        if delta > 0 and self._used + delta > self.capacity:
            raise fault(errno.ENOSPC, path)
        self._used += delta

    def _allowed(self, inode: Inode, bits: int, cred: Cred) -> bool:
        if cred.uid == 0:
            return bits != EXECUTE or inode.kind == "d" or bool(inode.mode & 0o111)
        if inode.uid == cred.uid:
            have = inode.mode >> 6
        elif cred.in_group(inode.gid):
            have = inode.mode >> 3
        else:
            have = inode.mode
        return have & bits == bits

    def _need(self, inode: Inode, bits: int, cred: Cred, path: str) -> None:
        if not self._allowed(inode, bits, cred):
            raise fault(errno.EACCES, path)

    # -- names ----------------------------------------------------------------------------------------------------------

    def _walk(self, path: str, cred: Cred, follow: bool, depth: int = 0) -> tuple[Inode, str, Inode | None]:
        """The directory, last name and inode (None: missing) of a path: path_resolution(7)."""
        if len(path) > PATH_MAX:
            raise fault(errno.ENAMETOOLONG, path)
        inodes = self._inodes
        node = inodes[self._root]
        parts = [part for part in path.split("/") if part and part != "."]
        if not parts:
            return node, "", node
        must_be_dir = path.endswith(("/", "/."))
        for index, part in enumerate(parts):
            if node.kind != "d":
                raise fault(errno.ENOTDIR, path)
            if cred.uid and not self._allowed(node, EXECUTE, cred):
                raise fault(errno.EACCES, path)
            last = index == len(parts) - 1
            ino = node.parent if part == ".." else node.entries.get(part)
            child = None if ino is None else inodes[ino]
            if child is not None and child.kind == "l" and (follow or not last or must_be_dir):
                if depth >= MAX_LINKS:
                    raise fault(errno.ELOOP, path)
                base = "" if child.target.startswith("/") else "/" + "/".join(parts[:index])
                rest = "/".join([f"{base}/{child.target}", *parts[index + 1 :]])
                return self._walk(rest + ("/" if must_be_dir else ""), cred, follow, depth + 1)
            if last:
                if len(part.encode("utf-8", "surrogateescape")) > NAME_MAX:
                    raise fault(errno.ENAMETOOLONG, path)
                if child is not None and must_be_dir and child.kind != "d":
                    raise fault(errno.ENOTDIR, path)
                return node, part, child
            if child is None:
                raise fault(errno.ENOENT, path)
            node = child
        raise AssertionError("not reached")

    def _get(self, path: str, cred: Cred = ROOT, follow: bool = True) -> Inode:
        inode = self._walk(path, cred, follow)[2]
        if inode is None:
            raise fault(errno.ENOENT, path)
        return inode

    def _enter(self, directory: Inode, name: str, cred: Cred, path: str, kind: str, mode: int) -> Inode:
        """A new inode under a name: needs write permission; set-group-ID directories hand their group on (inode(7))."""
        if directory.nlink == 0 or name in ("", "..") :
            raise fault(errno.ENOENT if name == "" else errno.EEXIST, path)
        self._need(directory, WRITE | EXECUTE, cred, path)
        inode = self._new(kind, mode & ~cred.umask & 0o7777, cred)
        directory = self._own(directory)
        if directory.mode & 0o2000:
            inode.gid = directory.gid
            if kind == "d":
                inode.mode |= 0o2000
        directory.entries[name] = inode.ino
        if kind == "d":
            inode.parent = directory.ino
            directory.nlink += 1
        self._touch(directory)
        return inode

    def _may_delete(self, directory: Inode, inode: Inode, cred: Cred, path: str) -> None:
        self._need(directory, WRITE | EXECUTE, cred, path)
        sticky = directory.mode & 0o1000 and cred.uid not in (0, directory.uid, inode.uid)
        if sticky:
            raise fault(errno.EPERM, path)

    def _leave(self, directory: Inode, name: str, inode: Inode) -> None:
        directory = self._own(directory)
        del directory.entries[name]
        self._touch(directory)
        inode = self._own(inode)
        inode.nlink -= 2 if inode.kind == "d" else 1
        inode.ctime = self.clock.now
        if inode.kind == "d":
            directory.nlink -= 1
        if inode.nlink <= 0:
            self._used -= len(inode.data)
            del self._inodes[inode.ino]

    # -- questions ------------------------------------------------------------------------------------------------------

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

    # -- content --------------------------------------------------------------------------------------------------------

    def read(self, path: str, cred: Cred = ROOT) -> bytes:
        """The whole content."""
        node = self._get(path, cred)
        if node.kind == "d":
            raise fault(errno.EISDIR, path)
        if node.kind == "s":
            raise fault(errno.ENXIO, path)
        self._need(node, READ, cred, path)
        return node.function() if node.function is not None else bytes(node.data)

    def read_at(self, path: str, offset: int, size: int, cred: Cred = ROOT) -> bytes:
        """Up to `size` bytes from `offset`: pread(2)."""
        node = self._get(path, cred)
        self._need(node, READ, cred, path)
        return bytes(node.data[offset : offset + size])

    def _writable(self, path: str, cred: Cred, mode: int, exclusive: bool) -> Inode:
        directory, name, node = self._walk(path, cred, not exclusive)
        if node is None:
            if path.endswith("/"):
                raise fault(errno.EISDIR, path)
            return self._enter(directory, name, cred, path, "-", mode)
        if exclusive:
            raise fault(errno.EEXIST, path)
        if node.kind == "d":
            raise fault(errno.EISDIR, path)
        self._need(node, WRITE, cred, path)
        if node.kind == "s":
            raise fault(errno.ENXIO, path)
        if node.function is not None:
            raise fault(errno.EACCES, path)
        return self._own(node)

    def _to_device(self, node: Inode, path: str) -> bool:
        if node.kind == "c" and node.target == "full":
            raise fault(errno.ENOSPC, path)
        return node.kind in "cp"

    def write(self, path: str, data: bytes, cred: Cred = ROOT, mode: int = 0o666, exclusive: bool = False) -> None:
        """Replace the content; a missing file is created with `mode` less the umask. `exclusive`: it must be new (O_EXCL)."""
        node = self._writable(path, cred, mode, exclusive)
        if self._to_device(node, path):
            return
        self._account(len(data) - len(node.data), path)
        node.data = bytearray(data)
        if node.program:
            node.program = ""
        self._touch(node)

    def append(self, path: str, data: bytes, cred: Cred = ROOT, mode: int = 0o666) -> None:
        """Add at the end (O_APPEND|O_CREAT)."""
        node = self._writable(path, cred, mode, False)
        if self._to_device(node, path):
            return
        self._account(len(data), path)
        node.data += data
        self._touch(node)

    def pwrite(self, path: str, offset: int, data: bytes, cred: Cred = ROOT) -> None:
        """Overwrite in place at `offset`: pwrite(2). The file must exist."""
        self._get(path, cred)
        node = self._writable(path, cred, 0, False)
        end = offset + len(data)
        if end > len(node.data):
            self._account(end - len(node.data), path)
            node.data.extend(bytes(end - len(node.data)))
        node.data[offset:end] = data
        self._touch(node)

    def truncate(self, path: str, size: int, cred: Cred = ROOT) -> None:
        """Cut or zero-fill to `size` bytes: truncate(2)."""
        self._get(path, cred)
        node = self._writable(path, cred, 0, False)
        self._account(size - len(node.data), path)
        node.data = node.data[:size] + bytearray(max(0, size - len(node.data)))
        self._touch(node)

    # -- names that come and go -----------------------------------------------------------------------------------------

    def mkdir(self, path: str, cred: Cred = ROOT, mode: int = 0o777, parents: bool = False) -> None:
        """mkdir(2); with `parents` also the missing ones above, and no error if it is there (mkdir -p)."""
        if parents:
            parts = [part for part in path.split("/") if part]
            for end in range(1, len(parts) + 1):
                here = "/" + "/".join(parts[:end])
                directory, name, node = self._walk(here, cred, True)
                if node is None:
                    self._enter(directory, name, cred, here, "d", mode)
                elif node.kind != "d":
                    raise fault(errno.ENOTDIR if end < len(parts) else errno.EEXIST, here)
            return
        directory, name, node = self._walk(path.rstrip("/") or "/", cred, False)
        if node is not None:
            raise fault(errno.EEXIST, path)
        self._enter(directory, name, cred, path, "d", mode)

    def unlink(self, path: str, cred: Cred = ROOT) -> None:
        """unlink(2): remove a name that is not a directory."""
        directory, name, node = self._walk(path, cred, False)
        if node is None:
            raise fault(errno.ENOENT, path)
        if node.kind == "d":
            raise fault(errno.EISDIR, path)
        self._may_delete(directory, node, cred, path)
        self._leave(directory, name, node)

    def rmdir(self, path: str, cred: Cred = ROOT) -> None:
        """rmdir(2)."""
        directory, name, node = self._walk(path.rstrip("/") or "/", cred, False)
        if node is None:
            raise fault(errno.ENOENT, path)
        if node.kind != "d":
            raise fault(errno.ENOTDIR, path)
        if node.ino == self._root:
            raise fault(errno.EBUSY, path)
        self._may_delete(directory, node, cred, path)
        if node.entries:
            raise fault(errno.ENOTEMPTY, path)
        self._leave(directory, name, node)

    def rmtree(self, path: str, cred: Cred = ROOT) -> None:
        """Remove a path and all below it; stops at the first error."""
        entry = self.stat(path, cred, follow=False)
        if not entry.is_dir:
            self.unlink(path, cred)
            return
        for name in self.listdir(path, cred):
            self.rmtree(f"{path.rstrip('/')}/{name}", cred)
        self.rmdir(path, cred)

    def rename(self, old: str, new: str, cred: Cred = ROOT) -> None:
        """rename(2): atomically, an existing `new` is replaced."""
        directory, name, node = self._walk(old.rstrip("/"), cred, False)
        if node is None:
            raise fault(errno.ENOENT, old, new)
        to_directory, to_name, target = self._walk(new.rstrip("/"), cred, False)
        self._may_delete(directory, node, cred, old)
        self._need(to_directory, WRITE | EXECUTE, cred, new)
        if target is not None and target.ino == node.ino:
            return
        if node.kind == "d":
            self._no_cycle(node, to_directory, old, new)
        if target is not None:
            self._make_room(to_directory, to_name, target, node, cred, new)
        directory = self._own(directory)
        del directory.entries[name]
        self._touch(directory)
        to_directory = self._own(self._inodes[to_directory.ino])
        to_directory.entries[to_name] = node.ino
        self._touch(to_directory)
        node = self._own(node)
        node.ctime = self.clock.now
        if node.kind == "d" and directory.ino != to_directory.ino:
            node.parent = to_directory.ino
            directory.nlink -= 1
            to_directory.nlink += 1

    def _no_cycle(self, node: Inode, above: Inode, old: str, new: str) -> None:
        while above.ino != self._root:
            if above.ino == node.ino:
                raise fault(errno.EINVAL, old, new)
            above = self._inodes[above.parent]

    def _make_room(self, directory: Inode, name: str, target: Inode, node: Inode, cred: Cred, new: str) -> None:
        self._may_delete(directory, target, cred, new)
        if target.kind == "d" and node.kind != "d":
            raise fault(errno.EISDIR, new)
        if node.kind == "d" and target.kind != "d":
            raise fault(errno.ENOTDIR, new)
        if target.entries:
            raise fault(errno.ENOTEMPTY, new)
        self._leave(directory, name, target)

    def link(self, old: str, new: str, cred: Cred = ROOT) -> None:
        """link(2): a further name for a file."""
        node = self._get(old, cred, follow=False)
        if node.kind == "d":
            raise fault(errno.EPERM, old, new)
        directory, name, there = self._walk(new, cred, False)
        if there is not None:
            raise fault(errno.EEXIST, old, new)
        self._need(directory, WRITE | EXECUTE, cred, new)
        directory, node = self._own(directory), self._own(node)
        directory.entries[name] = node.ino
        node.nlink += 1
        node.ctime = self.clock.now
        self._touch(directory)

    def symlink(self, target: str, path: str, cred: Cred = ROOT) -> None:
        """symlink(2)."""
        directory, name, node = self._walk(path, cred, False)
        if node is not None:
            raise fault(errno.EEXIST, target, path)
        inode = self._enter(directory, name, cred, path, "l", 0o777)
        inode.target, inode.mode = target, 0o777

    def readlink(self, path: str, cred: Cred = ROOT) -> str:
        """readlink(2)."""
        node = self._get(path, cred, follow=False)
        if node.kind != "l":
            raise fault(errno.EINVAL, path)
        return node.target

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

    # -- attributes -----------------------------------------------------------------------------------------------------

    def chmod(self, path: str, mode: int, cred: Cred = ROOT, follow: bool = True) -> None:
        """chmod(2): the owner or root."""
        node = self._get(path, cred, follow)
        if cred.uid not in (0, node.uid):
            raise fault(errno.EPERM, path)
        node = self._own(node)
        node.mode = mode & 0o7777
        self._touch(node, modified=False)

    def chown(self, path: str, uid: int, gid: int, cred: Cred = ROOT, follow: bool = True) -> None:
        """chown(2); -1 keeps. Only root gives files away; an owner may choose among his groups."""
        node = self._get(path, cred, follow)
        gives_away = uid not in (-1, node.uid) or (gid not in (-1, node.gid) and not cred.in_group(gid))
        if cred.uid and (gives_away or cred.uid != node.uid):
            raise fault(errno.EPERM, path)
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
