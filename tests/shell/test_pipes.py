"""What a program writes, the next one in the pipe reads."""

import pytest

from simulator import open_lab


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("seq 2 | cat", "1\n2\n"),
        ("cat /etc/hostname | cat", "ubuntu\n"),
        ("cat /etc/hostname | cat -A", "ubuntu$\n"),
        ("cat /etc/passwd | grep root | tr a-z A-Z | cut -d: -f1", "ROOT\n"),
        ("echo hi | cat | cat", "hi\n"),
        ("x=$(seq 2 | cat); echo $x", "1 2\n"),
        ("f() { cat; }; seq 2 | f", "1\n2\n"),
        ("for i in 1 2; do seq $i | cat; done | wc -l", "3\n"),
        ("cat <<E | cat -n\nfoo\nE", "     1\tfoo\n"),
        ("yes | head -2 | cat", "y\ny\n"),
        ("A=1 cat /etc/hostname | B=2 cat", "ubuntu\n"),
        ("echo 'a | cat'", "a | cat\n"),
        ("ls /etc | grep -c aliases | cat", "2\n"),
    ],
)
@pytest.mark.parametrize("tty", [False, True], ids=["plain", "terminal"])
def test_a_pipe_carries_everything(line: str, stdout: str, tty: bool) -> None:
    """With programs of ours and of bashkit's on either side, at any depth."""
    assert open_lab("ubuntu")["ubuntu"].run(line, tty=tty).stdout == stdout
