"""Tell programs where their streams go: bashkit does not.

A program writes columns and colours only to a terminal, and where a line says `2>&1` the buffered stdout of a real program
comes after its stderr. So before a line is run, each simple command in it that needs to know gets an assignment in front:
`__streams=T` (stdout is the terminal), `__streams=M` (stderr goes where stdout goes). A `sleep` whose neighbour in the pipe is a
conversation (`{ echo EHLO x; sleep 1; echo QUIT; } | nc host 25`) gets `__streams=P`: the left side is run first, so it leaves a
pause in what is typed (net/timed_input.py). `~USER` is expanded here as well.
The scanner follows bash's quoting rules (bash(1), QUOTING); a line that it does not understand is left as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from simulator.shell import own_pid

if TYPE_CHECKING:
    from simulator.unix.host import Host

VARIABLE = "__streams"
TERMINAL, MERGED, PAUSE = "T", "M", "P"

_HOME = re.compile(r"(?:(?<=[\s=:;|&(<>])|^)~([a-z_][a-z0-9_-]*)(?=[/\s;|&)<>:\"']|$)")
#: Programs that wait where a pause was left for them.
_TALKERS = re.compile(r"\|\s*(?:timeout\s+\S+\s+)?(?:\S*/)?(?:nc|nc\.openbsd|netcat|telnet|openssl)\b")
_MERGES = ("2>&1", "|&", "&>", ">&")
_KEYWORDS = frozenset("if then else elif fi for while until do done case esac in select { } ! time function coproc [[ ]]".split())
_OPENERS, _CLOSERS = frozenset(("if", "for", "while", "until", "case", "select", "{")), frozenset(("fi", "done", "esac", "}"))
#: Words that are no program: a mark in front would do nothing, or harm.
_BUILTINS = frozenset(
    ". : [ alias bg break builtin caller cd command compgen complete continue declare dirs disown echo enable eval exec exit export false fc fg "
    "getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return set shift shopt source "
    "suspend test times trap true type typeset ulimit umask unalias unset wait".split()
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_REDIRECTION = re.compile(r"(\d*)(&>>?|<<<|<<-?|<>|>>|>\||[<>]&|[<>])")
_BREAKS = " \t\n;|&()<>"


class Seated(Protocol):
    host: Host
    tty: bool
    pid: int


@dataclass(slots=True)
class _Command:
    start: int
    name: str = ""
    terminal: bool = True
    merged: bool = False
    error_apart: bool = False
    paced: bool = False


class _NotUnderstood(Exception):
    pass


def mark(text: str, shell: Seated) -> str:
    """The text with marks, and with the homes of `~USER`."""
    if "$$" in text or "${$}" in text:
        text = own_pid.insert(text, shell.pid)
    if "~" in text:
        text = _HOME.sub(lambda match: _home(match, shell.host), text)
    paced = "sleep" in text and _TALKERS.search(text) is not None
    if not shell.tty and not paced and not any(sign in text for sign in _MERGES):
        return text
    try:
        commands = _Scanner(text).scan()
    except _NotUnderstood:
        return text
    for command in reversed(commands):
        on_terminal = shell.tty and command.terminal
        signs = (TERMINAL if on_terminal else "") + (MERGED if command.merged or (on_terminal and not command.error_apart) else "")
        signs += PAUSE if command.paced else ""
        if signs and command.name and command.name not in _KEYWORDS and command.name not in _BUILTINS:
            text = f"{text[: command.start]}{VARIABLE}={signs} {text[command.start :]}"
    return text


def _home(match: re.Match[str], host: Host) -> str:
    user = host.users.by_name(match[1])
    return user.home if user else match[0]


@dataclass(slots=True)
class _Scanner:
    text: str
    at: int = 0
    commands: list[_Command] = field(default_factory=list)
    here: list[tuple[str, bool]] = field(default_factory=list)

    def scan(self) -> list[_Command]:
        self._list("")
        return self.commands

    # -- structure -------------------------------------------------------------------------------------------------------

    def _list(self, closer: str) -> None:
        """Commands up to a closing parenthesis, or the end."""
        groups: list[int] = []
        current: _Command | None = None
        first_of_pipe = len(self.commands)
        while True:
            self._blanks()
            character = self.text[self.at : self.at + 1]
            if character == "" or (character == ")" and closer == ")"):
                if closer and not character:
                    raise _NotUnderstood
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

    def _operator(self, first_of_pipe: int, current: _Command | None) -> int:
        """`|` takes the output of what stands before it; all other operators begin anew."""
        sign = self.text[self.at : self.at + 2]
        if sign == "|&" or (sign[:1] == "|" and sign != "||"):
            for command in self.commands[first_of_pipe:]:
                command.terminal = False
                command.merged = command.merged or sign == "|&"
                command.paced = command.name == "sleep" and _TALKERS.match(self.text, self.at) is not None
        self.at += 2 if sign in ("||", "&&", ";;", "|&", ";&") else 1
        if sign[:1] == "\n":
            self._bodies()
        return len(self.commands)

    def _parenthesis(self, current: _Command | None) -> None:
        if self.text.startswith("((", self.at) and current is None:
            end = self.text.find("))", self.at)
            if end < 0:
                raise _NotUnderstood
            self.at = end + 2
        elif current is not None:
            # NAME() of a function, or the list of an array
            end = self.text.find(")", self.at)
            if end < 0:
                raise _NotUnderstood
            self.at = end + 1
        else:
            self.at += 1
            self._list(")")

    def _next_word(self, current: _Command | None, groups: list[int], first_of_pipe: int) -> tuple[_Command | None, int]:
        start = self.at
        word = self._word()
        if current is not None:
            if not current.name and not _ASSIGNMENT.match(word):
                current.name = word
            return current, first_of_pipe
        if word == "[[":
            end = self.text.find("]]", self.at)
            if end < 0:
                raise _NotUnderstood
            self.at = end + 2
            return None, first_of_pipe
        if word in _OPENERS:
            groups.append(len(self.commands))
        if word in _CLOSERS and groups:
            return None, groups.pop()
        if word in ("then", "do", "else", "elif", "!", "time", "if", "while", "until", "{"):
            return None, first_of_pipe
        self.commands.append(_Command(start, "" if _ASSIGNMENT.match(word) else word))
        return self.commands[-1], first_of_pipe

    # -- redirections ----------------------------------------------------------------------------------------------------

    def _redirect(self, match: re.Match[str], current: _Command | None, groups: list[int], first_of_pipe: int) -> None:
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
            self.here.append((re.sub(r"[\\'\"]", "", target), sign == "<<-"))
        for command in [current] if current is not None else self.commands[first_of_pipe:]:
            if sign in (">", ">>", ">|", "&>", "&>>") and number in ("", "1") or (sign == ">&" and number in ("", "1")):
                command.terminal = False
            if sign in ("&>", "&>>") or (sign == ">&" and (number, target) == ("2", "1")) or (sign == ">&" and not number and not target.isdigit()):
                command.merged = True
            elif number == "2" and sign in (">", ">>"):
                command.merged, command.error_apart = False, True

    def _bodies(self) -> None:
        """Skip the bodies of here-documents whose operators stood on the line before."""
        for delimiter, tabs in self.here:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if tabs else line) == delimiter:
                    break
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
            raise _NotUnderstood
        return self.text[start : self.at]

    def _until(self, quote: str) -> None:
        self.at += 1
        while self.text[self.at : self.at + 1] != quote:
            if self.at >= len(self.text):
                raise _NotUnderstood
            self.at += 2 if quote == "`" and self.text[self.at] == "\\" else 1
        self.at += 1

    def _double_quotes(self) -> None:
        self.at += 1
        while self.text[self.at : self.at + 1] != '"':
            if self.at >= len(self.text):
                raise _NotUnderstood
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
                raise _NotUnderstood
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
        raise _NotUnderstood
