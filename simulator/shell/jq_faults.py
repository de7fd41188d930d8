"""What jq 1.6 says of a filter that it cannot compile: the token that does not fit, and what would have."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.shell.jq_tokens import PAIRS, Token, tokens_of

_BINARY = frozenset("| , + - * / % = == != < > <= >= // |= += -= *= /= %= //= and or ?//".split())
_UNCHAINED = frozenset("== != < > <= >=".split()), frozenset("= |= += -= *= /= %= //=".split())
_IN_STRING = "QQSTRING_TEXT or QQSTRING_INTERP_START or QQSTRING_END"
_AFTER_DOT = "FORMAT or QQSTRING_START"
#: What may follow a whole expression, by what it stands in. bison names at most four tokens; there are more in ( and [.
_AFTER = {"top": "$end", "f(": "';' or ')'", "{": "'}'", "(": "", "[": "", "[:": "", "if": "", "then": "", "else": "", "def": ""}
_BRANCHES = {"if": ("then",), "then": ("elif", "else"), "else": ("end",)}


@dataclass(frozen=True, slots=True)
class _Fault(Exception):
    at: int
    unexpected: str
    expecting: str = ""


def compile_fault(text: str) -> str:
    """jq's lines about a wrong filter: what is wrong, and the place, as blanks below nothing."""
    tokens = list(tokens_of(text))
    try:
        _Reader(tokens).run()
        fault = _Fault(len(text), "$end")
    except _Fault as found:
        fault = found
    except RecursionError:
        return "jq: error: memory exhausted at <top-level>, line 1:\n" + text + "\njq: 1 compile error\n"
    hint = f", expecting {fault.expecting}" if fault.expecting else ""
    words = [(f"syntax error, unexpected {fault.unexpected}{hint} (Unix shell quoting issues?)", fault.at), *_consequences(text, tokens, fault)]
    lines = "".join(f"jq: error: {said} at <top-level>, line {text.count(chr(10), 0, at) + 1}:\n{_place(text, at)}\n" for said, at in words)
    return f"{lines}jq: {len(words)} compile error{'s' if len(words) > 1 else ''}\n"


def _place(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return text[start : len(text) if end < 0 else end] + " " * (at - start)


def _consequences(text: str, tokens: list[Token], fault: _Fault) -> list[tuple[str, int]]:
    """The faults that jq finds after the first one, as it tries to go on."""
    before = [token for token in tokens if token.at <= fault.at and token.kind not in ("blank", "end") and token.name != fault.unexpected]
    if fault.unexpected in ("$end", "end"):
        opened = [token for token in before if token.text in ("if", "try")]
        if opened and any(token.text in ("then", "catch") for token in before):
            return [(f"Possibly unterminated '{opened[-1].text}' statement", opened[-1].at)]
    brace = next((token.at for token in reversed(before) if token.text in "{}"), -1)
    if brace >= 0 and text[brace] == "{" and re.search(r"^[^{}]*:[^{}]*\}", text[fault.at :]):
        return [("May need parentheses around object key expression", brace + 1)]
    if before and before[-1].text == "." and fault.unexpected == "'$'":
        return [('try .["field"] instead of .field for unusually named fields', before[-1].at)]
    return []


class _Reader:
    """Operands and operators take turns; the first token out of turn is the fault."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = [token for token in tokens if token.kind != "blank"]
        self.index = 0
        self.stack = ["top"]
        self.chains: list[frozenset[str]] = []

    def run(self) -> None:
        """Raises _Fault."""
        while self._now.kind != "end" or self.stack != ["top"]:
            self._operand()
            while self._operator():
                pass
        if self.index == 0:
            raise _Fault(0, "$end")

    @property
    def _now(self) -> Token:
        return self.tokens[self.index]

    def _take(self) -> Token:
        token = self.tokens[self.index]
        self.index += token.kind != "end"
        return token

    def _wrong(self, expecting: str = "") -> _Fault:
        return _Fault(self._now.at, self._now.name, expecting)

    def _string_fault(self, token: Token) -> _Fault:
        """A string without an end; within `\\(...` jq is in the middle of an expression."""
        inner = token.text.rfind("\\(")
        end = self.tokens[-1].at
        if inner < 0:
            return _Fault(end, "$end", _IN_STRING)
        rest = token.text[inner + 2 :]
        within = token.at + inner + 2
        if ")" in rest:
            closed = rest.rindex(")")
            return _Fault(within + closed + (closed + 1 < len(rest)), "$end", _IN_STRING)
        return _Fault(within + list(tokens_of(rest))[-1].at, "$end")

    def _need(self, words: tuple[str, ...], expecting: str) -> None:
        if "string" in words and self._now.kind == "open_string":
            raise self._string_fault(self._now)
        if self._now.text not in words and self._now.kind not in words:
            raise self._wrong(expecting)
        self._take()

    # -- where an operand must stand -------------------------------------------------------------------------------------

    def _operand(self) -> None:
        first = self.index == 0
        token = self._take()
        word, kind = token.text, token.kind
        if kind == "open_string":
            raise self._string_fault(token)
        if kind in ("field", "string", "number", "ident", "format") or word in ("..", "."):
            return
        if word in ("(", "["):
            self.stack.append(word)
            if word == "[" and self._now.text == "]":
                return
            self._operand()
        elif word == "{":
            self.stack.append("{")
            self._key(empty=True)
        elif word == "$":
            self._need(("ident", "__loc__"), "IDENT or __loc__")
        elif word in ("if", "try", "reduce", "foreach", "-"):
            if word == "if":
                self.stack.append("if")
            self._operand()
            if word in ("reduce", "foreach"):
                while self._now.kind == "field":
                    self._take()
                self._need(("as",), "FIELD or as or '.' or '['")
                self._pattern()
        elif word == "label":
            self._need(("$",), "'$'")
        elif word == "def":
            self._definition()
        else:
            self.index -= kind != "end"
            raise _Fault(token.at, token.name, "$end" if first else "")

    def _definition(self) -> None:
        self._need(("ident",), "IDENT")
        if self._now.text == "(":
            self._take()
            self._need(("ident", "$"), "IDENT or '$'")
            while self._now.text == ";":
                self._take()
                self._need(("ident", "$"), "IDENT or '$'")
            self._need((")",), "';' or ')'")
            self._need((":",), "':'")
        else:
            self._need((":",), "'(' or ':'")
        self.stack.append("def")
        self._operand()

    def _key(self, empty: bool = False) -> None:
        if empty and self._now.text == "}":
            return
        token = self._take()
        if token.kind == "open_string":
            raise self._string_fault(token)
        if token.text == "(":
            self.stack.append("(")
            self._operand()
            while self.stack[-1] == "(":
                self._operator()
            self._need((":",), "':'")
        elif token.text == "$":
            self._need(("ident", "__loc__"), "IDENT or __loc__")
            return
        elif token.kind in ("ident", "keyword", "string", "format"):
            if self._now.text not in (":", ",", "}"):
                raise self._wrong("'}'")
            if self._now.text != ":":
                return
            self._take()
        else:
            self.index -= token.kind != "end"
            raise _Fault(token.at, token.name)
        self._operand()

    def _pattern(self) -> None:
        token = self._now
        self._need(("$", "[", "{"), "'$' or '[' or '{'")
        if token.text == "$":
            self._need(("ident",), "IDENT")
            return
        self._pattern() if token.text == "[" else self._need(("ident", "string", "$", "("), "")
        if token.text == "{":
            self._need((":",), "':'")
            self._pattern()
        self._need(("]" if token.text == "[" else "}",), "',' or ']'" if token.text == "[" else "',' or '}'")

    # -- where an operator may stand -------------------------------------------------------------------------------------

    def _operator(self) -> bool:
        """Go on after an operand. False at the end."""
        token, inside = self._now, self.stack[-1]
        word = token.text
        before = self.tokens[self.index - 1]
        if word == "$end" and inside == "top":
            return False
        if token.kind == "field" or word == "?" or (token.kind == "string" and before.kind == "format"):
            self._take()
        elif word == "(" and before.kind == "ident" and self.tokens[max(0, self.index - 2)].text != "$":
            self._take()
            self.stack.append("f(")
            self._operand()
        elif word == "[":
            self._take()
            self.stack.append("[")
            if self._now.text == ":":
                self._take()
            if self._now.text != "]":
                self._operand()
        elif word == ".":
            self._take()
            self._need(("string", "format"), _AFTER_DOT)
        elif token.kind == "open_string" and before.kind == "format":
            raise self._string_fault(token)
        elif word == "as":
            self._take()
            self._pattern()
            self._need(("|",), "'|'")
            self._operand()
        else:
            self._structure(token, inside, before)
        return True

    def _structure(self, token: Token, inside: str, before: Token) -> None:
        word = token.text
        if word in PAIRS and word != "INVALID_CHARACTER" and (inside.lstrip("f").rstrip(":") == PAIRS[word]):
            self.stack.pop()
            self._take()
        elif inside == "{" and word == ",":
            self._take()
            self._key(empty=True)
        elif inside == "f(" and word == ";":
            self._take()
            self._operand()
        elif inside == "def" and word == ";":
            self.stack.pop()
            self._take()
            self._operand()
        elif inside == "[" and word == ":":
            self._take()
            self.stack[-1] = "[:"
            if self._now.text != "]":
                self._operand()
        elif word in _BRANCHES.get(inside, ()):
            self._take()
            self.stack[-1] = "if" if word == "elif" else word
            if word == "end":
                self.stack.pop()
            else:
                self._operand()
        elif word == "catch" and "try" in [token.text for token in self.tokens[: self.index]]:
            self._take()
            self._operand()
        elif word in _BINARY and (inside != "{" or word == "|"):
            self._chain(word)
            self._take()
            self._operand()
        elif before.text == "." and self.tokens[max(0, self.index - 2)].kind in ("op", "end") and word == "$":
            raise self._wrong()
        else:
            raise self._wrong(_AFTER[inside])

    def _chain(self, word: str) -> None:
        """Comparisons do not chain, nor do assignments."""
        kind = next((kind for kind in _UNCHAINED if word in kind), None)
        if kind is None:
            self.chains.clear()
        elif kind in self.chains:
            raise self._wrong()
        else:
            self.chains.append(kind)
