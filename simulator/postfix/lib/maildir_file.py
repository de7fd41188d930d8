"""Delivery to a Maildir: a file is written to tmp/ and then linked into new/, so that readers see whole messages only.

The directories are made when they are missing. The final name holds time, device, inode and host, as postfix makes it:
`1795528033.V801I2f5cM123456.mail.example.com`.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.postfix.lib.mailbox_file import mailbox_dsn, write_reason
from simulator.postfix.lib.reason import Reason
from simulator.postfix.lib.safe_open import MailboxError
from simulator.unix.fs import Cred, Fs

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.postfix.lib.mail_log import MailLog
    from simulator.unix.host import Host

#: The number of the disk in stat(2), in hexadecimal: the first partition of the first disk.
_DEVICE: Final = "801"
_DIRECTORY_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


class MaildirError(Exception):
    """The message is not in the Maildir. `code` is the errno."""

    def __init__(self, reason: Reason, code: int) -> None:
        super().__init__(reason.text)
        self.reason = reason
        self.code = code


@dataclass(frozen=True, slots=True)
class Maildir:
    """A Maildir, whose path ends with a slash, as one user sees it. `default_dsn` is for errors that have no code of their own."""

    host: Host
    pid: int
    path: str
    cred: Cred
    default_dsn: str

    @property
    def fs(self) -> Fs:
        return self.host.fs

    def deliver(self, copy: bytes, limit: int) -> None:
        """Store one message; `limit` is the largest file in bytes, 0 for none. Raises MaildirError."""
        seconds, fraction = divmod(self.host.clock.now, 1)
        temporary = f"{self.path}tmp/{int(seconds)}.P{self.pid}.{self.host.hostname}"
        self._with_directories(temporary, ("tmp/",), self._create)
        try:
            self._fill(temporary, copy, limit)
            ino = self.fs.stat(temporary).ino
            name = f"{int(seconds)}.V{_DEVICE}I{ino:x}M{int(fraction * 1e6)}.{self.host.hostname}"
            self._with_directories(f"{self.path}new/{name}", ("cur/", "new/"), lambda new: self.fs.link(temporary, new, self.cred))
        finally:
            self.fs.unlink(temporary)

    def _create(self, path: str) -> None:
        self.fs.write(path, b"", self.cred, _FILE_MODE, exclusive=True)

    def _with_directories(self, path: str, wanted: tuple[str, ...], action: Callable[[str], None]) -> None:
        """Do it, and once more after making the directories if there is no such place."""
        try:
            try:
                action(path)
            except FileNotFoundError:
                for name in wanted:
                    make_dirs(self.fs, self.path + name, self.cred)
                action(path)
        except OSError as error:
            code = error.errno or 0
            reason = Reason(mailbox_dsn(code, self.default_dsn), f"create maildir file {path}: {error.strerror}")
            raise MaildirError(reason, code) from error

    def _fill(self, path: str, copy: bytes, limit: int) -> None:
        try:
            if limit and len(copy) > limit:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            self.fs.write(path, copy)
        except OSError as error:
            code = error.errno or 0
            reason = write_reason(MailboxError(f"error writing message: {error.strerror}", code))
            raise MaildirError(reason, code) from error


def make_dirs(fs: Fs, path: str, cred: Cred) -> None:
    """Make a directory and those above it, for this user alone. Raises OSError."""
    parts = [part for part in path.split("/") if part]
    for end in range(1, len(parts) + 1):
        here = "/" + "/".join(parts[:end])
        try:
            if not fs.stat(here, cred).is_dir:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), here)
        except FileNotFoundError:
            fs.mkdir(here, cred, _DIRECTORY_MODE)
            # make_dirs(3) gives the new directory to the user's own group, also below a set-group-ID directory.
            fs.chown(here, -1, cred.gid, cred)


def warn_of_access(log: MailLog, cred: Cred, trouble: MaildirError) -> None:
    """What the log says when rights are missing."""
    log.warning(f"maildir access problem for UID/GID={cred.uid}/{cred.gid}: {trouble.reason.text}")
    log.warning("perhaps you need to create the maildirs in advance")
