"""The queue directories under /var/spool/postfix (postconf(5) queue_directory): where queue files are, who may touch them.

    spool = Spool.open(fs, params, cred)
    queue_id = spool.enter("maildrop", data, mode=0o744)
    spool.path("deferred", queue_id); spool.read(...); spool.rename(queue_id, "incoming", "active"); spool.remove("bounce", queue_id)

A queue file is ready when its owner may read, write and execute it: the execute bit is set last. All others are invisible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from simulator.postfix.lib.queue_id import Hashing, is_valid, long_id, short_id
from simulator.unix.fs import Cred, Fs, Inode, Stat

MAILDROP, INCOMING, ACTIVE, DEFERRED, HOLD, CORRUPT = "maildrop", "incoming", "active", "deferred", "hold", "corrupt"
BOUNCE, DEFER, TRACE, FLUSH, SAVED = "bounce", "defer", "trace", "flush", "saved"

READY = 0o700
CORRUPTED = 0o400
#: postsuper(1) -H and -r mark a file so that qmgr(8) forgets about dead destinations for it; -e and -f that it is expired.
UNTHROTTLE = 0o040
EXPIRE = 0o010

_DIRECTORY_MODE = 0o700
# Two files that are made at one moment of virtual time still get different microseconds, as on a host that takes its time.
_TICK = 7919


class HasParameters(Protocol):
    """What this module needs of Parameters."""

    def __getitem__(self, name: str) -> str: ...
    def bool(self, name: str) -> bool: ...
    def int(self, name: str) -> int: ...


@dataclass(slots=True)
class Spool:
    """Queue files as one user sees them."""

    fs: Fs
    cred: Cred
    directory: str
    hashing: Hashing
    long_ids: bool

    @classmethod
    def open(cls, fs: Fs, params: Any, cred: Cred) -> Spool:
        """By postconf(5) queue_directory, hash_queue_names, hash_queue_depth, enable_long_queue_ids."""
        names = frozenset(params["hash_queue_names"].replace(",", " ").lower().split())
        hashing = Hashing(names, params.int("hash_queue_depth"))
        return cls(fs, cred, params["queue_directory"], hashing, params.bool("enable_long_queue_ids"))

    def relative(self, queue: str, queue_id: str) -> str:
        """`deferred/A/A1B2C3`: as messages and postcat(1) name the file."""
        return f"{queue}/{self.hashing.subdirectories(queue, queue_id)}{queue_id}"

    def path(self, queue: str, queue_id: str) -> str:
        """The absolute path."""
        return f"{self.directory}/{queue}/{self.hashing.subdirectories(queue, queue_id)}{queue_id}"

    def now(self) -> tuple[int, int]:
        """Seconds and microseconds for the next name."""
        now = self.fs.clock.now
        return int(now), int(now * 1e6) % 1_000_000

    def enter(self, queue: str, data: bytes = b"", mode: int = 0o600) -> str:
        """Make a new file under a name of its own; its id. Raises OSError."""
        seconds, microseconds = self.now()
        temporary = f"{self.directory}/{queue}/{microseconds}.new"
        self.fs.write(temporary, data, self.cred, mode, exclusive=True)
        inode = self.fs.stat(temporary).ino
        microseconds = (microseconds + inode * _TICK % 1000) % 1_000_000
        queue_id = long_id(seconds, microseconds, inode) if self.long_ids else short_id(microseconds, inode)
        path = self.path(queue, queue_id)
        self._make_way(path)
        self.fs.rename(temporary, path, self.cred)
        return queue_id

    def _make_way(self, path: str) -> None:
        directory = path.rpartition("/")[0]
        if not self.fs.exists(directory):
            self.fs.mkdir(directory, self.cred, _DIRECTORY_MODE, parents=True)

    def rename(self, queue_id: str, old: str, new: str) -> None:
        """Move a file to another queue. Raises OSError."""
        source, path = self.path(old, queue_id), self.path(new, queue_id)
        try:
            self.fs.rename(source, path, self.cred)
        except FileNotFoundError:
            self._make_way(path)
            self.fs.rename(source, path, self.cred)

    def remove(self, queue: str, queue_id: str) -> bool:
        """Remove a file; False if there was none. Raises other OSErrors."""
        try:
            self.fs.unlink(self.path(queue, queue_id), self.cred)
        except FileNotFoundError:
            return False
        return True

    def exists(self, queue: str, queue_id: str) -> bool:
        """Is there such a file?"""
        return self.fs.exists(self.path(queue, queue_id))

    def read(self, queue: str, queue_id: str) -> bytes:
        """The whole file. Raises OSError."""
        return self.fs.read(self.path(queue, queue_id), self.cred)

    def write(self, queue: str, queue_id: str, data: bytes, mode: int = 0o600) -> None:
        """Replace or make a file. Raises OSError."""
        path = self.path(queue, queue_id)
        self._make_way(path)
        self.fs.write(path, data, self.cred, mode)

    def append(self, queue: str, queue_id: str, data: bytes, mode: int = 0o600) -> None:
        """Add to a file or make it. Raises OSError."""
        path = self.path(queue, queue_id)
        try:
            self.fs.append(path, data, self.cred, mode)
        except FileNotFoundError:
            self._make_way(path)
            self.fs.append(path, data, self.cred, mode)

    def ready(self, queue: str, queue_id: str) -> Stat | None:
        """The file's attributes if it is a queue file that may be opened: a plain file with a valid name and its execute bit."""
        if not is_valid(queue_id):
            return None
        try:
            entry = self.fs.stat(self.path(queue, queue_id), self.cred, follow=False)
        except FileNotFoundError:
            return None
        if not entry.is_file or entry.mode & 0o700 != READY:
            return None
        return entry

    def ids(self, queue: str) -> Iterator[str]:
        """The names in a queue, those in its hash directories too. Raises OSError where a directory may not be read."""
        yield from self._names(f"{self.directory}/{queue}")

    def due(self, queue: str, when: float | None) -> Iterator[str]:
        """The names in a queue whose time stamp is not later than `when` (None: all). Raises OSError."""
        if when is None:
            yield from self.ids(queue)
            return
        yield from self._due(f"{self.directory}/{queue}", when)

    def _due(self, directory: str, when: float) -> Iterator[str]:
        for name, inode in _ordered(self.fs.scandir(directory, self.cred)):
            if inode.kind == "d" and len(name) == 1:
                yield from self._due(f"{directory}/{name}", when)
            elif inode.mtime <= when:
                yield name

    def _names(self, directory: str) -> Iterator[str]:
        for name, inode in _ordered(self.fs.scandir(directory, self.cred)):
            if inode.kind == "d" and len(name) == 1:
                yield from self._names(f"{directory}/{name}")
            else:
                yield name


def _ordered(entries: list[tuple[str, Inode]]) -> list[tuple[str, Inode]]:
    """Newest first: readdir(3) promises no order, but a lab is to repeat itself, and so it is on a tmpfs."""
    return entries[::-1]
