"""An rc file of procmail: assignments, recipes and blocks, one after the other. procmailrc(5).

    :0 flags : lockfile
    * conditions
    action: folder ..., | program, ! addresses, { block }
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from simulator.mda.procmail_condition import Conditions
from simulator.mda.procmail_folder import lock_local, unlock_local, write_folder
from simulator.mda.procmail_program import Line, filter_through, parse_command, pipe_into
from simulator.mda.procmail_session import Delivered, with_blank_line
from simulator.mda.procmail_text import VALUE, WORDS, Source, Words
from simulator.mda.procmail_variables import assign

if TYPE_CHECKING:
    from simulator.mda.procmail_session import Session

_FLAGS: Final = "HBDAahbfcwWiEer"
_LOCK_NAME: Final = re.compile(r">>[ \t]*([^ \t\n#`'\");]*)")


@dataclass(slots=True)
class _Recipe:
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
class _History:
    """What came before, for the flags A, a, E, e."""

    last: bool = False
    previous: bool = False
    success: bool = False


@dataclass(slots=True)
class RcFile:
    """One rc file (or included one) on its way. `skip` counts the blocks that do not count."""

    session: Session
    source: Source
    history: _History = field(default_factory=_History)
    stack: list[tuple[bool, bool]] = field(default_factory=list)
    skip: int = 0

    def run(self) -> None:
        """To the end of the file. Raises Delivered."""
        source = self.source
        while not source.ended:
            unlock_local(self.session)
            source.skip_blanks()
            if source.test("\n"):
                continue
            if source.test("#"):
                source.skip_line()
            elif source.test(":"):
                self._recipe()
            elif source.test("}"):
                self._close()
            else:
                self._assignment()
        if self.stack:
            self.session.say("Missing closing brace\n")
        unlock_local(self.session)

    # -- assignments and blocks -------------------------------------------------------------------------------------------

    def _close(self) -> None:
        if self.skip:
            self.skip -= 1
        elif self.stack:
            self.history.previous, self.history.last = self.stack.pop()
        else:
            self.session.say("Closing brace unexpected\n")

    def _assignment(self) -> None:
        source = self.source
        match = re.compile(r"[A-Za-z_]\w*(?=[ \t\n=]|\Z)", re.A).match(source.text, source.at)
        if match is None:
            rest = source.line()
            self.session.say_of("Skipped", rest)
            return
        source.at = match.end()
        source.skip_blanks()
        value: str | None = None
        if source.test("="):
            value = Words(self.session, source, VALUE, bool(self.skip)).read()[0]
        if not self.skip:
            assign(self.session, match[0], value, self)

    # -- recipes ----------------------------------------------------------------------------------------------------------

    def _recipe(self) -> None:
        while True:
            recipe = self._head()
            if self._conditions(recipe):
                break
            # A recipe without an action is followed by another one.
            self.source.test(":")
        self.source.skip_blanks()
        if recipe.matched:
            self._act(recipe)
        else:
            self._skip_action()

    def _head(self) -> _Recipe:
        """The line behind the colon: an old number of conditions, flags, a lock file."""
        words = Words(self.session, self.source, WORDS, bool(self.skip)).read()
        text = " ".join(words)
        recipe = _Recipe()
        number = re.match(r"[ \t]*(\d+)", text)
        if number:
            recipe.conditions = int(number[1]) or -1
            text = text[number.end() :]
        flags, colon, lock = text.partition(":")
        good = "".join(char for char in flags if char in _FLAGS)
        bad = "".join(char for char in flags if char not in _FLAGS + " ")
        if bad:
            self.session.say_of("Skipped", bad)
        recipe.flags = frozenset(good)
        recipe.locked = bool(colon)
        recipe.lock = lock.strip() or None
        return recipe

    def _conditions(self, recipe: _Recipe) -> bool:
        """Look at the conditions; False if there is no action behind them."""
        session, source, flags, history = self.session, self.source, recipe.flags, self.history
        holds = not self.skip
        holds &= not ("e" in flags and not (history.previous and not history.success))
        holds &= not ("E" in flags and history.previous)
        holds &= not ("a" in flags and not (history.last and history.success))
        holds &= not ("A" in flags and not history.last)
        checks = Conditions(session, "B" in flags, "H" in flags, "D" in flags)
        empty_seen = False
        left = recipe.conditions
        while True:
            source.skip_blanks()
            if not source.test("*") and left <= 0:
                if source.test("#"):
                    source.skip_line()
                    continue
                if source.test("\n"):
                    empty_seen = True
                    continue
                if empty_seen and source.text[source.at : source.at + 1] == ":":
                    session.say("Missing action\n")
                    return False
                break
            left -= 1
            source.skip_blanks()
            text = source.line()
            holds = holds and checks.check(text)
        recipe.matched = checks.finish(holds) if not self.skip else False
        if not self.skip:
            if not flags & {"A", "a"}:
                history.last = recipe.matched
            if not history.previous or "E" not in flags:
                history.previous = recipe.matched
        return True

    def _skip_action(self) -> None:
        """The action of a recipe that does not match; a block is passed over with all that is in it."""
        source = self.source
        if re.compile(r"\{[ \t\n]").match(source.text, source.at):
            source.at += 1
            self.skip += 1
        elif source.test("|"):
            source.line()
        else:
            Words(self.session, source, WORDS, True).read()

    # -- actions ----------------------------------------------------------------------------------------------------------

    def _act(self, recipe: _Recipe) -> None:
        source = self.source
        if source.test("!"):
            self._forward(recipe)
        elif source.test("|"):
            text = source.line()
            if text.strip(" \t"):
                self._pipe(recipe, parse_command(self.session, text), "")
            else:
                self._print(recipe)
        elif source.ended:
            self.session.say("Incomplete recipe\n")
        elif re.compile(r"\{[ \t\n]").match(source.text, source.at):
            source.at += 1
            self._block(recipe)
        else:
            self._folder(recipe)

    def _part(self, recipe: _Recipe) -> str:
        """The flags h and b: only the header or the body goes to the action."""
        mail = self.session.mail
        head, body = "h" in recipe.flags, "b" in recipe.flags
        if head == body:
            return mail.text
        return mail.header if head else mail.text[mail.body :]

    def _out(self, recipe: _Recipe) -> str:
        """The same as a program gets it."""
        text = self._part(recipe)
        return text if "r" in recipe.flags else with_blank_line(text)

    def _done(self, recipe: _Recipe, success: bool) -> None:
        """The action is done. A delivery without the flag c is the end."""
        self.history.success = success
        if success and "c" not in recipe.flags:
            raise Delivered
        if success and self.session.numbers["LOGABSTRACT"] == 2:
            self.session.abstract(self.session.get("LASTFOLDER"))
        self.session.tell_late()

    def _forward(self, recipe: _Recipe) -> None:
        session = self.session
        words = [session.get("SENDMAIL"), *session.get("SENDMAILFLAGS").split(), *Words(session, self.source, WORDS).read()]
        text = self._part(recipe)
        if text == session.mail.text or text == session.mail.header:
            text = text if not text.startswith("From ") else _after_from(text)
        text = text if "r" in recipe.flags else with_blank_line(text)
        self._lock_for(recipe, "")
        self._done(recipe, pipe_into(session, Line(words, False), text, recipe.wait or (2 if recipe.locked else 0)))

    def _pipe(self, recipe: _Recipe, line: Line, variable: str) -> None:
        session = self.session
        self._lock_for(recipe, line.words[0] if line.shell else " ".join(line.words))
        wait = recipe.wait or (2 if recipe.locked else 0)
        if "c" in recipe.flags and ("f" in recipe.flags or variable):
            session.say("Extraneous copy-flag ignored\n")
        if "f" in recipe.flags:
            self._filter(recipe, line, wait)
        elif variable:
            text = filter_through(session, line, self._out(recipe), wait)
            if text is not None:
                assign(session, variable, text.removesuffix("\n"), self)
            self.history.success = text is not None
        else:
            self._done(recipe, pipe_into(session, line, self._out(recipe), wait))

    def _print(self, recipe: _Recipe) -> None:
        """A lone `|`: standard output."""
        session, text = self.session, self._out(recipe)
        session.set_last_folder("|")
        session.last_length = len(text)
        session.process.out(text.encode("latin-1", "replace").decode("utf-8", "surrogateescape"))
        self._done(recipe, True)

    def _filter(self, recipe: _Recipe, line: Line, wait: int) -> None:
        """The flag f: the program's output takes the place of what it was given."""
        mail = self.session.mail
        head_only = "h" in recipe.flags and "b" not in recipe.flags
        body_only = "b" in recipe.flags and "h" not in recipe.flags
        text = filter_through(self.session, line, self._out(recipe), wait)
        self.history.success = text is not None
        if text is None:
            return
        mail.text = text + mail.text[mail.body :] if head_only else mail.header + text if body_only else text
        mail.find_body()

    def _lock_for(self, recipe: _Recipe, command: str) -> None:
        """The lock file of a program: named, or that of the file behind `>>`."""
        if not recipe.locked:
            return
        name = recipe.lock
        if name is None:
            found = _LOCK_NAME.search(command)
            if found is None or not found[1]:
                self.session.say_of("Couldn't determine implicit lockfile from", command)
                return
            name = "".join(Words(self.session, Source(found[1]), WORDS).read()) + self.session.get("LOCKEXT")
        lock_local(self.session, name, "")

    def _folder(self, recipe: _Recipe) -> None:
        session, source = self.session, self.source
        if "f" in recipe.flags:
            session.say("Extraneous filter-flag ignored\n")
        captured = re.compile(r"([A-Za-z_]\w*)[ \t]*=[ \t]*(?=[|!])", re.A).match(source.text, source.at)
        if captured:
            source.at = captured.end() + 1
            self._pipe(recipe, parse_command(session, source.line()), captured[1])
            return
        words = Words(session, source, WORDS).read() or [""]
        if recipe.locked:
            lock_local(session, recipe.lock, words[0])
        text = session.mail.text if "f" in recipe.flags else self._part(recipe)
        self._done(recipe, write_folder(session, words, text, "i" in recipe.flags, False, "r" in recipe.flags))

    # -- blocks -----------------------------------------------------------------------------------------------------------

    def _block(self, recipe: _Recipe) -> None:
        """`{ ... }`; with the flag c a copy of procmail goes through it, and this one passes it over."""
        session = self.session
        names = (("b", "deliver-body flag"), ("h", "deliver-head flag"), ("i", "ignore-write-error flag"), ("r", "raw-mode flag"))
        if recipe.locked and "c" not in recipe.flags:
            session.say("Extraneous locallockfile ignored\n")
        for flag, name in names:
            if flag in recipe.flags:
                session.say(f"Extraneous {name} ignored\n")
        self.history.success = True
        if "c" in recipe.flags:
            self._clone()
            self.skip += 1
        else:
            self.stack.append((self.history.previous, self.history.last))

    def _clone(self) -> None:
        from simulator.mda.procmail import finish_clone

        session = self.session
        session.tell("Forking", "procmail")
        finish_clone(self)


def _after_from(text: str) -> str:
    rest = text.partition("\n")[2]
    while rest.startswith(">"):
        rest = rest.partition("\n")[2]
    return rest
