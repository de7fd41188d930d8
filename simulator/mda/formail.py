"""NAME
    formail - mail (re)formatter

SYNOPSIS
    formail [-bczfrktY] [-D maxlen idcache] [-p prefix] [-xXaAiIuU field] [-R old new] [-s command argument ...]

DESCRIPTION
    Reads a message (with -s: a mailbox of several) on standard input, changes its header and writes it out.

    -x FIELD    print the field's content;  -X FIELD  print the whole field
    -a FIELD    add `Field: text` if there is none yet;  -A FIELD  add it in any case
    -i FIELD    add it, an old one becomes Old-Field:;  -I FIELD  it replaces the old one; without a text the field goes
    -u FIELD    keep the first of several;  -U FIELD  keep the last
    -R OLD NEW  rename a field
    -r          the header of a reply; -t trusts Reply-To: and From: of the header, -k keeps the body
    -c          one line for each field;  -z  no blanks around contents, no empty fields
    -b          `From ` in the text is not quoted;  -f  no From line is made
    -D N FILE   is the Message-ID in the cache file? Status 0 if so; it is added otherwise
    -s          split a mailbox and run a command for each message (or write all)
    -p PREFIX   what quoted lines begin with

EXIT STATUS
    0; with -D 1 for a message that is new; 64 for a wrong option.

DIFFERS FROM THE REAL PROGRAM
    Digests (-d), BABYL files (-B), -l, -m, -n, -e, +nnn and -nnn are not simulated.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from typing import Final

from simulator.unix.program import Process, program

_EX_USAGE: Final = 64
_VALUED: Final = "xXaAiIuU"
_PLAIN: Final = "bczfrktqvhY"
_FIELD: Final = re.compile(r"[\x21-\x39\x3b-\x7e]+[ \t]*:")
#: Whom a reply goes to, best first: by the envelope, and with -t by the header.
_REPLY_TO: Final = ("Return-Path", "Errors-To", "Return-Receipt-To", "Resent-Sender", "Sender", "Resent-Reply-To", "Reply-To", "Resent-From", "From")
_TRUSTED: Final = ("Resent-Reply-To", "Reply-To", "Resent-From", "From", "Sender", "Return-Path")


@dataclass(slots=True)
class _Options:
    """The command line: single letters, and (letter, text) in the order in which they came."""

    letters: set[str] = field(default_factory=set)
    edits: list[tuple[str, str]] = field(default_factory=list)
    renames: list[tuple[str, str]] = field(default_factory=list)
    cache: tuple[int, str] | None = None
    prefix: str = ">"
    split: bool = False
    command: list[str] = field(default_factory=list)
    bad: str = ""


@dataclass(slots=True)
class _Message:
    """From line ("" if there is none), fields with their continuation lines, and the body."""

    from_line: str
    fields: list[str]
    body: str

    @classmethod
    def parse(cls, text: str) -> _Message:
        lines, at = text.lstrip("\n").split("\n"), 0
        from_line = ""
        if lines[0].startswith("From "):
            from_line, at = lines[0], 1
        fields: list[str] = []
        while at < len(lines) and lines[at]:
            if lines[at][0] in " \t" and fields:
                fields[-1] += "\n" + lines[at]
            elif _FIELD.match(lines[at]) or lines[at].startswith(">From "):
                fields.append(lines[at])
            else:
                break
            at += 1
        body = "\n".join(lines[at:])
        return cls(from_line, fields, body)

    def find(self, name: str) -> list[int]:
        """The places of a field; the name may come with or without its colon."""
        wanted = name.rstrip(":").lower()
        return [at for at, line in enumerate(self.fields) if line.partition(":")[0].rstrip().lower() == wanted]

    def content(self, name: str) -> str:
        found = self.find(name)
        return self.fields[found[0]].partition(":")[2].strip() if found else ""


@program("/usr/bin/formail", package="procmail")
def main(p: Process) -> int:
    """Change the header of what comes in."""
    options = _parse(p.argv[1:])
    if options.bad or "h" in options.letters:
        p.err(f"formail: Unrecognised options: \"{options.bad}\"\n" * bool(options.bad) + _USAGE)
        return _EX_USAGE
    if "v" in options.letters:
        p.err(VERSION)
        return 0
    parts = _split(p.stdin) if options.split else [p.stdin]
    status = 0
    for part in parts:
        status = _one(p, options, part)
    return status


def _parse(argv: list[str]) -> _Options:
    options, words = _Options(), list(argv)
    while words and words[0].startswith("-") and not options.split:
        word = words.pop(0)[1:]
        while word:
            letter, word = word[0], word[1:]
            if letter in _VALUED:
                options.edits.append((letter, word or (words.pop(0) if words else "")))
                word = ""
            elif letter == "R":
                old = word or (words.pop(0) if words else "")
                options.renames.append((old, words.pop(0) if words else ""))
                word = ""
            elif letter == "D":
                size = word or (words.pop(0) if words else "0")
                options.cache = (int(size) if size.isdigit() else 0, words.pop(0) if words else "")
                word = ""
            elif letter == "p":
                options.prefix = word or (words.pop(0) if words else "")
                word = ""
            elif letter == "s":
                options.split = True
                options.command = words
            elif letter in _PLAIN:
                options.letters.add(letter)
            else:
                options.bad = letter
                word = ""
    if words and not options.split:
        options.bad = words[0]
    return options


def _split(text: str) -> list[str]:
    """The messages of a mailbox."""
    starts = [match.start() for match in re.finditer(r"^From ", text, re.M)] or [0]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def _one(p: Process, options: _Options, text: str) -> int:
    message = _Message.parse(text)
    if options.cache is not None:
        return _duplicate(p, message, options.cache)
    if any(letter in "xX" for letter, _ in options.edits):
        _extract(p, options, message)
        return 0
    if not message.from_line and "f" not in options.letters and "r" not in options.letters:
        stamp = datetime.datetime.fromtimestamp(p.clock.now, datetime.UTC).ctime()
        sender = _address(next((value for name in _REPLY_TO if (value := message.content(name))), "foo@bar"))
        message.from_line = f"From {sender}  {stamp}"
    if "r" in options.letters:
        message = _reply(options, message)
    _edit(options, message)
    output = _text(options, message)
    if options.command:
        result = p.run(options.command, output)
        p.out(result.stdout)
        p.err(result.stderr)
        return result.exit_code
    p.out(output)
    return 0


def _address(text: str) -> str:
    match = re.search(r"<([^<>]*)>", text)
    return match[1] if match else text.split("(")[0].strip() or text


def _reply(options: _Options, message: _Message) -> _Message:
    names = _TRUSTED if "t" in options.letters else _REPLY_TO
    to = next((value for name in names if (value := message.content(name)) and value != "<>"), "")
    if not to and message.from_line:
        to = message.from_line.split()[1]
    fields = [f"To: {to if 't' in options.letters else _address(to)}"]
    subject, identity = message.content("Subject"), message.content("Message-ID")
    if subject:
        fields.append(f"Subject: {subject if subject[:3].lower() == 're:' else 'Re: ' + subject}")
    if identity:
        references = f"{message.content('References')} {identity}".strip()
        fields += [f"References: {references}", f"In-Reply-To: {identity}"]
    kept = [message.fields[at] for letter, name in options.edits if letter == "i" for at in message.find(name.partition(":")[0])]
    body = message.body if "k" in options.letters else "\n"
    return _Message("", fields + kept, body)


def _edit(options: _Options, message: _Message) -> None:
    for old, new in options.renames:
        for at in message.find(old):
            message.fields[at] = new.rstrip(":") + ":" + message.fields[at].partition(":")[2]
    for letter, text in options.edits:
        _EDITS[letter](message, text)
    if "c" in options.letters:
        message.fields = [re.sub(r"\n[ \t]*", " ", line) for line in message.fields]
    if "z" in options.letters:
        stripped = [(line.partition(":")[0], line.partition(":")[2].strip()) for line in message.fields]
        message.fields = [f"{name}: {value}" for name, value in stripped if value]


def _with_blank(text: str) -> str:
    name, _, value = text.partition(":")
    return f"{name}: {value.strip()}" if value.strip() else f"{name}:"


def _add(message: _Message, text: str) -> None:
    message.fields.append(_with_blank(text))


def _add_new(message: _Message, text: str) -> None:
    if not message.find(text.partition(":")[0]):
        _add(message, text)


def _replace(message: _Message, text: str) -> None:
    name, _, value = text.partition(":")
    found = message.find(name)
    for at in reversed(found):
        del message.fields[at]
    if value.strip():
        _add(message, text)


def _insert(message: _Message, text: str) -> None:
    name, _, value = text.partition(":")
    for at in message.find(name):
        message.fields[at] = "Old-" + message.fields[at]
    if value.strip():
        _add(message, text)


def _first(message: _Message, text: str) -> None:
    for at in reversed(message.find(text)[1:]):
        del message.fields[at]


def _last(message: _Message, text: str) -> None:
    for at in reversed(message.find(text)[:-1]):
        del message.fields[at]


_EDITS: Final = {"a": _add_new, "A": _add, "i": _insert, "I": _replace, "u": _first, "U": _last}


def _extract(p: Process, options: _Options, message: _Message) -> None:
    for letter, name in options.edits:
        if letter not in "xX":
            continue
        if name.rstrip(":").lower() == "from " or name == "From ":
            p.out((message.from_line if letter == "X" else message.from_line[5:]) + "\n")
            continue
        for at in message.find(name):
            line = message.fields[at]
            value = line if letter == "X" else line.partition(":")[2]
            value = re.sub(r"\n[ \t]*", " ", value) if "c" in options.letters else value
            p.out((value.strip() if "z" in options.letters else value) + "\n")


def _text(options: _Options, message: _Message) -> str:
    body = message.body
    if "b" not in options.letters and "r" not in options.letters:
        body = re.sub(r"^From ", f"{options.prefix}From ", body, flags=re.M)
    head = ([message.from_line] if message.from_line else []) + message.fields
    text = "\n".join(head) + "\n" + (body if body.startswith("\n") else f"\n{body}")
    return text if text.endswith("\n") else text + "\n"


def _duplicate(p: Process, message: _Message, cache: tuple[int, str]) -> int:
    """The cache is a ring of Message-IDs, each ended by a zero byte."""
    size, name = cache
    identity = (message.content("Message-ID") or message.content("Resent-Message-ID")).encode("utf-8", "surrogateescape")
    try:
        known = p.read(name).split(b"\0")
    except FileNotFoundError:
        known = []
    if not identity:
        return 1
    if identity in known:
        return 0
    kept = [entry for entry in known if entry] + [identity]
    while len(kept) > 1 and sum(len(entry) + 1 for entry in kept) > size:
        kept.pop(0)
    p.write(name, b"\0".join(kept) + b"\0\0", 0o600)
    return 1


COPYRIGHT: Final = (
    "    Copyright (c) 1990-2001, Stephen R. van den Berg\t<srb@cuci.nl>\n"
    "    Copyright (c) 1997-2001, Philip A. Guenther\t\t<guenther@sendmail.com>\n"
    "\nSubmit questions/answers to the procmail-related mailinglist by sending to:\n"
    "\t<procmail-users@procmail.org>\n"
    "\nAnd of course, subscription and information requests for this list to:\n"
    "\t<procmail-users-request@procmail.org>\n"
)
VERSION: Final = "formail v3.23pre 2001/09/13\n" + COPYRIGHT
_USAGE: Final = """\
Usage: formail [-vbczfrktqY] [-D nnn idcache] [-p prefix] [-l folder]
\t[-xXaAiIuU field] [-R ofield nfield]
   Or: formail [+nnn] [-nnn] [-bczfrktedqBY] [-D nnn idcache] [-p prefix]
\t[-n [nnn]] [-m nnn] [-l folder] [-xXaAiIuU field] [-R ofield nfield]
\t-s [prg [arg ...]]
"""
