"""What bash 5.2 says when something fails.

bashkit speaks nearly as bash does; where it does not, its words are replaced here.
"""

from __future__ import annotations

import re

from simulator.shell.scanner import open_here_document

_SUGGESTION = re.compile(r"^(.*: command not found)\. .*$", re.M)
_PARSE_ERROR = re.compile(r"parse error at line (\d+), column \d+: (.*)", re.S)
_TIMES = re.compile(r"^real\t0m[\d.]+s\nuser\tunavailable\nsys\tunavailable$", re.M)
_TIMES_PLAIN = re.compile(r"^real [\d.]+\nuser unavailable\nsys unavailable$", re.M)
_LIMIT = re.compile(r"(?:bash: line \d+: )?(?:resource limit exceeded|execution error): (.*)")

#: bashkit's words and the real ones, where a plain replacement does: of bash itself, of mawk and of sort.
_WORDS = (
    ("invalid variable name", r"^(.*line \d+: )read: (.*): invalid variable name$", r"\1read: `\2': not a valid identifier"),
    ("missing ]", r"^missing ]$", "[: missing `]'"),
    ("awk: ", r"^awk: fatal: (?:cannot open file|can't open source file) `(.*)' for reading: (.*)$", r"awk: cannot open \1 (\2)"),
    ("awk: ", r"^awk: cmd\. line:1: fatal: function `(.*)' not defined$", r"awk: line 2: function \1 never defined"),
    (
        "awk: ",
        r"^awk: cmd\. line:\d+: .*\{.*\n(awk: cmd\. line:\d+:).*unexpected newline or end of string$",
        "awk: line 2: missing } near end of file",
    ),
    (
        "awk: ",
        r"^awk: cmd\. line:(\d+): .*\nawk: cmd\. line:\d+:.*unexpected newline or end of string$",
        r"awk: line \1: syntax error at or near end of line",
    ),
    ("awk: ", r"^awk: cmd\. line:(\d+): .*\nawk: cmd\. line:\d+:.* syntax error$", r"awk: line \1: syntax error at or near ,"),
    ("sort: ", r"^sort: (\S+): io error: (.*)$", r"sort: open failed: \1: \2"),
    ("sort: ", r"^sort: (\S+): Is a directory$", r"sort: read failed: \1: Is a directory"),
    ("sort: ", r"^sort: (\S+): (No such file or directory|Permission denied)$", r"sort: cannot read: \1: \2"),
    ("sort: ", r"^(sort: (?:invalid option|option requires).*)$", r"\1\nTry 'sort --help' for more information."),
    (
        "sort: ",
        r"^sort: invalid field specification '(.*)': invalid number at field start$",
        r"sort: invalid number at field start: invalid count at start of ‘\1’",
    ),
    ("sort: ", r"^sort: multi-character tab '(.*)'$", r"sort: multi-character tab ‘\1’"),
    (
        "Usage: sed",
        r"^Usage: sed .*\n(?:Usage: sed .*\n)?Stream editor for .*\n\n(?:[ \t].*\n)*",
        "Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n\n"
        "simulator: sed: its list of options is not simulated; see man sed\n",
    ),
    ("unclosed group", r"invalid pattern: regex parse error: .* error: unclosed group$", r"Unmatched ( or \\("),
    ("unopened group", r"invalid pattern: regex parse error: .* error: unopened group$", r"Unmatched ) or \\)"),
    ("unclosed counted", r"invalid pattern: regex parse error: .* error: unclosed counted repetition$", r"Unmatched \\{"),
    ("couldn't open", r"^(sed: couldn't open file .*: )io error: ", r"\1"),
    ("unmatched `{", r"^(sed: -e expression #1, char )\d+(: unmatched `\{')$", r"\g<1>0\2"),
    ("unknown option to", r"^(sed: .*: unknown option to `s'): `.*'$", r"\1"),
    ("cannot write", r"^sed: \S+: cannot write '((?:.*/)?)[^/]*': io error: (.*)$", r"sed: couldn't open temporary file \1sedXXXXXX: \2"),
)
_COMPILED = tuple((sign, re.compile(pattern, re.M), words) for sign, pattern, words in _WORDS)


def syntax_fault(complaint: str, name: str) -> str:
    """bashkit's complaint about a script that it did not even begin, as a line of the shell; "" if it is none."""
    match = _PARSE_ERROR.search(complaint)
    return f"{name}: line {match[1]}: {match[2].strip()}\n" if match else ""


def bash_syntax(stderr: str, script: str, name: str, where: str) -> str:
    """bash's lines for a syntax error; a wrong token is shown with its line. `where` is "-c: " for the word after -c."""
    lines = script.split("\n")

    def words(match: re.Match[str]) -> str:
        number, text = int(match[1] or 1), _bash_fault(match[2])
        head = f"{name}: {where}line {number}: "
        shown = f"\n{head}`{lines[number - 1] if number <= len(lines) else ''}'" if "near" in text else ""
        return f"{head}{text}{shown}"

    return fault_lines(name).sub(words, stderr)


def _bash_fault(text: str) -> str:
    if "unterminated command substitution" in text:
        return "unexpected EOF while looking for matching `)'"
    known = "near unexpected token" in text or "unexpected EOF" in text or text.endswith("unexpected end of file")
    return text if known else "syntax error near unexpected token `newline'"


def fault_lines(name: str) -> re.Pattern[str]:
    """bashkit's line for a syntax error; of `bash -c` it shows the wrong line too, which begins with our own functions."""
    kinds = "syntax error near unexpected token .*|syntax error: .*|unexpected EOF while looking for matching .*"
    head = rf"{re.escape(name)}: (?:-c: )?"
    return re.compile(rf"^{head}(?:line (\d+): )?({kinds})(?:\n{head}line \d+: `.*')?$", re.M)


def bash_text(stderr: str, seconds: float) -> str:
    """bashkit's stderr in bash's words. `seconds` of virtual time passed, for `time`."""
    if not stderr:
        return ""
    if "command not found. " in stderr:
        stderr = _SUGGESTION.sub(r"\1", stderr)
    if "unavailable" in stderr:
        stderr = _TIMES_PLAIN.sub(f"real {seconds:.2f}\nuser 0.00\nsys 0.00", stderr)
        stderr = _TIMES.sub(f"real\t{_minutes(seconds + 0.001)}\nuser\t0m0.000s\nsys\t0m0.000s", stderr)
    if "limit exceeded" in stderr or "execution error" in stderr:
        stderr = _LIMIT.sub(lambda match: f"simulator: bash: {match[1]}", stderr)
        stderr = stderr if stderr.endswith("\n") else stderr + "\n"
    for sign, pattern, words in _COMPILED:
        if sign in stderr:
            stderr = pattern.sub(words, stderr)
    return stderr


def by_script(stderr: str, script: str, terminal: bool) -> str:
    """What can only be said right with a look at the script."""
    if "exec" in script and ": command not found" in stderr:

        def executed(match: re.Match[str]) -> str:
            word = re.search(rf"(?<![-\w])exec\s+{re.escape(match[2])}(?![\w./-])", script)
            return f"{match[1]}exec: {match[2]}: not found" if word else match[0]

        stderr = re.sub(r"(line \d+: )(\S+): command not found$", executed, stderr, flags=re.M)
    if "division by 0" in stderr:

        def divided(match: re.Match[str]) -> str:
            blanks = re.search(rf"\(\(\s*{re.escape(match[1])}(\s+)\)\)", script)
            return f"{match[1]}{blanks[1]}{match[2]}{blanks[1]}{match[3]}" if blanks else match[0]

        stderr = re.sub(r"(?<=: )([^:\n]+)(: division by 0 \(error token is \".*)(\"\))$", divided, stderr, flags=re.M)
    if "parameter null or not set" in stderr:

        def not_set(match: re.Match[str]) -> str:
            return f"{match[1]}: parameter not set" if f"${{{match[1]}?" in script else match[0]

        stderr = re.sub(r"(\w+): parameter null or not set$", not_set, stderr, flags=re.M)
    if "operand expected" in stderr:

        def lacking(match: re.Match[str]) -> str:
            blanks = re.search(rf"\(\(\s*{re.escape(match[1])}(\s+)\)\)", script)
            expression = match[1] + (blanks[1] if blanks and f"(({match[1]}" not in script else "")
            token = re.search(r"\W*$", expression)
            return f'{expression}{match[2]} (error token is "{token[0].lstrip() if token else ""}")'

        stderr = re.sub(r"(?<=: )([^:\n]+)(: syntax error: operand expected)$", lacking, stderr, flags=re.M)
    if "no such job" in stderr and not terminal:
        stderr = re.sub(r"\b([fb]g): current: no such job$", r"\1: no job control", stderr, flags=re.M)
    return stderr


def ends_expansion(stderr: str, script: str) -> bool:
    """Whether the last line says that an expansion failed, which ends a shell."""
    last = stderr.rstrip("\n").rpartition("\n")[2]
    name = re.match(r"[\w./-]+: line \d+: (\w+): ", last)
    return last.endswith("unbound variable") or (name is not None and re.search(rf"\$\{{{name[1]}:?\?", script) is not None)


def here_document_warning(script: str, name: str) -> str:
    """bash's warning about a here-document that the end of the script ends."""
    found = open_here_document(script)
    if found is None:
        return ""
    number, word = found
    last = script.rstrip("\n").count("\n") + 1
    return f"{name}: line {last}: warning: here-document at line {number} delimited by end-of-file (wanted `{word}')\n"


def merged_text(stdout: str) -> str:
    """The same where a line merged stderr into stdout."""
    if "(bashkit)" in stdout:
        stdout = stdout.replace("sed (bashkit) 0.1", "sed (GNU sed) 4.9")
    return _SUGGESTION.sub(r"\1", stdout) if "command not found. " in stdout else stdout


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)}m{seconds % 60:.3f}s"


def without_lines(stderr: str) -> str:
    """An interactive shell names no line."""
    return re.sub(r"^(-?\w+): line \d+: ", r"\1: ", stderr, flags=re.M)
