"""A host on which the tests of this package send and look."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simulator import Lab, open_lab


@dataclass
class Mailing:
    """One host with Postfix running. `log` is what the mail log has gained since the last look."""

    lab: Lab = field(default_factory=lambda: open_lab("ubuntu"))
    name: str = "ubuntu"
    seen: int = 0

    def __post_init__(self) -> None:
        self.lab.settle()
        self.log()

    def run(self, line: str, user: str = "root") -> str:
        """Type a line and let the mail system come to rest; what it wrote."""
        done = self.lab[self.name].run(line, user=user)
        self.lab.settle()
        self.lab.advance(1)
        return str(done)

    def setup(self, *lines: str) -> None:
        """The same for several lines, and the log of all that is of no interest."""
        for line in lines:
            assert self.run(line) == "", line
        self.log()

    def aliases(self, *entries: str) -> None:
        """Add to /etc/aliases."""
        host = self.lab[self.name]
        host.write("/etc/aliases", host.read("/etc/aliases") + "".join(f"{entry}\n" for entry in entries))
        self.setup("newaliases")

    def settings(self, *settings: str) -> None:
        """postconf -e, and a reload."""
        quoted = " ".join(f"'{setting}'" for setting in settings)
        self.setup(f"postconf -e {quoted}", "postfix reload")

    def mail(self, address: str, text: str = "hello", user: str = "root") -> list[str]:
        """Send a mail (to several addresses with blanks between them); the fates of its recipients, as the log tells them."""
        self.log()
        self.run(f"echo '{text}' | mail -s subject {address}", user)
        return self.fates()

    def log(self) -> str:
        """The new lines."""
        text = self.lab[self.name].read("/var/log/mail.log")
        new, self.seen = text[self.seen :], len(text)
        return new

    def fates(self) -> list[str]:
        """`anna@ubuntu sent (delivered to mailbox)` for each delivery that is new in the log, without those of bounces."""
        log = self.log()
        bounces = set(re.findall(r"notification: (\w+)", log))
        found = re.findall(r" (\w+): to=<([^>]*)>,.*? status=(\w+ \(.*\))$", log, re.M)
        return [f"{address} {fate}" for queue_id, address, fate in found if queue_id not in bounces]
