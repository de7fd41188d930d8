"""swaks: a session as it is shown, its options and exit codes."""

from __future__ import annotations

import pytest

from simulator import open_lab
from simulator.lab import Lab


@pytest.fixture
def lab() -> Lab:
    return open_lab("three")


def test_a_session(lab: Lab) -> None:
    """What swaks does, sends and reads, line by line."""
    done = lab["client"].run("swaks --server hub.example.com --from a@example.net --to anna@example.com --helo pc17 --quit-after RCPT", user="bernd")
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if not line.startswith("<-  250-")] == [
        "=== Trying hub.example.com:25...", "=== Connected to hub.example.com.", "<-  220 hub.example.com ESMTP Postfix (Debian/GNU)", " -> EHLO pc17",
        "<-  250 CHUNKING", " -> MAIL FROM:<a@example.net>", "<-  250 2.1.0 Ok", " -> RCPT TO:<anna@example.com>", "<-  250 2.1.5 Ok", " -> QUIT",
        "<-  221 2.0.0 Bye", "=== Connection closed with remote host.",
    ]  # fmt: skip


def test_the_message_arrives(lab: Lab) -> None:
    """Header, body and dots are as they were given."""
    lab["client"].run("swaks -s hub -f a@example.net -t anna@example.com --h-Subject 'hello there' --header 'X-Test: yes' --body 'one\\n.two'")
    lab.settle()
    mail = lab["hub"].read("/var/mail/anna")
    for line in ("Subject: hello there", "X-Test: yes", "\none\n.two\n"):
        assert line in mail


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ("-s hub -t anna@example.com", 0),
        ("-s hub -t nobody-there@example.com", 24),
        ("-s hub:26 -t anna@example.com", 2),
        ("-s 192.0.2.99 -t anna@example.com", 2),
        ("-s hub", 1),
        ("-s hub -t anna@example.com --tls -q helo", 0),
        ("-s hub -t anna@example.com --auth PLAIN --auth-user x --auth-password y", 28),
    ],
)
def test_exit_codes(lab: Lab, options: str, status: int) -> None:
    """Each kind of trouble has its number."""
    assert lab["client"].run(f"swaks {options} -S 2 </dev/null").exit_code == status


def test_the_server_is_found_by_its_mx(lab: Lab) -> None:
    """Without --server the recipient's domain decides."""
    assert "=== Trying mx1.example.net:25...\n" in lab["client"].run("swaks -t carla@example.net -q rcpt").stdout


def test_inside_tls(lab: Lab) -> None:
    """The arrows get a wave."""
    text = lab["client"].run("swaks -s hub.example.com -t anna@example.com -tls -q helo").stdout
    assert (
        '=== TLS started with cipher TLSv1.3:TLS_AES_256_GCM_SHA384:256\n=== TLS no local certificate set\n=== TLS peer DN="/CN=vm"\n ~> EHLO '
        in text
    )
    assert text.endswith(" ~> QUIT\n<~  221 2.0.0 Bye\n=== Connection closed with remote host.\n")


def test_silence(lab: Lab) -> None:
    """-S 1 begins to speak with the error, -S 3 never."""
    one, three = (lab["client"].run(f"swaks -s hub -t no@example.com -S {level}") for level in (1, 3))
    assert one.stdout.startswith("<** 550 5.1.1 <no@example.com>: Recipient address rejected")
    assert (three.stdout, three.stderr, three.exit_code) == ("", "", 24)


def test_a_file_is_attached(lab: Lab) -> None:
    """As MIME, with its name."""
    lab["client"].run("echo data > note.txt; swaks -s hub -t anna@example.com --body text --attach-type text/plain --attach @note.txt")
    lab.settle()
    mail = lab["hub"].read("/var/mail/anna")
    assert "Content-Type: multipart/mixed" in mail
    assert "ZGF0YQo=" in mail
