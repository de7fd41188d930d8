"""What smtpd(8) does with a line of its client: is it a command at all, may it be said now, and what is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.printable import escape, is_header
from simulator.postfix.lib.tables import TableError
from simulator.postfix.smtpd_commands import COMMANDS, ENDS_PIPELINE, LIMITED, PRE_TLS, Command
from simulator.postfix.smtpd_token import Token, split_command
from simulator.postfix.smtpd_trouble import LocalTrouble

if TYPE_CHECKING:
    from simulator.postfix.smtpd_session import Session

#: How much of a line that is no command the log shows.
_SHOWN = 100


async def obey(session: Session) -> bool:
    """Carry out the line that was read. False ends the session. Raises LocalTrouble."""
    state, smtpd = session.state, session.smtpd
    if smtpd.settings.smtputf8_enable and not _is_utf8(session.chat.raw):
        return await _error(session, "500 5.5.2 Error: bad UTF-8 syntax")
    line = session.chat.line = _filtered(session, session.chat.line)
    words = split_command(line)
    if not words:
        return await _error(session, "500 5.5.2 Error: bad syntax")
    if smtpd.lists.is_noop(words[0].text):
        await session.reply("250 2.0.0 Ok")
        _count_junk(session)
        return True
    name = words[0].text.upper()
    command = COMMANDS.get(name)
    session.counts.tried(name if command else "")
    if command is None and _is_foreign(session, words[0].text, line):
        await session.reply("221 2.7.0 Error: I can break rules, too. Goodbye.")
        return False
    if state.access_denied and name != "QUIT":
        return await _denied(session)
    if command is None:
        return await _error(session, "500 5.5.2 Error: command not recognized")
    if smtpd.tls.required and session.tls is None and not state.stand_alone and PRE_TLS not in command.flags:
        await session.reply("530 5.7.0 Must issue a STARTTLS command first")
        state.error_count += 1
        return True
    return await _run(session, name, command, words)


async def _run(session: Session, name: str, command: Command, words: list[Token]) -> bool:
    state, smtpd = session.state, session.smtpd
    state.where = name
    watched = not state.stand_alone and (state.protocol != "ESMTP" or ENDS_PIPELINE in command.flags)
    if watched and session.flag_pipelining() and smtpd.settings.forbid_unauth_pipelining:
        await session.reply("554 5.5.0 Error: SMTP protocol synchronization")
        return False
    fault = session.fault(name.lower(), session.chat.line)
    done = await session.fail(fault, "policy") if fault is not None else await command.action(session, words)
    if done:
        session.counts.succeeded(name)
    else:
        state.error_count += 1
    if LIMITED in command.flags:
        _count_junk(session)
    return name != "QUIT"


async def _error(session: Session, text: str) -> bool:
    await session.fail(text, "protocol")
    session.state.error_count += 1
    return True


async def _denied(session: Session) -> bool:
    denied = session.state.access_denied or ""
    if denied[1:3] == "21":
        await session.reply(denied)
        return True
    await session.reply(f"503 5.7.0 Error: access denied for {session.state.namaddr}")  # RFC 5321 3.1
    session.state.error_count += 1
    return True


def _filtered(session: Session, line: str) -> str:
    """postconf(5) smtpd_command_filter. Raises LocalTrouble."""
    table = session.smtpd.lists.command_filter
    try:
        found: str | None = table.find(line.lstrip(" \t"))
    except TableError:
        raise LocalTrouble from None
    if found is None:
        return line
    session.smtpd.log.info(f'{session.state.namaddr}: replacing command "{line[:100]}" with "{found[:100]}"')
    return found


def _is_foreign(session: Session, word: str, line: str) -> bool:
    """The client speaks HTTP or is being made to relay something: postconf(5) smtpd_forbidden_commands."""
    session.state.where = "UNKNOWN"
    if not is_header(word) and not session.smtpd.lists.is_forbidden(word):
        return False
    shown = escape(line.encode("utf-8", "surrogateescape"))[:_SHOWN]
    session.smtpd.log.warning(f"non-SMTP command from {session.state.namaddr}: {shown}")
    return True


def _count_junk(session: Session) -> None:
    session.state.junk_commands += 1
    if session.state.junk_commands - 1 > session.smtpd.settings.junk_command_limit:
        session.state.error_count += 1


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.partition(b"\0")[0].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
