"""What postconf(1) prints: parameters of main.cf, entries, fields and parameters of master.cf."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from simulator.postfix.commands.postconf_master import (
    FIELDS,
    INDENT,
    LINE_LIMIT,
    Expand,
    MasterEntry,
    format_entry,
    format_field,
)
from simulator.postfix.commands.postconf_parameters import KnownParameters
from simulator.postfix.commands.postconf_pattern import ANY, Pattern
from simulator.postfix.lib.logical_lines import BLANKS, tokens
from simulator.postfix.lib.msg import Fatal

_USAGE = {
    "M": (2, "-M option requires service_name[/type]"),
    "F": (3, "-F option requires service_name[/type[/field]]"),
    "P": (3, "-P option requires service_name[/type[/parameter]]"),
}


def format_line(text: str, fold: bool) -> str:
    """Words with single blanks between them; with `fold` in lines of less than 80 characters, indented from the second on."""
    words = tokens(text, BLANKS)
    if not fold:
        return " ".join(words) + "\n"
    out, length = "", 0
    for word in words:
        size = len(word.encode("utf-8", "surrogateescape"))
        if length and length + size < LINE_LIMIT:
            out, length = out + " ", length + 1
        elif length:
            out, length = f"{out}\n{INDENT}", len(INDENT)
        out, length = out + word, length + size
    return out + "\n"


def byte_order(name: str) -> bytes:
    """strcmp(3) sorts by bytes."""
    return name.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Show:
    """One listing. `options` are the letters given on the command line."""

    parameters: KnownParameters
    options: frozenset[str]
    out: Callable[[str], None]

    @property
    def _fold(self) -> bool:
        return "f" in self.options

    def _print(self, name: str, value: str) -> None:
        if "H" in self.options:
            text = name
        else:
            text = value if "h" in self.options else f"{name} = {value}"
        self.out(format_line(text, self._fold))

    # -- main.cf --------------------------------------------------------------------------------------------------------

    def main(self, names: Sequence[str], classes: frozenset[str]) -> None:
        """The named parameters as they were asked for, or all of some classes, sorted. Raises Fatal."""
        known = self.parameters.names
        for name in names or sorted((name for name in known if known[name].kind in classes), key=byte_order):
            if name in known:
                self._main_parameter(name)
            else:
                self.parameters.warn(f"{name}: unknown parameter")

    def _main_parameter(self, name: str) -> None:
        value = self.parameters.value(name, explicit="n" in self.options)
        if value is None:
            return
        if "x" in self.options and "H" not in self.options and not self.parameters.names[name].raw:
            value = self.parameters.expand(value)
        self._print(name, value)

    # -- master.cf ------------------------------------------------------------------------------------------------------

    def master(self, view: str, arguments: Sequence[str]) -> None:
        """Entries (M), fields (F) or parameters (P) that the arguments ask for, in the order of the file. Raises Fatal."""
        patterns = [self._pattern(view, argument) for argument in arguments]
        unmatched = dict.fromkeys(range(len(patterns)))
        for entry in self.parameters.entries:
            for at, pattern in enumerate(patterns) if arguments else ((-1, None),):
                if pattern is None or pattern.means(entry):
                    found = False
                    for text in self._entry(view, entry, pattern):
                        self.out(text)
                        found = True
                    if found or view != "P" or (pattern and pattern.name == ANY and entry.parameters is not None):
                        unmatched.pop(at, None)
        for at in unmatched:
            self.parameters.warn(f'unmatched request: "{patterns[at].text}"')

    def _pattern(self, view: str, argument: str) -> Pattern:
        parts, usage = _USAGE[view]
        pattern = Pattern.parse(argument, 1, parts)
        if pattern is None:
            raise Fatal(usage)
        if view == "F":
            _ = pattern.field
        return pattern

    def _expander(self, entry: MasterEntry) -> Expand | None:
        return (lambda text: self.parameters.expand(text, entry)) if "x" in self.options else None

    def _entry(self, view: str, entry: MasterEntry, pattern: Pattern | None) -> Iterator[str]:
        if view == "M":
            yield format_entry(entry, self._fold, self._expander(entry))
        elif view == "F":
            place = pattern.field if pattern else None
            for at in range(len(FIELDS)) if place is None else (place,):
                names, values = "h" not in self.options, "H" not in self.options
                yield format_field(entry, at, self._fold, names, values, self._expander(entry))
        else:
            yield from self._entry_parameters(entry, pattern.name if pattern else ANY)

    def _entry_parameters(self, entry: MasterEntry, wanted: str) -> Iterator[str]:
        values = entry.parameters or {}
        for name in sorted(values, key=byte_order) if wanted == ANY else [wanted] if wanted in values else []:
            value, full = values[name], f"{entry.name_space}/{name}"
            if "H" in self.options:
                yield format_line(full, self._fold)
                continue
            if "x" in self.options:
                value = self.parameters.expand(value, entry)
            yield format_line(value if "h" in self.options else f"{full} = {value}", self._fold)
