"""A user's mailboxes: where `mail_location` puts them, their names, subscriptions."""

from __future__ import annotations

import fnmatch
import posixpath
from typing import TYPE_CHECKING

from simulator.dovecot.auth import UserEntry
from simulator.dovecot.mailbox import Mailbox, MailboxError
from simulator.dovecot.maildir import Maildir
from simulator.dovecot.mbox import Mbox
from simulator.dovecot.variables import expand, of_user
from simulator.unix.fs import Cred

if TYPE_CHECKING:
    from simulator.dovecot.config import Config
    from simulator.unix.host import Host


class UserInvalid(Exception):
    """The user database's answer cannot be used."""


class Storage:
    """The mailboxes of one user, acted on with that user's rights."""

    def __init__(self, host: Host, config: Config, user: UserEntry, pid: int) -> None:
        self.host, self.config, self.user, self.pid, self.fs = host, config, user, pid, host.fs
        self.variables = of_user(user.name, h=user.home, i=str(user.uid), I=str(user.gid))
        self.location = self._location()
        driver, _, rest = self.location.partition(":")
        parts = rest.split(":")
        self.driver = driver.lower()
        self.root = self._home(parts[0])
        self.options = {one.partition("=")[0].upper(): one.partition("=")[2] for one in parts[1:]}
        self.inbox = self._home(self.options.get("INBOX", "")) or (f"/var/mail/{user.name}" if self.driver == "mbox" else self.root)
        self.nested = self.driver == "mbox" or self.options.get("LAYOUT", "").lower() == "fs"
        self.separator = "/" if self.nested else "."
        self.cred = self._cred()
        if self.driver not in ("maildir", "mbox"):
            raise MailboxError(f"simulator: mail_location driver {driver} is not simulated")

    def _location(self) -> str:
        own = dict(self.user.fields).get("mail", "")
        text = expand(own or self.config["mail_location"], self.variables)
        if text:
            return text
        home = self.user.home
        for name in ("mdbox", "sdbox", "Maildir"):
            if self.fs.exists(f"{home}/{name}"):
                return f"maildir:{home}/{name}"
        return f"mbox:{home}/mail:INBOX=/var/mail/{self.user.name}"

    def _home(self, path: str) -> str:
        return self.user.home + path[1:] if path.startswith("~") else path

    def _cred(self) -> Cred:
        account = self.host.users.by_name(self.user.name)
        groups = self.host.users.cred(self.user.name).groups if account is not None and account.uid == self.user.uid else frozenset()
        return Cred(self.user.uid, self.user.gid, groups, 0o077)

    def path(self, name: str) -> str:
        """Where a mailbox lies."""
        if name.upper() == "INBOX":
            return self.inbox
        if self.driver == "maildir" and not self.nested:
            return f"{self.root}/.{name}"
        return f"{self.root}/{name}"

    def exists(self, name: str) -> bool:
        """INBOX always does."""
        return name.upper() == "INBOX" or self.fs.exists(self.path(name) + ("/cur" if self.driver == "maildir" else ""), self.cred)

    def open(self, name: str, take: bool = False) -> Mailbox:
        """Open a mailbox. Raises MailboxError, OSError."""
        if not self.exists(name):
            raise MailboxError(f"Mailbox doesn't exist: {name}", "TRYCREATE", 68)
        name = "INBOX" if name.upper() == "INBOX" else name
        if self.driver == "maildir":
            return Maildir(self.host, name, self.path(name), self.root, self.cred, self.pid, take)
        group = self.host.users.group_by_name(self.config["mail_privileged_group"]) if self.config["mail_privileged_group"] else None
        index = f"{self.root}/.imap/{name}"
        return Mbox(self.host, name, self.path(name), index, self.cred, self.pid, take, group.gid if group is not None else None)

    def check_name(self, name: str) -> None:
        """Raises MailboxError for a name that no mailbox can have."""
        if not self.nested and "/" in name:
            raise MailboxError("Invalid mailbox name: Name must not have '/' characters", "CANNOT")
        if not name or name.startswith((self.separator, "~")) or self.separator * 2 in name or name.endswith(self.separator) or len(name) > 200:
            raise MailboxError(
                "Invalid mailbox name: Begins with hierarchy separator" if name.startswith(self.separator) else "Invalid mailbox name", "CANNOT"
            )
        if any(part in (".", "..") for part in name.split("/")):
            raise MailboxError("Invalid mailbox name", "CANNOT")

    def create(self, name: str) -> None:
        """Raises MailboxError."""
        self.check_name(name)
        if self.exists(name):
            raise MailboxError("Mailbox already exists", "ALREADYEXISTS")
        if self.driver == "maildir":
            self.open_new(name)
            return
        directory = posixpath.dirname(self.path(name))
        if not self.fs.exists(directory, self.cred):
            self.fs.mkdir(directory, self.cred, 0o700, parents=True)
        self.fs.write(self.path(name), b"", self.cred, 0o600)

    def open_new(self, name: str) -> Mailbox:
        """Create a mailbox and open it."""
        if self.driver == "maildir":
            if not self.fs.exists(f"{self.root}/cur", self.cred):
                Maildir(self.host, "INBOX", self.root, self.root, self.cred, self.pid)
            return Maildir(self.host, name, self.path(name), self.root, self.cred, self.pid)
        self.create(name)
        return self.open(name)

    def delete(self, name: str) -> None:
        """Raises MailboxError."""
        if name.upper() == "INBOX":
            raise MailboxError("INBOX can't be deleted", "", 65)
        self.check_name(name)
        if not self.exists(name):
            raise MailboxError(f"Mailbox doesn't exist: {name}", "NONEXISTENT", 68)
        if self.driver == "maildir":
            self.fs.rmtree(self.path(name), self.cred)
        else:
            self.fs.unlink(self.path(name), self.cred)
        self._log_change()

    def rename(self, old: str, new: str) -> None:
        """Raises MailboxError."""
        self.check_name(new)
        if not self.exists(old):
            raise MailboxError(f"Mailbox doesn't exist: {old}", "NONEXISTENT", 68)
        if self.exists(new):
            raise MailboxError("Target mailbox already exists", "ALREADYEXISTS")
        if old.upper() == "INBOX":
            raise MailboxError("Renaming INBOX isn't supported.", "CANNOT")
        self.fs.rename(self.path(old), self.path(new), self.cred)
        for child in self.names():
            if child.startswith(old + self.separator):
                self.fs.rename(self.path(child), self.path(new + child[len(old) :]), self.cred)
        self._log_change()

    def _log_change(self) -> None:
        path = f"{self.root}/dovecot.mailbox.log"
        if not self.fs.exists(path, self.cred):
            self.fs.write(path, b"", self.cred, 0o600)

    def names(self, pattern: str = "*") -> list[str]:
        """Names that match (`*` everything, `%` within a level), INBOX last."""
        found = sorted(self._subdirectories())
        names = [*found, "INBOX"]
        return [name for name in names if _matches(name, pattern, self.separator)]

    def _subdirectories(self) -> list[str]:
        try:
            entries = self.fs.listdir(self.root, self.cred)
        except OSError:
            return []
        if self.driver == "maildir" and not self.nested:
            return [name[1:] for name in entries if name.startswith(".") and self.fs.exists(f"{self.root}/{name}/cur", self.cred)]
        found: list[str] = []
        self._walk("", found)
        return found

    def _walk(self, below: str, found: list[str]) -> None:
        for name in self.fs.listdir(f"{self.root}/{below}".rstrip("/"), self.cred):
            path, full = f"{self.root}/{below}{name}", f"{below}{name}"
            if name.startswith((".", "dovecot")) or name in ("cur", "new", "tmp", "subscriptions"):
                continue
            kind = self.fs.stat(path, self.cred)
            if kind.is_dir and len(found) < 1000:
                if self.driver == "maildir" and self.fs.exists(f"{path}/cur", self.cred):
                    found.append(full)
                self._walk(full + "/", found)
            elif not kind.is_dir and self.driver == "mbox":
                found.append(full)

    def children(self, name: str) -> bool:
        """Has a mailbox mailboxes below it?"""
        return any(one.startswith(name + self.separator) for one in self._subdirectories())

    # -- subscriptions --------------------------------------------------------------------------------------------------

    def _subscription_file(self) -> str:
        return f"{self.root}/subscriptions" if self.driver == "maildir" else f"{self.root}/.subscriptions"

    def subscriptions(self) -> list[str]:
        """The subscribed names."""
        try:
            lines = self.fs.read(self._subscription_file(), self.cred).decode("utf-8", "surrogateescape").splitlines()
        except OSError:
            return []
        if lines and lines[0].startswith("V\t"):
            return [line.replace("\t", self.separator) for line in lines[2:]]
        return lines

    def subscribe(self, name: str, wanted: bool) -> None:
        """Add or remove a subscription."""
        names = self.subscriptions()
        if wanted == (name in names):
            return
        names = [*names, name] if wanted else [one for one in names if one != name]
        text = "V\t2\n\n" + "".join(one.replace(self.separator, "\t") + "\n" for one in names)
        if not self.fs.exists(self.root, self.cred):
            self.fs.mkdir(self.root, self.cred, 0o700, parents=True)
        self.fs.write(self._subscription_file(), text.encode("utf-8", "surrogateescape"), self.cred, 0o600)
        self._log_change()


def _matches(name: str, pattern: str, separator: str) -> bool:
    if pattern in ("*", ""):
        return True
    if pattern.upper() == "INBOX":
        return name == "INBOX"
    if "%" in pattern and "*" not in pattern and name.count(separator) != pattern.count(separator):
        return False
    return fnmatch.fnmatchcase(name, pattern.replace("%", "*").replace("[", "[[]"))


def usable(entry: UserEntry, config: Config) -> str:
    """What is wrong with a user's uid or gid; "" = nothing."""
    if entry.uid == 0:
        return "Invalid settings in userdb: userdb returned 0 as uid"
    if entry.uid < 0:
        return "Couldn't drop privileges: User is missing UID (see mail_uid setting)"
    if entry.gid < 0:
        return "Couldn't drop privileges: User is missing GID (see mail_gid setting)"
    if entry.uid < int(config["first_valid_uid"]):
        low = config["first_valid_uid"]
        return f"Mail access for users with UID {entry.uid} not permitted (see first_valid_uid in config file, uid from userdb lookup).".replace(
            "{low}", low
        )
    return ""
