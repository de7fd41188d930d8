"""A Maildir as GNU Mailutils 3.15 reads and changes it.

Opening it moves what lies in new/ to cur/ and gives every message a number, which becomes part of the file's name:
`UNIQUE,u=7:2,`. At the end of a session names tell the flags: `UNIQUE,a=O,u=7:2,S` (O seen before; S read, R answered,
T deleted, F flagged). The next number and the validity of all of them are in the file .mu-prop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz

from simulator.mail.date import ctime
from simulator.mua.mail_address import AddressError, parse
from simulator.mua.mail_header import Header, unfold
from simulator.mua.mbox import MboxMessage
from simulator.unix.fs import WRITE, Cred, Fs

SUBDIRECTORIES = ("cur", "new", "tmp")
PROPERTIES = ".mu-prop"
VERSION = "3.15"
_NAME = re.compile(r"(?P<unique>.*?)(?P<attributes>(?:,\w+=[^,=:]*)*)(?::[12],(?P<info>[^,=]*))?\Z")
#: Letters in the file's name, and the flags that mail(1) knows.
_INFO = (("F", "F"), ("R", "A"), ("S", "R"), ("T", "D"))
_SENDERS = ("X-Envelope-Sender", "Return-Path", "X-Envelope-From", "X-Original-Sender", "From")
_PROPERTY_RIGHTS = 0o077


def is_maildir(fs: Fs, path: str, cred: Cred) -> bool:
    """A directory with cur, new and tmp."""
    return all(fs.exists(f"{path}/{name}", cred) and fs.stat(f"{path}/{name}", cred).is_dir for name in SUBDIRECTORIES)


@dataclass(slots=True)
class MaildirMessage(MboxMessage):
    """One message; `place` is "cur/NAME" or "new/NAME"."""

    place: str = ""

    @property
    def unique(self) -> str:
        """The part of the name that never changes."""
        found = _NAME.match(self.place.partition("/")[2])
        assert found is not None
        return found["unique"]

    @property
    def wanted(self) -> str:
        """Where the file belongs by number and flags."""
        info = "".join(letter for letter, flag in _INFO if flag in self.flags)
        seen = "".join(letter for letter in "FO" if letter in self.flags)
        return f"cur/{self.unique}{f',a={seen}' if seen else ''},u={self.uid}:2,{info}"


class Maildir:
    """One open Maildir; used as an `Mbox`. Raises OSError with the rights of `cred`."""

    def __init__(self, fs: Fs, path: str, cred: Cred) -> None:
        self.fs, self.path, self.cred = fs, path, cred
        self.readonly = not fs.access(f"{path}/cur", WRITE, cred)
        self.reload()

    def reload(self) -> None:
        """Look at all files anew."""
        self.messages: list[MaildirMessage] = sorted(
            (self._read(place) for place in self._places()), key=lambda message: _order(message.unique)
        )  # fmt: skip
        self.properties = self._read_properties()
        self._number()
        if not self.readonly:
            self._write_properties()

    def _places(self) -> list[str]:
        found = []
        for directory in ("cur", "new"):
            for name, inode in self.fs.scandir(f"{self.path}/{directory}", self.cred):
                if inode.kind == "-" and not name.startswith("."):
                    found.append(f"{directory}/{name}")
        return found

    def _read(self, place: str) -> MaildirMessage:
        text = self.fs.read(f"{self.path}/{place}", self.cred).decode("utf-8", "surrogateescape")
        head, _, body = text.partition("\n\n")
        if text.startswith("\n"):
            head, body = "", text[1:]
        head = head if not head or head.endswith("\n") else head + "\n"
        header = Header.parse(head)
        sender, date = _sender(header), _date(header)
        message = MaildirMessage(f"From {sender} {date}\n", sender, date, head, body, place=place)
        found = _NAME.match(place.partition("/")[2])
        assert found is not None
        attributes = dict(item.split("=") for item in found["attributes"].split(",") if item)
        message.flags = {flag for letter, flag in _INFO if letter in (found["info"] or "")} | set(attributes.get("a", ""))
        number = attributes.get("u", "")
        message.uid = int(number) if number.isdigit() else 0
        return message

    # -- numbers --------------------------------------------------------------------------------------------------------

    def _number(self) -> None:
        following, has_new, renumber = 1, False, False
        stored = int(self.properties.get("uidnext", "1"))
        for message in self.messages:
            if message.place.startswith("new/") and not self.readonly:
                following = max(following, stored) if not has_new else following
                has_new = True
                message.uid, following = following, following + 1
                self._move(message)
                continue
            renumber = renumber or has_new or message.uid < following
            if renumber:
                message.uid, following = following, following + 1
                if not self.readonly:
                    self._move(message)
            else:
                following = message.uid + 1
        self.properties["uidnext"] = str(max(following, stored))
        self.properties["version"] = VERSION
        if renumber or "uid-validity" not in self.properties:
            self.properties["uid-validity"] = str(int(self.fs.clock.now))

    def _read_properties(self) -> dict[str, str]:
        path = f"{self.path}/{PROPERTIES}"
        if not self.fs.exists(path, self.cred):
            return {}
        lines = self.fs.read(path, self.cred).decode("utf-8", "replace").splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def _write_properties(self) -> None:
        text = "".join(f"{name}: {self.properties[name]}\n" for name in ("uidnext", "version", "uid-validity"))
        private = Cred(self.cred.uid, self.cred.gid, self.cred.groups, _PROPERTY_RIGHTS)
        self.fs.write(f"{self.path}/{PROPERTIES}", f"{text}\n".encode(), private)

    def _move(self, message: MaildirMessage) -> None:
        wanted = message.wanted
        if wanted != message.place:
            self.fs.rename(f"{self.path}/{message.place}", f"{self.path}/{wanted}", self.cred)
            message.place = wanted

    # -- what a session does --------------------------------------------------------------------------------------------

    def update(self) -> bool:
        """The program looks at the directory itself, which does not change when mail is delivered into new/."""
        return False

    def flush(self) -> None:
        """Store flags, and remove what is deleted: the end of a session by `quit`."""
        if self.readonly:
            return
        kept = []
        for message in self.messages:
            if "D" in message.flags:
                self.fs.unlink(f"{self.path}/{message.place}", self.cred)
            else:
                self._move(message)
                kept.append(message)
        self.messages = kept

    def close(self) -> None:
        """Deletions and flags of the session are forgotten."""


def _order(unique: str) -> tuple[int, int, str]:
    """By time, by microseconds where the name has them, then by name."""
    seconds = re.match(r"\d*", unique)
    micros = re.search(r"M(\d+)", unique)
    return int(seconds[0] or 0) if seconds else 0, int(micros[1]) if micros else 0, unique


def _sender(header: Header) -> str:
    for name in _SENDERS:
        value = header.get(name)
        if value is None:
            continue
        try:
            return parse(unfold(value))[0].email
        except (AddressError, IndexError):
            continue
    return "MAILER-DAEMON"


def _date(header: Header) -> str:
    """From X-Envelope-Date, Received or Date, as a From line has it, in UTC."""
    received = (header.get("Received") or "").rpartition(";")[2]
    for value in (header.get("X-Envelope-Date"), received, header.get("Date")):
        moment = parsedate_tz(unfold(value).strip()) if value else None
        if moment is not None:
            return ctime(mktime_tz(moment))
    return ctime(0)
