"""NAME
    useradd, adduser, userdel, deluser - make and remove users

SYNOPSIS
    useradd [-mMrNoU] [-c COMMENT] [-d HOME] [-b BASE] [-g GROUP] [-G GROUP,...] [-s SHELL] [-u UID] [-p PASSWORD] LOGIN
    userdel [-r] LOGIN

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
    db.add(
        p,
        db.SHADOW,
        [name, options.value("p", "!"), db.today(p), *(["", "", ""] if "r" in options else ["0", "99999", "7"]), "", options.value("e"), ""],
    )
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
    p.out(
        "" if "q" in options else f"Adding user `{words[0]}' ...\nAdding new group `{words[0]}' ...\nCreating home directory `/home/{words[0]}' ...\n"
    )
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
