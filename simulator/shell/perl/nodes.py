"""The tree of a Perl program. Every node knows its line."""

from __future__ import annotations

from dataclasses import dataclass, field


class NotSimulated(Exception):
    """The program uses something that this Perl does not know."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(f"line {line}: {what} is not simulated")


class PerlSyntax(Exception):
    """The program is wrong; the text is perl's, with its place."""


@dataclass(slots=True)
class Node:
    """One construct: `kind` says which, `args` are its parts."""

    kind: str
    line: int
    args: list[Node] = field(default_factory=list)
    text: str = ""
    more: str = ""
