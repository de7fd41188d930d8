"""NAME
    formail - mail (re)formatter

SYNOPSIS
    formail [-bczfrktqY] [-D nnn idcache] [-p prefix] [-l folder] [-xXaAiIuU field] [-R ofield nfield]
    formail [+nnn] [-nnn] [-bczfrktedqY] [-D nnn idcache] [-p prefix] [-m nnn] ... -s [command [argument ...]]

DESCRIPTION
    Reads a message (with -s: a mailbox of several) on standard input, changes its header and writes it out, with a From line
    in front and an empty line at the end.

    -x FIELD    print the field's content;  -X FIELD  print the whole field
    -a FIELD    add `Field: text` if there is none yet;  -A FIELD  add it in any case
    -i FIELD    add it, an old one becomes Old-Field:;  -I FIELD  it replaces the old one; without a text the field goes
    -u FIELD    keep the first of several;  -U FIELD  keep the last
    -R OLD NEW  rename a field
    -r          the header of a reply; -t trusts Reply-To: and From: of the header, -k keeps the body, quoted unless -b
    -c          one line for each field;  -z  a blank behind each colon, no empty fields
    -b          `From ` in the text is not quoted;  -f  no From line is made
    -l FOLDER   print procmail's summary instead of the message
    -D N FILE   is the Message-ID in the cache file? Status 0 if so; it is added otherwise
    -s          split a mailbox and run a command for each message (or write all), FILENO counts them; +n skips the first n,
                -n ends after n; -e without the empty line between messages, -d digests too, -m N with N known fields
    -p PREFIX   what quoted lines begin with

EXIT STATUS
    0; with -D 1 for a message that is new; 64 for a wrong option; 67 for a reply to nobody.

DIFFERS FROM THE REAL PROGRAM
    BABYL files (-B) are not split, commands of -s run one after the other, an empty Message-ID: is not made up.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.mda.formail_fields import FROM, Field, break_field
from simulator.mda.formail_message import Message
from simulator.mda.formail_options import EX_USAGE, USAGE, Options, Parser, Usage
from simulator.unix.program import Process, program


@program("/usr/bin/formail", package="procmail")
def main(p: Process) -> int:
    """Change the header of what comes in."""
    try:
        options = Parser(p, p.argv[1:]).parse()
    except Usage:
        p.err(USAGE)
        return EX_USAGE
    text = p.stdin.lstrip("\n")
    if not options.split:
        return Message(p, options, text).run()
    status = 0
    for number, part in enumerate(_messages(text, options) if text else ()):
        if number < options.skip:
            continue
        if number - options.skip == options.total:
            break
        status = status or _handed_out(p, options, part, number - options.skip)
    return status


def _handed_out(p: Process, options: Options, part: str, number: int) -> int:
    """One message of several, to standard output or to the command."""
    if not options.command:
        return Message(p, options, part).run()
    inner = Process(p.host, p.argv, p.env, p.cwd, p.cred, p.user, pid=p.pid)
    status = Message(inner, options, part).run()
    p.err("".join(inner.stderr))
    digits = p.env.get("FILENO", "000")
    first = int(digits) if digits.isdigit() else 0
    return p.relay(p.run(options.command, "".join(inner.stdout), env=p.env | {"FILENO": f"{first + number:0{len(digits)}}"})) or status


def _messages(text: str, options: Options) -> Iterator[str]:
    """The messages of a mailbox: a From line, behind an empty line, with known fields below it."""
    lines = text.splitlines(keepends=True)
    start, needed = 0, options.known or 2
    for at in range(1, len(lines)):
        empty_before = lines[at - 1] == "\n" or options.has("e")
        if empty_before and _begins(lines, at, needed, options.has("d")):
            yield "".join(lines[start:at])
            start = at
    yield "".join(lines[start:])


def _begins(lines: list[str], at: int, needed: int, digest: bool) -> bool:
    line = lines[at]
    if line.startswith(FROM):
        if len(line[len(FROM) :].split()) < 2:
            return False
    elif not (digest and break_field(line) > 0 and Field.of(line).is_known):
        return False
    following = lines[at + 1 :]
    for _ in range(needed - 1):
        while following and following[0][:1] in (" ", "\t"):
            following.pop(0)
        if not following or break_field(following[0]) <= 0 or not Field.of(following.pop(0)).is_known:
            return False
    return True
