"""NAME
    procmail - autonomous mail processor

SYNOPSIS
    procmail [-vptoY] [-f fromwhom] [parameter=value | rcfile] ...
    procmail [-toY] [-f fromwhom] [-a argument] ... -d recipient ...
    procmail [-ptY] [-f fromwhom] -m [parameter=value] ... rcfile [argument] ...

DESCRIPTION
    Delivers the message on standard input: mailbox_command = procmail -a "$EXTENSION" of Postfix. It reads
    $HOME/.procmailrc (or the rc file named), whose recipes are tried in turn; the first that delivers is the end. What no
    recipe takes goes to $DEFAULT, the mailbox /var/mail/USER.

        :0 flags : lockfile
        * condition
        action

    Conditions are egrep expressions on the header (flag B: the body), `! expression`, `< size`, `> size`, `? program`,
    `VARIABLE ?? expression`, `$ expression with $VARIABLE`; ^TO_, ^TO, ^FROM_DAEMON and ^FROM_MAILER stand for expressions;
    `weight^exponent` in front makes a score. Actions are a file, a Maildir with a slash at its end, an MH folder with `/.`,
    `| program`, `! address`, and `{` more recipes `}`.
    Flags: H B what is searched, D distinguish case, h b what is delivered, f filter, c a copy, w W wait for the program and
    check its status, i ignore write errors, r raw; A a after the recipe before, E else, e on error.

    Files are made for the user alone. An rc file that others may write to is suspicious and is not used.

OPTIONS
    -a TEXT     $1, $2 ...
    -d USER     deliver to this user
    -f SENDER   the sender in the From line
    -m          a filter for general use: only the named rc file
    -p          keep the environment
    -t          undeliverable mail is tried again later (exit status 75)
    -v          the version

LOG
    LOGFILE gets three lines about each message (LOGABSTRACT), and with VERBOSE=yes every step. Without LOGFILE warnings go
    to standard error, which the mail system puts into the reason of a failure.

EXIT STATUS
    0 delivered, 73 or with -t 75 not delivered, 67 unknown user, or EXITCODE.

FILES
    /etc/procmailrc, ~/.procmailrc, /var/mail/USER

DIFFERS FROM THE REAL PROGRAM
    COMSAT, -z (LMTP) and -y do nothing. TIMEOUT does not end programs that are not waited for.
"""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from simulator.mda.procmail_folder import screen_mailbox, unlock_global, unlock_local, write_folder
from simulator.mda.procmail_options import HELP, USAGE, Options, parse, version
from simulator.mda.procmail_program import run_trap
from simulator.mda.procmail_recipe import RcFile
from simulator.mda.procmail_session import EX_TEMPFAIL, PATH, TEXTS, Delivered, Mail, Session
from simulator.mda.procmail_source import Source
from simulator.mda.procmail_text import LINE, Words
from simulator.mda.procmail_variables import assign, change_directory
from simulator.unix.fs import Cred
from simulator.unix.program import Process, program

if TYPE_CHECKING:
    from simulator.unix.users import User

_EX_NOINPUT: Final = 66
_EX_NOUSER: Final = 67
_EX_USAGE: Final = 64
_UMASK: Final = 0o077


@program("/usr/bin/procmail", package="procmail", mode=0o6755, group="mail")
def main(p: Process) -> int:
    """Deliver one message."""
    options = parse(p.argv[1:])
    if options is None:
        return version(p)
    if options.help:
        p.err(USAGE + HELP)
        return _EX_USAGE
    for text in options.complaints:
        p.err(f"procmail: {text}")
    user = _user(p, options)
    if user is None:
        p.err(f'procmail: Unknown user "{options.recipient}"\n')
        p.syslog("procmail", f'Unknown user "{options.recipient}"', priority="err")
        return _EX_NOUSER
    session = _session(p, options, user)
    rc_names = [word for word in options.rest if "=" not in word]
    session.comsat = not rc_names
    if options.filter and not rc_names:
        p.err("procmail: Missing rcfile\n")
        return _EX_NOINPUT
    if options.filter or not _screen(session):
        _no_system_mailbox(session)
    return conclude(session, lambda: _rc_files(session, options, rc_names))


def _user(p: Process, options: Options) -> User | None:
    """Whose mail it is: the recipient, or whoever runs procmail (LOGNAME decides between names of one number)."""
    users = p.host.users
    if options.recipient is not None:
        return users.by_name(options.recipient)
    user, hint = users.by_uid(p.caller.uid), users.by_name(p.env["LOGNAME"]) if p.env.get("LOGNAME") else None
    return hint if hint is not None and user is not None and hint.uid == user.uid else user


def _session(p: Process, options: Options, user: User) -> Session:
    groups = p.host.users.cred(user.name).groups
    text = p.stdin.encode("utf-8", "surrogateescape").decode("latin-1")
    cred = Cred(user.uid, user.gid, groups, _UMASK)
    session = Session(p, cred, cred, Mail.of(_with_from(p, options, text)), p.cwd)
    session.arguments = list(options.arguments)
    session.status = EX_TEMPFAIL if options.soft else session.status
    session.env = dict(p.env) if options.preserve else {name: value for name, value in p.env.items() if name == "TZ"}
    fixed = {"LOGNAME": user.name, "SHELL": user.shell or "/bin/sh", "HOME": user.home, "ORGMAIL": f"/var/mail/{user.name}"}
    for name, value in fixed.items():
        session.env[name] = value
    for name, value in TEXTS.items():
        session.env[name] = _expanded(session, value)
    session.env |= {"HOST": p.host.hostname, "PATH": _expanded(session, PATH)}
    return session


def _expanded(session: Session, text: str) -> str:
    return Words(session, Source(text), LINE).read()[0]


def _with_from(p: Process, options: Options, text: str) -> str:
    """A From line in front, if one was asked for or the mail is delivered by name."""
    if options.sender is None and options.recipient is None:
        return text
    text = text.lstrip("\n")
    sender = options.sender or p.host.users.user_name(p.caller.uid)
    moment = p.clock.now
    if text.startswith("From ") and options.sender is None:
        return text
    stamp = datetime.datetime.fromtimestamp(moment, datetime.UTC).ctime()
    rest = text.partition("\n")[2] if text.startswith("From ") else text
    return f"From {sender}  {stamp}\n{rest}"


def _screen(session: Session) -> bool:
    path = session.get("ORGMAIL")
    session.spool_lock = path + session.get("LOCKEXT")
    return screen_mailbox(session, path)


def _no_system_mailbox(session: Session) -> None:
    if session.get("DEFAULT") == session.get("ORGMAIL"):
        session.env["DEFAULT"] = ""
    session.env["ORGMAIL"] = ""


# -- rc files -----------------------------------------------------------------------------------------------------------


def _rc_files(session: Session, options: Options, names: list[str]) -> None:
    """Assignments of the command line, /etc/procmailrc, then the rc files. Raises Delivered."""
    for word in options.rest:
        name, equals, value = word.partition("=")
        if equals:
            assign(session, name, _expanded(session, value), None)
        elif options.filter:
            break
    if not names and not options.preserve and session.fs.exists("/etc/procmailrc"):
        if session.process.cred.uid == 0:
            session.cred = replace(session.process.cred, umask=_UMASK)
        _run(session, "/etc/procmailrc")
        session.drop_privileges()
    if options.filter:
        session.arguments = options.rest[options.rest.index(names[0]) + 1 :]
        names = names[:1]
    if not names:
        path = f"{session.get('HOME')}/.procmailrc"
        if _may_use(session, path, default=True, warn=False):
            _run(session, path)
        return
    for number, name in enumerate(names):
        here = "/" in name and not name.startswith("./")
        current = name.startswith("./") or (options.filter and "/" not in name)
        path = name if here or current else f"{session.get('HOME')}/{name}"
        if current:
            session.env["MAILDIR"] = "."
        if _may_use(session, path, default=False, warn=number == 0, current=current):
            _run(session, path, chdir=not current)
            return


def _may_use(session: Session, path: str, default: bool, warn: bool, current: bool = False) -> bool:
    """May this file say what is done with the user's mail?"""
    fs, cred = session.fs, session.cred
    try:
        file = session.path(path)
        fs.read(file, cred)
        entry, directory = fs.stat(file, cred), fs.stat(posixpath.dirname(file), cred)
    except OSError:
        if warn:
            session.say_of("Couldn't read", path)
        return False
    suspicious = entry.uid not in (0, cred.uid) or entry.mode & 0o002
    suspicious |= default and entry.mode & 0o020 and entry.gid != cred.gid
    suspicious |= not directory.mode & 0o1000 and directory.mode & 0o003 == 0o003
    if suspicious and not current and path != "/dev/null":
        session.say_of("Suspicious rcfile", path)
        session.process.syslog("procmail", f'Suspicious rcfile "{path}"', priority="alert")
        session.say_of("Couldn't read", path)
        return False
    return True


def _run(session: Session, path: str, chdir: bool = True) -> None:
    session.tell("Rcfile:", path)
    if chdir and "MAILDIR" not in session.env:
        home = session.get("HOME")
        session.assign("MAILDIR", home if change_directory(session, home) else ".")
    RcFile(session, Source(session.fs.read(session.path(path), session.cred).decode("latin-1"), path)).run()


# -- the end --------------------------------------------------------------------------------------------------------------


def conclude(session: Session, work: Callable[[], None]) -> int:
    """Do the work; what it did not deliver goes to $DEFAULT, or as a last resort to $ORGMAIL. The exit status."""
    try:
        work()
        if _default(session):
            session.status = 0
    except Delivered:
        session.status = 0
    unlock_local(session)
    lost = {EX_TEMPFAIL: "**Requeued**"}.get(session.status, "**Bounced**")
    folder = session.get("LASTFOLDER") if session.status == 0 else lost
    session.offset = session.offset if session.status == 0 else -1
    session.notify(folder)
    session.abstract(folder)
    session.tell_late()
    run_trap(session)
    unlock_global(session)
    session.flush()
    return session.status


def _default(session: Session) -> bool:
    first, last = session.get("DEFAULT"), session.get("ORGMAIL")
    text = session.mail.text
    if first and write_folder(session, [first], text, False, True):
        return True
    return bool(last) and last != first and write_folder(session, [last], text, False, False)


def finish_clone(rc: RcFile) -> None:
    """The copy of procmail that goes through a block with the flag c, and on to the end of the file."""
    session = rc.session
    copy = replace(
        session,
        env=dict(session.env),
        numbers=dict(session.numbers),
        arguments=list(session.arguments),
        mail=replace(session.mail),
        global_lock="",
        local_lock="",
        late=[],
    )
    source = Source(rc.source.text, rc.source.name)
    source.at = rc.source.at
    history = replace(rc.history)
    conclude(copy, RcFile(copy, source, history, [*rc.stack, (history.previous, history.last)], 0).run)
