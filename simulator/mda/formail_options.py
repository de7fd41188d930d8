"""The command line of formail(1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from simulator.mda.formail_fields import Edits, Field, break_field
from simulator.mda.formail_sender import ENVELOPE, HEADER, RESENT
from simulator.unix.program import Exit, Process

EX_USAGE: Final = 64
_SWITCHES: Final = "trfedBkczqbY"
_FIELDS: Final = "aAiIxXuUR"


class Usage(Exception):
    """The command line makes no sense."""


@dataclass(slots=True)
class Options:
    """The command line. `total` is -1 without -nnn."""

    switches: set[str] = field(default_factory=set)
    edits: Edits = field(default_factory=Edits)
    trust: int = ENVELOPE
    cache: tuple[int, str] | None = None
    prefix: str = ">"
    folder: str = ""
    split: bool = False
    skip: int = 0
    total: int = -1
    known: int = 0
    command: list[str] = field(default_factory=list)

    def has(self, letter: str) -> bool:
        return letter in self.switches


class Parser:
    """Reads the words of the command line."""

    def __init__(self, p: Process, words: list[str]) -> None:
        self.p, self.words, self.rest = p, words, ""
        self.options = Options()

    def parse(self) -> Options:
        """Raises Usage; Exit for -h, -v and a cache that cannot be opened."""
        options = self.options
        while self.words and not options.split:
            word = self.words.pop(0)
            if word[:1] == "+" and word[1:].isdigit():
                options.skip = int(word[1:])
            elif word[:1] != "-":
                raise Usage
            else:
                self.rest = word[1:]
                while self.rest and not options.split:
                    self._letter()
        several = options.skip or options.total >= 0 or options.known or options.switches & {"e", "d", "B"}
        useless = options.has("k") and not (options.has("r") or options.edits.extracting)
        if (several and not options.split) or useless or (options.edits.extracting and options.folder):
            raise Usage
        return options

    def _argument(self) -> str:
        """The rest of the word, or the next one."""
        text, self.rest = self.rest, ""
        if not text and not self.words:
            raise Usage
        return text or self.words.pop(0)

    def _letter(self) -> None:
        letter, self.rest, options = self.rest[0], self.rest[1:], self.options
        if letter in _SWITCHES:
            options.switches.add(letter)
            options.trust |= HEADER if letter == "t" else 0
        elif letter in "hv?":
            self.p.err(VERSION if letter == "v" else USAGE + HELP)
            raise Exit(EX_USAGE)
        elif letter == "s":
            if self.rest:
                raise Usage
            options.split, options.command = True, self.words
        elif letter in _FIELDS:
            self._field(letter, self._argument())
        elif letter in "Dm" or letter.isdigit():
            self._number(letter)
        elif letter == "n":
            self._argument()
        elif letter in "lp":
            setattr(options, "folder" if letter == "l" else "prefix", self._argument())
        else:
            raise Usage

    def _number(self, letter: str) -> None:
        text = letter + self.rest if letter.isdigit() else self._argument()
        self.rest = ""
        if not text.isdigit():
            raise Usage
        if letter == "D":
            self.options.cache = (int(text), self._argument())
        elif letter == "m":
            self.options.known = int(text)
        else:
            self.options.total = int(text)

    def _field(self, letter: str, text: str) -> None:
        size, edits = break_field(text), self.options.edits
        if letter == "R":
            edits.rename.append((Field(text[: abs(size)], abs(size)), self._argument()))
            return
        if letter == "a" and size <= 0 and text.lower() == "resent-":
            self.options.trust |= RESENT - HEADER
            return
        if size <= 0 and (letter in "aA" or -size != len(text)):
            self.p.err(f'formail: Invalid field-name: "{text}"\n')
            raise Usage
        lists = {"a": edits.add_new, "A": edits.add, "i": edits.insert, "I": edits.replace, "x": edits.contents, "X": edits.extract}
        (lists | {"u": edits.first, "U": edits.last})[letter].append(Field.of(text + "\n"))


COPYRIGHT: Final = (
    "    Copyright (c) 1990-2001, Stephen R. van den Berg\t<srb@cuci.nl>\n"
    "    Copyright (c) 1997-2001, Philip A. Guenther\t\t<guenther@sendmail.com>\n"
    "\nSubmit questions/answers to the procmail-related mailinglist by sending to:\n"
    "\t<procmail-users@procmail.org>\n"
    "\nAnd of course, subscription and information requests for this list to:\n"
    "\t<procmail-users-request@procmail.org>\n"
)
VERSION: Final = "formail v3.23pre 2001/09/13\n" + COPYRIGHT
USAGE: Final = """\
Usage: formail [-vbczfrktqY] [-D nnn idcache] [-p prefix] [-l folder]
\t[-xXaAiIuU field] [-R ofield nfield]
   Or: formail [+nnn] [-nnn] [-bczfrktedqBY] [-D nnn idcache] [-p prefix]
\t[-n [nnn]] [-m nnn] [-l folder] [-xXaAiIuU field] [-R ofield nfield]
\t-s [prg [arg ...]]
"""
HELP: Final = """\
 -v\t\tdisplay the version number and exit
 -b\t\tdon't escape bogus mailbox headers
 -Y\t\tBerkeley format mailbox, disregard Content-Length:
 -c\t\tconcatenate continued header-fields
 -z\t\tzap whitespace and empty header-fields
 -f\t\tforce formail to pass along any non-mailbox format
 -r\t\tgenerate an auto-reply header, preserve fields with -i
 -k\t\ton auto-reply keep the body, prevent escaping with -b
 -t\t\treply to the header sender instead of the envelope sender
 -l folder\tgenerate a procmail-compatible log summary
 -D nnn idcache\tdetect duplicates with an idcache of length nnn
 -s prg arg\tsplit the mail, startup prg for every message
 +nnn\t\tskip the first nnn\t-nnn\toutput at most nnn messages
 -n [nnn]\tdon't serialise splits\t-e\tempty lines are optional
 -d\t\taccept digest format\t-B\texpect BABYL rmail format
 -q\t\tbe quiet\t\t-p prefix\tquotation prefix
 -m nnn \tmin fields threshold (default 2) for start of message
 -x field\textract contents\t-X field\textract fully
 -a field\tadd if not present\t-A field\tadd in any case
 -i field\trename and insert\t-I field\tdelete and insert
 -u field\tfirst unique\t\t-U field\tlast unique
 -R oldfield newfield\trename
"""
