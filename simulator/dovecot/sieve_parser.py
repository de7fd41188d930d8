"""Sieve scripts as trees of commands and tests (RFC 5228 8), with the errors that sievec(1) prints."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

CAPABILITIES = ("fileinto", "reject", "ereject", "envelope", "copy", "imap4flags", "body", "mailbox", "relational", "comparator-i;ascii-numeric",
                "comparator-i;ascii-casemap", "comparator-i;octet", "variables", "regex", "vacation", "subaddress", "encoded-character", "include",
                "date", "index", "duplicate", "mime", "foreverypart", "extracttext", "ihave", "enotify", "environment", "spamtest", "virustest",
                "editheader", "vnd.dovecot.environment", "fcc")  # fmt: skip
#: Those of them that do something here.
_SIMULATED = frozenset(
    ("fileinto", "reject", "ereject", "envelope", "copy", "imap4flags", "mailbox", "comparator-i;octet", "comparator-i;ascii-casemap")
)
#: Command -> the capability that it needs.
COMMANDS = {"require": "", "if": "", "elsif": "", "else": "", "keep": "", "discard": "", "stop": "", "redirect": "", "fileinto": "fileinto",
            "reject": "reject", "ereject": "ereject", "setflag": "imap4flags", "addflag": "imap4flags", "removeflag": "imap4flags"}  # fmt: skip
#: Test -> how many positional arguments it has, and the capability that it needs.
TESTS = {"header": (2, ""), "address": (2, ""), "envelope": (2, "envelope"), "exists": (1, ""), "size": (1, ""), "true": (0, ""), "false": (0, ""),
         "not": (0, ""), "allof": (0, ""), "anyof": (0, "")}  # fmt: skip
_TAKES_ONE = (":comparator", ":flags")
_TOKEN = re.compile(
    r'\s+|#[^\n]*|/\*.*?\*/|("(?:[^"\\]|\\.)*")|text:[^\n]*\n(.*?)\n\.\r?(?:\n|\Z)|(:?[A-Za-z_]\w*)|(\d+[KMGkmg]?)|([\[\](){},;])|(.)', re.S
)
_DEPTH = 20


class SieveError(Exception):
    """Errors, each as (line, text); `stage` is what failed: "parse" or "validation"."""

    def __init__(self, line: int, text: str, stage: str) -> None:
        super().__init__(text)
        self.line, self.stage = line, stage


Argument = str | int | list[str]


@dataclass(slots=True)
class Node:
    """A command or a test: name, line, tags with their values, positional arguments, inner tests, a block."""

    name: str
    line: int
    tags: dict[str, Argument] = field(default_factory=dict)
    arguments: list[Argument] = field(default_factory=list)
    tests: list[Node] = field(default_factory=list)
    block: list[Node] = field(default_factory=list)


class Parser:
    """Reads one script."""

    def __init__(self, text: str) -> None:
        self.words: list[tuple[str, str, int]] = []
        self.place = 0
        line = 1
        for match in _TOKEN.finditer(text):
            if match[1] is not None:
                self.words.append(("string", re.sub(r"\\(.)", r"\1", match[1][1:-1]), line))
            elif match[2] is not None:
                self.words.append(("string", match[2], line))
            else:
                for kind, value in (("name", match[3]), ("number", match[4]), ("sign", match[5]), ("sign", match[6])):
                    if value:
                        self.words.append((kind, value, line))
            line += match[0].count("\n")
        self.words.append(("end", "end of file", line))

    def script(self) -> list[Node]:
        """All commands. Raises SieveError."""
        found: list[Node] = []
        while self.words[self.place][0] != "end":
            found.append(self._command(0))
        return found

    def _command(self, depth: int) -> Node:
        node = self._node(depth)
        kind, value, line = self.words[self.place]
        if value == ";" and kind == "sign":
            self.place += 1
        elif value == "{" and kind == "sign" and depth < _DEPTH:
            self.place += 1
            while self.words[self.place][1] != "}":
                if self.words[self.place][0] == "end":
                    raise SieveError(line, "expected '}' but found end of file.", "parse")
                node.block.append(self._command(depth + 1))
            self.place += 1
        else:
            shown = value if kind == "end" else f"'{value}'"
            raise SieveError(line, f"expected end of command ';' or the beginning of a compound block '{{', but found {shown}.", "parse")
        return node

    def _node(self, depth: int) -> Node:
        kind, name, line = self.words[self.place]
        if kind != "name" or name.startswith(":") or depth > _DEPTH:
            raise SieveError(
                line, f"unexpected character(s) starting with {name!r}" if kind == "sign" else f"expected command name, but found {name}", "parse"
            )
        self.place += 1
        node = Node(name.lower(), line)
        while True:
            kind, value, _ = self.words[self.place]
            if kind == "name" and value.startswith(":"):
                self.place += 1
                tag = value.lower()
                node.tags[tag] = self._argument() if tag in _TAKES_ONE else ""
            elif kind in ("string", "number") or value == "[":
                node.arguments.append(self._argument())
            elif kind == "name":
                node.tests.append(self._node(depth + 1))
                return node
            elif value == "(" and kind == "sign":
                self._tests(node, depth)
                return node
            else:
                return node

    def _tests(self, node: Node, depth: int) -> None:
        while self.words[self.place][1] in ("(", ","):
            self.place += 1
            node.tests.append(self._node(depth + 1))
        if self.words[self.place][1] != ")":
            raise SieveError(self.words[self.place][2], f"expected ',' or ')', but found {self.words[self.place][1]!r}", "parse")
        self.place += 1

    def _argument(self) -> Argument:
        kind, value, _ = self.words[self.place]
        self.place += 1
        if kind == "number":
            return int(value.rstrip("KMGkmg")) * {"k": 1024, "m": 1024**2, "g": 1024**3}.get(value[-1].lower(), 1)
        if value != "[" or kind == "string":
            return value
        found: list[str] = []
        while self.words[self.place][1] != "]" and self.words[self.place][0] != "end":
            if self.words[self.place][0] == "string":
                found.append(self.words[self.place][1])
            self.place += 1
        self.place += 1
        return found


def strings(argument: Argument) -> list[str]:
    """A string or a list of them as a list."""
    return argument if isinstance(argument, list) else [str(argument)]


def compile_script(text: str) -> list[Node]:
    """Parse and check a script. Raises SieveError."""
    nodes = Parser(text).script()
    _check(nodes, set())
    return nodes


def _check(nodes: list[Node], required: set[str]) -> None:
    for node in nodes:
        if node.name == "require":
            for name in strings(node.arguments[0]) if node.arguments else []:
                if name not in CAPABILITIES:
                    raise SieveError(node.line, f"require command: unknown Sieve capability `{name}'.", "validation")
                if name not in _SIMULATED:
                    raise SieveError(node.line, f"simulator: the Sieve extension `{name}' is not simulated", "validation")
                required.add(name)
        elif node.name not in COMMANDS or (COMMANDS[node.name] and COMMANDS[node.name] not in required):
            raise SieveError(node.line, f"unknown command '{node.name}' (only reported once at first occurrence).", "validation")
        elif node.name in ("fileinto", "redirect", "reject") and len(node.arguments) != 1:
            raise SieveError(node.line, _count("command", node, 1), "validation")
        for test in node.tests:
            _check_test(test, required)
        _check(node.block, required)


def _check_test(test: Node, required: set[str]) -> None:
    if test.name not in TESTS or (TESTS[test.name][1] and TESTS[test.name][1] not in required):
        raise SieveError(test.line, f"unknown test '{test.name}' (only reported once at first occurrence).", "validation")
    if len(test.arguments) != TESTS[test.name][0]:
        raise SieveError(test.line, _count("test", test, TESTS[test.name][0]), "validation")
    for inner in test.tests:
        _check_test(inner, required)


def _count(kind: str, node: Node, wanted: int) -> str:
    given = len(node.arguments)
    return f"the {node.name} {kind} requires {wanted} positional argument(s), but {given} is/are specified."
