"""One poll of fetchmail: server after server, message after message."""

from __future__ import annotations

import time

from simulator.mra.fetchmail_imap import Imap
from simulator.mra.fetchmail_link import AUTHFAIL, DNS, PROTOCOL, SMTP, SOCKET, Link, Output, QueryFailed
from simulator.mra.fetchmail_pop3 import Pop3
from simulator.mra.fetchmail_rc import Entry, RunControl
from simulator.mra.fetchmail_smtp import Sink, received_header
from simulator.net.resolver import Resolver
from simulator.netprog.services import port_number
from simulator.unix.program import Process

_NO_MAIL = 1
_NAMES = {SOCKET: "SOCKET", AUTHFAIL: "AUTHFAIL", PROTOCOL: "PROTOCOL", SMTP: "SMTP", DNS: "DNS"}
_PORTS = {("POP3", False): 110, ("POP3", True): 995, ("IMAP", False): 143, ("IMAP", True): 993}
Driver = Pop3 | Imap


def poll(p: Process, entries: list[Entry], control: RunControl, *, verbose: bool, silent: bool, check: bool, bounce: bool) -> int:
    """Ask every server once. Returns the exit status."""
    out = Output(p, verbose, silent)
    if check and verbose:
        out.say("fetchmail: --check mode enabled, not fetching mail")
    statuses = [Poll(p, out, entry, control, check, bounce and "no bouncemail" not in control.settings).run() for entry in entries]
    status = 0 if 0 in statuses else statuses[-1]
    if verbose:
        out.say(f"fetchmail: normal termination, status {status}")
    return status


class Poll:
    """One entry's poll."""

    def __init__(self, p: Process, out: Output, entry: Entry, control: RunControl, check: bool, bounce: bool) -> None:
        self.p, self.out, self.entry, self.check = p, out, entry, check
        self.keep = entry.has("keep")
        self.postmaster = control.settings.get("postmaster", p.user)
        self.bounce = bounce
        self.ids_path = control.settings.get("idfile", f"{p.env.get('HOME', '/')}/.fetchids")

    def run(self) -> int:
        """Returns the status; tells what went wrong."""
        out, entry = self.out, self.entry
        protocol = "POP3" if entry.protocol == "AUTO" else entry.protocol
        if protocol not in ("POP3", "IMAP"):
            out.error(f"simulator: fetchmail: protocol {protocol} is not simulated")
            return PROTOCOL
        self._phase(protocol, "started")
        try:
            status = self._session(protocol)
        except QueryFailed as failure:
            status = failure.status
            self._explain(status)
        self._phase(protocol, "completed")
        if status > _NO_MAIL:
            out.say(f"fetchmail: Query status={status} ({_NAMES[status]})")
        return status

    def _phase(self, protocol: str, word: str) -> None:
        if self.out.verbose:
            when = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(self.p.clock.now))
            self.out.say(f"fetchmail: 6.4.37 querying {self.entry.server} (protocol {protocol}) at {when}: poll {word}")

    def _explain(self, status: int) -> None:
        who = f"{self.entry.user}@{self.entry.server}"
        if status == AUTHFAIL:
            self.out.error(f"fetchmail: Authorization failure on {who}")
            self.out.error("fetchmail: For help, see http://www.fetchmail.info/fetchmail-FAQ.html#R15")
        elif status == PROTOCOL:
            self.out.error(f"fetchmail: client/server protocol error while fetching from {who}")
        elif status == SOCKET and self.connected:
            self.out.error(f"fetchmail: socket error while fetching from {who}")

    def _session(self, protocol: str) -> int:
        out, entry = self.out, self.entry
        self.connected = False
        found = Resolver(self.p.host.net, self.p.fs).addresses(entry.server)
        self.p.sleep(found.seconds)
        if not found.addresses:
            out.error(f"fetchmail: couldn't find canonical DNS name of {entry.server} ({entry.server}): {found.error or 'Name or service not known'}")
            return DNS
        port = port_number(self.p.fs, entry.value("port")) if entry.value("port") else _PORTS[protocol, entry.has("ssl")]
        link = Link(out, protocol, entry.value("via", entry.server), port or 0)
        trouble = link.open()
        if trouble:
            out.error(f"{protocol} connection to {entry.server} failed: {trouble}")
            return SOCKET
        self.connected = True
        try:
            if entry.has("ssl") and not link.start_tls(entry):
                out.error(f"fetchmail: {entry.server}: SSL connection failed.")
                raise QueryFailed(SOCKET)
            driver: Driver = (Pop3 if protocol == "POP3" else Imap)(link, out, entry, self.keep, self._read_ids())
            driver.login()
            return self._mailbox(driver, link)
        finally:
            link.close()

    def _mailbox(self, driver: Driver, link: Link) -> int:
        out, entry = self.out, self.entry
        count, seen = driver.select()
        who = f"{entry.user} at {entry.server}"
        if not count:
            if not out.silent:
                out.say(f"fetchmail: No mail for {who}")
            driver.logout()
            return _NO_MAIL
        if not out.silent:
            some = f" ({seen} seen)" if seen and not entry.has("fetchall") else ""
            out.say(f"{count} message{'' if count == 1 else 's'}{some} for {who}{driver.total}.")
        if self.check:
            driver.logout()
            return 0 if count > seen else _NO_MAIL
        status = self._messages(driver, link, count)
        self._write_ids(driver)
        driver.logout()
        self.sink.close()
        return status

    def _messages(self, driver: Driver, link: Link, count: int) -> int:
        entry = self.entry
        self.sink = Sink(self.p, self.out, entry, self.postmaster, self.bounce)
        received = received_header(self.p, entry.server, link.address, driver.name)
        wanted = [number for number in range(1, count + 1) if entry.has("fetchall") or driver.is_new(number)]
        most = int(entry.value("fetchlimit", "0") or 0)
        for done, number in enumerate(wanted):
            if most and done >= most:
                if not self.out.silent:
                    left = len(wanted) - done
                    self.out.say(f"fetchmail: fetchlimit {most} reached; {left} messages left on server {entry.server} account {entry.user}")
                break
            self._message(driver, number, count, received)
        return 0 if wanted else _NO_MAIL

    def _message(self, driver: Driver, number: int, count: int, received: str) -> None:
        out, entry = self.out, self.entry
        place = f"message {entry.user}@{entry.server}:{number}"
        limit = int(entry.value("limit", "0") or 0)
        if limit and driver.size(number) > limit:
            if not out.silent:
                out.say(f"skipping {place} ({driver.size(number)} octets) (oversized) not flushed")
            return
        data, sizes = driver.fetch(number)
        if not out.silent:
            out.begin(f"reading {place} of {count} {sizes}" + (" " if out.verbose else ""))
            if out.verbose:
                out.say("")
        good = self.sink.deliver(data, driver.size(number), received)
        delete = good and not self.keep
        if good:
            driver.done(number, delete)
        if not out.silent:
            out.say(" flushed" if delete else " not flushed")

    # -- UIDs of messages that stay ---------------------------------------------------------------------------------------

    def _read_ids(self) -> set[str]:
        return {uid for who, uid in self._id_lines() if who == f"{self.entry.user}@{self.entry.server}"}

    def _id_lines(self) -> list[tuple[str, str]]:
        if not self.p.fs.exists(self.ids_path, self.p.cred):
            return []
        lines = self.p.fs.read(self.ids_path, self.p.cred).decode("utf-8", "surrogateescape").splitlines()
        return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]

    def _write_ids(self, driver: Driver) -> None:
        """Only POP3 needs them, and only for messages that are still there."""
        if not isinstance(driver, Pop3) or not driver.current:
            return
        who = f"{self.entry.user}@{self.entry.server}"
        rows = [one for one in self._id_lines() if one[0] != who]
        rows += [(who, uid) for uid in driver.current.values() if uid in driver.uids]
        text = "".join(f"{name} {uid}\n" for name, uid in rows)
        self.p.fs.write(self.ids_path, text.encode("utf-8", "surrogateescape"), self.p.cred, 0o600)
