"""Find the simple commands in a line for bash, and where their streams go: bash(1), QUOTING, PIPELINES, REDIRECTION."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: Programs that wait where a pause was left for them.
TALKERS = re.compile(r"\|\s*(?:timeout\s+\S+\s+)?(?:\S*/)?(?:nc|nc\.openbsd|netcat|telnet|openssl)\b")
KEYWORDS = frozenset("if then else elif fi for while until do done case esac in select { } ! time function coproc [[ ]]".split())
_OPENERS, _CLOSERS = frozenset(("if", "for", "while", "until", "case", "select", "{")), frozenset(("fi", "done", "esac", "}"))
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_REDIRECTION = re.compile(r"(\d*)(&>>?|<<<|<<-?|<>|>>|>\||[<>]&|[<>])")
_BREAKS = " \t\n;|&()<>"


@dataclass(slots=True)
class Command:
    """A simple command: where it begins, its name, and what is known of its streams."""

    start: int
    name: str = ""
    #: Where the name stands, behind assignments.
    name_at: int = 0
    terminal: bool = True
    merged: bool = False
    error_apart: bool = False
    paced: bool = False
    from_file: bool = False


class NotUnderstood(Exception):
    """The line is not one that the scanner can read."""


@dataclass(slots=True)
class Scanner:
    """Reads a line from left to right."""

    text: str
    at: int = 0
    commands: list[Command] = field(default_factory=list)
    here: list[tuple[str, bool, int]] = field(default_factory=list)
    unended: tuple[int, str] | None = None
    bodies: set[int] = field(default_factory=set)
    function_follows: bool = False

    def scan(self) -> list[Command]:
        """The commands, in order. Raises NotUnderstood."""
        self._list("")
        return self.commands

    # -- structure -------------------------------------------------------------------------------------------------------

    def _list(self, closer: str) -> None:
        """Commands up to a closing parenthesis, or the end."""
        groups: list[int] = []
        current: Command | None = None
        first_of_pipe = len(self.commands)
        while True:
            self._blanks()
            character = self.text[self.at : self.at + 1]
            if character == "" or (character == ")" and closer == ")"):
                if closer and not character:
                    raise NotUnderstood
                self.at += 1
                return
            redirection = _REDIRECTION.match(self.text, self.at)
            if redirection and (redirection[1] == "" or current is None or self._at_word_start()):
                self._redirect(redirection, current, groups, first_of_pipe)
            elif character == "(":
                first = len(self.commands)
                self._parenthesis(current)
                current, first_of_pipe = None, first
            elif character in "\n;|&)":
                first_of_pipe = self._operator(first_of_pipe, current)
                current = None
            else:
                current, first_of_pipe = self._next_word(current, groups, first_of_pipe)

    def _at_word_start(self) -> bool:
        return self.at == 0 or self.text[self.at - 1] in _BREAKS

    def _blanks(self) -> None:
        while self.at < len(self.text):
            if self.text[self.at] in " \t":
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif self.text[self.at] == "#" and self._at_word_start():
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def _operator(self, first_of_pipe: int, current: Command | None) -> int:
        """`|` takes the output of what stands before it; all other operators begin anew."""
        sign = self.text[self.at : self.at + 2]
        if sign == "|&" or (sign[:1] == "|" and sign != "||"):
            for command in self.commands[first_of_pipe:]:
                command.terminal = False
                command.merged = command.merged or sign == "|&"
                command.paced = command.name == "sleep" and TALKERS.match(self.text, self.at) is not None
        self.at += 2 if sign in ("||", "&&", ";;", "|&", ";&") else 1
        if sign[:1] == "\n":
            self._bodies()
        return len(self.commands)

    def _parenthesis(self, current: Command | None) -> None:
        if self.text.startswith("((", self.at) and current is None:
            end = self.text.find("))", self.at)
            if end < 0:
                raise NotUnderstood
            self.at = end + 2
        elif current is not None:
            # NAME() of a function, or the list of an array
            end = self.text.find(")", self.at)
            if end < 0:
                raise NotUnderstood
            if not self.text[self.at + 1 : end].strip():
                current.name, self.function_follows = "", True
            self.at = end + 1
        else:
            self.at += 1
            self._list(")")

    def _next_word(self, current: Command | None, groups: list[int], first_of_pipe: int) -> tuple[Command | None, int]:
        start = self.at
        word = self._word()
        if current is not None:
            if not current.name and not _ASSIGNMENT.match(word):
                current.name, current.name_at = word, start
            return current, first_of_pipe
        if word == "[[":
            end = self.text.find("]]", self.at)
            if end < 0:
                raise NotUnderstood
            self.at = end + 2
            return None, first_of_pipe
        if word in _OPENERS:
            if self.function_follows:
                self.bodies.add(len(groups))
                self.function_follows = False
            groups.append(len(self.commands))
        if word in _CLOSERS and groups:
            return None, self._close(groups)
        if word in ("then", "do", "else", "elif", "!", "time", "if", "while", "until", "{"):
            return None, first_of_pipe
        self.commands.append(Command(start, "" if _ASSIGNMENT.match(word) else word, start))
        return self.commands[-1], first_of_pipe

    def _close(self, groups: list[int]) -> int:
        """The end of a compound command. Where a function's output goes is not known before it is called."""
        first = groups.pop()
        if len(groups) in self.bodies:
            self.bodies.remove(len(groups))
            for command in self.commands[first:]:
                command.terminal = False
        return first

    # -- redirections ----------------------------------------------------------------------------------------------------

    def _redirect(self, match: re.Match[str], current: Command | None, groups: list[int], first_of_pipe: int) -> None:
        number, sign = match[1], match[2]
        self.at = match.end()
        self._blanks()
        if self.text[self.at : self.at + 1] == "(" and sign in ("<", ">"):
            first = len(self.commands)
            self.at += 1
            self._list(")")
            for command in self.commands[first:]:
                command.terminal = False
            return
        target = self._word()
        if sign.startswith("<<") and sign != "<<<":
            self.here.append((re.sub(r"[\\'\"]", "", target), sign == "<<-", self.text.count("\n", 0, self.at) + 1))
        for command in [current] if current is not None else self.commands[first_of_pipe:]:
            if sign == "<" and number in ("", "0"):
                command.from_file = True
            if (sign in (">", ">>", ">|", "&>", "&>>") and number in ("", "1")) or (sign == ">&" and number in ("", "1")):
                command.terminal, command.merged = False, False
            if sign in ("&>", "&>>") or (sign == ">&" and (number, target) == ("2", "1")) or (sign == ">&" and not number and not target.isdigit()):
                command.merged = True
            elif number == "2" and sign in (">", ">>"):
                command.merged, command.error_apart = False, True

    def _bodies(self) -> None:
        """Skip the bodies of here-documents whose operators stood on the line before."""
        for delimiter, tabs, number in self.here:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if tabs else line) == delimiter:
                    break
            else:
                self.unended = self.unended or (number, delimiter)
        self.here.clear()

    # -- words -----------------------------------------------------------------------------------------------------------

    def _word(self) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _BREAKS:
            character = self.text[self.at]
            if character == "\\":
                self.at += 2
            elif character == "'":
                self._until("'")
            elif character == '"':
                self._double_quotes()
            elif character == "`":
                self._until("`")
            elif character == "$":
                self._dollar()
            else:
                self.at += 1
        if self.at == start:
            raise NotUnderstood
        return self.text[start : self.at]

    def _until(self, quote: str) -> None:
        self.at += 1
        while self.text[self.at : self.at + 1] != quote:
            if self.at >= len(self.text):
                raise NotUnderstood
            self.at += 2 if quote == "`" and self.text[self.at] == "\\" else 1
        self.at += 1

    def _double_quotes(self) -> None:
        self.at += 1
        while self.text[self.at : self.at + 1] != '"':
            if self.at >= len(self.text):
                raise NotUnderstood
            if self.text[self.at] == "\\":
                self.at += 2
            elif self.text[self.at] == "$":
                self._dollar()
            elif self.text[self.at] == "`":
                self._until("`")
            else:
                self.at += 1
        self.at += 1

    def _dollar(self) -> None:
        following = self.text[self.at + 1 : self.at + 3]
        if following == "((":
            self._balanced("(", ")")
        elif following[:1] == "(":
            first = len(self.commands)
            self.at += 2
            here, self.here = self.here, []
            self._list(")")
            self.here = here
            for command in self.commands[first:]:
                command.terminal = False
        elif following[:1] == "{":
            self._balanced("{", "}")
        elif following[:1] == "'":
            self.at += 1
            self._ansi_quotes()
        else:
            self.at += 1

    def _ansi_quotes(self) -> None:
        self.at += 1
        while self.text[self.at : self.at + 1] != "'":
            if self.at >= len(self.text):
                raise NotUnderstood
            self.at += 2 if self.text[self.at] == "\\" else 1
        self.at += 1

    def _balanced(self, opener: str, closer: str) -> None:
        depth = 0
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 2 if character == "\\" else 1
            depth += (character == opener) - (character == closer)
            if depth == 0 and character == closer:
                return
        raise NotUnderstood


def open_here_document(text: str) -> tuple[int, str] | None:
    """The line and the word of a `<<WORD` whose last line is missing."""
    scanner = Scanner(text + "\n")
    try:
        scanner.scan()
    except NotUnderstood:
        return None
    return scanner.unended
