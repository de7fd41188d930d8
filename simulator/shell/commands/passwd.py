"""NAME
    passwd, chpasswd, chage, chsh, chfn - passwords, their age, shells and names of users

SYNOPSIS
    passwd [-adeluS] [USER]     chpasswd (reads lines USER:PASSWORD)     chage -l USER
    chsh [-s SHELL] [USER]      chfn [-f NAME] [USER]

DESCRIPTION
    passwd -S tells the state of a password: P set, L locked, NP none. -l locks, -u unlocks, -d deletes it. A new password is
    read twice from standard input.

DIFFERS FROM DEBIAN
    The digest of a password is not yescrypt's, though it looks like it.
"""

from __future__ import annotations

import base64
import hashlib
import time

from simulator.shell.commands import account_files as db
from simulator.shell.commands.accounts import fail, read_options, usage
from simulator.unix.program import Exit, Process, program

_LONG = {"all": "a", "delete": "d", "expire": "e", "keep-tokens": "k", "inactive=": "i", "lock": "l", "mindays=": "n", "quiet": "q", "status": "S",
         "unlock": "u", "warndays=": "w", "maxdays=": "x"}  # fmt: skip
_DENIED = "passwd: Permission denied.\n"


def digest(user: str, password: str) -> str:
    """What shadow(5) keeps of a password."""
    salt = base64.b64encode(hashlib.sha256(user.encode()).digest())[:22].decode().replace("+", ".")
    body = base64.b64encode(hashlib.sha256((salt + password).encode("utf-8", "surrogateescape")).digest()).decode().replace("+", ".").rstrip("=")
    return f"$y$j9T${salt}${body}"


def _state(p: Process, row: list[str]) -> str:
    letter = "NP" if not row[1] else "L" if row[1][0] in "!*" else "P"
    day = time.strftime("%Y-%m-%d", time.gmtime(int(row[2] or 0) * 86400))
    return f"{row[0]} {letter} {day} {row[3] or 0} {row[4] or 99999} {row[5] or 7} {row[6] or -1}\n"


@program("/usr/bin/passwd", mode=0o4755)
def passwd(p: Process) -> int:
    """passwd(1)."""
    lines = ("Usage: passwd [options] [LOGIN]", "")
    options = read_options(p, "adei:kln:qr:R:Suw:x:", _LONG, *lines)
    rows = db.records(p, db.SHADOW)
    if "a" in options and "S" in options:
        if p.caller.uid:
            p.err(_DENIED)
            return 1
        p.out("".join(_state(p, row) for row in rows))
        return 0
    if len(options.operands) > 1:
        raise usage(p, *lines)
    own = p.host.users.user_name(p.caller.uid)
    name = options.operands[0] if options.operands else own
    row = db.find(rows, name)
    if row is None:
        raise fail(p, f"user '{name}' does not exist", 1)
    if p.caller.uid and (name != own or set("delunwxi") & {letter for letter, _ in options.found}):
        p.err(f"passwd: You may not view or modify password information for {name}.\n" if name != own else _DENIED)
        return 1
    if "S" in options:
        p.out(_state(p, row))
        return 0
    return _change(p, name, row, dict(options.found))


def _change(p: Process, name: str, row: list[str], wanted: dict[str, str]) -> int:
    columns = {"n": 3, "x": 4, "w": 5, "i": 6}
    numbers = [letter for letter in columns if letter in wanted]
    if not set("delu") & set(wanted) and not numbers:
        return _ask(p, name)
    if "u" in wanted and row[1] in ("!", "", "*"):
        p.err(
            "passwd: unlocking the password would result in a passwordless account.\n"
            "You should set a password with usermod -p to unlock the password of this account.\n"
        )
        return 3
    for letter in numbers:
        db.change(p, db.SHADOW, name, columns[letter], wanted[letter])
    if "l" in wanted:
        db.change(p, db.SHADOW, name, 1, f"!{row[1].lstrip('!')}")
    elif "u" in wanted:
        db.change(p, db.SHADOW, name, 1, row[1].lstrip("!"))
    elif "d" in wanted:
        db.change(p, db.SHADOW, name, 1, "")
    if "e" in wanted:
        db.change(p, db.SHADOW, name, 2, "0")
    if "q" not in wanted:
        p.out("passwd: password changed.\n")
    return 0


def _ask(p: Process, name: str) -> int:
    """A new password, read twice."""
    answers = p.stdin.splitlines()
    if p.caller.uid:
        p.out(f"Changing password for {name}.\n")
        p.err("Current password: passwd: Authentication token manipulation error\npasswd: password unchanged\n")
        return 10
    p.err("New password: ")
    if not answers:
        p.err("Password change has been aborted.\npasswd: Authentication token manipulation error\npasswd: password unchanged\n")
        return 10
    p.err("Retype new password: ")
    if len(answers) < 2 or answers[0] != answers[1]:
        p.err("Sorry, passwords do not match.\npasswd: Authentication token manipulation error\npasswd: password unchanged\n")
        return 10
    _set(p, name, answers[0])
    p.err("passwd: password updated successfully\n")
    return 0


def _set(p: Process, name: str, password: str) -> None:
    db.change(p, db.SHADOW, name, 1, digest(name, password))
    db.change(p, db.SHADOW, name, 2, db.today(p))


@program("/usr/sbin/chpasswd", section=8)
def chpasswd(p: Process) -> int:
    """chpasswd(8)."""
    options = read_options(p, "c:eh:mR:s:", {"encrypted": "e", "md5": "m", "crypt-method=": "c"}, "Usage: chpasswd [options]", "")
    if p.cred.uid:
        p.err("chpasswd: Permission denied.\nchpasswd: cannot lock /etc/passwd; try again later.\n")
        return 1
    status = 0
    for number, line in enumerate(p.stdin.splitlines(), 1):
        name, colon, password = line.partition(":")
        if not colon:
            p.err(f"chpasswd: line {number}: missing new password\n")
            status = 1
        elif db.find(db.records(p, db.SHADOW), name) is None:
            p.err(f"chpasswd: (user {name}) pam_chauthtok() failed, error:\nAuthentication token manipulation error\n")
            p.err(f"chpasswd: (line {number}, user {name}) password not changed\n")
            status = 1
        elif "e" in options:
            db.change(p, db.SHADOW, name, 1, password)
        else:
            _set(p, name, password)
    return status


@program("/usr/bin/chage", mode=0o2755, group="shadow")
def chage(p: Process) -> int:
    """chage(1): -l, and -E, -M, -m, -W, -I, -d."""
    options = read_options(
        p, "d:E:hi:I:lm:M:W:", {"list": "l", "lastday=": "d", "expiredate=": "E", "maxdays=": "M"}, "Usage: chage [options] LOGIN", ""
    )
    if len(options.operands) != 1:
        raise usage(p, "Usage: chage [options] LOGIN", "")
    name = options.operands[0]
    row = db.find(db.records(p, db.SHADOW), name)
    if row is None:
        raise fail(p, f"user '{name}' does not exist in /etc/passwd", 1)
    if "l" not in options:
        if p.caller.uid:
            raise fail(p, "Permission denied.", 1)
        for letter, column in (("d", 2), ("m", 3), ("M", 4), ("W", 5), ("I", 6), ("E", 7)):
            if letter in options:
                db.change(p, db.SHADOW, name, column, options.value(letter).replace("-1", ""))
        return 0
    p.out(_ages(row))
    return 0


def _ages(row: list[str]) -> str:
    def day(text: str) -> str:
        return time.strftime("%b %d, %Y", time.gmtime(int(text) * 86400)) if text else "never"

    must = row[2] == "0"
    limit = row[4] and row[4] != "99999"
    expires = "password must be changed" if must else day(str(int(row[2]) + int(row[4]))) if limit and row[2] else "never"
    inactive = "password must be changed" if must else "never"
    return (
        f"Last password change\t\t\t\t\t: {'password must be changed' if must else day(row[2])}\n"
        f"Password expires\t\t\t\t\t: {expires}\nPassword inactive\t\t\t\t\t: {inactive}\nAccount expires\t\t\t\t\t\t: {day(row[7])}\n"
        f"Minimum number of days between password change\t\t: {row[3] or -1}\nMaximum number of days between password change\t\t: {row[4] or -1}\n"
        f"Number of days of warning before password expires\t: {row[5] or -1}\n"
    )


def _account(p: Process, names: list[str]) -> str:
    name = names[0] if names else p.host.users.user_name(p.caller.uid)
    if p.host.users.by_name(name) is None:
        raise fail(p, f"user '{name}' does not exist", 1)
    if p.caller.uid and name != p.host.users.user_name(p.caller.uid):
        p.err(f"You may not change the shell for '{name}'.\n" if p.name == "chsh" else f"{p.name}: Permission denied.\n")
        raise Exit(1)
    if p.caller.uid:
        p.err("Password: chsh: PAM: Authentication failure\n".replace("chsh", p.name))
        raise Exit(1)
    return name


@program("/usr/bin/chsh", mode=0o4755)
def chsh(p: Process) -> int:
    """chsh(1)."""
    options = read_options(p, "R:s:", {"shell=": "s"}, "Usage: chsh [options] [LOGIN]", "")
    name = _account(p, options.operands)
    if "s" not in options:
        p.err("simulator: chsh: asking for the shell is not simulated; use -s\n")
        return 1
    if not p.fs.exists(options.value("s")):
        p.err(f"chsh: Warning: {options.value('s')} does not exist\n")
    db.change(p, db.PASSWD, name, 6, options.value("s"))
    return 0


@program("/usr/bin/chfn", mode=0o4755)
def chfn(p: Process) -> int:
    """chfn(1)."""
    options = read_options(
        p,
        "f:h:o:r:uw:",
        {"full-name=": "f", "room=": "r", "work-phone=": "w", "home-phone=": "h", "other=": "o"},
        "Usage: chfn [options] [LOGIN]",
        "",
    )
    name = _account(p, options.operands)
    user = p.host.users.by_name(name)
    assert user is not None
    fields = (user.gecos.split(",") + [""] * 4)[:4]
    for index, letter in enumerate("frwh"):
        if letter in options:
            fields[index] = options.value(letter)
    db.change(p, db.PASSWD, name, 4, ",".join(fields))
    return 0
