"""Tell programs where their streams go: bashkit does not.

A program writes columns and colours only to a terminal, and where a line says `2>&1` the buffered stdout of a real program
comes after its stderr. So before a line is run, each simple command in it that needs to know gets an assignment in front:
`__streams=T` (stdout is the terminal), `__streams=M` (stderr goes where stdout goes). A `sleep` whose neighbour in the pipe is a
conversation (`{ echo EHLO x; sleep 1; echo QUIT; } | nc host 25`) gets `__streams=P`: the left side is run first, so it leaves a
pause in what is typed (net/timed_input.py). `wc < FILE` gets `__streams=F`: it knows the size of a file, not of a pipe.
`~USER` is expanded here as well. The scanner follows bash's quoting rules (bash(1), QUOTING); a line that it does not
understand is left as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.shell import virtual
from simulator.shell.scanner import KEYWORDS, TALKERS, NotUnderstood, Scanner
from simulator.shell.virtual import Seated

if TYPE_CHECKING:
    from simulator.unix.host import Host

VARIABLE = "__streams"
TERMINAL, MERGED, PAUSE, FILE = "T", "M", "P", "F"

_HOME = re.compile(r"(?:(?<=[\s=:;|&(<>])|^)~([a-z_][a-z0-9_-]*)(?=[/\s;|&)<>:\"']|$)")
#: bashkit joins these in a pipe without a look at builtins of ours, which then read nothing; not so behind `command`.
_STREAMED = frozenset(("cat", "grep", "seq", "tr", "yes"))
_STREAMED_WORD = re.compile(r"\b(?:cat|grep|seq|tr|yes)\b")
_MERGES = ("2>&1", "|&", "&>", ">&")
#: Words that are no program: a mark in front would do nothing, or harm.
_BUILTINS = frozenset(
    ". : [ alias bg break builtin caller cd command compgen complete continue declare dirs disown echo enable eval exec exit export false fc fg "
    "getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return set shift shopt source "
    "suspend test times trap true type typeset ulimit umask unalias unset wait".split()
)


def mark(text: str, shell: Seated) -> str:
    """The text with marks, and with the homes of `~USER`."""
    text = virtual.insert(text, shell)
    if "~" in text:
        text = _HOME.sub(lambda match: _home(match, shell.host), text)
    paced = "sleep" in text and TALKERS.search(text) is not None
    counted = "wc" in text and "<" in text
    streamed = "|" in text and _STREAMED_WORD.search(text) is not None
    if not shell.tty and not paced and not counted and not streamed and not any(sign in text for sign in _MERGES):
        return text
    try:
        commands = Scanner(text).scan()
    except NotUnderstood:
        return text
    for command in reversed(commands):
        on_terminal = shell.tty and command.terminal
        signs = (TERMINAL if on_terminal else "") + (MERGED if command.merged or (on_terminal and not command.error_apart) else "")
        signs += PAUSE if command.paced else ""
        signs += FILE if command.from_file and command.name == "wc" else ""
        if streamed and command.name in _STREAMED:
            text = f"{text[: command.name_at]}command {text[command.name_at :]}"
        if signs and command.name and command.name not in KEYWORDS and command.name not in _BUILTINS:
            text = f"{text[: command.start]}{VARIABLE}={signs} {text[command.start :]}"
    return text


def _home(match: re.Match[str], host: Host) -> str:
    user = host.users.by_name(match[1])
    return user.home if user else match[0]
