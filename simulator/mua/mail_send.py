"""Sending with mail(1): the commands mail, Mail and sendheader, and what happens to a finished message."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from simulator.mua.mail_address import AddressError, parse
from simulator.mua.mail_attachment import build, multipart
from simulator.mua.mail_compose import Composition, read_fields
from simulator.mua.mail_escape import obey_escape
from simulator.mua.mail_header import unfold
from simulator.mua.mail_save import expand_name, run_shell
from simulator.mua.mail_settings import VERSION
from simulator.mua.mbox import Mbox, NotAnMbox
from simulator.unix.fs import EXECUTE
from simulator.unix.program import Exit

if TYPE_CHECKING:
    from simulator.mua.mail_session import Session

FAILED = "Process exited with a non-zero status"


def mail(session: Session, argv: list[str]) -> int:
    """m[ail], M[ail] [address...]: compose and send."""
    made = Composition.start(session)
    if len(argv) < 2:
        _address_from_input(session, made)
    for word in argv[1:]:
        if word[:1] in ("/", ".", "|"):
            made.files.append(word)
        else:
            made.merge("To", word)
    if session.interactive:
        if not session.variables.is_true("mailx"):
            ask_for_copies(session, made)
        if session.variables.is_true("asksub"):
            made.set("Subject", session.read_line("Subject: "))
    return compose_and_send(session, made, save_by_name=argv[0][0].isupper())


def _address_from_input(session: Session, made: Composition) -> None:
    """Nobody was named: ask, or read the header of the message (-t). Raises Exit."""
    if session.interactive:
        made.set("To", session.read_line("To: "))
        return
    if not session.variables.is_true("editheaders"):
        session.error("No recipients specified")
        raise Exit(1)
    header = read_fields(session)
    if header is None:
        session.error("Errors parsing message")
        raise Exit(1)
    made.header = header
    for name, value, replaces in session.outgoing.headers:
        if replaces or made.header.get(name) is not None:
            made.set(name, value)
        else:
            made.append(name, value)


def ask_for_copies(session: Session, made: Composition) -> None:
    """`Cc:` and `Bcc:` at a terminal."""
    for name, variable in (("Cc", "askcc"), ("Bcc", "askbcc")):
        if session.variables.is_true(variable):
            made.set(name, session.read_line(f"{name}: "))


def send_header(session: Session, argv: list[str]) -> int:
    """sen[dheader] [[header][: value]]: a field for all messages to come."""
    if len(argv) > 2:
        session.outgoing.headers.append((argv[1].removesuffix(":"), argv[2], False))
    elif len(argv) == 2 and ":" in argv[1]:
        add_header(session, argv[1])
    else:
        wanted = argv[1] if len(argv) == 2 else None
        session.out("".join(f"{name}: {value}\n" for name, value, _ in session.outgoing.headers if wanted in (None, name)))
    return 0


def add_header(session: Session, text: str) -> None:
    """-a `Name: value`."""
    name, colon, value = text.partition(":")
    if not colon:
        session.error(f"Invalid header: {text}")
    else:
        session.outgoing.headers.append((name, value.lstrip(), False))


def compose_and_send(session: Session, made: Composition, save_by_name: bool) -> int:
    """Read the text, complete the header, send."""
    if not _read_text(session, made):
        save_dead_letter(session, str(made.header) + "\n" + made.text)
        return 1
    if session.variables.is_true("mailx"):
        ask_for_copies(session, made)
    if session.variables.is_true("useragent"):
        made.set("User-Agent", VERSION)
    made.expand_aliases()
    if not made.text:
        if not session.variables.is_true("nullbody"):
            return 1
        note = session.variables.text("nullbodymsg")
        if note is not None:
            session.error(note)
    body = made.text
    if made.attachments or session.variables.is_true("mime"):
        parts = multipart(session, made)
        made.header, body = build(session, made, parts)
    now = time.gmtime(session.process.clock.now)
    made.set("Date", time.strftime("%a, %d %b %Y %H:%M:%S +0000", now))
    message = f"{made.header}\n{body}"
    _record(session, made, message, save_by_name)
    status = _to_files(session, made, message)
    if status == 0 and made.has_recipients:
        problem = hand_over(session, made, message)
        if problem:
            session.error(f"cannot send message: {problem}")
            save_dead_letter(session, message)
            return 1
    return status


def _read_text(session: Session, made: Composition) -> bool:
    """Lines to the end of input; at a terminal also to a `~.`, with the other escapes. False if the letter was killed."""
    while (line := session.read_line(" \b")) is not None:
        if line == "." and session.variables.is_true("dot"):
            return True
        escape = session.variables.text("escape")
        if not session.interactive or escape is None or not line.startswith(escape):
            made.text += line + "\n"
        elif line.startswith(escape * 2):
            made.text += line[1:] + "\n"
        elif line[1:2] in (".", "x"):
            return line[1] == "."
        else:
            obey_escape(session, made, line[1:])
    return True


def hand_over(session: Session, made: Composition, message: str) -> str:
    """Give the message to the program in variable `sendmail`; what went wrong, or nothing."""
    program = session.variables.text("sendmail")
    if program is None:
        session.error("Variable sendmail not set: no mailer")
        return "Function not implemented"
    if program.startswith("/"):
        if run_shell(session, program, message) == 0:
            return ""
        session.error(f"Sending data to {program} failed: {FAILED}")
        return FAILED
    scheme, _, path = program.partition(":")
    if scheme != "sendmail":
        session.missing(f"sendmail={program}")
        return "Function not implemented"
    sender, problem = _envelope_sender(session, made)
    if problem:
        return problem
    path = path.removeprefix("//") or "/usr/sbin/sendmail"
    process = session.process
    if not process.fs.exists(path, process.caller) or not process.fs.access(path, EXECUTE, process.caller):
        reason = "Permission denied" if process.fs.exists(path, process.caller) else "No such file or directory"
        session.error(f"Cannot open mailer: {reason}")
        return reason
    # The program's own words go nowhere: only its exit status counts.
    done = process.run([path, "-oi", "-f", sender, "-t"], stdin=message)
    return FAILED if done.exit_code else ""


def my_address(session: Session) -> str:
    """login name @ host name."""
    process = session.process
    account = process.host.users.by_uid(process.caller.uid)
    return f"{account.name if account else process.user}@{process.host.hostname}"


def _envelope_sender(session: Session, made: Composition) -> tuple[str, str]:
    """-r, the first address in From, or the user's own; and what is wrong with it."""
    wanted = session.variables.text("return-address")
    if wanted is not None:
        try:
            return parse(wanted)[0].email, ""
        except AddressError as error:
            session.error(f"invalid return address: {error}")
            return "", str(error)
    field = made.header.get("From")
    if field is None:
        return my_address(session), ""
    try:
        return parse(unfold(field), session.process.host.hostname)[0].email, ""
    except AddressError as error:
        return "", str(error)


def _from_line(session: Session) -> tuple[str, str]:
    moment = time.gmtime(session.process.clock.now)
    return my_address(session), time.strftime(f"%a %b {moment.tm_mday:2d} %H:%M:%S %Y", moment)


def _to_mailbox(session: Session, path: str, message: str) -> str:
    """Append to an mbox; what went wrong, or nothing."""
    try:
        box = Mbox(session.process.fs, session.process.path(path), session.process.caller, create=True)
        box.append(*_from_line(session), message, "")
        box.close()
    except OSError as error:
        return error.strerror or "Input/output error"
    except NotAnMbox:
        return "Requested item not found"
    return ""


def _to_files(session: Session, made: Composition, message: str) -> int:
    """Addresses that are files or commands."""
    status = 0
    for name in made.files:
        if name.startswith("|"):
            status = run_shell(session, name[1:], message)
            if status:
                session.error(f"Sending data to {name[1:]} failed: {FAILED}")
        else:
            problem = _to_mailbox(session, name, message)
            status = int(bool(problem))
            if problem:
                session.error(f"Cannot create mailbox {name}: {problem}")
    return status


def _record(session: Session, made: Composition, message: str, save_by_name: bool) -> None:
    """A copy for the file in variable `record`, or by the recipient's name below `outfolder`."""
    name = session.variables.text("record")
    if save_by_name:
        folder = session.variables.text("outfolder")
        first = made.header.get("To")
        name = f"{folder}/{parse(first)[0].local}" if folder and first else None
    path = expand_name(session, name) if name else None
    if path:
        problem = _to_mailbox(session, path, message)
        if problem:
            session.error(f"Cannot open output mailbox `{path}': {problem}")


def save_dead_letter(session: Session, message: str) -> None:
    """Keep what could not be sent in $DEAD, unless `nosave`."""
    if not session.variables.is_true("save"):
        return
    path = session.process.env["DEAD"]
    sender, moment = _from_line(session)
    data = f"From {sender} {moment}\n{message}\n".encode("utf-8", "surrogateescape")
    try:
        if session.variables.is_true("appenddeadletter"):
            session.process.append(path, data, 0o600)
        else:
            session.process.write(path, data, 0o600)
    except OSError as error:
        session.error(f"Cannot open file {path}: {error.strerror}")
