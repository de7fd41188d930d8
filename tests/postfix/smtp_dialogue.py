"""A client that types SMTP at a simulated host, for tests."""

from __future__ import annotations

from simulator.lab import Lab


class Dialogue:
    """One connection from a host of the lab; each command waits for its reply."""

    def __init__(self, lab: Lab, client: str = "client", server: str = "192.0.2.40", port: int = 25) -> None:
        self.lab = lab
        clock = lab.clock
        self._reader, self._writer = clock.run_coroutine(lab[client].net.open_connection(server, port))
        self.greeting = self._reply()

    def _reply(self) -> str:
        return self.lab.clock.run_coroutine(self._read())

    async def _read(self) -> str:
        lines = []
        while True:
            line = (await self._reader.readline()).decode("utf-8", "surrogateescape").rstrip("\r\n")
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)

    def say(self, line: str) -> str:
        """The reply to a command."""
        self._writer.write(line.encode("utf-8", "surrogateescape") + b"\r\n")
        return self._reply()

    def hang_up(self) -> None:
        """Close the connection without a word."""
        self._writer.close()
        self.lab.settle()


def smtpd_lines(lab: Lab, host: str = "hub") -> list[str]:
    """What smtpd(8) logged on a host, without date and pid."""
    lines = lab[host].read("/var/log/mail.log").splitlines()
    return [line.partition("]: ")[2] for line in lines if "postfix/smtpd[" in line]
