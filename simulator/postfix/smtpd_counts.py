"""How often a client said each command, and how often that succeeded: the end of smtpd(8)'s `disconnect from` line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class CommandCounts:
    """One session. The name of a command that there is not is ""."""

    def __init__(self) -> None:
        self._tried: Counter[str] = Counter()
        self._succeeded: Counter[str] = Counter()

    def tried(self, name: str) -> None:
        """The client said it."""
        self._tried[name] += 1

    def succeeded(self, name: str) -> None:
        """It was carried out."""
        self._succeeded[name] += 1

    def summary(self, names: Iterable[str]) -> str:
        """` ehlo=1 mail=1/2 commands=2/3`: succeeded and tried, in the order of `names`."""
        parts = ""
        for name in (*names, ""):
            done, tried = self._succeeded[name], self._tried[name]
            if tried:
                parts += f" {name.lower() or 'unknown'}={done}" + (f"/{tried}" if done != tried else "")
        done, tried = self._succeeded.total(), self._tried.total()
        return f"{parts} commands={done}" + (f"/{tried}" if done != tried or not tried else "")
