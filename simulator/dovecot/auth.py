"""NAME
    dovecot-auth - passwords and users

DESCRIPTION
    Answers two questions: is this password right (passdb blocks, in order), and where is this user's mail, under which uid
    (userdb blocks). Drivers: passwd-file, passwd, shadow, pam (against /etc/shadow), static, prefetch.
    A wrong password is answered after auth_failure_delay; an address that fails again waits longer (4, 8, 15 seconds).

DIFFERS FROM DOVECOT
    sql, ldap, dict, lua, checkpassword, oauth2 and caching are missing. PAM knows nothing but passwords.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.dovecot import log
from simulator.dovecot.config_file import Section
from simulator.dovecot.passwords import SchemeError, verify
from simulator.dovecot.shadow import check_shadow
from simulator.dovecot.variables import expand, of_user

if TYPE_CHECKING:
    from simulator.dovecot.config import Config
    from simulator.unix.host import Host

_PENALTY_FIRST, _PENALTY_MOST, _PENALTY_COUNT = 2, 15, 4
#: Bytes of a passwd-file and lines that are looked at.
_MOST_LINES = 100_000
DRIVERS = ("passwd-file", "passwd", "shadow", "pam", "static", "prefetch", "nss")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a login. `temporary`: the question could not be answered."""

    good: bool
    user: str
    temporary: bool = False
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class UserEntry:
    """What the userdb says of a user."""

    name: str
    uid: int
    gid: int
    home: str
    fields: tuple[tuple[str, str], ...] = ()


class LookupFailed(Exception):
    """The user database could not answer."""


@dataclass(slots=True)
class Penalty:
    """Failures of one address: how many, when the last was, and of which user and password."""

    count: int
    last: float
    seen: set[str] = field(default_factory=set)


class Auth:
    """Passwords and users by one configuration."""

    def __init__(self, host: Host, config: Config) -> None:
        self.host = host
        self.config = config
        self.penalties: dict[str, Penalty] = {}

    # -- names ----------------------------------------------------------------------------------------------------------

    def username(self, name: str) -> str:
        """The name after auth_default_realm, auth_username_translation and auth_username_format."""
        config = self.config
        if config["auth_default_realm"] and "@" not in name:
            name = f"{name}@{config['auth_default_realm']}"
        pairs = config["auth_username_translation"]
        name = name.translate(str.maketrans(pairs[::2], pairs[1::2])) if len(pairs) > 1 else name
        return expand(config["auth_username_format"], of_user(name)) or name

    def _log(self, text: str, level: str = "Info") -> None:
        log.write(self.host, self.config, "auth", text, level)

    # -- passwords ------------------------------------------------------------------------------------------------------

    def check(self, name: str, password: str, address: str = "", service: str = "") -> Outcome:
        """Is the password right?"""
        user = self.username(name)
        temporary = False
        for block in self.config.databases("passdb"):
            who = f"{user},{address}" if address else user
            answer = self._ask(block, user, password, who, service)
            if answer is not None and answer.good:
                return answer
            temporary |= answer is not None and answer.temporary
        return Outcome(False, user, temporary)

    def _ask(self, block: Section, user: str, password: str, who: str, service: str) -> Outcome | None:
        driver = block.get("driver")
        if driver == "passwd-file":
            return self._ask_file(block, user, password, who, service)
        if driver in ("pam", "shadow", "passwd"):
            found = check_shadow(self.host, user, password)
            return Outcome(found, user)
        if driver == "static":
            options = _words(block.get("args"))
            wanted = options.get("password")
            return Outcome("nopassword" in options or (wanted is not None and verify(expand(wanted, of_user(user)), password, "PLAIN")), user)
        return None

    def _ask_file(self, block: Section, user: str, password: str, who: str, service: str) -> Outcome | None:
        options, path = _file_arguments(block, user)
        rows = self._rows(path)
        if rows is None:
            return Outcome(False, user, True)
        row = rows.get(expand(options.get("username_format", "%u"), of_user(user)))
        if row is None:
            if self.config.bool("auth_verbose"):
                self._log(f"passwd-file({who}): unknown user")
            return None
        try:
            good = verify(row[1], password, options.get("scheme", "CRYPT"))
        except SchemeError as error:
            self._log(f"passwd-file({who}): {error}", "Error")
            return Outcome(False, user, True)
        if not good and self.config.bool("auth_verbose"):
            self._log(f"passwd-file({who}): Password mismatch")
        return Outcome(good, user, False, _extra_fields(row, "")) if good else Outcome(False, user)

    def _rows(self, path: str) -> dict[str, list[str]] | None:
        """A passwd-file's lines by user; None, and a line in the log, when it cannot be read."""
        try:
            text = self.host.fs.read(path).decode("utf-8", "surrogateescape")
        except OSError as error:
            self._log(f"passwd-file {path}: open({path}) failed: {error.strerror}", "Error")
            return None
        rows: dict[str, list[str]] = {}
        for line in text.splitlines()[:_MOST_LINES]:
            if line.strip() and not line.startswith("#"):
                parts = line.split(":", 7)
                rows.setdefault(parts[0], [*parts, *[""] * (8 - len(parts))])
        return rows

    # -- delay ----------------------------------------------------------------------------------------------------------

    def penalty(self, address: str) -> float:
        """Seconds that a login from this address has to wait before it is looked at."""
        there = self.penalties.get(address)
        if there is None or self.host.clock.now - there.last >= _PENALTY_MOST:
            self.penalties.pop(address, None)
            return 0.0
        return float(min(_PENALTY_FIRST * 2**there.count, _PENALTY_MOST)) if there.count else 0.0

    def note(self, address: str, good: bool, attempt: str) -> None:
        """Remember how a login ended; the same user and password again do not count."""
        if not address:
            return
        if good:
            self.penalties.pop(address, None)
            return
        there = self.penalties.setdefault(address, Penalty(0, self.host.clock.now))
        there.last = self.host.clock.now
        if attempt not in there.seen:
            there.count = min(there.count + 1, _PENALTY_COUNT)
            there.seen = {*sorted(there.seen)[-8:], attempt}

    # -- users ----------------------------------------------------------------------------------------------------------

    def find(self, name: str, service: str = "") -> UserEntry | None:
        """Where is this user's mail? None: nobody knows the user. Raises LookupFailed."""
        user = self.username(name)
        for block in self.config.databases("userdb"):
            found = self._find(block, user, service)
            if found is not None:
                return found
        return None

    def _find(self, block: Section, user: str, service: str) -> UserEntry | None:
        driver = block.get("driver")
        if driver == "passwd":
            account = self.host.users.by_name(user)
            if account is None:
                return None
            return UserEntry(user, account.uid, account.gid, account.home, (("system_groups_user", user),))
        if driver == "static":
            return self._static(block, user)
        if driver == "passwd-file":
            return self._from_file(block, user)
        return None

    def _static(self, block: Section, user: str) -> UserEntry | None:
        """A static userdb knows every user that a passdb knows, unless `allow_all_users=yes`."""
        options = _words(expand(block.get("args"), of_user(user)))
        if options.get("allow_all_users") != "yes" and not self.knows(user):
            return None
        return self._entry(user, options)

    def knows(self, user: str) -> bool:
        """Does a passdb know this user?"""
        for block in self.config.databases("passdb"):
            driver = block.get("driver")
            if driver == "passwd-file":
                options, path = _file_arguments(block, user)
                rows = self._rows(path)
                if rows is not None and expand(options.get("username_format", "%u"), of_user(user)) in rows:
                    return True
            elif driver == "static" or (driver in ("pam", "shadow", "passwd") and self.host.users.by_name(user) is not None):
                return True
        return False

    def _from_file(self, block: Section, user: str) -> UserEntry | None:
        options, path = _file_arguments(block, user)
        rows = self._rows(path)
        if rows is None:
            raise LookupFailed
        row = rows.get(expand(options.get("username_format", "%u"), of_user(user)))
        if row is None:
            return None
        defaults = _words(expand(block.get("default_fields"), of_user(user)))
        own = {"uid": row[2], "gid": row[3], "home": row[5]} | dict(_extra_fields(row, "userdb_"))
        return self._entry(user, defaults | {name: expand(text, of_user(user)) for name, text in own.items() if text})

    def _entry(self, user: str, fields: dict[str, str]) -> UserEntry:
        rest = tuple((name, text) for name, text in fields.items() if name not in ("uid", "gid", "home", "allow_all_users", "blocking"))
        uid, gid = self._number(fields.get("uid", ""), user=True), self._number(fields.get("gid", ""), user=False)
        return UserEntry(user, uid, gid, fields.get("home", ""), rest)

    def _number(self, text: str, user: bool) -> int:
        text = text or self.config["mail_uid" if user else "mail_gid"]
        if text.isdigit():
            return int(text)
        entry = self.host.users.by_name(text) if user else None
        group = None if user else self.host.users.group_by_name(text)
        return entry.uid if entry is not None else group.gid if group is not None else -1

    def everybody(self) -> list[str]:
        """The users that a userdb can list: system users by first_valid_uid, lines of passwd-files."""
        names: list[str] = []
        for block in self.config.databases("userdb"):
            if block.get("driver") == "passwd":
                first = int(self.config["first_valid_uid"])
                names += [one.name for one in self.host.users.all() if one.uid >= first]
            elif block.get("driver") == "passwd-file":
                names += list(self._rows(_file_arguments(block, "")[1]) or ())
        return names


def _words(text: str) -> dict[str, str]:
    return {word.partition("=")[0]: word.partition("=")[2] for word in text.split()}


def _file_arguments(block: Section, user: str) -> tuple[dict[str, str], str]:
    """The options before the path, and the path, in `args = scheme=plain username_format=%n /etc/dovecot/users`."""
    words = block.get("args").split()
    count = next((place for place, word in enumerate(words) if word.startswith("/")), len(words))
    return _words(" ".join(words[:count])), expand(" ".join(words[count:]), of_user(user))


def _extra_fields(row: list[str], prefix: str) -> tuple[tuple[str, str], ...]:
    found = []
    for word in row[7].split():
        name, _, text = word.partition("=")
        if name.startswith("userdb_") == bool(prefix):
            found.append((name.removeprefix(prefix), text))
    return tuple(found)
