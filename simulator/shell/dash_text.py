"""What dash says when something fails, where bashkit speaks as bash does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from simulator.shell.messages import fault_lines

#: The word that an open compound command waits for.
_CLOSERS = {"if": "then", "then": "fi", "else": "fi", "elif": "then", "while": "do", "until": "do", "do": "done", "{": "}", "(": ")", "case": "in"}


def _expecting(script: str) -> str:
    open_words: list[str] = []
    for word in re.findall(r"[^\s;&|()]+|[()]", script):
        if word in _CLOSERS:
            if word in ("then", "do", "else", "elif") and open_words:
                open_words.pop()
            open_words.append(word)
        elif word in ("fi", "done", "}", ")") and open_words:
            open_words.pop()
    return f' (expecting "{_CLOSERS[open_words[-1]]}")' if open_words else ""


def dash_syntax(stderr: str, script: str, name: str, where: str) -> str:
    """dash's line for a syntax error. It counts a script file's last, empty line, and none after -c."""
    last = script.rstrip("\n").count("\n") + (1 if where else 2)

    def words(match: re.Match[str]) -> str:
        if "variable name in for loop" in match[2]:
            return f"{name}: {match[1] or 1}: Syntax error: Bad for loop variable"
        token = re.search(r"near unexpected token `(.*)'", match[2])
        if token:
            word = "newline" if token[1] == "newline" else f'"{token[1]}"'
            return f"{name}: {match[1] or 1}: Syntax error: {word} unexpected"
        if re.search(r"matching `[\"']'", match[2]):
            return f"{name}: {last}: Syntax error: Unterminated quoted string"
        return f"{name}: {last}: Syntax error: end of file unexpected{_expecting(script)}"

    return fault_lines(name).sub(words, stderr)


_DIRECT: Mapping[str, Callable[[re.Match[str]], str]] = {
    r"(.*): command not found": lambda m: f"{m[1]}: not found",
    r"(.*): unbound variable": lambda m: f"{m[1]}: parameter not set",
    r"(.*): parameter null or not set": lambda m: f"{m[1]}: parameter not set or null",
    r"(.*): parameter not set": lambda m: m[0],
    r"(.*): readonly variable": lambda m: f"{m[1]}: is read only",
    r"(.*): division by 0 \(.*": lambda m: f'arithmetic expression: division by zero: "{m[1]}"',
    r"printf: (.*): invalid number": lambda m: f"printf: {m[1]}: expected numeric value",
    r"(?:\[|test): (.*): integer expression expected": lambda m: f"[: Illegal number: {m[1]}",
    r"local: can only be used in a function": lambda m: "local: not in a function",
    r"kill: \(\d+\) - (.*)": lambda m: f"kill: {m[1]}\n",
    r"(unset|export|read): `([^=]*).*': not a valid identifier": lambda m: f"{m[1]}: {m[2]}: bad variable name",
    r"([fb]g): (?:no job control|current: no such job)": lambda m: f"{m[1]}: No current job",
    r"exit: (.*): numeric argument required": lambda m: f"exit: Illegal number: {m[1]}",
}
_FILE = re.compile(r"(.*): (No such file or directory|Permission denied|Is a directory|Not a directory)$")
_CREATE = {"No such file or directory": "Directory nonexistent"}
_OPEN = {"No such file or directory": "No such file"}
_EXECUTE = {"No such file or directory": "not found", "Is a directory": "Permission denied"}


def dash_text(stderr: str, script: str, name: str) -> str:
    """bash's lines in dash's words: `sh: 1: nosuch: not found`."""
    prefix = re.compile(rf"^{re.escape(name)}: line (\d+): (.*)$", re.M)

    def translate(match: re.Match[str]) -> str:
        return f"{name}: {match[1]}: {_dash_words(match[2], script, int(match[1]))}"

    return prefix.sub(translate, stderr)


def _dash_words(text: str, script: str, line: int) -> str:
    for pattern, words in _DIRECT.items():
        match = re.fullmatch(pattern, text)
        if match:
            return words(match)
    match = _FILE.fullmatch(text)
    if match is None:
        return text
    what, reason = match[1], match[2]
    if what.startswith("cd: "):
        return f"cd: can't cd to {what[4:]}"
    lines = script.split("\n")
    source = lines[line - 1] if line <= len(lines) else script
    return _dash_file(what, reason, source)


def _dash_file(what: str, reason: str, source: str) -> str:
    """Whether a name was to be written, read or run is seen from the source line."""
    word = rf"\s*[\"']?{re.escape(what)}(?=[\s;|&<>)\"']|$)"
    if re.search(rf">{word}", source):
        return f"cannot create {what}: {_CREATE.get(reason, reason)}"
    if re.search(rf"<{word}", source):
        return f"cannot open {what}: {_OPEN.get(reason, reason)}"
    if re.search(rf"(?:^|[;&|\s])\.\s{word}", source):
        return f".: cannot open {what}: {_OPEN.get(reason, reason)}"
    if re.search(r">\s*[\"']?\S*\$", source):
        return f"cannot create {what}: {_CREATE.get(reason, reason)}"
    return f"{what}: {_EXECUTE.get(reason, reason)}"


def ended(stderr: str, script: str) -> bool:
    """Whether the last line is of something for which dash's status is 2: a failed expansion or redirection, a readonly variable."""
    last = stderr.rstrip("\n").rpartition("\n")[2]
    name = re.match(r"\S+: \d+: (\w+): ", last)
    if name and re.search(rf"\$\{{{name[1]}:?\?", script):
        return True
    return re.search(r"^\S+: \d+: \w+: (?:parameter not set|parameter not set or null|is read only)$|division by zero|^\S+: \d+: cannot (?:open|create) ", last) is not None  # noqa: E501 - one table row
