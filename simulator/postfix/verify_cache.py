"""What verify(8) knows of addresses, in memory and in the file that postconf(5) address_verify_map names.

An entry is `status:probed:updated:text`. The file is a Berkeley database that postmap -s can list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.postfix.lib.tables.berkeley_page import Corrupt
from simulator.postfix.lib.tables.hash import FORMATS

if TYPE_CHECKING:
    from simulator.postfix.daemon import Daemon

#: More addresses than that are not remembered; the oldest go first.
_MOST: Final = 10_000
#: The entry that tells when old verdicts were last looked for.
_CLEANED: Final = "_LAST_CACHE_CLEANUP_COMPLETED_"
_FILE_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of an address. Times are epoch seconds; `probed` 0: no probe is under way."""

    status: int
    probed: int
    updated: int
    text: str

    def encode(self) -> str:
        """The entry as text."""
        return f"{self.status}:{self.probed}:{self.updated}:{self.text}"

    @classmethod
    def decode(cls, text: str) -> Verdict | None:
        """None for what is no entry."""
        parts = text.split(":", 3)
        if len(parts) < 4 or not all(part.isdigit() for part in parts[:3]):
            return None
        return cls(int(parts[0]), int(parts[1]), int(parts[2]), parts[3])


class VerdictCache:
    """The verdicts of one process. Without a database type that keeps files they go with the process."""

    def __init__(self, daemon: Daemon, spec: str) -> None:
        self.daemon = daemon
        self.type, _, name = spec.partition(":")
        self.path = f"{name}.db" if self.type in FORMATS else ""
        self.entries: dict[str, str] = {}
        if self.path:
            self._load()

    def _load(self) -> None:
        fs = self.daemon.fs
        if not fs.exists(self.path):
            self._save()
            return
        try:
            pairs = list(FORMATS[self.type].parse(fs.read(self.path)).pairs())
        except Corrupt:
            self.daemon.fatal(f"open database {self.path}: Invalid argument")
        self.entries = {_text(key): _text(value) for key, value in pairs}

    def _save(self) -> None:
        if not self.path:
            return
        file = FORMATS[self.type]()
        for key, value in self.entries.items():
            file.put(_bytes(key), _bytes(value), True)
        try:
            self.daemon.fs.write(self.path, file.encode(), self.daemon.cred, _FILE_MODE)
            self.daemon.fs.chmod(self.path, _FILE_MODE)
        except OSError as error:
            self.daemon.fatal(f"open database {self.path}: {error.strerror}")

    # -- verdicts -------------------------------------------------------------------------------------------------------

    def get(self, address: str) -> Verdict | None:
        """What is known of an address."""
        return Verdict.decode(self.entries.get(address, ""))

    def put(self, address: str, verdict: Verdict) -> None:
        """Remember."""
        if len(self.entries) >= _MOST:
            self.entries.pop(next(iter(self.entries)))
        self.entries[address] = verdict.encode()
        self._save()

    def remove(self, addresses: list[str]) -> None:
        """Forget."""
        for address in addresses:
            self.entries.pop(address, None)
        if addresses:
            self._save()

    def items(self) -> Iterator[tuple[str, Verdict]]:
        """All verdicts."""
        for address, text in list(self.entries.items()):
            verdict = Verdict.decode(text)
            if verdict is not None:
                yield address, verdict

    @property
    def cleaned(self) -> int | None:
        """When old verdicts were last looked for."""
        text = self.entries.get(_CLEANED, "")
        return int(text) if text.isdigit() else None

    @cleaned.setter
    def cleaned(self, when: int) -> None:
        self.entries[_CLEANED] = str(when)
        self._save()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape") + b"\0"


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")
