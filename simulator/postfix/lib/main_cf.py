"""main.cf as text: its `name = value` entries, and how programs read it. postconf(5), "The general format of the main.cf file".

Entries keep their order and line numbers. A later entry of a name replaces an earlier one, with a warning if the values
differ. A line without `=` is fatal for every program. A program that starts within two seconds after an edit reads the
file again and again until it has aged, and repeats its warnings each time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulator.postfix.lib.logical_lines import Warn, logical_lines, split_name_value
from simulator.postfix.lib.msg import Fatal
from simulator.unix.fs import ROOT, Cred, Fs

#: Seconds that a program waits before it reads a file again that has just changed: dict_load_file_xt(3).
COOL_DOWN = 0.3
#: A file that somebody keeps changing is not waited for longer than this.
COOL_LIMIT = 10.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One `name = value`; `line` is the number of its first line."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class MainCf:
    """A parsed file. `warnings` pairs a text with the number of entries read before it; `fatal` is what ends the reading."""

    entries: tuple[Entry, ...]
    warnings: tuple[tuple[int, str], ...]
    fatal: str

    def load(self, values: dict[str, str], path: str, warn: Warn) -> None:
        """Enter all entries into `values`. Raises Fatal for a line that is none."""
        pending = list(self.warnings)
        for count, entry in enumerate(self.entries):
            while pending and pending[0][0] <= count:
                warn(pending.pop(0)[1])
            old = values.get(entry.name)
            if old is not None and old != entry.value:
                warn(f"{path}, line {entry.line}: overriding earlier entry: {entry.name}={old}")
            values[entry.name] = entry.value
        for _, text in pending:
            warn(text)
        if self.fatal:
            raise Fatal(self.fatal)


@functools.lru_cache(maxsize=128)
def parse(data: bytes, path: str) -> MainCf:
    """The entries of a file; equal content is parsed once."""
    entries: list[Entry] = []
    warnings: list[tuple[int, str]] = []
    fatal = ""
    text = data.decode("utf-8", "surrogateescape")
    for number, line in logical_lines(text, path, lambda warning: warnings.append((len(entries), warning))):
        try:
            entries.append(Entry(*split_name_value(line), number))
        except ValueError as problem:
            fatal = f'{path}, line {number}: {problem}: "{line}"'
            break
    return MainCf(tuple(entries), tuple(warnings), fatal)


def read(fs: Fs, path: str, warn: Warn, values: dict[str, str], cred: Cred = ROOT, sleep: Callable[[float], None] | None = None) -> None:
    """Read main.cf into `values` as every program does at its start.

    `sleep` lets virtual time pass while a file that was just edited ages; without it the waiting takes no time, but the
    warnings are repeated as if it had. Raises Fatal.
    """
    for data in read_until_cool(fs, path, cred, sleep):
        parse(data, path).load(values, path, warn)


def read_until_cool(
    fs: Fs, path: str, cred: Cred = ROOT, sleep: Callable[[float], None] | None = None, name: str = ""
) -> Iterator[bytes]:
    """The content of a file, again and again until its last change is more than a second ago: load_file(3).

    `name` is the file as errors name it. Raises Fatal.
    """
    started = fs.clock.now
    waited = 0.0
    before = int(started)
    while True:
        try:
            data = fs.read(path, cred)
            edited = int(fs.stat(path, cred).mtime)
        except OSError as error:
            verb = "read" if isinstance(error, IsADirectoryError) else "open"
            raise Fatal(f"{verb} {name or path}: {error.strerror}") from error
        yield data
        after = int(fs.clock.now if sleep else started + waited)
        if edited < before - 1 or edited > after or waited > COOL_LIMIT:
            return
        if sleep:
            sleep(COOL_DOWN)
        waited += COOL_DOWN
        before = after
