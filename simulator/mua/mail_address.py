"""Addresses as GNU Mailutils reads and writes them: RFC 822 with the leniencies and the strictness of its own.

A list is read whole or not at all: one address that cannot be read spoils it ("Malformed email address"). A comment is
understood behind `local@domain` only, where it becomes the personal name; behind a bare login name it is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MALFORMED = "Malformed email address"
EMPTY = "Empty address list"
SPECIALS = frozenset('()<>@,;:\\".[]')


class AddressError(ValueError):
    """A list of addresses that Mailutils refuses; the text is what mu_strerror(3) says of it."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address. `domain` is empty for a bare login name, which is then printed without angle brackets."""

    local: str
    domain: str = ""
    personal: str = ""

    @property
    def email(self) -> str:
        """The address without the name, its local part quoted where RFC 822 wants it."""
        local = self.local
        if not all(is_atom(char) or char == "." for char in local):
            local = '"' + "".join("\\" + char if char in '"\\\r' else char for char in local) + '"'
        return f"{local}@{self.domain}" if self.domain else local

    def qualified(self, domain: str) -> str:
        """The address with `domain` behind a bare login name."""
        return self.email if self.domain else f"{self.email}@{domain}"

    def __str__(self) -> str:
        if not self.domain and not self.personal:
            return self.email
        return f'"{self.personal}" <{self.email}>' if self.personal else f"<{self.email}>"


def is_atom(char: str) -> bool:
    """RFC 822 3.3: any character but specials, blanks and control characters (so an umlaut is no part of an unquoted name)."""
    return " " < char < "\x7f" and char not in SPECIALS


def printable(addresses: Iterable[Address]) -> str:
    """The list as it stands in a header: commas without blanks."""
    return ",".join(str(address) for address in addresses)


def union(one: Iterable[Address], two: Iterable[Address]) -> list[Address]:
    """The first list and what is new in the second; case does not matter."""
    result = list(one)
    for address in two:
        if address.email.lower() not in {known.email.lower() for known in result}:
            result.append(address)
    return result


def parse(text: str, domain: str = "") -> list[Address]:
    """Read a list of addresses; `domain` completes bare login names. Raises AddressError."""
    found = AddressParser(text, domain).address_list()
    if not found:
        raise AddressError(EMPTY)
    return found


class AddressParser:
    """A recursive descent over one string. Each method returns None and leaves the position where nothing fits."""

    def __init__(self, text: str, domain: str) -> None:
        self.text, self.default, self.at = text, domain, 0

    def address_list(self) -> list[Address]:
        """address-list = #(address): commas may stand alone, anything else unread is an error."""
        found = self.address()
        while self.at < len(self.text):
            self.skip_comments()
            if not self.special(","):
                raise AddressError(MALFORMED)
            self.skip_comments()
            found += self.address()
        return found

    def address(self) -> list[Address]:
        """A mailbox, a group or a bare login name; empty when there is none."""
        mailbox = self.mailbox()
        if mailbox:
            return [mailbox]
        group = self.group()
        if group is not None:
            return group
        self.skip_comments()
        name = self.run(dots=True)
        return [Address(name, self.default)] if name else []

    def group(self) -> list[Address] | None:
        """phrase ":" [#mailbox] ";": the members only."""
        start = self.at
        if self.phrase() is None or not self.special(":"):
            self.at = start
            return None
        members: list[Address] = []
        while True:
            self.skip_comments()
            mailbox = self.mailbox()
            if mailbox:
                members.append(mailbox)
                self.skip_comments()
            if not self.special(","):
                break
        if self.special(";"):
            return members
        self.at = start
        return None

    def mailbox(self) -> Address | None:
        """addr-spec [ "(" name ")" ], or [phrase] "<" addr-spec ">"."""
        start = self.at
        plain = self.addr_spec()
        if plain:
            name = self.comment()
            return Address(plain.local, plain.domain, name) if name else plain
        phrase = self.phrase() or ""
        routed = self.route_addr()
        if routed is None:
            self.at = start
            return None
        return Address(routed.local, routed.domain, phrase)

    def route_addr(self) -> Address | None:
        """ "<" addr-spec ">"; a login name alone may stand there when there is a default domain."""
        start = self.at
        self.skip_comments()
        if not self.special("<"):
            self.at = start
            return None
        if self.special(">"):
            return Address("", "")
        found = self.addr_spec()
        if found is None and self.default:
            local = self.local_part()
            found = Address(local, self.default) if local is not None else None
        self.skip_comments()
        if found is None or not self.special(">"):
            self.at = start
            return None
        return found

    def addr_spec(self) -> Address | None:
        """local-part "@" domain."""
        start = self.at
        local = self.local_part()
        self.skip_comments()
        domain = self.domain() if local is not None and self.special("@") else None
        if local is None or domain is None:
            self.at = start
            return None
        return Address(local, domain)

    def local_part(self) -> str | None:
        """word *("." word)."""
        word = self.word()
        if word is None:
            return None
        mark = self.at
        self.skip_comments()
        if self.special("."):
            more = self.local_part()
            if more is not None:
                return f"{word}.{more}"
        self.at = mark
        return word

    def domain(self) -> str | None:
        """Atoms with dots between them, or a literal in square brackets."""
        self.skip_comments()
        name = self.run(dots=True)
        if name:
            return name
        if not self.special("["):
            return None
        end = self.text.find("]", self.at)
        if end < 0:
            return None
        literal, self.at = self.text[self.at : end], end + 1
        return f"[{literal}]"

    def phrase(self) -> str | None:
        """1*word; a dot behind a word is kept, as in an unquoted initial."""
        words = []
        while (word := self.word()) is not None:
            while self.at < len(self.text) and self.text[self.at] == ".":
                word, self.at = word + ".", self.at + 1
            words.append(word)
        return " ".join(words) if words else None

    def word(self) -> str | None:
        """An atom or a quoted string (the empty one does not count)."""
        self.skip_comments()
        return self.quoted_string() or self.run(dots=False) or None

    def quoted_string(self) -> str | None:
        """The content of a string in double quotes."""
        start = self.at
        if not self.special('"'):
            return None
        content = ""
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char == '"':
                return content
            if char == "\\" and self.at < len(self.text):
                char, self.at = self.text[self.at], self.at + 1
            content += char
        self.at = start
        return None

    def run(self, dots: bool) -> str:
        """As many atom characters as there are, with dots among them if `dots`."""
        start = self.at
        while self.at < len(self.text) and (is_atom(self.text[self.at]) or (dots and self.text[self.at] == ".")):
            self.at += 1
        return self.text[start : self.at]

    def skip_comments(self) -> None:
        """Blanks and comments."""
        while self.comment() is not None:
            pass
        self.skip_blanks()

    def skip_blanks(self) -> None:
        """Linear white space: RFC 822 3.3."""
        while self.at < len(self.text) and self.text[self.at] in " \t\n\r":
            self.at += 1

    def comment(self) -> str | None:
        """The content of "(" ... ")", nested ones included."""
        start = self.at
        if not self.special("("):
            return None
        depth, content = 1, ""
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            depth += (char == "(") - (char == ")")
            if depth == 0:
                return content
            content += char
        self.at = start
        return None

    def special(self, char: str) -> bool:
        """Skip blanks and one `char`; False and back when it is not there."""
        start = self.at
        self.skip_blanks()
        if self.at < len(self.text) and self.text[self.at] == char:
            self.at += 1
            return True
        self.at = start
        return False
