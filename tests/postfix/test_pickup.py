"""pickup(8): what lies in maildrop goes to cleanup(8), whoever put it there."""

from tests.postfix.mailing import Mailing


def test_mail_dropped_while_postfix_rests_is_taken_up_later() -> None:
    """sendmail(1) only needs maildrop."""
    mailing = Mailing()
    mailing.setup("postfix stop")
    mailing.setup("echo hi | sendmail anna")
    assert "anna" in mailing.run("mailq 2>/dev/null")
    mailing.run("postfix start; sleep 1")
    assert mailing.fates() == ["anna@ubuntu sent (delivered to mailbox)"]


def test_files_of_another_form_are_thrown_away() -> None:
    """Only postdrop(1) makes files that pickup understands."""
    mailing = Mailing()
    mailing.setup("echo nonsense > /var/spool/postfix/maildrop/ABCDEF12; chmod 755 /var/spool/postfix/maildrop/ABCDEF12")
    mailing.run("echo hi | sendmail anna")
    assert "uid=0: unexpected or malformed record type" in mailing.log()
    assert mailing.run("ls /var/spool/postfix/maildrop") == ""


def test_the_line_of_pickup_tells_user_and_sender() -> None:
    """uid=..., from=<...>; orig_id=... after postsuper -r."""
    mailing = Mailing()
    mailing.settings("defer_transports=local")
    mailing.run("echo hi | /usr/sbin/sendmail anna", user="bernd")
    assert "uid=1001 from=<bernd>" in mailing.log()
    mailing.run("postsuper -r ALL; sleep 61")
    assert "uid=101 from=<bernd@ubuntu> orig_id=" in mailing.log()
