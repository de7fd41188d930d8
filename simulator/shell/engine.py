"""The one place that knows bashkit: an interpreter over the host's files that calls our programs.

bashkit parses and runs the line. What it would do itself but we do better (ls knows owners, date knows virtual time) is
overridden by name; what lies on PATH is found by bashkit's own search in our files and handed back through `__execve`.
An interpreter costs more to make than a command to run, so idle ones are kept and wiped between two uses. They hold
nothing of a lab while idle.

Known limits of bashkit that shine through: a command in a loop does not use up the loop's standard input; background
jobs run at once; `[[ -r FILE ]]` asks only whether the file exists; bytes that are no utf-8 survive in files and pipes,
but not when bashkit's own printf makes them.
"""

from __future__ import annotations

import errno
import functools
import os
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bashkit import Bash, BuiltinContext, BuiltinResult, ExecResult, ExecutionProfile, FileSystem

from simulator.shell import octets
from simulator.shell.builtins import BUILTINS, FUNCTIONS
from simulator.shell.call import Call, Ended
from simulator.shell.capsule import EXECUTE_WORD, PROGRAM_WORD, Files, Seat
from simulator.shell.native import NATIVE
from simulator.shell.words import BASH_BUILTINS
from simulator.unix.program import PROGRAMS, Killed, Result

#: A loop ends here; a learner's `while true` must not hang the notebook.
MAX_LOOP_ITERATIONS = 100_000
MAX_COMMANDS = 1_000_000
#: Real seconds. It only guards against a bug in bashkit: the limits above are what ends a line, at the same place each time.
TIMEOUT_SECONDS = 3600
#: How deep scripts may call scripts. Each level holds a thread.
MAX_DEPTH = 40
#: How many idle interpreters are kept for one search path.
KEEP_IDLE = 4
#: bashkit runs these words in its own way before it looks at builtins; a function comes before them.
SHELL_FUNCTIONS = "".join(f'{name}() {{ {PROGRAM_WORD} {name} "$@"; }}; ' for name in ("sh", "bash", "rbash", "dash")) + FUNCTIONS
#: Commands of bashkit that a Debian host does not have, or has only as a program of ours.
FOREIGN = (
    "assert", "bc", "bzip2", "bunzip2", "bzcat", "clear", "csv", "curl", "dotenv", "envsubst", "git", "glob", "http", "json", "local_", "log",
    "parallel", "patch", "python", "python3", "retry", "rg", "scp", "semver", "sftp", "sqlite", "sqlite3", "ssh", "template", "tomlq", "tree",
    "ts-node", "node", "deno", "bun", "typescript", "unzip", "verify", "watch", "wget", "yq", "zip", "xxd", "hexdump", "column", "sudo", "man",
)  # fmt: skip


#: Where bashkit keeps what `<(COMMAND)` wrote, in a file system of its own.
_PIPE = re.compile(r"/dev/fd/[1-9]\d")
T = TypeVar("T")
_threads = ThreadPoolExecutor(MAX_DEPTH + 1, thread_name_prefix="shell")
_running: list[Engine] = []


def _apart(engine: Engine | None, work: Callable[[], T]) -> T:
    """Do something with an interpreter. bashkit cannot run one inside a callback of another on the same thread, so a
    nested one has a thread of its own, for which the outer one waits."""
    if not _running:
        return work()
    future = _threads.submit(work)
    try:
        return future.result()
    except KeyboardInterrupt:
        if engine is not None:
            engine.interrupt()
        future.exception()
        raise


class Caller(Seat, Protocol):
    """What an engine serves: it runs commands, and says on whose files. On a terminal the order of both streams counts."""

    @property
    def tty(self) -> bool: ...

    def command(self, call: Call) -> Result:
        """Run one command. An exception ends the line and comes out of `Engine.run`."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What bashkit says of a line: its streams, its status, its complaint if it could not run it, and both streams in
    their order, command by command."""

    stdout: str
    stderr: str
    exit_code: int
    error: str
    merged: str


class Engine:
    """One bashkit interpreter."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.caller: Caller | None = None
        self._learnt: set[str] = set()
        self.failure: BaseException | None = None
        self._files = Files(self._seat)
        self._bash = Bash(
            cwd="/",
            custom_builtins=dict.fromkeys(names, self._call),
            max_commands=MAX_COMMANDS,
            max_loop_iterations=MAX_LOOP_ITERATIONS,
            timeout_seconds=TIMEOUT_SECONDS,
            profile=ExecutionProfile.Interactive,
        )
        self._bash.mount("/", FileSystem.from_capsule(self._files.capsule()))
        self._bash.execute_sync(SHELL_FUNCTIONS)
        self._blank = self._bash.snapshot(exclude_filesystem=True)

    def _seat(self) -> Seat:
        assert self.caller is not None
        return self.caller

    def _call(self, context: BuiltinContext) -> BuiltinResult:
        try:
            argv = [octets.out_of_bash(arg) for arg in context.argv]
            pipes = {arg: context.fs.read_file(arg) for arg in argv if _PIPE.fullmatch(arg) and context.fs.exists(arg)}
            call = Call(context.name, argv, octets.out_of_bash(context.stdin or ""), context.env, context.cwd, pipes)
            assert self.caller is not None
            result = self.caller.command(call)
        except BaseException as error:
            # bashkit would print it and go on. It comes out of run() instead, and nothing more of the line is run.
            self.failure = error
            self._bash.cancel()
            return BuiltinResult("", "", 1)
        return BuiltinResult(octets.into_bash(result.stdout), octets.into_bash(result.stderr), result.exit_code)

    def run(self, text: str) -> Outcome:
        """Run a script in the interpreter's present state. Raises what a command raised, and BlockingIOError (EAGAIN) where
        scripts call scripts too deeply."""
        if len(_running) >= MAX_DEPTH:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        script = octets.into_bash(text)
        chunks: list[tuple[str, str]] = []
        done = _apart(self, lambda: self._execute(script, chunks))
        if self.failure is not None:
            failure, self.failure = self.failure, None
            self._bash.clear_cancel()
            if isinstance(failure, Killed | Ended):
                failure.written = _before(chunks, failure.written or Result())
            raise failure
        merged = "".join(map("".join, chunks))
        stdout, stderr, merged = (octets.out_of_bash(stream) for stream in (done.stdout, done.stderr, merged))
        return Outcome(stdout, stderr, done.exit_code, done.error or "", merged)

    def _execute(self, script: str, chunks: list[tuple[str, str]]) -> ExecResult:
        _running.append(self)
        try:
            return self._bash.execute_sync(script, lambda out, err: chunks.append((out, err)))
        finally:
            _running.pop()

    def learn(self, words: Iterable[str]) -> None:
        """Hand these command words to the caller as well, though no program of that name is registered: scripts."""
        for word in set(words) - self.names - self._learnt:
            self._bash.add_builtin(octets.into_bash(word), self._call)  # type: ignore[attr-defined]  # bashkit's stubs lack it
            self._learnt.add(word)

    def interrupt(self) -> None:
        """Ctrl-C: the running line ends at its next command."""
        self.failure = KeyboardInterrupt()
        self._bash.cancel()

    def parses(self, text: str) -> str:
        """bashkit's complaint about a script's syntax, "" if there is none. Nothing is run."""
        try:
            _apart(self, lambda: self._bash.analyze(octets.into_bash(text)))
        except Exception as error:
            return str(error)
        return ""

    @property
    def cwd(self) -> str:
        """The working directory."""
        return octets.out_of_bash(_apart(self, self._bash.shell_state).cwd)

    @property
    def env(self) -> dict[str, str]:
        """The exported variables."""
        return {name: octets.out_of_bash(value) for name, value in _apart(self, self._bash.shell_state).env.items()}

    def wipe(self) -> None:
        """Forget every variable, function and directory."""
        _apart(self, lambda: self._bash.restore_snapshot(self._blank))
        for word in self._learnt:
            self._bash.remove_builtin(octets.into_bash(word))  # type: ignore[attr-defined]
        self._learnt.clear()
        self.caller = None


def _before(chunks: list[tuple[str, str]], last: Result) -> Result:
    """What a script had written when one of its commands was killed."""
    stdout, stderr = (octets.out_of_bash("".join(part)) for part in zip(*chunks, strict=True)) if chunks else ("", "")
    return Result(stdout + last.stdout, stderr + last.stderr, last.exit_code)


_idle: dict[frozenset[str], list[Engine]] = {}


@functools.lru_cache(maxsize=64)
def overridden(path: str) -> frozenset[str]:
    """The command names that are ours for a search path: programs in its directories by their bare names, and every
    program by its absolute ones. The rest is found by bashkit's search along PATH, and builtins remain builtins."""
    directories = {_canonical(directory) for directory in path.split(":")}
    names = {EXECUTE_WORD, PROGRAM_WORD, *FOREIGN, *BUILTINS}
    for entry in PROGRAMS.values():
        for installed in entry.paths:
            directory, _, name = installed.rpartition("/")
            names |= {installed, installed.removeprefix("/usr")}
            if _canonical(directory) in directories and name not in NATIVE and name not in BASH_BUILTINS:
                names.add(name)
    return frozenset(names)


def _canonical(directory: str) -> str:
    return f"/usr{directory}" if directory in ("/bin", "/sbin") else directory


def take(path: str, native: str = "") -> Engine:
    """An engine in a blank state. `native` is a tool that is wanted as bashkit has it, though a program of ours stands before it."""
    names = overridden(path) - {native}
    idle = _idle.setdefault(names, [])
    return idle.pop() if idle else _apart(None, lambda: Engine(names))


def give_back(engine: Engine, reuse: bool = True) -> None:
    """Keep an engine for the next shell, unless something in it would survive the wiping."""
    if not reuse:
        return
    engine.wipe()
    idle = _idle[engine.names]
    if len(idle) < KEEP_IDLE:
        idle.append(engine)
