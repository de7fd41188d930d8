"""fetchmail's IMAP driver (RFC 3501)."""

from __future__ import annotations

import re

from simulator.mra.fetchmail_link import AUTHFAIL, PROTOCOL, SOCKET, Link, Output, QueryFailed
from simulator.mra.fetchmail_rc import Entry

_LITERAL = re.compile(r"\{(\d+)\}\Z")


class Imap:
    """One session."""

    name = "IMAP"
    total = ""

    def __init__(self, link: Link, out: Output, entry: Entry, keep: bool, uids: set[str]) -> None:
        self.link, self.out, self.entry, self.keep = link, out, entry, keep
        self.serial = 0
        self.count = 0
        self.unseen: set[int] = set()
        self.sizes: dict[int, int] = {}
        self.literal = b""
        self.reply = ""

    def _ask(self, command: str, shown: str | None = None) -> list[str]:
        """The untagged lines of a command; `reply` is the tagged one. Raises QueryFailed for BAD."""
        self.serial += 1
        tag = f"A{self.serial:04d}"
        self.link.send(f"{tag} {command}", f"{tag} {command if shown is None else shown}")
        found: list[str] = []
        while not (line := self.link.line()).startswith(f"{tag} "):
            found.append(line)
            match = _LITERAL.search(line)
            if match:
                self.literal = self.link.read(int(match[1]))
        self.reply = line[len(tag) + 1 :]
        if self.reply.startswith("BAD"):
            raise QueryFailed(PROTOCOL)
        self._idle(line)
        return found

    def _idle(self, line: str) -> None:
        if self.out.verbose and "[CAPABILITY" in line and "IDLE" in line:
            self.out.say("fetchmail: will idle after poll")

    def login(self) -> None:
        """Greeting, TLS, user and password. Raises QueryFailed."""
        greeting = self.link.line()
        if not greeting.startswith("* OK"):
            raise QueryFailed(PROTOCOL)
        self._idle(greeting)
        if "CAPABILITY" not in greeting:
            greeting = " ".join(self._ask("CAPABILITY"))
        if "STARTTLS" in greeting.split() and not self.entry.has("ssl"):
            greeting = self._starttls(greeting)
        if "LOGINDISABLED" in greeting:
            raise QueryFailed(AUTHFAIL)
        self._ask(f'LOGIN "{self.entry.user}" "{self.entry.password}"', f'LOGIN "{self.entry.user}" *')
        if not self.reply.startswith("OK"):
            raise QueryFailed(AUTHFAIL)

    def _starttls(self, greeting: str) -> str:
        server = self.entry.server
        if self.entry.value("sslproto", "auto") == "":
            if self.out.verbose:
                self.out.say(f"fetchmail: {server}: WARNING: server offered STARTTLS but sslproto '' given.")
            return greeting
        self._ask("STARTTLS")
        if not self.reply.startswith("OK") or not self.link.start_tls(self.entry):
            self.out.error(f"fetchmail: {server}: upgrade to TLS failed.")
            self.out.error(f"fetchmail: Socket or TLS error on {self.entry.user}@{server}")
            raise QueryFailed(SOCKET)
        if self.out.verbose:
            self.out.say(f"fetchmail: {server}: upgrade to TLS succeeded.")
        return " ".join(self._ask("CAPABILITY"))

    def select(self) -> tuple[int, int]:
        """How many messages there are, and how many of them were seen."""
        folder = self.entry.value("folder", "INBOX")
        for line in self._ask(f'SELECT "{folder}"'):
            match = re.match(r"\* (\d+) EXISTS", line)
            self.count = int(match[1]) if match else self.count
        if not self.reply.startswith("OK"):
            raise QueryFailed(PROTOCOL)
        if self.count:
            self._ask("EXPUNGE")
            for line in self._ask("SEARCH UNSEEN"):
                if line.startswith("* SEARCH"):
                    self.unseen = {int(word) for word in line.split()[2:]}
        return self.count, self.count - len(self.unseen)

    def is_new(self, number: int) -> bool:
        return number in self.unseen

    def size(self, number: int) -> int:
        """The size of a message."""
        if number not in self.sizes:
            for line in self._ask(f"FETCH {number} RFC822.SIZE"):
                match = re.search(r"\* (\d+) FETCH .*RFC822\.SIZE (\d+)", line)
                if match:
                    self.sizes[int(match[1])] = int(match[2])
        return self.sizes.get(number, 0)

    def fetch(self, number: int) -> tuple[bytes, str]:
        """The message, and its sizes as the line of progress tells them. Raises QueryFailed."""
        self.size(number)
        self._ask(f"FETCH {number} RFC822.HEADER")
        head = self.literal
        self._ask(f"FETCH {number} BODY.PEEK[TEXT]")
        return head + self.literal, f"({len(head)} header octets) ({len(self.literal)} body octets)"

    def done(self, number: int, delete: bool) -> None:
        """The message was delivered."""
        self._ask(f"STORE {number} +FLAGS ({_flags(delete)})")

    def logout(self) -> None:
        if self.count and not self.keep:
            self._ask("EXPUNGE")
        self._ask("LOGOUT")


def _flags(delete: bool) -> str:
    return "\\Seen \\Deleted" if delete else "\\Seen"
