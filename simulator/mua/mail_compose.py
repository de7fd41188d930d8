"""A message that mail(1) is composing: header fields, text, attachments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.mua.mail_address import Address, AddressError, parse, printable, union
from simulator.mua.mail_header import Header, unfold

if TYPE_CHECKING:
    from simulator.mua.mail_session import Attachment, Session

ADDRESS_FIELDS = ("to", "cc", "bcc")
#: An alias that leads to itself ends here.
MAX_ALIAS_DEPTH = 50


@dataclass(slots=True)
class Composition:
    """The state of one message before it is sent. `files` are addresses that begin with `/`, `.` or `|`."""

    session: Session
    header: Header = field(default_factory=Header)
    files: list[str] = field(default_factory=list)
    text: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    alternative: bool = False

    @classmethod
    def start(cls, session: Session) -> Composition:
        """A new message with the fields and attachments of the command line."""
        made = cls(session, attachments=list(session.outgoing.attachments), alternative=session.outgoing.alternative)
        for name, value, replaces in session.outgoing.headers:
            (made.set if replaces else made.append)(name, value)
        return made

    def set(self, name: str, value: str | None) -> None:
        """Replace a field; nothing happens for an empty value."""
        if value:
            self.header.set(name, value)

    def append(self, name: str, value: str | None) -> None:
        """Add a field, also beside one of that name."""
        if value:
            self.header.append(name, value)

    def merge(self, name: str, value: str) -> None:
        """Add to the value of a field. Addresses that are there already do not come twice; a list that cannot be read is
        left out without a word."""
        old = self.header.get(name)
        if not value:
            return
        if not old:
            self.header.set(name, value)
        elif name.lower() in ADDRESS_FIELDS:
            try:
                domain = self.session.process.host.hostname
                self.header.set(name, printable(union(parse(old, domain), parse(value, domain))))
            except AddressError:
                return
        else:
            self.header.set(name, f"{old},{value}")

    def expand_aliases(self) -> None:
        """Read the address fields, replace aliases, and join fields of one name. What cannot be read is reported and goes."""
        header = Header()
        for name, value in self.header.fields:
            if name.lower() not in ADDRESS_FIELDS:
                header.append(name, value)
                continue
            value = unfold(value)
            addresses: list[Address] = []
            try:
                addresses = self._expanded(parse(value))
            except AddressError as error:
                self.session.error(f"Cannot parse address `{value}': {error}")
            before = header.get(name)
            if addresses or before:
                header.set(name, printable(union(parse(before) if before else [], addresses)))
        self.header = header

    def _expanded(self, addresses: list[Address]) -> list[Address]:
        found: list[Address] = []
        for address in addresses:
            found = union(found, [address] if address.domain else self._alias(address))
        return found

    def _alias(self, address: Address) -> list[Address]:
        if address.local not in self.session.aliases:
            return [address]
        text = ",".join(self._members(address.local, ()))
        try:
            return parse(text)
        except AddressError as error:
            self.session.error(f"Cannot parse address `{text}': {error}")
            return []

    def _members(self, name: str, seen: tuple[str, ...]) -> list[str]:
        if name not in self.session.aliases or name in seen or len(seen) > MAX_ALIAS_DEPTH:
            return [] if name in seen else [name]
        if not self.session.variables.is_true("recursivealiases") and seen:
            return [name]
        members: list[str] = []
        for member in self.session.aliases[name]:
            members += [one for one in self._members(member, (*seen, name)) if one not in members]
        return members

    @property
    def has_recipients(self) -> bool:
        """Is there anybody to send it to?"""
        return any(self.header.get(name) for name in ADDRESS_FIELDS)


def read_fields(session: Session) -> Header | None:
    """The header at the beginning of standard input (mail -t); None after an error."""
    fields: list[tuple[str, str]] = []
    number = 0
    started = False
    while (line := session.read_line("")) is not None:
        number += 1
        line = line.rstrip()
        if not started and (not line or line[0].isspace()):
            continue
        started = True
        if not line:
            break
        if line[0].isspace() and fields:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]}\n{line}")
        elif ":" in line:
            name, _, value = line.partition(":")
            fields.append((name, value.lstrip()))
        else:
            session.error(f"{number}: not a header line")
            return None
    return Header([(name, value) for name, value in fields if value])
