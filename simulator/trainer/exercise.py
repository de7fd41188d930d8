"""An exercise: `exercises/GROUP/ID.toml`, which a teacher can write.

    id = "E08"                      the name of the file
    skills = ["ALIAS-1"]            ids of the curriculum
    world = "ubuntu"                a folder of labs/
    start = ["..."]                 commands as root on the world's first host, or tables: run, user, host; or {advance = "5m"}
    solution = ["..."]              the same
    [title], [task], [explanation]  a text for `en` and one for `de` (Markdown)
    [draw]                          name = [values]: `{name}` anywhere in the file becomes one of them, chosen by the seed; no value
                                    is given to two names
    [[hints]]                       three, from a nudge to nearly the answer
    [[goals]]                       id, check (see `trainer.checks`), points, text, look, and what the check needs
    [[shortcuts]]                   commands of a wrong way, `fails`: the goal that catches it

What is wrong in a file is told in one line: file, key, expectation.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from typing import Any

from simulator import world as worlds
from simulator.content import folder

LANGUAGES = ("en", "de")
HINTS = 3
Texts = Mapping[str, str]


class ExerciseError(ValueError):
    """An exercise cannot be used: one line that names the file, the key and what was expected."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command on a host, or time that passes (`advance`, a duration such as "5m")."""

    host: str = ""
    user: str = "root"
    run: str = ""
    advance: str = ""


@dataclass(frozen=True, slots=True)
class Goal:
    """What must be true. `check` names a function of `trainer.checks`, `needs` are its arguments."""

    id: str
    check: str
    points: int
    text: Texts
    look: Texts
    needs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A wrong way, and the id of the goal that must catch it."""

    steps: tuple[Step, ...]
    fails: str


@dataclass(frozen=True, slots=True)
class Exercise:
    """One file of exercises/. `seed` is None as long as nothing is drawn: `{name}` still stands in the texts."""

    id: str
    group: str
    title: Texts
    skills: tuple[str, ...]
    world: str
    draw: Mapping[str, tuple[str, ...]]
    start: tuple[Step, ...]
    task: Texts
    goals: tuple[Goal, ...]
    hints: tuple[Texts, ...]
    solution: tuple[Step, ...]
    shortcuts: tuple[Shortcut, ...]
    explanation: Texts
    seed: int | None = None

    @property
    def points(self) -> int:
        """The most that can be had."""
        return sum(goal.points for goal in self.goals)

    def variant(self, seed: int) -> Exercise:
        """The exercise of one learner: every `{name}` replaced by the value that the seed draws."""
        values = self.values(seed)
        parts = ("title", "start", "task", "goals", "hints", "solution", "shortcuts", "explanation")
        return replace(self, seed=seed, **{part: _fill(getattr(self, part), values) for part in parts})

    def values(self, seed: int) -> dict[str, str]:
        """What the seed draws for each name of [draw]."""
        chance = random.Random(f"{self.id}/{seed}")
        values: dict[str, str] = {}
        for name, choices in self.draw.items():
            values[name] = chance.choice([choice for choice in choices if choice not in values.values()])
        return values


def _fill(part: Any, values: Mapping[str, str]) -> Any:
    if isinstance(part, str):
        return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), part)
    if isinstance(part, Mapping):
        return {key: _fill(value, values) for key, value in part.items()}
    if isinstance(part, tuple | list):
        return type(part)(_fill(value, values) for value in part)
    if isinstance(part, Step):
        return Step(*(_fill(getattr(part, name), values) for name in ("host", "user", "run", "advance")))
    if isinstance(part, Goal):
        return replace(part, text=_fill(part.text, values), look=_fill(part.look, values), needs=_fill(part.needs, values))
    if isinstance(part, Shortcut):
        return replace(part, steps=_fill(part.steps, values))
    return part


class _Reader:
    """One file being read; every complaint names it."""

    def __init__(self, where: str, data: dict[str, Any], checks: Mapping[str, tuple[set[str], set[str]]]) -> None:
        self.where = where
        self.data = data
        self.checks = checks
        self.host = ""

    def wrong(self, key: str, expected: str, found: object) -> ExerciseError:
        shown = "nothing" if found is None else repr(found)
        return ExerciseError(f"{self.where}: {key}: expected {expected}, found {shown}")

    def need(self, table: Mapping[str, Any], key: str, kind: type, name: str, path: str = "") -> Any:
        value = table.get(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise self.wrong(path + key, name, value)
        return value

    def texts(self, table: Mapping[str, Any], key: str, path: str = "") -> Texts:
        return self.language_pair(table.get(key), path + key)

    def language_pair(self, value: object, key: str) -> Texts:
        if not isinstance(value, dict):
            raise self.wrong(key, "a table with en and de", value)
        for language in LANGUAGES:
            if not isinstance(value.get(language), str) or not value[language].strip():
                raise self.wrong(f"{key}.{language}", "a text", value.get(language))
        return {language: value[language].strip() for language in LANGUAGES}

    def steps(self, table: Mapping[str, Any], key: str, path: str = "") -> tuple[Step, ...]:
        entries = table.get(key, [])
        if not isinstance(entries, list):
            raise self.wrong(path + key, "a list of commands", entries)
        return tuple(self.step(entry, f"{path}{key}[{number}]") for number, entry in enumerate(entries, 1))

    def step(self, entry: object, key: str) -> Step:
        if isinstance(entry, str):
            return Step(self.host, run=entry)
        known = {"host", "user", "run", "advance"}
        if not isinstance(entry, dict) or set(entry) - known or ("run" in entry) == ("advance" in entry):
            raise self.wrong(key, "a command, or a table with run (user, host) or advance", entry)
        return Step(**({"host": self.host} | entry))

    def goal(self, entry: Mapping[str, Any], key: str) -> Goal:
        name = self.need(entry, "id", str, "a name", key)
        check = self.need(entry, "check", str, "the name of a check", key)
        if check not in self.checks:
            raise self.wrong(key + "check", f"one of {', '.join(sorted(self.checks))}", check)
        points = self.need(entry, "points", int, "a number of points", key)
        needs = {name: value for name, value in entry.items() if name not in ("id", "check", "points", "text", "look")}
        required, optional = self.checks[check]
        for missing in sorted(required - set(needs)):
            raise self.wrong(key + missing, f"a value (the check {check!r} needs it)", None)
        for unknown in sorted(set(needs) - required - optional):
            raise self.wrong(key + unknown, f"one of {', '.join(sorted(required | optional))}", needs[unknown])
        return Goal(name, check, points, self.texts(entry, "text", key), self.texts(entry, "look", key), needs)

    def tables(self, key: str) -> list[tuple[Any, str]]:
        entries = self.data.get(key)
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            raise self.wrong(key, f"[[{key}]] tables", entries)
        return [(entry, f"{key}[{number}].") for number, entry in enumerate(entries, 1)]

    def draw(self) -> dict[str, tuple[str, ...]]:
        table = self.data.get("draw", {})
        for name, choices in table.items():
            if not isinstance(choices, list) or len(choices) < len(table) or not all(isinstance(choice, str) for choice in choices):
                raise self.wrong(f"draw.{name}", f"a list of {len(table)} texts or more", choices)
        return {name: tuple(choices) for name, choices in table.items()}

    def exercise(self, name: str, group: str) -> Exercise:
        data = self.data
        if self.need(data, "id", str, "a text") != name:
            raise self.wrong("id", f"{name!r} as the file is named", data["id"])
        world = self.need(data, "world", str, "the name of a lab")
        if world not in worlds.available():
            raise self.wrong("world", f"one of {', '.join(worlds.available())}", world)
        self.host = worlds.load(world).hosts[0].name
        hints = tuple(self.language_pair(entry, key.rstrip(".")) for entry, key in self.tables("hints"))
        if len(hints) != HINTS:
            raise self.wrong("hints", f"{HINTS} hints", len(hints))
        goals = tuple(self.goal(entry, key) for entry, key in self.tables("goals"))
        return Exercise(
            name, group, self.texts(data, "title"), tuple(self.need(data, "skills", list, "a list of skills")), world, self.draw(),
            self.steps(data, "start"), self.texts(data, "task"), goals, hints, self.steps(data, "solution"),
            self.shortcuts({goal.id for goal in goals}), self.texts(data, "explanation"),
        )  # fmt: skip

    def shortcuts(self, goals: set[str]) -> tuple[Shortcut, ...]:
        found = []
        for entry, key in self.tables("shortcuts"):
            fails = self.need(entry, "fails", str, "the id of a goal", key)
            if fails not in goals:
                raise self.wrong(key + "fails", f"one of {', '.join(sorted(goals))}", fails)
            found.append(Shortcut(self.steps(entry, "run", key), fails))
        return tuple(found)


def parse(text: str, name: str, group: str) -> Exercise:
    """Read the text of `exercises/GROUP/NAME.toml`. Raises ExerciseError."""
    from simulator.trainer.checks import VOCABULARY

    where = f"exercises/{group}/{name}.toml"
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ExerciseError(f"{where}: not TOML: {error}") from error
    return _Reader(where, data, VOCABULARY).exercise(name, group)


def _files() -> dict[str, tuple[str, Traversable]]:
    groups = sorted((entry for entry in folder("exercises").iterdir() if entry.is_dir()), key=lambda entry: entry.name)
    files = {file.name.removesuffix(".toml"): (group.name, file) for group in groups for file in group.iterdir() if file.name.endswith(".toml")}
    return dict(sorted(files.items()))


def available() -> list[str]:
    """The ids of all exercises."""
    return list(_files())


def load(name: str) -> Exercise:
    """Read an exercise by its id. Raises ExerciseError for an unknown or malformed one."""
    files = _files()
    if name not in files:
        raise ExerciseError(f"no exercise named {name!r} (there are: {', '.join(files)})")
    group, file = files[name]
    return parse(file.read_text("utf-8"), name, group)
