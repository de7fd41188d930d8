"""How dig, host and nslookup write records, and how long a message of the DNS is."""

from __future__ import annotations

from collections.abc import Callable

from simulator.net.dns import Record, Reply

_OPT = 11
_FIXED = {"A": 4, "AAAA": 16}


#: What programs say of Resolver.ask's troubles.
_TROUBLES = {"timeout": "timed out", "refused": "connection refused", "unreachable": "network unreachable"}


def trouble_line(server: str, trouble: str) -> str:
    """What dig, host and nslookup say when a server does not answer."""
    return f"communications error to {server}#53: {_TROUBLES[trouble]}"


def in_turn(servers: tuple[str, ...], tries: int) -> tuple[str, ...]:
    """Whom dig, host and nslookup ask: the first server several times, the others once."""
    return servers[:1] * tries + servers[1:]


def configured(read: Callable[[str], bytes], servers: tuple[str, ...]) -> tuple[str, ...]:
    """The servers of resolv.conf(5); without any there this host itself, in both families."""
    try:
        return servers if b"nameserver" in read("/etc/resolv.conf") else ("::1", "127.0.0.1")
    except OSError:
        return ("::1", "127.0.0.1")


def message_size(reply: Reply, edns: bool) -> int:
    """The bytes of a reply on the wire (RFC 1035 4.1), with or without an OPT record. Owner names are pointers."""
    records = sum(12 + _data_size(record) for record in (*reply.answers, *reply.additional))
    return 12 + _name_size(reply.name) + 4 + records + (_OPT if edns else 0)


def _name_size(name: str) -> int:
    return len(name) + 2 if name else 1


def _data_size(record: Record) -> int:
    if record.type in _FIXED:
        return _FIXED[record.type]
    if record.type == "TXT":
        return len(record.data) - record.data.count('"') + record.data.count('" "') + 1
    return _name_size(record.target) + {"MX": 2, "SRV": 6}.get(record.type, 0)


def absolute(name: str) -> str:
    """A name with its final dot."""
    return f"{name}." if name else "."


def record_line(record: Record) -> str:
    """A record as dig prints it: tabs bring the parts below each other."""
    name = absolute(record.name)
    tabs = "\t" * max(1, 3 - len(name) // 8) if len(name) < 24 else " "
    return f"{name}{tabs}{record.ttl}\tIN\t{record.type}\t{record.data}\n"


def question_line(name: str, kind: str) -> str:
    """The question, behind a semicolon."""
    text = ";" + absolute(name)
    tabs = "\t" * max(1, 4 - len(text) // 8) if len(text) < 32 else " "
    return f"{text}{tabs}IN\t{kind}\n"


def section_counts(reply: Reply, extra: int) -> str:
    """`flags: qr aa rd ra; QUERY: 1, ANSWER: 2, ...`."""
    flags = "qr aa rd ra" if reply.authoritative else "qr rd ra"
    return f"flags: {flags}; QUERY: 1, ANSWER: {len(reply.answers)}, AUTHORITY: 0, ADDITIONAL: {len(reply.additional) + extra}"
