"""The text of dovecot.conf as a tree of sections: blocks, `!include`, `<file`, quotes, `\\` at the end of a line.

    tree = parse(fs, "/etc/dovecot/dovecot.conf")
    tree.values["mail_location"], tree.first("service", "auth")

Errors carry file and line, worded as doveconf(1) words them.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator.unix.fs import ROOT, Cred, Fs

#: Sections of which a second one without a name is another one.
REPEATED = ("passdb", "userdb", "namespace")
_INCLUDE_DEPTH = 20
_COMMENT = re.compile(r"\s#.*$")
_KEY = re.compile(r"[^\s={]+")


class ConfigError(Exception):
    """The configuration cannot be used. `status` is doveconf's exit status."""

    def __init__(self, text: str, status: int = 89) -> None:
        super().__init__(text)
        self.status = status


def mistake(path: str, line: int, text: str) -> ConfigError:
    """An error at a line; 0: at none in particular."""
    place = f" line {line}" if line else ""
    return ConfigError(f"Error in configuration file {path}{place}: {text}")


@dataclass(slots=True)
class Value:
    """A setting: its text, where it was set; `file` if the text is that of a file."""

    text: str
    path: str = ""
    line: int = 0
    file: str = ""
    file_line: int = 0


@dataclass(slots=True)
class Section:
    """A block: `kind name { ... }`, and its start. The outermost has neither kind nor name."""

    kind: str = ""
    name: str = ""
    values: dict[str, Value] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)
    start: str = ""

    def first(self, kind: str, name: str = "") -> Section | None:
        """The block of this kind and name."""
        return next((one for one in self.sections if one.kind == kind and one.name == name), None)

    def of_kind(self, kind: str) -> list[Section]:
        """All blocks of a kind."""
        return [one for one in self.sections if one.kind == kind]

    def get(self, name: str, default: str = "") -> str:
        """A setting's text."""
        value = self.values.get(name)
        return default if value is None else value.text

    def open(self, kind: str, name: str) -> Section:
        """The block to which `kind name {` adds: a new one or the one there was."""
        found = None if kind in REPEATED and not name else self.first(kind, name)
        if found is None:
            found = Section(kind, name)
            self.sections.append(found)
        return found

    def __deepcopy__(self, memo: dict[int, Any]) -> Section:
        return self


class Parser:
    """Reads a file and those that it includes into one tree."""

    def __init__(self, fs: Fs, cred: Cred = ROOT, expand_files: bool = True) -> None:
        self.fs = fs
        self.cred = cred
        self.expand_files = expand_files
        self.root = Section()
        self.stack = [self.root]

    def read(self, path: str) -> Section:
        """Parse a configuration. Raises ConfigError."""
        try:
            text = self._text(path)
        except OSError as error:
            raise ConfigError(f"open({path}) failed: {error.strerror}") from None
        self._lines(path, text, 0)
        if len(self.stack) > 1:
            raise mistake(path, 0, f"Missing '}}' (section started at {self.stack[-1].start})")
        return self.root

    def parse_text(self, text: str) -> Section:
        """Parse a text that includes nothing."""
        self._lines("defaults", text, 0)
        return self.root

    def _text(self, path: str) -> str:
        return self.fs.read(path, self.cred).decode("utf-8", "surrogateescape")

    def _lines(self, path: str, text: str, depth: int) -> None:
        for number, line in _logical(text):
            if line.startswith("!"):
                self._directive(path, number, line, depth)
            elif line == "}":
                self._close(path, number)
            else:
                self._statement(path, number, line)

    def _close(self, path: str, number: int) -> None:
        if len(self.stack) == 1:
            raise mistake(path, number, "Unexpected '}'")
        self.stack.pop()

    def _statement(self, path: str, number: int, line: str) -> None:
        match = _KEY.match(line)
        key = match[0] if match else ""
        rest = line[len(key) :].strip()
        if rest.startswith("="):
            self._set(path, number, key, rest[1:].strip())
        elif rest.endswith("{"):
            name = _unquote(rest[:-1].strip())
            section = self.stack[-1].open(key, name)
            section.start = section.start or f"{path}:{number}"
            section.start = f"{path}:{number}"
            self.stack.append(section)
        elif not rest:
            raise mistake(path, number, "Expecting '{'")
        else:
            raise mistake(path, number, "Expecting '{'")

    def _set(self, path: str, number: int, key: str, text: str) -> None:
        values = self.stack[-1].values
        if text.startswith("<") and self.expand_files:
            name = posixpath.join(posixpath.dirname(path), text[1:].strip())
            values[key] = Value(f"<{text[1:].strip()}", path, number, name, number)
            return
        quoted = text[:1] in "\"'" and len(text) > 1
        text = _unquote(text)
        if not quoted and "$" in text:
            text = self._expand(text)
        values[key] = Value(text, path, number)

    def _expand(self, text: str) -> str:
        """`$name` is what that setting is until now, here or further out."""

        def one(match: re.Match[str]) -> str:
            for section in reversed(self.stack):
                if match[1] in section.values:
                    return section.values[match[1]].text
            return "" if match[1] in ("mail_plugins", "protocols") else match[0]

        return re.sub(r"(?<!\S)\$(\w+)", one, text)

    def _directive(self, path: str, number: int, line: str, depth: int) -> None:
        word, _, name = line[1:].partition(" ")
        name = name.strip()
        if word not in ("include", "include_try"):
            raise mistake(path, number, f"Unknown command: !{word}")
        pattern = posixpath.join(posixpath.dirname(path), name)
        found = self._glob(pattern)
        if depth >= _INCLUDE_DEPTH:
            raise mistake(path, number, "Recursive include")
        if not found and word == "include":
            raise mistake(path, number, "No matches")
        for entry in found:
            try:
                text = self._text(entry)
            except OSError as error:
                if word == "include_try":
                    continue
                raise mistake(path, number, f"Couldn't open include file {entry}: {error.strerror}") from None
            self._lines(entry, text, depth + 1)

    def _glob(self, pattern: str) -> list[str]:
        directory, name = posixpath.split(pattern)
        if not any(letter in pattern for letter in "*?["):
            return [pattern] if self.fs.exists(pattern) else []
        try:
            names = sorted(self.fs.listdir(directory))
        except OSError:
            return []
        return [f"{directory}/{entry}" for entry in names if fnmatch.fnmatchcase(entry, name) and not entry.startswith(".")]


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, continued ones joined, with the number of their last line."""
    held = ""
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not held and line.startswith("#"):
            continue
        line = held + line
        if line.endswith("\\") and not line.startswith("#"):
            held = line[:-1].rstrip() + " "
            continue
        held = ""
        line = _without_comment(line)
        if line:
            yield number, line


def _without_comment(line: str) -> str:
    if "#" not in line or '"' in line or "'" in line:
        return line
    return _COMMENT.sub("", line).rstrip()


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return re.sub(r"\\([\"'\\])", r"\1", text[1:-1])
    return text
