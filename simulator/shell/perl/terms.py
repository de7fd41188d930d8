"""Perl's terms: variables, subscripts, literals: perldata(1)."""

from __future__ import annotations

import re

from simulator.shell.perl.lexer import Token
from simulator.shell.perl.nodes import Node
from simulator.shell.perl.tokens import SIGN, TokenStream


class Terms(TokenStream):
    """What stands between operators."""

    def _primary(self) -> Node:
        token = self.now
        if token.kind == "number":
            self._take()
            return Node("number", token.line, text=token.text.replace("_", ""))
        if token.kind == "string":
            self._take()
            return self._string(token)
        if token.kind == "pattern":
            self._take()
            return self._pattern(token)
        if token.kind == "readline":
            self._take()
            return Node("readline", token.line, text=token.text or "ARGV")
        if token.kind == "filetest":
            self._take()
            return Node("filetest", token.line, [self._unary(SIGN)], token.text)
        if token.kind == "variable":
            return self._variable()
        if token.kind == "name":
            return self._word()
        if self._is("("):
            return self._parenthesis()
        if self._is("["):
            self._take()
            items = [] if self._is("]") else [self._expression(0)]
            self._need("]")
            return Node("array_ref", token.line, items)
        if self._is("{"):
            self._take()
            items = [] if self._is("}") else [self._expression(0)]
            self._need("}")
            return Node("hash_ref", token.line, items)
        raise self._fault()

    def _string(self, token: Token) -> Node:
        kinds = {"q": "string", "rawdoc": "string", "qw": "words", "qx": "backticks"}
        text = token.parts[0]
        if token.text == "q":
            text = re.sub(r"\\([\\'])", r"\1", text)
        return Node(kinds.get(token.text, "interpolate"), token.line, text=text)

    def _pattern(self, token: Token) -> Node:
        if token.text == "m" or token.text == "qr":
            return Node(
                "match" if token.text == "m" else "regex",
                token.line,
                [Node("interpolate", token.line, text=token.parts[0], more="regex")],
                more=token.parts[1],
            )
        if token.text == "s":
            body, replacement, flags = token.parts[:3]
            made = self._replacement(replacement, token.line) if "e" in flags else Node("interpolate", token.line, text=replacement)
            return Node("substitute", token.line, [Node("interpolate", token.line, text=body, more="regex"), made], more=flags)
        return Node("transliterate", token.line, text="\0".join(token.parts[:2]), more=token.parts[2])

    def _parenthesis(self) -> Node:
        line = self._need("(").line
        inner = Node("list", line) if self._is(")") else self._expression(0)
        self._need(")")
        node = inner if inner.kind == "list" else Node("list", line, [inner])
        if self._is("["):
            return Node("slice", line, [node, self._index()])
        return node

    def _variable(self) -> Node:
        token = self._take()
        sigil, name = token.text[0], token.text[1:]
        if token.text.startswith("$#"):
            if token.text == "$#{":
                inner = self._expression(0)
                self._need("}")
                return Node("last_index", token.line, [inner])
            name = token.text[2:]
            return Node("last_index", token.line, [Node("scalar", token.line, text=name[1:])] if name.startswith("$") else [], name)
        if name == "{":
            if self.now.kind == "name" and self._peek().text == "}":
                name = self._take().text
                self._need("}")
            else:
                inner = self._expression(0)
                self._need("}")
                return self._dereference(sigil, inner, token.line)
        elif name == "":
            return self._dereference(sigil, Node("scalar", token.line, text=self._take().text[1:]), token.line)
        return self._subscripted(sigil, name, token.line)

    def _subscripted(self, sigil: str, name: str, line: int) -> Node:
        if sigil == "$" and self._is("["):
            return Node("index", line, [self._index()], name)
        if sigil == "$" and self._is("{"):
            return Node("key", line, [self._key()], name)
        if sigil == "@" and self._is("["):
            return Node("slice", line, [Node("array", line, text=name), self._index()])
        if sigil == "@" and self._is("{"):
            return Node("hash_slice", line, [self._key()], name)
        if sigil == "&":
            return Node("user", line, self._arguments() if self._is("(") else [Node("array", line, text="_")], name)
        return Node({"$": "scalar", "@": "array", "%": "hash"}[sigil], line, text=name)

    def _dereference(self, sigil: str, inner: Node, line: int) -> Node:
        if sigil == "$" and self._is("["):
            return Node("deref_index", line, [inner, self._index()])
        if sigil == "$" and self._is("{"):
            return Node("deref_key", line, [inner, self._key()])
        node = Node({"$": "deref_scalar", "@": "deref_array", "%": "deref_hash"}[sigil], line, [inner])
        return Node("slice", line, [node, self._index()]) if sigil == "@" and self._is("[") else node

    def _index(self) -> Node:
        self._need("[")
        node = self._expression(0)
        self._need("]")
        return node

    def _key(self) -> Node:
        self._need("{")
        token = self.now
        if token.kind == "name" and self._peek().text == "}":
            self._take()
            node = Node("string", token.line, text=token.text)
        elif token.text == "-" and self._peek().kind == "name" and self._peek(2).text == "}":
            self.at += 2
            node = Node("string", token.line, text=f"-{self.tokens[self.at - 1].text}")
        else:
            node = self._expression(0)
        self._need("}")
        return node

    def _arguments(self) -> list[Node]:
        self._need("(")
        if self._skip(")"):
            return []
        node = self._expression(0)
        self._need(")")
        return node.args if node.kind == "list" else [node]
