"""Commands of mail(1) that copy messages to files, change the mailbox, and end the session."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from simulator.mua import mail_show
from simulator.mua.mail_header import unfold
from simulator.mua.mail_mark import mark_read
from simulator.mua.mail_message_list import Rules
from simulator.mua.mail_open import open_mailbox
from simulator.mua.maildir import Maildir
from simulator.mua.mbox import Mbox, MboxMessage, NotAnMbox
from simulator.unix.program import Exit

if TYPE_CHECKING:
    from simulator.mua.mail_session import Session

_LOUD, _KEPT = Rules(silent=False), Rules()


def expand_name(session: Session, name: str) -> str | None:
    """`#` the mailbox before, `&` ~/mbox, `@` that of -f, `%` the system mailbox, `%user`, `+file` below `folder`, `~`."""
    process = session.process
    if name == "#":
        if session.previous is None:
            session.error("No previous file")
        return session.previous
    if name == "@" and session.secondary:
        return session.secondary
    if name == "&":
        return session.mbox_path
    if name.startswith("%"):
        return f"/var/mail/{name[1:]}" if name[1:] else session.system_mailbox
    if name[:1] in ("+", "=") and (folder := session.variables.text("folder")):
        name = posixpath.join(folder, name[1:])
    if name.startswith("~"):
        user, _, rest = name[1:].partition("/")
        account = process.host.users.by_name(user) if user else None
        name = posixpath.join(account.home if account else process.env["HOME"], rest)
    return process.path(name)


def save(session: Session, argv: list[str]) -> int:
    """s[ave] [[msglist] file], S[ave] [msglist]: copy, and forget at the end."""
    return _copy(session, argv, mark=True)


def copy(session: Session, argv: list[str]) -> int:
    """c[opy] [[msglist] file], C[opy] [msglist]."""
    return _copy(session, argv, mark=False)


def _copy(session: Session, argv: list[str], mark: bool) -> int:
    by_sender = argv[0][0].isupper()
    name = "" if by_sender else argv[-1] if len(argv) > 1 else session.mbox_path
    found = session.each(argv if by_sender or len(argv) == 1 else argv[:-1], _LOUD)
    if found is None:
        return 1
    path = expand_name(session, sender_file(found[0][1]) if by_sender else name)
    if path is None:
        return 1
    text = "".join(Mbox.stored(message, f"From {message.sender} {message.date}\n", str(message.header)) for _, message in found)
    data = text.encode("utf-8", "surrogateescape")
    try:
        session.process.append(path, data, 0o600)
    except OSError as error:
        return session.error(f"Cannot open output file {path}: {error.strerror}")
    for _, message in found:
        if mark:
            message.user_flags.add("saved")
    session.out(f'"{path}" {text.count(chr(10)):3d}/{len(data):<5d}\n')
    return 0


def sender_file(message: MboxMessage) -> str:
    """The sender's login name, as a file name."""
    from simulator.mua.mail_address import AddressError, parse

    for name in ("Mail-Followup-To", "Reply-To", "From"):
        value = message.header.get(name)
        if value:
            try:
                return parse(unfold(value))[0].local
            except AddressError:
                continue
    return message.sender.partition("@")[0]


def pipe(session: Session, argv: list[str]) -> int:
    """pi[pe], | [[msglist] command]: the messages, one after the other, to a command's standard input."""
    command = argv[-1] if len(argv) > 1 else session.variables.text("cmd")
    if command is None:
        return session.error('No value set for "cmd"')
    found = session.each(argv[:-1] if len(argv) > 1 else argv, _KEPT)
    if found is None:
        return 1
    end = "\f\n" if session.variables.is_true("page") else ""
    text = "".join(message.text + end for _, message in found)
    for _, message in found:
        mark_read(message)
    run_shell(session, command, text)
    return 0


def run_shell(session: Session, command: str, text: str = "") -> int:
    """A command by $SHELL; its exit status. What it writes is seen."""
    process = session.process
    try:
        done = process.run([process.env.get("SHELL") or "/bin/sh", "-c", command], stdin=text)
    except OSError as error:
        return session.error(f"cannot open `{command}': {error.strerror}")
    session.out(done.stdout)
    process.err(done.stderr)
    return done.exit_code


def change_file(session: Session, argv: list[str]) -> int:
    """fi[le], fold[er] [file]: which mailbox this is, or another one."""
    if len(argv) == 1:
        return mail_show.summary(session, argv)
    if len(argv) > 2:
        return session.error(f"{argv[0]} takes only one argument")
    path = expand_name(session, argv[1])
    box = open_mailbox(session, path, path, create=False) if path else None
    if box is None:
        return 1
    was = session.box.path if session.box else None
    if not close(session):
        return 1
    box.reload()
    session.previous, session.box = was, box
    session.page.reset()
    session.page.select(1)
    if session.variables.is_true("header"):
        session.do("summary")
        session.do("headers")
    return 0


def folders(session: Session, argv: list[str]) -> int:
    """folders: the files below `folder`."""
    if session.variables.text("folder") is None:
        return session.error('No value set for "folder"')
    return session.missing("folders")


def leave(session: Session, argv: list[str]) -> int:
    """ex[it], x[it]: go without storing what was done."""
    if session.box is not None:
        session.box.close()
    raise Exit(0)


def end(session: Session, argv: list[str]) -> int:
    """q[uit]: move what was read to ~/mbox, drop what was deleted, go."""
    if not close(session):
        return 1
    raise Exit(0)


def close(session: Session) -> bool:
    """Store the mailbox and say how many messages stay; False when ~/mbox cannot be written."""
    box = session.box
    if box is None:
        return True
    if not session.variables.is_true("readonly"):
        if not commit(session, box):
            return False
        for message in box.messages:
            if not box.readonly and not message.flags & {"D", "O"}:
                message.flag("O")
        box.flush()
    held = len(box.messages)
    session.out(f"Held {mail_show.plural(held, 'message')} in {box.path}\n")
    session.box = None
    return True


def commit(session: Session, box: Mbox | Maildir) -> bool:
    """What becomes of each message: kept, moved to ~/mbox, or deleted because it was saved elsewhere."""
    system = box.path == session.system_mailbox
    keep_saved = session.variables.is_true("keepsave") or not system
    hold = session.variables.is_true("hold") or not system
    target: Mbox | None = None
    moved = 0
    for message in box.messages:
        message.loaded = True
        fate = "keep" if "D" in message.flags else destiny(message, system, hold, keep_saved)
        if fate == "mbox":
            target = target or _open_mbox(session)
            if target is None:
                return False
            target.append(message.sender, message.date, message.text, message.status)
            moved += 1
        if fate != "keep":
            message.flag("D")
    if target is not None:
        target.close()
        session.out(f"Saved {mail_show.plural(moved, 'message')} in {target.path}\n")
    return True


def destiny(message: MboxMessage, system: bool, hold: bool, keep_saved: bool) -> str:
    """ "keep", "mbox" or "delete": only the system mailbox gives away what was read."""
    marks = message.user_flags
    if "preserved" in marks:
        return "keep"
    if "mboxed" in marks:
        return "mbox"
    if not system:
        return "keep"
    if marks & {"shown", "touched"}:
        return "keep" if hold else "mbox"
    if "saved" in marks:
        return ("keep" if hold else "mbox") if keep_saved else "delete"
    return "keep"


def _open_mbox(session: Session) -> Mbox | None:
    path = session.mbox_path
    try:
        return Mbox(session.process.fs, path, session.process.caller, create=True)
    except NotAnMbox:
        session.error(f"Cannot create mailbox {path}: Requested item not found")
    except OSError as error:
        session.error(f"Cannot open mailbox {path}: {error.strerror}")
    return None
