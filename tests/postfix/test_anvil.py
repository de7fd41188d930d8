"""anvil(8), the counter behind the limits of smtpd(8)."""

from __future__ import annotations

from simulator import open_lab
from simulator.lab import Lab
from tests.postfix.smtp_dialogue import Dialogue, smtpd_lines


def lab_with(*settings: str) -> Lab:
    lab = open_lab("three")
    lab["hub"].run(f"postconf -e {' '.join(settings)}; postfix reload")
    return lab


def statistics(lab: Lab) -> list[str]:
    lines = lab["hub"].read("/var/log/mail.log").splitlines()
    return [line.partition("statistics: ")[2].partition(" at ")[0] for line in lines if "statistics" in line]


def test_connections_at_the_same_time() -> None:
    """One client too many is told so; when another has gone there is room again."""
    lab = lab_with("smtpd_client_connection_count_limit=2")
    first, second = Dialogue(lab), Dialogue(lab)
    assert Dialogue(lab).greeting == "421 4.7.0 hub.example.com Error: too many connections from 192.0.2.41"
    assert Dialogue(lab, client="mx1").greeting.startswith("220 ")
    first.hang_up()
    second.hang_up()
    assert Dialogue(lab).greeting.startswith("220 ")
    assert "warning: Connection concurrency limit exceeded: 3 from client.example.com[192.0.2.41] for service smtp" in smtpd_lines(lab)


def test_a_rate_is_forgotten_after_its_time() -> None:
    """What counts is anvil_rate_time_unit from the first event on."""
    lab = lab_with("smtpd_client_message_rate_limit=1")
    client = Dialogue(lab)
    client.say("EHLO client")
    assert client.say("MAIL FROM:<a@example.net>") == "250 2.1.0 Ok"
    client.say("RSET")
    assert client.say("MAIL FROM:<a@example.net>") == "450 4.7.1 Error: too much mail from 192.0.2.41"
    lab.advance(62)
    assert client.say("MAIL FROM:<a@example.net>") == "250 2.1.0 Ok"
    client.hang_up()


def test_statistics_at_the_end() -> None:
    """When nobody has been there for a while the process ends, and tells the highest values."""
    lab = lab_with("smtpd_client_recipient_rate_limit=50")
    for _ in range(3):
        client = Dialogue(lab)
        client.say("EHLO client")
        client.say("MAIL FROM:<a@example.net>")
        client.say("RCPT TO:<anna@example.com>")
        client.hang_up()
    lab.advance(400)
    assert statistics(lab) == [
        "max connection rate 3/60s for (smtp:192.0.2.41)",
        "max connection count 1 for (smtp:192.0.2.41)",
        "max recipient rate 3/60s for (smtp:192.0.2.41)",
        "max cache size 1",
    ]
