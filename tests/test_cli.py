"""The command `maillab`."""

import io
import sys
from pathlib import Path

import pytest

from simulator import cli


def test_labs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, title, hosts."""
    assert cli.main(["labs"]) == 0
    assert "ubuntu      A single host: ubuntu\n" in capsys.readouterr().out


def test_a_shell_reads_lines_from_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`maillab shell ubuntu < file` shows what a terminal would."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("echo hi | mail -s one anna\n%advance 1m\nmailq\n%host ubuntu anna\nwhoami\n"))
    assert cli.main(["shell", "ubuntu"]) == 0
    assert capsys.readouterr().out == (
        "root@ubuntu:~# echo hi | mail -s one anna\nroot@ubuntu:~# %advance 1m\nroot@ubuntu:~# mailq\nMail queue is empty\n"
        "root@ubuntu:~# %host ubuntu anna\nanna@ubuntu:~$ whoami\nanna\n"
    )


@pytest.mark.parametrize(("arguments", "text"), [(["shell", "nowhere"], "no lab named 'nowhere'"), (["shell", "ubuntu", "hub"], "no host 'hub'"),
                                                 (["shell", "ubuntu", "--user", "zoe"], "no user 'zoe'")])  # fmt: skip
def test_mistakes_are_one_line(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, no traceback."""
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert text in said
    assert said.count("\n") == 1


def test_notebooks_are_copied_and_never_overwritten(tmp_path: Path) -> None:
    """What a learner has changed stays."""
    target = cli.notebooks(tmp_path / "books")
    changed = target / "00-start.ipynb"
    assert changed.exists()
    changed.write_text("mine")
    cli.notebooks(target)
    assert changed.read_text() == "mine"


def test_jupyterlab_is_told_where_no_browser_can_open(tmp_path: Path) -> None:
    """On a server the address is printed instead."""
    assert "--no-browser" in cli.lab_arguments(tmp_path, browser=False, extra=())
    assert "--no-browser" not in cli.lab_arguments(tmp_path, browser=True, extra=())


def test_real_programs_reach_a_host(capsys: pytest.CaptureFixture[str]) -> None:
    """`maillab serve three hub` prints the port, and serves it for as long as it is told."""
    assert cli.main(["serve", "three", "hub", "--seconds", "0.05"]) == 0
    assert capsys.readouterr().out.startswith("hub, port 25, answers at 127.0.0.1 port ")


def test_a_door_to_nowhere_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2 for an unknown host."""
    assert cli.main(["serve", "three", "mx9"]) == 2
    assert "no host 'mx9'" in capsys.readouterr().err
