"""postmap: compile, ask, list, change."""

import pytest

from simulator import Host, open_lab


@pytest.fixture
def host() -> Host:
    return open_lab("ubuntu", started=False, seed=0)["ubuntu"]


def test_from_source_to_answer(host: Host) -> None:
    """Keys lose their case, the first of two entries counts, mistakes are told with their line."""
    host.write("/root/t", "Anna bernd\nanna carla\nnur\ndora:  x\n")
    done = host.run("postmap t; postmap -q ANNA t; postmap -q nix t")
    assert (done.stdout, done.exit_code) == ("bernd\n", 1)
    assert done.stderr.splitlines() == [
        'postmap: warning: t.db: duplicate entry: "anna"',
        "postmap: warning: t, line 3: expected format: key whitespace value",
        'postmap: warning: t, line 4: record is in "key: value" format; is this an alias file?',
    ]
    assert "postfix/postmap" in host.read("/var/log/mail.log")


def test_the_result_belongs_to_whom_the_source_belongs(host: Host) -> None:
    """Owner and permissions are those of the source, not those of root who runs postmap."""
    host.run("echo 'a b' > ~anna/t; chown anna:anna ~anna/t; chmod 600 ~anna/t; postmap ~anna/t")
    assert host.run("stat -c '%U %a' ~anna/t.db").stdout == "anna 600\n"
    host.run("cp ~anna/t /etc/postfix/t; chown anna /etc/postfix/t")
    assert host.run("postmap /etc/postfix/t").stderr == "postmap: fatal: open database /etc/postfix/t.db: Permission denied\n"


def test_entries_come_and_go(host: Host) -> None:
    """-i adds, -r replaces, -d removes; the source does not notice."""
    host.run("echo 'a 1' > t; postmap t; echo 'b 2' | postmap -i t; echo 'a 3' | postmap -ir t; postmap -d b t")
    assert host.run("postmap -s t; cat t").stdout == "a\t3\na 1\n"


def test_a_fatal_error_takes_a_second(host: Host) -> None:
    """The program waits before it ends, and its exit status is 1."""
    before = host.clock.now
    assert host.run("postmap -q x hash:/fehlt").exit_code == 1
    assert host.clock.now - before >= 1


def test_headers_are_tried(host: Host) -> None:
    """-h asks for each header as a whole, with what MIME makes of the rest under -m."""
    host.write("/root/m", "To: anna,\n bernd\nX: y\n\nTo: carla\n")
    assert host.run("postmap -hq - 'regexp:{{/^To:.*bernd/ ja}, {/carla/ nein}}' < m").stdout == "To: anna,\n bernd\tja\n"
