"""NAME
    host - looks a name or an address up in the DNS

SYNOPSIS
    host [-av] [-t type] [-W seconds] [-R retries] name [server]

DESCRIPTION
    Without -t the address records and the mail exchangers of a name are shown, or the name of an address.

EXIT STATUS
    0 when the name exists, 1 when it does not or no server answers, 2 for a wrong type.

DIFFERS FROM HOST
    No zone transfers (-l) and no comparison of servers (-C).
"""

from __future__ import annotations

from simulator.net.dns import TYPES, Record, Reply, reverse_name
from simulator.net.resolver import Resolver
from simulator.netprog.dns_text import configured, in_turn, message_size, question_line, record_line, section_counts, trouble_line
from simulator.netprog.getopt import BadOption, Options, getopt
from simulator.unix.program import Exit, Process, program

_USAGE = """\
Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]
            [-R number] [-m flag] [-p port] hostname [server]
       -a is equivalent to -v -t ANY
       -A is like -a but omits RRSIG, NSEC, NSEC3
       -c specifies query class for non-IN data
       -C compares SOA records on authoritative nameservers
       -d is equivalent to -v
       -l lists all hosts in a domain, using AXFR
       -m set memory debugging flag (trace|record|usage)
       -N changes the number of dots allowed before root lookup is done
       -p specifies the port on the server to query
       -r disables recursive processing
       -R specifies number of retries for UDP packets
       -s a SERVFAIL response should stop query
       -t specifies the query type
       -T enables TCP/IP mode
       -U enables UDP mode
       -v enables verbose output
       -V print version number and exit
       -w specifies to wait forever for a reply
       -W specifies how long to wait for a reply
       -4 use IPv4 query transport only
       -6 use IPv6 query transport only
"""
_CODES = {"NXDOMAIN": 3, "REFUSED": 5, "SERVFAIL": 2}
_TEXTS = {
    "A": "has address {}", "AAAA": "has IPv6 address {}", "MX": "mail is handled by {}", "PTR": "domain name pointer {}",
    "CNAME": "is an alias for {}", "TXT": "descriptive text {}", "NS": "name server {}", "SOA": "has SOA record {}", "SRV": "has SRV record {}",
}  # fmt: skip


@program("/usr/bin/host", package="dnsutils")
def main(p: Process) -> int:
    try:
        options = getopt(p.argv[1:], "ac:dilrst:vVwCDN:R:TUW:m:p:A46")
    except BadOption as error:
        p.err(f"host: {error}\n{_USAGE}")
        return 1
    if "V" in options:
        p.err("host 9.18.49-1~deb12u1-Debian\n")
        return 0
    if not options.operands:
        p.err(_USAGE)
        return 1
    for letter in "lC":
        if letter in options:
            p.err(f"simulator: host: option -{letter} is not simulated\n")
            return 1
    kind = "ANY" if "a" in options else options.value("t").upper()
    if kind and kind not in TYPES:
        p.err(f"host: invalid type: {options.value('t')}\n\n")
        return 2
    return _Host(p, options, kind).run(*options.operands[:2])


class _Host:
    """One run."""

    def __init__(self, p: Process, options: Options, kind: str) -> None:
        self.p = p
        self.kind = kind
        self.verbose = any(letter in options for letter in "avd")
        self.patience = int(options.value("W", "5") or 5)
        self.retries = int(options.value("R", "1") or 1)
        self.resolver = Resolver(p.host.net, p.fs)

    def run(self, name: str, server: str = "") -> int:
        servers = self._servers(server)
        try:
            name, kinds = reverse_name(name), ["PTR"]
            is_address = True
        except ValueError:
            is_address, kinds = False, [self.kind] if self.kind else ["A", "AAAA", "MX"]
        for number, kind in enumerate(kinds):
            reply = self._ask(servers, name, kind)
            if server and number == 0:
                self._heading(server, servers[0])
            if reply.rcode != "NOERROR":
                self.p.out(f"Host {name}{'.' if is_address else ''} not found: {_CODES[reply.rcode or 'SERVFAIL']}({reply.rcode})\n")
                return 1
            self._show(reply, explicit=bool(self.kind))
        return 0

    def _servers(self, server: str) -> tuple[str, ...]:
        if not server:
            return configured(self.p.fs.read, self.resolver.configuration.servers)
        found = self.resolver.addresses(server)
        if found.error:
            self.p.err(f"host: couldn't get address for '{server}': not found\n")
            raise Exit(1)
        return found.addresses[:1]

    def _heading(self, server: str, address: str) -> None:
        self.p.out(f"Using domain server:\nName: {server}\nAddress: {address}#53\nAliases: \n\n")

    def _ask(self, servers: tuple[str, ...], name: str, kind: str) -> Reply:
        if self.verbose:
            self.p.out(f'Trying "{name}"\n')
        for server in in_turn(servers, self.retries + 1):
            reply, spent = self.resolver.ask(server, name, kind)
            self.p.sleep(spent + (self.patience if reply.trouble == "timeout" else 0))
            if reply.rcode is not None:
                return reply
            self.p.out(f";; {trouble_line(server, reply.trouble)}\n")
        self.p.out(";; no servers could be reached\n")
        raise Exit(1)

    def _show(self, reply: Reply, explicit: bool) -> None:
        if self.verbose:
            self._show_all(reply)
            return
        name = reply.name
        for record in reply.answers:
            self.p.out(_line(record))
        if not reply.answers and explicit:
            self.p.out(f"{name} has no {self.kind} record\n")

    def _show_all(self, reply: Reply) -> None:
        number = 1 + sum(map(ord, reply.name + reply.type)) * 37 % 65000
        text = f";; ->>HEADER<<- opcode: QUERY, status: {reply.rcode}, id: {number}\n;; {section_counts(reply, 0)}\n\n"
        text += f";; QUESTION SECTION:\n{question_line(reply.name, reply.type)}\n"
        for title, records in (("ANSWER", reply.answers), ("ADDITIONAL", reply.additional)):
            if records:
                text += f";; {title} SECTION:\n" + "".join(map(record_line, records)) + "\n"
        self.p.out(f"{text}Received {message_size(reply, False)} bytes from {reply.server}#53 in 0 ms\n")


def _line(record: Record) -> str:
    return f"{record.name} {_TEXTS.get(record.type, f'has {record.type} record {{}}').format(record.data)}\n"
