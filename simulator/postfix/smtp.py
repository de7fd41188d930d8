"""NAME
    smtp - Postfix SMTP client (lmtp: the same for LMTP)

SYNOPSIS
    smtp [flags=DORX]

DESCRIPTION
    Delivers mail to other hosts. The queue manager names a next hop: a mail domain, whose MX records are looked up and
    tried in order of preference; a host in brackets, `[mail.example.org]`, with only its addresses; either with `:port`.
    Several next hops separated by commas are tried one after the other, smtp_fallback_relay last.

    A server is greeted with EHLO, STARTTLS follows if it is offered and smtp_tls_security_level allows it, then a login
    if there is a password for the server. Commands are sent together where the server can take that (PIPELINING).

    A permanent refusal (5xx) returns the mail to its sender, a temporary one (4xx), a server that does not answer and a
    broken connection leave it to the next server, and finally to the next run of the queue. When this host is the best
    mail exchanger of a domain that it does not know, mail "loops back to myself" and is returned.

    It runs in the chroot: names are resolved with the copies of /etc/hosts and /etc/resolv.conf below the queue directory.

LOG
    QUEUE-ID: to=<...>, relay=HOST[ADDRESS]:PORT, ..., status=sent|deferred|bounced (...)
    connect to HOST[ADDRESS]:PORT: Connection refused | No route to host | Connection timed out
    QUEUE-ID: host HOST[ADDRESS] said: ... (in reply to ... command)      the next server is tried
    QUEUE-ID: lost connection with HOST[ADDRESS] while ...
    warning: no MX host for DOMAIN has a valid address record; warning: relayhost configuration problem

DIFFERS FROM POSTFIX
    No IPv6, DANE and DNSSEC, no smtp_reply_filter, smtp_dns_reply_filter and PIX workarounds. TLS is modelled: nothing is
    encrypted, lists of ciphers are not looked at, and smtp_tls_loglevel says no more than at 1.
"""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.mail.quoting import quote_821_local, quote_822_local
from simulator.net.resolver import Resolver
from simulator.net.transport import os_error
from simulator.postfix import smtp_cache
from simulator.postfix.daemon import Changeable
from simulator.postfix.delivery_agent import DeliveryAgent
from simulator.postfix.lib.delivery import Deferred, DeliveryRequest
from simulator.postfix.lib.name_mask import required_names
from simulator.postfix.lib.numbers import is_digits
from simulator.postfix.lib.own_networks import families
from simulator.postfix.lib.post_mail import PostMail
from simulator.postfix.master_listen import port_number
from simulator.postfix.smtp_address import AddressRules, ServerFinder
from simulator.postfix.smtp_attempt import Attempt
from simulator.postfix.smtp_chat import ServerStream, StreamTrouble
from simulator.postfix.smtp_connect import Connector, Destination
from simulator.postfix.smtp_content import on_the_wire, with_headers
from simulator.postfix.smtp_filter import FilterLog, FilterTrouble, OutgoingFilter
from simulator.postfix.smtp_generic import rewrite_header
from simulator.postfix.smtp_notify import transcript
from simulator.postfix.smtp_parameters import ClientParameters
from simulator.postfix.smtp_session import Server, SmtpSession
from simulator.postfix.smtp_tables import ClientTables
from simulator.postfix.smtp_tls_files import TlsFiles, load_files
from simulator.postfix.smtp_tls_policy import Policies, Policy
from simulator.unix.fs import ROOT, WRITE

if TYPE_CHECKING:
    from cryptography import x509

    from simulator.net.transport import StreamTransport

#: How much longer than other agents a new process needs: it has a TLS library to start.
_START_SECONDS = 0.006
_FLAGS = re.compile(r"flags=([DORX]*)\Z", re.I)
_LOOKUPS = ("dns", "native")
_DNS_LEVELS = ("disabled", "enabled", "dnssec")
_NOTIFY_CLASSES = ("bounce", "2bounce", "data", "delay", "policy", "protocol", "resource", "software")


class Smtp(DeliveryAgent):
    """A process of smtp(8)."""

    program: ClassVar[str] = "smtp"
    tells_flush: ClassVar[bool] = True
    protocol: ClassVar[str] = "smtp"
    status_filter_parameter: ClassVar[str] = "smtp_delivery_status_filter"

    # -- start ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        params = self.params
        self.settings = ClientParameters(params, self.protocol)
        self.soft_bounce = params.bool("soft_bounce")
        self.policy = Policy()
        self.tls_tickets: dict[str, str] = {}
        #: The delivery under way.
        self.work: tuple[asyncio.Task[Any] | None, Attempt] | None = None
        self.caches_tls = bool(self.settings["tls_session_cache_database"])
        self.lookup = ClientTables(self, self.settings)
        self.policies = self._tls_policies()
        self.tls_files = self._tls_files()
        self.rules = self._rules()
        self.resolver = Resolver(self.host.net, self.fs, self.chroot)
        self.finder = ServerFinder(self.resolver, self.rules, self.host.lab.random, self.log.warning)
        self.notify_classes = required_names("notify_classes", _NOTIFY_CLASSES, params["notify_classes"])
        self.verify_target = self._verify_target()
        self.flags = self._flags()
        self._prepare()

    def _prepare(self) -> None:
        """What only one of the two protocols needs."""

    @property
    def chroot(self) -> str:
        """Where this process's file system begins."""
        return self.params["queue_directory"] if self.service.entry.chroot else ""

    def _tls_policies(self) -> Policies:
        try:
            return Policies(self.settings, self.lookup.tls_policy, self.lookup.tls_per_site, self.log.warning)
        except ValueError as error:
            self.fatal(f'Invalid TLS level "{error}"')

    def _tls_files(self) -> TlsFiles | None:
        """What TLS needs of the disk; None where it is not wanted or cannot work."""
        wanted = self.policies.default != "none" or self.lookup.tls_policy is not None or self.lookup.tls_per_site is not None
        return load_files(self.settings, self._read_as_root, self.log.warning, self.log.info) if wanted else None

    def _read_as_root(self, path: str) -> bytes:
        return self.fs.read(path, ROOT)

    def _rules(self) -> AddressRules:
        params, settings = self.params, self.settings
        level = settings["dns_support_level"] or ("disabled" if params.bool("disable_dns_lookups") else "enabled")
        if level not in _DNS_LEVELS:
            self.fatal(f'invalid {settings.of("dns_support_level")}: "{level}"')
        dns = level != "disabled"
        return AddressRules(
            dns=dns,
            host_lookup=required_names(settings.of("host_lookup"), _LOOKUPS, settings["host_lookup"]) if dns else frozenset(("native",)),
            families=families(params["inet_protocols"]),
            own=frozenset(str(one.ip) for one in params.own_addresses) | frozenset(params["proxy_interfaces"].replace(",", " ").split()),
            defer_without_address=self.protocol == "smtp" and params.bool("smtp_defer_if_no_mx_address_found"),
            ignore_mx_error=self.protocol == "smtp" and params.bool("ignore_mx_lookup_error"),
            randomize=settings.bool("randomize_addresses"),
            cname_overrides=settings.bool("cname_overrides_servername"),
        )

    def _verify_target(self) -> str:
        target = self.settings["address_verify_target"]
        if target not in ("rcpt", "data"):
            self.fatal(f'bad protocol stage: "{self.settings.of("address_verify_target")} = {target}"')
        return target

    def _flags(self) -> str:
        found = ""
        for word in self.service.entry.options.arguments:
            match = _FLAGS.match(word)
            if match is None:
                self.fatal(f"unknown attribute name: {word}")
            found = match[1]
        return found

    def tables(self) -> Iterable[Changeable]:
        return self.lookup.all()

    # -- delivery -------------------------------------------------------------------------------------------------------

    def deliver(self, request: DeliveryRequest) -> Coroutine[Any, Any, None] | None:
        if not request.nexthop:
            self.fatal("empty nexthop hostname")
        for flag in "DO":
            if flag in self.flags and len(request.recipients) > 1:
                self.log.warning(f"flag `{flag}' requires {self.service_name}_destination_recipient_limit = 1")
                for recipient in request.recipients:
                    self.report(request, recipient, Deferred("4.3.5", "mail system configuration error"))
                return None
        return self._to_servers(request)

    async def _to_servers(self, request: DeliveryRequest) -> None:
        attempt = Attempt(self, request)
        self.work = (asyncio.current_task(), attempt)
        try:
            if self.use_count <= 1:
                await asyncio.sleep(_START_SECONDS)
            await Connector(self, attempt).deliver(request.nexthop)
        finally:
            self.work = None
            self.policies.forget()

    def gone(self) -> None:
        if self.work is not None:
            task, attempt = self.work
            if attempt.session is not None:
                attempt.session.stream.close()
            if task is not None:
                task.cancel()

    def success_action(self, session: SmtpSession) -> str:
        """RFC 3464 2.3.3: handed to another host."""
        return "relayed"

    async def pass_on(self, attempt: Attempt, transport: str) -> None:
        """Let another transport deliver (postconf(5) best_mx_transport)."""
        from simulator.postfix.local_pass import deliver_pass

        attempt.why.clear()
        for recipient in attempt.left:
            if await deliver_pass(self, attempt.request, transport, recipient):
                self.mark_done(attempt.request, recipient)
            else:
                attempt.request.deferred += 1
        attempt.left = []

    # -- connections ----------------------------------------------------------------------------------------------------

    def port_number(self, service: str, destination: str) -> int:
        """The port for a service's name or number. Raises Fatal."""
        rules = [rule.split("=") for rule in re.split(r"[,\s]+", self.params["known_tcp_ports"])]
        known = {name: rule[-1] for rule in rules for name in rule[:-1]}
        service = known.get(service, service)
        if is_digits(service):
            if not 0 < int(service) < 65536:
                self.fatal(f"bad network port: {service} for destination: {destination}")
            return int(service)
        number = port_number(self.master, service)
        if number is None:
            self.fatal(f"unknown service: {service}/tcp")
        return number

    def cache_policy(self, attempt: Attempt, destination: Destination) -> None:
        smtp_cache.policy(self, attempt, destination.name, destination.text)

    def cached_destination(self, name: str) -> bool:
        """Is it in smtp_connection_cache_destinations?"""
        return self.lookup.cached_destinations is not None and self.lookup.cached_destinations.match(name)

    def save(self, attempt: Attempt, session: SmtpSession) -> None:
        smtp_cache.save(self, attempt, session)

    async def reuse(self, connector: Connector, destination: Destination, servers: list[Server], best: int) -> tuple[list[Server], int]:
        return await smtp_cache.reuse(connector, destination, servers, best)

    async def connect_socket(self, path: str, stream: ServerStream) -> StreamTransport:
        """LMTP to a socket in the file system. Raises OSError."""
        full = path if path.startswith("/") else f"{self.params['queue_directory']}/{path}"
        if path.startswith("/") and self.chroot:
            full = self.chroot + path
        self.fs.stat(full, self.cred)
        if not self.fs.access(full, WRITE, self.cred):
            raise os_error(errno.EACCES)
        transport: StreamTransport
        transport, _ = await self.host.net.connect_unix(self.fs.realpath(full), lambda: stream)
        return transport

    # -- what the session asks for --------------------------------------------------------------------------------------

    def tls_policy(self, attempt: Attempt, destination: Destination, server: Server, plain: bool) -> bool:
        """Find how much TLS this server gets. False: there is no usable policy."""
        self.policy = self.policies.find(destination.text, server.host, destination.port)
        dsn, text = self.policy.problem
        if dsn:
            attempt.why.set(dsn, text)
            self.log.warning(f"TLS policy lookup for {destination.text}/{server.host}: {text}")
            return False
        if self.settings.bool("tls_wrappermode") and self.policy.level in ("none", "may"):
            parameter, level = self.settings.of("tls_wrappermode"), self.settings.of("tls_security_level")
            self.log.warning(f'{parameter} requires "{level} = encrypt" (or stronger)')
            return False
        if plain:
            self.policy = Policy()
        return True

    def trust_anchors(self, policy: Policy, chain: tuple[str, ...]) -> list[x509.Certificate]:
        """The certificates that this process trusts: CAfile, CApath."""
        return self.lookup.trust_anchors(policy, chain)

    def plaintext_after_starttls_failure(self, attempt: Attempt) -> bool:
        """May mail go in plain text because STARTTLS did not work? Only at level may, and when it is old enough."""
        session, stamps = attempt.session, attempt.request.stamps
        assert session is not None
        old = stamps.active_arrival - stamps.incoming_arrival >= self.params.time("minimal_backoff_time")
        return session.tls is None and self.policy.level == "may" and (attempt.request.trace_only or old) and not self._has_password(attempt, session)

    def plaintext_after_session_failure(self, attempt: Attempt) -> bool:
        """The same after a session that broke inside TLS."""
        session, stamps = attempt.session, attempt.request.stamps
        assert session is not None
        old = stamps.active_arrival - stamps.incoming_arrival >= self.params.time("minimal_backoff_time")
        good = session.tls is not None and bool(attempt.unmarked) and self.policy.level == "may"
        return good and (attempt.request.trace_only or old) and not self._has_password(attempt, session)

    def _has_password(self, attempt: Attempt, session: SmtpSession) -> bool:
        return self.settings.bool("sasl_auth_enable") and self.find_password(attempt, session) is not None

    def find_password(self, attempt: Attempt, session: SmtpSession) -> tuple[str, str] | None:
        """User and password for a server. Raises StreamTrouble when the table cannot be read."""
        return self.lookup.password(attempt.request, session)

    def allows_mechanism(self, name: str) -> bool:
        """postconf(5) smtp_sasl_mechanism_filter."""
        return self.lookup.mechanisms is None or self.lookup.mechanisms.match(name)

    def find_ehlo_discard(self, address: str) -> str:
        """The EHLO keywords of a server that are to be ignored."""
        return self.lookup.ehlo_discard(address)

    def requires_smtputf8(self, request: DeliveryRequest) -> bool:
        """Did the sender ask for SMTPUTF8, and does an address or header need it?"""
        return bool(request.smtputf8 & 1 and request.smtputf8 & ~1)

    def downgrades(self, attempt: Attempt) -> bool:
        """Must the message be converted to 7 bits? postconf(5) disable_mime_output_conversion."""
        session = attempt.session
        assert session is not None
        return "8BITMIME" not in session.features and attempt.request.encoding != "7bit" and not self.params.bool("disable_mime_output_conversion")

    # -- the message ----------------------------------------------------------------------------------------------------

    def envelope_address(self, address: str) -> str:
        """An address for MAIL FROM or RCPT TO, rewritten by smtp_generic_maps."""
        address = self.generic(address)
        return quote_821_local(address) if self.settings.bool("quote_rfc821_envelope") else quote_822_local(address)

    def generic(self, address: str) -> str:
        """smtp_generic_maps for an address in internal form."""
        return self.lookup.generic(address) if self.lookup.generic_maps is not None and address else address

    def content(self, attempt: Attempt) -> Iterator[bytes]:
        """The message as it is sent. Raises ContentError, StreamTrouble."""
        message = self._own_headers(attempt) + attempt.request.message()
        rewrite = self._rewrite_header if self.lookup.generic_maps is not None else None
        downgrade = self.downgrades(attempt)
        if self.lookup.checks or downgrade:
            log = FilterLog(attempt.request.queue_id, self.log.info, self.log.warning)
            try:
                message = OutgoingFilter(self.lookup.checks, rewrite, downgrade, log).run(message)
            except FilterTrouble:
                raise StreamTrouble("data") from None
        elif rewrite is not None:
            message = with_headers(message, rewrite)
        return on_the_wire(message, self.settings.int("line_length_limit"), lambda: self._long_line(attempt))

    def _rewrite_header(self, field: bytes) -> list[bytes]:
        return rewrite_header(field, self.generic, self.log.warning)

    def _own_headers(self, attempt: Attempt) -> bytes:
        """The flags R, O and D of master.cf."""
        request, recipient = attempt.request, attempt.request.recipients[0]
        wanted = (
            ("R", "Return-Path: <{}>", request.sender),
            ("O", "X-Original-To: {}", recipient.orig_address),
            ("D", "Delivered-To: {}", recipient.address),
        )
        lines = [form.format(quote_822_local(self.generic(address)) if address else "") for flag, form, address in wanted if flag in self.flags]
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")

    def _long_line(self, attempt: Attempt) -> None:
        if not attempt.long_line_logged:
            attempt.long_line_logged = True
            limit = self.settings.int("line_length_limit")
            self.log.info(f"{attempt.request.queue_id}: breaking line > {limit} bytes with <CR><LF>SPACE")

    # -- the postmaster -------------------------------------------------------------------------------------------------

    def notify_postmaster(self, attempt: Attempt, session: SmtpSession) -> None:
        """Mail a transcript of the session if it had trouble of a class in notify_classes."""
        sender = attempt.request.sender
        double_bounce = f"{self.params['double_bounce_sender']}@{self.params['myorigin']}"
        if not session.errors & self.notify_classes or not session.chat.history or sender in ("", double_bounce):
            return
        recipient = self.params["error_notice_recipient"]
        daemon_address = f"MAILER-DAEMON@{self.params['myorigin']}"
        lines = transcript(
            self.params["mail_name"], self.protocol, session.name_port, session.chat.history, daemon_address, recipient,
            self.params["header_from_format"] == "obsolete",
        )  # fmt: skip
        letter = PostMail.open(self, double_bounce, recipient, "notify")
        if letter is not None:
            letter.lines(lines)
            letter.close()
