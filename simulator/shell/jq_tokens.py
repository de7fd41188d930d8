"""The tokens of a jq 1.6 filter, as its lexer makes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_KEYWORDS = "if then elif else end reduce foreach as def try catch label import include and or __loc__".split()
_TOKEN = re.compile(
    rf"""(?P<blank>\s+|\#[^\n]*)|(?P<field>\.[a-zA-Z_]\w*)|(?P<format>@\w+)|(?P<string>"(?:\\.|[^"\\])*")|(?P<open_string>"(?:\\.|[^"\\])*$)"""
    rf"""|(?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)|(?P<keyword>\b(?:{"|".join(_KEYWORDS)})\b)|(?P<ident>[a-zA-Z_]\w*(?:::\w+)*)"""
    r"""|(?P<op>\?//=?|\|=|\+=|-=|\*=|/=|%=|//=|==|!=|<=|>=|//|\.\.|[][(){}|,.:;=<>+\-*/%$?])|(?P<bad>.)""",
    re.X | re.S,
)
_NAMES = {"field": "FIELD", "format": "FORMAT", "string": "QQSTRING_START", "open_string": "QQSTRING_START", "number": "LITERAL", "ident": "IDENT"}
#: What each closing bracket closes.
PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token, where it begins, and its kind."""

    at: int
    kind: str
    text: str

    @property
    def name(self) -> str:
        """As bison names it: single characters in quotation marks, words and longer operators as they are."""
        if self.kind == "op":
            return f"'{self.text}'" if len(self.text) == 1 else self.text
        return _NAMES.get(self.kind, self.text)


def tokens_of(text: str) -> Iterator[Token]:
    """The lexer's tokens: a bracket that closes another one than the last is none. The last one is the end."""
    open_brackets: list[str] = []
    last = 0
    for match in _TOKEN.finditer(text):
        kind, word = match.lastgroup or "", match[0]
        start = match.start()
        last = match.end() - 1 if kind == "string" else start + (len(word) > 1) if kind == "open_string" else start
        if word in ("(", "[", "{"):
            open_brackets.append(word)
        elif word in PAIRS and (not open_brackets or open_brackets.pop() != PAIRS[word]):
            kind = "bad"
        yield Token(start, kind, "INVALID_CHARACTER" if kind == "bad" else word)
    yield Token(last, "end", "$end")
