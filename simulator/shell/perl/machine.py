"""What every part of the Perl machine leans on: the values beside plain ones, the ways out, and the state."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simulator.shell.perl.handles import Handle
from simulator.shell.perl.nodes import Node, NotSimulated
from simulator.unix.program import Process

MAX_STEPS = 2_000_000
MAX_DEPTH = 200
Value = Any


class Die(Exception):
    """die(): the text with its place."""


class ExitPerl(Exception):
    """exit()."""


class Jump(Exception):
    """last, next, redo, return."""

    def __init__(self, kind: str, label: str = "", value: Value = None) -> None:
        super().__init__(kind)
        self.kind, self.label, self.value = kind, label, value


class Code:
    """A sub with the variables that it sees."""

    def __init__(self, body: Node, scopes: list[dict[str, Value]]) -> None:
        self.body, self.scopes = body, scopes

    def __str__(self) -> str:
        return "CODE(0x55d0000)"


class ScalarRef:
    """A reference to a scalar."""

    def __init__(self, scope: dict[str, Value], name: str) -> None:
        self.scope, self.name = scope, name

    def __str__(self) -> str:
        return "SCALAR(0x55d0000)"


class Flat(list[Value]):
    """The values of a list, as opposed to a reference to an array."""


class Machine:
    """The state of one running Perl program, and how a node is evaluated. The kinds of nodes are methods of its subclasses."""

    def __init__(self, p: Process, file: str, args: list[str]) -> None:
        self.p, self.file = p, file
        self.globals: dict[str, Value] = {
            "$0": file, "$_": None, "$/": "\n", "$\\": None, "$,": None, "$;": "\x1c", '$"': " ", "$!": 0, "$@": "", "$$": p.pid, "$|": 0, "$?": 0,
            "@ARGV": list(args), "%ENV": dict(p.env), "@_": [], "@INC": [], "%INC": {}, "$.": None,
        }  # fmt: skip
        self.scopes: list[dict[str, Value]] = [self.globals]
        self.subs: dict[str, Code] = {}
        self.files: dict[str, Handle] = {
            "STDIN": Handle("STDIN", "<", text=p.stdin), "STDOUT": Handle("STDOUT", ">"), "STDERR": Handle("STDERR", ">"),
        }  # fmt: skip
        self.match: re.Match[str] | None = None
        self.steps = self.depth = self.line = 0
        self.builtins: dict[str, Callable[[Any, Node, str], Value]] = {}

    def run(self, program: Node) -> None:
        """Run the whole program."""
        self._declare(program)
        self.block(program, new_scope=False)

    def _declare(self, block: Node) -> None:
        for node in block.args:
            if node.kind == "sub" and node.text:
                self.subs[node.text] = Code(node.args[0], list(self.scopes))

    def block(self, node: Node, new_scope: bool = True) -> Value:
        if node.kind != "block":
            return self.eval(node)
        if new_scope:
            self.scopes.append({})
        value: Value = None
        try:
            for statement in node.args:
                value = self.eval(statement, "list" if statement is node.args[-1] else "")
        finally:
            if new_scope:
                self.scopes.pop()
        return value

    def eval(self, node: Node, want: str = "") -> Value:
        """The value of a node: a scalar, or for `want` "list" a Python list where the node makes one."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise NotSimulated("a program that runs for so long", node.line)
        self.line = node.line
        method: Callable[[Node, str], Value] | None = getattr(self, f"do_{node.kind}", None)
        if method is None:
            raise NotSimulated(node.kind, node.line)
        return method(node, want)

    def scalar(self, node: Node) -> Value:
        """The node's value in scalar context: a list gives its last value, an array its length."""
        if node.kind in ("array", "deref_array"):
            return len(self.eval(node, "list"))
        if node.kind in ("hash", "deref_hash"):
            return len(self.eval(node, "list")) // 2
        value = self.eval(node, "scalar")
        if node.kind == "list" and isinstance(value, list):
            return value[-1] if value else None
        return value

    def values(self, node: Node) -> list[Value]:
        """The node's values in list context."""
        value = self.eval(node, "list")
        if isinstance(value, Flat):
            return list(value)
        return [value]

    def lists(self, nodes: list[Node]) -> list[Value]:
        return [value for node in nodes for value in self.values(node)]

    def assign(self, target: Node, value: Value) -> None:
        """Give a place its value."""
        raise NotImplementedError

    def binary(self, operator: str, left: Value, right: Value) -> Value:
        """What an operator makes of two values."""
        raise NotImplementedError

    def die(self, text: str) -> Die:
        """die's exception, with its place unless the text ends in a newline."""
        return Die(text if text.endswith("\n") else f"{text} at {self.file} line {self.line}.\n")
