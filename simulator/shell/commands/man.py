"""NAME
    man, apropos, whatis - read the manual pages of this simulator

SYNOPSIS
    man [SECTION] NAME     man -k WORD     apropos WORD     whatis NAME

DESCRIPTION
    Each simulated program has a page that tells what it does here, and under "Differs" what it leaves out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.shell.getopt import getopt
from simulator.unix.program import MANUALS, PROGRAMS, Process, program


@dataclass(frozen=True, slots=True)
class Page:
    """A manual page that this host has, under all its names."""

    names: tuple[str, ...]
    section: int
    text: str

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def summary(self) -> str:
        """What stands behind the dash in NAME."""
        match = re.search(r"NAME\s+(.*?)(?:\n\s*\n|\Z)", self.text, re.S)
        line = " ".join(match[1].split()) if match else self.text.strip().split("\n")[0]
        return line.partition(" - ")[2] or line


def _pages(p: Process) -> list[Page]:
    found = [
        Page(tuple(dict.fromkeys([entry.name, *(path.rsplit("/", 1)[-1] for path in entry.paths)])), entry.section, entry.manual)
        for path, entry in PROGRAMS.items()
        if entry.manual.strip() and p.fs.exists(path)
    ]
    found += [Page((entry.name,), entry.section, entry.load()) for entry in MANUALS if p.fs.exists(entry.mark)]
    return sorted(found, key=lambda page: (page.name, page.section))


def _find(p: Process, name: str, section: str) -> Page | None:
    return next((page for page in _pages(p) if name in page.names and section in ("", str(page.section))), None)


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
        page = _find(p, name, section)
        if page is None:
            p.err(f"No manual entry for {name}{f' in section {section}' if section else ''}\n")
            status = 16
        else:
            p.out(_formatted(page, name))
    return status


def _formatted(page: Page, name: str) -> str:
    title = f"{name.upper()}({page.section})"
    return f"{title}{'maillab':^{max(0, 80 - 2 * len(title))}}{title}\n\n{page.text.strip()}\n"


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
        lines = [f"{f'{page.name} ({page.section})':<21}- {page.summary}\n" for page in _pages(p) if _matches(page, word, whole)]
        if not lines:
            p.err(f"{word}: nothing appropriate.\n")
            status = 16
        p.out("".join(lines))
    return status


def _matches(page: Page, word: str, whole: bool) -> bool:
    if whole:
        return word in page.names
    return any(word.lower() in text.lower() for text in (*page.names, page.summary))
