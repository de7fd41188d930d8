"""NAME
    smtpd - Postfix SMTP server

SYNOPSIS
    smtp      inet  n       -       y       -       -       smtpd
    sendmail -bs

DESCRIPTION
    Takes mail from other hosts and programs by SMTP (RFC 5321) and gives it to cleanup(8). It offers PIPELINING, SIZE, VRFY, ETRN,
    STARTTLS, AUTH, ENHANCEDSTATUSCODES, 8BITMIME, DSN, SMTPUTF8, CHUNKING, and to clients that main.cf names XVERP, XCLIENT, XFORWARD;
    smtpd_discard_ehlo_keywords withdraws what is not wanted.

    Who may do what is said by lists of restrictions: smtpd_client_restrictions, smtpd_helo_restrictions, smtpd_sender_restrictions,
    smtpd_relay_restrictions, smtpd_recipient_restrictions, smtpd_data_restrictions, smtpd_end_of_data_restrictions,
    smtpd_etrn_restrictions. They are looked at when the first recipient comes, unless smtpd_delay_reject = no. Each restriction
    permits, refuses, or leaves the decision to the next: postconf(5), access(5), SMTPD_ACCESS_README, SMTPD_POLICY_README. Recipients
    that nobody has are refused: smtpd_reject_unlisted_recipient, LOCAL_RECIPIENT_README.

    A client that makes many mistakes is slowed down (smtpd_soft_error_limit, smtpd_error_sleep_time) and then sent away
    (smtpd_hard_error_limit, smtpd_junk_command_limit). Limits per client and time are kept with anvil(8).

    The postmaster gets the transcript of sessions with trouble of the kinds in notify_classes.

    `sendmail -bs` runs the same dialogue on its standard input and output, without any restriction, and puts the mail into maildrop.

LOG
    connect from NAME[ADDRESS]
    QID: client=NAME[ADDRESS], sasl_method=PLAIN, sasl_username=anna
    NOQUEUE: reject: RCPT from NAME[ADDRESS]: 554 5.7.1 <..>: Relay access denied; from=<..> to=<..> proto=ESMTP helo=<..>
    lost connection|timeout|too many errors after COMMAND from NAME[ADDRESS]
    improper command pipelining after COMMAND from NAME[ADDRESS]: TEXT
    warning: hostname NAME does not resolve to address ADDRESS
    disconnect from NAME[ADDRESS] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4

DIFFERS FROM POSTFIX
    There are no Milters, no smtpd_proxy_filter (such a service takes no mail), no HAProxy protocol, no postscreen(8) before it.
    The time limits are those of single reads (smtpd_per_request_deadline is ignored). SASL passwords of Cyrus are never known.
    TLS is a modelled handshake; what is said afterwards is not encrypted.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, ClassVar

from simulator.net.resolver import Resolver
from simulator.postfix.daemon import Changeable, Daemon, ServiceUnavailable
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables import TableContext, TableError
from simulator.postfix.smtpd_dns import SmtpdDns
from simulator.postfix.smtpd_limits import ClientLimits
from simulator.postfix.smtpd_lists import SmtpdLists, client_in
from simulator.postfix.smtpd_protocol import SmtpdProtocol
from simulator.postfix.smtpd_queue import Destination
from simulator.postfix.smtpd_resolve import SmtpdResolve
from simulator.postfix.smtpd_sasl import LoginOffer
from simulator.postfix.smtpd_session import Session
from simulator.postfix.smtpd_settings import SmtpdSettings
from simulator.postfix.smtpd_tls_settings import load_settings
from simulator.postfix.smtpd_verify import Probes
from simulator.unix.fs import ROOT

#: What a host has, unless a lab says otherwise (fault "free bytes").
_FREE_BYTES = 25_000_000_000
_SIZE_FACTOR = 1.5
#: How often a service is asked that is not strictly needed.
_TRIES = 2
_FLUSH_ANSWERS = {0: "ok", 2: "deny"}
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)")
_NAMED_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Smtpd(Daemon):
    """A process of the SMTP server."""

    program: ClassVar[str] = "smtpd"
    tells_flush: ClassVar[bool] = True

    def start(self) -> None:
        self.protocol: SmtpdProtocol | None = None
        self.warned: set[str] = set()
        self.dnsbl_cache: OrderedDict[str, Any] = OrderedDict()
        params = self.params
        self.settings = SmtpdSettings.read(params)
        self.lists = SmtpdLists(params, self.startup_context())
        ticket_key = f"{self.host.name}.{self.master.pid}" if params.time("smtpd_tls_session_cache_timeout") else ""
        self.tls = load_settings(params, self.read_as_root, self.has_entropy, self.log.warning, self.log.info, ticket_key)
        self.prepare()

    def prepare(self) -> None:
        """What needs no privileges."""
        params = self.params
        self.login_offer = LoginOffer(self)
        self.limits = ClientLimits(self)
        self.probes = Probes(self)
        self.resolver = SmtpdResolve(self)
        self.root = params["queue_directory"] if self.chrooted else ""
        self.dns = SmtpdDns(Resolver(self.host.net, self.fs, self.root))
        limit, free = self.settings.message_size_limit, self.settings.queue_minfree
        if limit and free and free / _SIZE_FACTOR < limit:
            self.log.warning(f"queue_minfree({free}) should be at least 1.5*message_size_limit({limit})")
        self._expansion_filter = frozenset(_ESCAPE.sub(_unescape, self.settings.expansion_filter))

    def startup_context(self) -> TableContext:
        """Lookup tables are opened with root's rights; one that cannot be opened is an error for those who use it."""
        return self.table_context

    def read_as_root(self, path: str) -> bytes:
        """A file, before the process gives its rights away. Raises OSError."""
        return self.fs.read(path, ROOT)

    def has_entropy(self) -> bool:
        """Without tlsmgr(8) nothing can be encrypted."""
        return self.reach("tlsmgr") is not None

    def reach(self, name: str) -> Any:
        """A service that this process can do without: attr_clnt(3) tries twice. None, and warnings, if nobody answers."""
        try:
            return self.call(name)
        except ServiceUnavailable as trouble:
            for _ in range(_TRIES):
                self.log.warning(f"connect to {trouble.path}: {trouble.reason or 'Connection timed out'}")
                self.log.warning(f"problem talking to server {trouble.path}: {trouble.reason or 'Connection timed out'}")
            return None

    @property
    def chrooted(self) -> bool:
        return self.service.entry.chroot

    @property
    def queue_directory(self) -> str:
        return self.params["queue_directory"]

    def tables(self) -> Iterable[Changeable]:
        return self.lists.tables()

    # -- clients --------------------------------------------------------------------------------------------------------

    def accept(self) -> SmtpdProtocol:
        """A client has connected."""
        self.protocol = SmtpdProtocol(self)
        return self.protocol

    def forget(self, protocol: SmtpdProtocol) -> None:
        """Its session is over."""
        if self.protocol is protocol:
            self.protocol = None

    def stop(self) -> None:
        self.limits.leave()

    def die(self, fatal: Fatal) -> None:
        self.limits.leave()
        super().die(fatal)

    def gone(self) -> None:
        """The process was killed: its client loses the connection."""
        if self.protocol is not None:
            self.protocol.abort()
            self.protocol = None

    def admit(self, session: Session) -> None:
        """What the client is by its name and address."""
        state, lists = session.state, self.lists
        if state.stand_alone:
            return
        state.xclient_allowed = client_in(lists.xclient_hosts, state)
        state.xforward_allowed = client_in(lists.xforward_hosts, state)
        session.stream.detect_bare_lf = self.settings.wants_standard_end and not client_in(lists.bare_newline_exclusions, state)

    def end_tls(self, session: Session) -> None:
        """Nothing is left of an encrypted session."""
        session.check.tls = None

    def maildrop(self) -> Destination:
        """Where stand-alone mode puts a message."""
        raise NotImplementedError

    # -- what sessions ask ----------------------------------------------------------------------------------------------

    def code(self, name: str) -> int:
        """A reply code of main.cf."""
        return self.params.int(name)

    def warn_once(self, text: str) -> None:
        """A warning that a process gives once."""
        if text not in self.warned:
            self.warned.add(text)
            self.log.warning(text)

    def clean(self, text: str) -> str:
        """postconf(5) smtpd_expansion_filter."""
        return "".join(char if char in self._expansion_filter else "_" for char in text)

    def free_bytes(self) -> int:
        """Free space where the queue is."""
        found = self.host.faults.get("free bytes", _FREE_BYTES)
        return found if isinstance(found, int) else _FREE_BYTES

    @property
    def own_addresses(self) -> frozenset[str]:
        """This mail system's addresses, those of proxies before it among them."""
        proxies = re.split(r"[,\s]+", self.params["proxy_interfaces"])
        return frozenset((*(str(one.ip) for one in self.params.own_addresses), *filter(None, proxies)))

    def is_local_name(self, name: str) -> bool:
        """Is it in mydestination? A table that does not answer does not know it."""
        try:
            return self.lists.context.local_domains.match(name)
        except TableError:
            return False

    def flush_site(self, domain: str) -> str:
        """ETRN: "ok", "deny" or "bad". Raises ServiceUnavailable."""
        status = self.call(self.params["flush_service_name"]).send_site(domain)
        return _FLUSH_ANSWERS.get(status, "bad")


def _unescape(match: re.Match[str]) -> str:
    """C's escapes."""
    found = match[1]
    return chr(int(found, 8) & 0xFF) if found[0] in "01234567" else _NAMED_ESCAPES.get(found, found)
