"""Options as GNU programs read them: getopt_long(3), and coreutils' words for what is wrong.

Options and operands may be mixed, `--` ends the options, long names may be cut short. `--help` prints the manual page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.unix.program import PROGRAMS, Exit, Process


@dataclass(frozen=True, slots=True)
class Options:
    """What was found: options as (letter, value) in their order, and the operands."""

    found: list[tuple[str, str]]
    operands: list[str]

    def __contains__(self, letter: str) -> bool:
        return any(name == letter for name, _ in self.found)

    def value(self, letter: str, default: str = "") -> str:
        """The value of the last such option."""
        return next((value for name, value in reversed(self.found) if name == letter), default)

    def values(self, letter: str) -> list[str]:
        """The values of all such options."""
        return [value for name, value in self.found if name == letter]

    def last(self, letters: str, default: str = "") -> str:
        """Which of several options that exclude each other came last."""
        return next((name for name, _ in reversed(self.found) if name in letters), default)


def quote(p: Process, text: str) -> str:
    """A word in a message: with typographic quotation marks in a UTF-8 locale, plain ones in the POSIX locale."""
    locale = p.env.get("LC_ALL") or p.env.get("LC_CTYPE") or p.env.get("LANG") or "C"
    return f"‘{text}’" if "utf" in locale.lower() else f"'{text}'"


def try_help(p: Process, status: int = 1) -> Exit:
    """`Try 'NAME --help' for more information.`, and the end of the program."""
    p.err(f"Try '{p.argv[0]} --help' for more information.\n")
    return Exit(status)


def usage(p: Process, text: str, status: int = 1) -> Exit:
    """`NAME: text`, the hint at --help, and the end of the program."""
    p.err(f"{p.argv[0]}: {text}\n")
    return try_help(p, status)


def choose(p: Process, option: str, value: str, valid: tuple[str, ...], status: int = 1) -> str:
    """The one of the valid words that an option's value begins. Ends the program if there is none: gnulib's argmatch.

    Words with the same meaning stand together, as "verbose long".
    """
    words = [word for group in valid for word in group.split()]
    found = [word for word in words if word == value] or [word for word in words if value and word.startswith(value)]
    if len(found) == 1:
        return found[0]
    kind = "ambiguous" if found else "invalid"
    p.err(f"{p.argv[0]}: {kind} argument {quote(p, value)} for {quote(p, option)}\nValid arguments are:\n")
    p.err("".join(f"  - {', '.join(quote(p, word) for word in group.split())}\n" for group in valid))
    raise try_help(p, status)


def getopt(p: Process, short: str, long: Mapping[str, str] | None = None, *, status: int = 1, permute: bool = True) -> Options:
    """Read the process's arguments.

    `short` is as in getopt(3): a letter with `:` takes a value, with `::` an optional one. `long` maps names to those letters
    (or to names of their own); a name that ends in `=` takes a value, in `=?` an optional one. Ends the process with `status`
    on a wrong option.
    """
    return _Reader(p, short, dict(long or {}), status, permute).read()


class _Reader:
    def __init__(self, p: Process, short: str, long: dict[str, str], status: int, permute: bool) -> None:
        self.p, self.short, self.status, self.permute = p, short, status, permute
        self.long = {name.rstrip("=?"): (letter, name[len(name.rstrip("=?")) :]) for name, letter in long.items()}
        self.found: list[tuple[str, str]] = []
        self.operands: list[str] = []
        self.rest = list(p.argv[1:])

    def read(self) -> Options:
        while self.rest:
            word = self.rest.pop(0)
            if word == "--":
                self.operands += self.rest
                break
            if word.startswith("--"):
                self._long(word[2:])
            elif word.startswith("-") and word != "-":
                self._short(word[1:])
            else:
                self.operands.append(word)
                if not self.permute:
                    self.operands += self.rest
                    break
        return Options(self.found, self.operands)

    def _short(self, letters: str) -> None:
        while letters:
            letter, letters = letters[0], letters[1:]
            index = self.short.find(letter)
            if index < 0 or letter == ":":
                raise usage(self.p, f"invalid option -- '{letter}'", self.status)
            if self.short[index + 1 : index + 3] == "::":
                self.found.append((letter, letters))
                return
            if self.short[index + 1 : index + 2] == ":":
                if not letters and not self.rest:
                    raise usage(self.p, f"option requires an argument -- '{letter}'", self.status)
                self.found.append((letter, letters or self.rest.pop(0)))
                return
            self.found.append((letter, ""))

    def _long(self, word: str) -> None:
        name, equals, value = word.partition("=")
        full = [known for known in self.long if known == name] or [known for known in self.long if known.startswith(name)]
        if not full and name in ("help", "version"):
            raise _about(self.p, name)
        if not full:
            raise usage(self.p, f"unrecognized option '--{name}'" if not equals else f"unrecognized option '--{word}'", self.status)
        if len({self.long[known] for known in full}) > 1:
            choices = " ".join(f"'--{known}'" for known in full)
            raise usage(self.p, f"option '--{name}' is ambiguous; possibilities: {choices}", self.status)
        letter, kind = self.long[full[0]]
        if kind == "" and equals:
            raise usage(self.p, f"option '--{full[0]}' doesn't allow an argument", self.status)
        if kind == "=" and not equals:
            if not self.rest:
                raise usage(self.p, f"option '--{full[0]}' requires an argument", self.status)
            value = self.rest.pop(0)
        self.found.append((letter, value))


def _about(p: Process, name: str) -> Exit:
    manual = next((entry.manual for entry in PROGRAMS.values() if entry.name == p.name), "")
    if name == "version" or not manual:
        p.err(f"simulator: {p.name}: option --{name} is not simulated\n")
        return Exit(1)
    p.out(manual.strip() + "\n")
    return Exit(0)
