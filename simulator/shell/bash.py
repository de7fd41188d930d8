"""A shell: bash, or dash as /bin/sh, for one user on one host.

A shell of a terminal lives as long as the terminal and keeps directory, variables, functions and `$?`; others run one
script and end. Lines are run by an `Engine`; this module decides what a command word means here: a program file found
along PATH with the user's rights, a script with its interpreter, or a builtin of our own.
"""

from __future__ import annotations

import errno
import posixpath
import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.shell import dash_text, engine, marks, messages, own_pid
from simulator.shell.builtins import BUILTINS
from simulator.shell.call import Call, Ended
from simulator.shell.capsule import EXECUTE_WORD, PROGRAM_WORD, STDIN_PATH
from simulator.shell.dash_script import as_dash
from simulator.shell.engine import Outcome
from simulator.shell.environment import dash_environment
from simulator.shell.native import NATIVE
from simulator.shell.scanner import open_here_document
from simulator.shell.words import BASH_BUILTINS, KEYWORDS, OWN_FUNCTIONS
from simulator.unix.fs import Cred, Fs
from simulator.unix.program import Killed, Result

if TYPE_CHECKING:
    from simulator.unix.host import Host

#: Functions that stand before words which bashkit would run in its own way.
_FUNCTIONS = engine.SHELL_FUNCTIONS + "; "
#: dash's echo knows no options and always interprets backslashes.
_DASH_ECHO = 'echo() { __dash_echo "$@"; }; '
_DASH_DIFFERS = re.compile(r"\becho\b.*(\\|-[eE])")
#: A word where a command may stand: at the beginning, after an operator, a keyword or assignments.
_COMMAND_WORD = re.compile(
    r"(?:^|[;&|(){}!`\n]|\b(?:do|then|else|elif|if|while|until|exec|time|command|eval)\b)\s*(?:[A-Za-z_]\w*=\S*\s+)*((?:[\w.~+@%-]*/)*[\w.+@%-]+)"
)
#: What may leave marks that bashkit cannot wipe off an interpreter: open files (`exec > FILE`) and arguments (`set -- a`).
_LASTING = re.compile(r"\b(?:exec|set|eval|source)\b|(?:^|[\s;&|(){}])\.\s")
#: Our functions, as `declare -f` and `declare -F` show them.
_OWN_DECLARATIONS = re.compile(r"^(?:{0}) \(\) \n\{{ \n(?: .*\n)*\}}\n|^declare -f (?:{0})\n".format("|".join(OWN_FUNCTIONS)), re.M)
_NOT_SCRIPTS = frozenset((*BASH_BUILTINS, *KEYWORDS))
_NOT_EXPORTED = ("_", "SHLVL", "PWD", "OLDPWD")
#: What a shell searches that was started without PATH (config-top.h of Debian's bash).
DEFAULT_PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:."
DASH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_HISTORY_SIZE = 500
_DASH_FAULT, _EXIT_NOT_EXECUTABLE, _EXIT_NOT_FOUND = 2, 126, 127


class Shell:
    """One shell. `name` is its `$0`; `dash` makes it speak as dash does; `native` is a tool to be run as bashkit has it."""

    def __init__(
        self,
        host: Host,
        user: str,
        cred: Cred,
        env: dict[str, str],
        cwd: str,
        tty: bool = False,
        name: str = "bash",
        dash: bool = False,
        native: str = "",
        pid: int = 0,
    ) -> None:
        self.host, self.user, self.cred, self.tty, self.name, self.dash = host, user, cred, tty, name, dash
        self.pid = pid or host.new_pid()
        self._inherited = env
        self.status, self.started = 0, host.clock.now
        self.typed: list[str] = []
        self.stdin = b""
        self._script, self._reusable = "", True
        self._level = int(env["SHLVL"]) + 1 if env.get("SHLVL", "").isdigit() else 1
        self._path = env.get("PATH", DEFAULT_PATH)
        self._engine = engine.take(self._path, native)
        self._engine.caller = self
        self._engine.run(self._setup(env, cwd))

    def _setup(self, env: dict[str, str], cwd: str) -> str:
        settings = {key: value for key, value in env.items() if key not in _NOT_EXPORTED and re.fullmatch(r"[A-Za-z_]\w*", key)}
        exports = " ".join(f"{key}={shlex.quote(value)}" for key, value in settings.items())
        missing = "".join(f"{name}={shlex.quote(value)}; " for name, value in self._defaults().items() if name not in env)
        missing += "" if "HOME" in env else "unset HOME; "
        old = f"export OLDPWD={shlex.quote(env['OLDPWD'])}" if "OLDPWD" in env else "unset OLDPWD"
        own = f"HOSTNAME={self.host.hostname} RANDOM={self._seed()}" + ("; shopt -s expand_aliases" if self.tty else "")
        return f"{missing}export {exports} SHLVL={self._level}; {own}; command cd {shlex.quote(cwd)}; {old}"

    def _seed(self) -> int:
        """Where `$RANDOM` begins: elsewhere in each shell, at the same place in each run."""
        return (self.pid * 7919 + int(self.started * 1000)) & 0x7FFF

    def _defaults(self) -> dict[str, str]:
        return {"PATH": DASH_PATH if self.dash else DEFAULT_PATH}

    # -- what an engine asks ---------------------------------------------------------------------------------------------

    @property
    def fs(self) -> Fs:
        return self.host.fs

    def random_bytes(self, count: int) -> bytes:
        """What /dev/urandom gives: chance of the lab's seed."""
        return bytes(self.host.lab.random.randbytes(count))

    def command(self, call: Call) -> Result:
        """Run a command word that bashkit does not know, or must not run itself."""
        if call.name in BUILTINS:
            return BUILTINS[call.name](self, call)
        argv = self._argv(call)
        mark = call.env.pop(marks.VARIABLE, "")
        for sign in (marks.PAUSE, marks.FILE):
            if sign in mark:
                call.env[marks.VARIABLE] = sign
        for path, data in call.pipes.items():
            self.fs.write(path, data)
        try:
            result = self.host.execute(
                argv,
                cred=self.cred,
                user=self.user,
                env=self._handed_on(argv[0], call),
                cwd=call.cwd,
                stdin=call.stdin,
                tty=self.tty and marks.TERMINAL in mark,
            )
        except OSError as error:
            return self._not_executed(argv, call, error)
        except Killed as end:
            if self.host.deadline is not None and self.host.clock.now >= self.host.deadline:
                raise
            return own_pid.death(self, argv, end)
        finally:
            for path in call.pipes:
                self.fs.unlink(self.fs.realpath(path))
        if marks.MERGED in mark and result.stderr and result.stdout:
            return Result(str(result), "", result.exit_code)
        return result

    def _handed_on(self, word: str, call: Call) -> dict[str, str]:
        if self.dash:
            return dash_environment(call.env, self._inherited)
        return call.env | {"_": word if "/" in word else self._found(word, call) or word}

    def _argv(self, call: Call) -> list[str]:
        """A word that bashkit found along PATH comes with its full path; programs see the word as it was typed."""
        if call.name == PROGRAM_WORD:
            return call.argv
        if call.name != EXECUTE_WORD:
            return [call.name, *call.argv]
        word = call.argv[0]
        bare = posixpath.basename(word)
        if word.startswith("/") and self.fs.exists(word) and self.fs.stat(word).program and self._found(bare, call) == word:
            word = bare
        return [word, *call.argv[1:]]

    def _found(self, name: str, call: Call) -> str:
        try:
            return self.host.find_program(name, call.env, call.cwd, self.cred)
        except OSError:
            return ""

    def _not_executed(self, argv: list[str], call: Call, error: OSError) -> Result:
        word = argv[0]
        path = self._found(word, call) if "/" not in word else posixpath.join(call.cwd, word)
        if error.errno == errno.ENOEXEC:
            return self._no_format(argv, call, path)
        if "/" not in word and error.errno == errno.ENOENT and not path:
            return Result("", self.complaint(word, f"{word}: command not found"), _EXIT_NOT_FOUND)
        if error.errno == errno.ENOENT and self.fs.exists(path, self.cred):
            return Result("", self.complaint(word, f"{word}: cannot execute: required file not found"), _EXIT_NOT_FOUND)
        status = _EXIT_NOT_FOUND if error.errno == errno.ENOENT else _EXIT_NOT_EXECUTABLE
        text = "Is a directory" if self.fs.exists(path) and self.fs.stat(path).is_dir else error.strerror
        return Result("", self.complaint(word, f"{word}: {text}"), status)

    def _no_format(self, argv: list[str], call: Call, path: str) -> Result:
        """A file without `#!` is run as a script by the shell itself, unless it looks like a binary: bash(1), COMMAND EXECUTION."""
        content = self.fs.read(path, self.cred)
        if b"\0" in content.split(b"\n", 1)[0]:
            return Result("", self.complaint(argv[0], f"{argv[0]}: cannot execute binary file: Exec format error"), _EXIT_NOT_EXECUTABLE)
        shell = Shell(self.host, self.user, self.cred, call.env, call.cwd, self.tty, argv[0] if "/" in argv[0] else path, self.dash)
        return shell.run_script(content.decode("utf-8", "surrogateescape"), argv[1:], call.stdin)

    def complaint(self, word: str, text: str) -> str:
        """A message of the shell about a word of its script, with the name and line that bash or dash would give."""
        number = next((index for index, line in enumerate(self._script.split("\n"), 1) if word in line), 1)
        if self.tty:
            return f"{self.name}: {text}\n"
        return f"{self.name}: line {number}: {text}\n"

    # -- running ---------------------------------------------------------------------------------------------------------

    def execute(self, line: str) -> Result:
        """Run a line of a terminal, or the one script of `bash -c`; the shell lives on."""
        before = self.host.clock.now
        self._script = line
        if self.tty and line.strip():
            self.typed = [*self.typed[-_HISTORY_SIZE + 1 :], line]
        line = _ended(line)
        self._reusable = self._reusable and not _LASTING.search(line)
        prefix = f"__status {self.status}; " if self.status else ""
        self._engine.learn(self._scripts(line))
        outcome = self._engine.run(prefix + marks.mark(line, self))
        done = self._result(outcome, before, "" if self.tty else "-c: ")
        self.status = done.exit_code
        return done

    def run_script(self, script: str, args: list[str], stdin: str = "", options: str = "", command: bool = False) -> Result:
        """Run a script with `$0` and its arguments to its end, then end the shell. `command`: it is the word after -c."""
        before = self.host.clock.now
        self._script, self.stdin = script, stdin.encode("utf-8", "surrogateescape")
        script = _ended(as_dash(script, self._engine.parses) if self.dash else script)
        functions = _FUNCTIONS + (_DASH_ECHO if self.dash and _DASH_DIFFERS.search(script) else "")
        words = [
            f"SHLVL={self._level - 1}",
            "command",
            "bash",
            *([options] if options else []),
            "-c",
            functions + marks.mark(script, self),
            self.name,
            *args,
        ]
        try:
            self._engine.learn(self._scripts(script))
            outcome = self._engine.run(" ".join([words[0], shlex.join(words[1:])]) + (f" < {STDIN_PATH}" if stdin else ""))
        except Ended as end:
            outcome = Outcome(end.written.stdout, end.written.stderr, end.status, "", end.written.stdout + end.written.stderr)
        finally:
            self.close()
        return self._result(outcome, before, "-c: " if command else "")

    def _scripts(self, text: str) -> set[str]:
        """The command words of a text that may be scripts: paths, and names that are found along PATH as such."""
        words = set(_COMMAND_WORD.findall(text))
        bare = {word for word in words if "/" not in word} - self._engine.names - NATIVE - _NOT_SCRIPTS
        return {word for word in words if "/" in word} | {word for word in bare if f"/{word}" in text or self._is_script(word)}

    def _is_script(self, word: str) -> bool:
        for directory in self._path.split(":"):
            path = posixpath.join(directory, word)
            if self.fs.exists(path, self.cred):
                return not self.fs.stat(path, self.cred).program
        return False

    def _result(self, outcome: Outcome, before: float, where: str) -> Result:
        """The outcome in the words of this shell. `where` is what bash puts before the line number of a syntax error."""
        fault = messages.syntax_fault(outcome.error, self.name)
        warning = messages.here_document_warning(self._script, self.name) if "<<" in self._script and not self.dash else ""
        stderr, status = warning + self._words(fault or outcome.stderr, before, where), 2 if fault else outcome.exit_code
        stdout = self._shown(outcome.stdout)
        if self.dash and status == 1 and dash_text.ended(stderr, self._script):
            status = _DASH_FAULT
        elif where and status == 1 and messages.ends_expansion(stderr, self._script):
            status = _EXIT_NOT_FOUND  # bash -c ends so; a script file ends with 1
        if not self.tty:
            both = stdout and stderr and not fault
            return Result(stdout, stderr, status, warning + self._words(self._shown(outcome.merged), before, where) if both else None)
        stderr = messages.without_lines(stderr)
        merged = stderr if fault else messages.without_lines(self._shown(outcome.merged))
        return Result(stdout, stderr, status, merged)

    def _shown(self, stdout: str) -> str:
        if "declare" in self._script or "typeset" in self._script:
            stdout = _OWN_DECLARATIONS.sub("", stdout)
        return messages.merged_text(stdout)

    def _words(self, stderr: str, before: float, where: str) -> str:
        stderr = messages.bash_text(stderr, self.host.clock.now - before)
        if "No such file" in stderr:
            stderr = self._denied(stderr)
        if "sort: read failed: /" in stderr:
            stderr = stderr.replace(f"sort: read failed: {self.cwd}/", "sort: read failed: ")
        if stderr:
            stderr = messages.by_script(stderr, self._script, self.tty)
        if "syntax error" in stderr or "unexpected EOF" in stderr:
            words = dash_text.dash_syntax if self.dash else messages.bash_syntax
            stderr = words(stderr, self._script, self.name, where)
        return dash_text.dash_text(stderr, self._script, self.name) if self.dash and stderr else stderr

    def _denied(self, stderr: str) -> str:
        """bashkit calls a file missing that lies in a directory which the user may not search."""

        def words(match: re.Match[str]) -> str:
            try:
                self.fs.stat(posixpath.join(self.cwd, match[2]), self.cred)
            except PermissionError:
                return f"{match[1]}{match[2]}: Permission denied"
            except OSError:
                pass
            return match[0]

        return re.sub(rf"^({re.escape(self.name)}: line \d+: )(\S+): No such file or directory$", words, stderr, flags=re.M)

    @property
    def cwd(self) -> str:
        """The shell's working directory."""
        return self._engine.cwd

    @property
    def env(self) -> dict[str, str]:
        """The exported variables."""
        return self._engine.env

    def set_umask(self, mask: int) -> None:
        """The mask for new files: umask(2)."""
        self.cred = replace(self.cred, umask=mask & 0o777)

    def close(self) -> None:
        """End the shell. It must not be used again."""
        engine.give_back(self._engine, self._reusable)


def _ended(script: str) -> str:
    """The script, with a line end for a here-document that nothing else ends."""
    return f"{script}\n" if "<<" in script and not script.endswith("\n") and open_here_document(script) else script


def is_incomplete(text: str) -> bool:
    """Whether bash would read a further line (PS2) before it runs this text: an open quote, list or compound command."""
    reader = engine.take("")
    try:
        complaint = reader.parses(text)
    finally:
        engine.give_back(reader)
    return "unexpected end of file" in complaint or "unexpected EOF" in complaint
