"""NAME
    env, printenv, nohup, nice, ionice, timeout, setsid, stdbuf, chrt, time - run a program in other circumstances

SYNOPSIS
    env [-i] [-u NAME] [-C DIR] [NAME=VALUE...] [COMMAND [ARGUMENT...]]
    printenv [NAME...]
    timeout [-s SIGNAL] [-k DURATION] [--preserve-status] DURATION COMMAND [ARGUMENT...]
    nohup COMMAND...   nice [-n N] COMMAND...   setsid COMMAND...   stdbuf -oL COMMAND...

DESCRIPTION
    env changes the environment of a command, or prints it. timeout ends a command after so much virtual time, with exit
    status 124. The others run a command as it is.

DIFFERS FROM DEBIAN
    Priorities, sessions and buffering have no effect.
"""

from __future__ import annotations

import errno
import posixpath
import re

from simulator.net.timed_input import pause
from simulator.shell import marks
from simulator.shell.getopt import getopt, quote, try_help, usage
from simulator.unix.program import Killed, Process, program


def run_other(p: Process, argv: list[str], failed: int = 127, denied: int = 126, words: str = "") -> int:
    """Run a command in this program's place; on failure print coreutils' line and return its status."""
    try:
        done = p.run(argv, p.stdin)
    except OSError as error:
        shown = f"'{argv[0]}'" if words.endswith("'") else quote(p, argv[0])
        p.err(f"{p.argv[0]}: {words.removesuffix(chr(39))}{shown}: {error.strerror}\n")
        return failed if error.errno == errno.ENOENT else denied
    return p.relay(done)


@program("/usr/bin/env")
def env(p: Process) -> int:
    """env(1)."""
    options = getopt(
        p, "iu:0C:S:v", {"ignore-environment": "i", "unset=": "u", "null": "0", "chdir=": "C", "split-string=": "S"}, status=125, permute=False
    )
    words = options.operands
    if "S" in options:
        words = options.value("S").split() + words
    variables = {} if "i" in options or words[:1] == ["-"] else dict(p.env)
    words = words[1:] if words[:1] == ["-"] else words
    for name in options.values("u"):
        variables.pop(name, None)
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    if "C" in options:
        p.cwd = posixpath.join(p.cwd, options.value("C"))
    if not words:
        end = "\0" if "0" in options else "\n"
        p.out("".join(f"{name}={value}{end}" for name, value in variables.items()))
        return 0
    try:
        return p.relay(p.run(words, p.stdin, env=variables))
    except OSError as error:
        p.err(f"{p.argv[0]}: {quote(p, words[0])}: {error.strerror}\n")
        return 127 if error.errno == errno.ENOENT else 126


@program("/usr/bin/printenv")
def printenv(p: Process) -> int:
    """printenv(1)."""
    options = getopt(p, "0", {"null": "0"}, status=2)
    variables = p.env
    if not options.operands:
        p.out("".join(f"{name}={value}\n" for name, value in variables.items()))
        return 0
    found = [variables[name] for name in options.operands if name in variables]
    p.out("".join(f"{value}\n" for value in found))
    return 0 if len(found) == len(options.operands) else 1


_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> float | None:
    """A number with a unit as sleep(1) and timeout(1) read it; None if it is none."""
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)([smhd]?)", text)
    return float(match[1]) * _SECONDS[match[2]] if match else None


@program("/usr/bin/timeout")
def timeout(p: Process) -> int:
    """timeout(1)."""
    options = getopt(
        p, "k:s:v", {"kill-after=": "k", "signal=": "s", "preserve-status": "p", "foreground": "f", "verbose": "v"}, status=125, permute=False
    )
    if len(options.operands) < 2:
        raise try_help(p, 125)
    limit = duration(options.operands[0])
    if limit is None:
        raise usage(p, f"invalid time interval {quote(p, options.operands[0])}", 125)
    outer, end = p.host.deadline, p.clock.now + limit
    if limit:
        p.host.deadline = end if outer is None else min(outer, end)
    try:
        return run_other(p, options.operands[1:], words="failed to run command ")
    except Killed as death:
        if outer is not None and outer <= end:
            raise
        if death.written is not None:
            p.out(death.written.stdout)
            p.err(death.written.stderr)
        if options.value("s") in ("9", "KILL", "SIGKILL"):
            raise Killed(9) from None  # it ends itself by the same signal
        return 143 if "p" in options else 124
    finally:
        p.host.deadline = outer


@program("/usr/bin/sleep")
def sleep(p: Process) -> int:
    """sleep(1)."""
    options = getopt(p, "")
    if not options.operands:
        raise usage(p, "missing operand")
    lengths = [duration(word) for word in options.operands]
    wrong = [word for word, length in zip(options.operands, lengths, strict=True) if length is None and word != "infinity"]
    for word in wrong:
        p.err(f"{p.argv[0]}: invalid time interval {quote(p, word)}\n")
    if wrong:
        raise try_help(p)
    total = sum(86400 * 365 if length is None else length for length in lengths)
    if p.env.get(marks.VARIABLE) == marks.PAUSE:
        p.out(pause(total))
    else:
        p.sleep(total)
    return 0


@program("/usr/bin/nohup")
def nohup(p: Process) -> int:
    """nohup(1)."""
    options = getopt(p, "", status=125, permute=False)
    if not options.operands:
        raise usage(p, "missing operand", 125)
    if p.tty:
        p.err("nohup: ignoring input and appending output to 'nohup.out'\n")
    return run_other(p, options.operands, words="failed to run command '")


@program("/usr/bin/nice", "/usr/bin/ionice")
def nice(p: Process) -> int:
    """nice(1), ionice(1)."""
    if len(p.argv) > 1 and re.fullmatch(r"-\d+", p.argv[1]):
        p.argv[1:2] = ["-n", p.argv[1][1:]]
    options = getopt(p, "n:c:p:t", {"adjustment=": "n"}, status=125, permute=False)
    if not options.operands:
        p.out("0\n" if p.name == "nice" else "none: prio 0\n")
        return 0
    return run_other(p, options.operands)


@program("/usr/bin/setsid", "/usr/bin/chrt")
def setsid(p: Process) -> int:
    """setsid(1)."""
    options = getopt(p, "cfw", {"ctty": "c", "fork": "f", "wait": "w"}, permute=False)
    if not options.operands:
        raise usage(p, "no command specified")
    return run_other(p, options.operands, words="failed to execute ")


@program("/usr/bin/stdbuf")
def stdbuf(p: Process) -> int:
    """stdbuf(1)."""
    options = getopt(p, "i:o:e:", {"input=": "i", "output=": "o", "error=": "e"}, status=125, permute=False)
    if not options.operands:
        raise usage(p, "missing operand", 125)
    if not options.found:
        raise usage(p, "you must specify a buffering mode option", 125)
    p.unbuffered = True
    return run_other(p, options.operands, words="failed to run command ")
