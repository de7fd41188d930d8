"""NAME
    find - search for files in a directory hierarchy

SYNOPSIS
    find [-L] [PATH...] [EXPRESSION]

DESCRIPTION
    Walk the trees below the paths and evaluate the expression for each file. Tests: -name, -type, -size, -user, -group, -perm,
    -newer, -mtime, -mmin, -empty, -links, -path, -regex and others. Actions: -print, -print0, -printf, -ls, -exec ... ;,
    -exec ... {} +, -delete, -prune, -quit. Operators: ! -a -o ( ).

DIFFERS FROM DEBIAN
    Regular expressions are read by Python. -ok and -fprintf are not simulated. Files are met newest first, as on a tmpfs.
"""

from __future__ import annotations

import posixpath

from simulator.shell import files
from simulator.shell.commands.find_expression import Settings, Test, Visit
from simulator.shell.commands.find_parser import Parser
from simulator.shell.getopt import quote
from simulator.unix.fs import Stat
from simulator.unix.program import Process, program


class _Find:
    def __init__(self, p: Process, settings: Settings, test: Test) -> None:
        self.p, self.settings, self.test = p, settings, test

    def walk(self, name: str, path: str, depth: int, start: str) -> None:
        try:
            entry = self._entry(path)
        except OSError as error:
            self._fail(name, error)
            return
        visit = Visit(name, path, entry, depth, start)
        if not self.settings.depth_first:
            self._look(visit)
        if entry.is_dir and not visit.pruned and depth < self.settings.most and not self.settings.quit:
            self._below(visit)
        if self.settings.depth_first and not self.settings.quit:
            self._look(visit)

    def _entry(self, path: str) -> Stat:
        if self.settings.follow:
            try:
                return self.p.fs.stat(path, self.p.cred)
            except FileNotFoundError:
                pass
        return self.p.fs.stat(path, self.p.cred, follow=False)

    def _fail(self, name: str, error: OSError) -> None:
        self.p.err(f"{self.p.argv[0]}: {quote(self.p, name)}: {error.strerror}\n")
        self.settings.status = 1

    def _look(self, visit: Visit) -> None:
        if visit.depth >= self.settings.least and self.test(visit) and not self.settings.acted:
            self.p.out(f"{visit.name}\n")

    def _below(self, visit: Visit) -> None:
        try:
            names = files.children(self.p, visit.path)
        except OSError as error:
            self._fail(visit.name, error)
            return
        for child in names:
            if self.settings.quit:
                return
            self.walk(posixpath.join(visit.name, child), posixpath.join(visit.path, child), visit.depth + 1, visit.start)


@program("/usr/bin/find")
def find(p: Process) -> int:
    """find(1)."""
    words, settings = p.argv[1:], Settings()
    while words and words[0] in ("-L", "-P", "-H"):
        settings.follow = words.pop(0) == "-L"
    paths = []
    while words and not (words[0].startswith("-") and len(words[0]) > 1) and words[0] not in ("(", "!", "\\("):
        paths.append(words.pop(0))
    parser = Parser(p, words, settings)
    walk = _Find(p, settings, parser.parse())
    for name in paths or ["."]:
        if not settings.quit:
            walk.walk(name, posixpath.join(p.cwd, name), 0, name)
    for argv, names in settings.batches:
        if names and parser.actions.run([*argv, *names]):
            settings.status = 1
    return settings.status
