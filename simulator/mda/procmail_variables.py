"""Variables that do something when they are assigned: MAILDIR, LOGFILE, LOG, LOCKFILE, INCLUDERC, HOST ... procmailrc(5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from simulator.mda.procmail_folder import lock, unlock_global
from simulator.mda.procmail_session import NUMBERS, number
from simulator.mda.procmail_source import Source

if TYPE_CHECKING:
    from simulator.mda.procmail_recipe import RcFile
    from simulator.mda.procmail_session import Session

#: An rc file that includes itself ends here; the real one runs out of files.
_INCLUDE_LIMIT: Final = 32


def assign(session: Session, name: str, value: str | None, rc: RcFile | None) -> None:
    """Set a variable (None removes it) and do what belongs to it. `rc` is the file in which it stands."""
    session.assign(name, value)
    text = value or ""
    if name in _ACTIONS:
        _ACTIONS[name](session, text, rc)
    elif name in NUMBERS:
        session.numbers[name] = number(text, session.numbers[name])


def change_directory(session: Session, path: str) -> bool:
    """chdir(2) to MAILDIR."""
    target = session.path(path)
    fs = session.fs
    if not fs.exists(target, session.cred) or not fs.stat(target, session.cred).is_dir or not fs.access(target, 1, session.cred):
        session.say_of("Couldn't chdir to", path)
        return False
    session.cwd = target
    return True


def _maildir(session: Session, text: str, rc: RcFile | None) -> None:
    if not change_directory(session, text):
        session.assign("MAILDIR", ".")


def _logfile(session: Session, text: str, rc: RcFile | None) -> None:
    """The log goes to a file from now on; it is made if it is missing."""
    text = text or "/dev/null"
    path = session.path(text)
    session.tell("Opening", text)
    session.flush()
    try:
        session.fs.append(path, b"", session.cred, 0o666)
    except OSError:
        session.say_of("Error while writing to", text)
        session.process.syslog("procmail", f'Error while writing to "{text}"', priority="notice")
        return
    session.log_file, session.log_opened = path, True


def _log(session: Session, text: str, rc: RcFile | None) -> None:
    session.log(text)


def _exit_code(session: Session, text: str, rc: RcFile | None) -> None:
    session.exit_code_set = True


def _shift(session: Session, text: str, rc: RcFile | None) -> None:
    count = number(text, 0)
    if count > 0:
        del session.arguments[:count]


def _lock_file(session: Session, text: str, rc: RcFile | None) -> None:
    unlock_global(session)
    if text and lock(session, text):
        session.global_lock = text
    elif text:
        session.assign("LOCKFILE", None)


def _comsat(session: Session, text: str, rc: RcFile | None) -> None:
    session.comsat = "@" in text or number(text, -1) != 0


def _umask(session: Session, text: str, rc: RcFile | None) -> None:
    digits = text.strip()
    if digits and all(char in "01234567" for char in digits):
        session.cred = replace(session.cred, umask=int(digits, 8) & 0o777)


def _drop_privileges(session: Session, text: str, rc: RcFile | None) -> None:
    if number(text, 0):
        if session.verbose:
            session.say("Assuming identity of the recipient, VERBOSE=off\n")
        session.drop_privileges()


def _include(session: Session, text: str, rc: RcFile | None) -> None:
    from simulator.mda.procmail_recipe import RcFile

    if rc is None or text in ("", "/dev/null"):
        return
    content = _content(session, text)
    if not content:
        return
    if session.include_depth >= _INCLUDE_LIMIT:
        session.say_of("Couldn't read", text)
        return
    session.include_depth += 1
    RcFile(session, Source(content, text)).run()
    session.include_depth -= 1


#: The real procmail goes round for ever when a file switches to itself.
MOST_SWITCHES = 100


def _switch(session: Session, text: str, rc: RcFile | None) -> None:
    """Go on with another file instead of this one; without a name end here."""
    if rc is None:
        return
    content = "" if text in ("", "/dev/null") else _content(session, text)
    if content is None:
        return
    rc.switches += 1
    if rc.switches > MOST_SWITCHES:
        session.process.err(f"simulator: procmail: {text}: files that switch to each other without end are left here\n")
        content = ""
    rc.stack.clear()
    rc.source.text, rc.source.at, rc.source.name = content, 0, text


def _content(session: Session, name: str) -> str | None:
    try:
        return session.fs.read(session.path(name), session.cred).decode("latin-1")
    except OSError:
        session.say_of("Couldn't read", name)
        return None


def _host(session: Session, text: str, rc: RcFile | None) -> None:
    """A wrong host name ends the rc file."""
    name = session.process.host.hostname
    if text != name:
        session.tell("HOST mismatched", name)
        if rc is not None:
            rc.source.at = len(rc.source.text)


_ACTIONS: Final[dict[str, Callable[[Session, str, RcFile | None], None]]] = {
    "MAILDIR": _maildir,
    "LOGFILE": _logfile,
    "LOG": _log,
    "COMSAT": _comsat,
    "EXITCODE": _exit_code,
    "SHIFT": _shift,
    "LOCKFILE": _lock_file,
    "UMASK": _umask,
    "DROPPRIVS": _drop_privileges,
    "INCLUDERC": _include,
    "SWITCHRC": _switch,
    "HOST": _host,
}
