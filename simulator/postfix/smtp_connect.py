"""How smtp(8) goes from a next hop to a conversation: destinations, their servers, one connection after the other.

A next hop may be several destinations separated by commas; smtp_fallback_relay comes last. `[host]` and `host:port` are as in
transport(5). Each server gets a session; recipients that it could not take for the time being go on to the next.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.net.transport import StreamTransport
from simulator.postfix.lib.hostname import split_host_port
from simulator.postfix.smtp_attempt import Attempt
from simulator.postfix.smtp_chat import Chat, ServerStream
from simulator.postfix.smtp_handshake import handshake
from simulator.postfix.smtp_session import Server, SmtpSession
from simulator.postfix.smtp_transfer import quit_session, transfer

if TYPE_CHECKING:
    from simulator.postfix.smtp import Smtp

SMTP_PORT = 25
_SEPARATORS = re.compile(r"[,\s]+")


@dataclass(slots=True)
class Destination:
    """One destination of a next hop: as written, its host or domain, its port."""

    text: str
    name: str
    port: int
    lookup_mx: bool


class Connector:
    """Brings one request to its servers."""

    def __init__(self, daemon: Smtp, attempt: Attempt) -> None:
        self.daemon = daemon
        self.attempt = attempt
        self.retry_plain = False

    # Destinations

    async def deliver(self, nexthop: str) -> None:
        """Try all destinations; at the end every recipient has its fate."""
        attempt, settings = self.attempt, self.daemon.settings
        if self.daemon.protocol == "lmtp" and nexthop.startswith("unix:"):
            await self._local(nexthop.removeprefix("unix:"))
        else:
            sites = _words(nexthop.removeprefix("inet:") if self.daemon.protocol == "lmtp" else nexthop)
            fallback = _words(settings["fallback_relay"])
            tried = await self._destinations(sites, fallback)
            if attempt.left:
                await self._last_word(sites, tried >= len(sites) and bool(fallback))
        if attempt.left:
            attempt.final_server = True
            attempt.session = None
            attempt.bulk_fail(throttle=True)
            attempt.end_session()

    async def _destinations(self, sites: list[str], fallback: list[str]) -> int:
        """Returns the place of the last destination that was tried."""
        attempt, all_sites = self.attempt, sites + fallback
        place = 0
        for place, text in enumerate(all_sites):
            attempt.first_nexthop = place == 0
            attempt.final_nexthop |= place == len(all_sites) - 1
            await self._destination(self._parse(text))
            if not attempt.left or attempt.final_nexthop:
                break
        return place

    def _parse(self, text: str) -> Destination:
        """host_port(3) and getservbyname(3). Raises Fatal for a destination that cannot be read."""
        daemon = self.daemon
        try:
            name, service = split_host_port(text, None, daemon.settings["tcp_port"])
        except ValueError as error:
            daemon.fatal(f"{error} in server description: {text}")
        port = daemon.port_number(service, text)
        if port == 465 and daemon.protocol == "smtp" and not daemon.settings.bool("tls_wrappermode") and daemon.params.bool("helpful_warnings"):
            daemon.log.info(
                'SMTPS wrappermode (TCP port 465) requires setting "smtp_tls_wrappermode = yes", and "smtp_tls_security_level = encrypt" '
                "(or stronger)"
            )
        return Destination(text, name, port, daemon.protocol == "smtp" and daemon.rules.dns and not text.startswith("["))

    async def _last_word(self, sites: list[str], is_fallback: bool) -> None:
        """What looks like a mistake in the configuration shall not make mail bounce."""
        attempt, daemon, why = self.attempt, self.daemon, self.attempt.why
        if not why.dsn:
            why.set("4.3.0", "server unavailable or unable to receive mail")
        elif why.soft:
            return
        elif is_fallback:
            daemon.log.warning("smtp_fallback_relay configuration problem")
            why.dsn = "4.3.5"
        elif daemon.protocol == "smtp" and sites[0] == daemon.params["relayhost"]:
            daemon.log.warning("relayhost configuration problem")
            why.dsn = "4.3.5"
        elif daemon.protocol == "smtp" and why.loop and daemon.params["best_mx_transport"]:
            await daemon.pass_on(attempt, daemon.params["best_mx_transport"])

    # Servers

    async def _destination(self, destination: Destination) -> None:
        attempt, daemon = self.attempt, self.daemon
        if daemon.protocol == "smtp":
            attempt.loop_detect = destination.port == SMTP_PORT
        if destination.lookup_mx:
            servers, i_am_one = await daemon.finder.of_domain(destination.name, attempt.why, attempt.loop_detect)
            attempt.final_nexthop |= i_am_one
        else:
            servers = await daemon.finder.of_host(destination.name, attempt.why, attempt.loop_detect)
        if not servers:
            attempt.final_nexthop |= attempt.why.loop
            return
        best = servers[0].preference
        sessions = tried = 0
        if attempt.first_nexthop:
            daemon.cache_policy(attempt, destination)
        if attempt.load_cached:
            servers, sessions = await daemon.reuse(self, destination, servers, best)
            tried = sessions
        await self._servers(destination, servers, best, tried, sessions)

    async def _servers(self, destination: Destination, servers: list[Server], best: int, tried: int, sessions: int) -> None:
        attempt, settings = self.attempt, self.daemon.settings
        address_limit, session_limit = settings.int("mx_address_limit"), settings.int("mx_session_limit")
        queue = list(servers)
        while queue and attempt.left:
            server = queue.pop(0)
            tried += 1
            if address_limit and tried == address_limit:
                queue.clear()
            if not self.daemon.tls_policy(attempt, destination, server, self.retry_plain):
                continue
            self.retry_plain = False
            session = await self._connect(destination, server, best)
            if session is None:
                self.daemon.log.info(attempt.why.text)
                continue
            spoke, last = await self._converse(session, not queue, sessions + 1 == session_limit)
            if session.retry_plain:
                self.retry_plain = True
                tried -= 1
                queue.insert(0, server)
            elif spoke:
                sessions += 1
                if last:
                    queue.clear()

    async def _converse(self, session: SmtpSession, is_last: bool, limit_reached: bool) -> tuple[bool, bool]:
        """Greet and transfer. Returns whether the greeting went well, and whether no further server may be tried."""
        attempt = self.attempt
        attempt.final_server |= attempt.final_nexthop and is_last
        spoke = session.from_cache or await handshake(self.daemon, attempt)
        if spoke:
            attempt.final_server |= attempt.final_nexthop and limit_reached
            await transfer(self.daemon, attempt)
        elif session.alive:
            await quit_session(self.daemon, attempt)
        await self.clean_up()
        return spoke, limit_reached

    async def clean_up(self) -> None:
        """The session is over: tell the postmaster, keep the connection or hang up, sort out recipients."""
        attempt, daemon = self.attempt, self.daemon
        session = attempt.session
        assert session is not None
        if session.chat.protocol_error:
            session.errors.add("protocol")
        daemon.notify_postmaster(attempt, session)
        throttled = session.throttled
        if session.expired(daemon.clock.now, daemon.settings.int("connection_reuse_count_limit")):
            await quit_session(daemon, attempt)
        if session.cached and session.alive:
            daemon.save(attempt, session)
        else:
            session.stream.close()
        attempt.session = None
        if attempt.cache_destination and not throttled:
            attempt.cache_destination = ""
        attempt.end_session()
        stamps = attempt.request.stamps
        stamps.conn_setup_done = stamps.deliver_done = 0.0
        stamps.reuse_count = 0

    # One connection

    async def _connect(self, destination: Destination, server: Server, best: int) -> SmtpSession | None:
        """A connection to a server; None: see `why`."""
        attempt, daemon = self.attempt, self.daemon
        attempt.why.clear()
        limit = daemon.settings.time("connect_timeout")
        started = daemon.clock.now
        stream = ServerStream(daemon.clock.loop)
        try:
            transport, _ = await daemon.host.net.connect(
                server.address, destination.port, lambda: stream, source=self._source(), timeout=limit or None
            )
        except OSError as error:
            attempt.why.set("4.4.1", f"connect to {server.host}[{server.address}]:{destination.port}: {error.strerror}")
            return None
        await asyncio.sleep(daemon.master.pace.of("connect"))
        return self._session(stream, transport, server, destination, started, best)

    def _session(
        self, stream: ServerStream, transport: StreamTransport, server: Server, destination: Destination, started: float, best: int
    ) -> SmtpSession:
        daemon, attempt = self.daemon, self.attempt
        name = f"{server.host}[{server.address}]:{destination.port}"
        chat = Chat(stream, name, daemon.params.int("line_length_limit"), daemon.log.warning)
        session = SmtpSession(
            stream, chat, server, destination.port, destination.text, best_mx=server.preference == best, tls_nexthop=destination.name
        )
        if attempt.store_cached:
            session.reuse_until = started + daemon.settings.time("connection_reuse_time_limit")
        attempt.session = session
        return session

    def _source(self) -> str | None:
        """postconf(5) smtp_bind_address; a host with one address of its own uses that one."""
        daemon = self.daemon
        wanted = daemon.settings["bind_address"].strip("[]")
        if wanted:
            if daemon.host.net.owns(wanted):
                return wanted
            daemon.log.warning(f"smtp_connect_addr: bind {wanted}: Cannot assign requested address")
            return None
        own = [str(one.ip) for one in daemon.params.own_addresses if one.version == 4]
        return own[0] if len(own) == 1 and not own[0].startswith("127.") else None

    async def _local(self, path: str) -> None:
        """LMTP to a socket in the file system."""
        attempt, daemon = self.attempt, self.daemon
        if daemon.settings["fallback_relay"]:
            daemon.log.warning(f'ignoring "lmtp_fallback_relay = {daemon.settings["fallback_relay"]}" setting for non-TCP connections')
        server = Server(daemon.params["myhostname"], "", path)
        destination = Destination(path, path, 0, False)
        if not daemon.tls_policy(attempt, destination, server, True):
            return
        stream = ServerStream(daemon.clock.loop)
        try:
            transport = await daemon.connect_socket(path, stream)
        except OSError as error:
            attempt.why.set("4.4.1", f"connect to {server.host}[{path}]: {error.strerror}")
            return
        self._session(stream, transport, server, destination, daemon.clock.now, 0)
        attempt.final_server = True
        await self._converse(attempt.session, True, True)  # type: ignore[arg-type]


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(text) if word]
