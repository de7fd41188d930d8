"""A lookup table: dict(3). What all types share: folding of keys, UTF-8, the errors of what a type cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.mail.address import casefold
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables.flags import FIXED, FOLD_FIX, FOLD_MUL, UTF8_REQUEST

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext

_BAD_UTF8 = "malformed UTF-8 or invalid codepoint"
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class TableError(Exception):
    """A table gives no answer now, which is something else than "not found". `text` is the system's error, if there is one.

    `config` says that the table itself is at fault (DICT_ERR_CONFIG), not a passing trouble (DICT_ERR_RETRY).
    """

    def __init__(self, text: str = "", *, config: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.config = config


def valid_utf8(text: str) -> bool:
    """False if the text has bytes that are no UTF-8 (they travel as surrogate escapes)."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def lowercase(text: str) -> str:
    """ASCII letters in lower case, all else as it is."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


class Table:
    """One table, as one process has opened it. Subclasses know `_get` and, where they can, the other operations.

    `name` is the table's name in messages (a compiled table's ends in ".db"); `flags` as in flags.py; `owner_uid` is the
    user whose file it is, None where nobody owns it: local(8) acts with that user's rights.
    """

    type: str = ""
    #: FIXED or PATTERN.
    keys: int = FIXED

    def __init__(self, context: TableContext, name: str, flags: int, owner_uid: int | None = 0) -> None:
        self.context = context
        self.name = name
        self.flags = flags | self.keys
        self.owner_uid = owner_uid
        self.utf8 = bool(flags & UTF8_REQUEST) and context.utf8
        self.folds = bool(flags & (FOLD_FIX if self.flags & FIXED else FOLD_MUL))

    @property
    def trusted(self) -> bool:
        """Nobody but root decides what is in it."""
        return self.owner_uid == 0

    # -- what a type fills in -------------------------------------------------------------------------------------------

    def _get(self, key: str) -> str | None:
        raise self._unsupported("lookup")

    def _put(self, key: str, value: str) -> bool:
        raise self._unsupported("update")

    def _delete(self, key: str) -> bool:
        raise self._unsupported("delete")

    def entries(self) -> Iterator[tuple[str, str]]:
        """All keys and values, in the table's own order. Raises Fatal, TableError."""
        raise self._unsupported("sequence")

    def changed(self) -> bool:
        """Is the file on disk another than the one that was opened?"""
        return False

    def close(self) -> None:
        """Write what was updated."""

    # -- what callers use -----------------------------------------------------------------------------------------------

    def lookup(self, key: str) -> str | None:
        """The value for a key, or None. Raises TableError; Fatal where the table cannot be read any more."""
        folded = self._check_key(key)
        if folded is None:
            return None
        value = self._get(folded)
        if value is not None and self.utf8 and not value.isascii() and not valid_utf8(value):
            self.context.warn(f'{self.type}:{self.name}: key "{key}": non-UTF-8 value "{value}": {_BAD_UTF8}')
            raise TableError(config=True)
        return value

    def update(self, key: str, value: str) -> bool:
        """Add or replace an entry; True if it was stored. Raises TableError, Fatal."""
        folded = self._check_key(key)
        if folded is None:
            return False
        if self.utf8 and not valid_utf8(value):
            self.context.warn(f'{self.type}:{self.name}: key "{key}": non-UTF-8 value "{value}": {_BAD_UTF8}')
            return False
        return self._put(folded, value)

    def delete(self, key: str) -> bool:
        """Remove an entry; True if it was there. Raises TableError, Fatal."""
        folded = self._check_key(key)
        # A key that cannot exist counts as removed.
        return True if folded is None else self._delete(folded)

    def _check_key(self, key: str) -> str | None:
        if key.isascii():
            return key.lower() if self.folds else key
        if not self.utf8:
            return lowercase(key) if self.folds else key
        if not valid_utf8(key):
            self.context.warn(f'{self.type}:{self.name}: non-UTF-8 key "{key}": {_BAD_UTF8}')
            return None
        return casefold(key) if self.folds else key

    def _unsupported(self, operation: str) -> Fatal:
        return Fatal(f"table {self.type}:{self.name}: {operation} operation is not supported")
