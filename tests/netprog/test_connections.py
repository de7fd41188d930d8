"""nc, telnet, ss, ip, ping: connections made by hand, and a look at who listens."""

from __future__ import annotations

import pytest

from simulator import open_lab
from simulator.lab import Lab


@pytest.fixture
def lab() -> Lab:
    return open_lab("three")


@pytest.mark.parametrize(
    ("command", "stderr", "status"),
    [
        ("nc -vz hub.example.com 25", "Connection to hub.example.com (192.0.2.40) 25 port [tcp/smtp] succeeded!\n", 0),
        ("nc -vz hub.example.com 26", "nc: connect to hub.example.com (192.0.2.40) port 26 (tcp) failed: Connection refused\n", 1),
        ("nc -vz 192.0.2.99 25", "nc: connect to 192.0.2.99 port 25 (tcp) failed: No route to host\n", 1),
        ("nc -z nosuch.example.com 25", 'nc: getaddrinfo for host "nosuch.example.com" port 25: Name or service not known\n', 1),
        ("nc hub", "nc: missing port number\n", 1),
        ("nc -n hub 25", 'nc: getaddrinfo for host "hub" port 25: Name or service not known\n', 1),
    ],
)
def test_nc_says_what_happened(lab: Lab, command: str, stderr: str, status: int) -> None:
    """With the words of OpenBSD's nc."""
    done = lab["client"].run(command)
    assert (done.stderr, done.exit_code) == (stderr, status)


def test_a_dialogue_with_pauses(lab: Lab) -> None:
    """`sleep` at the left of the pipe makes the client wait for the server, so there is nothing improper in it."""
    lines = "for line in 'ehlo pc17' 'mail from:<a@example.net>' 'rcpt to:<anna@example.com>' quit; do echo \"$line\"; sleep 0.5; done"
    before = lab.now
    done = lab["client"].run(f"{{ sleep 1; {lines}; }} | nc -CN -w9 hub 25 | grep -c ^250")
    assert done.stdout == "13\n"
    assert 2.9 < lab.now - before < 3.2
    log = lab["hub"].read("/var/log/mail.log")
    assert "improper command pipelining" not in log
    assert "disconnect from client.example.com[192.0.2.41] ehlo=1 mail=1 rcpt=1 quit=1 commands=4" in log


def test_without_pauses_the_server_notices(lab: Lab) -> None:
    """Everything at once, before the greeting."""
    lab["client"].run("printf 'EHLO x\\r\\nQUIT\\r\\n' | nc -N hub 25")
    assert "improper command pipelining after CONNECT from client.example.com[192.0.2.41]: EHLO x\\r\\nQUIT\\r\\n" in lab["hub"].read(
        "/var/log/mail.log"
    )


def test_telnet(lab: Lab) -> None:
    """Its own words go before those of the server."""
    done = lab["client"].run("(sleep 1; echo QUIT; sleep 1) | telnet hub 25")
    assert done.stdout.splitlines() == [
        "Trying 192.0.2.40...",
        "Connected to hub.",
        "Escape character is '^]'.",
        "220 hub.example.com ESMTP Postfix (Debian/GNU)",
        "221 2.0.0 Bye",
    ]
    assert done.stderr == "Connection closed by foreign host.\n"
    assert lab["client"].run("telnet hub 26").stderr == "telnet: Unable to connect to remote host: Connection refused\n"


def test_timeout_ends_a_conversation(lab: Lab) -> None:
    """timeout(1) hangs up, and the server notices."""
    before = lab.now
    done = lab["client"].run("timeout 5 nc hub 25")
    assert (done.exit_code, done.stdout) == (124, "220 hub.example.com ESMTP Postfix (Debian/GNU)\n")
    assert 5 <= lab.now - before < 5.2
    lab.advance(1)
    assert "lost connection after CONNECT from client.example.com[192.0.2.41]" in lab["hub"].read("/var/log/mail.log")


def test_who_listens(lab: Lab) -> None:
    """ss shows sockets with their processes, to root."""
    assert "0.0.0.0:25" in lab["hub"].run("ss -ltn").stdout
    assert 'users:(("master",pid=' in lab["hub"].run("ss -ltnp").stdout
    assert "master" not in lab["hub"].run("ss -ltnp", user="anna").stdout


def test_own_addresses(lab: Lab) -> None:
    """ip addr and hostname -I agree."""
    assert "inet 192.0.2.40/24" in lab["hub"].run("ip addr").stdout
    assert lab["hub"].run("hostname -I").stdout == "192.0.2.40 \n"
