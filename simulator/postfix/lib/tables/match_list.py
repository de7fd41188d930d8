"""Lists of patterns, as mydestination, relay_domains or mynetworks hold: match_list(3).

    name  192.0.2.0/24  .domain  !pattern  /file/of/patterns  type:table

The first pattern that matches decides; `!` before it turns the decision round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.mail.address import casefold
from simulator.mail.message import decode
from simulator.postfix.lib.braces import list_words
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables.cidr_match import BadNetwork, Network, parse_address, parse_network
from simulator.postfix.lib.tables.dict import Table, TableError
from simulator.postfix.lib.tables.flags import FIXED, LOCK, UTF8_REQUEST
from simulator.postfix.lib.tables.maps import registered_name
from simulator.postfix.lib.tables.open import handle
from simulator.postfix.lib.tables.surrogate import surrogate

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext

_FLAGS: Final = LOCK | UTF8_REQUEST
_V4_CHARS: Final = frozenset("01234567890.")
_V6_CHARS: Final = _V4_CHARS | frozenset("abcdefABCDEF:")
#: Files inside of files inside of files.
_DEEPEST: Final = 100


class _Pattern:
    """One pattern, without its exclamation marks. `table` is None for a text."""

    __slots__ = ("name", "network", "positive", "table", "text")

    def __init__(self, positive: bool, text: str, table: Table | None = None, name: str = "") -> None:
        self.positive = positive
        self.text = text
        self.table = table
        self.name = name
        self.network: Network | None = None


class MatchList:
    """What the kinds of lists have in common. `title` is the parameter's name."""

    def __init__(self, title: str, patterns: str, context: TableContext, *, fatal: bool = False) -> None:
        """`fatal`: a table that does not answer ends the program. Raises Fatal for "!" alone and for what is no table."""
        self.title = title
        self.context = context
        self.fatal = fatal
        self.patterns: list[_Pattern] = []
        self._parse(patterns, True, 0)

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def _parse(self, text: str, positive: bool, depth: int) -> None:
        words = list_words(text)
        for index, word in enumerate(words):
            if word.startswith("#"):
                rest = " ".join(words[index + 1 :])
                self.context.warn(f"{self.title}: comment at end of line is not supported: {word} {rest}")
                return
            item = word.lstrip("!")
            wanted = positive ^ bool((len(word) - len(item)) % 2)
            if not item:
                raise Fatal(f"{self.title}: no pattern after '!'")
            if item.startswith("/"):
                self._read(item, wanted, depth)
            elif not item.startswith("[") and ":" in item:
                name = registered_name(item, _FLAGS)
                self.patterns.append(_Pattern(wanted, item, handle(self.context, name, item, _FLAGS), name))
            else:
                self.patterns.append(_Pattern(wanted, self._fold(item)))

    def _read(self, path: str, positive: bool, depth: int) -> None:
        """The patterns of a file take the place of its name."""
        if depth > _DEEPEST:
            raise Fatal(f"{self.title}: {path}: Too many levels of files")
        try:
            lines = decode(self.context.fs.read(path, self.context.cred)).split("\n")
        except IsADirectoryError:
            lines = []
        except OSError as error:
            name = f"non-existent:{path}"
            table = self.context.opened.get(name)
            if table is None:
                table = surrogate(self.context, "non-existent", path, _FLAGS, f"open file {path}: {error.strerror}")
                self.context.opened[name] = table
            self.patterns.append(_Pattern(positive, path, table, name))
            return
        for line in lines:
            if not line.startswith("#"):
                self._parse(line, positive, depth + 1)

    def _fold(self, text: str) -> str:
        return casefold(text)

    def changed(self) -> str | None:
        """The name of a table in the list whose file is not the one that was opened."""
        for pattern in self.patterns:
            if pattern.table is not None and pattern.table.changed():
                return pattern.name
        return None

    def _trouble(self, text: str) -> TableError:
        if self.fatal:
            raise Fatal(f"{self.title}: {text}")
        self.context.warn(f"{self.title}: {text}")
        return TableError(text)

    def _ask(self, table: Table, key: str) -> bool:
        try:
            return table.lookup(key) is not None
        except TableError:
            raise self._trouble(f"{table.type}:{table.name}: table lookup problem") from None


class StringList(MatchList):
    """Complete names: mydestination, virtual_alias_domains."""

    def match(self, text: str) -> bool:
        """Raises TableError."""
        folded = self._fold(text)
        for pattern in self.patterns:
            found = pattern.text == folded if pattern.table is None else self._ask(pattern.table, folded)
            if found:
                return pattern.positive
        return False


class DomainList(MatchList):
    """Domains: relay_domains, fast_flush_domains.

    `parents`: a domain stands for those below it; otherwise ".domain" does. By default as parent_domain_matches_subdomains
    says for this parameter.
    """

    def __init__(self, title: str, patterns: str, context: TableContext, *, parents: bool | None = None, fatal: bool = False) -> None:
        super().__init__(title, patterns, context, fatal=fatal)
        self.parents = parents_match(context, title) if parents is None else parents

    def match(self, domain: str) -> bool:
        """Raises TableError."""
        folded = self._fold(domain)
        for pattern in self.patterns:
            if self._matches(pattern, folded):
                return pattern.positive
        return False

    def _matches(self, pattern: _Pattern, name: str) -> bool:
        if pattern.table is not None:
            return self._in_table(pattern.table, name)
        text = pattern.text
        if name == text:
            return True
        if self.parents:
            return name.endswith("." + text) and len(name) > len(text) + 1
        return text.startswith(".") and name.endswith(text) and len(name) > len(text)

    def _in_table(self, table: Table, name: str) -> bool:
        if name and self._ask(table, name):
            return True
        if not table.flags & FIXED:
            return False
        dot = name.find(".", 1)
        while dot >= 0:
            name = name[dot + self.parents :]
            if name and self._ask(table, name):
                return True
            dot = name.find(".", 1)
        return False


class AddressList(DomainList):
    """Hosts by name and address: mynetworks, smtpd_client_event_limit_exceptions (namadr_list(3))."""

    def match(self, name: str, address: str = "") -> bool:
        """Raises TableError; a pattern that is no network is such trouble, too."""
        folded, folded_address = self._fold(name), self._fold(address)
        for pattern in self.patterns:
            if self._matches(pattern, folded) or (address and self._matches_address(pattern, folded_address)):
                return pattern.positive
        return False

    def match_address(self, address: str) -> bool:
        """By the address alone (addr_match_list(3)). Raises TableError."""
        folded = self._fold(address)
        return next((pattern.positive for pattern in self.patterns if self._matches_address(pattern, folded)), False)

    def _matches_address(self, pattern: _Pattern, address: str) -> bool:
        if not _V6_CHARS.issuperset(address):
            return False
        if pattern.table is not None:
            return self._ask(pattern.table, address)
        text = pattern.text
        if address == (text[1:-1] if text.startswith("[") and text.endswith("]") else text):
            return True
        if not _is_network(text, ":" in address):
            return False
        if pattern.network is None:
            try:
                pattern.network = parse_network(text)
            except BadNetwork as bad:
                raise self._trouble(str(bad)) from None
        number = parse_address(address)
        return number is not None and pattern.network.same_family(number) and pattern.network.matches(number)


def _is_network(text: str, v6: bool) -> bool:
    """Could the pattern be a network or an address with several spellings of this family?"""
    if v6 != (":" in text) or not (":" in text or "/" in text):
        return False
    return not _V4_CHARS.issuperset(text) and (_V6_CHARS | set("[]/")).issuperset(text)


def parents_match(context: TableContext, title: str) -> bool:
    """postconf(5) parent_domain_matches_subdomains: is this parameter listed there?"""
    return StringList("parent_domain_matches_subdomains", context.params["parent_domain_matches_subdomains"], context).match(title)
