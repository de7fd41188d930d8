"""The trainer in a notebook, and the record of progress."""

from pathlib import Path

import platformdirs
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from simulator.trainer.progress import Progress, ProgressError


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    monkeypatch.setattr(platformdirs, "user_data_path", lambda name: tmp_path / name)
    made = InteractiveShell()
    made.run_line_magic("load_ext", "simulator.jupyter")
    return made


def test_an_exercise_from_start_to_full_marks(shell: InteractiveShell) -> None:
    """Task, a failed check with its reason, the solution typed in a cell, all goals reached; the record remembers both checks."""
    task = shell.run_line_magic("exercise", "E05 --language de --name ben").data
    assert "vier Stunden" in task
    assert "Gesehen" in shell.run_line_magic("check", "").data
    shell.run_cell_magic("host", "ubuntu", "postconf -e 'delay_warning_time = 4h'\npostfix reload")
    assert shell.run_line_magic("check", "").data.startswith("**6 / 6 Punkte**")
    record = Progress().records["E05"]
    assert (record.attempts, record.best, record.passed) == (2, 6, True)


def test_hints_and_the_solution_cost_points_even_after_a_reset(shell: InteractiveShell) -> None:
    """A hint takes a tenth, the solution everything; starting again does not bring them back."""
    shell.run_line_magic("exercise", "E05 --name ben")
    shell.run_line_magic("hint", "")
    shell.run_line_magic("reset", "")
    assert shell.run_line_magic("check", "").data.startswith("**1.8 / 6 points**")
    assert "postfix reload" in shell.run_line_magic("solution", "").data
    assert shell.run_line_magic("check", "").data.startswith("**0 / 6 points**")
    assert "qmgr(8)" in shell.run_line_magic("explain", "").data


def test_a_table_mended_at_once_counts(shell: InteractiveShell) -> None:
    """Between two lines a learner needs time to type, so a table that is built again has another time of change."""
    shell.run_line_magic("exercise", "E08 --name ben")
    lines = ["echo 'hilfx: anna' >> /etc/aliases", "newaliases", "echo x | mail hilfx", "echo 'hilfy: anna' >> /etc/aliases", "newaliases", "echo x | mail hilfy"]
    shell.run_cell_magic("host", "ubuntu", "\n".join(lines))
    assert shell.user_ns["lab"]["ubuntu"].read("/var/mail/anna").count("\nX-Original-To: hilf") == 2


def test_mistakes_are_answered_in_one_line(shell: InteractiveShell, tmp_path: Path) -> None:
    """No exercise yet, an unknown one, a damaged record."""
    with pytest.raises(UsageError, match="no exercise yet"):
        shell.run_line_magic("check", "")
    with pytest.raises(UsageError, match="no exercise named 'E99'"):
        shell.run_line_magic("exercise", "E99")
    damaged = tmp_path / "progress.json"
    damaged.write_text("[")
    with pytest.raises(ProgressError, match="not a record of progress"):
        Progress(damaged)
