"""Tables without a file: static:, inline:, randmap:, fail:, internal:. DATABASE_README, dict_static(3) and others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.postfix.lib.braces import closing_brace, list_words, unbrace
from simulator.postfix.lib.logical_lines import SPACE
from simulator.postfix.lib.tables.dict import Table, TableError, valid_utf8
from simulator.postfix.lib.tables.file_value import BadValue, file_to_base64
from simulator.postfix.lib.tables.flags import PATTERN, SRC_RHS_IS_FILE, UTF8_REQUEST
from simulator.postfix.lib.tables.surrogate import surrogate

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


class StaticTable(Table):
    """One answer to every question."""

    type = "static"

    def __init__(self, context: TableContext, name: str, flags: int, value: str) -> None:
        super().__init__(context, name, flags)
        self.value = value

    def _get(self, key: str) -> str | None:
        return self.value


def open_static(context: TableContext, name: str, flags: int) -> Table:
    value, error = unbrace(name, strip=True) if name.startswith("{") else (name, "")
    if error:
        return surrogate(context, "static", name, flags, f"bad static:name syntax: {error}")
    if flags & SRC_RHS_IS_FILE:
        try:
            value = file_to_base64(context, value)
        except BadValue as bad:
            return surrogate(context, "static", name, flags, str(bad))
    return StaticTable(context, name, flags, value)


class MemoryTable(Table):
    """Entries in memory: inline:, internal: and, read from a text file, texthash:."""

    def __init__(self, context: TableContext, type: str, name: str, flags: int) -> None:
        super().__init__(context, name, flags)
        self.type = type
        self._entries: dict[str, str] = {}

    def _get(self, key: str) -> str | None:
        return self._entries.get(key)

    def _put(self, key: str, value: str) -> bool:
        self._entries[key] = value
        return True

    def _delete(self, key: str) -> bool:
        return self._entries.pop(key, None) is not None

    def entries(self) -> Iterator[tuple[str, str]]:
        return iter(self._entries.items())


def open_internal(context: TableContext, name: str, flags: int) -> Table:
    return MemoryTable(context, "internal", name, flags)


def split_key_value(text: str) -> tuple[str, str]:
    """`key = value`, where quotes protect the key. Raises ValueError with Postfix's words: split_qnameval(3)."""
    text = text.lstrip(SPACE)
    if not text:
        raise ValueError("no key found; expected format: key = value")
    end, in_quotes, escaped = len(text), False, False
    for position, char in enumerate(text):
        if escaped or char == "\\":
            escaped = not escaped
        elif char == '"':
            in_quotes = not in_quotes
        elif not in_quotes and (char == "=" or char in SPACE):
            end = position
            break
    if in_quotes:
        raise ValueError("unbalanced '\"'")
    rest = text[end:].lstrip(SPACE)
    if not rest.startswith("="):
        raise ValueError("missing '=' after attribute name")
    return text[:end], rest[1:].strip(SPACE)


def _inline_entry(context: TableContext, word: str, flags: int) -> tuple[str, str]:
    error = ""
    if word.startswith("{"):
        word, error = unbrace(word, strip=True)
    if error:
        raise ValueError(error)
    key, value = split_key_value(word)
    return key, file_to_base64(context, value) if flags & SRC_RHS_IS_FILE else value


def open_inline(context: TableContext, name: str, flags: int) -> Table:
    need = 'need "inline:{name=value...}"'
    if flags & UTF8_REQUEST and context.utf8 and not valid_utf8(name):
        return surrogate(context, "inline", name, flags, f'bad UTF-8 syntax: "inline:{name}"; {need}')
    inside = braced(name)
    if inside is None:
        return surrogate(context, "inline", name, flags, f'bad syntax: "inline:{name}"; {need}')
    table = MemoryTable(context, "inline", name, flags)
    context.tell(f"dict_open: internal:{name}")
    words, error = list_words(inside), ""
    for word in words:
        try:
            table.update(*_inline_entry(context, word, flags))
        except (ValueError, BadValue) as bad:
            error = str(bad)
            break
    if error or not words:
        kind = "filename" if flags & SRC_RHS_IS_FILE else "value"
        return surrogate(context, "inline", name, flags, f'{error or "empty table"}: "inline:{name}"; need "inline:{{name={kind}...}}"')
    return table


def braced(name: str) -> str | None:
    """What is inside the braces of a table's name, or None if there is nothing or the braces do not match."""
    length = closing_brace(name) if name.startswith("{") else 0
    return name[1 : length - 1] or None if length == len(name) else None


class RandomTable(Table):
    """One of several answers, each as likely as the other; the lab's dice are the clock and a counter."""

    type = "randmap"
    keys = PATTERN

    def __init__(self, context: TableContext, name: str, flags: int, answers: list[str]) -> None:
        super().__init__(context, name, flags)
        self.answers = answers
        self._count = 0

    def _get(self, key: str) -> str | None:
        self._count += 1
        dice = (int(self.context.host.clock.now * 1000) + self._count) * 2654435761 & 0xFFFFFFFF
        return self.answers[(dice >> 16) % len(self.answers)]


def open_random(context: TableContext, name: str, flags: int) -> Table:
    answers = list_words(braced(name) or "")
    if not answers:
        return surrogate(context, "randmap", name, flags, f'bad syntax: "randmap:{name}"; need "randmap:{{value...}}"')
    if flags & SRC_RHS_IS_FILE:
        try:
            answers = [file_to_base64(context, answer) for answer in answers]
        except BadValue as bad:
            return surrogate(context, "randmap", name, flags, str(bad))
    return RandomTable(context, name, flags, answers)


class FailTable(Table):
    """Never answers."""

    type = "fail"
    keys = PATTERN

    def _get(self, key: str) -> str | None:
        raise TableError()

    def _put(self, key: str, value: str) -> bool:
        raise TableError()

    def _delete(self, key: str) -> bool:
        raise TableError()

    def entries(self) -> Iterator[tuple[str, str]]:
        raise TableError()


def open_fail(context: TableContext, name: str, flags: int) -> Table:
    return FailTable(context, name, flags)
