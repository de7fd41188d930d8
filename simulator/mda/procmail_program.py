"""Programs that procmail runs: pipes, filters, conditions with `?`, backquotes, TRAP.

A command with one of $SHELLMETAS goes to $SHELL; others are split into words and executed directly.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.mda.procmail_source import Source
from simulator.mda.procmail_text import WORDS, Words
from simulator.unix.program import Killed, Result

if TYPE_CHECKING:
    from simulator.mda.procmail_session import Session

_EX_UNAVAILABLE, _SIGTERM = 69, 15


@dataclass(frozen=True, slots=True)
class Line:
    """A command: words to be executed, or a text for the shell."""

    words: list[str]
    shell: bool

    @property
    def shown(self) -> str:
        """As messages and LASTFOLDER have it."""
        return self.words[0] if self.shell else " ".join(self.words)


def parse_command(session: Session, text: str) -> Line:
    """Does the text need a shell?"""
    if any(char in session.get("SHELLMETAS") for char in text):
        return Line([text], True)
    words = Words(session, Source(text), WORDS).read()
    return Line([text], True) if words[:1] == ["test"] else Line(words or [""], False)


def run(session: Session, line: Line, text: str, apart: bool = False) -> Result:
    """Run it with a text as its input; the exit status goes to $?. `apart`: procmail does not wait for it, so that what is
    said of it and what it says comes behind the line about the delivery."""
    shown = line.words[0] if line.shell else ",".join(line.words)
    if apart:
        session.late.append(("Executing", shown))
    else:
        session.tell("Executing", shown)
    argv = [session.get("SHELL"), session.get("SHELLFLAGS"), line.words[0]] if line.shell else line.words
    result = _execute(session, argv, text, line.words[0], 0 if apart else session.numbers["TIMEOUT"])
    session.program_status = result.exit_code
    errors = result.stderr.encode("utf-8", "surrogateescape").decode("latin-1")
    if apart:
        session.late.append(("", errors))
    elif errors:
        session.log(errors)
    return result


def _execute(session: Session, argv: list[str], text: str, name: str, timeout: int) -> Result:
    """What is no program is given to /bin/sh, even if it does not exist. `timeout`: seconds, 0 for none."""
    host = session.process.host
    stdin = text.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
    user = host.users.user_name(session.cred.uid)
    session.flush()
    outer, end = host.deadline, host.clock.now + timeout
    if timeout and (outer is None or end < outer):
        host.deadline = end
    try:
        for attempt in (argv, ["/bin/sh", *argv]):
            with contextlib.suppress(OSError):
                return host.execute(attempt, cred=session.cred, user=user, env=session.env, cwd=session.cwd, stdin=stdin)
    except Killed as death:
        if outer is not None and host.clock.now >= outer:
            raise
        if timeout and host.clock.now >= end:
            session.say_of("Timeout, terminating", name)
            return Result("", "", -_SIGTERM)
        return Result("", "", -death.signal)
    finally:
        host.deadline = outer
    session.say_of("Failed to execute", argv[0])
    return Result("", "", _EX_UNAVAILABLE)


def output_of(session: Session, command: str) -> str:
    """What a command in backquotes prints, without the line ends at its end."""
    result = run(session, parse_command(session, command), session.mail.text)
    return result.stdout.encode("utf-8", "surrogateescape").decode("latin-1").rstrip("\n")


def complain_of_status(session: Session, shown: str, status: int, quiet: bool) -> None:
    """`Program failure (1) of "false"`; with the flag W only when it is verbose."""
    if quiet and not session.verbose:
        return
    words = ("Non-zero exitcode", "from") if quiet else ("Program failure", "of")
    session.say_of(f"{words[0]} ({status}) {words[1]}", shown)


def pipe_into(session: Session, line: Line, text: str, wait: int) -> bool:
    """Deliver to a program. `wait`: 0 its status does not matter, 1 the flag w, 2 the flag W. True if that worked."""
    result = run(session, line, text, apart=not wait)
    if result.exit_code and wait:
        complain_of_status(session, line.words[0], result.exit_code, wait >= 2)
    session.set_last_folder(line.shown)
    session.last_length, session.offset = len(text), -1
    return not (wait and result.exit_code)


def filter_through(session: Session, line: Line, text: str, wait: int) -> str | None:
    """Replace the text by what a program makes of it; None if it failed and its status matters."""
    result = run(session, line, text)
    if result.exit_code and wait:
        complain_of_status(session, line.words[0], result.exit_code, wait >= 2)
        if wait < 2 or session.verbose:
            session.say("Rescue of unfiltered data succeeded\n")
        return None
    return result.stdout.encode("utf-8", "surrogateescape").decode("latin-1")


def run_trap(session: Session) -> None:
    """TRAP: a last command, which gets the message; its status counts if EXITCODE is empty."""
    trap, forced = session.get("TRAP"), _forced_status(session)
    if not trap:
        return
    session.env.setdefault("EXITCODE", str(session.status))
    result = _execute(session, [session.get("SHELL"), session.get("SHELLFLAGS"), trap], session.mail.text, trap, 0)
    session.log(result.stdout + result.stderr)
    if result.exit_code and forced == -2:
        session.status = result.exit_code


def _forced_status(session: Session) -> int:
    """What EXITCODE says: -1 nothing, -2 that TRAP decides, else the exit status."""
    if not session.exit_code_set:
        return -1
    text = session.get("EXITCODE").strip()
    if not text.lstrip("-").isdigit():
        return -2
    forced = int(text)
    if forced >= 0:
        session.status = forced
    return forced
