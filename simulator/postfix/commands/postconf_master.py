"""master.cf as postconf(1) sees it: every field as text, `-o name=value` as parameters of the service.

postconf is stricter than master(8) about fields and about their number, and looser about services that are disabled; and
it writes arguments back in a canonical form (`-o` and its value apart, { } where a value has blanks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from simulator.postfix.lib.braces import quoted_words, unbrace
from simulator.postfix.lib.logical_lines import BLANKS, Warn, logical_lines, split_name_value
from simulator.postfix.lib.master_cf import TYPES
from simulator.postfix.lib.msg import Fatal

FIELDS = ("service", "type", "private", "unprivileged", "chroot", "wakeup", "process_limit", "command")
TYPE, PRIVATE, CHROOT, WAKEUP, LIMIT, COMMAND = 1, 2, 4, 5, 6, 7
_COLUMNS = (0, 11, 17, 25, 33, 41, 49, 57)
#: Fold longer lines, and indent what follows: postconf(1) -f.
LINE_LIMIT, INDENT = 80, "    "
_DIGITS = frozenset("0123456789")

Expand = Callable[[str], str]


@dataclass(slots=True)
class MasterEntry:
    """One line. `words` are all its fields and arguments; `parameters` are None until they are looked for, or if there are none."""

    words: list[str]
    parameters: dict[str, str] | None = None
    valid: set[str] = field(default_factory=set)

    @property
    def name_space(self) -> str:
        """`service/type`."""
        return f"{self.words[0]}/{self.words[1]}"

    @property
    def own_values(self) -> dict[str, str]:
        """What only this service knows: its name and that of its program."""
        process = self.words[COMMAND].rpartition("/")[2]
        return {"process_name": process, "service_name": self.words[0]}

    def settings(self) -> Iterator[tuple[int, str]]:
        """The place of each `-o` among the words, and its value."""
        at = len(FIELDS)
        while at < len(self.words) and is_option(self.words[at]):
            if takes_value(self.words[at]) and at + 1 < len(self.words):
                if self.words[at] == "-o":
                    yield at, self.words[at + 1]
                at += 1
            at += 1


def is_option(word: str) -> bool:
    """Whether a daemon's options go on with this word."""
    return word.startswith("-") and word != "--"


def takes_value(word: str) -> bool:
    """Whether the next word belongs to this option."""
    return word[1:2] in ("o", "")


def parse_entry(text: str, warn: Warn) -> MasterEntry:
    """One logical line. Raises ValueError for too few fields, Fatal for a bad one."""
    words = quoted_words(text, BLANKS)
    if len(words) < len(FIELDS):
        raise ValueError("bad field count")
    check_fields(words, text)
    normalise_arguments(words, warn)
    return MasterEntry(words)


def check_fields(words: list[str], text: str) -> None:
    """Raises Fatal for a field that is not what it must be; `text` is shown with it."""

    def invalid(at: int) -> Fatal:
        return Fatal(f'invalid {FIELDS[at]} field "{words[at]}" in "{text}"'.replace("\n", " "))

    if words[TYPE] not in TYPES:
        raise invalid(TYPE)
    for at in range(PRIVATE, CHROOT + 1):
        if words[at] not in ("y", "n", "-", ""):
            raise invalid(at)
    wakeup = words[WAKEUP].removesuffix("?")
    if wakeup != "-" and not _DIGITS.issuperset(wakeup):
        raise invalid(WAKEUP)
    if words[LIMIT] != "-" and not _DIGITS.issuperset(words[LIMIT]):
        raise invalid(LIMIT)


def normalise_arguments(words: list[str], warn: Warn) -> None:
    """Bring the daemon's arguments into canonical form: `-vo x=y` is `-v -o x=y`, `-ox=y` is `-o x=y`, { } are taken off."""
    at = len(FIELDS)
    while at < len(words) and is_option(words[at]):
        word = words[at]
        later = word.find("o", 2)
        if later >= 0:
            words.insert(at + 1, "-" + word[later:])
            word = words[at] = word[:later]
        if takes_value(word):
            if len(word) > 2:
                words.insert(at + 1, word[2:])
                words[at] = word[:2]
            at += 1
            if at < len(words) and words[at].startswith("{"):
                words[at] = _name_value(_extract(words[at], warn), warn) if words[at - 1][1:] == "o" else _extract(words[at], warn)
        at += 1
    for place in range(at, len(words)):
        if words[place].startswith("{"):
            words[place] = _extract(words[place], warn)


def _extract(word: str, warn: Warn) -> str:
    inside, error = unbrace(word, strip=True)
    if error:
        warn(f"master.cf: {error}")
    return inside


def _name_value(text: str, warn: Warn) -> str:
    try:
        return "=".join(split_name_value(text))
    except ValueError as problem:
        warn(f'master.cf: {problem}: "{text}"')
        return text


def parse_master(text: str, path: str, warn: Warn) -> list[MasterEntry]:
    """All entries of the file. Raises Fatal for a broken one."""
    entries = []
    for number, line in logical_lines(text, path, warn):
        try:
            entries.append(parse_entry(line, warn))
        except ValueError as problem:
            raise Fatal(f"file {path}: line {number}: {problem}") from None
    return entries


def collect_parameters(entries: list[MasterEntry]) -> None:
    """Find the `-o name=value` of every entry. Entries of one service and type share them."""
    shared: dict[str, dict[str, str]] = {}
    for entry in entries:
        for _, value in entry.settings():
            try:
                name, text = split_name_value(value)
            except ValueError:
                continue
            shared.setdefault(entry.name_space, {})[name] = text
        entry.parameters = shared.get(entry.name_space)


class _Layout:
    """Text that grows to a line and is folded where the next word would not fit."""

    def __init__(self, fold: bool) -> None:
        self.fold = fold
        self.text = ""
        self.length = 0

    def add(self, text: str) -> None:
        self.text += text
        self.length += len(text.encode("utf-8", "surrogateescape"))

    def break_line(self) -> None:
        self.text += "\n" + INDENT
        self.length = len(INDENT)

    def separate(self, length: int) -> None:
        """A blank or a new line before a word of this length."""
        if self.length > len(INDENT):
            if self.fold and self.length + 1 + length >= LINE_LIMIT:
                self.break_line()
            else:
                self.add(" ")

    def full(self) -> None:
        """Nothing more fits into this line."""
        self.length = LINE_LIMIT


def _quoted(word: str) -> str:
    return f"{{{word}}}" if any(char in BLANKS for char in word) else word


def _add_arguments(layout: _Layout, words: list[str], expand: Expand | None, extra: int) -> None:
    """The arguments behind the command. An option and its value stay together on a line of their own. The first argument that
    is no option never gets its braces back: so does real postconf."""
    at = len(FIELDS)
    options = first = True
    while at < len(words):
        word, value = words[at], None
        first, options = options, options and is_option(word)
        length = len(word.encode("utf-8", "surrogateescape"))
        if options and takes_value(word) and at + 1 < len(words):
            layout.full()
            value = expand(words[at + 1]) if expand and word == "-o" else words[at + 1]
            length += len(_quoted(value).encode("utf-8", "surrogateescape")) + extra
        layout.separate(length)
        layout.add(word if first else _quoted(word))
        if value is not None:
            layout.add(f" {_quoted(value)}")
            layout.full()
            at += 1
        at += 1


def format_entry(entry: MasterEntry, fold: bool = False, expand: Expand | None = None) -> str:
    """The whole line in columns, as `postconf -M` prints it and edits write it."""
    layout = _Layout(fold)
    for at, column in enumerate(_COLUMNS):
        if layout.length > 0:
            layout.add(" " * max(1, column - layout.length))
        layout.add(entry.words[at])
    _add_arguments(layout, entry.words, expand, 3)
    return layout.text + "\n"


def format_field(entry: MasterEntry, at: int, fold: bool = False, names: bool = True, values: bool = True, expand: Expand | None = None) -> str:
    """`service/type/field = value`, as `postconf -F` prints it. The command includes its arguments."""
    layout = _Layout(fold)
    if names:
        layout.add(f"{entry.name_space}/{FIELDS[at]}" + (" = " if values else ""))
    if values:
        if layout.length > 0 and layout.length + len(entry.words[at].encode("utf-8", "surrogateescape")) > LINE_LIMIT:
            layout.break_line()
        layout.add(entry.words[at])
        if at == COMMAND:
            _add_arguments(layout, entry.words, expand, 1)
    return layout.text + "\n"


def edit_field(entry: MasterEntry, at: int, value: str, warn: Warn) -> None:
    """Replace a field; the command is replaced with all its arguments. Raises Fatal for a bad value."""
    if at == COMMAND:
        entry.words[COMMAND:] = quoted_words(value, BLANKS)
        normalise_arguments(entry.words, warn)
    else:
        entry.words[at] = value
    check_fields(entry.words, value)


def edit_parameter(entry: MasterEntry, name: str, value: str | None) -> None:
    """Replace, add or (None) remove `-o name=value`."""
    places = [at for at, text in entry.settings() if text.startswith(f"{name}=")]
    if value is None:
        for at in reversed(places):
            del entry.words[at : at + 2]
        return
    for at in places:
        entry.words[at + 1] = f"{name}={value}"
    if not places:
        entry.words[_end_of_options(entry.words) :] = ["-o", f"{name}={value}", *entry.words[_end_of_options(entry.words) :]]


def _end_of_options(words: list[str]) -> int:
    at = len(FIELDS)
    while at < len(words) and is_option(words[at]):
        at += 2 if takes_value(words[at]) and at + 1 < len(words) else 1
    return at
