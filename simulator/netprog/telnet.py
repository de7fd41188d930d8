"""NAME
    telnet - user interface to the TELNET protocol, and to any server that speaks in lines

SYNOPSIS
    telnet host [port]

DESCRIPTION
    Connects to a port (23 if none is given, or by its name in /etc/services) and passes lines in both directions. When
    the input ends, telnet ends at once: what was typed last without a pause behind it is not sent any more.

EXIT STATUS
    0 when a connection came about, else 1.

DIFFERS FROM TELNET
    Without a host there is no prompt; options and the escape character have no effect.
"""

from __future__ import annotations

from simulator.net.resolver import Resolver
from simulator.net.timed_input import segments
from simulator.netprog.getopt import BadOption, getopt
from simulator.netprog.services import port_number
from simulator.netprog.talk import Talk, wait
from simulator.unix.program import Process, program


@program("/usr/bin/inetutils-telnet", "/usr/bin/telnet", package="telnet")
def main(p: Process) -> int:
    try:
        options = getopt(p.argv[1:], "48aEeKLl:n:rVx?X:b:cd")
    except BadOption as error:
        p.err(f"telnet: {error}\nTry 'telnet --help' or 'telnet --usage' for more information.\n")
        return 64
    if "V" in options:
        p.out("telnet (GNU inetutils) 2.4\n")
        return 0
    if not options.operands:
        p.err("simulator: telnet: its own prompt is not simulated; name a host\n")
        return 1
    host, port = options.operands[0], (options.operands[1:] or ("23",))[0]
    return _telnet(p, host, port)


def _telnet(p: Process, host: str, port: str) -> int:
    number = port_number(p.fs, port)
    found = Resolver(p.host.net, p.fs).addresses(host)
    error = "Servname not supported for ai_socktype" if number is None else found.error
    p.sleep(found.seconds)
    if error or number is None:
        p.out(f"Server lookup failure:  {host}:{port}, {error}\n")
        return 1
    for place, address in enumerate(found.addresses):
        p.out(f"Trying {address}...\n")
        talk = Talk(p.clock, _Output(p).add)
        try:
            wait(p, p.host.net.connect(address, number, lambda talk=talk: talk))
        except OSError as trouble:
            last = place == len(found.addresses) - 1
            p.err(
                f"telnet: Unable to connect to remote host: {trouble.strerror}\n"
                if last
                else f"telnet: connect to address {address}: {trouble.strerror}\n"
            )
            continue
        p.unbuffered = True  # what the server says is written with write(2)
        p.out(f"Connected to {host}.\nEscape character is '^]'.\n")
        wait(p, _converse(p, talk))
        p.err("Connection closed by foreign host.\n")
        return 0
    return 1


async def _converse(p: Process, talk: Talk) -> None:
    pieces = segments(p.stdin)
    if pieces and pieces[-1][1]:  # the end of the input comes before this is sent
        pieces[-1] = (pieces[-1][0], "")
    await talk.run([(wait, text.replace("\r\n", "\n").replace("\n", "\r\n")) for wait, text in pieces], lambda: talk.input_ended, _nothing)


def _nothing() -> None:
    pass


class _Output:
    """A line end of the network, CR LF, is one of this host, LF."""

    def __init__(self, p: Process) -> None:
        self.p = p

    def add(self, text: str) -> None:
        self.p.out(text.replace("\r\n", "\n"))
