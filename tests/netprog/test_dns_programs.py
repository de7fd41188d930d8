"""dig, host, nslookup, getent: what learners read of the DNS."""

from __future__ import annotations

import pytest

from simulator import open_lab
from simulator.lab import Lab


@pytest.fixture(scope="module")
def lab() -> Lab:
    return open_lab("three", started=False)


@pytest.mark.parametrize(
    ("command", "answer", "status"),
    [
        ("dig +short mx example.net", "20 mx2.example.net.\n10 mx1.example.net.\n", 0),
        ("dig +short mx1.example.net", "192.0.2.31\n", 0),
        ("dig +short -x 192.0.2.31", "mx1.example.net.\n", 0),
        ("dig +short nosuch.example.net", "", 0),
        (
            "dig +short @192.0.2.31 +tries=1 mx1.example.net",
            ";; communications error to 192.0.2.31#53: connection refused\n;; no servers could be reached\n",
            9,
        ),
        ("host mx1.example.net", "mx1.example.net has address 192.0.2.31\n", 0),
        ("host example.com", "example.com mail is handled by 10 hub.example.com.\n", 0),
        ("host nosuch.example.net", "Host nosuch.example.net not found: 3(NXDOMAIN)\n", 1),
        ("host 192.0.2.40", "40.2.0.192.in-addr.arpa domain name pointer hub.example.com.\n", 0),
        ("nslookup mx1.example.net", "Server:\t\t192.0.2.53\nAddress:\t192.0.2.53#53\n\nName:\tmx1.example.net\nAddress: 192.0.2.31\n\n", 0),
        ("getent hosts hub.example.com", "192.0.2.40      hub.example.com\n", 0),
        ("getent hosts nosuch.example.com", "", 2),
        ("hostname -f", "client.example.com\n", 0),
        ("hostname -s", "client\n", 0),
    ],
)
def test_answers(lab: Lab, command: str, answer: str, status: int) -> None:
    """As the real programs print them."""
    done = lab["client"].run(command)
    assert (done.stdout, done.exit_code) == (answer, status)


def test_dig_in_full(lab: Lab) -> None:
    """The sections of a reply."""
    text = lab["client"].run("dig example.com mx").stdout
    for part in (
        "->>HEADER<<- opcode: QUERY, status: NOERROR",
        ";; ANSWER SECTION:\nexample.com.\t\t60\tIN\tMX\t10 hub.example.com.\n",
        ";; ADDITIONAL SECTION:",
        ";; SERVER: 192.0.2.53#53",
    ):
        assert part in text


def test_without_a_name_server() -> None:
    """Both loopback addresses are asked, the first one more often."""
    lab = open_lab("ubuntu", started=False)
    done = lab["ubuntu"].run("host example.org")
    refused = ";; communications error to {}#53: connection refused\n"
    assert done.stdout == refused.format("::1") * 2 + refused.format("127.0.0.1") + ";; no servers could be reached\n"
    assert done.exit_code == 1


def test_a_silent_name_server() -> None:
    """Waiting takes virtual time."""
    lab = open_lab("three", started=False)
    lab.network.dns.fail("example.net", "TIMEOUT")
    before = lab.now
    assert lab["client"].run("host mx1.example.net").exit_code == 1
    assert 9 < lab.now - before < 12
