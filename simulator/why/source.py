"""Which line of which file: finds parameters in main.cf and master.cf, and entries in the sources of lookup tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.mail.address import split_extension
from simulator.mail.message import decode
from simulator.postfix.lib import main_cf
from simulator.postfix.lib.braces import list_words
from simulator.postfix.lib.logical_lines import ignore, logical_lines
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.parameter_table import builtin
from simulator.postfix.lib.parameters import Parameters
from simulator.postfix.lib.tables import TableContext
from simulator.postfix.lib.tables.open import open_table
from simulator.unix.fs import ROOT

if TYPE_CHECKING:
    from simulator.unix.host import Host

MAIN_CF: Final = "/etc/postfix/main.cf"
MASTER_CF: Final = "/etc/postfix/master.cf"
#: Compiled tables whose source is the file without its suffix, and tables that are read as they are.
_KEYED: Final = ("hash", "btree", "cdb", "lmdb", "dbm", "texthash")
_PATTERNS: Final = ("regexp", "pcre", "cidr")
_ALIASES: Final = ("alias_maps", "alias_database")
#: Longer pattern tables are not searched for the rule.
_MOST_RULES: Final = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """What decided, as it stands in a file now. Number 0: the file does not say it; `text` is what is in force instead."""

    path: str
    number: int
    text: str

    @property
    def place(self) -> str:
        """`/etc/postfix/main.cf:12`, the form that editors understand."""
        return f"{self.path}:{self.number}" if self.number else self.path


class Sources:
    """The files of one host as they are now."""

    def __init__(self, host: Host) -> None:
        self.host = host
        try:
            self.params: Parameters | None = Parameters.read(host)
        except (Fatal, OSError):
            self.params = None  # a configuration that cannot be read now decided something when it could

    def _text(self, path: str) -> str:
        return decode(self.host.fs.read(path)) if self.host.fs.exists(path) else ""

    # -- parameters -----------------------------------------------------------------------------------------------------

    def parameter(self, name: str, service: str = "") -> Line:
        """Where a parameter gets its value: the `-o` of a service, main.cf, or its default."""
        override = self._override(name, service)
        if override is not None:
            return override
        found = [entry for entry in main_cf.parse(self.host.fs.read(MAIN_CF), MAIN_CF).entries if entry.name == name]
        if found:
            return Line(MAIN_CF, found[-1].line, " ".join(f"{name} = {found[-1].value}".split()))
        known = builtin().get(name)
        return Line("", 0, f"{name} = {known.default if known is not None else ''}".rstrip())

    def _override(self, name: str, service: str) -> Line | None:
        """`-o name=value` in the entry of a service of master.cf."""
        inside = False
        for number, line in enumerate(self._text(MASTER_CF).splitlines() if service else (), 1):
            if line.startswith("#") or not line.strip():
                continue
            if not line[0].isspace():
                inside = line.split()[0] == service
            if inside and any(word.startswith(f"{name}=") for word in line.split()):
                return Line(MASTER_CF, number, line.strip())
        return None

    # -- tables ---------------------------------------------------------------------------------------------------------

    def entry(self, table: str, key: str) -> Line | None:
        """The entry for a key in a table (`hash:/etc/aliases`) or in those of a parameter; the file alone (number 0) when
        the compiled table knew more than its source does now; None for tables that are no files."""
        specs = [table]
        if ":" not in table:
            if self.params is None or table not in self.params:
                return None
            specs = list_words(self.params[table])
        files: list[Line] = []
        for spec in specs:
            kind, _, path = spec.removeprefix("proxy:").partition(":")
            number, text = self._find(kind, path, key, table in _ALIASES or path.endswith("aliases"))
            if number:
                return Line(path, number, text)
            if kind in _KEYED + _PATTERNS:
                files.append(Line(path, 0, ""))
        return files[0] if files else None

    def _find(self, kind: str, path: str, key: str, aliases: bool) -> tuple[int, str]:
        if kind in _PATTERNS:
            return self._rule(kind, path, key)
        if kind not in _KEYED:
            return 0, ""
        lines: dict[str, tuple[int, str]] = {}
        for number, line in logical_lines(self._text(path), path):
            name = line.split(":", 1)[0].strip() if aliases else line.split(None, 1)[0]
            lines.setdefault(name.strip('"').casefold(), (number, " ".join(line.split())))
        return next((lines[name] for name in self._keys(key) if name in lines), (0, ""))

    def _keys(self, key: str) -> Iterator[str]:
        """The forms under which tables are asked, from the whole address to its domain's parents: mail_addr_find(3)."""
        key = key.casefold()
        yield key
        local, at, domain = key.rpartition("@")
        bare = split_extension(local or key, self.params["recipient_delimiter"] if self.params else "")[0]
        yield from (f"{bare}@{domain}", bare, local, f"{local}@", f"@{domain}") if at else (bare,)
        parts = domain.split(".")
        for start in range(len(parts)):
            name = ".".join(parts[start:])
            yield from (name, f".{name}")
        numbers = key.split(".")
        yield from (".".join(numbers[:count]) for count in range(len(numbers) - 1, 0, -1))
        yield "*"

    def _rule(self, kind: str, path: str, key: str) -> tuple[int, str]:
        """The first rule that matches: found by asking ever longer beginnings of the table."""
        if self.params is None:
            return 0, ""
        try:
            table: Any = open_table(f"{kind}:{path}", TableContext(self.host, ROOT, self.params, ignore, "why", ignore))
        except Fatal:
            return 0, ""
        rules = getattr(table, "rules", None)
        if rules is None or len(rules.rules) > _MOST_RULES:
            return 0, ""
        everything = rules.rules
        for count in range(1, len(everything) + 1):
            table.rules = type(rules)(everything[:count], ())
            if table.lookup(key) is not None:
                number = everything[count - 1].line
                return number, " ".join(self._text(path).splitlines()[number - 1].split())
        return 0, ""
