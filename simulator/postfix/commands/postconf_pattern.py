"""`service/type/name` on postconf(1)'s command line, with `*` for any service, type or name."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.postfix.commands.postconf_master import FIELDS, MasterEntry
from simulator.postfix.lib.msg import Fatal

ANY = "*"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed request; `text` is what was typed."""

    text: str
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, least: int, most: int, typed: str | None = None) -> Pattern | None:
        """None if there are too few or too many parts, or a `*` that is not alone. Missing parts match anything."""
        parts = [part for part in text.split("/") if part]
        if text.startswith("/") or not least <= len(parts) <= most or any(ANY in part and part != ANY for part in parts):
            return None
        return cls(text if typed is None else typed, tuple(parts + [ANY] * (most - len(parts))))

    def matches(self, service: str, kind: str) -> bool:
        """Whether a service is meant."""
        return self.parts[0] in (ANY, service) and self.parts[1] in (ANY, kind)

    def means(self, entry: MasterEntry) -> bool:
        """Whether an entry is meant."""
        return self.matches(entry.words[0], entry.words[1])

    @property
    def name(self) -> str:
        """The third part: the name of a field or of a parameter."""
        return self.parts[2]

    @property
    def field(self) -> int | None:
        """The field's place in master.cf; None for all. Raises Fatal for an unknown one."""
        if self.name == ANY:
            return None
        if self.name not in FIELDS:
            raise Fatal(f'invalid service attribute name: "{self.name}"')
        return FIELDS.index(self.name)
