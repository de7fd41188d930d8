"""NAME
    lockfile - conditional semaphore-file creator

SYNOPSIS
    lockfile [-sleeptime | -r retries | -l locktimeout | -s suspend | -! | -ml | -mu | file] ...

DESCRIPTION
    Makes lock files, one after the other; one that is there is waited for (8 seconds at a time, -N for another time, -r for
    how often). A lock older than -l seconds is taken over. -ml and -mu lock and unlock the system mailbox. If a lock cannot
    be had, those made before are removed.

EXIT STATUS
    0, or 73 if there is no lock (-! turns this around); 69 if it cannot be made.

DIFFERS FROM THE REAL PROGRAM
    In nothing that is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.mda.formail_options import COPYRIGHT
from simulator.unix.fs import Cred
from simulator.unix.program import Process, program

_EX_USAGE, _EX_UNAVAILABLE, _EX_CANTCREAT = 64, 69, 73
_MODE = 0o444
#: Nobody waits for ever in the simulator: a day.
_PATIENCE = 86_400


@dataclass(slots=True)
class _Settings:
    sleep: int = 8
    retries: int = -1
    timeout: int = 0
    suspend: int = 16
    invert: bool = False
    made: list[str] = field(default_factory=list)
    status: int = 0


@program("/usr/bin/lockfile", package="procmail", mode=0o2755, group="mail")
def main(p: Process) -> int:
    """Make the lock files of the command line."""
    mailbox = f"/var/mail/{p.host.users.user_name(p.caller.uid)}.lock"
    settings, words = _Settings(), list(p.argv[1:])
    if not words:
        p.err("Usage: lockfile -v | -nnn | -r nnn | -l nnn | -s nnn | -! | -ml | -mu | file ...\n")
        return _EX_USAGE
    if words == ["-v"]:
        p.err(f"lockfile v3.23pre 2001/09/13\n{COPYRIGHT}\nYour system mailbox's lockfile:\t{mailbox}\n")
        return 0
    good = True
    while words and good:
        word = words.pop(0)
        if word in ("-ml", "-mu"):
            good = _lock(p, settings, mailbox) if word == "-ml" else _unlock(p, mailbox)
        elif word.startswith("-") and len(word) > 1:
            _option(settings, word[1:], words)
        else:
            good = _lock(p, settings, p.path(word), word)
    if not good:
        for path in settings.made:
            _unlink(p, path)
    if settings.invert and settings.status != _EX_UNAVAILABLE:
        return 0 if settings.status else _EX_CANTCREAT
    return settings.status


def _option(settings: _Settings, text: str, words: list[str]) -> None:
    if text.isdigit():
        settings.sleep = int(text)
    elif text[0] == "!":
        settings.invert = not settings.invert
    else:
        value = text[1:] or (words.pop(0) if words else "0")
        number = int(value) if value.lstrip("-").isdigit() else 0
        names = {"r": "retries", "l": "timeout", "s": "suspend"}
        if text[0] in names:
            setattr(settings, names[text[0]], number)


def _lock(p: Process, settings: _Settings, path: str, name: str = "") -> bool:
    name, left, end = name or path, settings.retries, p.clock.now + _PATIENCE
    while p.clock.now < end:
        try:
            p.fs.write(path, b"0", Cred(p.cred.uid, p.cred.gid, p.cred.groups, 0), _MODE, exclusive=True)
            settings.made.append(path)
            return True
        except FileExistsError:
            entry = p.fs.stat(path, follow=False)
            if settings.timeout and p.clock.now - entry.mtime > settings.timeout and _unlink(p, path):
                p.err(f'lockfile: Forcing lock on "{name}"\n')
                p.sleep(settings.suspend)
                continue
        except OSError:
            p.err(f'lockfile: Try praying, giving up on "{name}"\n')
            settings.status = _EX_UNAVAILABLE
            return False
        if left == 0 or (left > 0 and (left := left - 1) < 0):
            break
        p.sleep(settings.sleep)
        if left == 0:
            break
    p.err(f'lockfile: Sorry, giving up on "{name}"\n')
    settings.status = _EX_CANTCREAT
    return False


def _unlock(p: Process, path: str) -> bool:
    if not _unlink(p, path):
        p.err(f'lockfile: Can\'t unlock "{path}"\n')
    return True


def _unlink(p: Process, path: str) -> bool:
    try:
        p.fs.unlink(path, p.cred)
    except OSError:
        return False
    return True
