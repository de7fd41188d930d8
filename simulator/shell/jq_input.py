"""What jq 1.6 says of text that is no JSON."""

from __future__ import annotations

import re

_LITERALS = {"t": "true", "f": "false", "n": "null"}


class _Fault(Exception):
    pass


class _Scanner:
    """jq's reader of JSON: values on a stack; a fault is found at the character after it."""

    def __init__(self) -> None:
        self.stack: list[str] = []
        self.counts: list[int] = []
        self.has_value = False
        self.value_kind = ""
        self.word = ""

    def literal(self) -> None:
        word, self.word = self.word, ""
        if not word:
            return
        expected = _LITERALS.get(word[0])
        if len(word) == 3 and word[0] == "n":  # it could be "nan", and is read as a number
            expected = None
        if expected and word != expected:
            raise _Fault("Invalid literal")
        if not expected and word != "nan" and not re.fullmatch(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", word):
            raise _Fault("Invalid numeric literal")
        self.value("literal")

    def value(self, kind: str) -> None:
        if self.has_value:
            raise _Fault("Expected separator between values")
        if self.stack:
            self.has_value, self.value_kind = True, kind

    def open(self, kind: str) -> None:
        if self.has_value:
            raise _Fault("Expected separator between values")
        self.stack.append(kind)
        self.counts.append(0)

    def colon(self) -> None:
        if not self.stack or self.stack[-1] != "{":
            raise _Fault("':' not as part of an object")
        if not self.has_value:
            raise _Fault("Expected string key before ':'")
        if self.value_kind != "string":
            raise _Fault("Object keys must be strings")
        self.stack.append(":")
        self.counts.append(0)
        self.has_value = False

    def comma(self) -> None:
        if not self.has_value:
            raise _Fault("Expected value before ','")
        if not self.stack:
            raise _Fault("',' not as part of an object or array")
        if self.stack[-1] == "{":
            raise _Fault("Objects must consist of key:value pairs")
        self._store()

    def _store(self) -> None:
        if self.stack[-1] == ":":
            self.stack.pop()
            self.counts.pop()
        self.counts[-1] += 1
        self.has_value = False

    def close(self, sign: str) -> None:
        kind = "[" if sign == "]" else "{"
        if sign == "]" and (not self.stack or self.stack[-1] != "["):
            raise _Fault("Unmatched ']'")
        if not self.stack:
            raise _Fault("Unmatched '}'")
        if sign == "}" and self.has_value and self.stack[-1] != ":":
            raise _Fault("Objects must consist of key:value pairs")
        if sign == "}" and not self.has_value and self.stack[-1] != "{":
            raise _Fault("Unmatched '}'")
        if self.has_value:
            self._store()
        elif self.counts[-1]:
            raise _Fault("Expected another array element" if kind == "[" else "Expected another key-value pair")
        self.stack.pop()
        self.counts.pop()
        self.has_value = False
        self.value("container")


def input_fault(text: str) -> str:
    """jq's words for the first fault of a JSON text, with line and column; "" if there is none."""
    scanner = _Scanner()
    line, column, in_string, index = 1, 0, False, 0
    actions = {"[": scanner.open, "{": scanner.open, "]": scanner.close, "}": scanner.close}
    while index < len(text):
        character = text[index]
        index += 1
        line, column = (line + 1, 0) if character == "\n" else (line, column + 1)
        try:
            if in_string:
                if character == "\\":
                    index += 1
                    column += 1
                elif character == '"':
                    in_string = False
                    scanner.value("string")
            elif character == '"':
                scanner.literal()
                in_string = True
            elif character in " \t\r\n":
                scanner.literal()
            elif character in "[]{},:":
                scanner.literal()
                if character in actions:
                    actions[character](character)
                else:
                    (scanner.colon if character == ":" else scanner.comma)()
            else:
                scanner.word += character
        except _Fault as fault:
            return f"{fault} at line {line}, column {column}"
    return _at_end(scanner, in_string, line, column)


def _at_end(scanner: _Scanner, in_string: bool, line: int, column: int) -> str:
    try:
        scanner.literal()
    except _Fault as fault:
        return f"{fault} at EOF at line {line}, column {column}"
    if in_string:
        return f"Unfinished string at EOF at line {line}, column {column}"
    return f"Unfinished JSON term at EOF at line {line}, column {column}" if scanner.stack else ""
