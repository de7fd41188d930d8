"""Options as getopt(3) reads them: letters, with values where the pattern has a colon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class BadOption(Exception):
    """The text is libc's: "invalid option -- 'c'", "option requires an argument -- 'w'"."""


@dataclass(frozen=True, slots=True)
class Options:
    """Letters with their values in the order given, and the operands."""

    found: tuple[tuple[str, str], ...]
    operands: tuple[str, ...]

    def __contains__(self, letter: str) -> bool:
        return any(name == letter for name, _ in self.found)

    def value(self, letter: str, default: str = "") -> str:
        """The value of the last such option."""
        return next((value for name, value in reversed(self.found) if name == letter), default)


def getopt(arguments: Sequence[str], pattern: str) -> Options:
    """Split arguments; options may stand behind operands, `--` ends them. Raises BadOption."""
    found: list[tuple[str, str]] = []
    operands: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            operands += rest
            break
        if not word.startswith("-") or word == "-":
            operands.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            place = pattern.find(letter)
            if place < 0 or letter == ":":
                raise BadOption(f"invalid option -- '{letter}'")
            if pattern[place + 1 : place + 2] == ":":
                if not letters and not rest:
                    raise BadOption(f"option requires an argument -- '{letter}'")
                found.append((letter, letters or rest.pop(0)))
                letters = ""
            else:
                found.append((letter, ""))
    return Options(tuple(found), tuple(operands))
