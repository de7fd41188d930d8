"""A mailbox file that is open and locked: mbox_open(3), dot_lockfile(3).

    box = await MailboxFile.open(fs, clock, "/var/mail/anna", cred, locks)
    try:
        box.append(copy, limit)
    finally:
        box.release()

Locks by fcntl(2) and flock(2) have no effect here, as no other program of the lab holds one for any length of time; the
lock file `NAME.lock` is real and is waited for (postconf(5) mailbox_delivery_lock, deliver_lock_attempts, deliver_lock_delay).
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.postfix.lib.name_mask import required_names
from simulator.postfix.lib.reason import Reason
from simulator.postfix.lib.safe_open import MailboxError, safe_open
from simulator.postfix.lib.sys_exits import EX_IOERR, exit_detail
from simulator.unix.fs import Cred, Fs, Stat

if TYPE_CHECKING:
    from simulator.postfix.lib.parameters import Parameters

_TRY_AGAIN: Final = frozenset((errno.EAGAIN, errno.ESTALE))
_BOX_FULL: Final = frozenset((errno.EDQUOT, errno.EFBIG))


def mailbox_dsn(code: int, default: str) -> str:
    """The enhanced status code for an errno: mbox_dsn(3)."""
    if code in _TRY_AGAIN:
        return "4.2.0"
    if code == errno.ENOSPC:
        return "4.3.0"
    return "5.2.2" if code in _BOX_FULL else default


@dataclass(frozen=True, slots=True)
class MailboxLocks:
    """How mailboxes are locked, as postconf(5) says. `dotlock`: with NAME.lock; waits are in seconds."""

    dotlock: bool
    attempts: int
    delay: float
    stale: float

    @classmethod
    def read(cls, params: Parameters, name: str) -> MailboxLocks:
        """By the parameter `name`. Raises Fatal for an unknown or an empty list of methods."""
        # The parameter's name in the message is always that of local(8): mbox_lock_mask(3).
        methods = required_names("mailbox_delivery_lock", ("flock", "fcntl", "dotlock"), params[name])
        return cls(
            "dotlock" in methods, params.int("deliver_lock_attempts"), params.time("deliver_lock_delay"), params.time("stale_lock_time")
        )


async def dot_lock(fs: Fs, now: Callable[[], float], path: str, cred: Cred, locks: MailboxLocks) -> None:
    """Make `path.lock`, waiting for one that is there, removing one that is too old. Raises MailboxError."""
    lock = f"{path}.lock"
    for attempt in range(1, max(locks.attempts, 1) + 1):
        try:
            fs.write(lock, b"", cred, 0, exclusive=True)
            return
        except OSError as error:
            trouble = error
        if attempt >= locks.attempts or trouble.errno != errno.EEXIST:
            break
        try:
            if now() > fs.stat(lock, cred).ctime + locks.stale:
                fs.unlink(lock, cred)
        except OSError as error:
            trouble = error
            if error.errno != errno.ENOENT:
                break
        await asyncio.sleep(locks.delay)
    raise MailboxError(f"unable to create lock file {lock}: {trouble.strerror}", trouble.errno or 0)


def dot_unlock(fs: Fs, path: str, cred: Cred) -> None:
    """Remove `path.lock`, if it is (still) there."""
    if fs.exists(f"{path}.lock", cred):
        fs.unlink(f"{path}.lock", cred)


@dataclass(frozen=True, slots=True)
class MailboxFile:
    """The open mailbox. `stat` is what it was when it was opened."""

    fs: Fs
    path: str
    cred: Cred
    stat: Stat
    locked: bool

    @classmethod
    async def open(
        cls,
        fs: Fs,
        now: Callable[[], float],
        path: str,
        cred: Cred,
        locks: MailboxLocks,
        owner: tuple[int, int] | None = None,
        lock_may_fail: Callable[[str], None] | None = None,
    ) -> MailboxFile:
        """Open or create the file as `cred` and lock it. `owner` gets a new file; `lock_may_fail` is told of a lock file
        that cannot be made, where mail may do without. Raises MailboxError."""
        locked = locks.dotlock and _wants_lock(fs, path, cred)
        if locked:
            try:
                await dot_lock(fs, now, path, cred, locks)
            except MailboxError as trouble:
                if trouble.code == errno.EEXIST:
                    raise MailboxError(trouble.reason, errno.EAGAIN) from trouble
                if lock_may_fail is None:
                    raise
                lock_may_fail(trouble.reason)
                locked = False
        try:
            return cls(fs, path, cred, safe_open(fs, path, cred, 0o600, owner), locked)
        except MailboxError:
            if locked:
                dot_unlock(fs, path, cred)
            raise

    def append(self, copy: bytes, limit: int) -> None:
        """Add a message; nothing of it stays when it does not fit. `limit`: the largest file in bytes, 0 for none. Raises MailboxError."""
        size = self.fs.stat(self.path).size
        try:
            if self.stat.is_file and limit and size + len(copy) > limit:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            # The file is open already: the rights were those of that moment.
            self.fs.append(self.path, copy)
        except OSError as error:
            raise MailboxError(f"error writing message: {error.strerror}", error.errno or 0) from error

    def release(self) -> None:
        """Unlock."""
        if self.locked:
            dot_unlock(self.fs, self.path, self.cred)


def _wants_lock(fs: Fs, path: str, cred: Cred) -> bool:
    """A lock file is for regular files, and for what is not there or cannot be seen."""
    try:
        return fs.stat(path, cred).is_file
    except OSError:
        return True


def open_reason(trouble: MailboxError, default: str) -> Reason:
    """Why a mailbox could not be opened."""
    return Reason(mailbox_dsn(trouble.code, default), trouble.reason)


def write_reason(trouble: MailboxError) -> Reason:
    """Why a message could not be written."""
    return Reason.unix(mailbox_dsn(trouble.code, "5.3.0"), exit_detail(EX_IOERR).text, trouble.reason)
