"""Perl's functions about arrays, hashes and lists: perlfunc(1)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.shell.perl.functions import Function, argument
from simulator.shell.perl.handles import Handle
from simulator.shell.perl.machine import Code, Flat, Value
from simulator.shell.perl.nodes import Node, NotSimulated
from simulator.shell.perl.text import number, string, truth

if TYPE_CHECKING:
    from simulator.shell.perl.interpreter import Interpreter


def _array(perl: Interpreter, node: Node) -> list[Value]:
    """The array that push, pop and their like work on."""
    target = node.args[0].args[0] if node.args[0].kind == "my" else node.args[0]
    if target.kind == "array":
        return perl.array(target.text)
    if target.kind == "deref_array":
        found: list[Value] = perl.container(target.args[0], list)
        return found
    raise NotSimulated(f"{node.text} on {target.kind}", node.line)


def _push(perl: Interpreter, node: Node, want: str) -> Value:
    array, values = _array(perl, node), perl.lists(node.args[1:])
    array[len(array) if node.text == "push" else 0 : 0 if node.text == "unshift" else len(array)] = values
    return len(array)


def _pop(perl: Interpreter, node: Node, want: str) -> Value:
    array = _array(perl, node) if node.args else perl.array("_" if perl.depth else "ARGV")
    return (array.pop(0) if node.text == "shift" else array.pop()) if array else None


def _splice(perl: Interpreter, node: Node, want: str) -> Value:
    array, rest = _array(perl, node), perl.lists(node.args[1:])
    start = int(number(rest[0])) if rest else 0
    start = start + len(array) if start < 0 else min(start, len(array))
    count = int(number(rest[1])) if len(rest) > 1 else len(array) - start
    end = start + count if count >= 0 else len(array) + count
    gone = array[start:end]
    array[start:end] = rest[2:]
    return Flat(gone) if want == "list" else gone[-1] if gone else None


def _keys(perl: Interpreter, node: Node, want: str) -> Value:
    target = node.args[0]
    table = perl.hash(target.text) if target.kind == "hash" else perl.container(target.args[0], dict) if target.kind == "deref_hash" else None
    if table is None:
        array = _array(perl, node)
        found: list[Value] = list(range(len(array))) if node.text == "keys" else list(array)
    else:
        found = list(table) if node.text == "keys" else list(table.values())
    return Flat(found) if want == "list" else len(found)


def _each(perl: Interpreter, node: Node, want: str) -> Value:
    target = node.args[0]
    table = perl.hash(target.text)
    seen = perl.globals.setdefault("each", {})
    position = seen.get(target.text, 0)
    pairs = list(table.items())
    if position >= len(pairs):
        seen.pop(target.text, None)
        return Flat([])
    seen[target.text] = position + 1
    return Flat(list(pairs[position]))


def _place(perl: Interpreter, node: Node) -> tuple[Value, Value]:
    """The container and the key of `exists $h{x}`, `delete $a->[0]`."""
    target = node.args[0]
    if target.kind == "key":
        return perl.hash(target.text), string(perl.scalar(target.args[0]))
    if target.kind == "index":
        return perl.array(target.text), int(number(perl.scalar(target.args[0])))
    if target.kind == "deref_key":
        return perl.container(target.args[0], dict), string(perl.scalar(target.args[1]))
    raise NotSimulated(f"{node.text} on {target.kind}", node.line)


def _exists(perl: Interpreter, node: Node, want: str) -> Value:
    if node.args[0].kind == "user":
        return node.args[0].text in perl.subs
    container, key = _place(perl, node)
    return key in container if isinstance(container, dict) else -len(container) <= key < len(container)


def _delete(perl: Interpreter, node: Node, want: str) -> Value:
    container, key = _place(perl, node)
    return container.pop(key, None) if isinstance(container, dict) else container.pop(key)


def _defined(perl: Interpreter, node: Node, want: str) -> Value:
    if node.args and node.args[0].kind == "user":
        return node.args[0].text in perl.subs
    if node.args and node.args[0].kind == "array":
        return bool(perl.array(node.args[0].text))
    return argument(perl, node) is not None


def _undef(perl: Interpreter, node: Node, want: str) -> Value:
    if node.args:
        target = node.args[0]
        if target.kind == "array":
            perl.array(target.text).clear()
        elif target.kind == "hash":
            perl.hash(target.text).clear()
        else:
            perl.assign(target, None)
    return None


def _sort(perl: Interpreter, node: Node, want: str) -> Value:
    if node.kind == "with_block":
        values = perl.lists(node.args[1:])

        def order(one: Value, two: Value) -> int:
            perl.globals["$a"], perl.globals["$b"] = one, two
            return int(number(perl.block(node.args[0])))

        return Flat(sorted(values, key=functools.cmp_to_key(order)))
    return Flat(sorted(perl.lists(node.args), key=string))


def _reverse(perl: Interpreter, node: Node, want: str) -> Value:
    values = perl.lists(node.args)
    return Flat(values[::-1]) if want == "list" else "".join(string(value) for value in values)[::-1]


def _each_item(perl: Interpreter, node: Node) -> list[tuple[Value, Value]]:
    """For map and grep: each value with what the block or expression makes of it."""
    values = perl.lists(node.args[1:])
    body, found = node.args[0], []
    perl.scopes.append({"$_": None})
    try:
        for value in values:
            perl.scopes[-1]["$_"] = value
            made = perl.block(body) if body.kind == "block" else perl.eval(body, "list" if node.text == "map" else "scalar")
            found.append((value, made))
    finally:
        perl.scopes.pop()
    return found


def _map(perl: Interpreter, node: Node, want: str) -> Value:
    out = [part for _, made in _each_item(perl, node) for part in (made if isinstance(made, Flat) else [made])]
    return Flat(out) if want == "list" else len(out)


def _grep(perl: Interpreter, node: Node, want: str) -> Value:
    items = _each_item(perl, node)
    found = [value for value, made in items if truth(made[-1] if isinstance(made, Flat) and made else None if isinstance(made, Flat) else made)]
    if node.text == "first":
        return found[0] if found else None
    if node.text in ("any", "all"):
        return bool(found) if node.text == "any" else len(found) == len(items)
    return Flat(found) if want == "list" else len(found)


def _extreme(perl: Interpreter, node: Node, want: str) -> Value:
    values = [number(value) for value in perl.lists(node.args)]
    functions: dict[str, Callable[[list[float]], float]] = {"max": max, "min": min, "sum": sum}
    return functions[node.text](values) if values else None


def _uniq(perl: Interpreter, node: Node, want: str) -> Value:
    found = list(dict.fromkeys(string(value) for value in perl.lists(node.args)))
    return Flat(found) if want == "list" else len(found)


def _ref(perl: Interpreter, node: Node, want: str) -> Value:
    value = argument(perl, node)
    return (
        "ARRAY"
        if isinstance(value, list)
        else "HASH"
        if isinstance(value, dict)
        else "CODE"
        if isinstance(value, Code)
        else "GLOB"
        if isinstance(value, Handle)
        else ""
    )


LISTS: dict[str, Function] = {
    "scalar": lambda perl, node, want: perl.scalar(node.args[0]), "defined": _defined, "undef": _undef, "ref": _ref,
    "push": _push, "unshift": _push, "pop": _pop, "shift": _pop, "splice": _splice,
    "keys": _keys, "values": _keys, "each": _each, "exists": _exists, "delete": _delete,
    "sort": _sort, "sort BLOCK": _sort, "reverse": _reverse, "map": _map, "map BLOCK": _map, "grep": _grep, "grep BLOCK": _grep,
    "first BLOCK": _grep, "any BLOCK": _grep, "all BLOCK": _grep, "max": _extreme, "min": _extreme, "sum": _extreme, "uniq": _uniq,
}  # fmt: skip
