"""Tilde escapes: what mail(1) does with a line that begins with `~` while a message is typed at a terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.mua import mail_words
from simulator.mua.mail_attachment import attach
from simulator.mua.mail_header import Header
from simulator.mua.mail_message_list import Rules
from simulator.mua.mail_save import expand_name, run_shell

if TYPE_CHECKING:
    from simulator.mua.mail_compose import Composition
    from simulator.mua.mail_session import Session


@dataclass(frozen=True, slots=True)
class Escape:
    """Its arguments at least and at most (0: any number)."""

    synopsis: str
    function: Callable[[Session, Composition, list[str]], None] | None
    least: int = 0
    most: int = 0


def obey_escape(session: Session, made: Composition, line: str) -> None:
    """The text behind the escape character."""
    try:
        words = mail_words.split(line)
    except mail_words.UnclosedQuote:
        session.error("Cannot parse escape sequence: missing closing quote")
        return
    if not words:
        session.error("Unfinished escape")
        return
    name = "r" if words[0] == "<" else words[0]
    escape = ESCAPES.get(name)
    if escape is None:
        session.error(f"Unknown escape {words[0]}")
    elif escape.function is None:
        session.missing(f"~{words[0]}")
    elif len(words) - 1 < escape.least:
        session.error(f"~{words[0]} requires at least {escape.least} argument{'' if escape.least == 1 else 's'}")
    elif escape.most and len(words) - 1 > escape.most:
        session.error(f"~{words[0]} accepts at most {escape.most} argument{'' if escape.most == 1 else 's'}")
    else:
        escape.function(session, made, words)


def _continue(session: Session) -> None:
    session.out("(continue)\n")


def _shell(session: Session, made: Composition, words: list[str]) -> None:
    run_shell(session, " ".join(words[1:]))


def _command(session: Session, made: Composition, words: list[str]) -> None:
    from simulator.mua.mail_session import find

    command = find(words[1])
    if command is None:
        session.error(f"Unknown command: {words[1]}")
    elif command.flow or command.sends:
        session.error("Command not allowed in an escape sequence\n")
    else:
        command.function(session, words[1:])


def _attach(session: Session, made: Composition, words: list[str]) -> None:
    name, content_type, encoding, *_ = [*words[1:], session.outgoing.content_type, session.outgoing.encoding, ""][:4]
    attach(session, made.attachments, name, name, name, content_type, encoding)


def _detach(session: Session, made: Composition, words: list[str]) -> None:
    if not words[1].isdigit():
        session.error(f"not a valid number: {words[1]}")
    elif not 0 < int(words[1]) <= len(made.attachments):
        session.error("index out of range")
    else:
        del made.attachments[int(words[1]) - 1]


def _toggle(session: Session, made: Composition, words: list[str]) -> None:
    made.alternative = not made.alternative
    session.out(_kind(made))


def _kind(made: Composition) -> str:
    return f"multipart/{'alternative' if made.alternative else 'mixed'}\n"


def _attachments(session: Session, made: Composition, words: list[str]) -> None:
    session.out(_kind(made))
    if not made.attachments:
        session.out("No attachments\n")
    for number, one in enumerate(made.attachments, 1):
        session.out(f"{number:3d} {one.shown:<12} {one.content_type:<30} {one.encoding}\n")


def _help(session: Session, made: Composition, words: list[str]) -> None:
    session.out("".join(f"{escape.synopsis}\n" for escape in ESCAPES.values()))
    _continue(session)


def _sign(session: Session, made: Composition, words: list[str]) -> None:
    variable = "Sign" if words[0] == "A" else "sign"
    text = session.variables.text(variable)
    if text is None:
        session.error(f'No value set for "{variable}"')
        return
    made.text += "-- \n"
    if words[0] == "a":
        made.text += text + "\n"
    else:
        path = expand_name(session, text) or text
        session.out(f"Reading {path}\n")
        made.text += _content(session, path)
    _continue(session)


def _content(session: Session, path: str) -> str:
    try:
        return session.process.read(path).decode("utf-8", "surrogateescape")
    except OSError as error:
        session.error(f"Cannot open {path}: {error.strerror}")
        return ""


def _to(session: Session, made: Composition, words: list[str]) -> None:
    for word in words[1:]:
        made.merge({"t": "To", "c": "Cc", "b": "Bcc"}[words[0]], word)


def _subject(session: Session, made: Composition, words: list[str]) -> None:
    made.set("Subject", words[1])


def _fields(session: Session, made: Composition, words: list[str]) -> None:
    for name in ("To", "Cc", "Bcc", "Subject"):
        made.set(name, session.read_line(f"{name}: "))
    _continue(session)


def _include(session: Session, made: Composition, words: list[str]) -> None:
    path = session.process.env["DEAD"] if words[0] == "d" else expand_name(session, words[1]) or words[1]
    text = _content(session, path)
    made.text += text
    session.out(f'"{path}" {text.count(chr(10))}/{len(text.encode("utf-8", "surrogateescape"))}\n')


def _write(session: Session, made: Composition, words: list[str]) -> None:
    path = expand_name(session, words[1]) or words[1]
    data = made.text.encode("utf-8", "surrogateescape")
    try:
        session.process.write(path, data, 0o600)
    except OSError as error:
        session.error(f"Cannot open {path} for writing: {error.strerror}")
        return
    session.out(f'"{path}" {made.text.count(chr(10))}/{len(data)}\n')


def _insert(session: Session, made: Composition, words: list[str]) -> None:
    value = session.variables.value(words[1])
    made.text += "yes" if value is True else "" if value is None else str(value)


def _print(session: Session, made: Composition, words: list[str]) -> None:
    session.do(" ".join(["print" if words[0] == "f" else "Print", *words[1:]]))


def _quote(session: Session, made: Composition, words: list[str]) -> None:
    prefix = session.variables.text("indentprefix") or ""
    for number, message in session.each(words, Rules()) or ():
        session.out(f"Interpolating: {number}\n")
        shown = [(name, value) for name, value in message.header.fields if name.lower() not in session.ignored]
        text = f"{Header(shown)}\n{message.body}" if words[0] == "m" else message.text
        made.text += "".join(f"{prefix}{line}\n" for line in text.splitlines())
    _continue(session)


def _show(session: Session, made: Composition, words: list[str]) -> None:
    session.out(f"Message contains:\n{made.header}\n{made.text}")
    _continue(session)


def _filter(session: Session, made: Composition, words: list[str]) -> None:
    done = session.process.run(words[1:], stdin=made.text)
    session.process.err(done.stderr)
    size = len(made.text.encode("utf-8", "surrogateescape"))
    session.out(f'"|{words[1]}" in: {size} ' + (f"out: {len(done.stdout)}\n" if done.stdout else "no lines out\n"))
    made.text = done.stdout or made.text


ESCAPES: dict[str, Escape] = {
    "!": Escape("![shell-command]", _shell),
    ":": Escape(":[mail-command]", _command, 1, 1),
    "-": Escape("-[mail-command]", _command, 1, 1),
    "+": Escape("+name [content-type [encoding]]", _attach, 1, 3),
    "^": Escape("^N", _detach, 1, 1),
    "/": Escape("/", _toggle),
    "?": Escape("?", _help),
    "A": Escape("A", _sign),
    "a": Escape("a", _sign),
    "b": Escape("b[bcc-list]", _to),
    "c": Escape("c[cc-list]", _to),
    "d": Escape("d", _include),
    "e": Escape("e", None),
    "f": Escape("f[mesg-list]", _print),
    "F": Escape("F[mesg-list]", _print),
    "h": Escape("h", _fields),
    "i": Escape("i[var-name]", _insert, 1, 1),
    "l": Escape("l", _attachments),
    "m": Escape("m[mesg-list]", _quote),
    "M": Escape("M[mesg-list]", _quote),
    "p": Escape("p", _show),
    "r": Escape("r[filename]", _include, 1, 1),
    "s": Escape("s[string]", _subject, 1, 1),
    "t": Escape("t[name-list]", _to),
    "v": Escape("v", None),
    "w": Escape("w[filename]", _write, 1, 1),
    "x": Escape("x", None),
    "|": Escape("|[shell-command]", _filter, 1),
}
