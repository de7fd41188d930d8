"""Perl's variables, plain and special, and what references lead to."""

from __future__ import annotations

import os
from collections.abc import Callable

from simulator.shell.perl.machine import Flat, Machine, ScalarRef, Value
from simulator.shell.perl.nodes import Node
from simulator.shell.perl.text import number, string

_MISSING = object()
_DECLARED: dict[str, tuple[str, Callable[[], Value]]] = {"scalar": ("$", lambda: None), "array": ("@", list), "hash": ("%", dict)}


class Variables(Machine):
    """Reading variables: perldata(1), perlvar(1)."""

    def find(self, name: str) -> dict[str, Value]:
        """The scope in which a variable lives; an unknown one is global."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope
        return self.globals

    def get(self, name: str, default: Callable[[], Value]) -> Value:
        scope = self.find(name)
        if name not in scope:
            scope[name] = default()
        return scope[name]

    def array(self, name: str) -> list[Value]:
        found: list[Value] = self.get(f"@{name}", list)
        return found

    def hash(self, name: str) -> dict[str, Value]:
        found: dict[str, Value] = self.get(f"%{name}", dict)
        return found

    def special(self, name: str) -> Value:
        """$1, $&, `$!` and their like; _MISSING for an ordinary variable."""
        if name.isdigit() and name != "0":
            index = int(name)
            return self.match[index] if self.match is not None and index <= (self.match.re.groups or 0) else None
        if self.match is not None and name in ("&", "`", "'", "+"):
            groups = [group for group in self.match.groups() if group is not None]
            return {
                "&": self.match[0],
                "`": self.match.string[: self.match.start()],
                "'": self.match.string[self.match.end() :],
                "+": groups[-1] if groups else None,
            }[name]
        if name == "!":
            code = self.globals["$!"]
            return os.strerror(code) if code else ""
        return _MISSING

    def do_scalar(self, node: Node, want: str) -> Value:
        value = self.special(node.text)
        return self.find(f"${node.text}").get(f"${node.text}") if value is _MISSING else value

    def do_array(self, node: Node, want: str) -> Value:
        return Flat(self.array(node.text))

    def do_hash(self, node: Node, want: str) -> Value:
        return Flat([part for pair in self.hash(node.text).items() for part in pair])

    def do_my(self, node: Node, want: str) -> Value:
        targets = node.args[0].args if node.args[0].kind == "list" else [node.args[0]]
        scope = self.globals if node.text in ("our", "local") else self.scopes[-1]
        for target in targets:
            if target.kind in ("scalar", "array", "hash"):
                sigil, empty = _DECLARED[target.kind]
                if node.text == "our" and f"{sigil}{target.text}" in scope:
                    continue
                scope[f"{sigil}{target.text}"] = empty()
        return self.eval(node.args[0], want)

    def do_index(self, node: Node, want: str) -> Value:
        return _at(self.array(node.text), int(number(self.scalar(node.args[0]))))

    def do_key(self, node: Node, want: str) -> Value:
        return self.hash(node.text).get(string(self.scalar(node.args[0])))

    def do_deref_index(self, node: Node, want: str) -> Value:
        container = self.container(node.args[0], list)
        return _at(container, int(number(self.scalar(node.args[1])))) if isinstance(container, list) else None

    def do_deref_key(self, node: Node, want: str) -> Value:
        container = self.container(node.args[0], dict)
        return container.get(string(self.scalar(node.args[1]))) if isinstance(container, dict) else None

    def container(self, node: Node, kind: type) -> Value:
        """What a reference points to; an undefined one comes into being."""
        value = self.scalar(node)
        if value is None and node.kind in ("scalar", "index", "key", "deref_index", "deref_key", "my"):
            value = kind()
            self.assign(node, value)
        if not isinstance(value, (list, dict)):
            word = "an ARRAY" if kind is list else "a HASH"
            raise self.die(
                f"Not {word} reference"
                if value is not None and not isinstance(value, str)
                else f'Can\'t use string ("{string(value)[:32]}") as {word} ref'
            )
        return value

    def do_deref_array(self, node: Node, want: str) -> Value:
        return Flat(self.container(node.args[0], list))

    def do_deref_hash(self, node: Node, want: str) -> Value:
        return Flat([part for pair in self.container(node.args[0], dict).items() for part in pair])

    def do_deref_scalar(self, node: Node, want: str) -> Value:
        value = self.scalar(node.args[0])
        return value.scope.get(value.name) if isinstance(value, ScalarRef) else None

    def do_last_index(self, node: Node, want: str) -> Value:
        return len(self.container(node.args[0], list) if node.args else self.array(node.text)) - 1

    def do_slice(self, node: Node, want: str) -> Value:
        values = self.values(node.args[0])
        return Flat([_at(values, int(number(index))) for index in self.values(node.args[1])])

    def do_hash_slice(self, node: Node, want: str) -> Value:
        table = self.hash(node.text)
        return Flat([table.get(string(key)) for key in self.values(node.args[0])])


def _at(values: list[Value], index: int) -> Value:
    return values[index] if -len(values) <= index < len(values) else None
