"""Builtins of the shell that must know the user, the files' owners or the virtual processes.

bashkit has these words too, but its `test` knows no rights, its `cd` enters closed directories, its `umask` has no effect
on our files, and its `type` calls every program a builtin.
"""

from __future__ import annotations

import errno
import os
import posixpath
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.shell import dash_builtins, virtual
from simulator.shell.call import Call
from simulator.shell.own_pid import to_itself
from simulator.shell.signals import SIGNALS, send_signals, signal_number
from simulator.shell.test import TestError, evaluate
from simulator.shell.words import type_
from simulator.unix.fs import EXECUTE
from simulator.unix.program import Result

if TYPE_CHECKING:
    from simulator.shell.bash import Shell


#: Functions that stand before words of bash: what is ours has names of its own. `cd` asks for the way, then bashkit goes it.
FUNCTIONS = (
    'history() { __history "$@"; }; kill() { __kill "$!" "$@"; }; '
    'cd() { local d; d=$(__cd "${OLDPWD-}" "${HOME-}" "$@") || return 1; command cd "$d" && { [ "${1-}" != - ] || pwd; }; }; '
    'type() { __type "$(alias)" "$(declare -f)" "$@"; }'
)


def status(shell: Shell, call: Call) -> Result:
    """Restore `$?` of the line before."""
    return Result("", "", int(call.argv[0]))


def change_directory(shell: Shell, call: Call) -> Result:
    """Where `cd` goes; or why it cannot. Its first two arguments are OLDPWD and HOME."""
    old, home, *args = call.argv
    options = [arg for arg in args if re.fullmatch(r"-[LPe@]+|--", arg)]
    args = args[len(options) :]
    if len(args) > 1:
        return Result("", shell.complaint("cd ", "cd: too many arguments"), 1)
    target = args[0] if args else home
    if target == "-":
        if not old:
            return Result("", shell.complaint("cd ", "cd: OLDPWD not set"), 1)
        target = old
    path = posixpath.join(call.cwd, target)
    try:
        entry = shell.fs.stat(path, shell.cred)
        if not entry.is_dir:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not shell.fs.access(path, EXECUTE, shell.cred):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return Result(shell.fs.realpath(path, shell.cred) if "-P" in options else path)
    except OSError as error:
        return Result("", shell.complaint("cd ", f"cd: {target}: {error.strerror}"), 1)


def test(shell: Shell, call: Call) -> Result:
    """test(1) and `[`."""
    args = list(call.argv)
    if call.name == "[":
        if not args or args[-1] != "]":
            return Result("", shell.complaint("[ ", "[: missing `]'"), 2)
        args.pop()
    try:
        return Result("", "", 0 if evaluate(args, shell.fs, shell.cred, call.cwd, shell.tty, shell.dash) else 1)
    except TestError as error:
        return Result("", shell.complaint(f"{call.name} ", f"{call.name}: {error}"), 2)


def umask(shell: Shell, call: Call) -> Result:
    """Show or set the mask for new files."""
    symbolic = "-S" in call.argv
    args = [arg for arg in call.argv if arg not in ("-S", "-p")]
    mask = shell.cred.umask
    if not args:
        return Result(f"{_symbolic(mask)}\n" if symbolic else f"{'umask ' if '-p' in call.argv else ''}{mask:04o}\n")
    if re.fullmatch(r"[0-7]+", args[0]) and int(args[0], 8) <= 0o777:
        shell.set_umask(int(args[0], 8))
        return Result()
    if args[0][:1].isdigit():
        return Result("", shell.complaint("umask", f"umask: {args[0]}: octal number out of range"), 1)
    match = re.fullmatch(r"([ugoa]*)([=+-])([rwx]*)", args[0])
    if match is None:
        return Result("", shell.complaint("umask", f"umask: `{args[0][:1]}': invalid symbolic mode character"), 1)
    shell.set_umask(_changed(mask, match[1], match[2], match[3]))
    return Result()


def _symbolic(mask: int) -> str:
    def letters(bits: int) -> str:
        return "".join(letter for letter, bit in zip("rwx", (4, 2, 1), strict=True) if bits & bit)

    allowed = ~mask
    return f"u={letters(allowed >> 6)},g={letters(allowed >> 3)},o={letters(allowed)}"


def _changed(mask: int, who: str, sign: str, what: str) -> int:
    bits = sum({"r": 4, "w": 2, "x": 1}[letter] for letter in set(what))
    spread = sum(bits << {"u": 6, "g": 3, "o": 0}[letter] for letter in set(who.replace("a", "ugo") or "ugo"))
    field = sum(7 << {"u": 6, "g": 3, "o": 0}[letter] for letter in set(who.replace("a", "ugo") or "ugo"))
    if sign == "=":
        return (mask & ~field) | (field & ~spread)
    return mask & ~spread if sign == "+" else mask | spread


def kill(shell: Shell, call: Call) -> Result:
    """Send a signal: the builtin. A signal to the shell itself ends it (raises Killed). Its first argument is `$!`.

    A job in the background has run to its end at once, so a signal to it arrives and does nothing.
    """
    job, *words = call.argv
    if words[:1] in (["-l"], ["-L"]):
        return Result(_signal_list(words[1:]))
    if not words and shell.dash:
        usage = "kill: Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]\n"
        return Result("", shell.complaint("kill", usage), 2)
    if not words:
        return Result("", "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n", 2)
    if to_itself(shell.pid, words):
        return Result()
    if job and words[-1] in (job, "%1", "%%", "%+"):
        return Result()
    jobs = [word for word in words if word.startswith("%")]
    if jobs:
        return Result("", shell.complaint("kill", f"kill: {jobs[0]}: no such job"), 1)
    head = shell.complaint("kill", "kill: ").rstrip("\n")
    status, text = send_signals(shell.host, shell.user, shell.cred, words, head, " -")
    return Result("", text, status)


def _signal_list(words: list[str]) -> str:
    """`kill -l`: all signals in columns, or the other form of one."""
    if words:
        number = signal_number(words[0]) or 0
        return f"{SIGNALS[number - 1] if words[0].isdigit() and number else number}\n"
    cells = [f"{number:2}) SIG{name}" for number, name in enumerate(SIGNALS, 1)]
    return "".join("\t".join(cells[at : at + 5]) + "\n" for at in range(0, len(cells), 5))


def history(shell: Shell, call: Call) -> Result:
    """The lines typed at this terminal; a shell without one keeps none."""
    if call.argv[:1] == ["-c"]:
        shell.typed.clear()
        return Result()
    count = int(call.argv[0]) if call.argv and call.argv[0].isdigit() else len(shell.typed)
    numbered = list(enumerate(shell.typed, 1))[max(0, len(shell.typed) - count) :]
    return Result("".join(f"{number:5}  {line}\n" for number, line in numbered))


def help_(shell: Shell, call: Call) -> Result:
    """bash's short texts about its builtins."""
    return Result("", "simulator: bash: help is not simulated; see man bash\n", 1)


#: By name; the double underscores are words that only our own functions use.
BUILTINS: dict[str, Callable[[Shell, Call], Result]] = {
    "[": test, "test": test, "umask": umask, "help": help_, "__type": type_, "__kill": kill, "__history": history, "__status": status,
    "__cd": change_directory, "__clock": virtual.clock, "__printf": virtual.printf, "__dash_echo": dash_builtins.dash_echo,
    "__missing": dash_builtins.missing, "__dash_fault": dash_builtins.dash_fault, "__dot": dash_builtins.dash_source,
}  # fmt: skip
