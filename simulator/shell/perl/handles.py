"""Perl's file handles, over the host's files and the process's streams."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simulator.unix.program import Process


@dataclass(slots=True)
class Handle:
    """An open file: text to be read, or what was written and goes to its place at close."""

    name: str = ""
    mode: str = "<"
    path: str = ""
    text: str = ""
    at: int = 0
    command: str = ""
    written: list[str] = field(default_factory=list)
    line: int = 0
    is_open: bool = True

    def read_line(self, separator: str | None) -> str | None:
        """The next line with its end, None at the end; without a separator all that is left."""
        if not self.is_open or self.at >= len(self.text):
            return None
        if separator is None:
            end = len(self.text)
        elif separator == "":
            match = re.compile(r"\n\n+").search(self.text, self.at)
            end = match.end() if match else len(self.text)
        else:
            found = self.text.find(separator, self.at)
            end = len(self.text) if found < 0 else found + len(separator)
        line, self.at = self.text[self.at : end], end
        self.line += 1
        return line


def open_handle(p: Process, mode: str, target: str) -> Handle:
    """open(): modes <, >, >>, +<, -| and |-. Raises OSError."""
    if mode in ("-|", "|-"):
        handle = Handle(target, mode, command=target)
        if mode == "-|":
            done = p.run(["/bin/sh", "-c", target])
            p.err(done.stderr)
            handle.text, handle.line = done.stdout, 0
        return handle
    path = p.path(target)
    if mode in ("<", "+<"):
        return Handle(target, mode, path, p.fs.read(path, p.cred).decode("utf-8", "surrogateescape"))
    if mode == ">":
        p.fs.write(path, b"", p.cred)
    else:
        p.fs.append(path, b"", p.cred)
    return Handle(target, mode, path)


def split_mode(text: str) -> tuple[str, str]:
    """The mode and the name of open's form with two arguments."""
    text = text.strip()
    match = re.match(r"(\+?<|>>|>|\|)\s*(.*)", text, re.S)
    if match:
        return ("|-", match[2]) if match[1] == "|" else (match[1], match[2])
    return ("-|", text[:-1].strip()) if text.endswith("|") else ("<", text)


def write(p: Process, handle: Handle, text: str) -> bool:
    """print to a handle. False if it is closed or for reading only."""
    if not handle.is_open or handle.mode in ("<", "-|"):
        return False
    if handle.name == "STDOUT":
        p.out(text)
    elif handle.name == "STDERR":
        p.err(text)
    elif handle.mode == "|-":
        handle.written.append(text)
    else:
        p.fs.append(handle.path, text.encode("utf-8", "surrogateescape"), p.cred)
    return True


def close(p: Process, handle: Handle) -> int | None:
    """Close a handle; a pipe's command gets what was written and its wait status is returned. None: it was not open."""
    if not handle.is_open:
        return None
    handle.is_open = False
    if handle.mode == "|-":
        return p.relay(p.run(["/bin/sh", "-c", handle.command], "".join(handle.written))) << 8
    return 0
