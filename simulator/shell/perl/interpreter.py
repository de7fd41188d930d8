"""Walks the tree of a Perl program. Each kind of node has one method; a step counts, and the count is bounded."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable
from typing import Any

from simulator.shell.perl import handles
from simulator.shell.perl.handles import Handle
from simulator.shell.perl.nodes import Node, NotSimulated
from simulator.shell.perl.parser import Parser
from simulator.shell.perl.text import number, pattern, string, transliteration, truth, unescape
from simulator.unix.program import Process

MAX_STEPS = 2_000_000
MAX_DEPTH = 200
_MISSING = object()
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


class Interpreter:
    """One running Perl program."""

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
        from simulator.shell.perl.builtins import BUILTINS

        self.builtins = BUILTINS
        p.unbuffered = False

    # -- running ---------------------------------------------------------------------------------------------------------

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

    def list(self, node: Node) -> list[Value]:
        """The node's values in list context."""
        value = self.eval(node, "list")
        if isinstance(value, _Flat):
            return list(value)
        return [value]

    def lists(self, nodes: list[Node]) -> list[Value]:
        return [value for node in nodes for value in self.list(node)]

    # -- variables -------------------------------------------------------------------------------------------------------

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
        return self.get(f"@{name}", list)

    def hash(self, name: str) -> dict[str, Value]:
        return self.get(f"%{name}", dict)

    def special(self, name: str) -> Value:
        """$1, $&, `$!` and their like; _MISSING for an ordinary variable."""
        if name.isdigit() and name != "0":
            index = int(name)
            return self.match[index] if self.match is not None and index <= (self.match.re.groups or 0) else None
        if self.match is not None and name in ("&", "`", "'", "+"):
            groups = [group for group in self.match.groups() if group is not None]
            return {"&": self.match[0], "`": self.match.string[: self.match.start()], "'": self.match.string[self.match.end() :], "+": groups[-1] if groups else None}[name]
        if name == "!":
            code = self.globals["$!"]
            return os.strerror(code) if code else ""
        return _MISSING

    def do_scalar(self, node: Node, want: str) -> Value:
        value = self.special(node.text)
        return self.find(f"${node.text}").get(f"${node.text}") if value is _MISSING else value

    def do_array(self, node: Node, want: str) -> Value:
        return _Flat(self.array(node.text))

    def do_hash(self, node: Node, want: str) -> Value:
        return _Flat([part for pair in self.hash(node.text).items() for part in pair])

    def do_my(self, node: Node, want: str) -> Value:
        targets = node.args[0].args if node.args[0].kind == "list" else [node.args[0]]
        scope = self.globals if node.text in ("our", "local") else self.scopes[-1]
        for target in targets:
            if target.kind in ("scalar", "array", "hash"):
                sigil = {"scalar": "$", "array": "@", "hash": "%"}[target.kind]
                if node.text == "our" and f"{sigil}{target.text}" in scope:
                    continue
                scope[f"{sigil}{target.text}"] = {"scalar": lambda: None, "array": list, "hash": dict}[target.kind]()
        return self.eval(node.args[0], want)

    def do_index(self, node: Node, want: str) -> Value:
        return _at(self.array(node.text), int(number(self.scalar(node.args[0]))))

    def do_key(self, node: Node, want: str) -> Value:
        return self.hash(node.text).get(string(self.scalar(node.args[0])))

    def do_deref_index(self, node: Node, want: str) -> Value:
        container = self._container(node.args[0], list)
        return _at(container, int(number(self.scalar(node.args[1])))) if isinstance(container, list) else None

    def do_deref_key(self, node: Node, want: str) -> Value:
        container = self._container(node.args[0], dict)
        return container.get(string(self.scalar(node.args[1]))) if isinstance(container, dict) else None

    def _container(self, node: Node, kind: type) -> Value:
        """What a reference points to; an undefined one comes into being."""
        value = self.scalar(node)
        if value is None and node.kind in ("scalar", "index", "key", "deref_index", "deref_key", "my"):
            value = kind()
            self.assign(node, value)
        if not isinstance(value, (list, dict)):
            word = "an ARRAY" if kind is list else "a HASH"
            raise self.die(f"Not {word} reference" if value is not None and not isinstance(value, str) else f'Can\'t use string ("{string(value)[:32]}") as {word} ref')
        return value

    def do_deref_array(self, node: Node, want: str) -> Value:
        return _Flat(self._container(node.args[0], list))

    def do_deref_hash(self, node: Node, want: str) -> Value:
        return _Flat([part for pair in self._container(node.args[0], dict).items() for part in pair])

    def do_deref_scalar(self, node: Node, want: str) -> Value:
        value = self.scalar(node.args[0])
        return value.scope.get(value.name) if isinstance(value, ScalarRef) else None

    def do_last_index(self, node: Node, want: str) -> Value:
        return len(self._container(node.args[0], list) if node.args else self.array(node.text)) - 1

    def do_slice(self, node: Node, want: str) -> Value:
        values = self.list(node.args[0])
        return _Flat([_at(values, int(number(index))) for index in self.list(node.args[1])])

    def do_hash_slice(self, node: Node, want: str) -> Value:
        table = self.hash(node.text)
        return _Flat([table.get(string(key)) for key in self.list(node.args[0])])

    # -- assignment ------------------------------------------------------------------------------------------------------

    def do_assign(self, node: Node, want: str) -> Value:
        target, source = node.args
        if node.text != "=":
            return self._assign_op(target, node.text[:-1], source)
        inner = target.args[0] if target.kind == "my" else target
        if inner.kind in ("array", "hash", "deref_array", "deref_hash", "list", "slice", "hash_slice"):
            values = self.list(source)
            if target.kind == "my":
                self.eval(target)
            self._assign_list(inner, list(values))
            return len(values) if want == "scalar" else _Flat(values)
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
            array = self.array(target.text) if target.kind == "array" else self._container(target.args[0], list)
            array[:] = values
        elif target.kind in ("hash", "deref_hash"):
            table = self.hash(target.text) if target.kind == "hash" else self._container(target.args[0], dict)
            table.clear()
            for index in range(0, len(values), 2):
                table[string(values[index])] = values[index + 1] if index + 1 < len(values) else None
        elif target.kind == "hash_slice":
            for key, value in zip(self.list(target.args[0]), values, strict=False):
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
            _put(self._container(target.args[0], list), int(number(self.scalar(target.args[1]))), value)
        elif target.kind == "deref_key":
            self._container(target.args[0], dict)[string(self.scalar(target.args[1]))] = value
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

    # -- values ----------------------------------------------------------------------------------------------------------

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
        return _Flat(node.text.split())

    def do_handle(self, node: Node, want: str) -> Value:
        return self.files.get(node.text) or node.text

    def do_list(self, node: Node, want: str) -> Value:
        if want == "scalar" and node.args:
            for item in node.args[:-1]:
                self.eval(item)
            return self.scalar(node.args[-1])
        return _Flat(self.lists(node.args))

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
        for match in _INTERPOLATED.finditer(text):
            if match.start() < at:
                continue
            before = text[at : match.start()]
            out.append(before if regex else unescape(before))
            at = match.end()
            if match[1]:
                out.append(match[1] if regex else unescape(match[1]))
                continue
            if regex and re.fullmatch(r"\$[)|]?|\$", match[2]):
                out.append(match[2])
                continue
            source, at = _with_subscripts(text, match, regex)
            out.append(self._interpolated(source, line))
        rest = text[at:]
        out.append(rest if regex else unescape(rest))
        return "".join(out)

    def _interpolated(self, source: str, line: int) -> str:
        node = Parser(source, line).program()
        if source.startswith("@"):
            return string(self.globals['$"']).join(string(value) for value in self.list(node.args[0]))
        return string(self.scalar(node.args[0]))

    # -- operators -------------------------------------------------------------------------------------------------------

    def do_binary(self, node: Node, want: str) -> Value:
        operator = node.text
        if operator in ("&&", "and", "||", "or", "//"):
            left = self.scalar(node.args[0])
            stop = left is not None if operator == "//" else truth(left) != (operator in ("&&", "and"))
            return left if stop else (self.eval(node.args[1], want) if want == "list" else self.scalar(node.args[1]))
        if operator in ("..", "..."):
            return _Flat(_range(self.scalar(node.args[0]), self.scalar(node.args[1])))
        if operator == "x" and node.args[0].kind == "list":
            return _Flat(self.list(node.args[0]) * max(0, int(number(self.scalar(node.args[1])))))
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

    # -- patterns --------------------------------------------------------------------------------------------------------

    def _pattern(self, node: Node) -> re.Pattern[str]:
        value = self.scalar(node.args[0])
        if isinstance(value, re.Pattern):
            return value
        return pattern(string(value), node.more, node.line)

    def do_regex(self, node: Node, want: str) -> Value:
        return _Regex(string(self.scalar(node.args[0])), node.more)

    def do_match(self, node: Node, want: str) -> Value:
        return self._match(Node("scalar", node.line, text="_"), node, want)

    def do_bind(self, node: Node, want: str) -> Value:
        target, operation = node.args
        if operation.kind == "match":
            return self._match(target, operation, want)
        return self._substitute(target, operation) if operation.kind == "substitute" else self._transliterate(target, operation)

    def do_substitute(self, node: Node, want: str) -> Value:
        return self._substitute(Node("scalar", node.line, text="_"), node)

    def do_transliterate(self, node: Node, want: str) -> Value:
        return self._transliterate(Node("scalar", node.line, text="_"), node)

    def _match(self, target: Node, node: Node, want: str) -> Value:
        text, compiled = string(self.scalar(target)), self._pattern(node)
        if "g" in node.more:
            return self._match_all(target, text, compiled, want)
        found = compiled.search(text)
        if found is not None:
            self.match = found
        if want == "list":
            return _Flat([] if found is None else list(found.groups()) or [1])
        return found is not None

    def _match_all(self, target: Node, text: str, compiled: re.Pattern[str], want: str) -> Value:
        if want == "list":
            found = list(compiled.finditer(text))
            if found:
                self.match = found[-1]
            return _Flat([group for match in found for group in (match.groups() or (match[0],))])
        positions = self.globals.setdefault("pos", {})
        key = f"{target.kind}{target.text}{text}"
        match = compiled.search(text, positions.get(key, 0))
        if match is None:
            positions.pop(key, None)
            return False
        self.match = match
        positions[key] = match.end() + (match.end() == match.start())
        return True

    def _substitute(self, target: Node, node: Node) -> Value:
        text, compiled = string(self.scalar(target)), self._pattern(node)
        replacement = node.args[1]

        def made(match: re.Match[str]) -> str:
            self.match = match
            return string(self.block(replacement) if "e" in node.more else self.scalar(replacement))

        new, count = compiled.subn(made, text, count=0 if "g" in node.more else 1)
        if "r" in node.more:
            return new
        if count:
            self.assign(target, new)
        return count or False

    def _transliterate(self, target: Node, node: Node) -> Value:
        source, goal = node.text.split("\0")
        one, two = transliteration(source, goal, node.more)
        text, out, count = string(self.scalar(target)), [], 0
        for character in text:
            if character not in one:
                out.append(character)
                continue
            count += 1
            index = one.index(character)
            if index < len(two):
                if not ("s" in node.more and out and out[-1] == two[index]):
                    out.append(two[index])
        if "r" in node.more:
            return "".join(out)
        if "".join(out) != text:
            self.assign(target, "".join(out))
        return count

    # -- control ---------------------------------------------------------------------------------------------------------

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
        values = array if array is not None else self.list(source)
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
        return value if want == "list" or not isinstance(value, _Flat) else (value[-1] if value else None)

    def do_eval(self, node: Node, want: str) -> Value:
        try:
            body = node.args[0] if node.args[0].kind == "block" else Parser(string(self.scalar(node.args[0])), node.line).program()
            value = self.block(body)
        except Die as death:
            self.globals["$@"] = str(death)
            return None
        self.globals["$@"] = ""
        return value if want == "list" or not isinstance(value, _Flat) else (value[-1] if value else None)

    def do_last(self, node: Node, want: str) -> Value:
        raise Jump("last", node.text)

    def do_next(self, node: Node, want: str) -> Value:
        raise Jump("next", node.text)

    def do_return(self, node: Node, want: str) -> Value:
        raise Jump("return", value=self.eval(node.args[0], "list") if node.args else _Flat([]))

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
        if isinstance(value, _Flat) and want != "list":
            return value[-1] if value else None
        return value

    # -- input, output, functions ------------------------------------------------------------------------------------------

    def die(self, text: str) -> Die:
        """die's exception, with its place unless the text ends in a newline."""
        return Die(text if text.endswith("\n") else f"{text} at {self.file} line {self.line}.\n")

    def handle(self, value: Value) -> Handle | None:
        """The open file that a value or a name stands for."""
        return value if isinstance(value, Handle) else self.files.get(string(value).upper() if string(value).lower() == "stdin" else string(value))

    def do_readline(self, node: Node, want: str) -> Value:
        name = node.text
        value = self.do_scalar(Node("scalar", node.line, text=name[1:]), "") if name.startswith("$") else name
        handle = self._argv() if name == "ARGV" else self.handle(value)
        if handle is None:
            return _Flat([]) if want == "list" else None
        separator = self.globals["$/"]
        if want == "list":
            lines = []
            while (line := handle.read_line(separator)) is not None:
                lines.append(line)
            self.globals["$."] = handle.line
            return _Flat(lines)
        line = handle.read_line(separator)
        self.globals["$."] = handle.line
        return line

    def _argv(self) -> Handle:
        """<>: the files of @ARGV one after the other, or standard input."""
        if "ARGV" not in self.files:
            names, text = self.array("ARGV"), ""
            for name in names:
                try:
                    text += self.p.read(string(name)).decode("utf-8", "surrogateescape")
                except OSError as error:
                    self.p.err(f"Can't open {name}: {error.strerror} at {self.file} line {self.line}.\n")
            self.files["ARGV"] = Handle("ARGV", "<", text=text) if names else self.files["STDIN"]
            names.clear()
        return self.files["ARGV"]

    def do_backticks(self, node: Node, want: str) -> Value:
        done = self.p.run(["/bin/sh", "-c", self.interpolate(node.text, node.line)])
        self.p.err(done.stderr)
        self.globals["$?"] = done.exit_code << 8
        return _Flat(done.stdout.splitlines(keepends=True)) if want == "list" else done.stdout

    def do_print(self, node: Node, want: str) -> Value:
        handle = self.handle(self.scalar(node.args[0]))
        values = self.lists(node.args[1:]) if len(node.args) > 1 else [self.do_scalar(Node("scalar", node.line, text="_"), "")]
        if node.text == "printf":
            from simulator.shell.perl.text import sprintf

            text = sprintf(string(values[0]), values[1:]) if values else ""
        else:
            text = string(self.globals["$,"]).join(string(value) for value in values) + string(self.globals["$\\"]) + ("\n" if node.text == "say" else "")
        if handle is None:
            return False
        return handles.write(self.p, handle, text)

    def do_filetest(self, node: Node, want: str) -> Value:
        path = posixpath.join(self.p.cwd, string(self.scalar(node.args[0])))
        try:
            entry = self.p.fs.stat(path, self.p.cred, follow=node.text != "l")
        except OSError:
            return None
        if node.text in "rwx":
            return self.p.fs.access(path, {"r": 4, "w": 2, "x": 1}[node.text], self.p.cred)
        answers = {"e": True, "f": entry.is_file, "d": entry.is_dir, "s": entry.size or False, "z": entry.size == 0, "l": entry.is_link, "p": entry.kind == "p"}
        return answers[node.text]

    def do_call(self, node: Node, want: str) -> Value:
        function = self.builtins.get(node.text)
        if function is None:
            raise NotSimulated(f"the function {node.text}", node.line)
        return function(self, node, want)

    def do_with_block(self, node: Node, want: str) -> Value:
        return self.builtins[f"{node.text} BLOCK"](self, node, want)


class _Flat(list[Value]):
    """The values of a list, as opposed to a reference to an array."""


class _Regex(str):
    """qr//: a pattern as a value."""

    def __new__(cls, source: str, flags: str) -> _Regex:
        kept = "".join(flag for flag in "imsx" if flag in flags)
        return super().__new__(cls, f"(?{kept}:{source})" if kept else f"(?:{source})")


def _at(values: list[Value], index: int) -> Value:
    return values[index] if -len(values) <= index < len(values) else None


def _put(values: list[Value], index: int, value: Value) -> None:
    if index >= len(values):
        values.extend([None] * min(index - len(values) + 1, 1_000_000))
    values[index] = value


def _range(low: Value, high: Value) -> list[Value]:
    if isinstance(low, str) and not re.match(r"\s*[-+]?\d", low):
        return [chr(code) for code in range(ord(low[:1] or "a"), ord(string(high)[:1] or "a") + 1)]
    return list(range(int(number(low)), min(int(number(high)), int(number(low)) + 1_000_000) + 1))


def _compare(left: Any, right: Any) -> int:
    return (left > right) - (left < right)


_BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "+": lambda a, b: number(a) + number(b), "-": lambda a, b: number(a) - number(b), "*": lambda a, b: number(a) * number(b),
    "/": lambda a, b: _whole(number(a) / number(b)), "%": lambda a, b: int(number(a)) % int(number(b)), "**": lambda a, b: number(a) ** number(b),
    ".": lambda a, b: string(a) + string(b), "x": lambda a, b: string(a) * max(0, int(number(b))), "==": lambda a, b: number(a) == number(b),
    "!=": lambda a, b: number(a) != number(b), "<": lambda a, b: number(a) < number(b), ">": lambda a, b: number(a) > number(b),
    "<=": lambda a, b: number(a) <= number(b), ">=": lambda a, b: number(a) >= number(b), "<=>": lambda a, b: _compare(number(a), number(b)),
    "eq": lambda a, b: string(a) == string(b), "ne": lambda a, b: string(a) != string(b), "lt": lambda a, b: string(a) < string(b),
    "gt": lambda a, b: string(a) > string(b), "le": lambda a, b: string(a) <= string(b), "ge": lambda a, b: string(a) >= string(b),
    "cmp": lambda a, b: _compare(string(a), string(b)), "&": lambda a, b: int(number(a)) & int(number(b)), "|": lambda a, b: int(number(a)) | int(number(b)),
    "^": lambda a, b: int(number(a)) ^ int(number(b)), "<<": lambda a, b: int(number(a)) << min(int(number(b)), 64),
    ">>": lambda a, b: int(number(a)) >> int(number(b)), "xor": lambda a, b: truth(a) != truth(b),
}  # fmt: skip
#: A backslash sequence, or the beginning of a variable.
_INTERPOLATED = re.compile(r"(\\.)|(\$\{\w+\}|\@\{\w+\}|\$(?:::)?[A-Za-z_]\w*(?:::\w+)*|\$\d+|\$[&!@$0,;./\\]|\@[A-Za-z_]\w*|\$[)|]?$|\$[)|])", re.S)


def _whole(value: float | int) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _with_subscripts(text: str, match: re.Match[str], regex: bool) -> tuple[str, int]:
    """The variable with the subscripts that follow it in a string: `$h{key}[0]`, `$x->{y}`."""
    source, at = match[2], match.end()
    if re.fullmatch(r"[$@]\{\w+\}", source):
        return f"{source[0]}{source[2:-1]}", at
    while True:
        following = re.compile(r"(?:->)?(\[(?:-?\d+|\$\w+|\$#\w+)\]|\{(?:[\w-]+|\$\w+|\"[^\"]*\"|'[^']*')\})").match(text, at)
        if following is None or (regex and following[1].startswith("{") and re.fullmatch(r"\{\d*,?\d*\}", following[1])):
            return source, at
        if source.startswith("$") and not re.match(r"\$[A-Za-z_]", source):
            return source, at
        source, at = source + following[0], following.end()


Flat = _Flat
