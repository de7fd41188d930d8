"""An rc file of procmail: assignments, recipes and blocks, one after the other. procmailrc(5).

:0 flags : lockfile
* conditions
action: folder ..., | program, ! addresses, { block }
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from simulator.mda.procmail_action import Action, Recipe
from simulator.mda.procmail_condition import Conditions
from simulator.mda.procmail_folder import unlock_local
from simulator.mda.procmail_program import parse_command
from simulator.mda.procmail_source import Source
from simulator.mda.procmail_text import VALUE, WORDS, Words
from simulator.mda.procmail_variables import assign

if TYPE_CHECKING:
    from simulator.mda.procmail_session import Session

_FLAGS: Final = "HBDAahbfcwWiEer"


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
    switches: int = 0

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

    def _head(self) -> Recipe:
        """The line behind the colon: an old number of conditions, flags, a lock file."""
        words = Words(self.session, self.source, WORDS, bool(self.skip)).read()
        text = " ".join(words)
        recipe = Recipe()
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

    def _conditions(self, recipe: Recipe) -> bool:
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

    def _act(self, recipe: Recipe) -> None:
        source, action = self.source, Action(self, recipe)
        if source.test("!"):
            action.forward()
        elif source.test("|"):
            text = source.line()
            if text.strip(" \t"):
                action.pipe(parse_command(self.session, text), "")
            else:
                action.print()
        elif source.ended:
            self.session.say("Incomplete recipe\n")
        elif re.compile(r"\{[ \t\n]").match(source.text, source.at):
            source.at += 1
            self._block(recipe)
        else:
            action.folder()

    def _block(self, recipe: Recipe) -> None:
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
