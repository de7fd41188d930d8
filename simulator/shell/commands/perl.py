"""NAME
    perl, perl5.36.0, python3 - run small Perl scripts

SYNOPSIS
    perl [-lnpaiw] [-F PATTERN] [-M MODULE] [-e PROGRAM] [FILE [ARGUMENT...]]

DESCRIPTION
    Enough of Perl for the filters and mail commands that people write: scalars, arrays, hashes and references to them, subs,
    patterns, files and pipes, and the usual functions; of modules encode_base64, strftime and some of List::Util.

DIFFERS FROM PERL
    What is not known ends the script with `simulator: perl: line N: ... is not simulated` and status 255. Packages, objects,
    formats and most modules are not. Texts are characters, not bytes. A script ends after two million steps.
"""

from __future__ import annotations

import posixpath

from simulator.shell.perl.handles import Handle, close
from simulator.shell.perl.interpreter import Interpreter
from simulator.shell.perl.machine import Die, ExitPerl, Jump
from simulator.shell.perl.nodes import Node, NotSimulated, PerlSyntax
from simulator.shell.perl.parser import Parser
from simulator.unix.program import Process, program

_FAILED = 255


class _Switches:
    """What the command line asks for."""

    def __init__(self) -> None:
        self.code: list[str] = []
        self.letters: set[str] = set()
        self.in_place = ""
        self.pattern = ""


def _switches(words: list[str], found: _Switches) -> list[str]:
    """Read perl's switches; what is left is the script and its arguments."""
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)[1:]
        if word == "-":
            break
        while word:
            letter, word = word[0], word[1:]
            if letter in "eE":
                found.code.append(word or (words.pop(0) if words else ""))
                word = ""
            elif letter in "MmI":
                word = "" if word else (words.pop(0) and "")
            elif letter == "i":
                found.letters.add("i")
                found.in_place, word = word, ""
            elif letter == "F":
                found.pattern, word = word.strip("/"), ""
                found.letters |= {"a", "n"}
            elif letter == "0":
                found.letters.add("0")
                word = word.lstrip("0123456789")
            else:
                found.letters.add(letter)
    return words


@program("/usr/bin/perl", "/usr/bin/perl5.36.0", package="perl")
def perl(p: Process) -> int:
    """perl(1)."""
    if p.argv[1:2] in (["-v"], ["--version"]):
        p.out("\nThis is perl 5, version 36, subversion 0 (v5.36.0) built for x86_64-linux-gnu-thread-multi\n")
        return 0
    found = _Switches()
    words = _switches(p.argv[1:], found)
    if found.code:
        return _run(p, "\n".join(found.code), "-e", words, found)
    name = words.pop(0) if words else "-"
    try:
        source = p.stdin if name == "-" else p.read(name).decode("utf-8", "surrogateescape")
    except OSError as error:
        p.err(f'Can\'t open perl script "{name}": {error.strerror}\n')
        return 2
    if source.startswith("#!"):
        _switches(source.split("\n", 1)[0].partition("perl")[2].split(), found)
    return _run(p, source, name, words, found)


def _run(p: Process, source: str, name: str, args: list[str], found: _Switches) -> int:
    try:
        parser = Parser(source)
        tree = parser.program()
        if "c" in found.letters:
            p.err(f"{name} syntax OK\n")
            return 0
        return _execute(p, tree, parser.ends, name, args, found)
    except PerlSyntax as fault:
        p.err(
            f"{str(fault).replace('{file}', name)}\nExecution of {name} aborted due to compilation errors.\n"
            if "syntax error" in str(fault)
            else f"{str(fault).replace('{file}', name)}\n"
        )
        return _FAILED
    except NotSimulated as lack:
        p.err(f"simulator: perl: {lack}\n")
        return _FAILED


def _execute(p: Process, tree: Node, ends: list[Node], name: str, args: list[str], found: _Switches) -> int:
    machine = Interpreter(p, name, args)
    if "l" in found.letters:
        machine.globals["$\\"] = "\n"
    status = 0
    try:
        if {"n", "p"} & found.letters:
            _over_lines(machine, tree, found)
        else:
            machine.run(tree)
        for block in reversed(ends):
            machine.block(block)
    except ExitPerl as end:
        status = int(end.args[0])
    except Die as death:
        p.err(str(death))
        code = machine.globals["$!"]
        status = code & 255 or (machine.globals["$?"] >> 8) or _FAILED
    except Jump as jump:
        p.err(f'Can\'t "{jump.kind}" outside a loop block at {name} line {machine.line}.\n')
        status = _FAILED
    for handle in [value for scope in [machine.globals, machine.files] for value in scope.values() if isinstance(value, Handle)]:
        if handle.mode == "|-":
            close(p, handle)
    return status & 255


def _over_lines(machine: Interpreter, tree: Node, found: _Switches) -> None:
    """-n and -p: the program once for each line of the input; -i writes each file anew."""
    names = [str(name) for name in machine.array("ARGV")]
    machine.array("ARGV").clear()
    for name in names or ["-"]:
        try:
            text = machine.p.stdin if name == "-" else machine.p.read(name).decode("utf-8", "surrogateescape")
        except OSError as error:
            machine.p.err(f"Can't open {name}: {error.strerror}.\n")
            continue
        before = len(machine.p.stdout)
        handle = Handle(name, "<", text=text)
        machine.files["ARGV"] = handle
        while (line := handle.read_line(None if "0" in found.letters else "\n")) is not None:
            _one_line(machine, tree, found, line, handle.line)
        if "i" in found.letters and name != "-":
            made = "".join(machine.p.stdout[before:])
            del machine.p.stdout[before:]
            if found.in_place:
                machine.p.write(f"{name}{found.in_place}", text.encode("utf-8", "surrogateescape"))
            machine.p.write(posixpath.join(machine.p.cwd, name), made.encode("utf-8", "surrogateescape"))


def _one_line(machine: Interpreter, tree: Node, found: _Switches, line: str, number: int) -> None:
    machine.globals["$."] = number
    machine.globals["$_"] = line.removesuffix("\n") if "l" in found.letters else line
    if "a" in found.letters:
        import re

        text = str(machine.globals["$_"])
        machine.array("F")[:] = re.split(found.pattern, text.rstrip("\n") if not found.pattern else text) if found.pattern else text.split()
    try:
        machine.run(tree)
    except Jump as jump:
        if jump.kind != "next":
            raise
    if "p" in found.letters:
        end = machine.globals["$\\"] or ""
        machine.p.out(f"{machine.globals['$_'] or ''}{end}")
