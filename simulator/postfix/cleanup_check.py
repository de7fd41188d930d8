"""header_checks(5) and its relatives: what patterns say about headers and body lines. Part of cleanup(8)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from simulator.mail.dsn import prepend_dsn
from simulator.postfix.cleanup_status import (
    FLAG_DISCARD,
    FLAG_FILTER,
    FLAG_FILTER_ALL,
    FLAG_HOLD,
    STAT_CONT,
    STAT_DEFER,
    STAT_WRITE,
    status_detail,
)
from simulator.postfix.lib import mime_state, records
from simulator.postfix.lib.header_opts import header_name_length
from simulator.postfix.lib.tables import Maps, TableError
from simulator.postfix.lib.tables.flags import LOCK

if TYPE_CHECKING:
    from simulator.postfix.cleanup import Cleanup
    from simulator.postfix.cleanup_message import MessageContent
    from simulator.postfix.cleanup_session import CleanupSession
    from simulator.postfix.daemon import Changeable

#: The result for a header that goes (a text that no header has).
DROP: Final = "\0"

_PARAMETERS: Final = {
    mime_state.PRIMARY: "header_checks",
    mime_state.MULTIPART: "mime_header_checks",
    mime_state.NESTED: "nested_header_checks",
}
_ESCAPES: Final = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


def unescape(text: str) -> bytes:
    r"""`\n`, `\0`, `\015` and the like as bytes: postconf(5) message_reject_characters."""
    result = bytearray()
    position = 0
    while position < len(text):
        char = text[position]
        position += 1
        if char != "\\" or position >= len(text):
            result += char.encode("utf-8", "surrogateescape")
            continue
        digits = ""
        while len(digits) < 3 and position < len(text) and text[position] in "01234567":
            digits += text[position]
            position += 1
        if digits:
            result.append(int(digits, 8) & 255)
        else:
            result.append(_ESCAPES.get(text[position], ord(text[position]) & 255))
            position += 1
    return bytes(result)


class ContentChecks:
    """The tables of one process."""

    def __init__(self, cleanup: Cleanup) -> None:
        params, context = cleanup.params, cleanup.table_context
        self.cleanup = cleanup
        self.headers = {block: Maps(name, params[name], context, LOCK) for block, name in _PARAMETERS.items() if params[name]}
        # Headers of body parts are looked at with header_checks unless there are checks of their own.
        self.bodies = Maps("body_checks", params["body_checks"], context, LOCK) if params["body_checks"] else None
        self.body_limit = params.int("body_checks_size_limit")
        self.reject_characters = frozenset(unescape(params["message_reject_characters"]))
        self.strip_characters = unescape(params["message_strip_characters"])

    def tables(self) -> Iterable[Changeable]:
        """Everything that may change on disk."""
        yield from self.headers.values()
        if self.bodies is not None:
            yield self.bodies

    def characters(self, session: CleanupSession, data: bytes) -> bytes:
        """message_reject_characters and message_strip_characters."""
        if not session.flags & FLAG_FILTER:
            return data
        if self.reject_characters and not self.reject_characters.isdisjoint(data):
            text = data.decode("utf-8", "surrogateescape")
            Action(session, None, "content", text, "character reject").take("REJECT disallowed character")
            return data
        return data.translate(None, self.strip_characters) if self.strip_characters else data

    def header(self, session: CleanupSession, content: MessageContent, block: str, text: str) -> str:
        """The header as it is to go on, or DROP."""
        table = self.headers.get(block)
        if table is None or not session.flags & FLAG_FILTER:
            return text
        found = self._find(session, table, _PARAMETERS[block], text)
        return text if found is None else Action(session, content, "header", text, _PARAMETERS[block]).take(found)

    def body(self, session: CleanupSession, content: MessageContent, data: bytes, offset: int) -> bytes | None:
        """The line as it is to go on, or None."""
        if self.bodies is None or not session.flags & FLAG_FILTER or (self.body_limit and offset >= self.body_limit):
            return data
        text = data.decode("utf-8", "surrogateescape")
        found = self._find(session, self.bodies, "body_checks", text)
        if found is None:
            return data
        changed = Action(session, content, "body", text, "body_checks").take(found)
        return None if changed is DROP else changed.encode("utf-8", "surrogateescape")

    def _find(self, session: CleanupSession, table: Maps, title: str, text: str) -> str | None:
        try:
            found: str | None = table.find(text)
        except TableError:
            self.cleanup.log.warning(f"{session.queue_id}: {title} map lookup problem -- message not accepted, try again later")
            session.errors |= STAT_WRITE
            return None
        return found


class Action:
    """What the right-hand side of a matching pattern does."""

    def __init__(self, session: CleanupSession, content: MessageContent | None, context: str, text: str, title: str) -> None:
        self.session, self.content, self.context, self.text, self.title = session, content, context, text, title
        self.warn = session.log.warning

    def take(self, value: str) -> str:
        """The text to go on with, DROP for none."""
        word, _, argument = value.partition(" ") if " " in value.split("\t")[0] else value.partition("\t")
        argument = argument.lstrip()
        handler = _ACTIONS.get(word.upper())
        if handler is None:
            self.warn(f"unknown command in {self.title} map: {value}")
            return self.text
        return handler(self, argument)

    def log(self, action: str, argument: str) -> None:
        """The line that tells what was done with what."""
        session = self.session
        attributes = session.attributes
        line = f"{session.queue_id}: {action}: {self.context} {self.text[:200]} from {attributes['log_message_origin']};"
        if session.sender is not None:
            line += f" from=<{session.sender}>"
        if session.recipient is not None:
            line += f" to=<{session.recipient}>"
        if "log_protocol_name" in attributes:
            line += f" proto={attributes['log_protocol_name']}"
        if "log_helo_name" in attributes:
            line += f" helo=<{attributes['log_helo_name']}>"
        session.log.info(f"{line}: {argument}" if argument else line)
        session.cleanup.trace("content " + action, session.queue_id, table=self.title, text=self.text, argument=argument)

    def reject(self, argument: str) -> str:
        session = self.session
        if argument:
            session.reason = prepend_dsn("5.7.1", argument)
            if session.reason[0] not in "45":
                self.warn(f"bad DSN action in {argument} -- need 4.x.x or 5.x.x")
                session.reason = "4" + session.reason[1:]
        else:
            detail = status_detail(STAT_CONT)
            session.reason = prepend_dsn(detail.dsn, detail.text)
        session.errors |= STAT_DEFER if session.reason[0] == "4" else STAT_CONT
        session.flags &= ~FLAG_FILTER_ALL
        self.log("reject", session.reason)
        return self.text

    def warning(self, argument: str) -> str:
        self.log("warning", argument)
        return self.text

    def info(self, argument: str) -> str:
        self.log("info", argument)
        return self.text

    def filter(self, argument: str) -> str:
        if not argument:
            self.warn(f"missing FILTER command argument in {self.title} map")
        elif ":" not in argument:
            self.warn(f"bad FILTER command {argument} in {self.title} -- need transport:destination")
        else:
            self.session.filter = argument
            self.log("filter", argument)
        return self.text

    def passed(self, argument: str) -> str:
        self.log("pass", argument)
        self.session.flags &= ~FLAG_FILTER_ALL
        return self.text

    def discard(self, argument: str) -> str:
        self.log("discard", argument)
        self.session.flags = (self.session.flags | FLAG_DISCARD) & ~FLAG_FILTER_ALL
        return self.text

    def hold(self, argument: str) -> str:
        if not self.session.flags & (FLAG_HOLD | FLAG_DISCARD):
            self.log("hold", argument)
            self.session.flags |= FLAG_HOLD
        return self.text

    def prepend(self, argument: str) -> str:
        if not argument:
            self.warn(f"PREPEND action without text in {self.title} map")
        elif self.context == "header" and not header_name_length(argument):
            self.warn(f'bad PREPEND header text "{argument}" in {self.title} map -- need "headername: headervalue"')
        else:
            self.log("prepend", argument)
            if self.context == "header" and self.content is not None:
                self.content.write_header(argument)
            else:
                self.session.out_text(records.LINE, argument)
        return self.text

    def replace(self, argument: str) -> str:
        if not argument:
            self.warn(f"REPLACE action without text in {self.title} map")
        elif self.context == "header" and not header_name_length(argument):
            self.warn(f'bad REPLACE header text "{argument}" in {self.title} map -- need "headername: headervalue"')
        else:
            self.log("replace", argument)
            return argument
        return self.text

    def redirect(self, argument: str) -> str:
        if "@" not in argument:
            self.warn(f'bad REDIRECT target "{argument}" in {self.title} map -- need user@domain')
        else:
            self.session.redirect = argument
            self.log("redirect", argument)
            self.session.flags &= ~FLAG_FILTER_ALL
        return self.text

    def bcc(self, argument: str) -> str:
        if "@" not in argument:
            self.warn(f'bad BCC address "{argument}" in {self.title} map -- need user@domain')
        else:
            self.session.bcc_from_checks.append(argument)
            self.log("bcc", argument)
        return self.text

    def strip(self, argument: str) -> str:
        self.log("strip", argument)
        return DROP

    def ignore(self, argument: str) -> str:
        return DROP

    def dunno(self, argument: str) -> str:
        return self.text


_ACTIONS: Final = {
    "REJECT": Action.reject,
    "WARN": Action.warning,
    "INFO": Action.info,
    "FILTER": Action.filter,
    "PASS": Action.passed,
    "DISCARD": Action.discard,
    "HOLD": Action.hold,
    "PREPEND": Action.prepend,
    "REPLACE": Action.replace,
    "REDIRECT": Action.redirect,
    "BCC": Action.bcc,
    "STRIP": Action.strip,
    "IGNORE": Action.ignore,
    "DUNNO": Action.dunno,
    "OK": Action.dunno,
}
