"""An mbox file as GNU Mailutils 3.15 reads and rewrites it.

Each message has a number (UID). They are given out when a mailbox is first read and stored in it as X-UID, together with
X-IMAPbase in the first message, so that merely looking at a mailbox changes the file. Flags live in a Status field:
O seen, R read, A answered, D deleted. What was quoted as `>From ` is shown without the `>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simulator.mua.mail_header import Header, without
from simulator.unix.fs import Cred, Fs

#: The order in which flags are written.
STATUS_ORDER = "AFDdOPR"
#: `From SENDER  Tue Nov 24 13:50:27 2026`, with or without seconds.
FROM_LINE = re.compile(r"From (.*?) +(\w{3} \w{3} [ \d]\d \d\d:\d\d(?::\d\d)?) (\d{4})\n?\Z")
#: X-IMAPbase holds two numbers, each padded to the width of the largest 64-bit one, so that it can be changed in place.
NUMBER_WIDTH = 20


class NotAnMbox(Exception):
    """The file does not begin with a From line."""


@dataclass(slots=True)
class MboxMessage:
    """One message. `user_flags` are mail(1)'s own marks (shown, saved, tagged ...), which are never stored."""

    from_line: str
    sender: str
    date: str
    head: str
    body: str
    flags: set[str] = field(default_factory=set)
    uid: int = 0
    uid_changed: bool = False
    changed: bool = False
    loaded: bool = False
    user_flags: set[str] = field(default_factory=set)

    @property
    def header(self) -> Header:
        """The header, taken apart."""
        return Header.parse(self.head)

    @property
    def text(self) -> str:
        """Header, blank line and body."""
        return f"{self.head}\n{self.body}"

    @property
    def size(self) -> int:
        """Octets of header and body; blanks before the value of a field do not count."""
        return len(f"{self.header}\n{self.body}".encode("utf-8", "surrogateescape"))

    @property
    def lines(self) -> int:
        """Lines of header and body."""
        return self.text.count("\n")

    @property
    def recent(self) -> bool:
        """It has come since the mailbox was last left by `quit`."""
        return "O" not in self.flags

    def flag(self, letter: str, on: bool = True) -> None:
        """Set or clear a flag."""
        if on != (letter in self.flags):
            self.flags ^= {letter}
            self.changed = True

    @property
    def status(self) -> str:
        """The flags as Status shows them."""
        return "".join(letter for letter in STATUS_ORDER if letter in self.flags)


class Mbox:
    """One open mailbox. Raises OSError with the rights of `cred`, NotAnMbox for other files (`readonly`: they are empty)."""

    def __init__(self, fs: Fs, path: str, cred: Cred, create: bool = False, readonly: bool = False) -> None:
        self.fs, self.path, self.cred, self.readonly = fs, path, cred, readonly
        if create and not fs.exists(path):
            fs.write(path, b"", cred, 0o600)
        self.reload()

    # -- reading --------------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the file anew. `numbered`: there are UIDs; `renumbered`: X-IMAPbase has to be stored."""
        data = self.fs.read(self.path, self.cred)
        self.messages: list[MboxMessage] = []
        self._size = len(data)
        self.uid_validity, self.uid_next, self.numbered, self.renumbered = 0, 1, False, False
        try:
            self._scan(data.decode("utf-8", "surrogateescape"))
        except NotAnMbox:
            if not self.readonly:
                raise

    def update(self) -> bool:
        """Read what was added to the file since it was last seen; False if nothing was."""
        data = self.fs.read(self.path, self.cred)
        if len(data) <= self._size:
            return False
        added, self._size = data[self._size :], len(data)
        self._scan(added.decode("utf-8", "surrogateescape"))
        return True

    def _scan(self, text: str) -> None:
        fresh = False
        for part in split(text):
            message = parse(part)
            if not self.messages:
                self._read_base(message.header.get("X-IMAPbase"))
            last = self.messages[-1].uid if self.messages else 0
            fresh = fresh or not last < message.uid < self.uid_next
            if fresh:
                self._number(message)
            self.messages.append(message)
        if fresh:
            self._validate()

    def _read_base(self, base: str | None) -> None:
        numbers = (base or "").split()
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):
            self.uid_validity, self.uid_next, self.numbered = int(numbers[0]), int(numbers[1]), True

    def _number(self, message: MboxMessage) -> None:
        message.uid, message.uid_changed = self.uid_next, True
        self.uid_next += 1
        self.renumbered = True

    def _validate(self) -> None:
        self.uid_validity, self.numbered, self.renumbered = int(self.fs.clock.now), True, True

    # -- writing --------------------------------------------------------------------------------------------------------

    def append(self, sender: str, date: str, text: str, flags: str) -> None:
        """Add a message at the end; it gets the next number."""
        head, _, body = text.partition("\n\n")
        head = without(head + "\n", "X-IMAPbase", "X-UID", "Status")
        head += f"Status: {flags}\n" if flags else ""
        line = f"From {sender} {date}\n"
        message = MboxMessage(line, sender, date, head, body, set(flags))
        if self.numbered:
            message.uid, self.uid_next, self.renumbered = self.uid_next, self.uid_next + 1, True
            message.head += self._uid_lines(message, first=not self.messages)
        else:
            self._number(message)
            self._validate()
        self.messages.append(message)
        self._write([self.stored(one) for one in self.messages])

    def flush(self) -> None:
        """Store flags and numbers, and drop what is deleted: the end of a session by `quit`."""
        if self.readonly or not self.messages:
            return
        kept = [message for message in self.messages if "D" not in message.flags]
        if kept and kept[0] is not self.messages[0]:
            kept[0].changed = kept[0].loaded = True
        dirty = len(kept) < len(self.messages) or any(message.changed or message.uid_changed for message in kept)
        self.messages = kept
        if dirty or self.renumbered:
            self._rewrite()

    def close(self) -> None:
        """Store the numbers if they are new; deletions and flags of the session are forgotten, those of the first excepted."""
        if not self.renumbered or self.readonly or not self.messages:
            return
        if not self._base_fits():
            for message in self.messages[1:]:
                message.changed = False
                message.flags.discard("D")
        self._rewrite()

    def _base_fits(self) -> bool:
        """An X-IMAPbase field stands in the first message and can be overwritten where it is."""
        return bool(self.messages) and "x-imapbase:" in self.messages[0].head.lower()

    def _rewrite(self) -> None:
        parts = []
        for index, message in enumerate(self.messages):
            if index == 0 and self.renumbered and self._base_fits() and not (message.changed or message.uid_changed):
                message.head = re.sub(r"(?mi)^X-IMAPbase:.*$", f"X-IMAPbase: {self._base()}", message.head, count=1)
            elif message.changed or message.uid_changed or (index == 0 and self.renumbered):
                self._renew(message, first=index == 0)
            parts.append(self.stored(message))
        self._write(parts)
        self.renumbered = False

    def _renew(self, message: MboxMessage, first: bool) -> None:
        if message.loaded:
            message.from_line = f"From {message.sender} {message.date}\n"
            message.head = without(message.head, "Status", "X-IMAPbase", "X-UID") + self._uid_lines(message, first)
            message.head += f"Status: {message.status}\n" if message.status else ""
        else:
            message.head = without(message.head, "X-IMAPbase", "X-UID") + self._uid_lines(message, first)
        message.changed = message.uid_changed = False

    def _base(self) -> str:
        return f"{self.uid_validity:{NUMBER_WIDTH}d} {self.uid_next:{NUMBER_WIDTH}d}"

    def _uid_lines(self, message: MboxMessage, first: bool) -> str:
        return (f"X-IMAPbase: {self._base()}\n" if first else "") + f"X-UID: {message.uid}\n"

    @staticmethod
    def stored(message: MboxMessage, from_line: str = "", head: str = "") -> str:
        """The message as it stands in a file: From line, header (`head` if it was taken apart), quoted body, blank line."""
        body = re.sub(r"(?m)^(>*From )", r">\1", message.body)
        end = "\n" if body.endswith("\n") or not body else "\n\n"
        return f"{from_line or message.from_line}{head or message.head}\n{body}{end}"

    def _write(self, parts: list[str]) -> None:
        """What was delivered since the file was last read stays behind the messages of this session."""
        data = "".join(parts).encode("utf-8", "surrogateescape")
        added = self.fs.read(self.path, self.cred)[self._size :]
        self._size = len(data)
        self.fs.write(self.path, data + added, self.cred)


def split(text: str) -> list[str]:
    """The messages of a mailbox: a From line begins one at the start and behind a blank line. Raises NotAnMbox."""
    if not text:
        return []
    if not FROM_LINE.match(text.split("\n", 1)[0]):
        raise NotAnMbox
    starts = [0]
    for match in re.finditer(r"\n\n(From [^\n]*)", text):
        if FROM_LINE.match(match[1]):
            starts.append(match.start(1))
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def parse(text: str) -> MboxMessage:
    """One message with its From line; the blank line at its end is the mailbox's, not the message's."""
    line, _, rest = text.partition("\n")
    found = FROM_LINE.match(line)
    assert found is not None
    moment = found[2] if len(found[2]) > 16 else found[2] + ":00"
    head, _, body = rest.partition("\n\n")
    if rest.startswith("\n"):
        head, body = "", rest[1:]
    body = body.removesuffix("\n") if body.endswith("\n\n") or body == "\n" else body
    body = re.sub(r"(?m)^>(>*From )", r"\1", body)
    head = head if not head or head.endswith("\n") else head + "\n"
    message = MboxMessage(line + "\n", found[1], f"{moment} {found[3]}", head, body)
    fields = message.header
    number = (fields.get("X-UID") or "").strip()
    message.uid = int(number) if number.isdigit() else 0
    message.flags = {letter for letter in fields.get("Status") or "" if letter in STATUS_ORDER}
    return message
