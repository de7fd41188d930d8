"""NAME
    id, whoami, groups, logname, who, w, users, tty - who one is, and who is there

SYNOPSIS
    id [-ugG[n][r]] [USER...]    whoami    groups [USER...]    logname    who    users    tty

DESCRIPTION
    id prints user and group numbers with their names; -u, -g, -G only the user, the group, all groups; -n names instead of
    numbers. The other commands say parts of the same.

DIFFERS FROM DEBIAN
    Nobody but oneself is logged in, so who, w and users print nothing.
"""

from __future__ import annotations

from simulator.shell.getopt import Options, getopt, quote, usage
from simulator.unix.fs import Cred
from simulator.unix.program import Exit, Process, program

_LONG = {"group": "g", "groups": "G", "name": "n", "real": "r", "user": "u", "zero": "z", "context": "Z"}


def _of(p: Process, name: str) -> Cred | None:
    """The credentials of a user given by name or number."""
    user = p.host.users.by_name(name) or (p.host.users.by_uid(int(name)) if name.isdigit() else None)
    return p.host.users.cred(user.name) if user else None


def _groups(cred: Cred) -> list[int]:
    return [cred.gid, *sorted(cred.groups - {cred.gid})]


def _described(p: Process, cred: Cred) -> str:
    users = p.host.users

    def named(number: int, name: str) -> str:
        return f"{number}({name})" if name != str(number) else str(number)

    groups = ",".join(named(gid, users.group_name(gid)) for gid in _groups(cred))
    return f"uid={named(cred.uid, users.user_name(cred.uid))} gid={named(cred.gid, users.group_name(cred.gid))} groups={groups}"


def _part(p: Process, cred: Cred, options: Options) -> str:
    users, named = p.host.users, "n" in options
    if "u" in options:
        return users.user_name(cred.uid) if named else str(cred.uid)
    if "g" in options:
        return users.group_name(cred.gid) if named else str(cred.gid)
    words = [users.group_name(gid) if named else str(gid) for gid in _groups(cred)]
    return ("\0" if "z" in options else " ").join(words)


@program("/usr/bin/id")
def id_(p: Process) -> int:
    """id(1)."""
    options = getopt(p, "aGgnruzZ", _LONG)
    chosen = [letter for letter in "ugG" if letter in options]
    if len(chosen) > 1:
        raise _fail(p, 'cannot print "only" of more than one choice')
    if not chosen and ("n" in options or "r" in options):
        raise _fail(p, "cannot print only names or real IDs in default format")
    status = 0
    for name in options.operands or [""]:
        cred = _of(p, name) if name else p.cred
        if cred is None:
            p.err(f"{p.argv[0]}: {quote(p, name)}: no such user\n")
            status = 1
            continue
        p.out((_part(p, cred, options) if chosen else _described(p, cred)) + ("\0" if "z" in options else "\n"))
    return status


def _fail(p: Process, text: str) -> Exit:
    p.err(f"{p.argv[0]}: {text}\n")
    return Exit(1)


@program("/usr/bin/whoami")
def whoami(p: Process) -> int:
    """whoami(1)."""
    options = getopt(p, "")
    if options.operands:
        raise usage(p, f"extra operand {quote(p, options.operands[0])}")
    p.out(p.host.users.user_name(p.cred.uid) + "\n")
    return 0


@program("/usr/bin/groups")
def groups(p: Process) -> int:
    """groups(1)."""
    options = getopt(p, "")
    if not options.operands:
        p.out(" ".join(p.host.users.group_name(gid) for gid in _groups(p.cred)) + "\n")
        return 0
    status = 0
    for name in options.operands:
        cred = _of(p, name)
        if cred is None:
            p.err(f"{p.argv[0]}: {quote(p, name)}: no such user\n")
            status = 1
        else:
            p.out(f"{name} : {' '.join(p.host.users.group_name(gid) for gid in _groups(cred))}\n")
    return status


@program("/usr/bin/logname")
def logname(p: Process) -> int:
    """logname(1)."""
    if not p.tty:
        p.err(f"{p.argv[0]}: no login name\n")
        return 1
    p.out(p.user + "\n")
    return 0


@program("/usr/bin/who", "/usr/bin/users")
def who(p: Process) -> int:
    """who(1), users(1)."""
    getopt(p, "abdHlmpqrstTuw")
    return 0


@program("/usr/bin/tty")
def tty(p: Process) -> int:
    """tty(1)."""
    options = getopt(p, "s", {"silent": "s", "quiet": "s"})
    if "s" not in options:
        p.out("/dev/pts/0\n" if p.tty else "not a tty\n")
    return 0 if p.tty else 1
