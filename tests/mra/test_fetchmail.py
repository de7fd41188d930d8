"""fetchmail's file and its first refusals."""

from __future__ import annotations

from simulator import open_lab


def test_a_readable_password_file_is_refused() -> None:
    """~/.fetchmailrc that others may read ends fetchmail with status 6."""
    host = open_lab("ubuntu")["ubuntu"]
    done = host.run("echo 'poll x proto pop3' > .fetchmailrc; chmod 644 .fetchmailrc; fetchmail", user="anna")
    assert done.exit_code == 6
    assert done.stderr == "File /home/anna/.fetchmailrc must have no more than -rwx------ (0700) permissions.\n"


def test_a_wrong_word_is_named_with_its_line() -> None:
    """A syntax error ends fetchmail with status 5."""
    host = open_lab("ubuntu")["ubuntu"]
    done = host.run("printf 'poll x proto pop3 user a pass b\\nfoo bar\\n' > .fetchmailrc; chmod 600 .fetchmailrc; fetchmail", user="anna")
    assert (done.exit_code, done.stderr) == (5, "fetchmail:/home/anna/.fetchmailrc:2: syntax error at foo\n")
