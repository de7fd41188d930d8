"""doveadm auth, user and pw."""

from __future__ import annotations

import fnmatch
import hashlib

from simulator.dovecot.auth import LookupFailed, UserEntry
from simulator.dovecot.doveadm_context import NO_USER, TEMPORARY, USAGE_STATUS, Context
from simulator.dovecot.master import BASE, running
from simulator.dovecot.passwords import SchemeError, encode, verify
from simulator.dovecot.variables import expand, of_user

_REFUSED = 77
#: As `doveadm pw -l` lists them.
_SCHEMES = ("SHA1 SSHA512 SCRAM-SHA-256 BLF-CRYPT PLAIN HMAC-MD5 OTP SHA512 SHA DES-CRYPT CRYPT SSHA MD5-CRYPT PLAIN-MD4 PLAIN-MD5 SCRAM-SHA-1 "
            "SHA512-CRYPT CLEAR CLEARTEXT ARGON2I ARGON2ID SSHA256 MD5 PBKDF2 SHA256 CRAM-MD5 PLAIN-TRUNC SHA256-CRYPT SMD5 DIGEST-MD5 LDAP-MD5 ")  # fmt: skip


def _credentials(c: Context, letters: str) -> tuple[str, str, str] | None:
    options = c.options(letters)
    words = options.operands
    if not 1 <= len(words) <= 2:
        return None
    if len(words) == 2:
        return words[0], words[1], options.value("x")
    c.p.out("Password: ") if c.p.tty else None
    return words[0], c.p.stdin.split("\n")[0], options.value("x")


def test(c: Context) -> int:
    """Is this the user's password?"""
    given = _credentials(c, "a:x:M:A:")
    return c.usage() if given is None else _verify(c, given, False)


def login(c: Context) -> int:
    """As `auth test`, and what the userdb says."""
    given = _credentials(c, "a:m:M:x:")
    return c.usage() if given is None else _verify(c, given, True)


def _verify(c: Context, given: tuple[str, str, str], with_user: bool) -> int:
    master = running(c.p.host)
    if master is None or not c.p.fs.access(f"{BASE}/auth-client", 2, c.p.cred):
        path = f"{BASE}/auth-client"
        c.p.err(f"Error: auth-client: conn unix:{path}: connect({path}) failed: {c.socket_trouble('auth-client')}\n")
        raise c.fail("Couldn't connect to auth socket")
    name, password, info = given
    address = dict(word.partition("=")[::2] for word in info.split()).get("rip", "")
    outcome = master.auth.check(name, password, address, "doveadm")
    if not outcome.good:
        c.p.sleep(c.config.seconds("auth_failure_delay"))
    c.p.out(f"passdb: {name} auth {'succeeded' if outcome.good else 'failed'}\nextra fields:\n  user={outcome.user}\n")
    c.p.out("  temp\n" if outcome.temporary else "")
    if not outcome.good:
        return TEMPORARY if outcome.temporary else _REFUSED
    for key, text in outcome.fields:
        c.p.out(f"  {key}={text}\n")
    if _by_pam(c, outcome.user):
        c.p.out("  \n")
    entry = master.auth.find(name) if with_user else None
    if entry is not None:
        c.p.out(
            "userdb extra fields:\n"
            + "".join(f"  {line}\n" for line in [entry.name, *(f"{key}={text}" for key, text in _fields(entry)), "auth_mech=PLAIN"])
        )
    return 0


def _by_pam(c: Context, user: str) -> bool:
    blocks = c.config.databases("passdb")
    return bool(blocks) and blocks[0].get("driver") in ("pam", "shadow") and c.p.host.users.by_name(user) is not None


def _fields(entry: UserEntry) -> list[tuple[str, str]]:
    return [*entry.fields, ("uid", str(entry.uid)), ("gid", str(entry.gid)), ("home", entry.home)]


def lookup(c: Context) -> int:
    """What does the passdb say of a user?"""
    options = c.options("a:x:f:")
    master = running(c.p.host)
    if not options.operands:
        return c.usage()
    if master is None:
        raise c.fail(f"auth-master: passdb lookup({options.operands[0]}): connect({BASE}/auth-userdb) failed: {c.socket_trouble('auth-userdb')}")
    status = 0
    for name in options.operands:
        if master.auth.knows(master.auth.username(name)):
            c.p.out(f"passdb: {name}\n  user      : {master.auth.username(name)}\n")
        else:
            c.p.out(f"passdb lookup: user {name} doesn't exist\n")
            status = NO_USER
    return status


def user(c: Context) -> int:
    """What does the userdb say of a user?"""
    options = c.options("a:x:f:e:u")
    names = options.operands
    if not names:
        return c.usage()
    if any(letter in name for name in names for letter in "*?"):
        auth = c.auth()
        for name in auth.everybody() if auth is not None else []:
            if any(fnmatch.fnmatchcase(name, mask) for mask in names):
                c.p.out(f"{name}\n")
        return 0
    plain = "u" not in options and "f" not in options
    if plain:
        c.p.out("field\tvalue\n")
    status = 0
    for name in names:
        status = _one_user(c, name, options.value("f"), plain) or status
    c.p.out("\n" if plain and len(names) > 1 else "")
    return status


def _one_user(c: Context, name: str, field: str, plain: bool) -> int:
    auth = c.auth()
    if auth is None:
        c.p.err(
            f"doveadm({name})<{c.p.pid}><>: Error: auth-master: userdb lookup({name}): connect({BASE}/auth-userdb) failed: {c.socket_trouble('auth-userdb')}\n"
        )
        return TEMPORARY
    try:
        entry = auth.find(name)
    except LookupFailed:
        c.p.err(f"doveadm({name})<{c.p.pid}><>: Error: auth-master: userdb lookup({name}): Auth USER lookup failed\n")
        return TEMPORARY
    if entry is None:
        c.p.out("\n" * plain + f"userdb lookup: user {name} doesn't exist\n")
        return NO_USER
    values = _values(c, entry)
    if field:
        c.p.out(f"{values[field]}\n" if field in values else "")
        return 0
    if not plain:
        lines = [f"  {key:<10}: {text}\n" for key, text in [("user", entry.name), *_fields(entry)]]
        c.p.out(f"userdb: {name}\n" + "".join(lines))
        return 0
    c.p.out("".join(f"{key}\t{text}\n" for key, text in values.items()))
    return 0


def _values(c: Context, entry: UserEntry) -> dict[str, str]:
    own = dict(entry.fields)
    mail = own.pop("mail", "") or c.config["mail_location"]
    variables = of_user(entry.name, h=entry.home)
    return {"uid": str(entry.uid), "gid": str(entry.gid), "home": entry.home, "mail": expand(mail, variables), **own}


def password(c: Context) -> int:
    """Make, or check with -t, a stored password."""
    options = c.options("lp:r:s:t:u:V")
    if "l" in options:
        c.p.out(f"{_SCHEMES}\n")
        return 0
    given = options.value("p") if "p" in options else _typed(c)
    if "t" in options:
        return _check(c, options.value("t"), given)
    scheme = options.value("s", "CRYPT")
    try:
        stored = encode(scheme, given, options.value("u"), _Salt(f"{scheme} {given} {c.p.pid} {c.p.clock.now}").draw)
    except SchemeError as error:
        c.p.err(f"{error}\n" if str(error).startswith("simulator:") else f"Fatal: {error}\n")
        return TEMPORARY
    c.p.out(f"{stored} (verified)\n" if "V" in options else f"{stored}\n")
    return 0


def _typed(c: Context) -> str:
    words = c.p.stdin.split("\n")
    c.p.out("Enter new password: \nRetype new password: \n" if c.p.tty else "")
    if len(words) > 1 and words[0] != words[1]:
        raise c.fail("Passwords don't match!")
    return words[0]


def _check(c: Context, stored: str, given: str) -> int:
    try:
        good = verify(stored, given)
    except SchemeError as error:
        raise c.fail(f"reverse password verification check failed: {error}") from None
    if not good:
        raise c.fail("reverse password verification check failed: Password mismatch")
    c.p.out(f"{stored} (verified)\n")
    return 0


class _Salt:
    """Letters that depend on the command alone, so that a session can be replayed."""

    def __init__(self, seed: str) -> None:
        self.seed = seed

    def draw(self, length: int) -> str:
        digest = hashlib.sha256(self.seed.encode("utf-8", "surrogateescape")).digest()
        letters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        return "".join(letters[byte & 63] for byte in digest[:length])


__all__ = ["USAGE_STATUS", "login", "lookup", "password", "test", "user"]
