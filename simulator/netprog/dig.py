"""NAME
    dig - asks a name server and shows its answer

SYNOPSIS
    dig [@server] [-x address] [-t type] [-q name] [name] [type] [+option ...]

DESCRIPTION
    Without @server the servers of /etc/resolv.conf are asked. The type is A unless another is named (MX, PTR, TXT ...).

    +short  only the data                         +noall +answer  only that section
    +[no]comments +[no]question +[no]answer +[no]additional +[no]stats +[no]cmd
    +tries=N +time=N  how often, how long to wait     -x ADDRESS  the name of an address

EXIT STATUS
    0 when a server answered (also "no such name"), 9 when none did, 1 for a wrong option.

DIFFERS FROM DIG
    No +trace, +multiline, zone transfers (axfr) and DNSSEC; /etc/hosts is not used, as in the real dig.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.net.dns import TYPES, Reply, reverse_name
from simulator.net.resolver import Resolver
from simulator.netprog.dns_text import configured, in_turn, message_size, question_line, record_line, section_counts, trouble_line
from simulator.unix.program import Exit, Process, program

VERSION = "9.18.49-1~deb12u1-Debian"
_USAGE = """\
Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}
            {global-d-opt} host [@local-server] {local-d-opt}
            [ host [@local-server] {local-d-opt} [...]]

Use "dig -h" (or "dig -h | more") for complete list of options
"""
_SECTIONS = ("cmd", "comments", "question", "answer", "authority", "additional", "stats")
#: Options without an effect here.
_IGNORED = (
    "recurse",
    "rec",
    "edns",
    "tcp",
    "vc",
    "search",
    "defname",
    "qr",
    "rrcomments",
    "cookie",
    "dnssec",
    "adflag",
    "cdflag",
    "identify",
    "ttlid",
    "cl",
)
_MISSING = ("trace", "multiline", "nssearch", "yaml", "ttlunits")


@dataclass(slots=True)
class Query:
    """One question and how its answer is shown."""

    name: str = ""
    type: str = "A"
    server: str = ""
    short: bool = False
    show: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(_SECTIONS, True))
    tries: int = 3
    time: int = 5

    def copy(self) -> Query:
        return Query(self.name, self.type, self.server, self.short, dict(self.show), self.tries, self.time)


@program("/usr/bin/dig", "/usr/bin/mdig", package="dnsutils")
def main(p: Process) -> int:
    if p.argv[1:2] == ["-v"]:
        p.err(f"DiG {VERSION}\n")
        return 0
    queries = _Arguments(p).read()
    status = 0
    for number, query in enumerate(queries):
        status = max(status, _Dig(p, query).run(first=number == 0))
    return status


class _Arguments:
    """Reads the command line: what stands before the first name counts for all of them."""

    def __init__(self, p: Process) -> None:
        self.p = p
        self.common = Query()
        self.queries: list[Query] = []

    @property
    def current(self) -> Query:
        return self.queries[-1] if self.queries else self.common

    def read(self) -> list[Query]:
        rest = list(self.p.argv[1:])
        while rest:
            word = rest.pop(0)
            if word.startswith("@"):
                self.current.server = word[1:]
            elif word.startswith("+"):
                self._plus(word[1:])
            elif word.startswith("-") and len(word) > 1:
                self._minus(word[1:], rest)
            elif word.upper() in TYPES and (self.queries or rest or self.common.name):
                self.current.type = word.upper()
            elif word.upper() in ("IN", "CH", "HS"):
                continue
            else:
                self._begin(word)
        if not self.queries:
            self.common.name, self.common.type = ("", "NS") if self.common.type == "A" else ("", self.common.type)
            self.queries.append(self.common)
        return self.queries

    def _begin(self, name: str) -> None:
        query = self.common.copy()
        query.name = name
        self.queries.append(query)

    def _minus(self, letters: str, rest: list[str]) -> None:
        letter, value = letters[0], letters[1:]
        if letter in "46uimr":
            return
        if letter == "h":
            self.p.out(_USAGE.partition("\n\nUse")[0] + "\n")
            raise Exit(0)
        if letter not in "xtqpbcfky":
            self._invalid(f"-{letters}")
        value = value or (rest.pop(0) if rest else "")
        if letter == "x":
            try:
                name = reverse_name(value)
            except ValueError:
                name = ".".join(reversed(value.split("."))) + ".in-addr.arpa"
            self._begin(name)
            self.current.type = "PTR"
        elif letter == "t":
            self.current.type = value.upper()
        elif letter == "q":
            self._begin(value)
        elif letter in "fky":
            self.p.err(f"simulator: dig: option -{letter} is not simulated\n")
            raise Exit(1)

    def _plus(self, word: str) -> None:
        name, _, value = word.partition("=")
        wanted = not name.startswith("no")
        plain = name if wanted else name[2:]
        query = self.current
        if plain == "short":
            query.short = wanted
        elif plain == "all":
            query.show = dict.fromkeys(_SECTIONS, wanted)
        elif plain in _SECTIONS:
            query.show[plain] = wanted
        elif plain in ("tries", "retry", "time", "timeout") and value.isdigit():
            number = max(1, min(int(value) + (plain == "retry"), 300))
            if plain in ("tries", "retry"):
                query.tries = number
            else:
                query.time = number
        elif plain in _MISSING:
            self.p.err(f"simulator: dig: option +{plain} is not simulated\n")
            raise Exit(1)
        elif plain not in _IGNORED:
            self._invalid(f"+{word}")

    def _invalid(self, word: str) -> None:
        self.p.err(f"Invalid option: {word}\n{_USAGE}")
        raise Exit(1)


class _Dig:
    """Asks one question."""

    def __init__(self, p: Process, query: Query) -> None:
        self.p = p
        self.query = query
        self.resolver = Resolver(p.host.net, p.fs)

    def run(self, first: bool) -> int:
        servers = self._servers()
        banner = self._banner(bool(self.query.server)) if first and self.query.show["cmd"] and not self.query.short else ""
        reply, trouble = self._ask(servers)
        for line in trouble:
            self.p.out(f";; {line}\n")
        if reply is None:
            if not self.query.short:
                self.p.out(banner)
            self.p.out(";; no servers could be reached\n")
            return 9
        if self.query.short:
            self.p.out("".join(record.data + "\n" for record in reply.answers))
        else:
            self.p.out(banner + self._text(reply))
        return 0

    def _servers(self) -> tuple[str, ...]:
        if not self.query.server:
            return configured(self.p.fs.read, self.resolver.configuration.servers)
        found = self.resolver.addresses(self.query.server)
        self.p.sleep(found.seconds)
        if found.error:
            self.p.err(f"dig: couldn't get address for '{self.query.server}': not found\n")
            raise Exit(1 if not self.p.stdout else 10)
        return found.addresses[:1]

    def _ask(self, servers: tuple[str, ...]) -> tuple[Reply | None, list[str]]:
        """The reply, and what happened on the way."""
        trouble: list[str] = []
        for server in in_turn(servers, self.query.tries):
            reply, spent = self.resolver.ask(server, self.query.name, self.query.type)
            self.p.sleep(spent)
            if reply.rcode is not None:
                return reply, trouble
            self.p.sleep(self.query.time if reply.trouble == "timeout" else 0)
            trouble.append(trouble_line(server, reply.trouble))
        return None, trouble

    def _banner(self, named: bool) -> str:
        words = " ".join(self.p.argv[1:])
        found = "; (1 server found)\n" if named else ""
        return f"\n; <<>> DiG {VERSION} <<>> {words}\n{found};; global options: +cmd\n"

    def _text(self, reply: Reply) -> str:
        show, text = self.query.show, ""
        if show["comments"]:
            number = 1 + sum(map(ord, reply.name + reply.type)) * 37 % 65000
            text += f";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {reply.rcode}, id: {number}\n"
            text += f";; {section_counts(reply, 1)}\n\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n"
            text += "; EDE: 14 (Not Ready)\n" if reply.rcode == "REFUSED" else ""
        if show["question"]:
            text += (
                (";; QUESTION SECTION:\n" if show["comments"] else "") + question_line(reply.name, reply.type) + ("\n" if show["comments"] else "")
            )
        for section, records in (("answer", reply.answers), ("additional", reply.additional)):
            if show[section] and records:
                text += f";; {section.upper()} SECTION:\n" if show["comments"] else ""
                text += "".join(map(record_line, records)) + ("\n" if show["comments"] else "")
        return text + (self._statistics(reply) if show["stats"] else "")

    def _statistics(self, reply: Reply) -> str:
        when = _date(self.p.clock.now)
        size = message_size(reply, True) + (6 if reply.rcode == "REFUSED" else 0)
        return f";; Query time: 0 msec\n;; SERVER: {reply.server}#53({reply.server}) (UDP)\n;; WHEN: {when}\n;; MSG SIZE  rcvd: {size}\n\n"


def _date(now: float) -> str:
    import datetime

    return datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
