"""The text of an rc file, and the shell-like words in it: quotes, $VAR, ${VAR:-text}, `command`. procmailrc(5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from simulator.mda.procmail_source import Source

#: How much a line may grow: LINEBUF, with some room.
_LIMIT: Final = 1_000_000
#: How words are read: split at blanks, one value up to a blank, a whole line.
WORDS, VALUE, LINE = range(3)
_NOTHING, _SPACE, _NORMAL, _DOUBLE, _SINGLE = range(-1, 4)
_REGEXP_SPECIALS: Final = "(|)*?+.^$[\\"


class Names(Protocol):
    """What stands behind the `$` signs."""

    def variable(self, name: str) -> str | None: ...
    def special(self, char: str) -> str | None: ...
    def output_of(self, command: str) -> str: ...
    def complain(self, text: str) -> None: ...


@dataclass(slots=True)
class _Skip:
    """Text of ${VAR:-text} that does not count: what was there before, and what stands instead."""

    length: int
    value: str
    braces: int
    state: int


class Words:
    """Reads words from a source. `skipping`: the recipe does not count, so no variable is looked up, no command run."""

    def __init__(self, names: Names, source: Source, mode: int, skipping: bool = False) -> None:
        self.names, self.source, self.mode = names, source, mode
        self.quiet = skipping
        self.out: list[str] = []
        self.state = _NOTHING
        self.braces = self.quoted_braces = 0
        self.skip: _Skip | None = None

    def read(self) -> list[str]:
        """The words; in the other modes a list of one."""
        while self._next():
            if len(self.out) > _LIMIT:
                self.names.complain("Exceeded LINEBUF\n")
                break
        if self.state != _SPACE or self.mode != WORDS:
            self.out.append("\0")
        return "".join(self.out).split("\0")[:-1]

    def _add(self, text: str) -> None:
        self.out += text
        if self.state <= _SPACE:
            self.state = _NORMAL

    def _next(self) -> bool:
        """Take one character; False at the end."""
        char = self.source.get()
        handler = _HANDLERS.get(char)
        if handler is None:
            self._add(char)
            return True
        return handler(self, char)

    # -- one method for each special character --------------------------------------------------------------------------

    def _end(self, char: str) -> bool:
        if self.mode != LINE and self.state > _NORMAL:
            self.names.complain("Unexpected EOL\n")
        return False

    def _newline(self, char: str) -> bool:
        if self.state <= _NORMAL:
            return False
        self._add(char)
        return True

    def _blank(self, char: str) -> bool:
        if self.state == _NORMAL:
            if self.mode == VALUE:
                return False
            self.state = _SPACE
            self.out.append(" " if self.mode == LINE else "\0")
        elif self.state > _NORMAL:
            self._add(char)
        return True

    def _backslash(self, char: str) -> bool:
        if self.state == _SINGLE:
            self._add(char)
            return True
        return self._escaped(self.source.get())

    def _escaped(self, char: str) -> bool:
        if not char:
            return self._end(char)
        if char == "\n":
            return True
        plain = char in '"\\$`' or (char in " \t'" and self.state != _DOUBLE) or (char == "#" and self.state <= _SPACE)
        plain = plain or (char == "}" and self._inside_braces())
        if (not plain and self.state > _NORMAL) or (not plain and char == "#"):
            self._add("\\")
        self._add(char)
        return True

    def _inside_braces(self) -> bool:
        return (self.state <= _NORMAL and self.braces > 0) or (self.state == _DOUBLE and self.braces > self.quoted_braces)

    def _double(self, char: str) -> bool:
        if self.state == _SINGLE or (self.state == _DOUBLE and self.quoted_braces < self.braces):
            self._add(char)
        elif self.state == _DOUBLE:
            self.state = _NORMAL
        else:
            self.quoted_braces, self.state = self.braces, _DOUBLE
        return True

    def _single(self, char: str) -> bool:
        if self.state == _DOUBLE:
            self._add(char)
        else:
            self.state = _NORMAL if self.state == _SINGLE else _SINGLE
        return True

    def _comment(self, char: str) -> bool:
        if self.state > _SPACE:
            self._add(char)
            return True
        self.source.skip_line()
        return False

    def _brace(self, char: str) -> bool:
        if not self._inside_braces():
            self._add(char)
            return True
        self.braces -= 1
        if self.skip is not None and self.braces == self.skip.braces:
            skip, self.skip = self.skip, None
            del self.out[skip.length :]
            self.state = skip.state
            self._value(skip.value)
        return True

    def _backquote(self, char: str) -> bool:
        if self.state == _SINGLE:
            self._add(char)
            return True
        command: list[str] = []
        while True:
            char = self.source.get()
            if char in ("", "`") or (char == '"' and self.state == _DOUBLE):
                break
            if char == "\\":
                char = self.source.get()
                if char == "\n":
                    continue
                if char not in '\\$`"' or (char == '"' and self.state != _DOUBLE):
                    command.append("\\")
            command.append(char)
        text = "" if self.quiet or self.skip else self.names.output_of("".join(command))
        if char == '"':
            self.state = _NORMAL
        self._value(text)
        return True

    # -- variables ------------------------------------------------------------------------------------------------------

    def _value(self, text: str) -> None:
        """Put in a value: split at blanks where the shell would do so."""
        if self.state == _DOUBLE or self.mode != WORDS:
            self.out += text
            if self.state <= _SPACE:
                self.state = _NORMAL
            return
        for char in text:
            if char in " \t\n":
                if self.state > _SPACE:
                    self.out.append("\0")
                    self.state = _SPACE
            else:
                self.out.append(char)
                self.state = _NORMAL

    def _lookup(self, name: str) -> str | None:
        return None if self.quiet or self.skip else self.names.variable(name)

    def _dollar(self, char: str) -> bool:
        if self.state == _SINGLE:
            self._add(char)
            return True
        char = self.source.get()
        if not char:
            self._add("$")
            return False
        special = self.names.special(char) if char in "$?#=_-@" else None
        if char == "{":
            self._braced()
        elif special is not None:
            self._value(special)
        elif char.isdigit():
            self._value(self._lookup(char) or "")
        elif char == "\\":
            self._literal()
        elif char.isalpha() or char == "_":
            self.source.back()
            self._value(self._lookup(self._name()) or "")
        else:
            self._add("$")
            self.source.back()
        return True

    def _literal(self) -> None:
        """`$\\NAME`: the value with a backslash before all that is special in an expression, and `()` in front."""
        name = self._name()
        if not name:
            self._add("$")
            self._escaped(self.source.get())
            return
        value = self._lookup(name) or ""
        self._add("()" + "".join(f"\\{char}" if char in _REGEXP_SPECIALS else char for char in value))

    def _name(self) -> str:
        name = ""
        while (char := self.source.get()) and (char.isalnum() or char == "_") and char.isascii():
            name += char
        self.source.back()
        return name

    def _braced(self) -> None:
        """`${NAME}`, `${NAME:-text}`, `${NAME-text}`, `${NAME:+text}`, `${NAME+text}`."""
        name = self._name()
        value = self._lookup(name)
        operator = self.source.get()
        if operator == "}":
            self._value(value or "")
            return
        colon = operator == ":"
        if colon:
            operator = self.source.get()
        if operator not in ("-", "+"):
            self.names.complain(f'Bad substitution of "{name}"\n')
            return
        there = bool(value) if colon else value is not None
        if there == (operator == "-") and self.skip is None:
            kept = (value or "") if operator == "-" else ""
            self.skip = _Skip(len(self.out), kept, self.braces, self.state)
        self.braces += 1


_HANDLERS: Final[dict[str, Callable[[Words, str], bool]]] = {
    "": Words._end,
    "\n": Words._newline,
    " ": Words._blank,
    "\t": Words._blank,
    "\\": Words._backslash,
    '"': Words._double,
    "'": Words._single,
    "#": Words._comment,
    "}": Words._brace,
    "`": Words._backquote,
    "$": Words._dollar,
}
