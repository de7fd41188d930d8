"""NAME
    jq - command-line JSON processor

SYNOPSIS
    jq [-cCeghijnrRsSM] [--arg NAME VALUE] [--argjson NAME JSON] [--tab] [--indent N] FILTER [FILE...]

DESCRIPTION
    Apply a filter to each JSON value of the input: `.name`, `.[0]`, `.[]`, `|`, `select(...)`, `map(...)`, `test(...)` ... -r
    writes texts without quotation marks, -c each value in one line, -s reads all values into one array.

DIFFERS FROM JQ 1.6
    The filters are those of the shell's own library. Messages about wrong filters and wrong JSON are worded as jq 1.6 words them
    where the fault is a plain one.
"""

from __future__ import annotations

import re

from simulator.shell import files
from simulator.shell.jq_colours import coloured
from simulator.shell.jq_faults import compile_fault
from simulator.shell.jq_input import input_fault
from simulator.shell.native import native
from simulator.unix.program import Process, program

_WITH_VALUE = {"--arg": 2, "--argjson": 2, "--slurpfile": 2, "--rawfile": 2, "--indent": 1, "-f": 1, "--from-file": 1, "-L": 1}
_LACKING = {
    "--arg": "jq: --arg takes two parameters (e.g. --arg varname value)",
    "--argjson": "jq: --argjson takes two parameters (e.g. --argjson varname text)",
    "--slurpfile": "jq: --slurpfile takes two parameters (e.g. --slurpfile varname filename)",
    "--rawfile": "jq: --rawfile takes two parameters (e.g. --rawfile varname filename)",
    "--indent": "jq: --indent takes one parameter",
    "-L": "-L takes a parameter: (e.g. -L /search/path or -L/search/path)",
}
_LONG = frozenset(
    "-- --seq --stream --slurp --raw-input --null-input --compact-output --tab --color-output --monochrome-output --ascii-output "
    "--unbuffered --sort-keys --raw-output --join-output --exit-status --args --jsonargs --help --version".split()
)
_LETTERS = frozenset("srncCMaSRrjefhVLgi")
_SEE = "Use jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://stedolan.github.io/jq\n"
_USAGE_STATUS, _COMPILE_STATUS, _INPUT_STATUS = 2, 3, 4


def _style(p: Process) -> tuple[bool, bool]:
    """Whether to write in colours, and whether texts go without quotation marks."""
    letters = "".join(word[1:] for word in p.argv[1:] if re.fullmatch(r"-[a-zA-Z]+", word))
    raw = "r" in letters or "--raw-output" in p.argv
    plain = "M" in letters or "j" in letters or "a" in letters or {"--monochrome-output", "--join-output", "--ascii-output"} & set(p.argv)
    return not plain and (p.tty or "C" in letters or "--color-output" in p.argv), raw


def _without_raw(argv: list[str]) -> list[str]:
    kept = [word for word in argv if word not in ("-r", "--raw-output")]
    return [word.replace("r", "") if re.fullmatch(r"-[a-zA-Z]+", word) else word for word in kept]


def _lacking(argv: list[str]) -> str:
    """What jq says of an option that is unknown or lacks its parameters."""
    for index, word in enumerate(argv[1:], 1):
        if word in _LACKING and len(argv) - index - 1 < _WITH_VALUE[word]:
            return _LACKING[word]
        if word in _WITH_VALUE:
            return ""
        if (word.startswith("--") and word not in _LONG) or (re.match(r"-[a-zA-Z]", word) and set(word[1:]) - _LETTERS):
            return f"jq: Unknown option {word}"
    return ""


def _filter(argv: list[str]) -> tuple[str, list[str]]:
    """The filter and the files of a command line."""
    words, index = [], 1
    while index < len(argv):
        word = argv[index]
        if word in _WITH_VALUE:
            index += _WITH_VALUE[word]
        elif not word.startswith("-") or word == "-":
            words.append(word)
        index += 1
    return (words[0], words[1:]) if words else ("", [])


@program("/usr/bin/jq", package="jq")
def jq(p: Process) -> int:
    """jq(1)."""
    if "--version" in p.argv or "-V" in p.argv:
        p.out("jq-1.6\n")
        return 0
    lacking = _lacking(p.argv)
    if lacking:
        p.err(f"{lacking}\n{_SEE}")
        return _USAGE_STATUS
    expression, names = _filter(p.argv)
    colours, raw = _style(p)
    if colours and raw:
        p.argv = _without_raw(p.argv)
    now = f"{p.clock.now:.6f}".rstrip("0").rstrip(".")
    p.argv = [re.sub(r"(?<![\w.$\"])now(?!\w)", now, word) if word is expression else word for word in p.argv]
    done = native(p)
    p.out(coloured(done.stdout, raw) if colours else done.stdout)
    return _explain(p, done.stderr, done.exit_code, expression, names)


def _explain(p: Process, stderr: str, status: int, expression: str, names: list[str]) -> int:
    missing = re.match(r"jq: error: (\S+) is not defined", stderr)
    if missing:
        line = next((line for line in expression.split("\n") if missing[1].split("/")[0] in line), expression)
        number = expression.split("\n").index(line) + 1 if line in expression.split("\n") else 1
        pad = " " * max(0, line.find(missing[1].split("/")[0]))
        p.err(f"jq: error: {missing[1]} is not defined at <top-level>, line {number}:\n{line}{pad}\njq: 1 compile error\n")
        return _COMPILE_STATUS
    if re.match(r"jq: error: (?:expected|unexpected|invalid|unterminated|unclosed|lex)", stderr):
        p.err(compile_fault(expression))
        return _COMPILE_STATUS
    if stderr.startswith("jq: invalid JSON") or "invalid JSON" in stderr:
        fault = input_fault("".join(files.text(data) for _, data in files.operands(p, names) if not isinstance(data, OSError)))
        if fault:
            p.err(f"parse error: {fault}\n")
            return _INPUT_STATUS
    p.err(stderr)
    return status
