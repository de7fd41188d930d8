"""The SMTP session of swaks(1): stage by stage, with the exit status of each that fails."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.mua.swaks_link import ERROR, INFO, RECEIVED, REFUSED, SEND, Link, Printer
from simulator.net import certificates
from simulator.unix.program import Exit

LOST = 6
_CA_FILE = "/etc/ssl/certs"


@dataclass(slots=True)
class Plan:
    """What is to be done."""

    protocol: str = "esmtp"
    sender: str = ""
    recipients: str = ""
    helo: str = ""
    data: str = ""
    quit_after: str = ""
    drop_after: str = ""
    drop_after_send: str = ""
    suppress_data: bool = False
    pipeline: bool = False
    time_lapse: str | None = None
    tls: bool = False
    tls_optional: int = 0
    tls_on_connect: bool = False
    tls_verify: bool = False
    tls_ca_path: str = ""
    tls_sni: str = ""
    tls_versions: tuple[str, ...] = ()
    peer_certificate: str | None = None
    auth_types: list[str] = field(default_factory=list)
    auth_any: bool = False
    auth_optional: int = 0
    user: str = ""
    password: str = ""
    auth_plaintext: bool = False
    auth_hidden: str | None = None
    xclient: list[str] = field(default_factory=list)
    xclient_optional: int = 0
    xclient_verify: bool = True
    xclient_first: bool = False


@dataclass(slots=True)
class _Step:
    """One command (None: only a reply is read) and what is expected."""

    command: str | None
    expect: str
    on_failure: Callable[[], object] | None = None
    shown: str = ""
    brief: bool = False
    decode: bool = False


class SmtpSession:
    """Runs a plan over a link."""

    def __init__(self, printer: Printer, link: Link, plan: Plan) -> None:
        self.printer = printer
        self.link = link
        self.plan = plan
        self.keywords: dict[str, str] = {}
        self.quit_sent = False
        self.failures = 0
        self.accepted_total = 0
        self._pending: list[_Step] = []
        self._drop_before_read = False
        self._allow_loss = False

    def run(self) -> int:
        plan = self.plan
        if plan.tls_on_connect:
            trouble = self._start_tls()
            if trouble:
                self.printer.show(ERROR, f"TLS startup failed ({trouble})")
                raise Exit(29)
            self._maybe_stop("tls")
        if not self._say(None, "220")[0]:
            self._quit(21)
        self._maybe_stop("connect")
        self._stage("first-helo")
        if not self._hello():
            self._quit(22)
        self._maybe_stop("first-helo")
        self._before_mail()
        self._mail()
        return 0

    def _before_mail(self) -> None:
        plan = self.plan
        if plan.xclient_first:
            self._xclient()
        if plan.tls:
            self._stage("tls")
            self._tls()
        self._maybe_stop("tls")
        if self.link.tls is not None and not plan.tls_on_connect:
            self.keywords.clear()
            self._stage("helo")
            if not self._hello():
                self._quit(32)
        self._maybe_stop("helo")
        if not plan.xclient_first:
            self._xclient()
        if plan.auth_types:
            self._stage("auth")
            self._auth()
        self._maybe_stop("auth")

    def _mail(self) -> None:
        plan = self.plan
        self._stage("mail")
        self._defer(_Step(f"MAIL FROM:<{plan.sender}>", "250", lambda: self._quit(23)))
        self._maybe_stop("mail")
        self._stage("rcpt")
        addresses = plan.recipients.split(",")
        self.accepted_total = len(addresses)
        for address in addresses:
            self._defer(_Step(f"RCPT TO:<{address}>", "250", self._recipient_failed))
        self._maybe_stop("rcpt")
        self._stage("data")
        if not self._say("DATA", "354")[0]:
            self._quit(25)
        self._maybe_stop("data")
        self._stage("dot")
        if not self._message():
            self._quit(26)
        self._maybe_stop("dot")
        if not self._quit(None):
            self._quit(27)
        self._tear_down()

    def _message(self) -> bool:
        good = self._transact([_Step(self.plan.data, "250", brief=self.plan.suppress_data)])[0]
        if self.plan.protocol == "lmtp":
            for _ in range(self.accepted_total - self.failures - 1):
                good |= self._transact([_Step(None, "250")])[0]
        return good

    def _recipient_failed(self) -> None:
        self.failures += 1
        if self.failures == self.accepted_total:
            self._quit(24)

    # Stages

    def _stage(self, name: str) -> None:
        self._drop_before_read = self.plan.drop_after_send == name

    def _maybe_stop(self, stage: str) -> None:
        if self.plan.drop_after == stage or (stage == "helo" and self.plan.drop_after_send == "helo"):
            self._drop()
        if self.plan.quit_after == stage:
            self._quit(0)

    def _drop(self) -> None:
        self.printer.show(INFO, "Dropping connection")
        self.link.close()
        raise Exit(0)

    def _quit(self, status: int | None) -> bool:
        """QUIT; with a status that is the end of the program."""
        if self.quit_sent:
            return True
        self.quit_sent = True
        self._drop_before_read = False
        self._allow_loss = True
        good = self._say("QUIT", "221")[0]
        self._allow_loss = False
        if self.link.lost:
            self._disconnected(status or LOST)
        if status is not None:
            self._tear_down()
            raise Exit(status)
        return good

    def _tear_down(self) -> None:
        self.link.close()
        self.printer.show(INFO, "Connection closed with remote host.")

    def _disconnected(self, status: int) -> None:
        self.printer.show(ERROR, "Remote host closed connection unexpectedly.")
        self.link.close()
        raise Exit(status)

    # Commands

    def _say(self, command: str | None, expect: str, shown: str = "", decode: bool = False) -> tuple[bool, str]:
        return self._transact([_Step(command, expect, shown=shown, decode=decode)])

    def _defer(self, step: _Step) -> None:
        """With --pipeline this waits for the next command that needs its answer."""
        if self.plan.pipeline and "PIPELINING" in self.keywords:
            self._pending.append(step)
        else:
            self._transact([step])

    def _transact(self, steps: list[_Step]) -> tuple[bool, str]:
        """Send what is pending and these, then read all replies. The last one's success and text."""
        steps, self._pending = self._pending + steps, []
        began = self.link.p.clock.now
        for step in steps:
            if step.command is not None:
                text = step.shown or step.command
                self.printer.show(SEND, f"{len(text.split(chr(10)))} lines sent" if step.brief else text)
                self.link.send(step.command)
        if self._drop_before_read:
            self._drop()
        good, text, failed = True, "", []
        for step in steps:
            text = self.link.reply()
            self._lapse(began)
            good = any(line.startswith(f"{step.expect} ") for line in text.split("\n"))
            shown = _decoded(text) if step.decode else text
            if shown:
                self.printer.show(RECEIVED if good else REFUSED, shown)
            if self.link.lost:
                if self._allow_loss:
                    return good, text
                self._disconnected(LOST)
            if not good and step.on_failure is not None:
                failed.append(step.on_failure)
        for handler in failed:
            handler()
        return good, text

    def _lapse(self, began: float) -> None:
        if self.plan.time_lapse is not None:
            spent = self.link.p.clock.now - began
            self.printer.show(INFO, f"response in {spent:.0f}s" if self.plan.time_lapse.lower().startswith("i") else f"response in {spent:.3f}s")

    def _hello(self) -> bool:
        protocol = self.plan.protocol
        if protocol in ("esmtp", "lmtp"):
            good, text = self._say(f"{'LHLO' if protocol == 'lmtp' else 'EHLO'} {self.plan.helo}", "250")
            if good:
                for line in text.split("\n"):
                    self._keyword(line[4:])
                return True
        return protocol in ("esmtp", "smtp") and self._say(f"HELO {self.plan.helo}", "250")[0]

    def _keyword(self, line: str) -> None:
        if line.startswith("AUTH"):
            self.keywords["AUTH"] = f"{self.keywords.get('AUTH', '')} {line[4:].lstrip('=').upper()}"
        elif line.startswith("XCLIENT"):
            self.keywords["XCLIENT"] = line[7:].upper()
        elif line in ("STARTTLS", "PIPELINING"):
            self.keywords[line] = ""

    # TLS

    def _tls(self) -> None:
        if "STARTTLS" not in self.keywords:
            self.printer.show(ERROR, "Host did not advertise STARTTLS")
            if not self.plan.tls_optional:
                self._quit(29)
            return
        trouble = None
        if self._say("STARTTLS", "220")[0]:
            trouble = self._start_tls()
            if not trouble:
                return
            self.printer.show(ERROR, f"TLS startup failed ({trouble})")
        self.printer.show(ERROR, "STARTTLS attempted but failed")
        if self.plan.tls_optional != 1:
            self.link.close()
            raise Exit(29)

    def _start_tls(self) -> str:
        plan = self.plan
        trouble = self.link.start_tls(plan.tls_versions, plan.tls_sni, self._verify if plan.tls_verify else None)
        session = self.link.tls
        if trouble or session is None:
            return trouble
        self.printer.show(INFO, f"TLS started with cipher {session.protocol}:{session.cipher}:{session.bits}")
        self.printer.show(INFO, "TLS no local certificate set")
        self.printer.show(INFO, f'TLS peer DN="{certificates.one_line(certificates.parse(session.peer_chain[0]).subject)}"')
        if plan.peer_certificate is not None:
            pem = session.peer_chain[0].rstrip("\n")
            if plan.peer_certificate:
                self.link.p.write(plan.peer_certificate, pem.encode() + b"\n\n")
            else:
                self.printer.show(INFO, pem)
        return ""

    def _verify(self, chain: tuple[str, ...]) -> str:
        fs, path = self.link.p.fs, self.plan.tls_ca_path or _CA_FILE
        names = [path] if not fs.stat(path).is_dir else [f"{path}/{name}" for name in fs.listdir(path) if name.endswith((".pem", ".crt"))]
        anchors = [one for name in names for one in certificates.load_bundle(fs.read(name).decode("utf-8", "replace"))]
        verdict = certificates.verify(chain, anchors, self.link.p.clock.now)
        return "" if verdict.good else "unknown ca"

    # XCLIENT and AUTH

    def _xclient(self) -> None:
        plan = self.plan
        if not plan.xclient:
            return
        self._stage("xclient")
        if "XCLIENT" not in self.keywords:
            self.printer.show(ERROR, "Host did not advertise XCLIENT")
            if not plan.xclient_optional:
                self._quit(33)
            return
        wanted = {word.partition("=")[0].upper() for text in plan.xclient for word in text.split()}
        if plan.xclient_verify and wanted - set(self.keywords["XCLIENT"].split()):
            self.printer.show(ERROR, "Host did not advertise requested XCLIENT attributes")
            if not plan.xclient_optional:
                self._quit(33)
            return
        if not all(self._say(f"XCLIENT {text}", "220")[0] for text in plan.xclient):
            self.printer.show(ERROR, "XCLIENT attempted but failed.  Exiting")
            if plan.xclient_optional != 1:
                self._quit(33)
            return
        self._maybe_stop("xclient")
        self._stage("helo")
        if not self._hello():
            self._quit(34)
        self._maybe_stop("helo")

    def _auth(self) -> None:
        plan = self.plan
        if "AUTH" not in self.keywords:
            self.printer.show(ERROR, "Host did not advertise authentication")
            if not plan.auth_optional:
                self._quit(28)
            return
        offered, tried = self.keywords["AUTH"].split(), False
        for kind in plan.auth_types:
            if kind in offered:
                if _METHODS[kind](self):
                    return
                tried = True
        if tried:
            self.printer.show(ERROR, "No authentication type succeeded")
            optional = plan.auth_optional == 1
        else:
            kinds = "no advertised types" if plan.auth_any else "requested type not"
            self.printer.show(ERROR, f"Auth not attempted, {kinds} available")
            optional = plan.auth_optional == 1 if plan.auth_any else bool(plan.auth_optional)
        if not optional:
            self._quit(28)

    @property
    def _shown_password(self) -> str:
        return self.plan.password if self.plan.auth_hidden is None else self.plan.auth_hidden

    def _plain(self) -> bool:
        plan = self.plan
        shown = f"AUTH PLAIN {_encode(f'{chr(0)}{plan.user}{chr(0)}{self._shown_password}')}"
        if plan.auth_plaintext:
            shown = f"AUTH PLAIN \\0{plan.user}\\0{self._shown_password}"
        return self._say(f"AUTH PLAIN {_encode(f'{chr(0)}{plan.user}{chr(0)}{plan.password}')}", "235", shown)[0]

    def _login(self) -> bool:
        plan, plain = self.plan, self.plan.auth_plaintext
        if not self._say("AUTH LOGIN", "334", decode=plain)[0]:
            return False
        if not self._say(_encode(plan.user), "334", plan.user if plain else "", plain)[0]:
            return False
        shown = self._shown_password if plain else _encode(self._shown_password)
        return self._say(_encode(plan.password), "235", shown)[0]

    def _cram(self) -> bool:
        plan = self.plan
        good, text = self._say("AUTH CRAM-MD5", "334", decode=plan.auth_plaintext)
        if not good:
            return False
        challenge = base64.b64decode(text[4:])
        answer = f"{plan.user} {hmac.new(plan.password.encode(), challenge, hashlib.md5).hexdigest()}"
        return self._say(_encode(answer), "235", answer if plan.auth_plaintext else "")[0]


_METHODS: dict[str, Callable[[SmtpSession], bool]] = {
    "PLAIN": SmtpSession._plain,
    "LOGIN": SmtpSession._login,
    "CRAM-MD5": SmtpSession._cram,
}


def _encode(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")


def _decoded(text: str) -> str:
    """A reply whose text is base64, readable."""
    code, _, rest = text.partition(" ")
    if " " in rest:
        return text
    return f"{code} {base64.b64decode(rest + '==').decode('utf-8', 'replace')}"
