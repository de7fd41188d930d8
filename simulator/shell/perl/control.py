"""Perl's statements: conditions, loops, subs."""

from __future__ import annotations

from simulator.shell.perl.machine import MAX_DEPTH, Code, Die, Flat, Jump, Value
from simulator.shell.perl.matching import Matching
from simulator.shell.perl.nodes import Node, NotSimulated
from simulator.shell.perl.parser import Parser
from simulator.shell.perl.text import string, truth


class Control(Matching):
    """Compound statements, jumps and calls: perlsyn(1), perlsub(1)."""

    def do_block(self, node: Node, want: str) -> Value:
        return self.block(node)

    def do_use(self, node: Node, want: str) -> Value:
        return None

    def do_sub(self, node: Node, want: str) -> Value:
        code = Code(node.args[0], list(self.scopes))
        if node.text:
            self.subs[node.text] = code
        return code

    def do_if(self, node: Node, want: str) -> Value:
        condition = self.scalar(node.args[0])
        if truth(condition):
            return self.block(node.args[1])
        return self.block(node.args[2]) if len(node.args) > 2 else condition

    def _loop(self, node: Node, body: Node) -> bool:
        """One round of a loop's body; False when it is to end."""
        try:
            self.block(body)
        except Jump as jump:
            if jump.kind == "return" or (jump.label and jump.label != node.more):
                raise
            return jump.kind != "last"
        return True

    def do_while(self, node: Node, want: str) -> Value:
        while truth(self.scalar(node.args[0])):
            if not self._loop(node, node.args[1]):
                break
        return None

    def do_dowhile(self, node: Node, want: str) -> Value:
        self.eval(node.args[1])
        return self.do_while(node, want)

    def do_cfor(self, node: Node, want: str) -> Value:
        self.scopes.append({})
        try:
            self.eval(node.args[0])
            while truth(self.scalar(node.args[1])):
                if not self._loop(node, node.args[3]):
                    break
                self.eval(node.args[2])
        finally:
            self.scopes.pop()
        return None

    def do_foreach(self, node: Node, want: str) -> Value:
        name, source = f"${node.args[0].text}", node.args[1]
        only = source.args[0] if source.kind == "list" and len(source.args) == 1 else source
        array = self.array(only.text) if only.kind == "array" else None
        values = array if array is not None else self.values(source)
        self.scopes.append({name: None})
        try:
            for index, value in enumerate(list(values)):
                self.scopes[-1][name] = value
                go_on = self._loop(node, node.args[2])
                if array is not None and index < len(array):
                    array[index] = self.scopes[-1][name]
                if not go_on:
                    break
        finally:
            self.scopes.pop()
        return None

    def do_bare(self, node: Node, want: str) -> Value:
        self._loop(node, node.args[0])
        return None

    def do_do(self, node: Node, want: str) -> Value:
        if node.args[0].kind != "block":
            raise NotSimulated("do FILE", node.line)
        value = self.block(node.args[0])
        return value if want == "list" or not isinstance(value, Flat) else (value[-1] if value else None)

    def do_eval(self, node: Node, want: str) -> Value:
        try:
            body = node.args[0] if node.args[0].kind == "block" else Parser(string(self.scalar(node.args[0])), node.line).program()
            value = self.block(body)
        except Die as death:
            self.globals["$@"] = str(death)
            return None
        self.globals["$@"] = ""
        return value if want == "list" or not isinstance(value, Flat) else (value[-1] if value else None)

    def do_last(self, node: Node, want: str) -> Value:
        raise Jump("last", node.text)

    def do_next(self, node: Node, want: str) -> Value:
        raise Jump("next", node.text)

    def do_return(self, node: Node, want: str) -> Value:
        raise Jump("return", value=self.eval(node.args[0], "list") if node.args else Flat([]))

    def do_user(self, node: Node, want: str) -> Value:
        code = self.subs.get(node.text)
        if code is None:
            if node.more == "bare":
                return node.text
            raise self.die(f"Undefined subroutine &main::{node.text} called")
        return self.call(code, self.lists(node.args), want)

    def do_invoke(self, node: Node, want: str) -> Value:
        code = self.scalar(node.args[0])
        if not isinstance(code, Code):
            raise self.die("Not a CODE reference")
        return self.call(code, self.lists(node.args[1:]), want)

    def call(self, code: Code, args: list[Value], want: str) -> Value:
        """Call a sub with its arguments in @_."""
        if self.depth >= MAX_DEPTH:
            raise NotSimulated("recursion so deep", self.line)
        outer, self.scopes = self.scopes, [*code.scopes, {"@_": args}]
        self.depth += 1
        try:
            value = self.block(code.body)
        except Jump as jump:
            if jump.kind != "return":
                raise
            value = jump.value
        finally:
            self.scopes = outer
            self.depth -= 1
        if isinstance(value, Flat) and want != "list":
            return value[-1] if value else None
        return value
