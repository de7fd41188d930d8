"""~/.forward: whose it must be, what may stand there, where it ends."""

import pytest

from tests.postfix.mailing import Mailing


@pytest.fixture
def host() -> Mailing:
    return Mailing()


def test_a_copy_stays_and_the_rest_goes_on(host: Mailing) -> None:
    """`\\user` is the mailbox itself; other addresses are sent on as a new message in the same sender's name."""
    host.run("printf '\\\\anna, bernd\\n' > .forward", "anna")
    fates = host.mail("anna", user="carla")
    assert fates[0] == "anna@ubuntu sent (delivered to mailbox)"
    assert [fate.partition(" ")[0] for fate in fates[1:]] == ["anna@ubuntu", "bernd@ubuntu"]
    assert "Return-Path: <carla@ubuntu>" in host.run("cat /var/mail/bernd")
    assert host.run("grep -c ^Delivered-To /var/mail/bernd") == "2\n"


def test_programs_run_as_the_user(host: Mailing) -> None:
    """A command in .forward has the user's rights and home, not those of the mail system."""
    host.run("echo '\"|id -un; echo $HOME; exit 1\"' > .forward", "anna")
    assert "Command output: anna /home/anna " in host.mail("anna")[0]


@pytest.mark.parametrize(
    "spoil", ["chown bernd /home/anna/.forward", "chmod 666 /home/anna/.forward", "mv /home/anna/.forward /tmp/f; ln -s /tmp/f /home/anna/.forward"]
)
def test_a_forward_file_that_others_may_have_written_does_not_count(host: Mailing, spoil: str) -> None:
    """The owner, the mode and the kind of the file are checked; what is wrong is ignored, the mailbox gets the mail."""
    host.run("echo bernd > .forward", "anna")
    host.run(spoil)
    assert host.mail("anna") == ["anna@ubuntu sent (delivered to mailbox)"]


def test_forwarding_in_a_circle_ends(host: Mailing) -> None:
    """Delivered-To: shows where the message has been; on its return it bounces."""
    host.run("echo bernd > .forward", "anna")
    host.run("echo anna > .forward", "bernd")
    host.run("echo x | mail -s x anna", "carla")
    assert "status=bounced (mail forwarding loop for anna@ubuntu)" in host.log()


def test_the_extension_chooses_the_file(host: Mailing) -> None:
    """forward_path: ~/.forward+EXTENSION comes before ~/.forward."""
    host.settings("recipient_delimiter = +", "propagate_unmatched_extensions = forward")
    host.run("echo /home/anna/work > .forward+work; echo bernd > .forward", "anna")
    assert host.mail("anna+work") == ["anna+work@ubuntu sent (delivered to file: /home/anna/work)"]
    assert host.mail("anna+play")[-1] == "bernd+play@ubuntu sent (delivered to mailbox)"


def test_an_empty_forward_file_changes_nothing(host: Mailing) -> None:
    """Without an address in it the mailbox gets the mail."""
    host.run("echo '# on holiday' > .forward", "anna")
    assert host.mail("anna") == ["anna@ubuntu sent (delivered to mailbox)"]
