"""virtual(8): mailboxes of people who have no account."""

import pytest

from tests.postfix.mailing import Mailing


@pytest.fixture
def host() -> Mailing:
    host = Mailing()
    host.setup("mkdir /srv/post", "chown 5000:5000 /srv/post")
    host.settings(
        "virtual_mailbox_domains = shop.example",
        "virtual_mailbox_base = /srv/post",
        "virtual_mailbox_maps = inline:{{a@shop.example=a},{b@shop.example=b/},{@shop.example=rest/}}",
        "virtual_uid_maps = static:5000",
        "virtual_gid_maps = static:5000",
    )
    return host


def test_files_and_maildirs_belong_to_the_owner_of_the_maps(host: Mailing) -> None:
    """Whoever has no entry of his own gets into the domain's."""
    assert host.mail("a@shop.example") == ["a@shop.example sent (delivered to mailbox)"]
    assert host.mail("b@shop.example") == ["b@shop.example sent (delivered to maildir)"]
    assert host.mail("c@shop.example") == ["c@shop.example sent (delivered to maildir)"]
    assert host.run("stat -c '%u %g %a' /srv/post/a /srv/post/b/new/* /srv/post/rest/new/*") == "5000 5000 600\n" * 3


def test_unknown_and_misconfigured_recipients(host: Mailing) -> None:
    """Without an entry the user is unknown; without an owner, or one below virtual_minimum_uid, the mail waits."""
    host.settings("virtual_mailbox_maps = inline:{a@shop.example=a}")
    assert host.mail("x@shop.example") == ['x@shop.example bounced (unknown user: "x@shop.example")']
    host.settings("virtual_minimum_uid = 6000")
    assert host.mail("a@shop.example") == ["a@shop.example deferred (mail system configuration error)"]
    assert "recipient a@shop.example: bad uid 5000 in virtual_uid_maps" in host.run("cat /var/log/mail.log")


def test_a_directory_of_somebody_else(host: Mailing) -> None:
    """The mail waits, and for a Maildir the log gives advice."""
    host.setup("chown root /srv/post")
    fate = host.mail("b@shop.example")[0]
    assert fate.startswith("b@shop.example deferred (maildir delivery failed: create maildir file /srv/post/b/tmp/")
    assert fate.endswith(": Permission denied)")
    assert "perhaps you need to create the maildirs in advance" in host.run("cat /var/log/mail.log")


def test_the_limit_of_a_mailbox(host: Mailing) -> None:
    """virtual_mailbox_limit counts for the file as a whole."""
    host.settings("virtual_mailbox_limit = 3000", "message_size_limit = 2500")
    host.mail("a@shop.example", "x" * 1500)
    assert host.mail("a@shop.example", "x" * 1500) == [
        "a@shop.example bounced (delivery failed to mailbox /srv/post/a: error writing message: File too large)"
    ]
