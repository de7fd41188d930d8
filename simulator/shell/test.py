"""The expressions of test(1), `[` and find-like questions about files: POSIX's rules by number of arguments."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from simulator.unix.fs import EXECUTE, READ, WRITE, Cred, Fs, Stat


class TestError(Exception):
    """The expression is wrong; the text is bash's, without the command's name."""


def evaluate(args: list[str], fs: Fs, cred: Cred, cwd: str, tty: bool, dash: bool = False) -> bool:
    """Whether the expression is true; dash knows no `==`. Raises TestError."""
    return (_DashExpression if dash else _Expression)(args, fs, cred, cwd, tty).value()


_KINDS = {"-f": "-", "-d": "d", "-p": "p", "-S": "s", "-c": "c", "-b": "b"}
_UNARY = frozenset("-a -b -c -d -e -f -g -h -k -n -o -p -r -s -t -u -v -w -x -z -G -L -N -O -R -S".split())
_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b, "-ne": lambda a, b: a != b, "-lt": lambda a, b: a < b, "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b, "-ge": lambda a, b: a >= b,
}  # fmt: skip
_BINARY = frozenset({"=", "==", "!=", "<", ">", "-nt", "-ot", "-ef", *_NUMBERS})


class _Expression:
    binary = _BINARY
    unary = _UNARY

    def __init__(self, args: list[str], fs: Fs, cred: Cred, cwd: str, tty: bool) -> None:
        self.args, self.fs, self.cred, self.cwd, self.tty = args, fs, cred, cwd, tty
        self.at = 0

    def value(self) -> bool:
        """By the number of arguments up to four, as POSIX wants it; beyond that by precedence."""
        args = self.args
        if len(args) <= 1:
            return bool(args and args[0])
        if len(args) == 2:
            return self._two(args)
        if len(args) == 3:
            return self._three(args)
        if len(args) == 4 and args[0] == "!":
            return not self._three(args[1:])
        answer = self._or()
        if self.at < len(args):
            raise TestError("too many arguments")
        return answer

    def _two(self, args: list[str]) -> bool:
        if args[0] == "!":
            return not args[1]
        if args[0] in self.unary:
            return self._unary(args[0], args[1])
        raise TestError(f"{args[0]}: unary operator expected")

    def _three(self, args: list[str]) -> bool:
        if args[1] in self.binary:
            return self._binary(*args)
        if args[1] == "-a":
            return bool(args[0] and args[2])
        if args[1] == "-o":
            return bool(args[0] or args[2])
        if args[0] == "!":
            return not self._two(args[1:])
        if args[0] == "(" and args[2] == ")":
            return bool(args[1])
        raise TestError(f"{args[1]}: binary operator expected")

    # -- longer expressions ----------------------------------------------------------------------------------------------

    def _or(self) -> bool:
        answer = self._and()
        while self.args[self.at : self.at + 1] == ["-o"]:
            self.at += 1
            answer = self._and() or answer
        return answer

    def _and(self) -> bool:
        answer = self._term()
        while self.args[self.at : self.at + 1] == ["-a"]:
            self.at += 1
            answer = self._term() and answer
        return answer

    def _term(self) -> bool:
        rest = self.args[self.at :]
        if not rest:
            raise TestError("argument expected")
        if rest[0] == "!":
            self.at += 1
            return not self._term()
        if rest[0] == "(":
            self.at += 1
            answer = self._or()
            if self.args[self.at : self.at + 1] != [")"]:
                raise TestError("`)' expected")
            self.at += 1
            return answer
        if len(rest) >= 3 and rest[1] in self.binary:
            self.at += 3
            return self._binary(*rest[:3])
        if rest[0] in self.unary and len(rest) >= 2:
            self.at += 2
            return self._unary(rest[0], rest[1])
        self.at += 1
        return bool(rest[0])

    # -- primaries -------------------------------------------------------------------------------------------------------

    def _stat(self, name: str, follow: bool = True) -> Stat | None:
        try:
            return self.fs.stat(posixpath.join(self.cwd, name), self.cred, follow) if name else None
        except OSError:
            return None

    def _unary(self, operator: str, operand: str) -> bool:
        if operator == "-n":
            return operand != ""
        if operator == "-z":
            return operand == ""
        if operator == "-t":
            return self.tty and operand in ("0", "1", "2")
        if operator in ("-L", "-h"):
            entry = self._stat(operand, follow=False)
            return entry is not None and entry.is_link
        if operator in ("-v", "-o", "-R"):
            return False
        return self._file(operator, operand)

    def _file(self, operator: str, operand: str) -> bool:
        entry = self._stat(operand)
        if entry is None:
            return False
        if operator in _KINDS:
            return entry.kind == _KINDS[operator]
        if operator in ("-r", "-w", "-x"):
            bits = {"-r": READ, "-w": WRITE, "-x": EXECUTE}[operator]
            return self.fs.access(posixpath.join(self.cwd, operand), bits, self.cred)
        simple: dict[str, bool] = {
            "-s": entry.size > 0, "-g": bool(entry.mode & 0o2000), "-u": bool(entry.mode & 0o4000), "-k": bool(entry.mode & 0o1000),
            "-O": entry.uid == self.cred.uid, "-G": entry.gid == self.cred.gid, "-N": entry.mtime > entry.atime,
        }  # fmt: skip
        return simple.get(operator, True)

    def _binary(self, left: str, operator: str, right: str) -> bool:
        if operator in ("=", "=="):
            return left == right
        if operator == "!=":
            return left != right
        if operator in ("<", ">"):
            return left < right if operator == "<" else left > right
        if operator in _NUMBERS:
            return _NUMBERS[operator](_integer(left), _integer(right))
        return self._compare_files(left, operator, right)

    def _compare_files(self, left: str, operator: str, right: str) -> bool:
        one, two = self._stat(left), self._stat(right)
        if operator == "-ef":
            return one is not None and two is not None and one.ino == two.ino
        if operator == "-ot":
            one, two = two, one
        return one is not None and (two is None or one.mtime > two.mtime)


class _DashExpression(_Expression):
    """What is left over when the expression seems complete, dash calls unexpected, and names the word before it."""

    binary = _BINARY - {"=="}
    unary = _UNARY - {"-v", "-R", "-N", "-a", "-o"}

    def value(self) -> bool:
        if len(self.args) < 2:
            return bool(self.args and self.args[0])
        answer = self._or()
        if self.at < len(self.args):
            raise TestError(f"{self.args[self.at - 1]}: unexpected operator".removeprefix(": "))
        return answer


def _integer(text: str) -> int:
    if not re.fullmatch(r"\s*[-+]?\d+\s*", text):
        raise TestError(f"{text}: integer expression expected")
    return int(text)
