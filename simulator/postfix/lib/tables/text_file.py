"""Tables that are text: files, or rules inside braces in main.cf. dict_stream(3), postmap(1) "TABLE FORMAT"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.mail.message import decode
from simulator.postfix.lib.braces import list_words, unbrace
from simulator.postfix.lib.logical_lines import SPACE, Warn, logical_lines
from simulator.postfix.lib.tables.dict import valid_utf8

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext

# A key ends at the first blank that no quotes hold and no backslash precedes; an unbalanced quote runs to the end.
_KEY = re.compile(r'(?:\\.|[^\\" \t\n\v\f\r]|"(?:\\.|[^\\"])*")*', re.S)

#: How long a process waits before it reads a file again that was changed while or just before it was read, in seconds.
PAUSE = 0.3


class BadText(Exception):
    """A text table cannot be read; the text says why."""


def read_text(context: TableContext, type: str, name: str) -> tuple[str, int]:
    """The rules of a table and the user who owns them; `{{rule}, {rule}}` as a name holds them itself. Raises BadText."""
    if name.startswith("{"):
        return _inline_rules(type, name), context.cred.uid
    path = context.path(name)
    try:
        return decode(context.fs.read(path, context.cred)), context.fs.stat(path, context.cred).uid
    except OSError as error:
        raise BadText(f"open {name}: {error.strerror}") from None


def _inline_rules(type: str, name: str) -> str:
    inside, error = unbrace(name)
    lines: list[str] = []
    words = list_words(inside) if not error else []
    for word in words:
        rule, error = unbrace(word, strip=True)
        if error:
            break
        lines.append(rule + "\n")
    if error:
        raise BadText(f"{type} map: {error}")
    return "".join(lines)


def key_and_value(line: str) -> tuple[str, str] | None:
    """A logical line split at its first unquoted blank, or None if a quote is not closed."""
    match = _KEY.match(line)
    end = match.end() if match else 0
    if line[end : end + 1] == '"':
        return None
    if line[end : end + 1] == "\\":  # the last character
        end += 1
    return line[:end], line[end:].strip(SPACE)


def records(text: str, path: str, utf8: bool, warn: Warn, ignoring: str = "") -> Iterator[tuple[int, str, str]]:
    """Line number, key and value of each entry; what is wrong with other lines goes to `warn`.

    `ignoring` follows the text about a line without key or value.
    """
    for number, line in logical_lines(text, path, warn):
        where = f"{path}, line {number}"
        if utf8 and not valid_utf8(line):
            warn(f'{where}: non-UTF-8 input "{line}" -- ignoring this line')
            continue
        pair = key_and_value(line)
        if pair is None:
            warn(f"{where}: unbalanced '\"' in '{line}' -- ignoring this line")
            continue
        key, value = pair
        if not key or not value:
            warn(f"{where}: expected format: key whitespace value{ignoring}")
            continue
        if key.endswith(":"):
            warn(f'{where}: record is in "key: value" format; is this an alias file?')
        yield number, key, value
