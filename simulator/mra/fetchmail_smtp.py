"""Where fetchmail brings messages: an SMTP server, or a program (mda)."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from simulator.mra.fetchmail_link import SMTP, Link, Output, QueryFailed
from simulator.unix.program import Process

if TYPE_CHECKING:
    from simulator.mra.fetchmail_rc import Entry


class Sink:
    """Takes the messages of one entry."""

    def __init__(self, p: Process, out: Output, entry: Entry, postmaster: str, bounce: bool) -> None:
        self.p, self.out, self.entry, self.postmaster, self.bounce = p, out, entry, postmaster, bounce
        self.host = entry.value("smtphost", "localhost").split(",")[0]
        self.local = entry.local or (entry.user if p.host.users.by_name(entry.user) else p.user,)
        self.link: Link | None = None
        self.extensions: set[str] = set()

    def deliver(self, message: bytes, size: int, received: str) -> bool:
        """True: the message may be removed from the server. Raises QueryFailed."""
        text = message.replace(b"\r\n", b"\n")
        sender = _sender(text)
        if self.entry.value("mda"):
            return self._to_program(_with_received(text, received, self._recipient(self.local[0])), sender)
        return self._to_smtp(text, sender, size, received)

    def _recipient(self, name: str) -> str:
        return name if "@" in name else f"{name}@{self.entry.value('smtpaddress', self.host.partition('/')[0])}"

    def _to_program(self, text: bytes, sender: str) -> bool:
        command = self.entry.value("mda").replace("%T", self.local[0]).replace("%s", self.local[0]).replace("%F", sender)
        done = self.p.run(["/bin/sh", "-c", command], stdin=text.decode("utf-8", "surrogateescape"))
        self.p.out(done.stdout)
        self.p.err(done.stderr)
        if done.exit_code:
            self.out.error(f"fetchmail: MDA returned nonzero status {done.exit_code}")
        return not done.exit_code

    # -- SMTP -----------------------------------------------------------------------------------------------------------

    def _open(self) -> Link:
        if self.link is not None:
            return self.link
        name, _, port = self.host.partition("/")
        link = Link(self.out, "SMTP", name, int(port or 25))
        trouble = link.open()
        if trouble:
            self.out.error(f"fetchmail: SMTP connect to {name} failed")
            self._failed()
        reply = self._reply(link)
        if not reply.startswith("2"):
            self._failed()
        reply = self._ask(link, f"EHLO {self.p.host.hostname}", keep=True)
        self.link = link
        return link

    def _failed(self) -> None:
        self.out.error(
            f"fetchmail: SMTP transaction error while fetching from {self.entry.user}@{self.entry.server} and delivering to SMTP host {self.host}"
        )
        raise QueryFailed(SMTP)

    def _reply(self, link: Link, keep: bool = False) -> str:
        while True:
            line = link.line()
            if keep:
                self.extensions.add(line[4:].split(" ")[0].upper())
            if line[3:4] != "-":
                return line

    def _ask(self, link: Link, text: str, keep: bool = False) -> str:
        link.send(text)
        return self._reply(link, keep)

    def _to_smtp(self, text: bytes, sender: str, size: int, received: str) -> bool:
        link = self._open()
        option = f" SIZE={size}" if "SIZE" in self.extensions else ""
        if "8BITMIME" in self.extensions and any(byte > 127 for byte in text):
            option = f" BODY=8BITMIME{option}"
        reply = self._ask(link, f"MAIL FROM:<{sender}>{option}")
        if not reply.startswith("2"):
            return self._refused(link, reply, sender, text)
        good = [name for name in self.local if self._rcpt(link, name, sender, text)]
        if not good:
            reply = self._ask(link, f"RCPT TO:<{self._recipient(self.postmaster)}>")
            if not reply.startswith("2"):
                self._ask(link, "RSET")
                return False
            good = [self.postmaster]
        self._ask(link, "DATA")
        body = _with_received(_without_return_path(text), received, self._recipient(good[0]))
        if self.out.verbose:
            self.out.say("#*")
            self.out.say("fetchmail: SMTP>. (EOM)")
        link.writer.write(_stuffed(body) + b".\r\n")
        reply = self._reply(link)
        return reply.startswith("2") or self._refused(link, reply, sender, text)

    def _rcpt(self, link: Link, name: str, sender: str, text: bytes) -> bool:
        reply = self._ask(link, f"RCPT TO:<{self._recipient(name)}>")
        if reply.startswith("2"):
            return True
        self.out.error(f"fetchmail: SMTP error: {reply}")
        self._bounce(sender, text, f"{reply}")
        return False

    def _refused(self, link: Link, reply: str, sender: str, text: bytes) -> bool:
        self.out.error(f"fetchmail: SMTP error: {reply}")
        self._ask(link, "RSET")
        if reply.startswith("5"):
            self._bounce(sender, text, reply)
        return False

    def _bounce(self, sender: str, text: bytes, reason: str) -> None:
        """Tell the sender, over a connection of its own."""
        if not sender or not self.bounce:
            return
        own = f"MAILER-DAEMON@{self.p.host.hostname}"
        link = Link(self.out, "SMTP", self.host.partition("/")[0], 25)
        if link.open():
            return
        self._reply(link)
        for line in (f"HELO {self.p.host.hostname}", "MAIL FROM:<>", f"RCPT TO:<{sender}>", "DATA"):
            self._ask(link, line)
        head = text.partition(b"\n\n")[0].decode("utf-8", "surrogateescape")
        report = (
            f"Return-Path: <>\nFrom: FETCHMAIL-DAEMON@{self.p.host.hostname}\nTo: {sender}\nSubject: Mail delivery failed: returning message to sender\n"
            f"MIME-Version: 1.0\n\nSome recipients could not be reached. The answer was:\n\n{reason}\n\n{head}\n"
        )
        link.writer.write(_stuffed(report.encode("utf-8", "surrogateescape")) + b".\r\n")
        self._reply(link)
        self._ask(link, "QUIT")
        link.close()
        self.out.error(f"fetchmail: mail from {own} bounced to {sender}")

    def close(self) -> None:
        """Say good-bye to the SMTP server."""
        if self.link is not None:
            self._ask(self.link, "QUIT")
            self.link.close()
            self.link = None


def _sender(text: bytes) -> str:
    """The envelope sender: Return-Path, else Resent-From, From."""
    head = text.partition(b"\n\n")[0].decode("utf-8", "surrogateescape") + "\n"
    for name in ("Return-Path", "Sender", "From"):
        match = re.search(rf"^{name}:\s*([^\n]*)", head, re.M | re.I)
        if match:
            address = re.search(r"<([^>]*)>", match[1])
            return address[1] if address else match[1].split(" ")[0]
    return ""


def _without_return_path(text: bytes) -> bytes:
    head, blank, body = text.partition(b"\n\n")
    return re.sub(rb"^Return-Path:[^\n]*\n", b"", head + b"\n", flags=re.M | re.I)[:-1] + blank + body


def _with_received(text: bytes, received: str, recipient: str) -> bytes:
    """fetchmail's own Received header goes before the first that there is."""
    line = received.format(recipient=recipient).encode("utf-8", "surrogateescape")
    head, blank, body = text.partition(b"\n\n")
    match = re.search(rb"^Received:", head, re.M | re.I)
    place = match.start() if match else 0
    return head[:place] + line + head[place:] + blank + body


def _stuffed(text: bytes) -> bytes:
    text = text if text.endswith(b"\n") else text + b"\n"
    return (b"\n" + text).replace(b"\n.", b"\n..")[1:].replace(b"\n", b"\r\n")


def received_header(p: Process, server: str, address: str, protocol: str, multidrop: bool = False) -> str:
    """The Received header, with `{recipient}` to be filled in."""
    now = p.clock.now
    when = time.strftime("%a, %d %b %Y %H:%M:%S +0000 (UTC)", time.gmtime(now))
    kind = "multi-drop" if multidrop else "single-drop"
    return f"Received: from {server} [{address}]\n\tby {p.host.hostname} with {protocol} (fetchmail-6.4.37)\n\tfor <{{recipient}}> ({kind}); {when}\n"
