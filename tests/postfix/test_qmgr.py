"""qmgr(8): from incoming to active to deferred, again and again, until mail is delivered or returned."""

import itertools
import re

import pytest

from tests.postfix.mailing import Mailing

ATTEMPT = re.compile(r"(\d\d):(\d\d):(\d\d) ubuntu postfix/error")


def attempts(log: str) -> list[int]:
    """When deliveries were tried, in seconds."""
    return [int(hour) * 3600 + int(minute) * 60 + int(second) for hour, minute, second in ATTEMPT.findall(log)]


def test_the_pause_between_attempts_doubles() -> None:
    """minimal_backoff_time, then as old as the message is, and never more than maximal_backoff_time."""
    mailing = Mailing()
    mailing.settings("defer_transports=local", "minimal_backoff_time=100s", "queue_run_delay=100s", "maximal_backoff_time=700s")
    mailing.setup("echo hi | mail -s x anna@ubuntu")
    mailing.lab.advance("1h")
    tries = attempts(mailing.lab["ubuntu"].read("/var/log/mail.log"))
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert gaps[:3] == sorted(gaps[:3])
    assert gaps[0] == pytest.approx(100, abs=2)
    assert gaps[-1] == pytest.approx(700, abs=2)


def test_a_deferred_file_is_dated_to_its_next_attempt() -> None:
    """ls(1) shows times in the future in the deferred queue."""
    mailing = Mailing()
    mailing.settings("defer_transports=local", "minimal_backoff_time=1000s", "maximal_backoff_time=1000s")
    mailing.setup("echo hi | mail -s x anna@ubuntu")
    now = mailing.lab.now
    when = float(mailing.run("find /var/spool/postfix/deferred -type f -printf '%T@\\n'"))
    assert 990 < when - now <= 1000


def test_mail_that_is_too_old_is_returned() -> None:
    """maximal_queue_lifetime: one line by qmgr, and a bounce with the last reason."""
    mailing = Mailing()
    mailing.settings("defer_transports=smtp", "maximal_queue_lifetime=1h")
    mailing.setup("echo hi | mail -s x someone@elsewhere.example")
    mailing.lab.advance("3h")
    log = mailing.log()
    assert "from=<root@ubuntu>, status=expired, returned to sender" in log
    assert mailing.run("mailq") == "Mail queue is empty\n"
    assert "<someone@elsewhere.example>: deferred transport" in mailing.run("cat /var/mail/root")


def test_the_sender_is_warned_once() -> None:
    """delay_warning_time."""
    mailing = Mailing()
    mailing.settings("defer_transports=smtp", "delay_warning_time=1h")
    mailing.setup("echo hi | sendmail -f anna@ubuntu someone@elsewhere.example")
    mailing.lab.advance("6h")
    box = mailing.run("cat /var/mail/anna")
    assert box.count("Subject: Delayed Mail (still being retried)") == 1
    assert "Your message could not be delivered for more than 1 hour(s)." in box
    assert re.search(r"^Will-Retry-Until: ", box, re.M)


def test_a_destination_that_fails_is_left_alone() -> None:
    """Further mail for it is deferred without an attempt; postqueue -f tries at once."""
    mailing = Mailing()
    mailing.settings("relayhost=[127.0.0.1]:9", "initial_destination_concurrency=1")
    first = mailing.mail("a@one.example")
    assert first == ["a@one.example deferred (connect to 127.0.0.1[127.0.0.1]:9: Connection refused)"]
    second = mailing.mail("b@two.example")
    assert second[0].startswith("b@two.example deferred (delivery temporarily suspended: connect to 127.0.0.1[127.0.0.1]:9")
    mailing.setup("postqueue -f")
    mailing.log()
    mailing.run("postqueue -f; sleep 1")
    assert "delivery temporarily suspended" not in mailing.fates()[0]


def test_recipients_are_divided_as_the_transport_wants() -> None:
    """default_destination_recipient_limit: a delivery agent gets several recipients of a domain at once, but not too many."""
    mailing = Mailing()
    mailing.setup(
        "printf '#!/bin/sh\\necho \"$@\" >> /tmp/got\\n' > /usr/local/bin/filter; chmod 755 /usr/local/bin/filter",
        "printf 'filter unix - n n - - pipe user=nobody argv=/usr/local/bin/filter ${recipient}\\n' >> /etc/postfix/master.cf",
    )
    mailing.settings("default_transport=filter", "default_destination_recipient_limit=2")
    mailing.mail("a@x.example b@x.example c@x.example d@y.example")
    assert sorted(mailing.run("cat /tmp/got").splitlines()) == ["a@x.example b@x.example", "c@x.example", "d@y.example"]


def test_a_damaged_file_goes_to_corrupt() -> None:
    """Its records end too early: nobody gets half a message."""
    mailing = Mailing()
    mailing.settings("defer_transports=local")
    mailing.setup("echo hi | mail -s x anna@ubuntu", "truncate -s 300 $(find /var/spool/postfix/deferred -type f)")
    mailing.run("postqueue -f")
    log = mailing.log()
    assert "message rejected: missing end record" in log
    assert re.search(r'saving corrupt file "\w+" from queue "active" to queue "corrupt"', log)
    assert mailing.run("mailq") == "Mail queue is empty\n"


def test_a_file_without_its_execute_bit_is_not_seen() -> None:
    """A queue file is complete when its owner may execute it."""
    mailing = Mailing()
    mailing.settings("defer_transports=local")
    mailing.setup("echo hi | mail -s x anna@ubuntu", "chmod 600 $(find /var/spool/postfix/deferred -type f)")
    assert mailing.run("mailq") == "Mail queue is empty\n"
    mailing.run("postqueue -f")
    assert "queue active" not in mailing.log()


def test_mail_to_the_double_bounce_address_goes_nowhere() -> None:
    """Otherwise a bounce of a bounce would bounce."""
    mailing = Mailing()
    assert mailing.mail("double-bounce") == ["double-bounce@ubuntu sent (undeliverable postmaster notification discarded)"]


def test_five_days_pass_quickly_and_the_mail_comes_back() -> None:
    """Back-off of many messages costs no more than their attempts."""
    mailing = Mailing()
    mailing.settings("defer_transports=smtp")
    mailing.setup("for i in 1 2 3 4 5; do echo $i | mail -s $i user$i@elsewhere.example; done")
    mailing.lab.advance("6d")
    assert mailing.run("mailq") == "Mail queue is empty\n"
    assert mailing.run("grep -c ^Subject:.Undelivered /var/mail/root") == "5\n"
