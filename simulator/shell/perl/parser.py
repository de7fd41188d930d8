"""Perl's grammar, as far as mail scripts need it: statements, perlsyn(1)."""

from __future__ import annotations

import re

from simulator.shell.perl.expressions import Expressions
from simulator.shell.perl.lexer import Token
from simulator.shell.perl.nodes import Node, PerlSyntax


class Parser(Expressions):
    """Reads a program into a tree."""

    def program(self) -> Node:
        """The whole program. Raises PerlSyntax, NotSimulated."""
        body = self._statements()
        if self.now.kind != "end":
            raise self._fault()
        return Node("block", 1, body)

    def _statements(self) -> list[Node]:
        body: list[Node] = []
        while self.now.kind != "end" and not self._is("}"):
            if self._skip(";"):
                continue
            body.append(self._statement())
        return body

    def _block(self) -> Node:
        line = self._need("{").line
        body = self._statements()
        if self.now.kind == "end":
            where = f"{{file}} line {self.now.line}, at "
            raise PerlSyntax(f"Missing right curly or square bracket at {where}end of line\nsyntax error at {where}EOF")
        self._need("}")
        return Node("block", line, body)

    def _statement(self) -> Node:
        token = self.now
        if token.kind == "name":
            compound = {"if": self._if, "unless": self._if, "while": self._while, "until": self._while, "for": self._for, "foreach": self._for,
                        "sub": self._sub, "use": self._use, "no": self._use, "package": self._use, "BEGIN": self._begin,
                        "END": self._begin}  # fmt: skip
            if token.text in compound and not (token.text == "sub" and self._peek().kind != "name"):
                return compound[token.text]()
            if re.fullmatch(r"[A-Z_]+", token.text) and self._peek().text == ":" and self._peek(2).text in ("while", "for", "foreach", "until"):
                self.at += 2
                loop = self._statement()
                loop.more = token.text
                return loop
        if self._is("{") and not self._is_hash():
            return Node("bare", token.line, [self._block()])
        return self._simple()

    def _is_hash(self) -> bool:
        """Whether a brace at the beginning of a statement opens a hash: perlfunc(1), map, has the guesses."""
        first, second = self._peek(), self._peek(2)
        return (first.kind in ("name", "string", "variable") and second.text in ("=>", ",")) or (
            first.text == "}" and self._peek(2).text in ("}", ";")
        )

    def _begin(self) -> Node:
        word = self._take()
        block = self._block()
        if word.text == "END":
            self.ends.append(block)
            return Node("list", word.line)
        return block

    def _simple(self) -> Node:
        node = self._expression(0)
        while self._is("if", "unless", "while", "until", "for", "foreach"):
            word = self._take()
            condition = self._expression(0)
            if word.text in ("if", "unless"):
                node = Node("if", word.line, [self._negated(condition, word.text == "unless"), node])
            elif word.text in ("while", "until"):
                node = Node("dowhile" if node.kind == "do" else "while", word.line, [self._negated(condition, word.text == "until"), node])
            else:
                node = Node("foreach", word.line, [Node("scalar", word.line, text="_"), condition, node])
        if not self._skip(";") and not self._is("}") and self.now.kind != "end":
            raise self._fault()
        return node

    def _negated(self, condition: Node, negate: bool) -> Node:
        return Node("not", condition.line, [condition]) if negate else condition

    def _if(self) -> Node:
        word = self._take()
        self._need("(")
        condition = self._negated(self._expression(0), word.text == "unless")
        self._need(")")
        node = Node("if", word.line, [condition, self._block()])
        if self._is("elsif"):
            self.tokens[self.at] = Token("name", "if", self.now.line)
            node.args.append(self._if())
        elif self._skip("else"):
            node.args.append(self._block())
        return node

    def _while(self) -> Node:
        word = self._take()
        self._need("(")
        condition = Node("number", word.line, text="1") if self._is(")") else self._expression(0)
        self._need(")")
        return Node("while", word.line, [self._negated(self._defined_read(condition), word.text == "until"), self._block()])

    def _defined_read(self, node: Node) -> Node:
        """`while (<FH>)` reads into $_; reading in a condition asks whether there was a line."""
        if node.kind == "readline":
            node = Node("assign", node.line, [Node("scalar", node.line, text="_"), node], "=")
        reads = (
            node.kind == "assign"
            and node.args[1].kind in ("readline", "call")
            and (node.args[1].kind == "readline" or node.args[1].text in ("shift", "readdir"))
        )
        return Node("call", node.line, [node], "defined") if reads and node.args[0].kind in ("scalar", "my") else node

    def _for(self) -> Node:
        word = self._take()
        variable = Node("scalar", word.line, text="_")
        if self._is("my", "our", "local"):
            self._take()
        if self.now.kind == "variable":
            variable = Node("scalar", word.line, text=self._take().text[1:])
        self._need("(")
        first = Node("list", word.line) if self._is(";", ")") else self._expression(0)
        if self._skip(";"):
            condition = Node("number", word.line, text="1") if self._is(";") else self._expression(0)
            self._need(";")
            step = Node("list", word.line) if self._is(")") else self._expression(0)
            self._need(")")
            return Node("cfor", word.line, [first, condition, step, self._block()])
        self._need(")")
        return Node("foreach", word.line, [variable, first, self._block()])

    def _sub(self) -> Node:
        line = self._take().line
        name = self._take().text if self.now.kind == "name" else ""
        if self._is("("):
            while not self._skip(")"):
                self.at += 1
        return Node("sub", line, [self._block()], name)

    def _use(self) -> Node:
        word = self._take()
        words = []
        while not self._is(";") and self.now.kind != "end":
            words.append(self._take())
        self._skip(";")
        return Node("use", word.line, text=words[0].text if words else "", more=word.text)

    def _replacement(self, source: str, line: int) -> Node:
        return Parser(source, line).program()
