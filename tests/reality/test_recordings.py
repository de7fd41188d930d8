"""What real hosts did, the simulator does: to the letter, for every step that was ever exact."""

import json
from pathlib import Path

import pytest

from tests.reality.replay import HERE, cases, differences, name

#: case -> numbers of the steps that must be exact. `python -m tests.reality.grow` adds to it and never takes away.
EXACT: dict[str, list[int]] = json.loads((HERE / "exact.json").read_text("utf-8"))


@pytest.mark.parametrize("path", cases(), ids=name)
def test_a_recorded_session(path: Path) -> None:
    """No step of exact.json is lost."""
    broken = differences(path)
    lost = [text for number, text in broken.items() if number in EXACT.get(name(path), ())]
    assert not lost, "\n\n".join(lost)


def test_the_list_names_only_recordings_that_exist() -> None:
    """A recording that was dropped must not hide."""
    assert set(EXACT) <= {name(path) for path in cases()}
