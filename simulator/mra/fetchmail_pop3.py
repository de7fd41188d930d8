"""fetchmail's POP3 driver (RFC 1939, RFC 2449, RFC 2595)."""

from __future__ import annotations

from simulator.mra.fetchmail_link import AUTHFAIL, PROTOCOL, SOCKET, Link, Output, QueryFailed
from simulator.mra.fetchmail_rc import Entry


class Pop3:
    """One session. `uids` are those that were fetched before (keep)."""

    name = "POP3"

    def __init__(self, link: Link, out: Output, entry: Entry, keep: bool, uids: set[str]) -> None:
        self.link, self.out, self.entry, self.keep, self.uids = link, out, entry, keep, uids
        self.sizes: dict[int, int] = {}
        self.current: dict[int, str] = {}
        self.octets = 0
        self.count = 0
        self.reason = ""

    def _ok(self, command: str | None = None, shown: str | None = None) -> str | None:
        """Send a command, if there is one; the reply behind +OK, or None."""
        if command is not None:
            self.link.send(command, shown)
        line = self.link.line()
        if line.startswith("+OK"):
            return line[3:].strip()
        self.reason = line.removeprefix("-ERR").strip()
        if not line.startswith("-ERR"):
            raise QueryFailed(PROTOCOL)
        return None

    def _lines(self) -> list[str]:
        found: list[str] = []
        while (line := self.link.line()) != ".":
            found.append(line)
        return found

    def login(self) -> None:
        """Greeting, TLS, user and password. Raises QueryFailed."""
        if self._ok() is None:
            raise QueryFailed(PROTOCOL)
        words = self._capabilities()
        if "STLS" in words and not self.entry.has("ssl"):
            self._stls()
        self._password()

    def _capabilities(self) -> list[str]:
        return [line.split(" ")[0] for line in self._lines()] if self._ok("CAPA") is not None else []

    def _stls(self) -> None:
        server = self.entry.server
        if self.entry.value("sslproto", "auto") == "":
            if self.out.verbose:
                self.out.say(f"fetchmail: {server}: WARNING: server offered STLS, but sslproto '' given.")
            return
        if self._ok("STLS") is None or not self.link.start_tls(self.entry):
            self.out.error(f"fetchmail: {server}: upgrade to TLS failed.")
            self.out.error(f"fetchmail: Socket or TLS error on {self.entry.user}@{server}")
            raise QueryFailed(SOCKET)
        if self.out.verbose:
            self.out.say(f"fetchmail: {server}: upgrade to TLS succeeded.")
        self._capabilities()

    def _password(self) -> None:
        if self._ok(f"USER {self.entry.user}") is None or self._ok(f"PASS {self.entry.password}", "PASS *") is None:
            if self.out.verbose:
                self.out.error(f"fetchmail: {self.reason}")
            raise QueryFailed(AUTHFAIL)

    def select(self) -> tuple[int, int]:
        """How many messages there are, and how many of them were seen."""
        words = (self._ok("STAT") or "0 0").split(" ")
        self.count, self.octets = int(words[0]), int(words[1])
        if self.count and (self.keep or self.entry.has("uidl")):
            self._identify()
        seen = sum(uid in self.uids for uid in self.current.values())
        return self.count, seen

    def _identify(self) -> None:
        if self._ok("LAST") is None and self.out.verbose:
            self.out.error(f"fetchmail: {self.reason}")
        if self._ok("UIDL") is not None:
            for line in self._lines():
                number, _, uid = line.partition(" ")
                self.current[int(number)] = uid

    @property
    def total(self) -> str:
        """As in "3 messages for anna at hub (1308 octets)"."""
        return f" ({self.octets} octets)"

    def is_new(self, number: int) -> bool:
        return self.current.get(number, "") not in self.uids or not self.current

    def size(self, number: int) -> int:
        """The size of a message."""
        if number not in self.sizes:
            words = (self._ok(f"LIST {number}") or "").split(" ")
            self.sizes[number] = int(words[1]) if len(words) > 1 else 0
        return self.sizes[number]

    def fetch(self, number: int) -> tuple[bytes, str]:
        """The message, and its size as the line of progress tells it. Raises QueryFailed."""
        size = self.size(number)
        if self._ok(f"RETR {number}") is None:
            raise QueryFailed(PROTOCOL)
        lines: list[str] = []
        while (line := self.link.line(quiet=True)) != ".":
            lines.append(line[1:] if line.startswith(".") else line)
        data = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
        return data, f"({size} octets)"

    def done(self, number: int, delete: bool) -> None:
        """The message was delivered."""
        if delete:
            self._ok(f"DELE {number}")
        elif number in self.current:
            self.uids.add(self.current[number])

    def logout(self) -> None:
        self._ok("QUIT")
