"""NAME
    man, apropos, whatis - read the manual pages of this simulator

SYNOPSIS
    man [SECTION] NAME     man -k WORD     apropos WORD     whatis NAME

DESCRIPTION
    Each simulated program has a page that tells what it does here, and under "Differs" what it leaves out.
"""

from __future__ import annotations

import re

from simulator.shell.getopt import getopt
from simulator.unix.program import PROGRAMS, Process, Program, program


def _installed(p: Process) -> list[Program]:
    return sorted((entry for path, entry in PROGRAMS.items() if entry.manual.strip() and p.fs.exists(path)), key=lambda entry: entry.name)


def _summary(entry: Program) -> str:
    match = re.search(r"NAME\s+(.*?)(?:\n\s*\n|\Z)", entry.manual, re.S)
    line = " ".join(match[1].split()) if match else entry.manual.strip().split("\n")[0]
    return line.partition(" - ")[2] or line


def _find(p: Process, name: str, section: str) -> Program | None:
    for entry in _installed(p):
        names = {entry.name, *(path.rsplit("/", 1)[-1] for path in entry.paths)}
        if name in names and section in ("", str(entry.section)):
            return entry
    return None


@program("/usr/bin/man", package="man-db")
def man(p: Process) -> int:
    """man(1)."""
    options = getopt(p, "kfaPwlK", {"apropos": "k", "whatis": "f", "where": "w"})
    words = list(options.operands)
    if not words:
        p.err("What manual page do you want?\nFor example, try 'man man'.\n")
        return 1
    if "k" in options or "f" in options:
        return _search(p, words, whole="f" in options)
    section = words.pop(0) if len(words) > 1 and re.fullmatch(r"\d\w*", words[0]) else ""
    status = 0
    for name in words:
        entry = _find(p, name, section)
        if entry is None:
            p.err(f"No manual entry for {name}{f' in section {section}' if section else ''}\n")
            status = 16
        else:
            p.out(_page(entry, name))
    return status


def _page(entry: Program, name: str) -> str:
    title = f"{name.upper()}({entry.section})"
    return f"{title}{'maillab':^{max(0, 80 - 2 * len(title))}}{title}\n\n{entry.manual.strip()}\n"


@program("/usr/bin/apropos", "/usr/bin/whatis", package="man-db")
def apropos(p: Process) -> int:
    """apropos(1), whatis(1)."""
    options = getopt(p, "adelrsw")
    if not options.operands:
        p.err(f"{p.name} what?\n")
        return 1
    return _search(p, options.operands, whole=p.name == "whatis")


def _search(p: Process, words: list[str], whole: bool) -> int:
    status = 0
    for word in words:
        lines = [f"{f'{entry.name} ({entry.section})':<21}- {_summary(entry)}\n" for entry in _installed(p) if _matches(entry, word, whole)]
        if not lines:
            p.err(f"{word}: nothing appropriate.\n")
            status = 16
        p.out("".join(lines))
    return status


def _matches(entry: Program, word: str, whole: bool) -> bool:
    if whole:
        return entry.name == word
    return word.lower() in entry.name.lower() or word.lower() in _summary(entry).lower()
