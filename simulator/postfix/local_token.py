"""One element of an alias or .forward file: an address, a file, a command, or a list in a file.

user, user@example.com       an address
/file/name, ~/name           a file, or with a slash at its end a Maildir
|command                     a program; in double quotes if there are blanks
:include:/file/name          the addresses in that file
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.mail.address import ADDR, Token, internalize, parse
from simulator.postfix.lib.delivery import Bounced
from simulator.postfix.local_command import deliver_command
from simulator.postfix.local_file import deliver_file
from simulator.postfix.local_include import deliver_include
from simulator.postfix.local_resolve import deliver_resolve_tree

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State

_INCLUDE: Final = ":include:"
_TEXT_LIMIT: Final = 2048


async def deliver_token_string(job: LocalDelivery, state: State, text: str) -> tuple[bool, int]:
    """Deliver to every element of a list; whether all is done, and how many there were."""
    done, count = True, 0
    for token in parse(text):
        if token.kind == ADDR:
            count += 1
            done &= await deliver_token(job, state, token)
    return done, count


async def deliver_token_lines(job: LocalDelivery, state: State, text: str) -> tuple[bool, int]:
    """The same for the lines of a file; after a line with trouble no further line is read."""
    total = 0
    for line in _lines(text):
        if line.startswith("#"):
            continue
        done, count = await deliver_token_string(job, state, line)
        total += count
        if not done:
            return False, total
    return True, total


def _lines(text: str) -> list[str]:
    """Lines, cut where they exceed postconf(5) line_length_limit."""
    return [line[at : at + _TEXT_LIMIT] for line in text.split("\n") for at in range(0, len(line) or 1, _TEXT_LIMIT)]


async def deliver_token(job: LocalDelivery, state: State, token: Token) -> bool:
    """Deliver to one element."""
    text = internalize(token.parts)
    if text.startswith("/"):
        return await deliver_file(job, state, text)
    if text.startswith("~"):
        return await _deliver_home(job, state, text)
    if text.startswith("|"):
        if state.expansion not in job.settings.commands_from:
            return job.report(state, Bounced("5.7.1", "mail to command is restricted", job.relay))
        return await deliver_command(job, state, text[1:])
    if text[: len(_INCLUDE)].lower() == _INCLUDE:
        return await deliver_include(job, state, text[len(_INCLUDE) :], deliver_token_lines)
    return await deliver_resolve_tree(job, state, token.parts)


async def _deliver_home(job: LocalDelivery, state: State, text: str) -> bool:
    """`~/name` in a user's own file."""
    home = state.rights.home
    if not text.startswith("~/") or home is None:
        trouble = "bad home directory syntax" if not text.startswith("~/") else "unknown home directory"
        job.agent.log.warning(f"{trouble} for: {text}")
        return job.report(state, Bounced("5.3.5", "mail system configuration error", job.relay))
    return await deliver_file(job, state, text[1:] if home == "/" else home + text[1:])
