"""NAME
    swaks - Swiss Army Knife SMTP: the all-purpose test of a mail server

SYNOPSIS
    swaks --to address [--from address] [--server host[:port]] [option ...]

DESCRIPTION
    Holds one SMTP session and shows it: === says what swaks does, -> what it sends, <- what the server answers, <** an
    answer it did not want; with TLS ~> and <~.

    -t, --to A,B          recipients                 -f, --from A         sender (<> for none)
    -s, --server HOST     else the best MX of the recipient's domain      -p, --port N
    --helo NAME           --protocol smtp|esmtp|lmtp|esmtps ...           --timeout SECONDS
    -q, --quit-after connect|first-helo|tls|helo|auth|mail|rcpt           --drop-after, --drop-after-send
    --header "X: y"       replace or add a header    --h-Subject text     the same
    --add-header          --body TEXT|@FILE|-        --data TEXT|@FILE|-  the whole message; \\n is a line end
    --attach @FILE, --attach-type, --attach-name, --attach-body           -n  do not show the message
    -tls, -tlso, -tlsc    STARTTLS required, if offered, or TLS from the start; --tls-protocol, --tls-verify, --tls-sni
    -a, --auth TYPE       --auth-user, --auth-password; -ao if offered    --pipeline   --xclient "NAME=x ADDR=y"
    -S, --silent 1|2|3    only from an error on, only errors, nothing     --hide-send, --hide-receive, --hide-all, --no-hints

    Options may stand in ~/.swaksrc, one a line, and in the environment: SWAKS_OPT_server=host.

EXIT STATUS
    0; 1 wrong option; 2 no connection; 6 connection lost; 21 greeting, 22 EHLO, 23 MAIL, 24 all recipients, 25 DATA,
    26 message, 27 QUIT refused; 28 login, 29 TLS failed; 33 XCLIENT.

DIFFERS FROM SWAKS
    No --pipe, --socket, --proxy, --prdr, --dump; of AUTH only PLAIN, LOGIN and CRAM-MD5.
"""

from __future__ import annotations

import re

from simulator.mua.swaks_link import ERROR, INFO, Display, Link, Printer
from simulator.mua.swaks_message import VERSION, MessageMaker
from simulator.mua.swaks_options import Settings, read_options
from simulator.mua.swaks_session import Plan, SmtpSession
from simulator.net.dns import canonical
from simulator.net.resolver import Resolver
from simulator.netprog.services import port_number
from simulator.unix.program import Exit, Process, program

_PROTOCOLS = {
    "smtp": ("smtp", False, ""), "ssmtp": ("esmtp", False, "c"), "ssmtpa": ("esmtp", True, "c"), "smtps": ("smtp", False, "c"),
    "esmtp": ("esmtp", False, ""), "esmtpa": ("esmtp", True, ""), "esmtps": ("esmtp", False, "s"), "esmtpsa": ("esmtp", True, "s"),
    "lmtp": ("lmtp", False, ""), "lmtpa": ("lmtp", True, ""), "lmtps": ("lmtp", False, "s"), "lmtpsa": ("lmtp", True, "s"),
}  # fmt: skip
_STAGES = ("connect", "first-helo", "tls", "helo", "auth", "mail", "rcpt", "xclient", "data", "dot")
_STAGE_NAMES = {"ehlo": "helo", "lhlo": "helo", "first-ehlo": "first-helo", "first-lhlo": "first-helo", "starttls": "tls", "banner": "connect",
                "from": "mail", "to": "rcpt"}  # fmt: skip
_SUPPORT = ("AUTH CRAM-MD5", "AUTH CRAM-SHA1", "Basic AUTH", "Date Manipulation", "High Resolution Timing", "IPv6", "Local Hostname Detection",
            "MX Routing", "Netrc Credentials", "Pipe Transport", "Socket Transport", "TLS")  # fmt: skip
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_SERVER = re.compile(r"\[([^\]]+)\]:(.*)|([^:]+):([^:]+)|\[?([^/\]]*)\]?/(\w+)|\[([^\]]+)\]")


#: What perl needs to read the program.
_START_SECONDS = 0.08


@program("/usr/bin/swaks", package="swaks")
def main(p: Process) -> int:
    p.unbuffered = True
    p.sleep(_START_SECONDS)
    settings = read_options(p)
    if "version" in settings:
        p.out(f"swaks version {VERSION}\n\n")
        return 0
    if "help" in settings:
        p.out((main.__globals__["__doc__"] or "").strip() + "\n")
        return 0
    return _Swaks(p, settings).run()


class _Swaks:
    """One run: from options to a plan, a message and a link."""

    def __init__(self, p: Process, settings: Settings) -> None:
        self.p = p
        self.settings = settings
        self.printer = Printer(p, self._display())

    def _display(self) -> Display:
        settings = self.settings
        hints = {"send": "no_send_hints", "receive": "no_receive_hints", "info": "no_info_hints"}
        hidden = {kind for kind, key in hints.items() if key in settings or ("no_hints" in settings and kind != "info")}
        return Display(
            int(settings.text("silent", "0")), "hide_send" in settings, "hide_receive" in settings, "hide_informational" in settings,
            "hide_all" in settings, frozenset(hidden), settings.text("output"), "show_raw_text" in settings,
        )  # fmt: skip

    def _fail(self, text: str, status: int = 1) -> Exit:
        self.printer.show(ERROR, text)
        return Exit(status)

    def run(self) -> int:
        if "support" in self.settings:
            return self._support()
        plan = self._plan()
        hostname = self._hostname()
        maker = MessageMaker(self.p, self.settings, plan.sender, plan.recipients, hostname, lambda text: self.printer.show(ERROR, text))
        if "dump_mail" in self.settings:
            self.p.out(maker.make().removesuffix(".").removesuffix("\n"))
            return 0
        link = self._link(plan)
        plan.data = maker.make()
        link.open()
        return SmtpSession(self.printer, link, plan).run()

    def _support(self) -> int:
        for name in _SUPPORT:
            self.printer.show(INFO, f"{name} supported")
        self.printer.show(ERROR, "AUTH DIGEST-MD5 not available: requires Authen::SASL")
        self.printer.show(ERROR, "AUTH NTLM not available: requires Authen::NTLM")
        return 0

    # The plan

    def _plan(self) -> Plan:
        settings = self.settings
        name = settings.text("protocol", "esmtp").lower()
        if name not in _PROTOCOLS:
            raise self._fail(f"Unknown protocol {name} specified, exiting")
        protocol, auth, tls = _PROTOCOLS[name]
        plan = Plan(protocol=protocol)
        plan.quit_after = self._stage("quit_after")
        plan.drop_after = self._stage("drop_after")
        plan.drop_after_send = self._stage("drop_after_send")
        hostname = self._hostname()
        plan.sender = settings.text("from", f"{self.p.env.get('LOGNAME') or self.p.user}@{hostname}")
        plan.sender = "" if plan.sender == "<>" else plan.sender
        plan.helo = settings.text("helo", hostname)
        plan.suppress_data = "suppress_data" in settings
        plan.pipeline = "pipeline" in settings
        plan.time_lapse = settings.get("show_time_lapse")
        plan.recipients = self._recipients(plan)
        self._plan_tls(plan, tls)
        self._plan_auth(plan, auth)
        plan.xclient = self._xclient()
        plan.xclient_optional = 2 if "xclient_optional_strict" in settings else int("xclient_optional" in settings)
        plan.xclient_verify = "xclient_no_verify" not in settings
        plan.xclient_first = "xclient_before_starttls" in settings
        return plan

    def _stage(self, key: str) -> str:
        value = (self.settings.get(key) or "").lower()
        stage = _STAGE_NAMES.get(value, value)
        if stage and (stage not in _STAGES or (key == "quit_after" and stage in ("data", "dot"))):
            raise self._fail(f"Unknown {key} value {stage}, exiting")
        return stage

    def _recipients(self, plan: Plan) -> str:
        given = self.settings.text("to")
        stages = (plan.quit_after, plan.drop_after, plan.drop_after_send)
        server_only = any(stage and stage not in ("rcpt", "data", "dot") for stage in stages)
        if given or (server_only and self.settings.text("server")):
            return given
        self.p.out("To: ")
        answer, _, rest = self.p.stdin.partition("\n")
        if not answer:
            self.p.err("simulator: swaks: asks for the recipient, and standard input is empty; a real one asks for ever\n")
            raise Exit(1)
        self.p.stdin = rest
        return answer

    def _plan_tls(self, plan: Plan, protocol: str) -> None:
        settings = self.settings
        chosen = any(key in settings for key in ("tls", "tls_optional", "tls_optional_strict", "tls_on_connect"))
        plan.tls_optional = 2 if "tls_optional_strict" in settings else int("tls_optional" in settings)
        plan.tls = "tls" in settings or bool(plan.tls_optional) or (protocol == "s" and not chosen)
        plan.tls_on_connect = "tls_on_connect" in settings or (protocol == "c" and not chosen)
        if bool(settings.get("tls_cert")) != bool(settings.get("tls_key")):
            raise self._fail("--tls-cert and --tls-key require each other.  Exiting")
        path = settings.text("tls_ca_path")
        if path and not self.p.fs.exists(self.p.path(path)):
            raise self._fail(f"--tls-ca-path: {path} is not a valid file or directory.  Exiting.")
        plan.tls_ca_path = path
        plan.tls_verify = "tls_verify" in settings
        plan.tls_sni = settings.text("tls_sni")
        plan.tls_versions = self._versions(settings.text("tls_protocol"))
        plan.peer_certificate = settings.get("tls_get_peer_cert")

    def _versions(self, text: str) -> tuple[str, ...]:
        known = {"sslv3": "SSLv3", "tlsv1": "TLSv1", "tlsv1_1": "TLSv1.1", "tlsv1_2": "TLSv1.2", "tlsv1_3": "TLSv1.3"}
        words = [word for word in re.split(r",\s*", text.lower()) if word]
        negated = [word for word in words if word.startswith("no_")]
        if negated and len(negated) != len(words):
            raise self._fail("cannot mix X and no_X forms in --tls-protocol option")
        good = [word for word in words if word.removeprefix("no_") in known]
        for word in words:
            if word not in good:
                self.printer.show(ERROR, f"{word} in --tls-protocol is not a known/supported protocol")
        if words and not good:
            raise self._fail("no valid arguments provided to --tls-protocol, exiting")
        if negated:
            return tuple(name for key, name in known.items() if f"no_{key}" not in good and key in ("tlsv1_2", "tlsv1_3"))
        return tuple(known[word] for word in good)

    def _plan_auth(self, plan: Plan, protocol: bool) -> None:
        settings = self.settings
        given = {key: settings.get(key) for key in ("auth", "auth_optional_strict", "auth_optional", "auth_user", "auth_password")}
        if all(value is None for value in given.values()) and not protocol:
            return
        plan.auth_optional = 2 if given["auth_optional_strict"] is not None else int(given["auth_optional"] is not None)
        types = next((given[key] for key in ("auth", "auth_optional_strict", "auth_optional") if given[key]), "")
        plan.auth_any = not types
        plan.auth_types = [word.upper() for word in (types or "CRAM-MD5,LOGIN,PLAIN").split(",")]
        known = []
        for word in plan.auth_types:
            if word in ("CRAM-MD5", "LOGIN", "PLAIN", "CRAM-SHA1"):
                known.append(word)
            elif word in ("DIGEST-MD5", "NTLM", "SPA", "MSN"):
                self.printer.show(
                    ERROR, f"AUTH {'DIGEST-MD5' if word[0] == 'D' else 'NTLM'} not available: requires Authen::{'SASL' if word[0] == 'D' else 'NTLM'}"
                )
            else:
                self.printer.show(ERROR, f"{word} is not a recognized auth type, skipping")
        if not known:
            self.printer.show(ERROR, "No auth types supported")
            if not plan.auth_optional:
                raise Exit(10)
        plan.auth_types = known
        plan.user = self._credential("Username: ", given["auth_user"])
        plan.password = self._credential("Password: ", given["auth_password"])
        plan.auth_plaintext = "auth_plaintext" in settings
        hidden = settings.get("auth_hide_password")
        plan.auth_hidden = None if hidden is None else hidden or "PROVIDED_BUT_REMOVED"

    def _credential(self, prompt: str, value: str | None) -> str:
        if not value:
            self.p.out(prompt)
            value, _, self.p.stdin = self.p.stdin.partition("\n")
        return "" if value == "<>" else value

    def _xclient(self) -> list[str]:
        settings = self.settings
        found = [value for value in settings.values.get("xclient", []) if value]
        names = ("name", "addr", "port", "proto", "destaddr", "destport", "helo", "login", "reverse_name")
        pairs = [f"{name.upper()}={_xtext(settings.text(f'xclient_{name}'))}" for name in names if f"xclient_{name}" in settings]
        return found + ([" ".join(pairs)] if pairs else [])

    # The link

    def _link(self, plan: Plan) -> Link:
        settings = self.settings
        server, port = _server(settings.text("server"), settings.text("port"))
        server = server or self._server_for(settings.text("copy_routing") or plan.recipients)
        default = "24" if plan.protocol == "lmtp" else "465" if plan.tls_on_connect else "25"
        number = port_number(self.p.fs, port or default)
        if number is None:
            raise self._fail(f"unable to resolve service name {port} into a port, exiting")
        source, _ = _server(settings.text("local_interface"), settings.text("local_port"))
        return Link(self.p, self.printer, server, number, self._timeout(), source)

    def _timeout(self) -> float:
        text = self.settings.text("timeout", "30s")
        match = re.fullmatch(r"(\d+)([smh]?)", text)
        if match is None:
            raise self._fail(f"Unknown timeout format '{text}'")
        return float(int(match[1]) * _UNITS[match[2]]) or 86400.0

    def _server_for(self, recipients: str) -> str:
        """The best mail exchanger of the (last) recipient's domain."""
        literal = re.search(r"@?\[(\d+\.\d+\.\d+\.\d+)\]\Z", recipients)
        if literal:
            return literal[1]
        domain = recipients.rpartition("@")[2]
        if not domain:
            return "localhost"
        result = Resolver(self.p.host.net, self.p.fs).lookup(canonical(domain), "MX")
        self.p.sleep(result.seconds)
        exchangers = sorted((record for record in result.records if record.type == "MX"), key=lambda record: record.preference)
        return exchangers[0].target if exchangers else domain

    def _hostname(self) -> str:
        """gethostbyname(3)'s name for this host."""
        found = Resolver(self.p.host.net, self.p.fs).addresses(self.p.host.hostname)
        return found.name or self.p.host.hostname


def _server(server: str, port: str) -> tuple[str, str]:
    """`host`, `host:port`, `[address]:port`, `host/port`."""
    match = _SERVER.fullmatch(server)
    if match is None:
        return server, port
    if match[7]:
        return match[7], port
    return next((host, number) for host, number in ((match[1], match[2]), (match[3], match[4]), (match[5], match[6])) if host)


def _xtext(text: str) -> str:
    return "".join(f"+{ord(char):02X}" if char in "+=" or char <= " " else char for char in text)
