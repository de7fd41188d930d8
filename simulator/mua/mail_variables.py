"""The variables of mail(1): set, unset, and what a fresh session has.

A variable is on (True), a number or a text; one that was unset does not exist. `set crt` and `set crt=20` differ in type,
and a program that asks for the one does not see the other.
"""

from __future__ import annotations

import re

Value = bool | int | str

#: What `mail` sets before it reads any file; the texts are those that `set` prints.
DEFAULTS: dict[str, Value] = {
    "append": True, "asksub": True, "crt": True, "askcc": True, "escape": "~", "header": True, "indentprefix": "\t", "keep": True,
    "prompt": "? ", "save": True, "toplines": 5, "autoinc": True, "regex": True, "replyprefix": "Re: ", "charset": "auto",
    "useragent": True, "metamail": True, "recursivealiases": True, "fromfield": True, "headline": "%>%a%4m %18f %16d %3L/%-5o %s",
    "fullnames": True, "outfilename": "local", "mode": "read", "rc": True, "nullbody": True,
    "nullbodymsg": "Null message body; hope that's ok", "screen": 22, "columns": 80, "sendmail": "sendmail:/usr/sbin/sendmail",
}  # fmt: skip
#: More variables than any person sets.
MAX_VARIABLES = 500


class Variables:
    """The variables of one session."""

    def __init__(self, pid: int) -> None:
        self._values: dict[str, Value] = {"PID": pid, **DEFAULTS}

    def is_true(self, name: str) -> bool:
        """Is it on? A number or text does not count."""
        return self._values.get(name) is True

    def text(self, name: str) -> str | None:
        """Its text, or None if it is unset or of another type."""
        value = self._values.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int | None:
        """Its number, or None if it is unset or of another type."""
        value = self._values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def value(self, name: str) -> Value | None:
        """Whatever it is."""
        return self._values.get(name)

    def assign(self, word: str) -> None:
        """One argument of `set`: name, noname, name=text or name=number."""
        name, equals, text = word.partition("=")
        if not equals and name.startswith("no"):
            self._values.pop(name[2:], None)
        elif name in self._values or len(self._values) < MAX_VARIABLES:
            self._values[name] = _typed(text) if equals else True

    def listing(self) -> str:
        """What `set` alone prints, sorted by name."""
        return "".join(f"{_shown(name, value)}\n" for name, value in sorted(self._values.items()))


def _typed(text: str) -> Value:
    """A number (decimal, 0octal or 0xhex as strtoul(3) reads it; nothing at all is 0) or a text."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
        return int(text, 16)
    if re.fullmatch(r"0[0-7]+", text):
        return int(text, 8)
    if re.fullmatch(r"[1-9]\d*|0|", text):
        return int(text or 0)
    return text


def _shown(name: str, value: Value) -> str:
    if value is True:
        return name
    return f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}"
