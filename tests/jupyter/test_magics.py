"""The magics in a real IPython shell: what a cell prints, and how mistakes are answered."""

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def shell() -> InteractiveShell:
    made = InteractiveShell()
    made.run_line_magic("load_ext", "simulator.jupyter")
    made.run_line_magic("lab", "ubuntu")
    return made


def cell(shell: InteractiveShell, capsys: pytest.CaptureFixture[str], where: str, text: str) -> str:
    capsys.readouterr()
    shell.run_cell_magic("host", where, text)
    said = capsys.readouterr()
    return said.out + said.err


def test_a_cell_looks_like_a_terminal(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """Prompt, command, answer; the directory is kept; a here-document is one command."""
    said = cell(shell, capsys, "ubuntu", "cd /tmp\npwd\ncat <<E\nhi\nE\nfalse\necho $?")
    assert said == (
        "root@ubuntu:~# cd /tmp\nroot@ubuntu:/tmp# pwd\n/tmp\nroot@ubuntu:/tmp# cat <<E\n> hi\n> E\nhi\nroot@ubuntu:/tmp# false\nroot@ubuntu:/tmp# echo $?\n1\n"
    )


def test_mail_is_delivered_between_two_lines(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command settles before the next prompt, as it would while a person types."""
    said = cell(shell, capsys, "ubuntu", "echo hi | mail -s first anna\ngrep -c ^Subject /var/mail/anna")
    assert said.endswith("\n1\n")


def test_another_user_has_another_prompt(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """`--user anna` is anna, in her home, with her rights."""
    said = cell(shell, capsys, "ubuntu --user anna", "whoami; pwd\ncat /etc/shadow")
    assert said == "anna@ubuntu:~$ whoami; pwd\nanna\n/home/anna\nanna@ubuntu:~$ cat /etc/shadow\ncat: /etc/shadow: Permission denied\n"


def test_time_passes(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """%advance takes the durations of postconf(5)."""
    before = shell.user_ns["lab"].now
    shell.run_line_magic("advance", "5d")
    assert shell.user_ns["lab"].now - before == 432000


@pytest.mark.parametrize(
    ("magic", "line", "text"),
    [
        ("lab", "nowhere", "no lab named 'nowhere'"),
        ("advance", "soon", "not a duration: 'soon'"),
        ("fault", "ubuntu", "expected: %fault"),
        ("fault", "hub x y", "has no host 'hub'"),
    ],
)
def test_a_mistake_is_one_line(shell: InteractiveShell, magic: str, line: str, text: str) -> None:
    """UsageError is shown by IPython without a traceback."""
    with pytest.raises(UsageError, match=text):
        shell.run_line_magic(magic, line)


def test_tab_completes_paths_of_the_host(shell: InteractiveShell) -> None:
    """/etc/ali<Tab> in a %%host cell."""
    session = shell.user_ns["lab"].login("ubuntu")
    assert session.paths("/etc/ali") == ["/etc/aliases", "/etc/aliases.db"]
    assert "postconf" in session.programs("postc")


def test_the_chain_is_drawn_without_a_system_graphviz() -> None:
    """The picture is SVG and holds every agent."""
    from simulator.jupyter import chain, draw

    picture = draw(chain())
    assert picture.lstrip().startswith("<?xml") or "<svg" in picture
    assert all(agent in picture for agent in ("MUA", "MSA", "MTA", "MDA", "MRA"))
