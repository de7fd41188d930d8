"""The connection of swaks(1), and what it prints of the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from simulator.net.resolver import Resolver
from simulator.net.tls import DEFAULT_VERSIONS, HandshakeError, Offer, Session, client_handshake
from simulator.net.transport import StreamTransport
from simulator.netprog.talk import wait
from simulator.unix.program import Exit, Process

INFO, ERROR, SEND, DUMP_SENT, RECEIVED, REFUSED, DUMP_RECEIVED = 11, 12, 21, 23, 31, 32, 33
#: transaction flag -> hint without and with TLS
_HINTS = {
    INFO: ("===", "==="), ERROR: ("***", "***"), SEND: (" ->", " ~>"), DUMP_SENT: ("  >", "  >"), RECEIVED: ("<- ", "<~ "),
    REFUSED: ("<**", "<~*"), DUMP_RECEIVED: ("<  ", "<  "),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Display:
    """What is shown: --silent, --hide-..., --no-hints, --output."""

    silent: int = 0
    hide_send: bool = False
    hide_receive: bool = False
    hide_info: bool = False
    hide_all: bool = False
    no_hints: frozenset[str] = frozenset()
    output: str = ""
    raw: bool = False


class Printer:
    """Prints what happens."""

    def __init__(self, p: Process, display: Display) -> None:
        self.p = p
        self.display = display
        self.encrypted = False
        self._seen_error = False

    def show(self, flag: int, text: str) -> None:
        """A message of swaks itself, a command, a reply. Errors of swaks go to standard error."""
        if self._hidden(flag):
            return
        kind = {1: "info", 2: "send", 3: "receive"}[flag // 10]
        hint = "" if kind in self.display.no_hints else _HINTS[flag][self.encrypted] + " "
        text = text.replace("\n", f"\n{hint}")
        line = f"{hint}{text}\n"
        if self.display.output:
            self.p.append(self.display.output, line.encode("utf-8", "surrogateescape"))
        elif flag == ERROR:
            self.p.err(line)
        else:
            self.p.out(line)

    def _hidden(self, flag: int) -> bool:
        display = self.display
        if (
            display.hide_all
            or (display.hide_send and flag // 10 == 2)
            or (display.hide_receive and flag // 10 == 3)
            or (display.hide_info and flag == INFO)
        ):
            return True
        is_error = flag % 2 == 0
        if display.silent >= 3 or (display.silent == 2 and not is_error):
            return True
        if display.silent == 1 and not self._seen_error:
            self._seen_error = is_error
            return not is_error
        return False


class Link:
    """One connection. `timeout` in seconds holds for connecting and for each reply."""

    def __init__(self, p: Process, printer: Printer, server: str, port: int, timeout: float, source: str = "") -> None:
        self.p = p
        self.printer = printer
        self.server = server
        self.port = port
        self.timeout = timeout
        self.source = source
        self.tls: Session | None = None
        self.lost = False
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    def open(self) -> None:
        """Connect. Ends the program with status 2 when that fails."""
        self.printer.show(INFO, f"Trying {self.server}:{self.port}...")
        found = Resolver(self.p.host.net, self.p.fs).addresses(self.server)
        self.p.sleep(found.seconds)
        trouble = f"getaddrinfo: {found.error}" if found.error else ""
        for address in found.addresses:
            try:
                self._reader, self._writer = wait(
                    self.p, self.p.host.net.open_connection(address, self.port, source=self.source or None, timeout=self.timeout)
                )
            except TimeoutError:
                trouble = "connect: timeout"
            except OSError as error:
                trouble = f"connect: {error.strerror}"
            else:
                self.printer.show(INFO, f"Connected to {self.server}.")
                return
        source = f" {self.source}" if self.source else ""
        self.printer.show(ERROR, f"Error connecting{source} to {self.server}:{self.port}:\n\tIO::Socket::INET6: {trouble}")
        raise Exit(2)

    def send(self, text: str) -> None:
        """A command or the message, with CR LF behind it."""
        data = text.encode("utf-8", "surrogateescape") + b"\r\n"
        self._writer.write(data)
        if self.printer.display.raw:
            self.printer.show(DUMP_SENT, dump(data))

    def reply(self) -> str:
        """The next reply, its lines without CR; what arrived when the server hangs up (`lost`) or is silent for too long."""
        return wait(self.p, self._reply())

    async def _reply(self) -> str:
        lines: list[str] = []
        received = b""
        try:
            while not (lines and lines[-1][:3].isdigit() and lines[-1][3:4] == " "):
                data = await asyncio.wait_for(self._reader.readline(), self.timeout)
                if not data.endswith(b"\n"):
                    self.lost = True
                    break
                received += data
                lines.append(data.decode("utf-8", "surrogateescape").replace("\r", "").removesuffix("\n"))
        except TimeoutError:
            return f"Timeout ({self.timeout:.0f} secs) waiting for server response"
        except OSError:
            self.lost = True
        if received and self.printer.display.raw:
            self.printer.show(DUMP_RECEIVED, dump(received))
        return "\n".join(lines)

    def start_tls(self, versions: tuple[str, ...], sni: str, verify: Callable[[tuple[str, ...]], str] | None) -> str:
        """Negotiate TLS. Returns what OpenSSL says when that fails, else nothing."""
        transport = self._writer.transport
        assert isinstance(transport, StreamTransport)
        work = client_handshake(transport, Offer(versions=versions or DEFAULT_VERSIONS, sni=sni), self.timeout, verify)
        try:
            session = wait(self.p, work)
        except HandshakeError as error:
            text = ":".join(error.library[0].split(":")[:5])[: error.library[0].find(":../")] if error.library else "error:00000000:lib(0)::reason(0)"
            return f"connect(): {text}"
        self.tls = session
        self.printer.encrypted = True
        return ""

    def close(self) -> None:
        self._writer.close()
        self.p.sleep(0)


def dump(data: bytes) -> str:
    """Bytes as --show-raw-text shows them: offset, sixteen bytes in hexadecimal, printable characters."""
    lines = []
    for start in range(0, len(data), 16):
        row = data[start : start + 16]
        cells = "".join((" " if place % 4 == 0 else "") + (f"{row[place]:02X} " if place < len(row) else "   ") for place in range(16))
        text = "".join(chr(byte) if 0x21 <= byte <= 0x7E else "." for byte in row)
        lines.append(f"{start:04d}:{cells}   {text:<16}")
    return "\n".join(lines)
