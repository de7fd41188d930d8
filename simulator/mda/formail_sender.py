"""Whom a mail comes from, and to whom a reply goes: formail(1) weighs the fields that could say so."""

from __future__ import annotations

import re
from typing import Final

from simulator.mda.formail_fields import Field

#: Name, weight for a reply by the header, weight with Resent- fields; the place is the weight for one by the envelope.
_SOURCES: Final = (
    ("Reply-To:", 8, 7),
    ("From:", 7, 6),
    ("Sender:", 6, 5),
    ("Resent-Reply-To:", 0, 10),
    ("Resent-From:", 0, 9),
    ("Resent-Sender:", 0, 8),
    ("Path:", 1, 0),
    ("Return-Receipt-To:", 2, 1),
    ("Errors-To:", 3, 2),
    ("Return-Path:", 5, 4),
    ("From ", 4, 3),
)
_PENALTY: Final = len(_SOURCES) + 1
ENVELOPE, HEADER, RESENT = 0, 1, 3


def sender(fields: list[Field], trust: int) -> str:
    """The best address of a header, "" if there is none."""
    best, best_weight = "", -1000
    for place, item in enumerate(fields):
        for weight, (name, by_header, by_resent) in enumerate(_SOURCES):
            if item.text[: item.size].lower() != name.lower() or (name == "From " and place):
                continue
            value = by_header if trust == HEADER else by_resent if trust else weight
            address, value = _weighed(item, name, value)
            if address and (not best or value > best_weight):
                best, best_weight = address, value
    return best


def _weighed(item: Field, name: str, weight: int) -> tuple[str, int]:
    address = item.value.split(" ")[0] if name == "From " else first_address(item.value)
    if not address:
        return ("<>", _PENALTY) if name == "Return-Path:" and "<" in item.value else ("", weight)
    if not re.search(r"[@!/]", address):
        return address, weight - 4 * _PENALTY
    if ".UUCP" in address:
        return address, weight - 3 * _PENALTY
    if "@" in address and "." not in address:
        return address, weight - 2 * _PENALTY
    return address, weight - _PENALTY if "!" in address else weight


def first_address(text: str) -> str:
    """The address in angle brackets, or the first word that is no comment."""
    bare = re.sub(r"\((?:\\.|[^()\\])*\)", " ", text)
    match = re.search(r"<([^<>]*)>", re.sub(r'"(?:\\.|[^"\\])*"', lambda quoted: " " * len(quoted[0]), bare))
    if match:
        return re.sub(r"\s", "", bare[match.start(1) : match.end(1)])
    words = re.findall(r'(?:"(?:\\.|[^"\\])*"|[^\s,;])+', bare)
    return words[0] if words else ""
