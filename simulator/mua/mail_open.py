"""How mail(1) opens a mailbox: an mbox file, one that it may make, or a Maildir; and what it says when it cannot."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from simulator.mua.maildir import Maildir, is_maildir
from simulator.mua.mbox import Mbox, NotAnMbox
from simulator.unix.fs import READ, WRITE

if TYPE_CHECKING:
    from simulator.mua.mail_session import Session

NO_ENTRY = "Requested item not found"


def open_mailbox(session: Session, path: str, shown: str | None, create: bool = True) -> Mbox | Maildir | None:
    """Open a mailbox; None after the real program's words. `shown` is the name for "Cannot create mailbox", after which
    `session.is_unusable` is true."""
    fs, cred = session.process.fs, session.process.caller
    exists = fs.exists(path, cred)
    box: Mbox | Maildir
    try:
        if exists and is_maildir(fs, path, cred):
            box = Maildir(fs, path, cred)
        elif exists and not _may_be_mbox(session, path):
            raise NotAnMbox
        else:
            box = Mbox(fs, path, cred, create=create and not exists, readonly=exists and not fs.access(path, WRITE, cred))
    except NotAnMbox:
        session.is_unusable = True
        session.error("Cannot create mailbox" + (f" {shown}" if shown else "") + f": {NO_ENTRY}")
        return None
    except OSError as error:
        # Where no file may be made, the program tries to read one, and that is what its message is about.
        reason = "No such file or directory" if not exists and error.errno == errno.EACCES and _is_missing(session, path) else error.strerror
        session.error(f"Cannot open mailbox {path}: {reason}")
        return None
    if box.readonly:
        session.error("mailbox opened read-only")
    return box


def _may_be_mbox(session: Session, path: str) -> bool:
    """Raises PermissionError for a directory whose content is not to be seen."""
    fs, cred = session.process.fs, session.process.caller
    entry, readable = fs.stat(path, cred), fs.access(path, READ, cred)
    if entry.is_dir and not readable:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    return entry.is_file and (readable or not entry.size)


def _is_missing(session: Session, path: str) -> bool:
    try:
        session.process.fs.stat(path, session.process.caller)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False
