"""What smtp(8) changes in a message on its way out: smtp_header_checks and its relatives, smtp_generic_maps, and the conversion to
7 bits for servers without 8BITMIME (header_checks(5), RFC 6152).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.postfix.lib import records
from simulator.postfix.lib.header_opts import MIME, find, header_name_length
from simulator.postfix.lib.mime_state import MULTIPART, NESTED, NESTING, PRIMARY, MimeOptions, MimeState
from simulator.postfix.lib.tables import Maps, TableError
from simulator.postfix.smtp_content import ContentError

#: Which parameter looks at which headers.
PARAMETERS = {PRIMARY: "header_checks", MULTIPART: "mime_header_checks", NESTED: "nested_header_checks"}
BODY_CHECKS = "body_checks"
#: As much of a header or line is logged.
_LOGGED = 60


class FilterTrouble(Exception):
    """A table of checks does not answer."""


@dataclass(frozen=True, slots=True)
class Checks:
    """The tables of a process: for the headers by their block, for the body. Empty where there are none."""

    headers: dict[str, Maps]
    body: Maps | None = None

    def __bool__(self) -> bool:
        return bool(self.headers) or self.body is not None


@dataclass(frozen=True, slots=True)
class FilterLog:
    """Where the filter tells what it does: information with the queue id, warnings."""

    queue_id: str
    info: Callable[[str], None]
    warn: Callable[[str], None]


class OutgoingFilter:
    """Goes through one message. `rewrite` changes the addresses of a primary header; it gets and gives bytes."""

    def __init__(self, checks: Checks, rewrite: Callable[[bytes], list[bytes]] | None, downgrade: bool, log: FilterLog) -> None:
        self.checks = checks
        self.rewrite = rewrite
        self.downgrade = downgrade
        self.log = log
        self.lines: list[bytes] = []

    def run(self, message: bytes) -> bytes:
        """The message as it is to be sent. Raises ContentError, FilterTrouble."""
        report = frozenset((NESTING,)) if self.downgrade else frozenset()
        state = MimeState(self, MimeOptions(downgrade=self.downgrade, disabled=not self.downgrade and not self.checks, report=report))
        for line in message.removesuffix(b"\n").split(b"\n"):
            state.update(records.LINE, line)
        state.update(records.END, b"")
        return b"".join(line + b"\n" for line in self.lines)

    # What MimeState calls

    def header(self, block: str, text: str) -> None:
        known = find(text)
        table = self.checks.headers.get(MULTIPART if known is not None and known.flags & MIME else block)
        changed = text if table is None else self._act(table, "header", text)
        if changed is None:
            return
        field = changed.encode("utf-8", "surrogateescape")
        self.lines += self.rewrite(field) if self.rewrite is not None and block == PRIMARY else [field]

    def end_of_header(self) -> None:
        """Nothing happens between headers and body."""

    def body(self, kind: str, data: bytes, offset: int) -> None:
        if self.checks.body is None:
            self.lines.append(data)
            return
        text = self._act(self.checks.body, "body", data.decode("utf-8", "surrogateescape"))
        if text is not None:
            self.lines.append(text.encode("utf-8", "surrogateescape"))

    def mime_problem(self, problem: str, text: str) -> None:
        raise ContentError("5.6.0", problem)

    # Actions

    def _act(self, table: Maps, where: str, text: str) -> str | None:
        """The text as it is to go on, None to leave it out. Raises FilterTrouble."""
        try:
            found = table.find(text)
        except TableError:
            self.log.warn(f"{self.log.queue_id}: smtp {where} checks lookup error")
            raise FilterTrouble from None
        if found is None:
            return text
        words = found.split(None, 1)
        command, argument = words[0] if words else "", words[1] if len(words) > 1 else ""
        action = command.upper()
        if action in ("DUNNO", "OK"):
            return text
        if action == "IGNORE":
            return None
        if action in ("WARN", "INFO", "STRIP"):
            self._tell({"WARN": "warning"}.get(action, action.lower()), where, text, argument)
            return None if action == "STRIP" else text
        if action in ("REPLACE", "PREPEND"):
            return self._write(action, table.title, where, text, argument)
        self.log.warn(f"unsupported command in {table.title} map: {found}")
        return text

    def _write(self, action: str, title: str, where: str, text: str, argument: str) -> str:
        if not argument:
            self.log.warn(f"{action} action without text in {title} map")
        elif where == "header" and not header_name_length(argument):
            self.log.warn(f'bad {action} header text "{argument}" in {title} map -- need "headername: headervalue"')
        else:
            self._tell(action.lower(), where, text, argument)
            if action == "REPLACE":
                return argument
            self.lines.append(argument.encode("utf-8", "surrogateescape"))
        return text

    def _tell(self, action: str, where: str, text: str, argument: str) -> None:
        line = f"{self.log.queue_id}: {action}: {where} {text[:_LOGGED]}"
        self.log.info(f"{line}: {argument}" if argument else line)
