"""NAME
    nslookup - looks a name or an address up in the DNS

SYNOPSIS
    nslookup [-type=TYPE] name [server]

DESCRIPTION
    Shows the server that answers and the records of a name, or the name of an address. Without a name, commands are read
    from standard input: a name, `server ADDRESS`, `set type=TYPE`, `exit`.

EXIT STATUS
    0 when the server knew the name, else 1.

DIFFERS FROM NSLOOKUP
    `-debug` and other options have no effect.
"""

from __future__ import annotations

from simulator.net.dns import TYPES, Record, Reply, reverse_name
from simulator.net.resolver import Resolver
from simulator.netprog.dns_text import configured, in_turn, trouble_line
from simulator.unix.program import Process, program

#: How often the first server is asked, and how long each answer is waited for.
_TRIES, _PATIENCE = 3, 5.0
_TEXTS = {
    "MX": "{name}\tmail exchanger = {data}", "PTR": "{name}\tname = {data}", "TXT": "{name}\ttext = {data}", "NS": "{name}\tnameserver = {data}",
    "CNAME": "{name}\tcanonical name = {data}", "A": "Name:\t{name}\nAddress: {data}", "AAAA": "Name:\t{name}\nAddress: {data}",
    "SOA": "{name}\n\torigin = {data}",
}  # fmt: skip


@program("/usr/bin/nslookup", package="dnsutils")
def main(p: Process) -> int:
    session = _Session(p)
    words = []
    for word in p.argv[1:]:
        if word.startswith("-") and len(word) > 1:
            session.set(word[1:])
        else:
            words.append(word)
    if words[1:]:
        session.use(words[1])
    if words and words[0] != "-":
        return session.look_up(words[0])
    return session.interactive()


class _Session:
    """A type, a server, and questions."""

    def __init__(self, p: Process) -> None:
        self.p = p
        self.resolver = Resolver(p.host.net, p.fs)
        self.type = ""
        self.servers = configured(p.fs.read, self.resolver.configuration.servers)

    def set(self, text: str) -> None:
        """`type=mx`, `query=mx`, `q=mx`."""
        name, _, value = text.partition("=")
        if name.lower() in ("type", "query", "querytype", "q", "ty") and value.upper() in TYPES:
            self.type = value.upper()
        elif name.lower() in ("type", "query", "querytype", "q"):
            self.p.out(f"unknown query type: {value}\n")

    def use(self, server: str) -> None:
        """Ask this server from now on."""
        found = self.resolver.addresses(server)
        if found.error:
            self.p.out(f"nslookup: couldn't get address for '{server}': not found\n")
        else:
            self.servers = found.addresses[:1]

    def interactive(self) -> int:
        for line in self.p.stdin.splitlines():
            words = line.split()
            if not words:
                continue
            if words[0] == "exit":
                break
            if words[0] == "set" and words[1:]:
                self.set(words[1])
            elif words[0] in ("server", "lserver") and words[1:]:
                self.use(words[1])
                self.p.out(f"Default server: {words[1]}\nAddress: {self.servers[0]}#53\n")
            else:
                self.look_up(words[0])
        self.p.out("\n" if self.p.stdin else "")
        return 0

    def look_up(self, name: str) -> int:
        try:
            name, kinds, header = reverse_name(name), ["PTR"], bool(self.type)
        except ValueError:
            kinds, header = [self.type] if self.type else ["A", "AAAA"], True
        for number, kind in enumerate(kinds):
            reply, server = self._ask(name, kind)
            if reply.rcode is None:
                self.p.out(";; no servers could be reached\n\n" if reply.trouble == "timeout" else ";; no servers could be reached\n\n\n")
                return 1
            if header and number == 0:
                self.p.out(f"Server:\t\t{server}\nAddress:\t{server}#53\n\n")
            if reply.rcode != "NOERROR":
                self.p.out(f"** server can't find {name}: {reply.rcode}\n\n")
                return 1
            if reply.answers:
                self.p.out("".join(map(_text, reply.answers)))
            elif number == 0:
                self.p.out(f"Non-authoritative answer:\n*** Can't find {name}: No answer\n")
        self._end(kinds, name)
        return 0

    def _end(self, kinds: list[str], name: str) -> None:
        reply, _ = self._ask(name, kinds[0])
        empty = not reply.answers and self.type not in ("", "A", "AAAA") and kinds != ["PTR"]
        self.p.out("\nAuthoritative answers can be found from:\n\n" if empty else "\n")

    def _ask(self, name: str, kind: str) -> tuple[Reply, str]:
        """The reply, and who gave it; a reply without a code when nobody answers."""
        for server in in_turn(self.servers, _TRIES):
            reply, spent = self.resolver.ask(server, name, kind)
            self.p.sleep(spent + (_PATIENCE if reply.trouble == "timeout" else 0.0))
            if reply.rcode is not None:
                break
            self.p.out(f";; {trouble_line(server, reply.trouble)}\n")
        return reply, server


def _text(record: Record) -> str:
    return _TEXTS.get(record.type, "{name}\trdata = {data}").format(name=record.name, data=record.data) + "\n"
