"""What dash does not understand, in a script that bashkit would run as bash does.

`[[`, `let` or `source` are words that dash does not find; `arr=(a b)` and `<<<` are syntax errors; `${x//a/b}` is a bad
substitution; `{1..3}` is a plain word. They are found outside of quotes, comments and here-documents, and replaced by what dash
makes of them: a word of ours that complains, and ends the shell where dash ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MISSING, FAULT, SOURCE = "__missing", "__dash_fault", "__dot"
_WORDS = (
    "source let declare typeset pushd popd dirs shopt history mapfile readarray compgen complete enable builtin caller disown logout suspend help "
    "time coproc"
).split()
_LEAD = r"(?P<lead>(?:\A|[;&|({\n!]|\b(?:then|do|else|elif|if|while|until)(?=\s))[ \t]*)"
_QUOTED = r"""\\.|'[^']*'|"(?:\\.|[^"\\])*"|(?<!\S)\#[^\n]*"""
_EXPANSION = r"\$\{(?:![\w@*]|\#?\w+\[|(?:\w+|[@*])(?:/|:(?![-+=?])|\^|,|@))[^}]*\}"
_ARITHMETIC = r"\$\(\((?P<sum>[^()]*(?:\+\+|--|\*\*)[^()]*)\)\)"
_LOST = r"\$\{?(?P<lost>RANDOM|SRANDOM|SECONDS|EPOCHSECONDS|EPOCHREALTIME|UID|EUID|HOSTNAME|BASH\w*|OSTYPE|HOSTTYPE|MACHTYPE)\b\}?"
_INSIDE = re.compile(rf"(?P<escaped>\\.)|(?P<expansion>{_EXPANSION})|{_ARITHMETIC}|{_LOST}", re.S)
_PARTS = re.compile(
    rf"(?P<quoted>{_QUOTED})|(?P<expansion>{_EXPANSION})|{_ARITHMETIC}|{_LOST}"
    r"|(?P<loop>\bfor\s*\(\()|(?P<here><<<|<\s+<\(|<\s+>\()|(?P<process>[<>]\((?!\())|(?P<pipe>\|&)|(?P<both>&>>?)"
    rf"|{_LEAD}(?:(?P<double>\(\((?P<first>[^()]*)\)\))|(?P<test>\[\[)(?=\s)|(?P<word>{'|'.join(_WORDS)})(?=[\s;&|]|\Z)|(?P<add>[A-Za-z_]\w*\+=(?!\()[^\s;&|]*)"
    r"|(?P<array>[A-Za-z_]\w*\+?=\()|(?P<function>function\s+[\w-]+\s*(?P<parenthesis>\()?)|(?P<select>select\s+\w+\s+in\b)"
    r"|(?P<pipefail>set\s+(?P<letters>-[a-z]*o)\s+pipefail[^;&|\n]*)|(?P<dot>\.[ \t]+)(?P<file>[^\s;&|<>()]+))"
    r"|(?P<dollar>\$(?='))|(?P<brace>(?<!\$)\{[^{}\s'\"]*(?:,|\.\.)[^{}\s'\"]*\})",
    re.S,
)
_TELLTALE = re.compile(
    rf"\[\[|\(\(|<<<|[<>]\(|\|&|&>|\+=|=\(|\bfunction\b|\bselect\b|pipefail|\$'|\.\.|\{{[^\s}}]*,|\. |{_EXPANSION}|{_LOST}|\+\+|\*\*"
    rf"|\b(?:{'|'.join(_WORDS)})\b"
)
_HERE = re.compile(r"(?<!<)<<-?\s*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([\w.!+-]+))")


class _SyntaxFault(Exception):
    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


def as_dash(script: str, parses: Callable[[str], str]) -> str:
    """The script as dash would take it. `parses` tells what is wrong with a script, "" if nothing is."""
    if not _TELLTALE.search(script):
        return script
    out, start = [], 0
    for begin, end in (*_bodies(script), (len(script), len(script))):
        try:
            out.append(_Translation(script, start, begin).text())
        except _SyntaxFault as fault:
            return _cut(script, fault, parses)
        out.append(script[begin:end])
        start = end
    return "".join(out)


def _bodies(script: str) -> list[tuple[int, int]]:
    """Where here-documents stand: their lines are data."""
    found, at = [], 0
    while (match := _HERE.search(script, at)) is not None:
        begin = script.find("\n", match.end()) + 1
        if not begin:
            break
        word = next(filter(None, match.groups()))
        last = re.compile(rf"^\t*{re.escape(word)}$", re.M).search(script, begin)
        at = last.end() if last else len(script)
        found.append((begin, at))
    return found


def _cut(script: str, fault: _SyntaxFault, parses: Callable[[str], str]) -> str:
    """dash runs what stands before the command with the fault; then it ends."""
    lines = script.split("\n")[: fault.line - 1]
    opened = ""
    while lines and parses("\n".join(lines)):
        opened = _CLOSERS.get(lines.pop().strip().partition(" ")[0], opened)
    expecting = f' (expecting "{opened}")' if opened else ""
    return "\n".join([*lines, f"{FAULT} {fault.line} 'Syntax error: {fault.text}{expecting}'"])


class _Translation:
    """A stretch of a script without here-documents."""

    def __init__(self, script: str, start: int, end: int) -> None:
        self.script, self.start, self.end = script, start, end

    def text(self) -> str:
        """Its translation. Raises _SyntaxFault."""
        return _PARTS.sub(self._replaced, self.script[self.start : self.end])

    def _replaced(self, match: re.Match[str]) -> str:
        line = self.script.count("\n", 0, self.start + match.start()) + match[0].count("\n", 0, len(match["lead"] or "")) + 1
        if match["quoted"]:
            return self._quoted(match["quoted"], line)
        if match["expansion"] or match["sum"] is not None or match["lost"]:
            return self._value(match, line)
        lead = match["lead"] or ""
        for kind, text in _FAULTS.items():
            if match[kind] is not None:
                raise _SyntaxFault(line, text)
        if match["function"]:
            raise _SyntaxFault(line, '"(" unexpected' if match["parenthesis"] else '"}" unexpected')
        kind = next(name for name in _MAKERS if match[name] is not None)
        return lead + _MAKERS[kind](match, line)

    def _quoted(self, part: str, line: int) -> str:
        if not part.startswith('"'):
            return part
        return _INSIDE.sub(lambda inner: inner[0] if inner["escaped"] else self._value(inner, line), part)

    def _value(self, match: re.Match[str], line: int) -> str:
        if match["expansion"]:
            return f"$({FAULT} {line} 'Bad substitution')"
        if match["sum"] is not None:
            return f"$({FAULT} {line} 'arithmetic expression: expecting primary: \"{match['sum']}\"')"
        own = re.search(rf"(?<![${{\w]){match['lost']}\b", self.script)
        return match[0] if own else "${__none-}"


def _double(match: re.Match[str], line: int) -> str:
    """`((x++))` is a subshell in a subshell, and `x++` the name of a command."""
    words = match["first"].split()
    return f"{MISSING} {line} '{words[0]}'" if words else "true"


_CLOSERS = {"if": "fi", "while": "done", "until": "done", "for": "done", "case": "esac"}
_FAULTS = {
    "loop": "Bad for loop variable", "here": "redirection unexpected", "process": '"(" unexpected', "pipe": '"&" unexpected',
    "array": '"(" unexpected', "select": '"do" unexpected',
}  # fmt: skip
_MAKERS: dict[str, Callable[[re.Match[str], int], str]] = {
    "both": lambda match, line: f"& {match[0][1:]} ",
    "double": _double,
    "test": lambda match, line: f"{MISSING} {line} '[['",
    "word": lambda match, line: f"{MISSING} {line} {match['word']}",
    "add": lambda match, line: f"{MISSING} {line} '{match['add']}'",
    "pipefail": lambda match, line: f"{FAULT} {line} 'set: Illegal option -o pipefail'",
    "dot": lambda match, line: f"{SOURCE} {line} {match['file']} && . {match['file']}",
    "dollar": lambda match, line: "\\$",
    "brace": lambda match, line: match["brace"].replace("{", "\\{").replace("}", "\\}"),
}
