"""Edits of master.cf: postconf(1) -M, -F and -P with -e, -X or -#.

A whole entry takes the place of the one with the name and type that was asked for, or of the one that has its own name and
type; without either it is appended. Fields and parameters are changed in entries that are there. A changed entry is
written anew, in columns and with each `-o` on a line of its own; all others stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simulator.postfix.commands.postconf_edit import Edit, clean_argument, first_lines
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
from simulator.unix.program import Process

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
    text = clean_argument(argument, f"{_OPTIONS} accept")
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
        for line, starts in first_lines(self.edit):
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
