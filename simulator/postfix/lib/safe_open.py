"""Opening a file that others may have had their hands on: safe_open(3).

A mailbox must be a file with one name, not a symbolic link (unless root made it in a directory where only root writes).
"""

from __future__ import annotations

import errno
import os
import posixpath

from simulator.unix.fs import WRITE, Cred, Fs, Stat

#: Kinds that a writer without a reader cannot open: fifo and socket (open(2) ENXIO).
_NEEDS_READER = "ps"


class MailboxError(Exception):
    """The mailbox cannot be used. `reason` is the text for the log, `code` the errno that decides what becomes of the mail."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


def _open_error(text: str, error: OSError) -> MailboxError:
    return MailboxError(f"{text}: {error.strerror}", error.errno or 0)


def _open_for_append(fs: Fs, path: str, cred: Cred) -> Stat:
    """open(2) with O_WRONLY|O_APPEND|O_NONBLOCK. Raises OSError."""
    entry = fs.stat(path, cred)
    code = errno.EISDIR if entry.is_dir else 0 if fs.access(path, WRITE, cred) else errno.EACCES
    if not code and entry.kind in _NEEDS_READER:
        code = errno.ENXIO
    if code:
        raise OSError(code, os.strerror(code), path)
    return entry


def _link_allowed(fs: Fs, path: str, link: Stat, cred: Cred) -> bool:
    """A link of root's in a directory that only root may write to is followed."""
    if link.uid != 0:
        return False
    try:
        parent = fs.stat(posixpath.dirname(path) or "/", cred)
    except OSError:
        return False
    return parent.uid == 0 and not parent.mode & 0o022


def _existing(fs: Fs, path: str, cred: Cred) -> Stat:
    try:
        entry = _open_for_append(fs, path, cred)
    except OSError as error:
        raise _open_error("cannot open file", error) from error
    if entry.nlink != 1:
        raise MailboxError(f"file has {entry.nlink} hard links", errno.EPERM)
    link = fs.stat(path, cred, follow=False)
    if link.is_link and not _link_allowed(fs, path, link, cred):
        raise MailboxError("file is a symbolic link", errno.EPERM)
    return entry


def _new(fs: Fs, path: str, cred: Cred, mode: int, owner: tuple[int, int] | None) -> Stat:
    try:
        fs.write(path, b"", cred, mode, exclusive=True)
    except OSError as error:
        raise _open_error("cannot create file exclusively", error) from error
    if owner is not None:
        fs.chown(path, *owner, cred)
    return fs.stat(path, cred)


def safe_open(fs: Fs, path: str, cred: Cred, mode: int = 0o600, owner: tuple[int, int] | None = None) -> Stat:
    """Make sure that the file is there and may be appended to; a new one gets `mode` and, from root's hands, `owner`.

    Returns what it is at this moment. Raises MailboxError.
    """
    try:
        return _existing(fs, path, cred)
    except MailboxError as trouble:
        if trouble.code != errno.ENOENT:
            raise
    try:
        return _new(fs, path, cred, mode, owner)
    except MailboxError as trouble:
        if trouble.code != errno.EEXIST:
            raise
    # The name is there but leads nowhere: a dangling symbolic link.
    return _existing(fs, path, cred)
