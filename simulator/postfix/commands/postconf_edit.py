"""Edits of main.cf and master.cf: postconf(1) -e, -X, -#.

Comments and empty lines stay where they are. The result is written to a file with the ending .tmp beside the original and
renamed into place, so the file gets the owner who edits and mode 0644.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from simulator.postfix.commands.postconf_master import (
    COMMAND,
    MasterEntry,
    edit_field,
    edit_parameter,
    format_entry,
    parse_entry,
)
from simulator.postfix.commands.postconf_pattern import ANY, Pattern
from simulator.postfix.lib.logical_lines import BLANKS, SPACE, Warn, split_name_value, tokens
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


def _first_lines(edit: Edit) -> Iterator[tuple[str, bool]]:
    """Content lines, and whether each starts a logical line."""
    for line in edit.content_lines():
        yield line, line[0] not in SPACE


def _argument(text: str, options: str) -> str:
    """An argument without leading blanks. Raises Fatal for one that cannot be written into the file."""
    if "\n" in text:
        raise Fatal(f"{options} no multi-line input")
    text = text.lstrip(SPACE)
    if text.startswith("#"):
        raise Fatal(f"{options} no comment input")
    return text


# -- main.cf ------------------------------------------------------------------------------------------------------------


def _main_requests(action: str, arguments: Iterable[str], warn: Warn) -> dict[str, str | None]:
    """Names and new values (None: remove or comment out)."""
    requests: dict[str, str | None] = {}
    for argument in arguments:
        text = _argument(argument, "-e, -X, or -# accepts")
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
    for line, starts in _first_lines(edit):
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


# -- master.cf ----------------------------------------------------------------------------------------------------------

_OPTIONS = "-Me, -Fe, -Pe, -X, or -#"
_PATTERNS = {
    "M": (2, "-Me, -MX or -M# requires service_name/type"),
    "F": (3, "-Fe or -FX requires service_name/type/field_name"),
    "P": (3, "-Pe or -PX requires service_name/type/parameter"),
}


@dataclass(slots=True)
class Request:
    """One argument. `value` None: remove or comment out."""

    text: str
    pattern: Pattern
    value: str | None
    matches: int = 0
    field: int = field(default=0)


def _master_request(view: str, action: str, argument: str) -> Request:
    text = _argument(argument, f"{_OPTIONS} accept")
    value: str | None = None
    if action == "e":
        try:
            text, value = split_name_value(text)
        except ValueError as problem:
            raise Fatal(f'{problem}: "{argument}"') from None
    elif "=" in text:
        raise Fatal("-X or -# requires names without value")
    parts, usage = _PATTERNS[view]
    pattern = Pattern.parse(text.rstrip(SPACE), parts, parts, argument)
    if pattern is None:
        raise Fatal(usage)
    request = Request(argument, pattern, value)
    if view == "F":
        _check_field(request, action)
    elif view == "P":
        _check_parameter(request)
    return request


def _check_field(request: Request, action: str) -> None:
    place = request.pattern.field
    if place is None:
        raise Fatal("-Fe does not accept wild-card field name")
    if place < COMMAND and any(char in BLANKS for char in request.value or ""):
        raise Fatal("-Fe does not accept whitespace in non-command field")
    request.field = place


def _check_parameter(request: Request) -> None:
    if request.pattern.name == ANY:
        raise Fatal("-Pe does not accept wild-card parameter name")
    if any(char in BLANKS for char in request.value or ""):
        raise Fatal("-Pe does not accept whitespace in parameter value")


class MasterEdit:
    """Requests being carried out on master.cf. `view` is M (whole entries), F (fields) or P (parameters)."""

    def __init__(self, process: Process, path: str, view: str, action: str, arguments: Iterable[str], warn: Warn) -> None:
        self.requests = [_master_request(view, action, argument) for argument in arguments]
        self.edit = Edit(process, path)
        self.path, self.view, self.action, self.warn = path, view, action, warn

    def run(self) -> None:
        """Raises Fatal."""
        wanted = False
        for line, starts in _first_lines(self.edit):
            if starts:
                wanted, entry = self._match(line)
                if entry is not None:
                    self.edit.out.append(format_entry(entry, fold=True))
                    continue
            if not wanted:
                self.edit.out.append(line)
            elif self.action == "#":
                self.edit.out.append(f"#{line}")
        self._unmatched()
        self.edit.close()

    def _where(self) -> str:
        return f"file {self.path}: line {self.edit.number}: "

    def _service(self, line: str) -> tuple[str, str]:
        words = tokens(line, BLANKS)
        if len(words) < 2:
            raise Fatal(f"{self._where()}specify service name and type on the same line")
        if "=" in words[0]:
            raise Fatal(f'{self._where()}service name syntax "{words[0]}" is unsupported with {_OPTIONS}')
        if "=" in words[1] or "/" in words[1]:
            raise Fatal(f'{self._where()}service type syntax "{words[1]}" is unsupported with {_OPTIONS}')
        return words[0], words[1]

    def _match(self, line: str) -> tuple[bool, MasterEntry | None]:
        """Whether any request means this entry, and what takes its place (None: nothing, or itself)."""
        name, kind = self._service(line)
        wanted = False
        entry: MasterEntry | None = None
        for request in self.requests:
            offered = self._offered(request)
            hit = request.pattern.matches(name, kind) or (offered is not None and offered.words[:2] == [name, kind])
            if not hit:
                continue
            wanted = True
            request.matches += 1
            if offered is not None:
                entry = offered if request.matches == 1 else entry
            elif self.view in "FP" and (self.action == "e" or self.view == "P"):
                entry = entry or self._whole(line)
                self._change(entry, request)
        return wanted, entry

    def _offered(self, request: Request) -> MasterEntry | None:
        """The entry that a request for a whole entry brings along."""
        return self._parsed(request) if self.view == "M" and self.action == "e" else None

    def _parsed(self, request: Request) -> MasterEntry:
        try:
            return parse_entry(request.value or "", self.warn)
        except ValueError as problem:
            raise Fatal(f'{problem}: "{request.text}"') from None

    def _whole(self, line: str) -> MasterEntry:
        where = self._where()
        try:
            return parse_entry(line + self.edit.continuation(), self.warn)
        except ValueError as problem:
            raise Fatal(f"{where}{problem}") from None

    def _change(self, entry: MasterEntry, request: Request) -> None:
        if self.view == "F":
            edit_field(entry, request.field, request.value or "", self.warn)
        else:
            edit_parameter(entry, request.pattern.name, request.value)

    def _unmatched(self) -> None:
        for request in self.requests:
            if request.matches:
                continue
            if self.view == "M" and self.action == "e":
                self.edit.out.append(format_entry(self._parsed(request), fold=True))
            elif self.view != "M":
                self.warn(f'unmatched service_name/type: "{request.text}"')
