"""Giving Perl's variables their values."""

from __future__ import annotations

from simulator.shell.perl.machine import Flat, ScalarRef, Value
from simulator.shell.perl.nodes import Node, NotSimulated
from simulator.shell.perl.text import number, string, truth
from simulator.shell.perl.variables import Variables


class Assignment(Variables):
    """Assignment, to scalars, lists and elements: perlop(1)."""

    def do_assign(self, node: Node, want: str) -> Value:
        target, source = node.args
        if node.text != "=":
            return self._assign_op(target, node.text[:-1], source)
        inner = target.args[0] if target.kind == "my" else target
        if inner.kind in ("array", "hash", "deref_array", "deref_hash", "list", "slice", "hash_slice"):
            values = self.values(source)
            if target.kind == "my":
                self.eval(target)
            self._assign_list(inner, list(values))
            return len(values) if want == "scalar" else Flat(values)
        value = self.scalar(source)
        if target.kind == "my":
            self.eval(target)
        self.assign(inner, value)
        return value

    def _assign_op(self, target: Node, operator: str, source: Node) -> Value:
        if target.kind == "array" and operator in ("x", "."):
            raise NotSimulated(f"{operator}= for arrays", target.line)
        old = self.scalar(target)
        if operator in ("||", "&&", "//"):
            keep = truth(old) if operator == "||" else not truth(old) if operator == "&&" else old is not None
            if keep:
                return old
            value = self.scalar(source)
        else:
            value = self.binary(operator, old, self.scalar(source))
        self.assign(target, value)
        return value

    def _assign_list(self, target: Node, values: list[Value]) -> None:
        if target.kind in ("array", "deref_array"):
            array = self.array(target.text) if target.kind == "array" else self.container(target.args[0], list)
            array[:] = values
        elif target.kind in ("hash", "deref_hash"):
            table = self.hash(target.text) if target.kind == "hash" else self.container(target.args[0], dict)
            table.clear()
            for index in range(0, len(values), 2):
                table[string(values[index])] = values[index + 1] if index + 1 < len(values) else None
        elif target.kind == "hash_slice":
            for key, value in zip(self.values(target.args[0]), values, strict=False):
                self.hash(target.text)[string(key)] = value
        else:
            for item in target.args:
                inner = item.args[0] if item.kind == "my" else item
                if inner.kind in ("array", "hash"):
                    self._assign_list(inner, values)
                    values = []
                else:
                    self.assign(inner, values.pop(0) if values else None)

    def assign(self, target: Node, value: Value) -> None:
        """Give a scalar target a value."""
        if target.kind == "my":
            self.eval(target)
            target = target.args[0]
        if target.kind == "scalar":
            name = f"${target.text}"
            scope = self.find(name)
            scope[name] = int(number(value)) if target.text == "!" else value
        elif target.kind == "index":
            _put(self.array(target.text), int(number(self.scalar(target.args[0]))), value)
        elif target.kind == "key":
            self.hash(target.text)[string(self.scalar(target.args[0]))] = value
        elif target.kind == "deref_index":
            _put(self.container(target.args[0], list), int(number(self.scalar(target.args[1]))), value)
        elif target.kind == "deref_key":
            self.container(target.args[0], dict)[string(self.scalar(target.args[1]))] = value
        elif target.kind == "deref_scalar":
            reference = self.scalar(target.args[0])
            if isinstance(reference, ScalarRef):
                reference.scope[reference.name] = value
        elif target.kind == "list":
            self._assign_list(target, [value])
        elif target.kind == "call" and target.text == "undef":
            return
        else:
            raise NotSimulated(f"assigning to {target.kind}", target.line)

    def do_preinc(self, node: Node, want: str) -> Value:
        value = self._increment(self.scalar(node.args[0]), node.text)
        self.assign(node.args[0], value)
        return value

    def do_postinc(self, node: Node, want: str) -> Value:
        old = self.scalar(node.args[0])
        self.assign(node.args[0], self._increment(old, node.text))
        return 0 if old is None and node.text == "++" else old

    def _increment(self, value: Value, operator: str) -> Value:
        return number(value) + (1 if operator == "++" else -1)


def _put(values: list[Value], index: int, value: Value) -> None:
    if index >= len(values):
        values.extend([None] * min(index - len(values) + 1, 1_000_000))
    values[index] = value
