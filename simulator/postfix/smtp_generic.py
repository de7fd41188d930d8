"""postconf(5) smtp_generic_maps: addresses that mean something only inside become ones that others can answer to.

Envelope addresses and the addresses in headers of sender and recipients are looked up as mail leaves; what cleanup(8) put
into the queue stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simulator.mail.quoting import quote_822_local
from simulator.mail.tokens import ADDR, externalize, internalize, parse, scan
from simulator.postfix.lib.header_opts import RECIPIENT, SENDER, find

#: A line of a rewritten address list is filled up to this length.
_FOLD = 70

Rewrite = Callable[[str], str]


def rewrite_header(field: bytes, rewrite: Rewrite, warn: Callable[[str], None]) -> list[bytes]:
    """A header field of the message with its addresses rewritten; one that does not change keeps its form."""
    text = field.decode("utf-8", "surrogateescape")
    known = find(text)
    if known is None or not known.flags & (SENDER | RECIPIENT):
        return [field]
    changed = False
    tokens = parse(text.partition(":")[2])
    for place, token in enumerate(tokens):
        if token.kind == ADDR:
            old = internalize(token.parts)
            new = rewrite(old)
            if new != old:
                changed = True
                tokens[place] = replace(token, parts=tuple(replace(part, owned=True) for part in scan(quote_822_local(new))))
    if not changed:
        return [field]
    lines = _folded(f"{known.name}: {externalize(tokens, lines=True, warn=warn)}".split("\n"))
    return [line.encode("utf-8", "surrogateescape") for line in lines]


def _folded(addresses: list[str]) -> list[str]:
    """As many addresses on a line as fit: a rewritten list has one address per line."""
    lines = addresses[:1]
    for line in addresses[1:]:
        if len(lines[-1]) + 1 + len(line) < _FOLD:
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return lines[:1] + [line if line[:1] in (" ", "\t") else f"\t{line}" for line in lines[1:]]
