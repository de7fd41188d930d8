"""verify(8): addresses are probed, and the answers kept in a file."""

import pytest

from simulator.postfix.verify_cache import Verdict
from tests.postfix.mailing import Mailing


def attempt(mailing: Mailing, recipient: str) -> str:
    return mailing.run(f"swaks --server 127.0.0.1 --helo pc --from anna@ubuntu --to {recipient} --quit-after RCPT | grep '^<' | tail -2 | head -1")


@pytest.fixture
def mailing() -> Mailing:
    mailing = Mailing()
    mailing.settings("smtpd_recipient_restrictions=reject_unverified_recipient", "address_verify_poll_delay=1s", "local_recipient_maps=")
    return mailing


def test_a_recipient_is_probed_before_mail_is_accepted(mailing: Mailing) -> None:
    """The probe is a message without content that is not delivered."""
    assert "250 2.1.5 Ok" in attempt(mailing, "bernd@ubuntu")
    log = mailing.log()
    assert "from=<double-bounce@ubuntu>" in log
    assert "status=deliverable (delivers to mailbox)" in log
    assert "No such file" in mailing.run("ls /var/mail/bernd")


def test_an_address_that_does_not_exist_is_refused(mailing: Mailing) -> None:
    """With what the delivery agent said."""
    said = attempt(mailing, "nobody-here@ubuntu")
    assert '450 4.1.1 <nobody-here@ubuntu>: Recipient address rejected: unverified address: unknown user: "nobody-here"' in said


def test_the_second_time_the_answer_is_known(mailing: Mailing) -> None:
    """postmap -s lists what is known."""
    attempt(mailing, "bernd@ubuntu")
    mailing.log()
    attempt(mailing, "bernd@ubuntu")
    assert "deliverable" not in mailing.log()
    listed = mailing.run("postmap -s btree:/var/lib/postfix/verify_cache")
    assert "bernd@ubuntu\t0:0:" in listed
    assert mailing.run("stat -c '%U %a' /var/lib/postfix/verify_cache.db") == "postfix 644\n"


def test_an_answer_gets_old(mailing: Mailing) -> None:
    """address_verify_positive_refresh_time."""
    attempt(mailing, "bernd@ubuntu")
    mailing.lab.advance("8d")
    mailing.log()
    attempt(mailing, "bernd@ubuntu")
    assert "status=deliverable" in mailing.log()


def test_entries_are_texts() -> None:
    """status:probed:updated:text."""
    verdict = Verdict(0, 0, 1_795_510_804, "delivers to: mailbox")
    assert Verdict.decode(verdict.encode()) == verdict
    assert Verdict.decode("nonsense") is None
