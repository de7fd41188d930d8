"""NAME
    useradd, adduser, userdel, deluser, usermod - make, remove and change users

SYNOPSIS
    useradd [-mMrNoU] [-c COMMENT] [-d HOME] [-b BASE] [-g GROUP] [-G GROUP,...] [-s SHELL] [-u UID] [-p PASSWORD] LOGIN
    userdel [-r] LOGIN
    usermod [-aLUom] [-c COMMENT] [-d HOME] [-g GROUP] [-G GROUP,...] [-l LOGIN] [-s SHELL] [-u UID] [-p PASSWORD] LOGIN

DESCRIPTION
    useradd writes a line into /etc/passwd, /etc/shadow, and for the user's own group into /etc/group and /etc/gshadow. With -m
    it makes a home from /etc/skel. userdel -r also removes the home and the mailbox.

DIFFERS FROM DEBIAN
    Usage texts show their first lines only. adduser and deluser ask nothing.
"""

from __future__ import annotations

import posixpath
import re

from simulator.shell.commands import account_files as db
from simulator.shell.getopt import Options, getopt
from simulator.unix.fs import ROOT, Cred
from simulator.unix.program import Exit, Process, program

_USERADD_LONG = {
    "badname": "badname", "base-dir=": "b", "comment=": "c", "home-dir=": "d", "home=": "d", "defaults": "D", "expiredate=": "e", "inactive=": "f",
    "gid=": "g", "groups=": "G", "skel=": "k", "key=": "K", "no-log-init": "l", "create-home": "m", "no-create-home": "M", "no-user-group": "N",
    "non-unique": "o", "password=": "p", "system": "r", "shell=": "s", "uid=": "u", "user-group": "U",
}  # fmt: skip
_USERMOD_LONG = {
    "append": "a", "badname": "b", "comment=": "c", "home=": "d", "expiredate=": "e", "inactive=": "f", "gid=": "g", "groups=": "G", "login=": "l",
    "lock": "L", "move-home": "m", "non-unique": "o", "password=": "p", "remove": "r", "shell=": "s", "uid=": "u", "unlock": "U",
}  # fmt: skip
_DEFAULTS = "GROUP=100\nHOME=/home\nINACTIVE=-1\nEXPIRE=\nSHELL=/bin/sh\nSKEL=/etc/skel\nCREATE_MAIL_SPOOL=no\nLOG_INIT=yes\n"
#: exit(3) statuses: useradd(8), EXIT VALUES.
_NO_ACCESS, _USAGE, _BAD_ARGUMENT, _ID_IN_USE, _NO_GROUP, _NAME_IN_USE, _HOME_TROUBLE = 1, 2, 3, 4, 6, 9, 12
_NAME = re.compile(r"[a-z_][a-z0-9_-]*\$?")


def usage(p: Process, *lines: str, status: int = _USAGE) -> Exit:
    """The first lines of a usage text."""
    p.err("".join(f"{line}\n" for line in lines) + f"simulator: {p.name}: its list of options is not simulated; see man {p.name}\n")
    return Exit(status)


def fail(p: Process, text: str, status: int) -> Exit:
    """`NAME: text` and the end."""
    p.err(f"{p.argv[0]}: {text}\n")
    return Exit(status)


def need_root(p: Process) -> None:
    """shadow's tools find out when they want to lock the file."""
    if p.cred.uid:
        p.err(f"{p.argv[0]}: Permission denied.\n{p.argv[0]}: cannot lock /etc/passwd; try again later.\n")
        raise Exit(_NO_ACCESS)


def read_options(p: Process, short: str, long: dict[str, str], *lines: str) -> Options:
    """shadow's programs follow a wrong option with their usage text."""
    try:
        return getopt(p, short, long, status=_USAGE)
    except Exit:
        if p.stderr and p.stderr[-1].startswith("Try "):
            p.stderr.pop()
            p.mixed.pop()
        raise usage(p, *lines) from None


def group_id(p: Process, name: str) -> int:
    """The number of a group given by name or number. Ends the program if there is none."""
    row = db.find(db.records(p, db.GROUP), name)
    if row is not None:
        return int(row[2])
    if name.isdigit() and any(row[2] == name for row in db.records(p, db.GROUP)):
        return int(name)
    raise fail(p, f"group '{name}' does not exist", _NO_GROUP)


# -- useradd ------------------------------------------------------------------------------------------------------------


@program("/usr/sbin/useradd", section=8)
def useradd(p: Process) -> int:
    """useradd(8)."""
    lines = ("Usage: useradd [options] LOGIN", "       useradd -D", "       useradd -D [options]", "")
    options = read_options(p, "b:c:d:De:f:Fg:G:k:K:lmMNop:rs:u:U", _USERADD_LONG, *lines)
    if "D" in options:
        p.out(_DEFAULTS)
        return 0
    if len(options.operands) != 1:
        raise usage(p, *lines)
    return _add_user(p, options.operands[0], options)


def _add_user(p: Process, name: str, options: Options) -> int:
    groups = [group for group in options.value("G").split(",") if group]
    gid = group_id(p, options.value("g")) if "g" in options else -1
    for group in groups:
        group_id(p, group)
    if not _NAME.fullmatch(name) and "badname" not in options:
        raise fail(p, f"invalid user name '{name}': use --badname to ignore", _BAD_ARGUMENT)
    need_root(p)
    if db.find(db.records(p, db.PASSWD), name):
        raise fail(p, f"user '{name}' already exists", _NAME_IN_USE)
    own_group = gid < 0 and "N" not in options
    if own_group and db.find(db.records(p, db.GROUP), name):
        raise fail(p, f"group {name} exists - if you want to add this user to that group, use -g.", _NAME_IN_USE)
    uid = _user_id(p, options)
    if own_group:
        gid = db.free_id(p, db.GROUP, "r" in options, uid)
        db.add(p, db.GROUP, [name, "x", str(gid), ""])
        db.add(p, db.GSHADOW, [name, "!", "", ""])
    gid = 100 if gid < 0 else gid
    home = options.value("d") or posixpath.join(options.value("b", "/home"), name)
    db.add(p, db.PASSWD, [name, "x", str(uid), str(gid), options.value("c"), home, options.value("s", "/bin/sh")])
    db.add(p, db.SHADOW, [name, options.value("p", "!"), db.today(p), *(["", "", ""] if "r" in options else ["0", "99999", "7"]), "", options.value("e"), ""])
    for group in groups:
        row = db.find(db.records(p, db.GROUP), group) or next(row for row in db.records(p, db.GROUP) if row[2] == group)
        db.set_members(p, row[0], [*db.members(row), name])
    return _make_home(p, home, Cred(uid, gid), options.value("k", "/etc/skel")) if "m" in options and "M" not in options else 0


def _user_id(p: Process, options: Options) -> int:
    if "u" not in options:
        return db.free_id(p, db.PASSWD, "r" in options)
    text = options.value("u")
    if not text.isdigit():
        raise fail(p, f"invalid user ID '{text}'", _BAD_ARGUMENT)
    if "o" not in options and any(row[2] == text for row in db.records(p, db.PASSWD)):
        raise fail(p, f"UID {text} is not unique", _ID_IN_USE)
    return int(text)


def _make_home(p: Process, home: str, owner: Cred, skeleton: str) -> int:
    if p.fs.exists(home):
        p.err(f"{p.argv[0]}: warning: the home directory {home} already exists.\n{p.argv[0]}: Not copying any file from skel directory into it.\n")
        return 0
    p.fs.mkdir(home, ROOT, 0o755, parents=True)
    p.fs.chmod(home, 0o755)
    p.fs.chown(home, owner.uid, owner.gid)
    if p.fs.exists(skeleton):
        for name, entry in p.fs.walk(skeleton):
            target = home + name[len(skeleton) :]
            if entry.is_file:
                p.fs.write(target, p.fs.read(name))
            elif name != skeleton:
                p.fs.mkdir(target)
            p.fs.chown(target, owner.uid, owner.gid)
    return 0


@program("/usr/sbin/adduser", section=8)
def adduser(p: Process) -> int:
    """adduser(8), without its questions."""
    names = {"system": "r", "home=": "d", "shell=": "s", "uid=": "u", "ingroup=": "g", "disabled-password": "P", "disabled-login": "P",
             "gecos=": "c", "comment=": "c", "no-create-home": "M", "group": "group", "quiet": "q", "gid=": "gid"}  # fmt: skip
    options = read_options(p, "q", names, "Usage: adduser [options] user")
    if p.cred.uid:
        p.err("adduser: Only root may add a user or group to the system.\n")
        return 1
    words = options.operands
    if len(words) == 2:
        return p.relay(p.run(["/usr/sbin/usermod", "-aG", words[1], words[0]]))
    if len(words) != 1:
        p.err("adduser: Only one or two names allowed.\n")
        return 1
    if db.find(db.records(p, db.PASSWD), words[0]):
        p.err(f"adduser: The user `{words[0]}' already exists.\n")
        return 1
    argv = ["/usr/sbin/useradd", "-m", "-s", options.value("s", "/bin/bash"), *(["-d", options.value("d")] if "d" in options else []), words[0]]
    p.out("" if "q" in options else f"Adding user `{words[0]}' ...\nAdding new group `{words[0]}' ...\nCreating home directory `/home/{words[0]}' ...\n")
    return p.relay(p.run(argv))


# -- userdel ------------------------------------------------------------------------------------------------------------


@program("/usr/sbin/userdel", "/usr/sbin/deluser", section=8)
def userdel(p: Process) -> int:
    """userdel(8), deluser(8)."""
    options = read_options(p, "frR:P:Z", {"force": "f", "remove": "r", "remove-home": "r"}, "Usage: userdel [options] LOGIN", "")
    if len(options.operands) != 1:
        raise usage(p, "Usage: userdel [options] LOGIN", "")
    name = options.operands[0]
    row = db.find(db.records(p, db.PASSWD), name)
    if row is None:
        raise fail(p, f"user '{name}' does not exist", 6)
    need_root(p)
    for path in (db.PASSWD, db.SHADOW):
        db.remove(p, path, name)
    for group in db.groups_of(p, name):
        group_row = db.find(db.records(p, db.GROUP), group)
        assert group_row is not None
        db.set_members(p, group, [member for member in db.members(group_row) if member != name])
    own = db.find(db.records(p, db.GROUP), name)
    if own is not None and own[2] == row[3] and not db.members(own):
        for path in (db.GROUP, db.GSHADOW):
            db.remove(p, path, name)
    return _remove_files(p, name, int(row[2]), row[5], "f" in options) if "r" in options else 0


def _remove_files(p: Process, name: str, uid: int, home: str, force: bool) -> int:
    status, spool = 0, f"/var/mail/{name}"
    if not p.fs.exists(spool):
        p.err(f"{p.argv[0]}: {name} mail spool ({spool}) not found\n")
    elif p.fs.stat(spool).uid != uid and not force:
        p.err(f"{p.argv[0]}: {spool} not owned by {name}, not removing\n")
        status = _HOME_TROUBLE
    else:
        p.fs.unlink(spool)
    if not p.fs.exists(home):
        p.err(f"{p.argv[0]}: {name} home directory ({home}) not found\n")
    elif p.fs.stat(home).uid != uid and not force:
        p.err(f"{p.argv[0]}: {home} not owned by {name}, not removing\n")
        status = _HOME_TROUBLE
    else:
        p.fs.rmtree(home)
    return status


# -- usermod ------------------------------------------------------------------------------------------------------------


@program("/usr/sbin/usermod", section=8)
def usermod(p: Process) -> int:
    """usermod(8)."""
    lines = ("Usage: usermod [options] LOGIN", "")
    options = read_options(p, "abc:d:e:f:g:G:l:Lmop:rs:u:U", _USERMOD_LONG, *lines)
    if "s" in options and options.value("s") and not options.value("s").startswith("/"):
        raise fail(p, f"invalid shell '{options.value('s')}'", _BAD_ARGUMENT)
    if len(options.operands) != 1 or not options.found:
        raise usage(p, *lines)
    name = options.operands[0]
    row = db.find(db.records(p, db.PASSWD), name)
    if row is None:
        raise fail(p, f"user '{name}' does not exist", 6)
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
