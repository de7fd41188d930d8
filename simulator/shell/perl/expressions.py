"""Perl's operators and how tightly they bind: perlop(1)."""

from __future__ import annotations

from simulator.shell.perl.nodes import Node, NotSimulated
from simulator.shell.perl.tokens import ASSIGN, LEVELS
from simulator.shell.perl.words import Words

_ASSIGNMENTS = frozenset("= += -= *= /= .= %= x= **= ||= &&= //= |= &= ^= <<= >>=".split())


class Expressions(Words):
    """Operators, from the loosest level to the tightest."""

    def _expression(self, level: int) -> Node:
        if level >= len(LEVELS):
            return self._postfix()
        kind, operators = LEVELS[level]
        special = {"not": self._not, "list": self._next_level, "comma": self._comma, "assign": self._assignment, "ternary": self._conditional,
                   "unary": self._unary, "bind": self._bind, "power": self._power}  # fmt: skip
        if kind in special:
            return special[kind](level)
        node = self._expression(level + 1)
        while self._is(*operators) and not (self.now.text == "x" and self.now.kind == "name" and self._peek().text == "=>"):
            word = self._take()
            node = Node("binary", word.line, [node, self._expression(level + 1)], word.text)
        return node

    def _next_level(self, level: int) -> Node:
        return self._expression(level + 1)

    def _not(self, level: int) -> Node:
        if self._is("not"):
            word = self._take()
            return Node("not", word.line, [self._expression(level)])
        return self._expression(level + 1)

    def _comma(self, level: int) -> Node:
        node = self._expression(level + 1)
        if not self._is(",", "=>"):
            return node
        items = [node]
        while self._is(",", "=>"):
            self._take()
            if self._ends():
                break
            items.append(self._expression(level + 1))
        return Node("list", node.line, items)

    def _assignment(self, level: int) -> Node:
        node = self._expression(level + 1)
        if self.now.kind == "operator" and self.now.text in _ASSIGNMENTS:
            word = self._take()
            return Node("assign", word.line, [node, self._assignment(level)], word.text)
        return node

    def _conditional(self, level: int) -> Node:
        node = self._expression(level + 1)
        if self._is("?"):
            line = self._take().line
            yes = self._expression(ASSIGN)
            self._need(":")
            return Node("ternary", line, [node, yes, self._expression(ASSIGN)])
        return node

    def _bind(self, level: int) -> Node:
        node = self._expression(level + 1)
        while self._is("=~", "!~"):
            word = self._take()
            pattern = self._expression(level + 1)
            if pattern.kind not in ("match", "substitute", "transliterate"):
                pattern = Node("match", word.line, [pattern], more="")
            bound = Node("bind", word.line, [node, pattern])
            node = Node("not", word.line, [bound]) if word.text == "!~" else bound
        return node

    def _unary(self, level: int) -> Node:
        if self.now.kind == "operator" and self.now.text in ("!", "-", "+", "\\", "++", "--", "~"):
            word = self._take()
            if word.text == "!":
                return Node("not", word.line, [self._unary(level)])
            operand = self._unary(level)
            if word.text == "+":
                return operand
            return Node({"\\": "reference", "++": "preinc", "--": "preinc"}.get(word.text, "unary"), word.line, [operand], word.text)
        return self._expression(level + 1)

    def _power(self, level: int) -> Node:
        node = self._postfix()
        if self._is("**"):
            word = self._take()
            return Node("binary", word.line, [node, self._unary(level - 1)], "**")
        return node

    def _postfix(self) -> Node:
        node = self._primary()
        while True:
            if self._is("->"):
                node = self._arrow(node)
            elif self._is("[") and node.kind in ("index", "key", "deref_index", "deref_key"):
                node = self._subscript(node, "deref_index")
            elif self._is("{") and node.kind in ("index", "key", "deref_index", "deref_key"):
                node = self._subscript(node, "deref_key")
            elif self._is("++", "--"):
                word = self._take()
                node = Node("postinc", word.line, [node], word.text)
            elif self._is("(") and node.kind in ("deref_index", "deref_key"):
                node = Node("invoke", self.now.line, [node, *self._arguments()])
            else:
                return node

    def _arrow(self, node: Node) -> Node:
        line = self._take().line
        if self._is("["):
            return self._subscript(node, "deref_index")
        if self._is("{"):
            return self._subscript(node, "deref_key")
        if self._is("("):
            return Node("invoke", line, [node, *self._arguments()])
        if self.now.kind == "name":
            raise NotSimulated(f"the method {self.now.text}", line)
        if self.now.kind == "variable" and self.now.text in ("@", "@*"):
            self._take()
        raise NotSimulated("this use of ->", line)

    def _subscript(self, node: Node, kind: str) -> Node:
        line = self.now.line
        key = self._index() if self._is("[") else self._key()
        return Node(kind, line, [node, key])
