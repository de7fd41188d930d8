"""Perl's literals, operators and patterns."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simulator.shell.perl.assignment import Assignment
from simulator.shell.perl.interpolation import INTERPOLATED, variable_source
from simulator.shell.perl.machine import Flat, ScalarRef, Value
from simulator.shell.perl.nodes import Node, NotSimulated
from simulator.shell.perl.parser import Parser
from simulator.shell.perl.text import number, string, truth, unescape


class Operators(Assignment):
    """Literals, interpolation and operators: perlop(1)."""

    def do_number(self, node: Node, want: str) -> Value:
        text = node.text
        if text[:2].lower() in ("0x", "0b"):
            return int(text, 0)
        if re.fullmatch(r"0[0-7]+", text):
            return int(text, 8)
        return int(text) if text.isdigit() else float(text)

    def do_string(self, node: Node, want: str) -> Value:
        return self.file if node.text == "{file}" else node.text

    def do_words(self, node: Node, want: str) -> Value:
        return Flat(node.text.split())

    def do_handle(self, node: Node, want: str) -> Value:
        return self.files.get(node.text) or node.text

    def do_list(self, node: Node, want: str) -> Value:
        if want == "scalar" and node.args:
            for item in node.args[:-1]:
                self.eval(item)
            return self.scalar(node.args[-1])
        return Flat(self.lists(node.args))

    def do_array_ref(self, node: Node, want: str) -> Value:
        return self.lists(node.args)

    def do_hash_ref(self, node: Node, want: str) -> Value:
        values = self.lists(node.args)
        return {string(values[index]): values[index + 1] if index + 1 < len(values) else None for index in range(0, len(values), 2)}

    def do_reference(self, node: Node, want: str) -> Value:
        target = node.args[0].args[0] if node.args[0].kind == "my" else node.args[0]
        if node.args[0].kind == "my":
            self.eval(node.args[0])
        if target.kind == "array":
            return self.array(target.text)
        if target.kind == "hash":
            return self.hash(target.text)
        if target.kind == "user":
            return self.subs.get(target.text)
        if target.kind == "scalar":
            name = f"${target.text}"
            return ScalarRef(self.find(name), name)
        return self.scalar(target)

    def do_interpolate(self, node: Node, want: str) -> Value:
        return self.interpolate(node.text, node.line, node.more == "regex")

    def interpolate(self, text: str, line: int, regex: bool = False) -> str:
        """The text with its variables, and (outside patterns) its backslash sequences, replaced."""
        out: list[str] = []
        at = 0
        for match in INTERPOLATED.finditer(text):
            if match.start() < at:
                continue
            before = text[at : match.start()]
            out.append(before if regex else unescape(before))
            at = match.end()
            if match[1]:
                out.append(match[1] if regex else unescape(match[1]))
            elif regex and re.fullmatch(r"\$[)|]?|\$", match[2]):
                out.append(match[2])
            else:
                source, at = variable_source(text, match, regex)
                out.append(self._interpolated(source, line))
        rest = text[at:]
        out.append(rest if regex else unescape(rest))
        return "".join(out)

    def _interpolated(self, source: str, line: int) -> str:
        node = Parser(source, line).program()
        if source.startswith("@"):
            return string(self.globals['$"']).join(string(value) for value in self.values(node.args[0]))
        return string(self.scalar(node.args[0]))

    def do_binary(self, node: Node, want: str) -> Value:
        operator = node.text
        if operator in ("&&", "and", "||", "or", "//"):
            left = self.scalar(node.args[0])
            stop = left is not None if operator == "//" else truth(left) != (operator in ("&&", "and"))
            return left if stop else (self.eval(node.args[1], want) if want == "list" else self.scalar(node.args[1]))
        if operator in ("..", "..."):
            return Flat(_range(self.scalar(node.args[0]), self.scalar(node.args[1])))
        if operator == "x" and node.args[0].kind == "list":
            return Flat(self.values(node.args[0]) * max(0, int(number(self.scalar(node.args[1])))))
        return self.binary(operator, self.scalar(node.args[0]), self.scalar(node.args[1]))

    def binary(self, operator: str, left: Value, right: Value) -> Value:
        if operator not in _BINARY:
            raise NotSimulated(f"the operator {operator}", self.line)
        if operator in ("/", "%") and number(right) == 0:
            raise self.die("Illegal division by zero" if operator == "/" else "Illegal modulus zero")
        return _BINARY[operator](left, right)

    def do_not(self, node: Node, want: str) -> Value:
        return not truth(self.scalar(node.args[0]))

    def do_unary(self, node: Node, want: str) -> Value:
        value = self.scalar(node.args[0])
        if node.text == "-" and isinstance(value, str) and re.match(r"[A-Za-z_]", value):
            return f"-{value}"
        return ~int(number(value)) & 0xFFFFFFFFFFFFFFFF if node.text == "~" else -number(value)

    def do_ternary(self, node: Node, want: str) -> Value:
        chosen = node.args[1] if truth(self.scalar(node.args[0])) else node.args[2]
        return self.eval(chosen, want) if want == "list" else self.scalar(chosen)


def _range(low: Value, high: Value) -> list[Value]:
    if isinstance(low, str) and not re.match(r"\s*[-+]?\d", low):
        return [chr(code) for code in range(ord(low[:1] or "a"), ord(string(high)[:1] or "a") + 1)]
    return list(range(int(number(low)), min(int(number(high)), int(number(low)) + 1_000_000) + 1))


def _compare(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


_BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "+": lambda a, b: number(a) + number(b), "-": lambda a, b: number(a) - number(b), "*": lambda a, b: number(a) * number(b),
    "/": lambda a, b: _whole(number(a) / number(b)), "%": lambda a, b: int(number(a)) % int(number(b)), "**": lambda a, b: number(a) ** number(b),
    ".": lambda a, b: string(a) + string(b), "x": lambda a, b: string(a) * max(0, int(number(b))), "==": lambda a, b: number(a) == number(b),
    "!=": lambda a, b: number(a) != number(b), "<": lambda a, b: number(a) < number(b), ">": lambda a, b: number(a) > number(b),
    "<=": lambda a, b: number(a) <= number(b), ">=": lambda a, b: number(a) >= number(b), "<=>": lambda a, b: _compare(number(a), number(b)),
    "eq": lambda a, b: string(a) == string(b), "ne": lambda a, b: string(a) != string(b), "lt": lambda a, b: string(a) < string(b),
    "gt": lambda a, b: string(a) > string(b), "le": lambda a, b: string(a) <= string(b), "ge": lambda a, b: string(a) >= string(b),
    "cmp": lambda a, b: _compare(string(a), string(b)), "&": lambda a, b: int(number(a)) & int(number(b)), "|": lambda a,
    b: int(number(a)) | int(number(b)),
    "^": lambda a, b: int(number(a)) ^ int(number(b)), "<<": lambda a, b: int(number(a)) << min(int(number(b)), 64),
    ">>": lambda a, b: int(number(a)) >> int(number(b)), "xor": lambda a, b: truth(a) != truth(b),
}  # fmt: skip


def _whole(value: float | int) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else value
