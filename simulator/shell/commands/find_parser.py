"""The grammar of find(1)'s expressions."""

from __future__ import annotations

from simulator.shell.commands.find_actions import Actions
from simulator.shell.commands.find_expression import WITHOUT_ARGUMENT, Settings, Test, Tests, fail, is_test
from simulator.shell.getopt import quote
from simulator.unix.program import Exit, Process

_GLOBAL = {"-maxdepth": "most", "-mindepth": "least"}
_IGNORED = ("-xdev", "-mount", "-noleaf", "-nowarn", "-warn", "-daystart", "-ignore_readdir_race", "-noignore_readdir_race")
_REGEX_TYPES = ("findutils-default", "ed", "emacs", "gnu-awk", "grep", "posix-awk", "awk", "posix-basic", "posix-egrep", "egrep", "posix-extended",
                "posix-minimal-basic", "sed")  # fmt: skip


class Parser:
    """Reads the expression, from `-o` down to single words."""

    def __init__(self, p: Process, words: list[str], settings: Settings) -> None:
        self.p, self.words, self.settings = p, words, settings
        self.tests = Tests(p, settings)
        self.actions = Actions(p, settings)

    def parse(self) -> Test:
        if not self.words:
            return lambda visit: True
        test = self._or()
        if self.words:
            raise fail(self.p, "you have too many ')'" if self.words[0] == ")" else f"paths must precede expression: `{self.words[0]}'")
        return test

    def _next(self) -> str:
        return self.words[0] if self.words else ""

    def _or(self) -> Test:
        tests = [self._and()]
        while self._next() in ("-o", "-or"):
            word = self.words.pop(0)
            if not self.words:
                raise fail(self.p, f"expected an expression after '{word}'")
            tests.append(self._and())
        return tests[0] if len(tests) == 1 else lambda visit: any(test(visit) for test in tests)

    def _and(self) -> Test:
        tests = [self._term()]
        while self.words and self._next() not in ("-o", "-or", ")", ","):
            if self._next() in ("-a", "-and"):
                word = self.words.pop(0)
                if not self.words:
                    raise fail(self.p, f"expected an expression after '{word}'")
            tests.append(self._term())
        return tests[0] if len(tests) == 1 else lambda visit: all(test(visit) for test in tests)

    def _term(self) -> Test:
        word = self.words.pop(0)
        if word in ("!", "-not"):
            if not self.words:
                raise fail(self.p, f"expected an expression after '{word}'")
            inner = self._term()
            return lambda visit: not inner(visit)
        if word in ("(", "\\("):
            if not self.words:
                raise fail(self.p, "invalid expression; expected to find a ')' but didn't see one. Perhaps you need an extra predicate after '('")
            test = self._or()
            if self._next() not in (")", "\\)"):
                raise fail(self.p, "invalid expression; I was expecting to find a ')' somewhere but did not see one.")
            self.words.pop(0)
            return test
        return self._word(word)

    def _argument(self, word: str) -> str:
        if not self.words:
            raise fail(self.p, f"missing argument to `{word}'")
        return self.words.pop(0)

    def _word(self, word: str) -> Test:
        if word in _GLOBAL:
            text = self._argument(word)
            if not text.isdigit():
                raise fail(self.p, f"Expected a positive decimal integer argument to {word}, but got {quote(self.p, text)}")
            setattr(self.settings, _GLOBAL[word], int(text))
            return lambda visit: True
        if word in _IGNORED:
            return lambda visit: True
        if word in ("-depth", "-d"):
            self.settings.depth_first = True
            return lambda visit: True
        if word == "-follow":
            self.settings.follow = True
            return lambda visit: True
        if word == "-regextype":
            return self._regextype(self._argument(word))
        if is_test(word):
            return self.tests.make(word, "" if word in WITHOUT_ARGUMENT else self._argument(word))
        return self._action(word)

    def _regextype(self, name: str) -> Test:
        if name not in _REGEX_TYPES:
            known = ", ".join(quote(self.p, kind) for kind in _REGEX_TYPES)
            raise fail(self.p, f"Unknown regular expression type {quote(self.p, name)}; valid types are {known}.")
        return lambda visit: True

    def _action(self, word: str) -> Test:
        actions = self.actions
        if word == "-prune":
            return actions.prune
        simple: dict[str, Test] = {
            "-print": actions.print,
            "-print0": actions.print0,
            "-ls": actions.ls,
            "-delete": actions.delete,
            "-quit": actions.quit,
        }
        if word in simple:
            self.settings.acted = True
            self.settings.depth_first = self.settings.depth_first or word == "-delete"
            return simple[word]
        if word == "-printf":
            self.settings.acted = True
            return actions.printf(self._argument(word))
        if word in ("-exec", "-execdir"):
            self.settings.acted = True
            return actions.exec(*self._command(word))
        if word.startswith("-"):
            if word in ("-ok", "-okdir", "-fprintf", "-fprint", "-fprint0", "-fls"):
                self.p.err(f"simulator: find: {word} is not simulated\n")
                raise Exit(1)
            raise fail(self.p, f"unknown predicate `{word}'")
        raise fail(self.p, f"paths must precede expression: `{word}'")

    def _command(self, word: str) -> tuple[list[str], bool]:
        argv: list[str] = []
        while self.words:
            part = self.words.pop(0)
            if part == ";":
                if argv:
                    return argv, False
                break
            if part == "+" and argv and argv[-1] == "{}":
                return argv[:-1], True
            argv.append(part)
        raise fail(self.p, f"missing argument to `{word}'")
