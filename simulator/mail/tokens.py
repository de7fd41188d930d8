"""The tokens of RFC 822: scanning a header's text, parsing lists of addresses, making text of them again.

A text is scanned into tokens, a list of addresses is parsed into a tree, and both become text again in one of two forms:
*external*, quoted as headers show it, or *internal*, bare as programs use it. Nothing that is not understood is lost: it
stays in the tree. Besides RFC 822 the characters % ! and | are operators of their own, and a missing comma between two
addresses is supplied. This is how Postfix sees headers, and so which text a rewritten header gets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from simulator.mail.quoting import quote_822_local

ATOM: Final = "atom"
QSTRING: Final = "quoted string"
COMMENT: Final = "comment"
DOMLIT: Final = "domain literal"
ADDR: Final = "address"
STARTGRP: Final = "group"

_WORDS = frozenset({ATOM, QSTRING, DOMLIT})
_TEXTUAL = _WORDS | {COMMENT, ADDR}
# The non-address text of one address that old Sendmail versions could bear (CERT CA-2003-07), in bytes.
_MAX_NONADDR_LENGTH = 250

_SPECIALS = r'|%!()<>@,;:\\".\[\]'
_SCANNER = re.compile(
    rf"""(?P<blank>[ \t\r\n]+) | (?P<comment>\() | \[(?P<domlit>(?:\\.|[^\\\]])*)(?:\]|\\?\Z)
    | "(?P<qstring>(?:\\.|[^\\"])*)(?:"|\\?\Z) | (?P<operator>[|%!)<>@,;:.\]]) | (?P<atom>(?:\\.|[^ \t\r\n{_SPECIALS}])+)(?:\\\Z)?
    | \\\Z""",
    re.S | re.X,
)
_ESCAPE = re.compile(r"\\(.)", re.S)
_BLANKS = str.maketrans("\t\r\n", "   ")
_QUOTE_ATOM = re.compile(rf"[\x00-\x20\x7f{_SPECIALS}]")


@dataclass(frozen=True, slots=True)
class Token:
    """One token. An operator's kind is its own character; an address holds the tokens that it is made of.

    `owned` says that the token was parsed as part of an address; such tokens are joined without blanks.
    """

    kind: str
    text: str = ""
    parts: tuple[Token, ...] = ()
    owned: bool = False


def scan(text: str, limit: int = 0) -> list[Token]:
    """The tokens of a text in external form; at most `limit` of them if that is not 0."""
    tokens: list[Token] = []
    position, text = 0, text.partition("\0")[0]
    while position < len(text) and not (limit and len(tokens) >= limit):
        match = _SCANNER.match(text, position)
        assert match is not None, text[position:]
        position = match.end()
        kind = match.lastgroup
        if kind == "comment":
            position = _comment_end(text, position)
            tokens.append(Token(COMMENT, text[match.start() : position]))
        elif kind != "blank":
            tokens.append(_token(kind, match))
    return tokens


def _token(kind: str | None, match: re.Match[str]) -> Token:
    if kind == "operator":
        return Token(match[0])
    # A backslash stands before a character that is meant literally; blanks of all sorts become a space.
    text = _ESCAPE.sub(r"\1", match[kind] if kind else "").translate(_BLANKS)
    if kind == "domlit":
        return Token(DOMLIT, text)
    return Token(QSTRING if kind == "qstring" or _QUOTE_ATOM.search(text) else ATOM, text)


def _comment_end(text: str, position: int) -> int:
    """Where a comment ends whose "(" is just before `position`: comments nest, a backslash hides what follows."""
    level, escaped = 1, False
    for index in range(position, len(text)):
        char = text[index]
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char in "()":
            level += 1 if char == "(" else -1
            if level == 0:
                return index + 1
    return len(text)


class _Parser:
    """Builds the tree from right to left: `done` is what lies right of the address in work, `pending` its tokens so far."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.left = list(tokens)
        self.done: list[Token] = []
        self.pending: list[Token] = []
        self.word_ok, self.in_group = True, False

    def flush(self, add_comma: bool = False) -> None:
        if self.pending:
            parts = tuple(replace(token, owned=True) for token in reversed(self.pending))
            self.done.append(Token(ADDR, parts=parts))
            if add_comma:
                self.done.append(Token(","))
            self.pending.clear()

    def skip(self, stop: str) -> None:
        """Leave tokens alone until one of `stop`, which then ends the next address on its right side."""
        while self.left and self.left[-1].kind not in stop:
            self.done.append(self.left.pop())
        if self.left and self.left[-1].kind == ":" and not self.in_group:
            self.done.append(self.left.pop())

    def route(self) -> None:
        """The tokens of <...>, from the ">" to its "<": the address; comments move behind it."""
        while self.left and self.left[-1].kind != "<":
            token = self.left.pop()
            (self.done if token.kind == COMMENT else self.pending).append(token)
        self.flush()
        self.word_ok = True
        self.skip(">;,:")

    def step(self, token: Token) -> None:
        kind = token.kind
        if kind == COMMENT:
            self.done.append(token)
        elif kind in (";", ","):
            self.flush(add_comma=kind == ";")
            self.done.append(token)
            self.word_ok = True
            self.in_group = self.in_group or kind == ";"
        elif kind == ":" and self.in_group:
            self.flush()
            self.done.append(Token(STARTGRP))
            self.skip(",")
        elif kind == ">":
            self.flush(add_comma=True)
            self.done.append(token)
            self.route()
        else:
            if kind in _WORDS and not self.word_ok:
                self.flush(add_comma=True)
            self.word_ok = kind not in _WORDS
            self.pending.append(token)

    def tree(self) -> list[Token]:
        while self.left:
            self.step(self.left.pop())
        self.flush()
        return self.done[::-1]


def parse(text: str, limit: int = 0) -> list[Token]:
    """The tree of an address list in external form (what follows "To:"); at most `limit` tokens if that is not 0."""
    return _Parser(scan(text, limit)).tree()


def addresses(text: str, limit: int = 0) -> list[str]:
    """The addresses of an address list, in internal form."""
    return [internalize(token.parts) for token in parse(text, limit) if token.kind == ADDR]


def _space_after(token: Token, following: Token | None) -> bool:
    if following is None or token.owned:
        return False
    if token.kind in (",", STARTGRP) or following.kind == "<":
        return True
    return token.kind in _TEXTUAL and following.kind in _TEXTUAL


def _with_next(tokens: Iterable[Token]) -> Iterable[tuple[Token, Token | None]]:
    listed = list(tokens)
    following: list[Token | None] = [*listed[1:], None]
    return zip(listed, following, strict=False)


def internalize(tokens: Iterable[Token], *, lines: bool = False) -> str:
    """The tokens as bare text; with `lines` a line break follows each comma."""
    result: list[str] = []
    for token, following in _with_next(tokens):
        result.append(_internal(token))
        if token.kind == "," and lines:
            result.append("\n")
        elif _space_after(token, following):
            result.append(" ")
    return "".join(result)


def _internal(token: Token) -> str:
    if token.kind == ADDR:
        return internalize(token.parts)
    if token.kind == DOMLIT:
        return f"[{token.text}]"
    if token.kind == STARTGRP:
        return ":"
    return token.text if token.kind in _TEXTUAL else token.kind


def externalize(
    tokens: Iterable[Token], *, lines: bool = False, warn: Callable[[str], None] | None = None
) -> str:
    """The tokens as quoted text.

    For a header, with `lines`, each address starts a new line (Postfix folds them later), and comments and phrases of more
    than 250 bytes around one address are dropped, with a call of `warn`.
    """
    result: list[str] = []
    entry = _Entry()
    for token, following in _with_next(tokens):
        if token.kind == ",":
            result.append(entry.finish(lines, warn) + (",\n" if lines else ", "))
            entry = _Entry()
            continue
        entry.add(token, following)
        if _space_after(token, following):
            entry.texts.append(" ")
    return "".join(result) + entry.finish(lines, warn)


class _Entry:
    """The external form of one element of an address list, and how much of it is the address."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.address: Token | None = None
        self.address_length = 0

    def add(self, token: Token, following: Token | None) -> None:
        text = _external(token)
        if token.kind == ADDR:
            self.address, self.address_length = token, len(text.encode("utf-8", "surrogateescape"))
        elif token.kind == "<" and following is not None and following.kind == ">":
            self.address, self.address_length = token, 0
        self.texts.append(text)

    def finish(self, strip: bool, warn: Callable[[str], None] | None) -> str:
        text = "".join(self.texts)
        length = len(text.encode("utf-8", "surrogateescape")) - self.address_length
        if not strip or self.address is None or length <= _MAX_NONADDR_LENGTH:
            return text
        if warn is not None:
            warn(f"stripping too many comments from address: {text[:100]}...")
        return f"<{quote_822_local(internalize(self.address.parts)) if self.address.parts else ''}>"


def _external(token: Token) -> str:
    if token.kind == ADDR:
        return quote_822_local(internalize(token.parts))
    if token.kind == QSTRING:
        return '"' + re.sub(r'["\\\r\n]', r"\\\g<0>", token.text) + '"'
    if token.kind == DOMLIT:
        return "[" + re.sub(r"[\\\r\n]", r"\\\g<0>", token.text) + "]"
    return _internal(token)
