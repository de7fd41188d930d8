"""The trainer's magics: `%exercise`, `%check`, `%hint`, `%solution`, `%reset`, `%explain`."""

from __future__ import annotations

import getpass
import time
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import Markdown

from simulator.jupyter.magics import MaillabMagics
from simulator.trainer.exercise import LANGUAGES, ExerciseError, Step, load
from simulator.trainer.grader import TYPING, Attempt, Grade, seed_for
from simulator.trainer.progress import Progress, ProgressError

WORDS = {
    "en": {"points": "points", "expected": "Expected", "seen": "Seen", "look": "Look at"},
    "de": {"points": "Punkte", "expected": "Erwartet", "seen": "Gesehen", "look": "Sieh nach"},
}


def _command(step: Step) -> str:
    return f"%advance {step.advance}" if step.advance else f"{step.user}@{step.host}: {step.run}"


@magics_class
class TrainerMagics(Magics):
    """One exercise at a time; its lab is the lab of the notebook."""

    def __init__(self, shell: Any, maillab: MaillabMagics) -> None:
        super().__init__(shell)
        self.maillab = maillab
        self.attempt: Attempt | None = None
        self.language = "en"
        self.since = 0.0

    def current(self) -> Attempt:
        """The attempt under way. Raises UsageError, shown as one line, if there is none."""
        if self.attempt is None:
            raise UsageError("there is no exercise yet: start one with %exercise E08")
        return self.attempt

    @magic_arguments()
    @argument("id", help="for example E08")
    @argument("--language", default="en", choices=LANGUAGES, help="en or de")
    @argument("--name", default="", help="whose variant (your login name if not given)")
    @line_magic
    def exercise(self, line: str) -> Markdown:
        """Start an exercise: its lab becomes the lab of the notebook."""
        options = parse_argstring(self.exercise, line)
        try:
            chosen = load(options.id)
        except ExerciseError as error:
            raise UsageError(str(error)) from None
        self.language = options.language
        return self._begin(Attempt(chosen, seed_for(options.name or getpass.getuser(), chosen.id)))

    def _begin(self, attempt: Attempt) -> Markdown:
        self.attempt, self.since = attempt, time.time()
        self.maillab.lab = attempt.lab
        self.maillab.logins = {}
        self.maillab.typing = TYPING
        self.shell.push({"lab": attempt.lab})
        exercise = attempt.exercise
        return Markdown(f"### {exercise.id} {exercise.title[self.language]}\n\n{exercise.task[self.language]}")

    @line_magic
    def check(self, line: str) -> Markdown:
        """Try out what has been built; the lab is not touched. The result is kept in the record of progress."""
        attempt, now = self.current(), time.time()
        grade = attempt.check(self.language)
        try:
            Progress().note(attempt.exercise.id, grade.points, grade.most, grade.passed, now, now - self.since)
        except ProgressError as error:
            raise UsageError(str(error)) from None
        self.since = now
        return Markdown(self._report(grade))

    def _report(self, grade: Grade) -> str:
        words = WORDS[self.language]
        lines = [f"**{grade.points:g} / {grade.most} {words['points']}**"]
        for entry in grade.judgements:
            lines.append(f"- {'✓' if entry.passed else '✗'} {words['expected']}: {entry.expected} ({entry.points}/{entry.most})")
            if not entry.passed:
                first, *evidence = entry.seen.splitlines()
                lines.append(f"  - {words['seen']}: {first}" + "".join(f"\n    - `{log}`" for log in evidence))
                lines.append(f"  - {words['look']}: {entry.look}")
        return "\n".join(lines)

    @line_magic
    def hint(self, line: str) -> Markdown:
        """The next hint; it costs a tenth of the points."""
        return Markdown(self.current().hint(self.language))

    @line_magic
    def solution(self, line: str) -> Markdown:
        """The solution; from now on this attempt earns no points."""
        commands = "\n".join(_command(step) for step in self.current().solution())
        return Markdown(f"```\n{commands}\n```")

    @line_magic("reset")
    def reset_attempt(self, line: str) -> Markdown:
        """Start the same variant again (takes the place of IPython's `%reset`); hints and a solution that were shown still count."""
        old = self.current()
        return self._begin(old.again())

    @line_magic
    def explain(self, line: str) -> Markdown:
        """The explanation afterwards, with the manual pages."""
        return Markdown(self.current().exercise.explanation[self.language])
