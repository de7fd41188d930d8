"""Lists of names of which each stands for an option: name_mask(3), as in notify_classes, receive_override_options, NOTIFY=."""

from __future__ import annotations

import re
from collections.abc import Iterable

from simulator.postfix.lib.msg import Fatal


class UnknownName(ValueError):
    """The text is that of Postfix's warning or fatal error."""


def parse_names(context: str, known: Iterable[str], text: str, any_case: bool = False) -> list[str]:
    """The known names of a list separated by commas or blanks, in order. Raises UnknownName."""
    spelled = {name.lower() if any_case else name: name for name in known}
    found: list[str] = []
    for word in re.split(r"[ ,\t\r\n]+", text):
        name = spelled.get(word.lower() if any_case else word)
        if not word:
            continue
        if name is None:
            raise UnknownName(f'unknown {context} value "{word}" in "{text}"')
        found.append(name)
    return found


def required_names(context: str, known: Iterable[str], text: str, any_case: bool = False) -> frozenset[str]:
    """The names as a set. An unknown one is fatal: the administrator's bad configuration."""
    try:
        return frozenset(parse_names(context, known, text, any_case))
    except UnknownName as problem:
        raise Fatal(str(problem)) from None
