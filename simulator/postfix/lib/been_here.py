"""Duplicate elimination of local(8): a recipient, file, command or list is dealt with once a message, in whatever case it is written.

postconf(5) duplicate_filter_limit: how much is remembered; 0 is no limit.
"""

from __future__ import annotations

from simulator.mail.address import casefold


class DuplicateFilter:
    """What a delivery has met so far."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._seen: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return casefold(key) in self._seen

    def seen(self, key: str) -> bool:
        """Was it met before? From now on it was."""
        folded = casefold(key)
        if folded in self._seen:
            return True
        if self.limit <= 0 or len(self._seen) < self.limit:
            self._seen.add(folded)
        return False
