"""A user's procmail, fed by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator import Lab, open_lab

MESSAGE = """\
From bernd@ubuntu Tue Nov 24 10:00:00 2026
Received: by ubuntu (Postfix)
Subject: [garden] seeds
From: Bernd Brot <bernd@ubuntu>
To: anna@ubuntu
Message-ID: <1@ubuntu>

Hello
From here on
"""
#: What the log says of it when it is in the folder {}: one `From ` in it is quoted, and an empty line comes behind it.
SUMMARY = f"From bernd@ubuntu Tue Nov 24 10:00:00 2026\n Subject: [garden] seeds\n  Folder: {{}}\t\t\t\t\t\t\t{len(MESSAGE) + 2:7d}\n"


@dataclass
class Delivering:
    """anna on a host, with a message in ~/m."""

    lab: Lab = field(default_factory=lambda: open_lab("ubuntu"))

    def __post_init__(self) -> None:
        self.write("/home/anna/m", MESSAGE)
        self.lab["ubuntu"].run("chown anna:anna /home/anna/m")

    def write(self, path: str, text: str) -> None:
        self.lab["ubuntu"].write(path, text)

    def read(self, path: str) -> str:
        return self.lab["ubuntu"].read(path)

    def run(self, line: str) -> str:
        """A line of anna's; what it wrote."""
        done = self.lab["ubuntu"].run(line, user="anna")
        self.lab.settle()
        return str(done)

    def deliver(self, *rc: str) -> str:
        """Run procmail on the message with an rc file; what it wrote, and its log if it has one."""
        self.run("rm -f log")
        self.write("/home/anna/rc", "".join(f"{line}\n" for line in rc))
        said = self.run("procmail ./rc < m")
        return said + (self.read("/home/anna/log") if self.lab["ubuntu"].fs.exists("/home/anna/log") else "")
