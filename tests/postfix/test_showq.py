"""showq(8) and flush(8): what the queue looks like, and mail for one destination sent at once."""

import json

from tests.postfix.mailing import Mailing


def test_the_list_shows_sender_size_reason_and_recipients() -> None:
    """postqueue -p; recipients with the same reason stand together."""
    mailing = Mailing()
    mailing.settings("defer_transports=local")
    mailing.setup("printf 'Subject: x\\n\\ntext\\n' | sendmail -f carla anna@ubuntu bernd@ubuntu")
    lines = mailing.run("mailq").splitlines()
    assert lines[0] == "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------"
    assert lines[1].split()[2:5] == ["Tue", "Nov", "24"]
    assert lines[1].endswith("  carla@ubuntu")
    assert [line.strip() for line in lines[2:5]] == ["(deferred transport)", "anna@ubuntu", "bernd@ubuntu"]
    assert lines[-1] == "-- 0 Kbytes in 1 Request."


def test_the_list_as_json() -> None:
    """postqueue -j: one object a line."""
    mailing = Mailing()
    mailing.settings("defer_transports=local")
    mailing.setup("echo x | sendmail -f carla anna@ubuntu", "postsuper -h ALL 2> /dev/null")
    found = json.loads(mailing.run("postqueue -j"))
    assert found["queue_name"] == "hold"
    assert found["sender"] == "carla@ubuntu"
    assert found["recipients"] == [{"address": "anna@ubuntu", "delay_reason": "deferred transport"}]


def test_mail_in_maildrop_is_listed_as_it_was_submitted() -> None:
    """Addresses are not complete yet."""
    mailing = Mailing()
    mailing.setup("postfix stop", "echo x | sendmail -f carla anna")
    assert "carla\n" in mailing.run("mailq 2> /dev/null")


def test_the_mail_for_one_destination_is_tried_at_once() -> None:
    """postqueue -s, for domains of fast_flush_domains."""
    mailing = Mailing()
    mailing.settings("relayhost=[127.0.0.1]:9", "fast_flush_domains=a.example")
    mailing.mail("x@a.example")
    mailing.mail("x@b.example")
    mailing.run("postqueue -s a.example; sleep 1")
    assert [fate.split()[0] for fate in mailing.fates()] == ["x@a.example"]
    assert mailing.run("ls /var/spool/postfix/flush") == "a_example\n"
    assert 'Flush service is not configured for destination "b.example"' in mailing.run("postqueue -s b.example")
