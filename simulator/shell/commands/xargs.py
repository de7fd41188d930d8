"""NAME
    xargs - build and execute command lines from standard input

SYNOPSIS
    xargs [-0prtx] [-a FILE] [-d DELIM] [-E EOF] [-I REPLACE] [-L LINES] [-n ARGS] [-P PROCS] [COMMAND [ARGUMENT...]]

DESCRIPTION
    Run COMMAND (echo) with the words of standard input added. -n gives it so many at a time; -I runs it once for each line
    with REPLACE in its arguments replaced; -0 and -d say what separates words, else blanks, newlines and quotes do.
"""

from __future__ import annotations

import re

from simulator.shell import files
from simulator.shell.escapes import interpret
from simulator.shell.getopt import Options, getopt, quote
from simulator.unix.program import Exit, Process, program

_LONG = {"null": "0", "arg-file=": "a", "delimiter=": "d", "eof=?": "e", "replace=?": "i", "max-lines=?": "l", "max-args=": "n", "interactive": "p",
         "max-procs=": "P", "no-run-if-empty": "r", "max-chars=": "s", "verbose": "t", "exit": "x", "show-limits": "limits",
         "process-slot-var=": "slot", "open-tty": "o"}  # fmt: skip


class _Unmatched(Exception):
    pass


def _line_words(line: str) -> list[str]:
    """A line's words by xargs's quoting: quotes of both kinds, and backslashes."""
    words, current, quote, started = [], "", "", False
    index = 0
    while index < len(line):
        character = line[index]
        index += 1
        if quote:
            if character == quote:
                quote = ""
            else:
                current += character
        elif character in "'\"":
            quote, started = character, True
        elif character == "\\" and index < len(line):
            current, started = current + line[index], True
            index += 1
        elif character in " \t":
            if started:
                words.append(current)
            current, started = "", False
        else:
            current, started = current + character, True
    if quote:
        raise _Unmatched("double" if quote == '"' else "single")
    return [*words, current] if started else words


def _groups(p: Process, text: str, options: Options) -> list[list[str]]:
    """The words, by lines: for -L and -I lines count."""
    if "0" in options or "d" in options:
        separator = "\0" if "0" in options else interpret(options.value("d"))[:1]
        parts = text.split(separator)
        return [[part] for part in (parts[:-1] if parts[-1] == "" else parts)]
    groups = []
    for line in text.split("\n"):
        if "I" in options or "i" in options:
            stripped = line.lstrip(" \t")
            groups += [["".join(re.sub(r"[\\'\"]", "", stripped))]] if stripped else []
            continue
        try:
            words = _line_words(line)
        except _Unmatched as quote:
            which = str(quote)
            p.err(f"{p.argv[0]}: unmatched {which} quote; by default quotes are special to xargs unless you use the -0 option\n")
            raise Exit(1) from None
        if "E" in options and options.value("E") in words:
            return [*groups, words[: words.index(options.value("E"))]]
        groups += [words] if words else []
    return groups


def _number(p: Process, options: Options, letter: str) -> int:
    text = options.value(letter, "1") or "1"
    if not re.fullmatch(r"-?\d+", text):
        p.err(f'{p.argv[0]}: invalid number "{text}" for -{letter} option\n')
        raise try_help_of(p)
    if int(text) < 1:
        p.err(f"{p.argv[0]}: value {text} for -{letter} option should be >= 1\n")
        raise try_help_of(p)
    return int(text)


def try_help_of(p: Process) -> Exit:
    """xargs's hint at its help."""
    p.err(f"Try '{p.argv[0]} --help' for more information.\n")
    return Exit(1)


def _batches(p: Process, groups: list[list[str]], options: Options) -> list[list[str]]:
    mode = options.last("nL")
    if mode == "L" or "l" in options:
        step = _number(p, options, "L") if mode == "L" else int(options.value("l") or 1)
        return [[word for group in groups[at : at + step] for word in group] for at in range(0, len(groups), step)]
    words = [word for group in groups for word in group]
    if mode == "n":
        step = _number(p, options, "n")
        return [words[at : at + step] for at in range(0, len(words), step)] or [[]]
    return [words]


class _Stop(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _run(p: Process, argv: list[str], verbose: bool) -> int:
    """Run one command line. xargs's own status: 123 after a failure, and it stops at 126, 127 and 255."""
    if verbose:
        p.err(" ".join(argv) + "\n")
    try:
        status = p.relay(p.run(argv, ""))
    except OSError as error:
        p.err(f"{p.argv[0]}: {argv[0]}: {error.strerror}\n")
        raise _Stop(127 if isinstance(error, FileNotFoundError) else 126) from None
    if status == 255:
        p.err(f"{p.argv[0]}: {argv[0]}: exited with status 255; aborting\n")
        raise _Stop(124)
    return 123 if 1 <= status <= 125 else status


@program("/usr/bin/xargs")
def xargs(p: Process) -> int:
    """xargs(1)."""
    options = getopt(p, "0a:d:E:e::I:i::l::L:n:oprP:s:tx", _LONG, permute=False)
    command = options.operands or ["echo"]
    text = p.stdin
    if "a" in options:
        try:
            text = files.text(p.read(options.value("a")))
        except OSError as error:
            p.err(f"{p.argv[0]}: Cannot open input file {quote(p, options.value('a'))}: {error.strerror}\n")
            return 1
    if "p" in options:
        p.err(f"{' '.join(command)}{p.argv[0]}: failed to open /dev/tty for reading: No such device or address\n")
        return 1
    groups = _groups(p, text, options)
    verbose = "t" in options
    replace = options.value("I") or ("{}" if "i" in options else "")
    if replace and "n" in options:
        p.err(f"{p.argv[0]}: warning: options --max-args and --replace/-I/-i are mutually exclusive, ignoring previous --max-args value\n")
    try:
        if replace:
            lines = [[word.replace(replace, group[0]) for word in command] for group in groups]
            return max((_run(p, argv, verbose) for argv in lines), default=0)
        batches = _batches(p, groups, options)
        if not groups and ("r" in options or options.last("nL")):
            batches = [] if "r" in options else [[]]
        return max((_run(p, [*command, *batch], verbose) for batch in batches), default=0)
    except _Stop as stop:
        return stop.status
