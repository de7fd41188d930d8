"""sendmail(1) and postdrop(1): what is accepted, what is refused, and where it goes."""

import pytest

from simulator.lab import open_lab
from simulator.unix.host import Host


@pytest.fixture
def host() -> Host:
    return open_lab("ubuntu").hosts["ubuntu"]


def test_a_message_is_delivered(host: Host) -> None:
    """What goes in at sendmail arrives in the mailbox, with the user as its sender."""
    assert host.run("printf 'Subject: Hallo\\n\\nText\\n' | /usr/sbin/sendmail bernd; sleep 2", user="anna").exit_code == 0
    mail = host.read("/var/mail/bernd")
    assert mail.startswith("From anna@ubuntu ")
    assert "\nSubject: Hallo\n" in mail
    assert mail.endswith("\n\nText\n\n")


def test_recipients_come_from_the_header_and_bcc_is_not_told(host: Host) -> None:
    """-t: To, Cc and Bcc are recipients; nobody sees Bcc."""
    host.run("printf 'To: bernd\\nBcc: carla\\nSubject: x\\n\\nx\\n' | /usr/sbin/sendmail -t; sleep 2", user="anna")
    assert "Subject: x" in host.read("/var/mail/carla")
    assert "carla" not in host.read("/var/mail/bernd")


def test_a_dot_ends_the_message_unless_i_is_given(host: Host) -> None:
    """A line with nothing but a dot is the end; -i takes it as text."""
    host.run("printf 'a\\n.\\nb\\n' | /usr/sbin/sendmail bernd; printf 'a\\n.\\nb\\n' | /usr/sbin/sendmail -i carla; sleep 2", user="anna")
    assert host.read("/var/mail/bernd").endswith("\n\na\n\n")
    assert host.read("/var/mail/carla").endswith("\n\na\n.\nb\n\n")


def test_without_recipients_nothing_is_sent(host: Host) -> None:
    """Fatal errors of sendmail end with 75, are shown and logged."""
    done = host.run("echo x | /usr/sbin/sendmail; echo $?", user="anna")
    text = "anna(1000): Recipient addresses must be specified on the command line or via the -t option"
    assert (done.stdout, done.stderr) == ("75\n", f"sendmail: fatal: {text}\n")
    assert host.read("/var/log/mail.log").endswith(f": fatal: {text}\n")


def test_the_message_size_limit(host: Host) -> None:
    """What is larger than message_size_limit is refused, and nothing stays in maildrop."""
    host.run("postconf -e message_size_limit=2000 mailbox_size_limit=0")
    done = host.run("head -c 5000 /dev/zero | tr '\\0' x | /usr/sbin/sendmail bernd; echo $?", user="anna")
    assert "message file too big" in done.stderr
    assert done.stdout == "75\n"
    assert host.run("ls /var/spool/postfix/maildrop").stdout == ""


def test_mail_is_kept_while_postfix_is_stopped(host: Host) -> None:
    """Nobody complains when the mail system is down: pickup finds the file later."""
    host.run("postfix stop")
    assert host.run("echo x | /usr/sbin/sendmail bernd", user="anna").stderr == ""
    assert not host.fs.exists("/var/mail/bernd")
    host.run("postfix start; sleep 3")
    assert host.read("/var/mail/bernd").endswith("\n\nx\n\n")


def test_users_may_be_forbidden_to_send(host: Host) -> None:
    """authorized_submit_users holds for sendmail and for postdrop itself."""
    host.run("postconf -e 'authorized_submit_users = !bernd, static:all'")
    refusal = "fatal: User bernd(1001) is not allowed to submit mail\n"
    assert host.run("echo x | /usr/sbin/sendmail anna", user="bernd").stderr == f"sendmail: {refusal}"
    assert host.run("/usr/sbin/postdrop < /dev/null", user="bernd").stderr == f"postdrop: {refusal}"
    assert host.run("echo x | /usr/sbin/sendmail bernd", user="anna").exit_code == 0


def test_maildrop_belongs_to_the_user_and_the_group(host: Host) -> None:
    """postdrop is set-gid: users may write maildrop through it only."""
    host.run("postfix stop")
    host.run("echo x | /usr/sbin/sendmail bernd", user="anna")
    assert host.run("stat -c '%A %U %G' /var/spool/postfix/maildrop/*").stdout == "-rwxr--r-- anna postdrop\n"
    assert host.run("ls /var/spool/postfix/maildrop", user="anna").exit_code == 2


def test_sendmail_asks_whether_an_address_can_be_reached(host: Host) -> None:
    """-bv delivers nothing and mails a report."""
    done = host.run("/usr/sbin/sendmail -bv bernd gibtsnicht; sleep 3", user="anna")
    assert done.stdout == "Mail Delivery Status Report will be mailed to <anna>.\n"
    assert not host.fs.exists("/var/mail/bernd")
    report = host.read("/var/mail/anna")
    assert "Action: deliverable" in report
    assert "Action: undeliverable" in report


def test_a_dialogue_on_standard_input(host: Host) -> None:
    """-bs speaks SMTP."""
    talk = "printf 'EHLO ich\\r\\nMAIL FROM:<anna@ubuntu>\\r\\nRCPT TO:<bernd@ubuntu>\\r\\nDATA\\r\\nSubject: bs\\r\\n\\r\\nx\\r\\n.\\r\\nQUIT\\r\\n'"
    done = host.run(f"{talk} | /usr/sbin/sendmail -bs; sleep 2", user="anna")
    assert done.stdout.startswith("220 ubuntu ESMTP Postfix")
    assert done.stdout.rstrip().endswith("221 2.0.0 Bye")
    assert "Subject: bs" in host.read("/var/mail/bernd")


def test_a_bad_option_is_named_twice(host: Host) -> None:
    """sendmail goes through its options twice, and so does getopt's complaint."""
    done = host.run("/usr/sbin/sendmail -Z bernd < /dev/null", user="anna")
    assert done.stderr.count("sendmail: invalid option -- 'Z'\n") == 2
