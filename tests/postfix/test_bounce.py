"""bounce(8): logs in the spool, and the notifications made of them."""

import re

import pytest

from tests.postfix.mailing import Mailing


def headers(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}: (.*)$", text, re.M)


def test_a_bounce_has_three_parts() -> None:
    """RFC 3464: for humans, for programs, and the message itself."""
    mailing = Mailing()
    mailing.setup("echo lost | sendmail -f anna nobody-here")
    box = mailing.run("cat /var/mail/anna")
    assert headers(box, "Content-Description") == ["Notification", "Delivery report", "Undelivered Message"]
    assert headers(box, "Content-Type") == [
        "multipart/report; report-type=delivery-status;",
        "text/plain; charset=utf-8",
        "message/delivery-status",
        "message/rfc822",
    ]
    assert headers(box, "Action") == ["failed"]
    assert headers(box, "Status") == ["5.1.1"]
    assert headers(box, "Final-Recipient") == ["rfc822; nobody-here@ubuntu"]
    assert '<nobody-here@ubuntu> (expanded from <nobody-here>): unknown user: "nobody-here"' in box
    assert box.rstrip().endswith("--")
    assert "\nlost\n" in box


def test_headers_only_if_asked_for_or_too_long() -> None:
    """RET=HDRS; bounce_size_limit."""
    mailing = Mailing()
    mailing.setup("printf 'Subject: x\\n\\nbody\\n' | sendmail -R hdrs -f anna nobody-here")
    box = mailing.run("cat /var/mail/anna")
    assert "Undelivered Message Headers" in box
    assert "text/rfc822-headers" in box
    assert "\nbody\n" not in box
    mailing.settings("bounce_size_limit=10")
    mailing.setup(": > /var/mail/anna; printf 'Subject: x\\n\\nbody of some length\\n' | sendmail -f anna nobody-here")
    assert "Undelivered Message Headers" in mailing.run("cat /var/mail/anna")


@pytest.mark.parametrize(("notify", "subjects"), [
    ("never", []),
    ("failure", ["Undelivered Mail Returned to Sender"]),
    ("success", ["Successful Mail Delivery Report"]),
    ("success,failure", ["Undelivered Mail Returned to Sender", "Successful Mail Delivery Report"]),
])  # fmt: skip
def test_senders_are_notified_of_what_they_want_to_know(notify: str, subjects: list[str]) -> None:
    """RFC 3461 NOTIFY: one recipient is fine, the other is not."""
    mailing = Mailing()
    mailing.setup(f"printf 'Subject: x\\n\\nbody\\n' | sendmail -N {notify} -V id+3d7 -f anna bernd nobody-here")
    box = mailing.run("cat /var/mail/anna 2>/dev/null")
    assert [subject for subject in headers(box, "Subject") if subject != "x"] == subjects
    assert headers(box, "Original-Envelope-Id") == ["id+3d7"] * len(subjects)


def test_an_undeliverable_bounce_ends_with_the_postmaster() -> None:
    """notify_classes 2bounce; without it nobody hears of it."""
    mailing = Mailing()
    mailing.setup("echo x | sendmail -f gone@ubuntu nobody-here")
    assert mailing.run("ls /var/mail; mailq") == "Mail queue is empty\n"
    mailing.settings("notify_classes=2bounce")
    mailing.run("echo x | sendmail -f gone@ubuntu nobody-here")
    assert "postmaster non-delivery notification" in mailing.log()
    assert headers(mailing.run("cat /var/mail/root"), "Subject")[0] == "Postmaster Copy: Undelivered Mail"


def test_soft_bounce_keeps_mail_in_the_queue() -> None:
    """What would be returned is tried again."""
    mailing = Mailing()
    mailing.settings("soft_bounce=yes")
    assert mailing.mail("nobody-here") == ['nobody-here@ubuntu SOFTBOUNCE (unknown user: "nobody-here")']
    assert "nobody-here@ubuntu" in mailing.run("mailq")


def test_the_log_of_a_deferred_message_lies_in_the_spool() -> None:
    """A file under defer with the queue id as its name; it goes with the message."""
    mailing = Mailing()
    mailing.settings("defer_transports=local")
    mailing.setup("echo x | mail -s x anna@ubuntu")
    text = mailing.run("cat $(find /var/spool/postfix/defer -type f)")
    assert text.splitlines()[:2] == ["", "<anna@ubuntu>: deferred transport"]
    assert "recipient=anna@ubuntu" in text
    assert "status=4.3.2" in text
    mailing.run("postsuper -d ALL")
    assert mailing.run("find /var/spool/postfix/defer /var/spool/postfix/deferred -type f") == ""


def test_our_own_text_in_bounces() -> None:
    """bounce_template_file; a template with a mistake is ignored with a warning."""
    mailing = Mailing()
    mailing.setup("printf 'failure_template = <<EOF\\nFrom: Post <MAILER-DAEMON>\\nSubject: Back\\n\\nHost $myhostname\\nEOF\\n' > /etc/postfix/b.cf")
    mailing.settings("bounce_template_file=/etc/postfix/b.cf")
    mailing.setup("echo x | sendmail -f anna nobody-here")
    box = mailing.run("cat /var/mail/anna")
    assert headers(box, "Subject")[0] == "Back"
    assert "\nHost ubuntu\n" in box
    mailing.setup("printf 'failure_template = <<EOF\\nSender: x\\n\\nHost\\nEOF\\n' > /etc/postfix/b.cf", "postfix reload; : > /var/mail/anna")
    mailing.run("echo x | sendmail -f anna nobody-here")
    assert "ignoring this template" in mailing.log()
    assert headers(mailing.run("cat /var/mail/anna"), "Subject")[0] == "Undelivered Mail Returned to Sender"


def test_each_recipient_has_an_address_of_its_own_to_bounce_to() -> None:
    """VERP: sendmail -XV."""
    mailing = Mailing()
    mailing.setup("echo x | sendmail -XV -f anna@ubuntu nobody-here@ubuntu")
    assert "Delivered-To: anna+nobody-here=ubuntu@ubuntu" in mailing.run("cat /var/mail/anna")


def test_a_report_of_what_would_happen() -> None:
    """sendmail -bv delivers nothing and sends a report."""
    mailing = Mailing()
    mailing.setup("sendmail -bv anna nobody-here > /dev/null")
    box = mailing.run("cat /var/mail/root; ls /var/mail/anna 2>&1")
    assert headers(box, "Subject")[0] == "Mail Delivery Status Report"
    assert headers(box, "Action") == ["deliverable", "undeliverable"]
    assert "No such file" in box
