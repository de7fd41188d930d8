"""NAME
    usermod - change a user

SYNOPSIS
    usermod [-aLUom] [-c COMMENT] [-d HOME] [-g GROUP] [-G GROUP,...] [-l LOGIN] [-s SHELL] [-u UID] [-p PASSWORD] LOGIN

DESCRIPTION
    Change a user's lines in /etc/passwd, /etc/shadow and /etc/group: -aG adds groups, -G alone sets them; -L and -U lock and
    unlock the password; -d with -m moves the home; -l gives a new name.

DIFFERS FROM DEBIAN
    The usage text shows its first lines only.
"""

from __future__ import annotations

from simulator.shell.commands import account_files as db
from simulator.shell.commands.accounts import fail, group_id, need_root, read_options, usage
from simulator.shell.getopt import Options
from simulator.unix.program import Process, program

_LONG = {
    "append": "a", "badname": "b", "comment=": "c", "home=": "d", "expiredate=": "e", "inactive=": "f", "gid=": "g", "groups=": "G", "login=": "l",
    "lock": "L", "move-home": "m", "non-unique": "o", "password=": "p", "remove": "r", "shell=": "s", "uid=": "u", "unlock": "U",
}  # fmt: skip
#: Exit statuses: usermod(8), EXIT VALUES.
_BAD_ARGUMENT, _ID_IN_USE, _NO_USER, _NAME_IN_USE = 3, 4, 6, 9


@program("/usr/sbin/usermod", section=8)
def usermod(p: Process) -> int:
    """usermod(8)."""
    lines = ("Usage: usermod [options] LOGIN", "")
    options = read_options(p, "abc:d:e:f:g:G:l:Lmop:rs:u:U", _LONG, *lines)
    if "s" in options and options.value("s") and not options.value("s").startswith("/"):
        raise fail(p, f"invalid shell '{options.value('s')}'", _BAD_ARGUMENT)
    if len(options.operands) != 1 or not options.found:
        raise usage(p, *lines)
    name = options.operands[0]
    row = db.find(db.records(p, db.PASSWD), name)
    if row is None:
        raise fail(p, f"user '{name}' does not exist", _NO_USER)
    gid = group_id(p, options.value("g")) if "g" in options else -1
    for group in filter(None, options.value("G").split(",")):
        group_id(p, group)
    if "l" in options and db.find(db.records(p, db.PASSWD), options.value("l")):
        raise fail(p, f"user '{options.value('l')}' already exists", _NAME_IN_USE)
    if "u" in options and "o" not in options and any(other[2] == options.value("u") != row[2] for other in db.records(p, db.PASSWD)):
        raise fail(p, f"UID '{options.value('u')}' already exists", _ID_IN_USE)
    need_root(p)
    _change_groups(p, name, options)
    _change_password(p, name, options)
    _change_home(p, name, row, options)
    for letter, column in (("c", 4), ("s", 6)):
        if letter in options:
            db.change(p, db.PASSWD, name, column, options.value(letter))
    if gid >= 0:
        db.change(p, db.PASSWD, name, 3, str(gid))
    if "u" in options:
        db.change(p, db.PASSWD, name, 2, options.value("u"))
        _give_home(p, options.value("d") or row[5], int(row[2]), int(options.value("u")))
    if "l" in options:
        _rename(p, name, options.value("l"))
    return 0


def _change_groups(p: Process, name: str, options: Options) -> None:
    if "G" not in options:
        return
    wanted = [group for group in options.value("G").split(",") if group]
    for row in db.records(p, db.GROUP):
        inside, named = name in db.members(row), row[0] in wanted or row[2] in wanted
        if "r" in options:
            keep = inside and not named
        else:
            keep = named or (inside and "a" in options)
        if keep != inside:
            db.set_members(p, row[0], [*db.members(row), name] if keep else [member for member in db.members(row) if member != name])


def _change_password(p: Process, name: str, options: Options) -> None:
    row = db.find(db.records(p, db.SHADOW), name)
    if row is None:
        return
    if "p" in options:
        db.change(p, db.SHADOW, name, 1, options.value("p"))
    elif "L" in options and not row[1].startswith("!"):
        db.change(p, db.SHADOW, name, 1, f"!{row[1]}")
    elif "U" in options:
        if row[1] in ("!", "!!"):
            p.err(
                "usermod: unlocking the user's password would result in a passwordless account.\n"
                "You should set a password with usermod -p to unlock this user's password.\n"
            )
        else:
            db.change(p, db.SHADOW, name, 1, row[1].removeprefix("!"))


def _change_home(p: Process, name: str, row: list[str], options: Options) -> None:
    if "d" not in options:
        return
    db.change(p, db.PASSWD, name, 5, options.value("d"))
    if "m" in options and p.fs.exists(row[5]) and not p.fs.exists(options.value("d")):
        p.fs.rename(row[5], options.value("d"))


def _give_home(p: Process, home: str, old: int, new: int) -> None:
    if p.fs.exists(home):
        for path, entry in list(p.fs.walk(home)):
            if entry.uid == old:
                p.fs.chown(path, new, -1, follow=False)


def _rename(p: Process, name: str, new: str) -> None:
    for path in (db.PASSWD, db.SHADOW):
        db.change(p, path, name, 0, new)
    for group in db.groups_of(p, name):
        row = db.find(db.records(p, db.GROUP), group)
        assert row is not None
        db.set_members(p, group, [new if member == name else member for member in db.members(row)])
