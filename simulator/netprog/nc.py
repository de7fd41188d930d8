"""NAME
    nc - arbitrary TCP connections

SYNOPSIS
    nc [-46CdhNnvz] [-i interval] [-p source_port] [-q seconds] [-s sourceaddr] [-w timeout] destination port

DESCRIPTION
    Connects standard input and output to a port of another host.

    -C  send CR LF where the input has LF          -N  close the sending side when the input ends
    -d  do not read the input                      -n  no names: addresses and numbers only
    -z  only see whether somebody listens; the port may be a range, 20-30
    -w  give up connecting after that many seconds; leave a connection on which nothing has moved for that long
    -q  leave so many seconds after the input has ended      -i  wait between lines
    -v  say what happens

    A pause in the input, `{ echo QUIT; sleep 1; } | nc ...`, is a pause in what is sent.

EXIT STATUS
    0 when a connection came about, else 1.

DIFFERS FROM NETCAT
    It does not listen (-l), knows neither UDP (-u) nor sockets in the file system (-U), nor proxies (-x).
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.net.resolver import Resolver
from simulator.net.timed_input import segments
from simulator.netprog.getopt import BadOption, Options, getopt
from simulator.netprog.services import port_name, port_number
from simulator.netprog.talk import Talk, wait
from simulator.unix.program import Exit, Process, program

_USAGE = """\
usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]
\t  [-m minttl] [-O length] [-P proxy_username] [-p source_port]
\t  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]
\t  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]
\t  [destination] [port]
"""
_SUMMARY = "\tCommand Summary:\n" + "".join(
    f"\t\t-{line}\n"
    for line in (
        "4\t\tUse IPv4",
        "6\t\tUse IPv6",
        "b\t\tAllow broadcast",
        "C\t\tSend CRLF as line-ending",
        "D\t\tEnable the debug socket option",
        "d\t\tDetach from stdin",
        "F\t\tPass socket fd",
        "h\t\tThis help text",
        "I length\tTCP receive buffer length",
        "i interval\tDelay interval for lines sent, ports scanned",
        "k\t\tKeep inbound sockets open for multiple connects",
        "l\t\tListen mode, for inbound connects",
        "M ttl\t\tOutgoing TTL / Hop Limit",
        "m minttl\tMinimum incoming TTL / Hop Limit",
        "N\t\tShutdown the network socket after EOF on stdin",
        "n\t\tSuppress name/port resolutions",
        "O length\tTCP send buffer length",
        "P proxyuser\tUsername for proxy authentication",
        "p port\t\tSpecify local port for remote connects",
        "q secs\t\tquit after EOF on stdin and delay of secs",
        "r\t\tRandomize remote ports",
        "S\t\tEnable the TCP MD5 signature option",
        "s sourceaddr\tLocal source address",
        "T keyword\tTOS value",
        "t\t\tAnswer TELNET negotiation",
        "U\t\tUse UNIX domain socket",
        "u\t\tUDP mode",
        "V rtable\tSpecify alternate routing table",
        "v\t\tVerbose",
        "W recvlimit\tTerminate after receiving a number of packets",
        "w timeout\tTimeout for connects and final net reads",
        'X proto\tProxy protocol: "4", "5" (SOCKS) or "connect"',
        "x addr[:port]\tSpecify proxy address and port",
        "Z\t\tDCCP mode",
        "z\t\tZero-I/O mode [used for scanning]",
    )
)
_MISSING = "lkUuxXPZF"


@dataclass(frozen=True, slots=True)
class Settings:
    """The options. Times in seconds, None = for ever."""

    verbose: bool
    scan: bool
    numeric: bool
    crlf: bool
    no_input: bool
    shutdown: bool
    timeout: float | None
    quit_after: float | None
    interval: float
    source: str | None
    family: int


@program("/bin/nc.openbsd", "/bin/nc", "/usr/bin/nc", package="netcat")
def main(p: Process) -> int:
    try:
        options = getopt(p.argv[1:], "46bCDdFhI:i:klM:m:NnO:P:p:q:rSs:T:tUuV:vW:w:X:x:Zz")
    except BadOption as error:
        p.err(f"nc: {error}\n{_USAGE}")
        return 1
    if "h" in options:
        p.err(f"OpenBSD netcat (Debian patchlevel 1.219-1)\n{_USAGE}{_SUMMARY}Port numbers can be individual or ranges: lo-hi [inclusive]\n")
        return 1
    for letter in _MISSING:
        if letter in options:
            p.err(f"simulator: nc: option -{letter} is not simulated\n")
            return 1
    if not options.operands:
        p.err(_USAGE)
        return 1
    if len(options.operands) < 2:
        return _fail(p, "missing port number")
    return _Netcat(p, _settings(p, options)).run(options.operands[0], options.operands[1])


def _fail(p: Process, text: str) -> int:
    p.err(f"nc: {text}\n")
    return 1


def _settings(p: Process, options: Options) -> Settings:
    quit_after = _number(p, options, "q", "quit timer")
    return Settings(
        verbose="v" in options,
        scan="z" in options,
        numeric="n" in options,
        crlf="C" in options,
        no_input="d" in options,
        shutdown="N" in options or (quit_after is not None and quit_after >= 0),
        timeout=_number(p, options, "w", "timeout"),
        quit_after=quit_after if quit_after is not None and quit_after >= 0 else None,
        interval=_number(p, options, "i", "interval") or 0.0,
        source=options.value("s") or None,
        family=6 if "6" in options else 4,
    )


def _number(p: Process, options: Options, letter: str, what: str) -> float | None:
    if letter not in options:
        return None
    text = options.value(letter)
    if not text.lstrip("-").isdigit():
        p.err(f"nc: {what} cannot be negative\n" if text.startswith("-") else f"nc: {what} is invalid: {text}\n")
        raise Exit(1)
    return float(text)


class _Netcat:
    """One run."""

    def __init__(self, p: Process, settings: Settings) -> None:
        self.p = p
        self.settings = settings
        self.pieces = [] if settings.no_input else self._pieces()

    def _pieces(self) -> list[tuple[float, str]]:
        """The input with its pauses; -i puts one before each further line."""
        text = self.p.stdin.replace("\r\n", "\n").replace("\n", "\r\n") if self.settings.crlf else self.p.stdin
        found = segments(text)
        if not self.settings.interval:
            return found
        lines = [
            (wait, line) if place == 0 else (self.settings.interval, line)
            for wait, text in found
            for place, line in enumerate(text.splitlines(keepends=True))
        ]
        return lines or found

    def run(self, host: str, ports: str) -> int:
        numbers = self._ports(ports)
        connected = False
        for port in numbers:
            addresses = self._addresses(host, port)
            connected |= any(self._try(host, address, port) for address in addresses)
        return 0 if connected else 1

    def _ports(self, text: str) -> list[int]:
        low, dash, high = text.partition("-")
        if dash and low.isdigit() and high.isdigit():
            first, last = sorted((int(low), int(high)))
            return list(range(first, min(last, 65535) + 1))
        number = port_number(self.p.fs, text)
        if number is None:
            raise Exit(_fail(self.p, f"port number invalid: {text}"))
        if not 1 <= number <= 65535:
            raise Exit(_fail(self.p, f"port number too {'small' if number < 1 else 'large'}: {text}"))
        return [number]

    def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        found = Resolver(self.p.host.net, self.p.fs).addresses(host, self.settings.family)
        if self.settings.numeric and found.addresses != (host,):
            raise Exit(_fail(self.p, f'getaddrinfo for host "{host}" port {port}: Name or service not known'))
        if found.seconds:
            self.p.sleep(found.seconds)
        if found.error:
            raise Exit(_fail(self.p, f'getaddrinfo for host "{host}" port {port}: {found.error}'))
        return found.addresses

    def _try(self, host: str, address: str, port: int) -> bool:
        """Connect and converse. False: no connection."""
        named = host if host == address else f"{host} ({address})"
        try:
            talk = wait(self.p, self._connect(address, port))
        except TimeoutError as error:
            short = self.settings.timeout is not None
            reason = "timed out: Operation now in progress" if short else f"failed: {error.strerror}"
            self._tell(f"nc: connect to {named} port {port} (tcp) {reason}")
            return False
        except OSError as error:
            if error.errno == 99:
                raise Exit(_fail(self.p, f"bind failed: {error.strerror}")) from None
            self._tell(f"nc: connect to {named} port {port} (tcp) failed: {error.strerror}")
            return False
        service = "*" if self.settings.numeric else port_name(self.p.fs, port) or "*"
        self._tell(f"Connection to {named} {port} port [tcp/{service}] succeeded!")
        if self.settings.scan:
            talk.transport.close()
            self.p.sleep(0)
        else:
            wait(self.p, self._converse(talk))
        return True

    def _tell(self, text: str) -> None:
        if self.settings.verbose:
            self.p.err(text + "\n")

    # The conversation

    async def _connect(self, address: str, port: int) -> Talk:
        talk = Talk(self.p.clock, self.p.out)
        await self.p.host.net.connect(address, port, lambda: talk, source=self.settings.source, timeout=self.settings.timeout)
        return talk

    async def _converse(self, talk: Talk) -> None:
        """Until the other side closes, nothing moves for -w seconds, or -q has passed since the end of the input."""
        await talk.run(self.pieces, lambda: self._limit(talk), lambda: self._at_end(talk))

    def _limit(self, talk: Talk) -> float | None:
        idle = talk.moved + self.settings.timeout if self.settings.timeout else None
        over = talk.input_ended + self.settings.quit_after if talk.input_ended is not None and self.settings.quit_after is not None else None
        return min((moment for moment in (idle, over) if moment is not None), default=None)

    def _at_end(self, talk: Talk) -> None:
        if self.settings.shutdown and not self.settings.no_input:
            talk.transport.write_eof()
