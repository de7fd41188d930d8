"""Reading and writing what is in a file: open(2), read(2), write(2), truncate(2)."""

from __future__ import annotations

import errno

from simulator.unix.fs_paths import Paths
from simulator.unix.inode import READ, ROOT, WRITE, Cred, Inode, fault


class Content(Paths):
    """What is in files."""

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
