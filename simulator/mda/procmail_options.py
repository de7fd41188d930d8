"""The command line of procmail(1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from simulator.mda.formail_options import COPYRIGHT
from simulator.unix.program import Process

USAGE: Final = (
    "Usage: procmail [-vptoY] [-f fromwhom] [parameter=value | rcfile] ...\n"
    "   Or: procmail [-toY] [-f fromwhom] [-a argument] ... -d recipient ...\n"
    "   Or: procmail [-ptY] [-f fromwhom] -m [parameter=value] ... rcfile [arg] ...\n"
    "   Or: procmail [-toY] [-a argument] ... -z\n"
)
HELP: Final = """\
\t-v\t\tdisplay the version number and exit
\t-p\t\tpreserve (most of) the environment upon startup
\t-t\t\tfail softly if mail is undeliverable
\t-f fromwhom\t(re)generate the leading 'From ' line
\t-o\t\toverride the leading 'From ' line if necessary
\t-Y\t\tBerkeley format mailbox, disregard Content-Length:
\t-a argument\twill set $1, $2, etc
\t-d recipient\texplicit delivery mode
\t-z\t\tact as an LMTP server
\t-m\t\tact as a general purpose mail filter
Recipe flag quick reference:
\tH  egrep header (default)\tB  egrep body
\tD  distinguish case
\tA  also execute this recipe if the common condition matched
\ta  same as 'A', but only if the previous recipe was successful
\tE  else execute this recipe, if the preceding condition didn't match
\te  on error execute this recipe, if the previous recipe failed
\th  deliver header (default)\tb  deliver body (default)
\tf  filter\t\t\ti  ignore write errors
\tc  carbon copy or clone message
\tw  wait for a program\t\tr  raw mode, mail as is
\tW  same as 'w', but suppress 'Program failure' messages
"""


@dataclass(slots=True)
class Options:
    """The command line."""

    preserve: bool = False
    filter: bool = False
    soft: bool = False
    help: bool = False
    sender: str | None = None
    arguments: list[str] = field(default_factory=list)
    recipient: str | None = None
    rest: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def parse(argv: list[str]) -> Options | None:
    """The options; None for -v."""
    options, words = Options(), list(argv)
    while words and words[0].startswith("-") and len(words[0]) > 1:
        word = words.pop(0)[1:]
        while word:
            letter, word = word[0], word[1:]
            if letter == "v":
                return None
            if letter in "afdr":
                value = word or (words.pop(0) if words else "")
                word = ""
                _valued(options, letter, value)
                if letter == "d":
                    options.rest = words
                    return options
            elif letter in "ptm":
                options.preserve |= letter == "p"
                options.soft |= letter == "t"
                options.filter |= letter == "m"
            elif letter in "h?":
                options.help = True
            elif letter not in "oYy-":
                options.complaints.append(f'Unrecognised options: "{letter + word}"\n{USAGE}Processing continued\n')
                word = ""
    options.rest = words
    return options


def _valued(options: Options, letter: str, value: str) -> None:
    if letter == "a":
        options.arguments.append(value)
    elif letter in "fr":
        options.sender = value
    else:
        options.recipient = value


def version(p: Process) -> int:
    """-v: what procmail says of itself."""
    p.err(
        f"procmail v3.23pre 2001/09/13\n{COPYRIGHT}"
        "\nLocking strategies:\tdotlocking, fcntl()\nDefault rcfile:\t\t$HOME/.procmailrc\n"
        "\tIt may be writable by your primary group\n"
        f"Your system mailbox:\t/var/mail/{p.host.users.user_name(p.caller.uid)}\n"
    )
    return 0
