"""NAME
    ping - does a host answer?

SYNOPSIS
    ping [-n] [-q] [-c count] [-i interval] [-W timeout] destination

DESCRIPTION
    Sends packets to a host and tells of those that come back. Without -c it stops after four.

EXIT STATUS
    0 when an answer came, 1 when none came, 2 for a name that is not found.

DIFFERS FROM PING
    Times are made up. A real ping without -c goes on until it is interrupted.
"""

from __future__ import annotations

from simulator.net.resolver import Resolver
from simulator.netprog.getopt import BadOption, getopt
from simulator.unix.program import Process, program

_DEFAULT_COUNT, _COUNT_LIMIT = 4, 1000
_MILLISECONDS = 0.064


@program("/bin/ping", "/usr/bin/ping", package="iputils-ping", mode=0o4755)
def main(p: Process) -> int:
    try:
        options = getopt(p.argv[1:], "46nqvc:i:W:w:s:I:t:")
    except BadOption as error:
        p.err(f"ping: {error}\n\nUsage\n  ping [options] <destination>\n")
        return 2
    if not options.operands:
        p.err("ping: usage error: Destination address required\n")
        return 1
    host = options.operands[0]
    found = Resolver(p.host.net, p.fs).addresses(host)
    p.sleep(found.seconds)
    if found.error:
        p.err(f"ping: {host}: {found.error}\n")
        return 2
    count = min(int(options.value("c", str(_DEFAULT_COUNT)) or 0), _COUNT_LIMIT)
    return _ping(p, host, found.addresses[0], count, float(options.value("i", "1")), "q" in options, float(options.value("W", "10")))


def _ping(p: Process, host: str, address: str, count: int, interval: float, quiet: bool, patience: float) -> int:
    net = p.host.net
    alive = net.owns(address) or (net.plugged and net.network.host_at(address) is not None)
    p.out(f"PING {host} ({address}) 56(84) bytes of data.\n")
    begin = p.clock.now
    for number in range(1, count + 1):
        if alive and not quiet:
            p.out(f"64 bytes from {host} ({address}): icmp_seq={number} ttl=64 time={_MILLISECONDS:.3f} ms\n")
        if number < count:
            p.sleep(interval)
    if not alive:
        p.sleep(min(3.0, patience))
        if patience >= 3:
            p.out(f"From {net.source_for(address)} icmp_seq=1 Destination Host Unreachable\n")
    spent = round((p.clock.now - begin) * 1000)
    lost = "0% packet loss" if alive else f"+{count} errors, 100% packet loss"
    p.out(f"\n--- {host} ping statistics ---\n{count} packets transmitted, {count if alive else 0} received, {lost}, time {spent}ms\n")
    if alive:
        p.out(f"rtt min/avg/max/mdev = {_MILLISECONDS:.3f}/{_MILLISECONDS:.3f}/{_MILLISECONDS:.3f}/0.000 ms\n")
    else:
        p.out("\n")
    return 0 if alive else 1
