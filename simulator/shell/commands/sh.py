"""NAME
    bash, sh, dash - run commands

SYNOPSIS
    bash [-ceuxnl] [-c COMMANDS [NAME [ARGUMENT...]]] [FILE [ARGUMENT...]]
    sh   [-ceux]   [-c COMMANDS [NAME [ARGUMENT...]]] [FILE [ARGUMENT...]]

DESCRIPTION
    Run commands from the word after -c, from a file, or from standard input. A script sees its arguments as $1, $2 ... and
    what was exported before. On Debian /bin/sh is dash, which words its messages in its own way.

DIFFERS FROM BASH AND DASH
    Both are the same interpreter: what dash does not know (arrays, [[ ]]) works here. Background jobs run at once and to
    their end. A command in a loop does not take away from the loop's standard input. Job control, and an interactive shell
    inside a script, are not simulated.
"""

from __future__ import annotations

import errno
import posixpath
import re

from simulator.shell.bash import Shell
from simulator.unix.program import Process, program

_BASH_USAGE = """\
Usage:	bash [GNU long option] [option] ...
	bash [GNU long option] [option] script-file ...
GNU long options:
	--debug
	--debugger
	--dump-po-strings
	--dump-strings
	--help
	--init-file
	--login
	--noediting
	--noprofile
	--norc
	--posix
	--pretty-print
	--rcfile
	--restricted
	--verbose
	--version
Shell options:
	-ilrsD or -c command or -O shopt_option		(invocation only)
	-abefhkmnptuvxBCEHPT or -o option
"""
_VERSION = """\
GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)
Copyright (C) 2022 Free Software Foundation, Inc.
License GPLv3+: GNU GPL version 3 or later <http://gnu.org/licenses/gpl.html>

This is free software; you are free to change and redistribute it.
There is NO WARRANTY, to the extent permitted by law.
"""
_LONG = ("login", "norc", "noprofile", "posix", "noediting", "verbose", "restricted")
_BASH_LETTERS, _DASH_LETTERS = "abefhiklmnpstuvxBCEHPTrc", "abcefhilmnsuvxIVE"


@program("/usr/bin/bash", "/usr/bin/rbash")
def bash(p: Process) -> int:
    """bash(1)."""
    return _run(p, dash=False)


@program("/usr/bin/dash", "/usr/bin/sh")
def dash(p: Process) -> int:
    """dash(1)."""
    return _run(p, dash=True)


def _run(p: Process, dash: bool) -> int:
    args = p.argv[1:]
    letters = ""
    while args and args[0][:1] in "-+" and args[0] not in ("-", "--"):
        word = args.pop(0)
        if word.startswith("--"):
            status = _long_option(p, word[2:], dash)
            if status is not None:
                return status
            continue
        if word == "-o" and args:
            args.pop(0)
            continue
        unknown = re.sub(f"[{_DASH_LETTERS if dash else _BASH_LETTERS}]", "", word[1:])
        if unknown:
            return _invalid(p, unknown[0], dash)
        letters += word[1:]
    if args and args[0] in ("-", "--"):
        args.pop(0)
    return _start(p, letters, args, dash)


def _long_option(p: Process, name: str, dash: bool) -> int | None:
    if dash:
        return _invalid(p, "-", dash)
    if name == "version":
        p.out(_VERSION)
        return 0
    if name in _LONG:
        return None
    p.err(f"bash: --{name}: invalid option\n{_BASH_USAGE}")
    return 2


def _invalid(p: Process, letter: str, dash: bool) -> int:
    p.err(f"{p.argv[0]}: 0: Illegal option -{letter}\n" if dash else f"{p.argv[0]}: -{letter}: invalid option\n{_BASH_USAGE}")
    return 2


def _start(p: Process, letters: str, args: list[str], dash: bool) -> int:
    options = "".join(sorted(set(letters) & set("eux")))
    options = f"-{options}" if options else ""
    if "c" in letters:
        if not args:
            p.err(f"{p.argv[0]}: 0: -c requires an argument\n" if dash else f"{p.argv[0]}: -c: option requires an argument\n")
            return 2
        name = args[1] if len(args) > 1 else p.argv[0]
        return _script(p, args[0], name, args[2:], p.stdin, options, dash, command=True)
    if args and "s" not in letters:
        return _file(p, args[0], args[1:], options, dash)
    if p.tty and not p.stdin:
        p.err(f"simulator: {p.name}: an interactive shell inside another is not simulated\n")
        return 1
    return _script(p, p.stdin, p.argv[0], args, "", options, dash)


def _file(p: Process, name: str, args: list[str], options: str, dash: bool) -> int:
    try:
        content = p.read(name)
    except OSError as error:
        return _unreadable(p, name, error, dash)
    if b"\0" in content[:80].split(b"\n", 1)[0]:
        p.err(f"{name}: {name}: cannot execute binary file\n")
        return 126
    return _script(p, content.decode("utf-8", "surrogateescape"), name, args, p.stdin, options, dash)


def _unreadable(p: Process, name: str, error: OSError, dash: bool) -> int:
    if dash:
        text = "No such file" if error.errno == errno.ENOENT else error.strerror
        p.err(f"{p.argv[0]}: 0: cannot open {name}: {text}\n")
        return 2
    if error.errno == errno.EISDIR:
        p.err(f"{name}: {name}: Is a directory\n")
        return 126
    p.err(f"{p.argv[0]}: {name}: {error.strerror}\n")
    return 127 if error.errno == errno.ENOENT else 126


def _script(p: Process, text: str, name: str, args: list[str], stdin: str, options: str, dash: bool, command: bool = False) -> int:
    shell = Shell(p.host, p.user, p.caller, p.env, p.cwd, p.tty, name, dash=dash or posixpath.basename(p.argv[0]) == "sh", pid=p.pid)
    done = shell.run_script(text, args, stdin, options, command)
    return p.relay(done)
