"""mail(1) of GNU Mailutils as it sends: options, aliases, attachments, text that is typed."""

import pytest

from simulator.lab import open_lab
from simulator.unix.host import Host


@pytest.fixture
def host() -> Host:
    return open_lab("ubuntu").hosts["ubuntu"]


def _text(host: Host, user: str) -> str:
    """The mailbox without what Postfix added before the program's own header."""
    return host.read(f"/var/mail/{user}").partition("+0000 (UTC)\n")[2]


def test_the_order_of_the_header(host: Host) -> None:
    """Subject, To, User-Agent and Date are mail's; Message-Id and From are Postfix's."""
    host.run("echo Text | mail -s Betreff bernd; sleep 2", user="anna")
    head = _text(host, "bernd").partition("\n\n")[0].splitlines()
    assert [line.partition(":")[0] for line in head] == ["Subject", "To", "User-Agent", "Date", "Message-Id", "From"]
    assert head[:3] == ["Subject: Betreff", "To: bernd@ubuntu", "User-Agent: mail (GNU Mailutils 3.15)"]
    assert head[5] == "From: anna@ubuntu"


def test_further_fields_and_another_sender(host: Host) -> None:
    """-a adds a field, -r says who sends."""
    host.run("echo x | mail -s x -a 'X-Art: neu' -r chef@ubuntu bernd; sleep 2", user="anna")
    assert "\nX-Art: neu\n" in host.read("/var/mail/bernd")
    assert host.read("/var/mail/bernd").startswith("From chef@ubuntu ")


def test_an_attachment_makes_a_multipart_message(host: Host) -> None:
    """-A: the text is the first part, the file the second, in base64."""
    host.run("echo geheim > datei; echo Text | mail -s x -A datei bernd; sleep 2", user="anna")
    text = _text(host, "bernd")
    boundary = text.partition('boundary="')[2].partition('"')[0]
    parts = text.split(f"--{boundary}")
    assert len(parts) == 4
    assert "Text\n" in parts[1]
    assert 'Content-Disposition: attachment; filename="datei"' in parts[2]
    assert "Z2VoZWltCg==" in parts[2]


def test_an_empty_message_is_sent_with_a_remark(host: Host) -> None:
    """Null message body: once a warning, never an error."""
    done = host.run("mail -s leer bernd < /dev/null; sleep 2", user="anna")
    assert done.stderr == "mail: Null message body; hope that's ok\n"
    assert host.read("/var/mail/bernd").count("Subject: ") == 1


def test_aliases_and_variables_of_mailrc(host: Host) -> None:
    """~/.mailrc is read before anything is done; -n leaves only the system's out."""
    host.run("printf 'alias freunde bernd carla\\n' > .mailrc; echo x | mail -s rc freunde; sleep 2", user="anna")
    assert "Subject: rc" in host.read("/var/mail/bernd")
    assert "Subject: rc" in host.read("/var/mail/carla")


def test_what_cannot_be_sent_becomes_dead_letter(host: Host) -> None:
    """The program says what sendmail's status was, and keeps the message."""
    host.run("postconf -e authorized_submit_users=root")
    done = host.run("echo verloren | mail -s x bernd; echo $?", user="anna")
    assert (done.stdout, done.stderr) == ("1\n", "mail: cannot send message: Process exited with a non-zero status\n")
    assert "verloren" in host.read("/home/anna/dead.letter")


def test_recipients_from_the_text(host: Host) -> None:
    """-t takes them from the header of the text."""
    host.run("printf 'To: bernd\\nCc: carla\\nSubject: aus dem Text\\n\\nx\\n' | mail -t; sleep 2", user="anna")
    assert "Subject: aus dem Text" in host.read("/var/mail/carla")


def test_an_unknown_option(host: Host) -> None:
    """The GNU way of complaining; it does not keep the message from being sent."""
    done = host.run("echo x | mail --falsch -s x bernd; sleep 2", user="anna")
    assert "unrecognized option '--falsch'" in done.stderr
