"""Postfix's client against another implementation of SMTP, outside the lab."""

from simulator import open_lab


def test_mail_leaves_our_world() -> None:
    """Nobody answered at mail.example.org; once a stranger's server does, the waiting mail goes out, dots and all."""
    lab = open_lab("three")
    lab["client"].run("printf 'Subject: out\\n\\none\\n.two\\n' | sendmail -i -f anna@example.com dora@example.org")
    lab.settle()
    lab.advance(10)
    assert "No route to host" in lab["client"].run("mailq").stdout
    outside = lab.stranger("192.0.2.25", "mail.example.org")
    lab["client"].run("postqueue -f")
    lab.settle()
    assert lab["client"].run("mailq").stdout == "Mail queue is empty\n"
    (mail,) = outside.received
    assert (mail.client, mail.helo, mail.sender, mail.recipients) == ("192.0.2.41", "client.example.com", "anna@example.com", ("dora@example.org",))
    assert mail.content.endswith(b"one\r\n.two\r\n")
    assert "status=sent (250 2.0.0 OK: message 1)" in lab["client"].read("/var/log/mail.log")


def test_a_refusal_bounces_with_the_strangers_words() -> None:
    """550 at RCPT TO: the sender reads the reply."""
    lab = open_lab("three")
    lab.stranger("192.0.2.25", "mail.example.org", {"gone@example.org": "550 5.1.1 No such user"})
    lab["client"].run("echo hi | mail -s x gone@example.org", user="anna")
    lab.settle()
    assert "said: 550 5.1.1 No such user (in reply to RCPT TO" in lab["client"].read("/var/mail/anna").replace("\n    ", " ")


def test_a_fork_has_its_own_stranger() -> None:
    """What a copy sends out does not arrive at the original's stranger."""
    lab = open_lab("three")
    outside = lab.stranger("192.0.2.25", "mail.example.org")
    twin = lab.fork()
    twin["client"].run("echo hi | mail -s x dora@example.org")
    twin.settle()
    assert outside.received == []
    assert "status=sent" in twin["client"].read("/var/log/mail.log")
