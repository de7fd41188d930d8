"""What a word is to a shell: keyword, builtin, function, alias or program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.shell.call import Call
from simulator.unix.program import Result

if TYPE_CHECKING:
    from simulator.shell.bash import Shell

KEYWORDS = "if then else elif fi case esac for select while until do done in function time { } ! [[ ]] coproc".split()
BASH_BUILTINS = (
    ". : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo enable eval exec exit "
    "export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return set "
    "shift shopt source suspend test times trap true type typeset ulimit umask unalias unset wait"
).split()
#: Functions of ours that stand before builtins.
OWN_FUNCTIONS = ("history", "kill", "cd", "type", "sh", "bash", "rbash", "dash", "printf")


def type_(shell: Shell, call: Call) -> Result:
    """What a word is: alias, keyword, function, builtin or program. The first arguments are the shell's aliases and functions."""
    aliases, functions, *args = call.argv
    if shell.dash:
        return _dash_type(shell, call, args, functions)
    options = "".join(arg[1:] for arg in args if arg.startswith("-"))
    out, err, missing = "", "", False
    for word in (arg for arg in args if not arg.startswith("-")):
        kind, text = _own(word, aliases, functions)
        kind, text = (kind, text) if kind and "P" not in options else _kind(shell, call, word)
        if not kind:
            missing = True
            if not set(options) & set("tpP"):
                err += shell.complaint("type", f"type: {word}: not found")
        elif "t" in options:
            out += f"{kind}\n"
        elif "p" in options or "P" in options:
            out += f"{text}\n" if kind == "file" else ""
        else:
            out += f"{word} is {text}\n"
    return Result(out, err, 1 if missing else 0)


def _dash_type(shell: Shell, call: Call, words: list[str], functions: str) -> Result:
    """dash knows no options, and says all on stdout."""
    out, status = "", 0
    for word in words:
        kind, text = _own(word, "", functions)
        kind, text = (kind, "a shell function") if kind else _kind(shell, call, word)
        out += f"{word} is {text}\n" if kind else f"{word}: not found\n"
        status = status if kind else 127
    return Result(out, "", status)


def _own(word: str, aliases: str, functions: str) -> tuple[str, str]:
    """An alias of the user, or a function that is not one of ours."""
    alias = re.search(rf"^alias {re.escape(word)}='(.*)'$", aliases, re.M)
    if alias:
        return "alias", f"aliased to `{alias[1]}'"
    function = re.search(rf"^{re.escape(word)} \(\) ?\n.*?^\}}$", functions, re.M | re.S)
    if function and word not in OWN_FUNCTIONS and word not in KEYWORDS:
        return "function", f"a function\n{function[0]}"
    return "", ""


def _kind(shell: Shell, call: Call, word: str) -> tuple[str, str]:
    if word in KEYWORDS:
        return "keyword", "a shell keyword"
    if word in BASH_BUILTINS:
        return "builtin", "a shell builtin"
    try:
        return "file", shell.host.find_program(word, call.env, call.cwd, shell.cred)
    except OSError:
        return "", ""
