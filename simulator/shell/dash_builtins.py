"""Builtins of dash, and the words that stand in its scripts for what it does not know (dash_script.py)."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from simulator.shell.call import Call, Ended
from simulator.unix.fs import READ
from simulator.unix.program import Result

if TYPE_CHECKING:
    from simulator.shell.bash import Shell


def missing(shell: Shell, call: Call) -> Result:
    """A word that only bash knows, in a script of dash."""
    line, word, *_ = call.argv
    return Result("", f"{shell.name}: {line}: {word}: not found\n", 127)


def dash_fault(shell: Shell, call: Call) -> Result:
    """Something at which dash ends. Raises Ended."""
    line, text = call.argv
    raise Ended(2, f"{shell.name}: {line}: {text}\n")


def dash_source(shell: Shell, call: Call) -> Result:
    """Whether there is a file for `.`. Raises Ended if not."""
    line, name = call.argv
    directories = [""] if "/" in name else call.env.get("PATH", "").split(":")
    paths = [posixpath.join(call.cwd, directory, name) for directory in directories]
    if any(shell.fs.access(path, READ, shell.cred) for path in paths):
        return Result()
    if "/" not in name:
        raise Ended(2, f"{shell.name}: {line}: .: {name}: not found\n")
    reason = "Permission denied" if shell.fs.exists(paths[0]) else "No such file"
    raise Ended(2, f"{shell.name}: {line}: .: cannot open {name}: {reason}\n")


def dash_echo(shell: Shell, call: Call) -> Result:
    """dash's echo: no options but a first `-n`, and backslash sequences always count."""
    args = call.argv
    newline = "\n"
    if args[:1] == ["-n"]:
        args, newline = args[1:], ""
    text = " ".join(args)
    cut = text.find("\\c")
    if cut >= 0:
        text, newline = text[:cut], ""
    return Result(_unescape(text) + newline)


_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}


def _unescape(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1]:
            return bytes([int(match[1], 8) & 0xFF]).decode("utf-8", "surrogateescape")
        return _ESCAPES[match[2]]

    return re.sub(r"\\(?:0([0-7]{1,3})|([abfnrtv\\]))", value, text)
