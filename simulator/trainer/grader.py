"""An attempt at an exercise: its lab, the hints taken, and the grade."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.lab import Lab, open_lab
from simulator.trainer.checks import CHECKS, Trial
from simulator.trainer.exercise import Exercise, Goal, Step

#: The share of the points that a hint costs.
HINT_COST = 0.1
#: A person needs this many virtual seconds for a command.
TYPING = 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """One goal: what was expected, what was seen, where to look. `points` are those reached."""

    goal: str
    passed: bool
    points: int
    most: int
    expected: str
    seen: str
    look: str


@dataclass(frozen=True, slots=True)
class Grade:
    """All goals of a check, and the points after what the hints cost."""

    judgements: tuple[Judgement, ...]
    points: float
    most: int

    @property
    def passed(self) -> bool:
        """Every goal is reached."""
        return all(entry.passed for entry in self.judgements)


def seed_for(learner: str, exercise: str) -> int:
    """The seed of one learner's variant; a teacher can make it again from the two names."""
    return zlib.crc32(f"{learner}/{exercise}".encode())


class Attempt:
    """One learner at one exercise, from its start."""

    def __init__(self, exercise: Exercise, seed: int) -> None:
        self.exercise = exercise.variant(seed)
        self.seed = seed
        self.hints = 0
        self.solved_for = False
        self.lab = open_lab(exercise.world, seed=seed)
        self.lab.settle()
        play(self.lab, self.exercise.start)
        self.start = self.lab.fork()

    def again(self) -> Attempt:
        """The same variant from its start. What was shown stays shown: hints and solution still cost."""
        fresh = Attempt(self.exercise, self.seed)
        fresh.hints, fresh.solved_for = self.hints, self.solved_for
        return fresh

    def hint(self, language: str) -> str:
        """The next hint; the last one again when there are no more. Each costs a share of the points."""
        self.hints = min(self.hints + 1, len(self.exercise.hints))
        return self.exercise.hints[self.hints - 1][language]

    def solution(self) -> tuple[Step, ...]:
        """The commands of the solution. From now on this attempt earns nothing."""
        self.solved_for = True
        return self.exercise.solution

    def check(self, language: str) -> Grade:
        """Try every goal out, each on its own fork; the lab itself is not touched."""
        judgements = tuple(self._judge(goal, language) for goal in self.exercise.goals)
        share = 0.0 if self.solved_for else 1 - HINT_COST * self.hints
        return Grade(judgements, round(sum(entry.points for entry in judgements) * share, 2), self.exercise.points)

    def _judge(self, goal: Goal, language: str) -> Judgement:
        token = f"probe-{zlib.crc32(f'{self.seed}/{goal.id}/{len(self.lab.trace)}'.encode()):08x}"
        trial = Trial(self.lab.fork(), self.start.fork(), language, token)
        verdict = CHECKS[goal.check](trial, **goal.needs)
        points = goal.points if verdict.passed else 0
        return Judgement(goal.id, verdict.passed, points, goal.points, goal.text[language], verdict.seen, goal.look[language])


def play(lab: Lab, steps: Sequence[Step]) -> None:
    """Do the steps as a person does: one after the other, with time to type."""
    for step in steps:
        if step.advance:
            lab.advance(step.advance)
        else:
            lab.run(step.host, step.run, step.user)
            lab.settle()
            lab.advance(TYPING)
        lab.settle()
