"""mail(1) of GNU Mailutils as it reads: summary, commands on standard input, what happens to the mailbox."""

import pytest

from simulator.lab import open_lab
from simulator.unix.host import Host


@pytest.fixture
def host() -> Host:
    """anna has three messages."""
    host = open_lab("ubuntu").hosts["ubuntu"]
    host.run("for i in eins zwei drei; do echo \"Text $i\" | mail -s $i anna; sleep 1; done; sleep 1", user="bernd")
    return host


def _mail(host: Host, *commands: str, options: str = "") -> str:
    typed = "".join(f"{command}\\n" for command in commands)
    done = host.run(f"printf '{typed}' | mail {options}", user="anna")
    return done.stdout + done.stderr


def test_the_summary(host: Host) -> None:
    """-H: a line a message, with the cursor, lines and octets."""
    lines = host.run("mail -H", user="anna").stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(">N   1 bernd@ubuntu ")
    assert lines[2].endswith("   drei")


def test_is_there_mail(host: Host) -> None:
    """-e tells it by its status only."""
    assert host.run("mail -e", user="anna").exit_code == 0
    assert host.run("mail -e", user="carla").exit_code == 1


def test_no_mail(host: Host) -> None:
    """An empty mailbox is not opened."""
    assert host.run("mail", user="carla").stdout == "No mail for carla\n"


def test_read_mail_moves_to_mbox(host: Host) -> None:
    """What was read goes to ~/mbox at the end, what was not stays; `x` leaves everything as it was."""
    _mail(host, "p 2", "x")
    assert host.read("/var/mail/anna").count("\nSubject: ") == 3
    assert "Saved 1 message in /home/anna/mbox\nHeld 2 messages in /var/mail/anna\n" in _mail(host, "p 2", "q")
    assert "Subject: zwei" in host.read("/home/anna/mbox")
    assert "Subject: zwei" not in host.read("/var/mail/anna")


def test_deleted_mail_is_gone(host: Host) -> None:
    """d and u take lists of messages: numbers, ranges, senders, subjects. What was deleted once counts as read."""
    _mail(host, "d 1-2", "u 2", "d /drei", "q")
    assert not [line for line in host.read("/var/mail/anna").splitlines() if line.startswith("Subject")]
    subjects = [line for line in host.read("/home/anna/mbox").splitlines() if line.startswith("Subject")]
    assert subjects == ["Subject: zwei"]


def test_saved_mail_is_a_mailbox_again(host: Host) -> None:
    """s appends the message to a file that mail can read."""
    shown = _mail(host, "s 1 ablage", "s 3 ablage", "x")
    assert shown.count('"/home/anna/ablage"') == 2
    assert host.run("mail -f ablage -H | wc -l", user="anna").stdout == "2\n"


def test_written_text_has_no_header(host: Host) -> None:
    """w writes the body only."""
    _mail(host, "w 1 text", "x")
    assert host.read("/home/anna/text") == "Text eins\n"


def test_an_answer(host: Host) -> None:
    """r quotes nothing by itself; the subject gets a Re:."""
    _mail(host, "r 1", "Ja.", "~.")
    host.run("sleep 2")
    assert "Subject: Re: eins" in host.read("/var/mail/bernd")


def test_mistakes(host: Host) -> None:
    """What is not understood is named."""
    shown = _mail(host, "blah", "p 9", "h :u", "x")
    assert "mail: Unknown command: blah\n" in shown
    assert "mail: 9: invalid message number\n" in shown


def test_somebody_elses_mailbox(host: Host) -> None:
    """Rights are those of the file."""
    assert host.run("mail -u anna", user="carla").stderr == "mail: Cannot create mailbox %anna: Requested item not found\n"
    assert host.run("mail -u anna -H").stdout.count("bernd@ubuntu") == 3


def test_mail_that_comes_in_meanwhile_is_not_lost(host: Host) -> None:
    """The mailbox is written again at the end; what was delivered in between stays."""
    _mail(host, "d 1", "!echo neu | mail -s neu anna; sleep 3", "q")
    assert "Subject: neu" in host.read("/var/mail/anna")
    assert "Subject: eins" not in host.read("/var/mail/anna")


def test_a_maildir(host: Host) -> None:
    """-f takes a Maildir: new mail moves to cur, names tell numbers and flags, deleted files are gone."""
    host.run("postconf -e home_mailbox=Maildir/; postfix reload; for i in 1 2 3; do echo $i | mail -s nr$i carla; sleep 1; done; sleep 1")
    shown = host.run("printf 'p 1\\nd 2\\nq\\n' | mail -f Maildir", user="carla").stdout
    assert shown.startswith('"/home/carla/Maildir": 3 messages 3 new\n>N   1 root ')
    assert shown.endswith("Held 2 messages in /home/carla/Maildir\n")
    assert host.run("ls Maildir/new", user="carla").stdout == ""
    ends = [name.partition(",")[2] for name in host.run("ls Maildir/cur", user="carla").stdout.split()]
    assert ends == ["a=O,u=1:2,S", "a=O,u=3:2,"]
