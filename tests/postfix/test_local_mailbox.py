"""Where mail for a user goes: mailbox, Maildir, command, another transport; and what may go wrong there."""

import pytest

from tests.postfix.mailing import Mailing


@pytest.fixture
def host() -> Mailing:
    return Mailing()


@pytest.mark.parametrize(
    ("setting", "place", "text"),
    [
        ("home_mailbox = Maildir/", "/home/anna/Maildir/new/*", "delivered to maildir"),
        ("home_mailbox = Mailbox", "/home/anna/Mailbox", "delivered to mailbox"),
        ("mail_spool_directory = /var/spool/post/", "/var/spool/post/anna/new/*", "delivered to maildir"),
        ("mailbox_command = cat > $HOME/by-command", "/home/anna/by-command", "delivered to command: cat > $HOME/by-command"),
    ],
)
def test_the_settings_choose_the_mailbox(host: Mailing, setting: str, place: str, text: str) -> None:
    """A slash at the end means Maildir; whatever it is, the file is the user's own and nobody else reads it."""
    host.setup("mkdir -m 1777 /var/spool/post")
    host.settings(setting)
    assert host.mail("anna") == [f"anna@ubuntu sent ({text})"]
    assert host.run(f"stat -c '%U %a' {place}") == "anna 600\n"


def test_the_order_of_precedence(host: Mailing) -> None:
    """mailbox_transport comes before mailbox_command, that before home_mailbox, the maps before the plain settings."""
    host.settings(
        "home_mailbox = Mailbox", "mailbox_command = true", "mailbox_transport = error:no", "mailbox_transport_maps = inline:{bernd=local:}"
    )
    host.settings("mailbox_command_maps = inline:{carla=false}")
    assert host.mail("anna") == ["anna@ubuntu bounced (no)"]
    host.setup("postconf -X mailbox_transport mailbox_transport_maps", "postfix reload")
    assert host.mail("anna") == ["anna@ubuntu sent (delivered to command: true)"]
    assert host.mail("carla") == ['carla@ubuntu bounced (Command died with status 1: "false")']


def test_a_locked_mailbox_is_waited_for(host: Mailing) -> None:
    """NAME.lock of somebody else defers the mail; an old one is removed (stale_lock_time)."""
    host.settings("deliver_lock_attempts = 2", "deliver_lock_delay = 1s")
    host.setup("touch /var/mail/anna.lock")
    expected = (
        "anna@ubuntu deferred (cannot update mailbox /var/mail/anna for user anna. unable to create lock file /var/mail/anna.lock: File exists)"
    )
    assert host.mail("anna") == [expected]
    host.lab.advance("10m")
    host.run("postqueue -f")
    assert host.fates()[-1] == "anna@ubuntu sent (delivered to mailbox)"
    assert host.run("ls /var/mail") == "anna\n"


def test_a_full_mailbox_bounces(host: Mailing) -> None:
    """mailbox_size_limit: the mailbox stays as it was."""
    host.settings("message_size_limit = 3000", "mailbox_size_limit = 3000")
    host.mail("anna", "x" * 1500)
    before = host.run("wc -c /var/mail/anna")
    fate = host.mail("anna", "x" * 1500)[0]
    assert fate == "anna@ubuntu bounced (cannot update mailbox /var/mail/anna for user anna. error writing message: File too large)"
    assert host.run("wc -c /var/mail/anna") == before


def test_a_limit_below_that_of_a_message_stops_the_daemon(host: Mailing) -> None:
    """Rather than lose mail local(8) does not start; the mail waits."""
    host.settings("mailbox_size_limit = 5000")
    assert host.mail("anna") == []
    host.log()
    assert "mailbox_size_limit is smaller than message_size_limit" in host.run("grep fatal: /var/log/mail.log")


def test_a_foreign_mailbox_is_not_touched(host: Mailing) -> None:
    """The mailbox must belong to the user (strict_mailbox_ownership)."""
    host.setup("touch /var/mail/anna", "chown bernd /var/mail/anna", "chmod 666 /var/mail/anna")
    fate = host.mail("anna")[0]
    assert fate == "anna@ubuntu deferred (cannot update mailbox /var/mail/anna for user anna. destination /var/mail/anna is not owned by recipient)"
    assert 'specify "strict_mailbox_ownership = no" to ignore mailbox ownership mismatch' in host.run("cat /var/log/mail.log")


def test_mail_for_nobody_in_particular(host: Mailing) -> None:
    """luser_relay with its expansions, fallback_transport, and without them a bounce."""
    assert host.mail("nemo") == ['nemo@ubuntu bounced (unknown user: "nemo")']
    host.settings("luser_relay = $user.lost@ubuntu")
    host.aliases("nemo.lost: carla")
    assert host.mail("nemo") == ["carla@ubuntu sent (delivered to mailbox)"]
    host.settings("fallback_transport = error:5.1.1 gone")
    assert host.mail("nemo") == ["nemo@ubuntu bounced (gone)"]


def test_a_user_database_that_is_out_of_order_defers(host: Mailing) -> None:
    """Nobody is unknown while nobody can be looked up."""
    host.lab.fault("ubuntu", "user lookup", "anna")
    assert host.mail("anna") == ["anna@ubuntu deferred (user lookup error)"]
    host.lab.fault("ubuntu", "user lookup", None)
    host.run("postqueue -f")
    assert host.fates() == ["anna@ubuntu sent (delivered to mailbox)"]


def test_headers_of_delivery(host: Mailing) -> None:
    """Return-Path, X-Original-To and Delivered-To say which way a message came; prepend_delivered_header may leave one out."""
    host.aliases("chef: anna")
    host.mail("chef")
    head = host.run("head -4 /var/mail/anna").splitlines()
    assert head[1:] == ["Return-Path: <root@ubuntu>", "X-Original-To: chef", "Delivered-To: chef@ubuntu"]
    host.settings("prepend_delivered_header = command, forward")
    host.mail("bernd")
    assert "Delivered-To" not in host.run("cat /var/mail/bernd")
