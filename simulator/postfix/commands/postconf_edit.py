"""Edits of main.cf: postconf(1) -e, -X, -#.

Comments and empty lines stay where they are. The result is written to a file with the ending .tmp beside the original and
renamed into place, so the file gets the owner who edits and mode 0644.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from simulator.postfix.lib.logical_lines import BLANKS, SPACE, Warn, split_name_value
from simulator.postfix.lib.msg import Fatal
from simulator.unix.program import Exit, Process

SUFFIX = ".tmp"
#: What a shell reports when real postconf dies of a null pointer: -X and -# with one name twice.
SEGMENTATION_FAULT = 128 + 11
MODE = 0o644


class Edit:
    """The new content of one file, while it is copied line by line."""

    def __init__(self, process: Process, path: str) -> None:
        """Open both files. Raises Fatal."""
        self.process, self.path = process, path
        fs, temporary = process.fs, path + SUFFIX
        try:
            fs.write(temporary, b"", process.cred, 0o600)
        except OSError as error:
            raise Fatal(f"open {temporary}: {error.strerror}") from error
        try:
            text = fs.read(path, process.cred).decode("utf-8", "surrogateescape")
        except OSError as error:
            fs.unlink(temporary, process.cred)
            raise Fatal(f"open {path} for reading: {error.strerror}") from error
        self.lines = re.findall(r"[^\n]*\n|[^\n]+", text)
        self.at = 0
        self.number = 0
        self.out: list[str] = []

    def content_lines(self) -> Iterator[str]:
        """Each line with content. Comments and blank lines are copied in passing."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            self.number += 1
            if self._has_content(line):
                yield line

    def continuation(self) -> str:
        """The lines that continue the present one. Comments among them are copied at once; none of them is counted, as in real postconf."""
        found = ""
        while self.at < len(self.lines) and self.lines[self.at][0] in "#" + SPACE:
            line = self.lines[self.at]
            self.at += 1
            found += line if self._has_content(line) else ""
        return found

    def _has_content(self, line: str) -> bool:
        content = line.lstrip(SPACE)
        if not content or content[0] == "#":
            self.out.append(line)
            return False
        return True

    def close(self) -> None:
        """Move the new file into place. Raises Fatal."""
        fs, temporary, cred = self.process.fs, self.path + SUFFIX, self.process.cred
        try:
            fs.write(temporary, "".join(self.out).encode("utf-8", "surrogateescape"), cred)
            fs.chmod(temporary, MODE, cred)
            fs.rename(temporary, self.path, cred)
        except OSError as error:
            fs.unlink(temporary, cred)
            raise Fatal(f"close {temporary}: {error.strerror}") from error


def first_lines(edit: Edit) -> Iterator[tuple[str, bool]]:
    """Content lines, and whether each starts a logical line."""
    for line in edit.content_lines():
        yield line, line[0] not in SPACE


def clean_argument(text: str, options: str) -> str:
    """An argument without leading blanks. Raises Fatal for one that cannot be written into the file."""
    if "\n" in text:
        raise Fatal(f"{options} no multi-line input")
    text = text.lstrip(SPACE)
    if text.startswith("#"):
        raise Fatal(f"{options} no comment input")
    return text


def _main_requests(action: str, arguments: Iterable[str], warn: Warn) -> dict[str, str | None]:
    """Names and new values (None: remove or comment out)."""
    requests: dict[str, str | None] = {}
    for argument in arguments:
        text = clean_argument(argument, "-e, -X, or -# accepts")
        value: str | None = None
        if action == "e":
            try:
                name, value = split_name_value(text)
            except ValueError as problem:
                raise Fatal(f'{problem}: "{text}"') from None
        elif not text:
            raise Fatal("-X or -# requires non-blank parameter names")
        elif "=" in text:
            raise Fatal("-X or -# requires parameter names without value")
        else:
            name = text.rstrip(SPACE)
        if name in requests:
            if requests[name] is None:
                raise Exit(SEGMENTATION_FAULT)
            warn(f"ignoring earlier request: '{name} = {requests.pop(name)}'")
        requests[name] = value
    return requests


def edit_main(process: Process, path: str, action: str, arguments: Iterable[str], warn: Warn) -> None:
    """Carry out `e`, `X` or `#` on main.cf. Raises Fatal."""
    requests = _main_requests(action, arguments, warn)
    edit = Edit(process, path)
    found = dict.fromkeys(requests, 0)
    wanted = False
    for line, starts in first_lines(edit):
        if starts:
            name = line[: next((at for at, char in enumerate(line) if char in BLANKS + "="), len(line))]
            wanted = name in requests
        if not wanted:
            edit.out.append(line)
        elif action == "#":
            edit.out.append(f"#{line}")
        elif action == "e" and starts:
            edit.out.append(f"{name} = {requests[name]}\n")
        if wanted and starts:
            found[name] += 1
            if found[name] == 2:
                warn(f'{path}: multiple entries for "{name}"')
    if action == "e":
        edit.out += [f"{name} = {value}\n" for name, value in requests.items() if not found[name]]
    edit.close()
