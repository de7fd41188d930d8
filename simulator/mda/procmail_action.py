"""What a recipe does with the message: a folder, a program, a filter, other addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.mda.procmail_folder import lock_local, write_folder
from simulator.mda.procmail_program import Line, filter_through, parse_command, pipe_into
from simulator.mda.procmail_session import Delivered, with_blank_line
from simulator.mda.procmail_source import Source
from simulator.mda.procmail_text import WORDS, Words
from simulator.mda.procmail_variables import assign

if TYPE_CHECKING:
    from simulator.mda.procmail_recipe import RcFile
    from simulator.mda.procmail_session import Session

_LOCK_NAME: Final = re.compile(r">>[ \t]*([^ \t\n#`'\");]*)")


@dataclass(slots=True)
class Recipe:
    """A recipe in work. `lock` is the name behind the second colon, None without a name; `locked` whether there is one."""

    flags: frozenset[str] = frozenset()
    locked: bool = False
    lock: str | None = None
    conditions: int = -1
    matched: bool = False

    @property
    def wait(self) -> int:
        return ("w" in self.flags) | ("W" in self.flags) << 1


@dataclass(slots=True)
class Action:
    """The action of a recipe that holds. Its methods raise Delivered."""

    rc: RcFile
    recipe: Recipe

    @property
    def session(self) -> Session:
        return self.rc.session

    @property
    def source(self) -> Source:
        return self.rc.source

    def _part(self) -> str:
        """The flags h and b: only the header or the body goes to the action."""
        mail = self.session.mail
        head, body = "h" in self.recipe.flags, "b" in self.recipe.flags
        if head == body:
            return mail.text
        return mail.header if head else mail.text[mail.body :]

    def _out(self) -> str:
        """The same as a program gets it."""
        text = self._part()
        return text if "r" in self.recipe.flags else with_blank_line(text)

    def _done(self, success: bool) -> None:
        """The action is done. A delivery without the flag c is the end."""
        self.rc.history.success = success
        if success and "c" not in self.recipe.flags:
            raise Delivered
        if success and self.session.numbers["LOGABSTRACT"] == 2:
            self.session.abstract(self.session.get("LASTFOLDER"))
        self.session.tell_late()

    def forward(self) -> None:
        """`!`: on to other addresses, without the From line."""
        session = self.session
        words = [session.get("SENDMAIL"), *session.get("SENDMAILFLAGS").split(), *Words(session, self.source, WORDS).read()]
        text = self._part()
        if text == session.mail.text or text == session.mail.header:
            text = text if not text.startswith("From ") else _after_from(text)
        text = text if "r" in self.recipe.flags else with_blank_line(text)
        self._lock_for("")
        self._done(pipe_into(session, Line(words, False), text, self.recipe.wait or (2 if self.recipe.locked else 0)))

    def pipe(self, line: Line, variable: str) -> None:
        session = self.session
        self._lock_for(line.words[0] if line.shell else " ".join(line.words))
        wait = self.recipe.wait or (2 if self.recipe.locked else 0)
        if "c" in self.recipe.flags and ("f" in self.recipe.flags or variable):
            session.say("Extraneous copy-flag ignored\n")
        if "f" in self.recipe.flags:
            self._filter(line, wait)
        elif variable:
            text = filter_through(session, line, self._out(), wait)
            if text is not None:
                assign(session, variable, text.removesuffix("\n"), self.rc)
            self.rc.history.success = text is not None
        else:
            self._done(pipe_into(session, line, self._out(), wait))

    def print(self) -> None:
        """A lone `|`: standard output."""
        session, text = self.session, self._out()
        session.set_last_folder("|")
        session.last_length = len(text)
        session.process.out(text.encode("latin-1", "replace").decode("utf-8", "surrogateescape"))
        self._done(True)

    def _filter(self, line: Line, wait: int) -> None:
        """The flag f: the program's output takes the place of what it was given."""
        mail = self.session.mail
        head_only = "h" in self.recipe.flags and "b" not in self.recipe.flags
        body_only = "b" in self.recipe.flags and "h" not in self.recipe.flags
        text = filter_through(self.session, line, self._out(), wait)
        self.rc.history.success = text is not None
        if text is None:
            return
        mail.text = text + mail.text[mail.body :] if head_only else mail.header + text if body_only else text
        mail.find_body()

    def _lock_for(self, command: str) -> None:
        """The lock file of a program: named, or that of the file behind `>>`."""
        if not self.recipe.locked:
            return
        name = self.recipe.lock
        if name is None:
            found = _LOCK_NAME.search(command)
            if found is None or not found[1]:
                self.session.say_of("Couldn't determine implicit lockfile from", command)
                return
            name = "".join(Words(self.session, Source(found[1]), WORDS).read()) + self.session.get("LOCKEXT")
        lock_local(self.session, name, "")

    def folder(self) -> None:
        session, source = self.session, self.source
        if "f" in self.recipe.flags:
            session.say("Extraneous filter-flag ignored\n")
        captured = re.compile(r"([A-Za-z_]\w*)[ \t]*=[ \t]*(?=[|!])", re.A).match(source.text, source.at)
        if captured:
            source.at = captured.end() + 1
            self.pipe(parse_command(session, source.line()), captured[1])
            return
        words = Words(session, source, WORDS).read() or [""]
        if self.recipe.locked:
            lock_local(session, self.recipe.lock, words[0])
        text = session.mail.text if "f" in self.recipe.flags else self._part()
        self._done(write_folder(session, words, text, "i" in self.recipe.flags, False, "r" in self.recipe.flags))

    # -- blocks -----------------------------------------------------------------------------------------------------------


def _after_from(text: str) -> str:
    rest = text.partition("\n")[2]
    while rest.startswith(">"):
        rest = rest.partition("\n")[2]
    return rest
