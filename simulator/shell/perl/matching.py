"""Perl's patterns: m//, s///, tr///."""

from __future__ import annotations

import re

from simulator.shell.perl.machine import Flat, Value
from simulator.shell.perl.nodes import Node
from simulator.shell.perl.operators import Operators
from simulator.shell.perl.text import pattern, string, transliteration


class Matching(Operators):
    """Matching, substitution and transliteration: perlre(1)."""

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
            return Flat([] if found is None else list(found.groups()) or [1])
        return found is not None

    def _match_all(self, target: Node, text: str, compiled: re.Pattern[str], want: str) -> Value:
        if want == "list":
            found = list(compiled.finditer(text))
            if found:
                self.match = found[-1]
            return Flat([group for match in found for group in (match.groups() or (match[0],))])
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
            if index < len(two) and not ("s" in node.more and out and out[-1] == two[index]):
                out.append(two[index])
        if "r" in node.more:
            return "".join(out)
        if "".join(out) != text:
            self.assign(target, "".join(out))
        return count


class _Regex(str):
    """qr//: a pattern as a value."""

    def __new__(cls, source: str, flags: str) -> _Regex:
        kept = "".join(flag for flag in "imsx" if flag in flags)
        return super().__new__(cls, f"(?{kept}:{source})" if kept else f"(?:{source})")
