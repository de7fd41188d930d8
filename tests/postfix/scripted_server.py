"""An SMTP server that says what a test wants it to say."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from simulator.lab import Lab

EHLO = "250-srv\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES"


class ScriptedServer(asyncio.Protocol):
    """`replies` maps a verb in lower case ("connect", "ehlo", ... "dot"), or a whole line, to the reply; None is silence, "close" hangs up."""

    replies: ClassVar[dict[str, str | None]] = {}
    heard: ClassVar[list[str]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.buffer = b""
        self.in_data = False
        self._answer("connect", "220 srv ESMTP")

    def _answer(self, key: str, default: str, line: str = "") -> str:
        reply = self.replies.get(line, self.replies.get(key, default))
        if reply == "close":
            self.transport.close()
        elif reply is not None:
            self.transport.write(reply.encode("latin-1") + b"\r\n")
        return reply or ""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            self._line(line.decode("latin-1"))

    def _line(self, line: str) -> None:
        self.heard.append(line)
        if self.in_data:
            if line == ".":
                self.in_data = False
                self._answer("dot", "250 2.0.0 Ok: queued as 1234567")
            return
        verb = line.split(" ")[0].lower()
        default = {"ehlo": EHLO, "data": "354 go ahead", "quit": "221 bye"}.get(verb, "250 2.0.0 Ok")
        reply = self._answer(verb, default, line)
        self.in_data = verb == "data" and reply.startswith("354")
        if verb == "quit":
            self.transport.close()


def replace_mx1(lab: Lab, **replies: str | None) -> type[ScriptedServer]:
    """Put such a server in the place of mx1's mail system."""

    class Server(ScriptedServer):
        pass

    Server.replies, Server.heard = dict(replies), []
    lab["mx1"].run("postfix stop")
    lab["mx1"].net.listen("0.0.0.0", 25, Server)
    return Server
