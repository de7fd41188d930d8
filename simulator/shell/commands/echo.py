"""NAME
    true, false, echo, printf, pwd, test, [ - small programs that shells have built in

SYNOPSIS
    echo [-neE] [TEXT...]     printf FORMAT [ARGUMENT...]     test EXPRESSION     pwd

DESCRIPTION
    A shell runs its own builtins of these names; the programs serve find, xargs, env and full paths such as /usr/bin/printf.
"""

from __future__ import annotations

import posixpath
import re
import shlex

from simulator.shell.escapes import interpret
from simulator.shell.test import TestError, evaluate
from simulator.unix.program import Process, program


@program("/usr/bin/true")
def true(p: Process) -> int:
    """true(1)."""
    return 0


@program("/usr/bin/false")
def false(p: Process) -> int:
    """false(1)."""
    return 1


@program("/usr/bin/pwd")
def pwd(p: Process) -> int:
    """pwd(1)."""
    p.out(p.fs.realpath(p.cwd) + "\n")
    return 0


@program("/usr/bin/echo")
def echo(p: Process) -> int:
    """echo(1)."""
    words, letters = p.argv[1:], ""
    while words and re.fullmatch(r"-[neE]+", words[0]):
        letters += words.pop(0)[1:]
    text = " ".join(words)
    escapes = [letter for letter in letters if letter in "eE"][-1:] == ["e"]
    cut = text.find("\\c") if escapes else -1
    p.out((interpret(text[:cut] if cut >= 0 else text) if escapes else text) + ("" if "n" in letters or cut >= 0 else "\n"))
    return 0


@program("/usr/bin/printf")
def printf(p: Process) -> int:
    """printf(1): the shell's own, with the program's words for what is wrong."""
    from simulator.shell.bash import Shell

    if len(p.argv) < 2:
        p.err(f"{p.argv[0]}: missing operand\nTry '{p.argv[0]} --help' for more information.\n")
        return 1
    shell = Shell(p.host, p.user, p.cred, p.env, p.cwd, name=p.argv[0])
    done = shell.run_script(shlex.join(["printf", *p.argv[1:]]), [])
    p.out(done.stdout)
    stderr = re.sub(r"^.*line \d+: printf: (.*): invalid number$", rf"{p.argv[0]}: ‘\1’: expected a numeric value", done.stderr, flags=re.M)
    p.err(re.sub(r"^.*line \d+: printf: ", f"{p.argv[0]}: ", stderr, flags=re.M))
    return done.exit_code


@program("/usr/bin/test", "/usr/bin/[")
def test(p: Process) -> int:
    """test(1)."""
    args = p.argv[1:]
    if posixpath.basename(p.argv[0]) == "[":
        if not args or args[-1] != "]":
            p.err(f"{p.argv[0]}: missing ‘]’\n")
            return 2
        args.pop()
    try:
        return 0 if evaluate(args, p.fs, p.cred, p.cwd, p.tty) else 1
    except TestError as error:
        p.err(f"{p.argv[0]}: {error}\n")
        return 2
