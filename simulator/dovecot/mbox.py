"""mbox as Dovecot keeps it: `From ` lines, X-IMAPbase, X-UID, Status and X-Status headers written when something changes."""

from __future__ import annotations

import calendar
import hashlib
import posixpath
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from simulator.dovecot.mailbox import Mail, Mailbox, MailboxError
from simulator.dovecot.session_id import guid
from simulator.unix.fs import Cred

if TYPE_CHECKING:
    from simulator.unix.host import Host

_FROM = re.compile(rb"(?:\A|(?<=\n\n))From [^\n]*\n")
_OWN = re.compile(rb"^(?:X-IMAPbase|X-IMAP|X-UID|Status|X-Status|X-Keywords|Content-Length):[^\n]*\n", re.M | re.I)
_STATUS = {"R": "\\Seen"}
_XSTATUS = {"A": "\\Answered", "F": "\\Flagged", "T": "\\Draft", "D": "\\Deleted"}
_PADDING = 50


class Mbox(Mailbox):
    """One file. The index beside it remembers UIDs until the file itself is written."""

    def __init__(self, host: Host, name: str, path: str, index: str, cred: Cred, pid: int, take: bool = False, privileged: int | None = None) -> None:
        super().__init__(name)
        self.host, self.fs, self.path, self.index, self.cred, self.pid, self.take = host, host.fs, path, index, cred, pid, take
        self.privileged = privileged
        self._texts: dict[int, tuple[bytes, bytes]] = {}
        self._first_recent = 1
        self.lock_error = ""
        self._lock()
        self.refresh()

    def _lock(self) -> None:
        """A dot lock needs a writable directory, which mail_privileged_group may give."""
        directory = posixpath.dirname(self.path)
        groups = self.cred.groups | ({self.privileged} if self.privileged is not None else frozenset())
        if self.fs.exists(directory) and not self.fs.access(directory, 2, Cred(self.cred.uid, self.cred.gid, groups)):
            self.lock_error = directory

    def refresh(self) -> None:
        try:
            data = self.fs.read(self.path, self.cred)
        except FileNotFoundError:
            data = b""
        self._read_index()
        known = {digest: uid for uid, digest in self._index_entries.items()}
        self.mails, self._texts = [], {}
        for head, text in _split(data):
            self._add(head, text, known)
        self._write_index()

    def _add(self, head: bytes, text: bytes, known: dict[str, int]) -> None:
        block = text.partition(b"\n\n")[0] + b"\n"
        own = {line.partition(b":")[0].lower(): line.partition(b":")[2].strip().decode() for line in _OWN.findall(block)}
        base = own.get(b"x-imapbase", "").split()
        if base and not self.mails:
            self.uidvalidity, self.uidnext = int(base[0]), max(self.uidnext, int(base[1]) + 1)
        header, blank, body = text.partition(b"\n\n")
        clean = _OWN.sub(b"", header + b"\n") + (b"\n" + body if blank else b"")
        digest = hashlib.md5(head + clean, usedforsecurity=False).hexdigest()
        uid = known.get(digest) or int(own.get(b"x-uid", "0") or 0)
        if not uid or any(one.uid >= uid for one in self.mails):
            uid = self.uidnext
        self.uidnext = max(self.uidnext, uid + 1)
        status = own.get(b"status", "") + own.get(b"x-status", "")
        flags = {flag for letter, flag in {**_STATUS, **_XSTATUS}.items() if letter in status}
        flags |= set(own.get(b"x-keywords", "").split())
        mail = Mail(uid, digest, _from_time(head), len(clean), flags, uid >= self._first_recent and "O" not in own.get(b"status", ""), digest)
        self._texts[uid] = (head, clean)
        self._index_entries[uid] = digest
        self.mails.append(mail)

    # -- index ----------------------------------------------------------------------------------------------------------

    def _read_index(self) -> None:
        self._index_entries: dict[int, str] = {}
        try:
            lines = self.fs.read(f"{self.index}/dovecot.index.log", self.cred).decode().split("\n")
        except OSError:
            self.uidvalidity = self.uidvalidity or int(self.host.clock.now)
            self.guid = self.guid or guid(self.host, self.pid).hex()
            return
        validity, following, recent, self.guid = lines[0].split(" ")
        self.uidvalidity, self.uidnext, self._first_recent = int(validity), int(following), int(recent)
        self._index_entries = {int(line.partition(" ")[0]): line.partition(" ")[2] for line in lines[1:] if line}

    def _write_index(self) -> None:
        if not self.fs.exists(self.index, self.cred):
            try:
                self.fs.mkdir(self.index, self.cred, 0o700, parents=True)
            except OSError:
                return
        recent = self.uidnext if self.take else self._first_recent
        rows = [f"{self.uidvalidity} {self.uidnext} {recent} {self.guid}", *(f"{one.uid} {one.place}" for one in self.mails)]
        self.fs.write(f"{self.index}/dovecot.index.log", "\n".join(rows).encode(), self.cred, 0o600)

    # -- messages -------------------------------------------------------------------------------------------------------

    def data(self, mail: Mail) -> bytes:
        return self._texts[mail.uid][1]

    def store(self, mail: Mail, flags: set[str]) -> None:
        mail.flags = flags
        self._rewrite()

    def expunge(self, mails: Iterable[Mail]) -> None:
        gone = list(mails)
        self.mails = [one for one in self.mails if one not in gone]
        if gone:
            self._rewrite()

    def append(self, data: bytes, flags: set[str], received: float | None = None, recent: bool = True) -> Mail:
        when = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(received or self.host.clock.now))
        sender = _sender(data)
        head = f"From {sender}  {when}\n".encode()
        text = _OWN.sub(b"", data.partition(b"\n\n")[0] + b"\n") + b"\n" + data.partition(b"\n\n")[2]
        mail = Mail(self.uidnext, "", received or self.host.clock.now, len(text), set(flags), recent)
        mail.place = mail.guid = hashlib.md5(head + text, usedforsecurity=False).hexdigest()
        self.uidnext += 1
        self._texts[mail.uid] = (head, text)
        self.mails.append(mail)
        base = b"" if self.fs.exists(self.path, self.cred) and len(self.mails) > 1 else f"X-IMAPbase: {self.uidvalidity} {mail.uid:010d}\n".encode()
        header, _, body = text.partition(b"\n\n")
        own = (
            base
            + f"X-UID: {mail.uid}\n".encode()
            + _status_lines(mail, False)
            + b"X-Keywords:"
            + b" " * 73
            + f"\nContent-Length: {len(body)}\n".encode()
        )
        self.fs.append(self.path, head + header + b"\n" + own + b"\n" + body + b"\n", self.cred, 0o600)
        self._index_entries[mail.uid] = mail.place
        self._write_index()
        return mail

    def _rewrite(self) -> None:
        out = b""
        for place, mail in enumerate(self.mails):
            head, text = self._texts[mail.uid]
            header, _, body = text.partition(b"\n\n")
            status = _status_lines(mail, True)
            base = f"X-IMAPbase: {self.uidvalidity} {self.uidnext - 1:010d}\n".encode() if not place else b""
            pad = b" " * max(0, _PADDING - len(status))
            out += head + header.rstrip(b"\n") + b"\n" + base + f"X-UID: {mail.uid}".encode() + pad + b"\n" + status + b"\n" + body + b"\n"
        try:
            self.fs.write(self.path, out, self.cred)
        except OSError as error:
            raise MailboxError(f"write({self.path}) failed: {error.strerror}") from None
        self._write_index()


def _status_lines(mail: Mail, old: bool) -> bytes:
    status = ("R" if "\\Seen" in mail.flags else "") + ("O" if old else "")
    letters = "".join(sorted(letter for letter, flag in _XSTATUS.items() if flag in mail.flags))
    lines = f"Status: {status}\n" if status else ""
    lines += f"X-Status: {letters}\n" if letters else ""
    words = " ".join(sorted(flag for flag in mail.flags if not flag.startswith("\\")))
    return (lines + (f"X-Keywords: {words}\n" if words else "")).encode()


def _split(data: bytes) -> list[tuple[bytes, bytes]]:
    """`From ` lines and the messages behind them, without the empty line that ends each."""
    starts = list(_FROM.finditer(data))
    found = []
    for place, match in enumerate(starts):
        end = starts[place + 1].start() if place + 1 < len(starts) else len(data)
        text = data[match.end() : end]
        found.append((match[0], text[:-1] if text.endswith(b"\n\n") else text))
    return found


def _from_time(head: bytes) -> float:
    words = head.decode("utf-8", "replace").split()
    try:
        return float(calendar.timegm(time.strptime(" ".join(words[-5:]), "%a %b %d %H:%M:%S %Y")))
    except ValueError:
        return 0.0


def _sender(data: bytes) -> str:
    match = re.search(rb"^Return-Path: <([^>\n]*)>", data.partition(b"\n\n")[0], re.M | re.I)
    return match[1].decode("utf-8", "surrogateescape") if match and match[1] else "MAILER-DAEMON"
