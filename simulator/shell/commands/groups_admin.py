"""NAME
    groupadd, addgroup, groupdel, delgroup, groupmod, gpasswd - make, remove and change groups

SYNOPSIS
    groupadd [-fro] [-g GID] GROUP     groupdel GROUP     groupmod [-g GID] [-n NAME] GROUP
    gpasswd -a USER GROUP              gpasswd -d USER GROUP

DESCRIPTION
    Edit /etc/group and /etc/gshadow. The group that is some user's own cannot be removed.

DIFFERS FROM DEBIAN
    Group passwords and group administrators are not simulated.
"""

from __future__ import annotations

import re

from simulator.shell.commands import account_files as db
from simulator.shell.commands.accounts import fail, read_options, usage
from simulator.unix.program import Exit, Process, program

_LONG = {"force": "f", "gid=": "g", "key=": "K", "non-unique": "o", "password=": "p", "system": "r", "users=": "U", "new-name=": "n", "append": "a"}


def _need_root(p: Process) -> None:
    if p.cred.uid:
        p.err(f"{p.argv[0]}: Permission denied.\n{p.argv[0]}: cannot lock /etc/group; try again later.\n")
        raise Exit(10)


@program("/usr/sbin/groupadd", "/usr/sbin/addgroup", section=8)
def groupadd(p: Process) -> int:
    """groupadd(8), addgroup(8)."""
    lines = (f"Usage: {p.name} [options] GROUP", "")
    options = read_options(p, "fg:K:op:rR:P:U:", _LONG | {"quiet": "q"}, *lines)
    if len(options.operands) != 1:
        raise usage(p, *lines)
    name = options.operands[0]
    if not re.fullmatch(r"[a-z_][a-z0-9_-]*\$?", name):
        raise fail(p, f"'{name}' is not a valid group name", 3)
    rows = db.records(p, db.GROUP)
    if db.find(rows, name):
        if "f" in options:
            return 0
        raise fail(p, f"group '{name}' already exists", 9)
    wanted = options.value("g")
    if wanted and not wanted.isdigit():
        raise fail(p, f"invalid group ID '{wanted}'", 3)
    if wanted and "o" not in options and any(row[2] == wanted for row in rows):
        if "f" not in options:
            raise fail(p, f"GID '{wanted}' already exists", 4)
        wanted = ""
    _need_root(p)
    gid = wanted or str(db.free_id(p, db.GROUP, "r" in options))
    db.add(p, db.GROUP, [name, "x", gid, options.value("U")])
    db.add(p, db.GSHADOW, [name, "!", "", options.value("U")])
    return 0


@program("/usr/sbin/groupdel", "/usr/sbin/delgroup", section=8)
def groupdel(p: Process) -> int:
    """groupdel(8), delgroup(8)."""
    lines = (f"Usage: {p.name} [options] GROUP", "")
    options = read_options(p, "fR:P:", _LONG, *lines)
    if len(options.operands) != 1:
        raise usage(p, *lines)
    name = options.operands[0]
    row = db.find(db.records(p, db.GROUP), name)
    if row is None:
        raise fail(p, f"group '{name}' does not exist", 6)
    owner = next((user[0] for user in db.records(p, db.PASSWD) if user[3] == row[2]), "")
    if owner and "f" not in options:
        raise fail(p, f"cannot remove the primary group of user '{owner}'", 8)
    _need_root(p)
    for path in (db.GROUP, db.GSHADOW):
        db.remove(p, path, name)
    return 0


@program("/usr/sbin/groupmod", section=8)
def groupmod(p: Process) -> int:
    """groupmod(8)."""
    lines = ("Usage: groupmod [options] GROUP", "")
    options = read_options(p, "ag:n:op:R:P:U:", _LONG, *lines)
    if len(options.operands) != 1:
        raise usage(p, *lines)
    name = options.operands[0]
    rows = db.records(p, db.GROUP)
    if db.find(rows, name) is None:
        raise fail(p, f"group '{name}' does not exist", 6)
    if "g" in options and "o" not in options and any(row[2] == options.value("g") and row[0] != name for row in rows):
        raise fail(p, f"GID '{options.value('g')}' already exists", 4)
    if "n" in options and db.find(rows, options.value("n")):
        raise fail(p, f"group '{options.value('n')}' already exists", 9)
    _need_root(p)
    if "g" in options:
        old = db.find(rows, name)
        db.change(p, db.GROUP, name, 2, options.value("g"))
        for user in db.records(p, db.PASSWD):
            if old is not None and user[3] == old[2]:
                db.change(p, db.PASSWD, user[0], 3, options.value("g"))
    if "n" in options:
        for path in (db.GROUP, db.GSHADOW):
            db.change(p, path, name, 0, options.value("n"))
    return 0


@program("/usr/bin/gpasswd", mode=0o4755)
def gpasswd(p: Process) -> int:
    """gpasswd(1): -a and -d."""
    lines = ("Usage: gpasswd [option] GROUP", "")
    options = read_options(p, "a:A:d:M:rQ:R", {"add=": "a", "delete=": "d", "members=": "M"}, *lines)
    if len(options.operands) != 1 or not options.found:
        raise usage(p, *lines)
    group = options.operands[0]
    row = db.find(db.records(p, db.GROUP), group)
    user = options.value("a") or options.value("d")
    if user and "a" in options and p.host.users.by_name(user) is None:
        raise fail(p, f"user '{user}' does not exist", 3)
    if row is None:
        raise fail(p, f"group '{group}' does not exist in /etc/group", 3)
    if p.caller.uid:
        raise fail(p, "Permission denied.", 1)
    if "M" in options:
        db.set_members(p, group, [name for name in options.value("M").split(",") if name])
    elif "a" in options:
        p.out(f"Adding user {user} to group {group}\n")
        db.set_members(p, group, list(dict.fromkeys([*db.members(row), user])))
    else:
        p.out(f"Removing user {user} from group {group}\n")
        if user not in db.members(row):
            raise fail(p, f"user '{user}' is not a member of '{group}'", 3)
        db.set_members(p, group, [name for name in db.members(row) if name != user])
    return 0
