"""Queue files as postsuper(1) moves and removes them, and what it counts on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.postfix.lib.msg import Fatal, Msg
from simulator.postfix.lib.queue_id import inode_of, is_long
from simulator.postfix.lib.spool import (
    ACTIVE,
    BOUNCE,
    DEFER,
    DEFERRED,
    EXPIRE,
    FLUSH,
    HOLD,
    INCOMING,
    MAILDROP,
    READY,
    TRACE,
    Spool,
)  # fmt: skip
from simulator.unix.fs import Stat

#: Directories with messages; the others hold logs or lists of ids.
MESSAGE_QUEUES = (MAILDROP, INCOMING, ACTIVE, DEFERRED, HOLD)
LOG_QUEUES = (BOUNCE, DEFER, TRACE)
_QUEUES = frozenset((*MESSAGE_QUEUES, *LOG_QUEUES, FLUSH))
_DIRECTORY_MODE = 0o700
_READ_AND_WRITE = 6
_SHORT_TIME = 5


@dataclass(slots=True)
class Tally:
    """How many messages an action concerned."""

    requeued: int = 0
    held: int = 0
    released: int = 0
    deleted: int = 0
    expired: int = 0
    inode_fixed: int = 0
    inode_mismatch: int = 0
    position_mismatch: int = 0


def holds_messages(queue: str) -> bool:
    """Is this a directory with messages? Raises Fatal for names that are no queue."""
    if queue not in _QUEUES:
        raise Fatal(f"invalid directory name: {queue}")
    return queue in MESSAGE_QUEUES


def is_ready(entry: Stat) -> bool:
    """Is the file complete?"""
    return entry.mode & 0o700 == READY


def inode_in(queue_id: str) -> int:
    """The inode number in an id, 0 for a short id of time only. Raises ValueError."""
    return 0 if not is_long(queue_id) and len(queue_id) <= _SHORT_TIME else inode_of(queue_id)


class Files:
    """Files by their names relative to the queue directory, with the rights of the mail owner."""

    def __init__(self, spool: Spool, msg: Msg) -> None:
        self.spool, self.msg, self.fs = spool, msg, spool.fs

    def note(self, event: str, queue_id: str) -> None:
        """What was done with a message, for the trace."""
        host = self.msg.process.host
        host.lab.trace.add(host.name, "postsuper", event, queue_id, user=self.msg.process.user)

    def absolute(self, path: str) -> str:
        """The path for the file system."""
        return f"{self.spool.directory}/{path}"

    def stat(self, path: str) -> Stat | None:
        """The file's attributes, links not followed; None when it is gone."""
        try:
            return self.fs.stat(self.absolute(path), self.spool.cred, follow=False)
        except OSError:
            return None

    def names(self, directory: str) -> list[str]:
        """What lies in a directory. Raises Fatal."""
        try:
            return self.fs.listdir(self.absolute(directory), self.spool.cred)
        except OSError as error:
            raise Fatal(f"scan_dir_push: open directory {directory}: {error.strerror}") from error

    def open_ok(self, queue: str, queue_id: str) -> str | None:
        """The path of a complete queue file, with a warning about others that bear its name: mail_open_ok(3)."""
        path = self.spool.relative(queue, queue_id)
        try:
            entry = self.fs.stat(self.absolute(path), self.spool.cred, follow=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            self.msg.warning(f"{path}: {error.strerror}")
            return None
        if not entry.is_file:
            self.msg.warning(f"{path}: uid {entry.uid}: not a regular file")
            return None
        return path if is_ready(entry) else None

    def remove(self, path: str) -> bool:
        """False if there is no such file. Raises Fatal."""
        try:
            self.fs.unlink(self.absolute(path), self.spool.cred)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Fatal(f"remove file {path}: {error.strerror}") from error
        return True

    def rename(self, old: str, new: str) -> bool:
        """False if there is no such file. Raises Fatal."""
        source, target, cred = self.absolute(old), self.absolute(new), self.spool.cred
        try:
            if not self.fs.exists(source, cred):
                return False
            directory = target.rpartition("/")[0]
            if not self.fs.exists(directory, cred):
                self.fs.mkdir(directory, cred, _DIRECTORY_MODE, parents=True)
            self.fs.rename(source, target, cred)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Fatal(f"rename file {old} as {new}: {error.strerror}") from error
        return True

    def expire(self, path: str) -> bool:
        """Mark a file so that qmgr(8) returns it; False if it is marked already or not complete."""
        entry = self.stat(path)
        if entry is None:
            return False
        if not self.fs.access(self.absolute(path), _READ_AND_WRITE, self.spool.cred):
            self.msg.warning(f"expire file {path}: cannot open file: Permission denied")
            return False
        if not is_ready(entry) or entry.mode & EXPIRE:
            return False
        try:
            self.fs.chmod(self.absolute(path), entry.mode | EXPIRE, self.spool.cred)
        except OSError as error:
            self.msg.warning(f"expire file {path}: cannot set permission: {error.strerror}")
            return False
        return True

    def touch(self, path: str) -> None:
        """Set the time stamps to now."""
        now = int(self.fs.clock.now)
        try:
            self.fs.utime(self.absolute(path), now, now, self.spool.cred)
        except OSError as error:
            self.msg.warning(f"{path}: reset time stamps: {error.strerror}")

    def remove_directory(self, path: str) -> None:
        """Raises Fatal unless it is gone."""
        try:
            self.fs.rmdir(self.absolute(path), self.spool.cred)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Fatal(f"remove directory {path}: {error.strerror}") from error

    def logs_of(self, queue_id: str) -> Iterator[str]:
        """Where the logs of a message may be."""
        for queue in LOG_QUEUES:
            yield self.spool.relative(queue, queue_id)
