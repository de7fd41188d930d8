"""Access tables: access(5). Which keys are looked up for a name, and what the found text asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.mail.address import quote_822_local, strip_extension
from simulator.postfix.lib.hostname import valid_address

_BLANKS = " \t\n\v\f\r"


@dataclass(frozen=True, slots=True)
class AccessAction:
    """The right-hand side of an entry: its first word and what follows."""

    word: str
    text: str

    @classmethod
    def parse(cls, value: str) -> AccessAction:
        length = next((at for at, char in enumerate(value) if char in " \t"), len(value))
        return cls(value[:length], value[length:].lstrip(_BLANKS))

    @property
    def is_reply(self) -> bool:
        """`4NN text` or `5NN text`."""
        word = self.word
        return len(word) == 3 and word[0] in "45" and word.isascii() and word.isdigit() and bool(self.text)


def domain_keys(domain: str, parents_match_subdomains: bool) -> Iterator[tuple[str, bool]]:
    """The name, then its parent domains (as `.parent` unless parent_domain_matches_subdomains lists smtpd_access_maps); an
    address has no parents. The second value: only part of the name, which pattern tables are not asked for."""
    name, partial = domain, False
    while name:
        yield name, partial
        dot = name.find(".", 1)
        if dot < 0 or valid_address(domain):
            return
        name, partial = name[dot + parents_match_subdomains :], True


def address_keys(address: str) -> Iterator[tuple[str, bool]]:
    """The address, then its parent networks: 192.0.2.1, 192.0.2, 192.0, 192."""
    delimiter, partial = ":" if ":" in address else ".", False
    while True:
        yield address, partial
        cut = address.rfind(delimiter)
        if cut < 0:
            return
        address, partial = address[:cut], True


def mail_address_keys(address: str, delimiters: str, parents_match_subdomains: bool) -> Iterator[tuple[str, bool]]:
    """user+extension@domain, user@domain, the domain and its parents, user+extension@, user@."""
    local, _, domain = address.rpartition("@")
    stripped = strip_extension(address, delimiters) if delimiters else None
    yield from _spellings(address, False)
    if stripped is not None:
        yield from _spellings(stripped[0], True)
    for name, _ in domain_keys(domain, parents_match_subdomains):
        yield name, True
    yield from _spellings(f"{local}@", True)
    if stripped is not None:
        yield from _spellings(stripped[0].rpartition("@")[0] + "@", True)


def _spellings(address: str, partial: bool) -> Iterator[tuple[str, bool]]:
    """Quoted as in headers, then bare."""
    quoted = quote_822_local(address)
    yield quoted, partial
    if quoted != address:
        yield address, partial
