"""The tokens of a Perl program as its grammar takes them, and what the parts of the grammar ask of each other."""

from __future__ import annotations

from simulator.shell.perl.lexer import Lexer, Token
from simulator.shell.perl.nodes import Node, PerlSyntax

#: Binary operators by how tightly they bind; from loose to tight.
LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("left", ("or", "xor")), ("left", ("and",)), ("not", ("not",)), ("list", ()), ("comma", ()), ("assign", ()), ("ternary", ()),
    ("none", ("..", "...")), ("left", ("||", "//")), ("left", ("&&",)), ("left", ("|", "^")), ("left", ("&",)),
    ("left", ("==", "!=", "<=>", "eq", "ne", "cmp")), ("left", ("<", ">", "<=", ">=", "lt", "gt", "le", "ge")), ("left", ("<<", ">>")),
    ("left", ("+", "-", ".")), ("left", ("*", "/", "%", "x")), ("bind", ("=~", "!~")), ("unary", ()), ("power", ("**",)),
)  # fmt: skip
COMMA, ASSIGN, TERNARY, SHIFT, SIGN = 4, 5, 6, 14, 18


class TokenStream:
    """The tokens and the place in them."""

    def __init__(self, source: str, first_line: int = 1) -> None:
        self.tokens = Lexer(source, first_line).run()
        self.at = 0
        self.ends: list[Node] = []

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def _peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def _take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def _is(self, *texts: str) -> bool:
        return self.now.kind in ("operator", "name") and self.now.text in texts

    def _skip(self, text: str) -> bool:
        if self._is(text):
            self.at += 1
            return True
        return False

    def _need(self, text: str) -> Token:
        if not self._is(text):
            raise self._fault()
        return self._take()

    def _fault(self) -> PerlSyntax:
        token = self.now
        if token.kind == "end":
            return PerlSyntax(f"syntax error at {{file}} line {token.line}, at EOF")
        return PerlSyntax(f'syntax error at {{file}} line {token.line}, near "{token.text}"')

    def _ends(self) -> bool:
        return (
            self.now.kind == "end" or self._is(")", "]", "}", ";", ":") or self._is("if", "unless", "while", "until", "for", "foreach", "or", "and")
        )

    # -- the rest of the grammar -----------------------------------------------------------------------------------------

    def _expression(self, level: int) -> Node:
        raise NotImplementedError

    def _unary(self, level: int) -> Node:
        raise NotImplementedError

    def _word(self) -> Node:
        raise NotImplementedError

    def _block(self) -> Node:
        raise NotImplementedError

    def _sub(self) -> Node:
        raise NotImplementedError

    def _replacement(self, source: str, line: int) -> Node:
        raise NotImplementedError
