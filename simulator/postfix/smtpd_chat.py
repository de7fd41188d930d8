"""What smtpd(8) and its client say to each other, and its transcript, which the postmaster may get: postconf(5) notify_classes.

Each reply passes here: the pause after errors, the reject footer, soft_bounce, and the end of the session that 421 and 521 mean.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from simulator.mail.dsn import leading_dsn
from simulator.postfix.lib.expansion import expand
from simulator.postfix.lib.printable import printable
from simulator.postfix.smtpd_expand import session_lookup
from simulator.postfix.smtpd_notify import notify_postmaster

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd
    from simulator.postfix.smtpd_state import SmtpdState
    from simulator.postfix.smtpd_stream import ClientStream

#: Lines of a transcript that are kept; a real smtpd has no limit.
HISTORY_LIMIT = 10_000
_REPLY = re.compile(r"[0-9]{3}[ -]")
#: A reply that the client gets late is sent at once, so that it does not give up: seconds.
_FLUSH_AFTER = 10.0


class Chat:
    """One side of the conversation: replies out, lines in."""

    def __init__(self, smtpd: Smtpd, state: SmtpdState, stream: ClientStream) -> None:
        self.smtpd = smtpd
        self.state = state
        self.stream = stream
        self.history: list[str] = []
        self.line = ""
        self.raw = b""
        self._last_input = smtpd.clock.now

    # Lines in

    async def query(self, limit: int | None = None) -> bool:
        """Read a line into `line` (and `raw`); False if it is longer than the limit. Raises ClientTimeout, ConnectionLost."""
        limit = limit or self.smtpd.settings.line_limit
        self.raw, complete = await self.stream.get_line(limit, skip=True)
        self.line = self.raw.decode("utf-8", "surrogateescape")
        self._last_input = self.smtpd.clock.now
        self._note("In:  ", self.line)
        if not complete:
            shown = printable(self.line)[:30]
            self.smtpd.log.warning(f"{self.state.namaddr}: request longer than {limit}: {shown}...")
        return complete

    # Replies out

    async def reply(self, text: str) -> None:
        """Say this; further lines of a reply stand behind CR LF."""
        tarpit = self.state.error_count >= self.smtpd.settings.soft_error_limit
        if tarpit:
            await asyncio.sleep(self.smtpd.settings.error_sleep_time)
        if text[:1] in ("4", "5"):
            text = self._with_footer(text)
        lines = [self._soften(line) for line in text.removesuffix("\r\n").split("\r\n")]
        for line in lines[:-1]:
            self._say(line[:3] + "-" + line[4:])
        self._say(lines[-1])
        if tarpit or self.smtpd.clock.now - self._last_input > _FLUSH_AFTER:
            self.stream.flush()
        if lines[0][:3] in ("421", "521"):
            self.state.hangup = True

    def _say(self, line: str) -> None:
        self._note("Out: ", line)
        self.stream.write(line.encode("utf-8", "surrogateescape") + b"\r\n")

    def _soften(self, line: str) -> str:
        if not self.smtpd.settings.soft_bounce or line[:1] != "5":
            return line
        return "4" + line[1:4] + ("4" if line[4:5] == "5" else line[4:5]) + line[5:]

    def _with_footer(self, text: str) -> str:
        """postconf(5) smtpd_reject_footer, smtpd_reject_footer_maps."""
        footer = self.smtpd.lists.footer(text)
        if not footer or not all(_REPLY.match(line) for line in text.split("\r\n")):
            return text
        last = text.split("\r\n")[-1]
        code, dsn = last[:3], leading_dsn(last[4:])
        added = ""
        for place, part in enumerate(footer.split("\\n")):
            if place == 0 and part.startswith("\\c"):
                part = part[2:]
            else:
                added += f"\r\n{code} " + (f"{dsn} " if dsn else "")
            expanded = expand(part, session_lookup(self.smtpd, self.state), self.smtpd.log.warning, clean=self.smtpd.clean)
            if expanded.error:
                return text
            added += expanded.text
        return text + added

    # The transcript

    def _note(self, direction: str, text: str) -> None:
        if self.smtpd.settings.notify_classes and len(self.history) < HISTORY_LIMIT:
            self.history.append(direction + text)

    def reset(self, threshold: int) -> None:
        """Tell the postmaster of trouble that he wants to know of, then forget what was said."""
        if len(self.history) <= threshold:
            return
        if not self.state.stand_alone and self.state.error_mask & self.smtpd.settings.notify_classes:
            notify_postmaster(self.smtpd, self.state, self.history)
        self.state.error_mask.clear()
        self.history.clear()
