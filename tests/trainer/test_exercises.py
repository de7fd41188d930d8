"""The proof of every exercise: solution, untouched start and wrong ways, for several learners."""

import pytest

from simulator.trainer.exercise import LANGUAGES, ExerciseError, available, load, parse
from simulator.trainer.grader import Attempt, play

SEEDS = range(5)
CASES = [(name, seed) for name in available() for seed in SEEDS]


def failed(attempt: Attempt) -> set[str]:
    return {entry.goal for entry in attempt.check("en").judgements if not entry.passed}


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_the_solution_gets_full_marks(name: str, seed: int) -> None:
    """Who does what the solution says has reached every goal."""
    attempt = Attempt(load(name), seed)
    play(attempt.lab, attempt.exercise.solution)
    grade = attempt.check("en")
    assert grade.passed, [entry for entry in grade.judgements if not entry.passed]
    assert grade.points == grade.most


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_the_untouched_start_fails_and_says_why(name: str, seed: int) -> None:
    """Nothing done is not enough; the reason is there in both languages, and checking changes nothing."""
    attempt = Attempt(load(name), seed)
    for language in LANGUAGES:
        grade = attempt.check(language)
        assert not grade.passed
        assert all(entry.seen and entry.expected and entry.look for entry in grade.judgements)
    assert len(attempt.lab.trace) == len(attempt.start.trace)


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_every_shortcut_fails_at_its_goal(name: str, seed: int) -> None:
    """A wrong way is caught by the goal that was made for it."""
    shortcuts = load(name).variant(seed).shortcuts
    assert shortcuts
    for shortcut in shortcuts:
        attempt = Attempt(load(name), seed)
        play(attempt.lab, shortcut.steps)
        assert shortcut.fails in failed(attempt), shortcut


@pytest.mark.parametrize("name", available())
def test_nothing_is_left_undrawn(name: str) -> None:
    """No `{name}` of [draw] is left in a learner's variant, and two learners can get different ones."""
    exercise = load(name)
    shown = repr(exercise.variant(1))
    assert not [key for key in exercise.draw if "{" + key + "}" in shown]
    if exercise.draw:
        assert len({tuple(exercise.values(seed).items()) for seed in range(20)}) > 1


def source(name: str, group: str) -> str:
    from simulator.content import folder

    return folder("exercises").joinpath(group, f"{name}.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('id = "E08"', 'id = "E09"', "exercises/alias/E08.toml: id: expected 'E08' as the file is named, found 'E09'"),
        ('world = "ubuntu"', 'world = "moon"', "exercises/alias/E08.toml: world: expected one of three, ubuntu, found 'moon'"),
        ('check = "alias"', 'check = "oracle"', "exercises/alias/E08.toml: goals[1].check: expected one of "),
        ('key = "{alias}"', "", "exercises/alias/E08.toml: goals[1].key: expected a value (the check 'alias' needs it), found nothing"),
        ("points = 2", 'points = "2"', "exercises/alias/E08.toml: goals[1].points: expected a number of points, found '2'"),
        ('de = "Der erste Alias"', "", "exercises/alias/E08.toml: title.de: expected a text, found nothing"),
        ('fails = "accounts"', 'fails = "nothing"', "exercises/alias/E08.toml: shortcuts[3].fails: expected one of "),
        ("[title]", "[title", "exercises/alias/E08.toml: not TOML: "),
    ],
)
def test_a_malformed_file_is_told_in_one_line(old: str, new: str, complaint: str) -> None:
    """File, key, expectation."""
    text = source("E08", "alias")
    assert old in text
    with pytest.raises(ExerciseError) as caught:
        parse(text.replace(old, new, 1), "E08", "alias")
    assert str(caught.value).startswith(complaint)
    assert "\n" not in str(caught.value)
