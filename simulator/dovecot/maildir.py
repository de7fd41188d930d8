"""Maildir as Dovecot keeps it: new, cur and tmp, flags in names (`:2,FS`), `dovecot-uidlist`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import TYPE_CHECKING

from simulator.dovecot.mailbox import Mail, Mailbox
from simulator.dovecot.session_id import guid
from simulator.unix.fs import Cred

if TYPE_CHECKING:
    from simulator.unix.host import Host

_LETTERS = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
_FLAGS = {flag: letter for letter, flag in _LETTERS.items()}
_INDEX = "dovecot.index.log"


def maildir_name(host: Host, pid: int, size: int, virtual: int) -> str:
    """A name that nobody else has: seconds, microseconds, process, host, both sizes."""
    now = host.clock.now
    micro = int((now - int(now)) * 1_000_000)
    return f"{int(now)}.M{micro}P{pid}.{host.hostname.split('.')[0] if '.' not in host.hostname else host.hostname},S={size},W={virtual}"


class Maildir(Mailbox):
    """One Maildir. `take`: whoever opens it takes new messages into cur (SELECT, POP3) and they are recent only for him."""

    def __init__(self, host: Host, name: str, path: str, root: str, cred: Cred, pid: int, take: bool = False) -> None:
        super().__init__(name)
        self.host, self.fs, self.path, self.root, self.cred, self.pid, self.take = host, host.fs, path, root, cred, pid, take
        self._serial = 0
        self._first_recent = 1
        self.made = self._make()
        self.refresh(first=True)

    def _make(self) -> bool:
        """Create what is missing. Raises OSError."""
        new = not self.fs.exists(f"{self.path}/cur", self.cred)
        for name in ("", "/cur", "/new", "/tmp"):
            if not self.fs.exists(self.path + name, self.cred):
                self.fs.mkdir(self.path + name, self.cred, 0o700, parents=not name)
        if new:
            self._touch("maildirfolder", self.path)
        return new

    def _touch(self, name: str, directory: str, content: bytes = b"", mode: int = 0o600) -> None:
        path = f"{directory}/{name}"
        if not self.fs.exists(path, self.cred):
            self.fs.write(path, content, Cred(self.cred.uid, self.cred.gid, self.cred.groups, 0), mode)

    # -- what lies there ------------------------------------------------------------------------------------------------

    def refresh(self, first: bool = False) -> None:
        known = self._read_list()
        found = self._scan()
        mails: list[Mail] = []
        for base in [one for one in known if one in found]:
            mails.append(self._mail(known[base], base, found[base]))
        fresh = sorted(base for base in found if base not in known)
        for base in fresh:
            mails.append(self._mail(self.uidnext, base, found[base]))
            self.uidnext += 1
        self._set_recent(mails, first)
        self.mails = mails
        if fresh or first or len(known) != len(mails):
            self._write_list()

    def _set_recent(self, mails: list[Mail], first: bool) -> None:
        if first:
            self._first_recent = self._stored_recent()
        for mail in mails:
            mail.recent = mail.uid >= self._first_recent
        if self.take:
            for mail in mails:
                if mail.place.startswith("new/"):
                    self._move(mail, "cur/" + mail.place[4:].split(":2,")[0] + ":2," + self._letters(mail))
            self._store_recent(self.uidnext)

    def _scan(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for directory in ("cur", "new"):
            for name in self.fs.listdir(f"{self.path}/{directory}", self.cred):
                if not name.startswith("."):
                    found[name.split(":")[0]] = f"{directory}/{name}"
        return found

    def _mail(self, uid: int, base: str, place: str) -> Mail:
        stat = self.fs.stat(f"{self.path}/{place}", self.cred)
        letters = place.partition(":2,")[2]
        flags = {_LETTERS[one] for one in letters if one in _LETTERS}
        flags |= {self.keywords[ord(one) - 97] for one in letters if "a" <= one <= "z" and ord(one) - 97 < len(self.keywords)}
        return Mail(uid, place, stat.mtime, stat.size, flags, False, base.split(",S=")[0])

    def data(self, mail: Mail) -> bytes:
        self._touch("dovecot.index.cache", self.path)
        return self.fs.read(f"{self.path}/{mail.place}", self.cred)

    # -- the list of UIDs -----------------------------------------------------------------------------------------------

    def _read_list(self) -> dict[str, int]:
        """`3 V<uidvalidity> N<next uid> G<guid>`, then `<uid> :<name>`."""
        try:
            lines = self.fs.read(f"{self.path}/dovecot-uidlist", self.cred).decode("utf-8", "surrogateescape").splitlines()
        except OSError:
            lines = []
        self._read_keywords()
        if not lines:
            self.uidvalidity = self.uidvalidity or self._new_validity()
            self._serial += 1
            self.guid = self.guid or guid(self.host, self.pid, self._serial).hex()
            return {}
        for word in lines[0].split()[1:]:
            if word[0] == "V":
                self.uidvalidity = int(word[1:])
            elif word[0] == "N":
                self.uidnext = int(word[1:])
            elif word[0] == "G":
                self.guid = word[1:]
        known: dict[str, int] = {}
        for line in lines[1:]:
            number, _, name = line.partition(" :")
            if number.split(" ")[0].isdigit():
                known[name.split(":")[0]] = int(number.split(" ")[0])
        return known

    def _write_list(self) -> None:
        text = f"3 V{self.uidvalidity} N{self.uidnext} G{self.guid}\n" + "".join(
            f"{one.uid} :{posixpath.basename(one.place)}\n" for one in self.mails
        )
        self.fs.write(f"{self.path}/dovecot-uidlist", text.encode("utf-8", "surrogateescape"), self.cred, 0o600)
        self._touch(_INDEX, self.path)
        self._touch("dovecot.list.index.log", self.root)

    def _new_validity(self) -> int:
        """The time, or one more than the last mailbox got; a file's name remembers it."""
        path = f"{self.root}/dovecot-uidvalidity"
        last = 0
        if self.fs.exists(path, self.cred):
            last = int(self.fs.read(path, self.cred).decode() or "0", 16)
            self.fs.unlink(f"{self.root}/dovecot-uidvalidity.{last:08x}", self.cred)
        value = max(int(self.host.clock.now), last + 1)
        self.fs.write(path, f"{value:08x}".encode(), self.cred, 0o600)
        self._touch(f"dovecot-uidvalidity.{value:08x}", self.root, mode=0o444)
        return value

    def _stored_recent(self) -> int:
        try:
            text = self.fs.read(f"{self.path}/{_INDEX}", self.cred).decode() or "1"
        except OSError:
            return 1
        return int(text)

    def _store_recent(self, uid: int) -> None:
        self.fs.write(f"{self.path}/{_INDEX}", str(uid).encode(), self.cred, 0o600)

    def _read_keywords(self) -> None:
        try:
            text = self.fs.read(f"{self.path}/dovecot-keywords", self.cred).decode("utf-8", "surrogateescape")
        except OSError:
            return
        self.keywords = [line.partition(" ")[2] for line in text.splitlines()]

    # -- changes --------------------------------------------------------------------------------------------------------

    def _letters(self, mail: Mail) -> str:
        letters = [_FLAGS[flag] for flag in mail.flags if flag in _FLAGS]
        for word in sorted(flag for flag in mail.flags if not flag.startswith("\\")):
            if word not in self.keywords and len(self.keywords) < 26:
                self.keywords.append(word)
                text = "".join(f"{place} {name}\n" for place, name in enumerate(self.keywords))
                self.fs.write(f"{self.path}/dovecot-keywords", text.encode("utf-8", "surrogateescape"), self.cred, 0o600)
            if word in self.keywords:
                letters.append(chr(97 + self.keywords.index(word)))
        return "".join(sorted(letters))

    def _move(self, mail: Mail, place: str) -> None:
        if place != mail.place:
            self.fs.rename(f"{self.path}/{mail.place}", f"{self.path}/{place}", self.cred)
            mail.place = place

    def store(self, mail: Mail, flags: set[str]) -> None:
        mail.flags = flags
        base = posixpath.basename(mail.place).split(":2,")[0]
        self._move(mail, f"cur/{base}:2,{self._letters(mail)}")

    def expunge(self, mails: Iterable[Mail]) -> None:
        gone = list(mails)
        for mail in gone:
            self.fs.unlink(f"{self.path}/{mail.place}", self.cred)
        self.mails = [one for one in self.mails if one not in gone]
        if gone:
            self._write_list()

    def append(self, data: bytes, flags: set[str], received: float | None = None, recent: bool = True) -> Mail:
        self.refresh()
        name = maildir_name(self.host, self.pid, len(data), len(data) + data.count(b"\n") - data.count(b"\r\n"))
        while self.fs.exists(f"{self.path}/new/{name}", self.cred) or name.split(":")[0] in self._scan():
            head, _, rest = name.partition("P")
            second, _, micro = head.partition(".M")
            name = f"{second}.M{int(micro) + 1}P{rest}"
        mail = Mail(self.uidnext, f"new/{name}", received or self.host.clock.now, len(data), set(flags), recent, name.split(",S=")[0])
        if flags:
            mail.place = f"cur/{name}:2,{self._letters(mail)}"
        self.fs.write(f"{self.path}/tmp/{name}", data, self.cred, 0o600)
        self.fs.rename(f"{self.path}/tmp/{name}", f"{self.path}/{mail.place}", self.cred)
        if received is not None:
            self.fs.utime(f"{self.path}/{mail.place}", received, received, self.cred)
        self.uidnext += 1
        self.mails.append(mail)
        self._write_list()
        self._touch("dovecot.index.cache", self.path)
        return mail
