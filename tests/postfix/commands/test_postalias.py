"""postalias: aliases as local(8) will read them."""

import pytest

from simulator import Host, open_lab
from simulator.postfix.commands.postalias import NotAnAlias, parse_alias


@pytest.fixture
def host() -> Host:
    return open_lab("ubuntu", started=False, seed=0)["ubuntu"]


@pytest.mark.parametrize(
    ("line", "alias"),
    [
        ("info: anna, bernd", ("info", "anna, bernd")),
        ('"Anna Meier": anna', ("Anna Meier", "anna")),
        ("zwei worte: x", ("zwei worte", "x")),
        ("l: :include:/etc/liste", ("l", ":include:/etc/liste")),
        ('c: "|/bin/cat > /tmp/x"', ("c", '"|/bin/cat > /tmp/x"')),
        ("n: Carla <c@x> (hier)", ("n", "Carla <c@x>(hier)")),
        ("  ", None),
    ],
)
def test_a_line(line: str, alias: tuple[str, str] | None) -> None:
    """Names lose their quotes, values keep those that they need."""
    assert parse_alias(line) == alias


@pytest.mark.parametrize(("line", "fault"), [("info anna", "need name:value pair"), (": x", "need name:value pair"), ("a, b: c", "need name:value pair"), ("a@b: c", "name must be local")])
def test_a_bad_line(line: str, fault: str) -> None:
    """What is wrong is told in Postfix's words."""
    with pytest.raises(NotAnAlias, match=fault):
        parse_alias(line)


def test_newaliases_signs_the_table(host: Host) -> None:
    """Besides the aliases there are the entries that other programs look for."""
    host.run("echo 'Team: anna' >> /etc/aliases; newaliases")
    listed = dict(line.split(":\t") for line in host.run("postalias -s /etc/aliases").stdout.splitlines())
    assert listed["team"] == "anna"
    assert listed["@"] == "@"
    assert listed["YP_MASTER_NAME"] == "ubuntu"
    assert host.run("postalias -q TEAM hash:/etc/aliases").stdout == "anna\n"
