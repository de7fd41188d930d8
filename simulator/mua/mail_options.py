"""The command line of mail(1): GNU options, abbreviated and negated as Mailutils allows, and their --help."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field


class BadOption(ValueError):
    """The text that is printed behind "mail: "."""


@dataclass(frozen=True, slots=True)
class Option:
    """`argument` is its name in the help, empty for none; `optional` allows --file without; `negative` allows --no-."""

    short: str
    name: str
    argument: str = ""
    text: str = ""
    optional: bool = False
    negative: bool = False
    group: str = ""

    @property
    def shown(self) -> str:
        """As the help has it."""
        long = f"--{'[no-]' if self.negative else ''}{self.name}" + (f"={self.argument}" if self.argument else "")
        return f"  -{self.short}, {long}" if self.short else f"      {long}"


_DEBUG, _CONFIG, _INFO = "Global debugging settings", "Configuration handling", "Informational options"
OPTIONS: tuple[Option, ...] = (
    Option("A", "attach", "FILE", "attach FILE"),
    Option("a", "append", "HEADER: VALUE", "append given header to the message being sent"),
    Option("", "alternative", "", "force multipart/alternative content type", negative=True),
    Option("", "attach-fd", "FD", "attach from file descriptor FD"),
    Option("", "content-filename", "NAME", "set the Content-Disposition filename parameter for the next --attach option"),
    Option("", "content-name", "NAME", "set the Content-Type name parameter for the next --attach option"),
    Option("", "content-type", "TYPE", "set content type for subsequent --attach options"),
    Option("E", "exec", "COMMAND", "execute COMMAND"),
    Option("e", "exist", "", "return true if mail exists"),
    Option("", "encoding", "NAME", "set encoding for subsequent --attach options"),
    Option("F", "byname", "", "save messages according to sender"),
    Option("H", "headers", "", "write a header summary and exit"),
    Option("i", "ignore", "", "ignore interrupts"),
    Option("M", "mime", "", "compose MIME messages", negative=True),
    Option("N", "nosum", "", "do not display initial header summary"),
    Option("n", "norc", "", "do not read the system mailrc file"),
    Option("p", "print", "", "print all mail to standard output"),
    Option("", "read"),
    Option("q", "quit", "", "cause interrupts to terminate program"),
    Option("r", "return-address", "ADDRESS", "use address as the return address when sending mail"),
    Option("s", "subject", "SUBJ", "send a message with the given SUBJECT"),
    Option("", "skip-empty-attachments", "", "skip attachments with empty body", negative=True),
    Option("t", "to", "", "read recipients from the message header"),
    Option("u", "user", "USER", "operate on USER's mailbox"),
    Option("f", ""),
    Option("", "file", "FILE", optional=True),
    Option("", "debug-level", "LEVEL", "set Mailutils debugging level", group=_DEBUG),
    Option("", "debug-line-info", "", "show source info with debugging messages", negative=True, group=_DEBUG),
    Option("", "config-file", "FILE", "load this configuration file; implies --no-config", group=_CONFIG),
    Option("", "config-lint", "", "check configuration file syntax and exit", group=_CONFIG),
    Option("", "config-verbose", "", "verbosely log parsing of the configuration files", group=_CONFIG),
    Option("", "no-config", "", "do not load site and user configuration files", group=_CONFIG),
    Option("", "no-site-config", "", "do not load site-wide configuration file", group=_CONFIG),
    Option("", "no-user-config", "", "do not load user configuration file", group=_CONFIG),
    Option("", "set", "PARAM=VALUE", "set configuration parameter", group=_CONFIG),
    Option("", "config-help", "", "show configuration file summary", group=_INFO),
    Option("", "show-config-options", "", "show compilation options", group=_INFO),
    Option("?", "help", "", "give this help list", group=" "),
    Option("", "usage", "", "give a short usage message", group=" "),
    Option("V", "version", "", "print program version", group=" "),
)
_SHORT = {option.short: option for option in OPTIONS if option.short}
_LONG = {option.name: option for option in OPTIONS if option.name}


@dataclass(frozen=True, slots=True)
class Parsed:
    """Options in the order given as (name, value, not negated), and the other words."""

    options: list[tuple[str, str, bool]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def parse(argv: Sequence[str]) -> Parsed:
    """Options may stand behind other words; `--` ends them. Raises BadOption."""
    parsed = Parsed()
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            parsed.words.extend(rest)
            break
        if word.startswith("--"):
            parsed.options.append(_long(word, rest))
        elif word.startswith("-") and len(word) > 1:
            _cluster(word[1:], rest, parsed)
        else:
            parsed.words.append(word)
    return parsed


def _cluster(letters: str, rest: list[str], parsed: Parsed) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        option = _SHORT.get(letter)
        if option is None:
            raise BadOption(f"unrecognized option '-{letter}'")
        value = ""
        if option.argument:
            if not letters and not rest:
                raise BadOption(f"option '-{letter}' requires an argument")
            value, letters = letters or rest.pop(0), ""
        parsed.options.append((option.name or option.short, value, True))


def _long(word: str, rest: list[str]) -> tuple[str, str, bool]:
    name, equals, value = word[2:].partition("=")
    option, positive = _find(name, word)
    if not option.argument:
        if equals:
            raise BadOption(f"option '--{option.name}' doesn't allow an argument")
        return option.name, "", positive
    if option.optional:
        return option.name, value, True
    if equals and value:
        return option.name, value, True
    if equals or not rest:
        raise BadOption(f"option '--{option.name}' requires an argument")
    return option.name, rest.pop(0), True


def _find(name: str, word: str) -> tuple[Option, bool]:
    """The option of that name or with that unique beginning, and whether it is not negated."""
    if name in _LONG:
        return _LONG[name], True
    candidates = {full: (option, True) for full, option in _LONG.items() if full.startswith(name)}
    candidates |= {f"no-{full}": (option, False) for full, option in _LONG.items() if option.negative and f"no-{full}".startswith(name)}
    if f"no-{name[3:]}" == name and name[3:] in _LONG and _LONG[name[3:]].negative:
        return _LONG[name[3:]], False
    if not candidates:
        raise BadOption(f"unrecognized option '{word}'")
    if len(candidates) > 1:
        raise BadOption(f"option '--{name}' is ambiguous; possibilities:\n" + "\n".join(f"--{full}" for full in sorted(candidates)))
    return next(iter(candidates.values()))


def help_text() -> str:
    """--help."""
    text = (
        "Usage: mail [OPTION...] [address...]\n"
        "  or:  mail [OPTION...] [OPTION...] [file]\n"
        "  or:  mail [OPTION...] --file [OPTION...] [file]\n"
        "  or:  mail [OPTION...] --file=file [OPTION...]\n"
        "GNU mail -- process mail messages.\n"
        "If -f or --file is given, mail operates on the mailbox named by the first\n"
        "argument, or the user's mbox, if no argument given.\n\n"
    )
    group = ""
    for option in OPTIONS:
        if not option.text:
            continue
        if option.group != group:
            group = option.group
            text += "\n" + (f" {group}\n" if group.strip() else "")
        text += _entry(option)
    return text + (
        "\nMandatory or optional arguments to long options are also mandatory or optional\n"
        "for any corresponding short options.\n\n"
        "Report bugs to <bug-mailutils@gnu.org>.\n"
        "GNU Mailutils home page: <http://mailutils.org>\n"
        "General help using GNU software: <http://www.gnu.org/gethelp/>\n"
    )


def _entry(option: Option) -> str:
    shown = option.shown.replace("--print", "--print, --read") if option.name == "print" else option.shown
    lines = textwrap.wrap(option.text, 50)
    first = f"{shown:<28} {lines[0]}" if len(shown) < 29 else f"{shown}\n{'':29}{lines[0]}"
    return "\n".join([first, *(f"{'':29}{line}" for line in lines[1:])]) + "\n"
