"""NAME
    hostname - the name of this host

SYNOPSIS
    hostname [-a|-A|-d|-f|-i|-I|-s]
    dnsdomainname

DESCRIPTION
    Without an option the name that the kernel has. -f: the full name, as /etc/hosts or the DNS completes it; -d: its
    domain; -s: its first part; -i: its addresses by that name; -I: all addresses of the host; -a: other names.

DIFFERS FROM HOSTNAME
    The name cannot be set.
"""

from __future__ import annotations

from simulator.net.resolver import Resolver
from simulator.netprog.getopt import BadOption, getopt
from simulator.unix.program import Process, program

_LONG = {"--fqdn": "-f", "--long": "-f", "--short": "-s", "--domain": "-d", "--ip-address": "-i", "--all-ip-addresses": "-I", "--alias": "-a"}


@program("/bin/hostname", "/bin/dnsdomainname")
def main(p: Process) -> int:
    try:
        options = getopt([_LONG.get(word, word) for word in p.argv[1:]], "aAbdfF:iIsVhy")
    except BadOption as error:
        p.err(f"hostname: {error}\nUsage: hostname [-a|-A|-d|-f|-i|-I|-s|-y]       display formatted name\n")
        return 255
    if options.operands or "F" in options or "b" in options:
        p.err("hostname: you must be root to change the host name\n" if p.cred.uid else "simulator: hostname: setting the name is not simulated\n")
        return 1
    letter = "d" if p.name == "dnsdomainname" else options.found[-1][0] if options.found else ""
    return _show(p, letter)


def _show(p: Process, letter: str) -> int:
    name = p.host.hostname
    if letter == "":
        p.out(f"{name}\n")
        return 0
    if letter == "s":
        p.out(name.partition(".")[0] + "\n")
        return 0
    if letter == "I":
        p.out("".join(f"{address} " for address in p.host.net.addresses if not address.startswith("127.")) + "\n")
        return 0
    resolver = Resolver(p.host.net, p.fs)
    found = resolver.addresses(name)
    p.sleep(found.seconds)
    if found.error:
        p.err(f"hostname: {found.error}\n")
        return 1
    aliases = [names[1:] for _, names in resolver.hosts() if found.name in names[:1]]
    texts = {
        "f": found.name,
        "A": f"{found.name} ",
        "d": found.name.partition(".")[2],
        "i": " ".join(found.addresses),
        "a": " ".join(aliases[0]) if aliases else "",
    }
    text = texts.get(letter)
    if text is None:
        p.err(f"simulator: hostname: option -{letter} is not simulated\n")
        return 1
    p.out(f"{text}\n" if text or letter in "dA" else "\n")
    return 0
