"""What a real Debian 12 writes, the simulator writes, to the letter: hundreds of lines of the shell and its tools."""

from pathlib import Path

import pytest

from simulator.unix.host import Host
from tests.shell.reality.replay import SESSIONS, Part, normal, prepared_host, read, replay


@pytest.fixture(scope="module")
def prepared() -> Host:
    return prepared_host()


def _shown(user: str, want: Part, got: Part) -> str:
    sides = "".join(f"{name}: {part.exit_code}\n{normal(part.stdout)}{normal(part.stderr)}" for name, part in (("real", want), ("here", got)))
    return f"{user}$ {want.line}\n{sides}"


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_a_recorded_session(prepared: Host, path: Path) -> None:
    """No part that was ever the same is lost. `python -m tests.shell.reality.grow` takes the mark off those that have become so."""
    lost = []
    for session in read(path):
        for want, got in replay(prepared, session):
            if not want.differs and not want.same(got):
                lost.append(_shown(session["user"], want, got))
    assert not lost, "\n".join(lost)
