"""The beginning of a session of smtp(8): greeting, EHLO (HELO, LHLO), STARTTLS, AUTH.

A server that says no at this stage is left for the next one; that mail is deferred even when it says 5xx in its greeting,
unless smtp_skip_5xx_greeting is off.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.postfix.smtp_attempt import LOCAL, Attempt, own
from simulator.postfix.smtp_chat import Reply, StreamTrouble
from simulator.postfix.smtp_sasl import login, note_mechanisms
from simulator.postfix.smtp_session import SmtpSession
from simulator.postfix.smtp_tls import LEVEL_MAY, required, start_tls

if TYPE_CHECKING:
    from simulator.postfix.smtp import Smtp

#: EHLO keywords that mean something to the client. XFORWARD and SIZE have values.
_KEYWORDS = frozenset(("8BITMIME", "PIPELINING", "STARTTLS", "DSN", "SMTPUTF8", "XFORWARD", "SIZE", "AUTH"))
#: What smtp_discard_ehlo_keywords may name, in the order in which it is logged.
_DISCARDABLE = (
    "8BITMIME",
    "PIPELINING",
    "SIZE",
    "VRFY",
    "ETRN",
    "AUTH",
    "VERP",
    "STARTTLS",
    "XCLIENT",
    "XFORWARD",
    "ENHANCEDSTATUSCODES",
    "DSN",
    "SMTPUTF8",
    "CHUNKING",
    "SILENT-DISCARD",
)


async def handshake(daemon: Smtp, attempt: Attempt) -> bool:
    """Everything before MAIL FROM. False: this server will not do, and `attempt` knows why."""
    session = attempt.session
    assert session is not None
    if daemon.settings.bool("tls_wrappermode"):
        return await _encrypted(daemon, attempt, session)
    greeter = _Greeter(daemon, attempt, session)
    try:
        if not await greeter.greeting():
            return False
        if not await greeter.hello():
            return False
    except StreamTrouble as trouble:
        attempt.stream_fail(trouble, greeter.doing)
        return False
    return await _secure(daemon, attempt, session)


async def _encrypted(daemon: Smtp, attempt: Attempt, session: SmtpSession) -> bool:
    """Negotiate TLS and begin again inside it."""
    if not await start_tls(daemon, attempt, session):
        return False
    session.features = {"ESMTP"}
    greeter = _Greeter(daemon, attempt, session)
    try:
        if daemon.settings.bool("tls_wrappermode") and not await greeter.greeting():
            return False
        session.features.add("ESMTP")
        if not await greeter.hello():
            return False
        return await _authenticate(daemon, attempt, session)
    except StreamTrouble as trouble:
        attempt.stream_fail(trouble, greeter.doing)
        return False


async def _secure(daemon: Smtp, attempt: Attempt, session: SmtpSession) -> bool:
    """STARTTLS, if it is wanted and offered."""
    policy = daemon.policy
    offered = "STARTTLS" in session.features
    if offered and daemon.settings.bool("tls_note_starttls_offer") and policy.level == "none":
        daemon.log.info(f"Host offered STARTTLS: [{session.server.host}]")
    try:
        if offered and daemon.tls_files is not None and policy.rank >= LEVEL_MAY:
            session.chat.say("STARTTLS")
            reply = await session.chat.reply(daemon.settings.time("starttls_timeout"))
            if reply.good:
                session.mechanisms = None
                return await _encrypted(daemon, attempt, session)
            session.features.discard("STARTTLS")
            if required(policy):
                text = f"TLS is required, but host {session.name} refused to start TLS: {reply.flat}"
                attempt.site_fail(session.server.host, reply, text)
                return False
        if required(policy):
            return _cannot(daemon, attempt, session)
    except StreamTrouble as trouble:
        attempt.stream_fail(trouble, "receiving the STARTTLS response")
        return False
    try:
        return await _authenticate(daemon, attempt, session)
    except StreamTrouble as trouble:
        attempt.stream_fail(trouble, "performing the EHLO handshake")
        return False


def _cannot(daemon: Smtp, attempt: Attempt, session: SmtpSession) -> bool:
    if "STARTTLS" not in session.features:
        attempt.site_fail(LOCAL, own("4.7.4"), f"TLS is required, but was not offered by host {session.name}")
    else:
        attempt.site_fail(LOCAL, own("4.7.5"), "TLS is required, but our TLS engine is unavailable")
    return False


async def _authenticate(daemon: Smtp, attempt: Attempt, session: SmtpSession) -> bool:
    if daemon.settings.bool("sasl_auth_enable") and "AUTH" in session.features:
        return await login(daemon, attempt, session)
    return True


class _Greeter:
    """Greeting and hello of one session. `doing` is what a broken connection interrupts."""

    def __init__(self, daemon: Smtp, attempt: Attempt, session: SmtpSession) -> None:
        self.daemon = daemon
        self.attempt = attempt
        self.session = session
        self.doing = ""
        session.chat.on_garbage = self._garbage

    @property
    def _timeout(self) -> float:
        return self.daemon.settings.time("helo_timeout")

    def _refused(self, reply: Reply) -> bool:
        self.attempt.site_fail(self.session.server.host, reply, f"host {self.session.name} refused to talk to me: {reply.flat}")
        return False

    async def greeting(self) -> bool:
        """The server's first words."""
        self.doing = "receiving the initial server greeting"
        reply = await self.session.chat.reply(self._timeout)
        if not reply.good:
            if reply.code // 100 == 5 and self.daemon.settings.bool("skip_5xx_greeting"):
                reply = Reply(reply.code, "4" + reply.dsn[1:], reply.text)
            return self._refused(reply)
        self._read_greeting(reply)
        return True

    def _read_greeting(self, reply: Reply) -> None:
        daemon, session = self.daemon, self.session
        words = re.split(r"[- \t\n]+", reply.text)[:1] + reply.text[4:].split()
        name, *rest = words[1:] or [""]
        if name.lower() == daemon.params["myhostname"].lower() and self.attempt.loop_detect:
            daemon.log.warning(f"host {session.name_port} greeted me with my own hostname {daemon.params['myhostname']}")
        if daemon.protocol == "lmtp" or any(word.upper() == "ESMTP" for word in rest) or daemon.params.bool("smtp_always_send_ehlo"):
            session.features.add("ESMTP")
        if daemon.protocol == "smtp" and daemon.params.bool("smtp_never_send_ehlo"):
            session.features.discard("ESMTP")

    async def hello(self) -> bool:
        """EHLO, or HELO where that does not help; what the server can do."""
        session, name = self.session, self.daemon.settings["helo_name"]
        verb = "LHLO" if self.daemon.protocol == "lmtp" else "EHLO"
        if "ESMTP" in session.features:
            reply = await self._say(verb, name)
            if reply.good:
                return self._read_keywords(reply)
            if verb == "LHLO" or reply.code == 421:
                return self._refused(reply)
            session.features.discard("ESMTP")
        reply = await self._say("HELO", name)
        return reply.good or self._refused(reply)

    async def _say(self, verb: str, name: str) -> Reply:
        self.doing = f"performing the {verb} handshake"
        self.session.chat.say(f"{verb} {name}")
        return await self.session.chat.reply(self._timeout)

    def _read_keywords(self, reply: Reply) -> bool:
        session, daemon = self.session, self.daemon
        discard = self._discarded()
        first, *lines = (line[4:] for line in reply.text.split("\n"))
        session.helo = (first.split() or [""])[0]
        if session.helo.lower() == daemon.params["myhostname"].lower() and self.attempt.loop_detect:
            daemon.log.warning(f"host {session.name_port} replied to HELO/EHLO with my own hostname {daemon.params['myhostname']}")
            dsn = "5.4.6" if session.best_mx else "4.4.6"
            self.attempt.site_fail(LOCAL, own(dsn), f"mail for {self.attempt.request.nexthop} loops back to myself")
            return False
        for line in lines:
            self._keyword(line, discard)
        return self._smtputf8()

    def _keyword(self, line: str, discard: frozenset[str]) -> None:
        session = self.session
        words = re.split(r"[ \t=]+", line.strip(), maxsplit=1)
        keyword, value = words[0].upper(), words[1] if len(words) > 1 else ""
        if keyword not in _KEYWORDS or keyword in discard:
            return
        if keyword == "AUTH":
            if self.daemon.settings.bool("sasl_auth_enable"):
                session.features.add("AUTH")
                note_mechanisms(self.daemon, session, value)
            return
        session.features.add(keyword)
        if keyword == "XFORWARD":
            session.features |= {f"XFORWARD {name.upper()}" for name in value.split()}
        elif keyword == "SIZE" and value:
            if value.split()[0].isdigit():
                session.size_limit = int(value.split()[0])
            else:
                self.daemon.log.warning(f'bad EHLO SIZE limit "{value.split()[0]}" from {session.name_port}')

    def _discarded(self) -> frozenset[str]:
        """smtp_discard_ehlo_keywords and its table by address."""
        daemon = self.daemon
        words = daemon.find_ehlo_discard(self.session.server.address)
        named = {word.upper() for word in re.split(r"[,\s]+", words) if word}
        if named and "SILENT-DISCARD" not in named:
            daemon.log.info(f"discarding EHLO keywords: {' '.join(word for word in _DISCARDABLE if word in named)}")
        return frozenset(named)

    def _smtputf8(self) -> bool:
        session = self.session
        if "SMTPUTF8" not in session.features and self.daemon.requires_smtputf8(self.attempt.request):
            self.attempt.message_fail(LOCAL, own("5.6.7"), f"SMTPUTF8 is required, but was not offered by host {session.name}")
            return False
        if "SMTPUTF8" in session.features and "8BITMIME" not in session.features:
            self.daemon.log.info(f"host {session.name} offers SMTPUTF8 support, but not 8BITMIME")
            session.features.add("8BITMIME")
        return True

    def _garbage(self, line: str) -> None:
        """A line that is no reply, while commands are pipelined: replies could be taken for others."""
        daemon, session = self.daemon, self.session
        if "PIPELINING" not in session.features:
            return
        kind = "LMTP" if daemon.protocol == "lmtp" else "ESMTP"
        daemon.log.warning(f"{self.attempt.request.queue_id}: non-{kind} response from {session.name_port}: {line[:100]}")
        if daemon.params.bool("helpful_warnings"):
            parameter = daemon.settings.of("discard_ehlo_keyword_address_maps")
            daemon.log.warning(f"to prevent loss of mail, turn off command pipelining for {session.server.address} with the {parameter} parameter")
