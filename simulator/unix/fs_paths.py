"""Path resolution and permissions, and the sharing of inodes between a file system and its forks: path_resolution(7)."""

from __future__ import annotations

import copy
import errno
from typing import Any, Protocol

from simulator.unix.inode import EXECUTE, ROOT, WRITE, Cred, Inode, fault

#: What a small host's disk holds. More is "No space left on device".
CAPACITY_BYTES = 1 << 29
CAPACITY_INODES = 200_000
#: Ways to directories that are remembered, for each user's rights.
KNOWN_DIRECTORIES = 4096
#: Where files of a fresh installation begin: queue ids, which hold the inode number, then look as on a real host.
FIRST_INODE = 0x41001
MAX_LINKS = 40  # path_resolution(7): ELOOP
NAME_MAX, PATH_MAX = 255, 4096


class HasNow(Protocol):
    now: float


class Paths:
    """The inodes of one host and the way to them."""

    def __init__(self, clock: HasNow) -> None:
        self.clock = clock
        self._epoch: object = object()
        self._inodes: dict[int, Inode] = {}
        self._next_ino = 2  # ext4: the root directory
        self._used = 0
        self._directories: dict[tuple[str, int, int, frozenset[int]], int] = {}
        self.capacity = CAPACITY_BYTES
        self._root = self._new("d", 0o755, ROOT).ino
        self._next_ino = FIRST_INODE

    def __deepcopy__(self, memo: dict[int, Any]) -> Paths:
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        twin.clock = copy.deepcopy(self.clock, memo)
        twin._inodes = dict(self._inodes)
        twin._next_ino, twin._used, twin._root, twin.capacity = self._next_ino, self._used, self._root, self.capacity
        self._epoch, twin._epoch = object(), object()
        twin._directories = {}
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
        head, _, name = path.rpartition("/")
        known = self._directories.get((head, cred.uid, cred.gid, cred.groups))
        if known is not None and name not in ("", ".", "..") and len(name) < 64:
            node = self._inodes[known]
            ino = node.entries.get(name)
            child = None if ino is None else self._inodes[ino]
            if child is None or child.kind != "l" or not follow:
                return node, name, child
        return self._walk_all(path, cred, follow, depth)

    def _remember(self, path: str, cred: Cred, directory: Inode) -> None:
        if len(self._directories) >= KNOWN_DIRECTORIES:
            self._directories.clear()
        self._directories[path.rpartition("/")[0], cred.uid, cred.gid, cred.groups] = directory.ino

    def _forget_directories(self, inode: Inode) -> None:
        """A directory or link changed: ways that led through it may lead elsewhere now."""
        if inode.kind in "dl":
            self._directories.clear()

    def _walk_all(self, path: str, cred: Cred, follow: bool, depth: int) -> tuple[Inode, str, Inode | None]:
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
                if not must_be_dir and part != "..":
                    self._remember(path, cred, node)
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
        self._forget_directories(inode)
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
