"""Commands of mail(1) that change how it works, that branch, and that have to do with the shell."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from simulator.mua.mail_save import expand_name, run_shell

if TYPE_CHECKING:
    from simulator.mua.mail_session import Session

VERSION = "mail (GNU Mailutils 3.15)"
LICENSE = """\
mail (GNU Mailutils) 3.15
Copyright (C) 2007-2022 Free Software Foundation, inc.
License GPLv3+: GNU GPL version 3 or later <http://gnu.org/licenses/gpl.html>
This is free software: you are free to change and redistribute it.
There is NO WARRANTY, to the extent permitted by law.

"""


def assign(session: Session, argv: list[str]) -> int:
    """se[t], setq [name[=value]]... [noname...]."""
    if len(argv) == 1:
        session.out(session.variables.listing())
    for word in argv[1:]:
        session.variables.assign(word)
    return 0


def unset(session: Session, argv: list[str]) -> int:
    """uns[et] name..."""
    if len(argv) == 1:
        session.out(session.variables.listing())
        return 0
    for word in argv[1:]:
        session.variables.assign(f"no{word}")
    return 1


def set_environment(session: Session, argv: list[str]) -> int:
    """sete[nv] [name[=value]]."""
    if len(argv) == 1:
        session.out("".join(f"{name}={value}\n" for name, value in session.process.env.items()))
    for word in argv[1:]:
        name, _, value = word.partition("=")
        session.process.env[name] = value
    return 0


def alias(session: Session, argv: list[str]) -> int:
    """a[lias], g[roup] [name [address...]]; a name that exists is not changed."""
    names = list(session.aliases) if len(argv) == 1 else argv[1:2]
    if len(argv) > 2:
        if argv[1] in session.aliases:
            return 1
        session.aliases[argv[1]] = argv[2:]
        return 0
    for name in names:
        if name not in session.aliases:
            session.error(f'"{name}": not a group')
        else:
            session.out(f"{name}    " + "".join(f"{address} " for address in session.aliases[name]) + "\n")
    return 0


def unalias(session: Session, argv: list[str]) -> int:
    """una[lias] name..."""
    for name in argv[1:]:
        session.aliases.pop(name, None)
    return 0


def alternates(session: Session, argv: list[str]) -> int:
    """alt[ernates] name...: other names of mine."""
    if len(argv) == 1:
        if session.alternates:
            session.out("".join(f"{name} " for name in session.alternates) + "\n")
    else:
        session.alternates = argv[1:]
    return 0


def _fields(session: Session, argv: list[str], fields: list[str], otherwise: str, remove: bool = False) -> int:
    if len(argv) == 1:
        session.out("".join(f"{name}\n" for name in fields) or otherwise)
    for name in argv[1:]:
        if not remove:
            fields.append(name.lower())
        elif name.lower() in fields:
            fields.remove(name.lower())
    return 0


def retain(session: Session, argv: list[str]) -> int:
    """ret[ain] [header-field...]."""
    return _fields(session, argv, session.retained, "No fields are currently being retained\n")


def ignore(session: Session, argv: list[str]) -> int:
    """di[scard], ig[nore] [header-field...]."""
    return _fields(session, argv, session.ignored, "No fields are currently being ignored\n")


def unfold(session: Session, argv: list[str]) -> int:
    """unf[old] [header-field]."""
    return _fields(session, argv, session.unfolded, "No fields are currently being unfolded\n")


def no_unfold(session: Session, argv: list[str]) -> int:
    """nou[nfold] [header-field]."""
    return _fields(session, argv, session.unfolded, "No fields are currently being unfolded\n", remove=True)


def sender(session: Session, argv: list[str]) -> int:
    """sen[der] [header-field...]: where replies go."""
    return _fields(session, argv, session.senders, "Sender address is obtained from the envelope\n")


def no_sender(session: Session, argv: list[str]) -> int:
    """nos[ender] [header-field...]."""
    if len(argv) == 1:
        session.senders.clear()
    return _fields(session, argv, session.senders, "Sender address is obtained from the envelope\n", remove=True)


def if_mode(session: Session, argv: list[str]) -> int:
    """i[f] s|r|t: sending, reading, or at a terminal."""
    if len(argv) != 2:
        return session.error("if requires an argument: s | r | t")
    truths = {"s": session.variables.text("mode") == "send", "r": session.variables.text("mode") == "read", "t": session.process.tty}
    if argv[1] not in truths:
        return session.error("Valid if arguments are: s | r | t")
    outer = not session.conditions or session.conditions[-1]
    session.conditions.append(outer and truths[argv[1]])
    return 0


def otherwise(session: Session, argv: list[str]) -> int:
    """el[se]."""
    if not session.conditions:
        return session.error("else without matching if")
    condition = session.conditions.pop()
    outer = not session.conditions or session.conditions[-1]
    session.conditions.append(not condition if outer else condition)
    return 0


def end_if(session: Session, argv: list[str]) -> int:
    """en[dif]."""
    if not session.conditions:
        return session.error("endif without matching if")
    session.conditions.pop()
    return 1


def source(session: Session, argv: list[str]) -> int:
    """so[urce] file."""
    if len(argv) != 2:
        return session.error("source requires a single argument")
    return session.source(argv[1])


def echo(session: Session, argv: list[str]) -> int:
    """ec[ho] string ...: environment variables are replaced."""
    if len(argv) > 1:
        text = " ".join(_expanded(session, word) for word in argv[1:])
        session.out(text if text.endswith("\n") else text + "\n")
    return 0


def _expanded(session: Session, word: str) -> str:
    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", lambda match: session.process.env.get(match[1] or match[2], ""), word)


def change_directory(session: Session, argv: list[str]) -> int:
    """cd, ch[dir] [directory]."""
    if len(argv) > 2:
        return 1
    process = session.process
    path = expand_name(session, argv[1] if len(argv) == 2 else process.env["HOME"])
    if path is None:
        return 1
    try:
        process.fs.listdir(path, process.caller)
    except OSError as error:
        return session.error(f"chdir({path}) failed: {error.strerror}")
    process.cwd = posixpath.normpath(path)
    return 0


def shell(session: Session, argv: list[str]) -> int:
    """sh[ell] [command], ![command]."""
    words = [argv[0][1:], *argv[1:]] if argv[0].startswith("!") and len(argv[0]) > 1 else argv[1:]
    if not words:
        return session.missing("a shell of its own")
    command = " ".join(words)
    session.variables.assign(f"gnu-last-command={command}")
    run_shell(session, command, session.rest_of_input)
    return 0


def help_text(session: Session, argv: list[str]) -> int:
    """hel[p], ? [command...]."""
    from simulator.mua.mail_command_table import COMMANDS
    from simulator.mua.mail_session import find

    if len(argv) == 1:
        session.out("".join(f"{command.synopsis}\n" for command in COMMANDS if command.synopsis))
        return 0
    status = 0
    for word in argv[1:]:
        command = find(word)
        if command is None or not command.synopsis:
            status = 1
        session.out(f"{command.synopsis}\n" if command and command.synopsis else f"Unknown command: {word}\n")
    return status


def list_commands(session: Session, argv: list[str]) -> int:
    """l[ist], *: all names, in lines."""
    from simulator.mua.mail_command_table import COMMANDS

    position = 0
    for name in [command.name or command.short for command in COMMANDS]:
        position += len(name) + 1
        if position >= session.columns:
            position = len(name) + 1
            session.out("\n")
        session.out(f"{name} ")
    session.out("\n")
    return 0


def version(session: Session, argv: list[str]) -> int:
    """ve[rsion]."""
    session.out(f"{VERSION} ( PTHREAD READLINE )\n")
    return 0


def warranty(session: Session, argv: list[str]) -> int:
    """wa[rranty]."""
    session.out(LICENSE)
    return 0


def comment(session: Session, argv: list[str]) -> int:
    """# anything."""
    return 0


def not_simulated(session: Session, argv: list[str]) -> int:
    """Commands that need an editor or print what mail(1) itself documents."""
    return session.missing(argv[0])
