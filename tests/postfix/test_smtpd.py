"""smtpd(8) as its clients see it."""

from __future__ import annotations

import re

import pytest

from simulator import open_lab
from simulator.lab import Lab
from tests.postfix.smtp_dialogue import Dialogue, smtpd_lines


@pytest.fixture
def lab() -> Lab:
    return open_lab("three")


def configure(lab: Lab, *settings: str, host: str = "hub") -> None:
    quoted = " ".join(f"'{setting}'" for setting in settings)
    done = lab[host].run(f"postconf -e {quoted} && postfix reload")
    assert done.exit_code == 0, done.stderr


def test_a_message_by_hand(lab: Lab) -> None:
    """What is typed into SMTP is delivered, and the log tells the session from connect to disconnect."""
    client = Dialogue(lab)
    assert client.greeting == "220 hub.example.com ESMTP Postfix (Debian/GNU)"
    assert client.say("EHLO client").splitlines()[1:4] == ["250-PIPELINING", "250-SIZE 10240000", "250-VRFY"]
    assert client.say("MAIL FROM:<dora@example.net>") == "250 2.1.0 Ok"
    assert client.say("RCPT TO:<anna@example.com>") == "250 2.1.5 Ok"
    assert client.say("DATA") == "354 End data with <CR><LF>.<CR><LF>"
    queued = client.say("Subject: hello\r\n\r\n..a dot\r\n.")
    assert re.fullmatch(r"250 2\.0\.0 Ok: queued as [0-9A-F]+", queued)
    assert client.say("QUIT") == "221 2.0.0 Bye"
    lab.settle()
    mailbox = lab["hub"].read("/var/mail/anna")
    assert "Received: from client (client.example.com [192.0.2.41])\n\tby hub.example.com (Postfix) with ESMTP id " in mailbox
    assert mailbox.endswith("\n\n.a dot\n\n")
    queue_id = queued.rsplit(" ", 1)[1]
    assert smtpd_lines(lab) == [
        "connect from client.example.com[192.0.2.41]",
        f"{queue_id}: client=client.example.com[192.0.2.41]",
        "disconnect from client.example.com[192.0.2.41] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
    ]


def test_nobody_relays_through_a_stranger(lab: Lab) -> None:
    """Without permission a host takes no mail for other domains, and says so once in its log."""
    client = Dialogue(lab)
    client.say("EHLO client")
    client.say("MAIL FROM:<dora@example.net>")
    assert client.say("RCPT TO:<x@example.org>") == "454 4.7.1 <x@example.org>: Relay access denied"
    client.hang_up()
    assert [line for line in smtpd_lines(lab) if "reject" in line] == [
        "NOQUEUE: reject: RCPT from client.example.com[192.0.2.41]: 454 4.7.1 <x@example.org>: Relay access denied; "
        "from=<dora@example.net> to=<x@example.org> proto=ESMTP helo=<client>"
    ]


def test_a_refusal_is_told_to_the_trace(lab: Lab) -> None:
    """Which parameter and restriction decided is data, not only a line of text."""
    client = Dialogue(lab)
    client.say("EHLO client")
    client.say("MAIL FROM:<dora@example.net>")
    client.say("RCPT TO:<nobody-here@example.com>")
    client.hang_up()
    rejected = [event for event in lab.trace if event.event == "rejected"]
    assert [event.data["restriction"] for event in rejected] == ["reject_unlisted_recipient"]
    assert rejected[0].data["recipient"] == "nobody-here@example.com"


@pytest.mark.parametrize(
    ("commands", "reply"),
    [
        (["MAIL FROM:<a@example.net>", "MAIL FROM:<b@example.net>"], "503 5.5.1 Error: nested MAIL command"),
        (["RCPT TO:<anna@example.com>"], "503 5.5.1 Error: need MAIL command"),
        (["DATA"], "503 5.5.1 Error: need RCPT command"),
        (["MAIL FROM:<a@example.net>", "DATA"], "554 5.5.1 Error: no valid recipients"),
        (["MAIL FROM:a@b SIZE=99999999"], "552 5.3.4 Message size exceeds fixed limit"),
        (["MAIL FROM:<a@b> FOO=1"], "555 5.5.4 Unsupported option: FOO=1"),
        (["RCPT"], "503 5.5.1 Error: need MAIL command"),
        (["FROBNICATE"], "500 5.5.2 Error: command not recognized"),
        ([""], "500 5.5.2 Error: bad syntax"),
        (["VRFY"], "501 5.5.4 Syntax: VRFY address [SMTPUTF8]"),
    ],
)  # fmt: skip
def test_commands_out_of_order(lab: Lab, commands: list[str], reply: str) -> None:
    """Each mistake has its own answer, and the session goes on."""
    client = Dialogue(lab)
    client.say("EHLO client")
    assert [client.say(command) for command in commands][-1] == reply
    assert client.say("NOOP") == "250 2.0.0 Ok"
    client.hang_up()


def test_a_clumsy_client_is_slowed_down_and_sent_away(lab: Lab) -> None:
    """After smtpd_soft_error_limit mistakes each reply takes a second; after smtpd_hard_error_limit the session ends."""
    configure(lab, "smtpd_soft_error_limit = 2", "smtpd_hard_error_limit = 4")
    client = Dialogue(lab)
    begin = lab.clock.now
    for _ in range(3):
        client.say("WHAT")
    assert 0.9 < lab.clock.now - begin < 1.1  # the third reply came late
    assert client.say("WHAT") == "500 5.5.2 Error: command not recognized"
    lab.advance(2)
    assert smtpd_lines(lab)[-2:] == [
        "too many errors after UNKNOWN from client.example.com[192.0.2.41]",
        "disconnect from client.example.com[192.0.2.41] unknown=0/4 commands=0/4",
    ]


def test_a_silent_client_is_forgotten(lab: Lab) -> None:
    """smtpd_timeout is virtual time: nobody waits five minutes for it."""
    client = Dialogue(lab)
    client.say("EHLO client")
    lab.advance(301)
    assert "timeout after EHLO from client.example.com[192.0.2.41]" in smtpd_lines(lab)


def test_a_client_that_cannot_wait(lab: Lab) -> None:
    """Who speaks before the greeting is noted once, and served all the same."""
    lab["client"].run(r"printf 'EHLO c\r\nQUIT\r\n' | nc -N hub.example.com 25")
    assert smtpd_lines(lab)[1] == r"improper command pipelining after CONNECT from client.example.com[192.0.2.41]: EHLO c\r\nQUIT\r\n"


def test_nothing_stays_in_the_queue_of_a_broken_connection(lab: Lab) -> None:
    """A message without its end is no message."""
    client = Dialogue(lab)
    client.say("EHLO client")
    client.say("MAIL FROM:<dora@example.net>")
    client.say("RCPT TO:<anna@example.com>")
    client.say("DATA")
    client._writer.write(b"Subject: half\r\n")
    client.hang_up()
    assert lab["hub"].run("mailq").stdout == "Mail queue is empty\n"
    assert "lost connection after DATA (15 bytes) from client.example.com[192.0.2.41]" in smtpd_lines(lab)


def test_a_relay_without_a_lock_does_not_start(lab: Lab) -> None:
    """Restrictions that would let everybody relay are fatal, and master(8) throttles the service."""
    configure(lab, "smtpd_relay_restrictions =")
    lab["client"].run("nc -w3 hub.example.com 25 </dev/null")
    lab.advance(2)
    log = lab["hub"].read("/var/log/mail.log")
    assert "fatal: in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, specify at least one working instance of" in log
    assert "smtpd: bad command startup -- throttling" in log


def test_a_fault_answers_instead_of_the_server(lab: Lab) -> None:
    """A lab can let a server say anything at a stage."""
    lab.network.faults.set("reply", host="hub", stage="rcpt", text="452 4.2.2 Mailbox full", match="anna@", times=1)
    client = Dialogue(lab)
    client.say("EHLO client")
    client.say("MAIL FROM:<dora@example.net>")
    assert client.say("RCPT TO:<anna@example.com>") == "452 4.2.2 Mailbox full"
    assert client.say("RCPT TO:<anna@example.com>") == "250 2.1.5 Ok"
    client.hang_up()


def test_a_lab_can_be_copied_after_a_session(lab: Lab) -> None:
    """What smtpd(8) remembers is plain data."""
    lab["client"].run("swaks -s hub.example.com -f dora@example.net -t anna@example.com -tls")
    lab.settle()
    twin = lab.fork()
    assert twin["client"].run("swaks -s hub.example.com -f dora@example.net -t anna@example.com -q rcpt").exit_code == 0
    assert len(twin["hub"].read("/var/log/mail.log")) > len(lab["hub"].read("/var/log/mail.log"))


def test_stopping_postfix_cuts_sessions_off(lab: Lab) -> None:
    """`postfix stop` ends the processes in the middle of what they do."""
    client = Dialogue(lab)
    client.say("EHLO client")
    lab["hub"].run("postfix stop")
    lab.advance(1)
    assert client.say("NOOP") == ""
