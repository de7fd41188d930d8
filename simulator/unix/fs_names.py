"""Names that come and go: mkdir(2), unlink(2), rename(2), link(2), symlink(2)."""

from __future__ import annotations

import errno

from simulator.unix.fs_paths import Paths
from simulator.unix.inode import EXECUTE, READ, ROOT, WRITE, Cred, Inode, fault


class Names(Paths):
    """The directories of one host."""

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
        node = self._get(path, cred, follow=False)
        if node.kind != "d":
            self.unlink(path, cred)
            return
        self._need(node, READ, cred, path)
        for name in list(node.entries):
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
        self._forget_directories(node)
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
