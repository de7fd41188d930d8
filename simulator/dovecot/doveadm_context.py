"""What a doveadm command has: its arguments, the configuration, the users it is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.dovecot.auth import Auth, LookupFailed, UserEntry
from simulator.dovecot.config import Config
from simulator.dovecot.doveadm_usage import ARGUMENTS, COMMANDS, MAILBOX_COMMANDS
from simulator.dovecot.mailbox import MailboxError
from simulator.dovecot.master import BASE, running
from simulator.dovecot.storage import Storage, usable
from simulator.netprog.getopt import Options, getopt
from simulator.unix.program import Exit, Process

USAGE_STATUS, NO_USER, TEMPORARY = 64, 67, 75


def usage(p: Process, group: str = "") -> int:
    """The list of commands, or of a group's."""
    lines = MAILBOX_COMMANDS if group == "mailbox" else COMMANDS
    name = f"{group} " if group == "mailbox" else ""
    p.err(
        f"usage: doveadm [-Dv] [-f <formatter>] {name}<command> [<args>]\n"
        + ("" if name else " " * 15 + "\n")
        + "".join(f"  {line}\n" for line in lines)
    )
    return USAGE_STATUS


@dataclass(slots=True)
class Context:
    """One command."""

    p: Process
    config: Config
    formatter: str
    name: str
    arguments: list[str]
    status: int = 0

    def usage(self) -> int:
        """The command was called wrongly."""
        self.p.err(f"doveadm {self.name} {ARGUMENTS.get(self.name, '')}".rstrip() + ("\n" if ARGUMENTS.get(self.name) else " \n"))
        return USAGE_STATUS

    def fail(self, text: str, status: int = TEMPORARY) -> Exit:
        """A fatal error: raise what this returns."""
        self.p.err(f"Fatal: {text}\n")
        return Exit(status)

    def auth(self) -> Auth | None:
        """The running auth service, if this user may ask it."""
        master = running(self.p.host)
        return None if master is None or not self.p.fs.access(f"{BASE}/auth-userdb", 2, self.p.cred) else master.auth

    def socket_trouble(self, socket: str) -> str:
        """Why connect(2) fails."""
        path = f"{BASE}/{socket}"
        if not self.p.fs.exists(path):
            return "No such file or directory"
        return "Connection refused" if self.p.fs.access(path, 2, self.p.cred) else "Permission denied"

    def options(self, letters: str) -> Options:
        """Options; those of mail commands are added: -u, -A, -S, -F."""
        return getopt(self.arguments, letters)

    def storages(self, options: Options) -> Iterator[Storage]:
        """The users that -u, -A or the environment name. Problems are told, and noted in `status`."""
        if "A" in options:
            auth = self.auth()
            names = auth.everybody() if auth is not None else []
        elif "u" in options and any(letter in options.value("u") for letter in "*?"):
            import fnmatch

            auth = self.auth()
            names = [name for name in (auth.everybody() if auth is not None else []) if fnmatch.fnmatchcase(name, options.value("u"))]
        else:
            names = [options.value("u") or self.p.env.get("USER", self.p.user)]
        for name in names:
            storage = self._storage(name, "u" in options or "A" in options)
            if storage is not None:
                yield storage

    def _storage(self, name: str, lookup: bool) -> Storage | None:
        entry: UserEntry | None = UserEntry(name, self.p.cred.uid, self.p.cred.gid, self.p.env.get("HOME", "/"))
        if lookup:
            auth = self.auth()
            if auth is None:
                self.p.err(
                    f"doveadm({name})<{self.p.pid}><>: Error: auth-master: userdb lookup({name}): connect({BASE}/auth-userdb) failed: {self.socket_trouble('auth-userdb')}\n"
                )
                self.p.err(f"doveadm({name}): Error: User lookup failed: Internal error occurred. Refer to server log for more information.\n")
                raise Exit(TEMPORARY)
            try:
                entry = auth.find(name, "doveadm")
            except LookupFailed:
                entry = None
        if entry is None:
            self.p.err(f"doveadm({name}): Error: User doesn't exist\n")
            self.status = NO_USER
            return None
        trouble = usable(entry, self.config)
        if trouble and not lookup:
            trouble = "Couldn't drop privileges: User is missing UID (see mail_uid setting)"
        if trouble:
            kind = "User lookup failed: " if "Invalid settings" in trouble else ""
            self.p.err(f"doveadm({name}): Error: {kind}{trouble}\n")
            self.status = TEMPORARY
            return None
        try:
            return Storage(self.p.host, self.config, entry, self.p.pid)
        except MailboxError as error:
            self.p.err(f"doveadm({name}): Error: {error}\n")
            self.status = TEMPORARY
            return None

    def trouble(self, user: str, text: str, status: int) -> None:
        """An error about one user."""
        self.p.err(f"doveadm({user}): Error: {text}\n")
        self.status = self.status or status
