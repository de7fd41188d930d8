"""smtp(8): where mail goes, and what becomes of it when the other side does not want it."""

from __future__ import annotations

import pytest

from tests.postfix.mail_flow import fates, said, send, three

MX1 = "mx1.example.net[192.0.2.31]:25"


def test_the_better_server_comes_first() -> None:
    """MX records are tried in the order of their preference."""
    lab = three()
    send(lab)
    assert fates(lab) == [(MX1, "2.0.0", "sent", "250 2.0.0 Ok: queued as ID")]
    assert "Subject: test" in lab["mx1"].read("/var/mail/carla")


def test_the_next_server_when_the_first_is_down() -> None:
    """A second server takes over; a domain whose servers are all down keeps its mail in the queue."""
    lab = three()
    lab["mx1"].run("postfix stop")
    lab.network.dns.add("example.net. MX 15 hub.example.com.")
    lab["hub"].run("postconf -e 'relay_domains = example.net' 'mydestination = hub.example.com'; postfix reload")
    send(lab)
    assert fates(lab)[0][:3] == ("hub.example.com[192.0.2.40]:25", "2.0.0", "sent")
    assert "connect to mx1.example.net[192.0.2.31]:25: Connection refused" in said(lab, "client", "postfix/smtp")
    assert fates(lab, "hub") == [("none", "4.4.1", "deferred", "connect to mx1.example.net[192.0.2.31]:25: Connection refused")]


@pytest.mark.parametrize(
    ("stage", "reply", "fate"),
    [
        ("rcpt", "550 5.1.1 no such user", ("5.1.1", "bounced", "host NAME said: 550 5.1.1 no such user (in reply to RCPT TO command)")),
        ("mail", "553 go away", ("5.0.0", "bounced", "host NAME said: 553 go away (in reply to MAIL FROM command)")),
        ("end-of-data", "554 5.7.1 spam", ("5.7.1", "bounced", "host NAME said: 554 5.7.1 spam (in reply to end of DATA command)")),
        ("rcpt", "450 4.2.0 later", ("4.2.0", "deferred", "host NAME said: 450 4.2.0 later (in reply to RCPT TO command)")),
        ("end-of-data", "451 4.3.0 full", ("4.3.0", "deferred", "host NAME said: 451 4.3.0 full (in reply to end of DATA command)")),
        ("connect", "554 5.7.1 not you", ("4.7.1", "deferred", "host NAME refused to talk to me: 554 5.7.1 not you")),
        ("connect", "421 4.3.2 busy", ("4.3.2", "deferred", "host NAME refused to talk to me: 421 4.3.2 busy")),
    ],
)
def test_refusals(stage: str, reply: str, fate: tuple[str, str, str]) -> None:
    """A permanent no returns the mail, a temporary one keeps it; a greeting is never permanent."""
    lab = three("'relayhost = [mx1.example.net]'")
    lab.network.faults.set("reply", host="mx1", stage=stage, text=reply)
    send(lab)
    dsn, status, text = fate
    assert fates(lab, daemon="postfix/smtp") == [(MX1, dsn, status, text.replace("NAME", MX1.removesuffix(":25")))]


@pytest.mark.parametrize(
    ("stage", "text"),
    [
        ("connect", "lost connection with NAME while receiving the initial server greeting"),
        ("ehlo", "lost connection with NAME while performing the EHLO handshake"),
        ("rcpt", "lost connection with NAME while sending RCPT TO"),
        ("end-of-data", "lost connection with NAME while sending end of data -- message may be sent more than once"),
    ],
)
def test_a_server_that_hangs_up(stage: str, text: str) -> None:
    """The log says what was going on."""
    lab = three("'relayhost = [mx1.example.net]' smtp_tls_security_level=none")
    lab.network.faults.set("close", host="mx1", stage=stage)
    send(lab)
    assert fates(lab)[0][1:] == ("4.4.2", "deferred", text.replace("NAME", MX1.removesuffix(":25")))


@pytest.mark.parametrize(
    ("recipient", "fate"),
    [
        (
            "karl@nosuch.example.net",
            ("5.4.4", "bounced", "Host or domain name not found. Name service error for name=nosuch.example.net type=A: Host not found"),
        ),
        (
            "karl@silent.example.com",
            ("4.4.3", "deferred", "Host or domain name not found. Name service error for name=silent.example.com type=MX: Host not found, try again"),
        ),
        ("karl@nullmx.example.org", ("5.1.0", "bounced", "Domain nullmx.example.org does not accept mail (nullMX)")),
        (
            "karl@lost.example.org",
            ("5.4.4", "bounced", "Host or domain name not found. Name service error for name=nowhere.example.org type=A: Host not found"),
        ),
        ("karl@[192.0.2.99]", ("4.4.1", "deferred", "connect to 192.0.2.99[192.0.2.99]:25: No route to host")),
    ],
)
def test_names_that_lead_nowhere(recipient: str, fate: tuple[str, str, str]) -> None:
    """No such name is permanent, a name server that is silent is not."""
    lab = three()
    dns = lab.network.dns
    dns.fail("silent.example.com", "TIMEOUT")
    dns.add("nullmx.example.org. MX 0 .")
    dns.add("lost.example.org. MX 10 nowhere.example.org.")
    send(lab, f"'{recipient}'")
    lab.advance(20)
    assert fates(lab, daemon="postfix/smtp")[0][1:] == fate


def test_mail_does_not_go_in_circles() -> None:
    """A host that is the best server for a domain it does not know returns the mail."""
    lab = three("'mydestination = $myhostname'", host="hub")
    send(lab, "anna@example.com", host="hub")
    assert fates(lab, "hub")[0] == ("none", "5.4.6", "bounced", "mail for example.com loops back to myself")


def test_a_fallback_relay_is_the_last_resort() -> None:
    """It gets what could not be delivered, and only that."""
    lab = three("'smtp_fallback_relay = [hub.example.com]'")
    lab["hub"].run("postconf -e 'mynetworks = 192.0.2.0/24'; postfix reload")
    send(lab)
    lab["mx1"].run("postfix stop")
    send(lab)
    assert [fate[0] for fate in fates(lab)] == [MX1, "hub.example.com[192.0.2.40]:25"]


def test_many_recipients_and_one_refusal() -> None:
    """Each recipient has a fate of its own."""
    lab = three()
    send(lab, "carla@example.net karl@example.net dora@example.net")
    assert sorted(fate[1:3] for fate in fates(lab, daemon="postfix/smtp")) == [("2.0.0", "sent"), ("2.0.0", "sent"), ("5.1.1", "bounced")]


def test_local_addresses_get_a_name_that_the_world_knows() -> None:
    """smtp_generic_maps rewrites envelope and header, and smtp_helo_name is what the server hears."""
    lab = three("smtp_generic_maps=hash:/etc/postfix/generic smtp_helo_name=mail.example.com")
    lab["client"].run("echo 'anna@client.example.com anna@example.org' > /etc/postfix/generic; postmap /etc/postfix/generic")
    lab["client"].run("echo hi | mail -s test carla@example.net", user="anna")
    lab.settle()
    mail = lab["mx1"].read("/var/mail/carla")
    assert "Return-Path: <anna@example.org>" in mail
    assert "From: anna@example.org" in mail
    assert "Received: from mail.example.com (client.example.com [192.0.2.41])" in mail


def test_connections_are_used_again() -> None:
    """While there is more mail for a destination, a connection without TLS is kept and used again."""
    lab = three("smtp_tls_security_level=none smtp_destination_concurrency_limit=1 'relayhost = [mx1.example.net]'")
    lab["client"].run("postfix stop; for i in 1 2 3 4; do printf 'Subject: x\\n\\nx\\n' | /usr/sbin/sendmail carla@example.net; done; postfix start")
    lab.settle()
    lab.advance(5)
    used = [line.count("conn_use=") for line in said(lab, "client", "postfix/smtp") if "status=sent" in line]
    assert used == [0, 0, 1, 1]
    assert "disconnect from client.example.com[192.0.2.41] ehlo=1 mail=3 rcpt=3 data=3 rset=2 commands=12" in said(lab, "mx1", "postfix/smtpd")


@pytest.mark.parametrize(
    ("settings", "word", "status"),
    [
        ("smtp_tls_security_level=may", "Trusted", "sent"),
        ("smtp_tls_security_level=may smtp_tls_CApath=", "Untrusted", "sent"),
        ("smtp_tls_security_level=encrypt", "Trusted", "sent"),
        ("smtp_tls_security_level=verify", "Untrusted", "deferred"),
    ],
)
def test_tls_levels(settings: str, word: str, status: str) -> None:
    """A certificate that signed itself is good enough for opportunistic TLS; to be verified it must bear the host's name."""
    lab = three(f"smtp_tls_loglevel=1 'relayhost = [mx1.example.net]' {settings}")
    send(lab)
    assert [line.split(" TLS ")[0] for line in said(lab, "client", "postfix/smtp") if "TLS connection" in line] == [word]
    assert fates(lab)[0][2] == status


def test_encryption_or_nothing() -> None:
    """At level encrypt mail stays when the server offers no TLS."""
    lab = three("smtp_tls_security_level=encrypt 'relayhost = [mx1.example.net]'")
    lab["mx1"].run("postconf -e smtpd_tls_security_level=none; postfix reload")
    send(lab)
    assert fates(lab)[0] == (MX1, "4.7.4", "deferred", "TLS is required, but was not offered by host mx1.example.net[192.0.2.31]")


def test_a_relay_host_with_a_port_and_without_brackets() -> None:
    """Without brackets the MX records of the name count."""
    lab = three("'relayhost = example.net'")
    send(lab, "karl@example.org")
    refusal = "host mx1.example.net[192.0.2.31] said: 454 4.7.1 <karl@example.org>: Relay access denied (in reply to RCPT TO command)"
    assert f"ID: {refusal}" in said(lab, "client", "postfix/smtp")
    assert fates(lab)[0][1:] == ("4.4.1", "deferred", "connect to mx2.example.net[192.0.2.32]:25: No route to host")
    lab["client"].run("postconf -e 'relayhost = [hub.example.com]:2525'; postfix reload; postsuper -d ALL")
    send(lab, "karl@example.org")
    assert fates(lab)[-1] == ("none", "4.4.1", "deferred", "connect to hub.example.com[192.0.2.40]:2525: Connection refused")


def test_postfix_stop_in_the_middle_of_a_conversation() -> None:
    """The server sees the connection break; the mail is still in the queue."""
    lab = three("'relayhost = [mx1.example.net]' smtp_tls_security_level=none")
    lab.network.faults.set("slow", host="mx1", seconds=10)
    lab["client"].run("printf 'Subject: x\\n\\nx\\n' | /usr/sbin/sendmail carla@example.net; sleep 15; postfix stop")
    lab.network.faults.clear()
    lab.advance(60)
    assert said(lab, "mx1", "postfix/smtpd")[-1].startswith("disconnect from client.example.com[192.0.2.41]")
    lab["client"].run("postfix start")
    lab.settle()
    lab.advance(120)
    assert fates(lab)[-1][2] == "sent"


def test_a_lab_at_rest_is_copied_without_replay() -> None:
    """After a delivery with TLS nothing is left that cannot be copied."""
    lab = three()
    send(lab)
    lab.history.clear()
    twin = lab.fork()
    send(twin)
    assert (len(fates(lab)), len(fates(twin))) == (1, 2)
