"""Where procmail puts mail: files, Maildirs (name/), MH folders (name/.) and directories, and the lock files beside them."""

from __future__ import annotations

import errno
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from simulator.mda.procmail_session import with_blank_line
from simulator.unix.fs import Cred

if TYPE_CHECKING:
    from simulator.mda.procmail_session import Session

_FILE, _MAILDIR, _MH, _DIRECTORY = "file", "maildir", "mh", "directory"
_NULL: Final = "/dev/null"
_FILE_MODE, _DIRECTORY_MODE, _LOCK_MODE = 0o666, 0o777, 0o444
#: How often a lock whose directory is missing is tried: nfsTRY.
_PERMANENT_TRIES: Final = 7


# -- locks ------------------------------------------------------------------------------------------------------------


def lock(session: Session, name: str) -> bool:
    """Make a lock file, waiting for one that is there; an old one is taken over (LOCKTIMEOUT)."""
    path, tries = session.path(name), _PERMANENT_TRIES
    while True:
        session.tell("Locking", name)
        try:
            session.fs.write(path, b"0", _lock_cred(session, path), _LOCK_MODE, exclusive=True)
            return True
        except OSError as error:
            if error.errno == errno.EEXIST:
                _override(session, name, path)
                tries = _PERMANENT_TRIES
            elif error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENOSPC) and tries > 1:
                tries -= 1
            else:
                session.say_of("Lock failure on", name)
                return False
        session.process.sleep(session.numbers["LOCKSLEEP"])


def _lock_cred(session: Session, path: str) -> Cred:
    return session.spool_cred if path == session.spool_lock else session.cred


def _override(session: Session, name: str, path: str) -> None:
    limit = session.numbers["LOCKTIMEOUT"]
    entry = session.fs.stat(path, follow=False)
    if limit and entry.size <= 16 and session.process.clock.now - entry.mtime > limit:
        try:
            session.fs.unlink(path, _lock_cred(session, path))
        except OSError:
            session.say_of("Forced unlock denied on", name)
            return
        session.say_of("Forcing lock on", name)
        session.process.sleep(session.numbers["SUSPEND"])


def lock_local(session: Session, explicit: str | None, folder: str) -> None:
    """The second colon of a recipe: the named lock file, or that of the folder."""
    if explicit is None and folder in (_NULL, "|"):
        return
    name = explicit if explicit is not None else folder + session.get("LOCKEXT")
    if session.global_lock and name == session.global_lock:
        session.say_of("Deadlock attempted on", name)
        return
    if name != session.local_lock:
        unlock_local(session)
        if name and lock(session, name):
            session.local_lock = name


def unlock_local(session: Session) -> None:
    session.local_lock = _unlock(session, session.local_lock)


def unlock_global(session: Session) -> None:
    session.global_lock = _unlock(session, session.global_lock)


def _unlock(session: Session, name: str) -> str:
    if name:
        session.tell("Unlocking", name)
        try:
            session.fs.unlink(session.path(name), _lock_cred(session, session.path(name)))
        except OSError:
            session.say_of("Couldn't unlock", name)
    return ""


# -- folders ----------------------------------------------------------------------------------------------------------


def write_folder(session: Session, names: list[str], text: str, ignore_errors: bool, use_lock: bool, raw: bool = False) -> bool:
    """Write to a folder; further ones, which must be directories, get links. True if that worked."""
    name, kind = _kind(session, names[0])
    if kind == _FILE:
        if len(names) > 1:
            session.say_of("Skipped", " ".join(names[1:]))
        return _write_file(session, name, text, ignore_errors, use_lock, raw)
    written = _write_directory(session, name, kind, text, raw)
    if written is None:
        return False
    session.set_last_folder(written)
    session.offset = 0
    for other in names[1:]:
        _link(session, written, other)
    return True


def _kind(session: Session, name: str) -> tuple[str, str]:
    """The folder without what tells its kind, and the kind."""
    if name.endswith("/.") and len(name) > 2:
        return name[:-2].rstrip("/") or "/", _MH
    if name.endswith("/") and len(name) > 1:
        return name.rstrip("/") or "/", _MAILDIR
    path = session.path(name)
    if session.fs.exists(path, session.cred) and session.fs.stat(path, session.cred).is_dir:
        return name, _DIRECTORY
    return name, _FILE


def _write_file(session: Session, name: str, text: str, ignore_errors: bool, use_lock: bool, raw: bool) -> bool:
    path, fs = session.path(name), session.fs
    if name == _NULL:
        session.set_last_folder(name)
        session.last_length, session.offset = len(text), -1
        return True
    if use_lock:
        lock_local(session, None, name)
    session.set_last_folder(name)
    try:
        session.tell("Opening", name)
        if not fs.exists(path, session.cred):
            fs.write(path, b"", session.cred, _FILE_MODE)
        if session.verbose:
            session.say("Acquiring kernel-lock\n")
        before = fs.stat(path, session.cred)
        session.offset = before.size
        fs.append(path, _as_mailbox(session, text, raw).encode("latin-1", "replace"), session.cred)
        if not raw and int(before.atime) == int(session.process.clock.now):
            # Mail readers find new mail by a file that was written later than it was read: wait for the next second.
            session.process.sleep(1)
    except OSError as error:
        return ignore_errors or _write_failed(session, name, error)
    return True


def _write_failed(session: Session, name: str, error: OSError) -> bool:
    texts = {errno.ENOSPC: "No space left to finish writing", errno.EDQUOT: "Quota exceeded while writing"}
    session.say_of(texts.get(error.errno or 0, "Error while writing to"), name)
    return False


def _as_mailbox(session: Session, text: str, raw: bool) -> str:
    """`From ` at the beginning of a line is quoted, and an empty line ends the message."""
    if raw:
        session.last_length = len(text)
        return text
    first, newline, rest = text.partition("\n")
    quoted = first + newline + ("\n" + rest).replace("\nFrom ", "\n>From ")[1:]
    quoted = with_blank_line(quoted)
    session.last_length = len(quoted)
    return quoted


def _write_directory(session: Session, name: str, kind: str, text: str, raw: bool) -> str | None:
    """The file that was made, or None."""
    fs, cred, path = session.fs, session.cred, session.path(name)
    try:
        if kind != _DIRECTORY and not fs.exists(path, cred):
            fs.mkdir(path, cred, _DIRECTORY_MODE)
        if kind == _MAILDIR:
            for part in ("new", "cur", "tmp"):
                if not fs.exists(f"{path}/{part}", cred):
                    fs.mkdir(f"{path}/{part}", cred, _DIRECTORY_MODE)
        content = session.mail.without_from() if kind == _MAILDIR and text == session.mail.text else text
        if kind != _MAILDIR and not raw:
            content = with_blank_line(content)
        session.last_length = len(content)
        return _new_file(session, name, path, kind, content)
    except OSError:
        session.say_of("Unable to treat as directory" if not fs.exists(path, cred) else "Couldn't create or rename temp file", name)
        return None


def _new_file(session: Session, name: str, path: str, kind: str, content: str) -> str:
    process, fs = session.process, session.fs
    unique = f"{int(process.clock.now)}.{process.pid}_0.{process.host.hostname}"
    data = content.encode("latin-1", "replace")
    if kind == _MAILDIR:
        fs.write(f"{path}/tmp/{unique}", data, session.cred, _FILE_MODE, exclusive=True)
        fs.rename(f"{path}/tmp/{unique}", f"{path}/new/{unique}", session.cred)
        return f"{name}/new/{unique}"
    if kind == _MH:
        numbers = [int(entry) for entry in fs.listdir(path, session.cred) if entry.isdigit()]
        final = str(max(numbers, default=0) + 1)
        fs.write(f"{path}/{final}", data, session.cred, _FILE_MODE, exclusive=True)
        return f"{name}/{final}"
    fs.write(f"{path}/_{unique}", data, session.cred, _FILE_MODE, exclusive=True)
    final = session.get("MSGPREFIX") + _base64(fs.stat(f"{path}/_{unique}").ino)
    fs.rename(f"{path}/_{unique}", f"{path}/{final}", session.cred)
    return f"{name}/{final}"


def _base64(number: int) -> str:
    """A number as procmail writes it in file names, least significant digit first."""
    digits = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        text += digits[number % 64]
        number //= 64
    return text


def _link(session: Session, written: str, other: str) -> None:
    name, kind = _kind(session, other)
    path = session.path(name)
    final = f"{path}/new/{posixpath.basename(written)}" if kind == _MAILDIR else f"{path}/{posixpath.basename(written)}"
    session.tell("Linking to", final)
    try:
        session.fs.link(session.path(written), final, session.cred)
    except OSError:
        session.say_of("Couldn't make link to", final)
        return
    session.env["LASTFOLDER"] = f"{session.get('LASTFOLDER')} {final}"


# -- the system mailbox -----------------------------------------------------------------------------------------------


def screen_mailbox(session: Session, path: str) -> bool:
    """Before anything is read: the mailbox in the spool must be the user's, or it is moved out of the way; a missing one
    is made, for the user and the spool's group. False if it cannot be had."""
    fs, directory = session.fs, posixpath.dirname(path)
    writer = replace(session.spool_cred, umask=0o007)
    if fs.exists(path):
        entry = fs.stat(path, follow=False)
        good = entry.uid == session.cred.uid and entry.mode & 0o200 and not entry.is_link
        good = good and (bool(entry.mode & 0o100) if entry.is_dir else entry.nlink == 1)
        if good:
            return True
        session.process.sleep(session.numbers["SUSPEND"])
        bogus = f"{directory}/BOGUS.{session.get('LOGNAME')}.{_base64(entry.ino)}"
        session.say(f'Renaming bogus mailbox "{path}" info "{bogus}"\n')
        try:
            fs.rename(path, bogus, writer)
        except OSError:
            session.process.syslog("procmail", f'Couldn\'t rename bogus "{path}" into "{bogus}"', priority="alert")
            session.say_of("Couldn't create", path)
            return False
        session.process.syslog("procmail", f'Renamed bogus "{path}" into "{bogus}"', priority="crit")
    try:
        fs.write(path, b"", writer, _FILE_MODE, exclusive=True)
    except OSError:
        session.say_of("Couldn't create", path)
        return False
    return True
