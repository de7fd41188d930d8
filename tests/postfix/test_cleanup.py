"""cleanup(8): what is added to a message, what is taken away, and what keeps it out of the queue."""

import re

from tests.postfix.mailing import Mailing


def box(mailing: Mailing, user: str = "anna") -> str:
    return mailing.run(f"cat /var/mail/{user}; : > /var/mail/{user}")


def test_local_mail_gets_the_headers_it_lacks() -> None:
    """From with the full name, Date, Message-Id; a Received header says who sent it."""
    mailing = Mailing()
    mailing.setup("printf 'Subject: x\\n\\ntext\\n' | sendmail -F 'Anna Meier' -f anna anna")
    text = box(mailing)
    assert re.search(r"^Received: by ubuntu \(Postfix, from userid 0\)\n\tid \w+; ", text, re.M)
    assert re.search(r"^Message-Id: <\d{14}\.\w+@ubuntu>$", text, re.M)
    assert re.search(r"^Date: ", text, re.M)
    assert "From: Anna Meier <anna@ubuntu>" in text


def test_hidden_headers_are_dropped() -> None:
    """Bcc, Content-Length and Return-Path of the author are not handed on."""
    mailing = Mailing()
    mailing.setup("printf 'Bcc: bernd\\nContent-Length: 7\\nReturn-Path: <x@y>\\nSubject: x\\n\\ntext\\n' | sendmail anna")
    text = box(mailing)
    assert "Bcc" not in text
    assert "Content-Length" not in text
    assert "<x@y>" not in text


def test_addresses_in_headers_are_completed() -> None:
    """append_at_myorigin, in all address headers of local mail, comments and phrases kept."""
    mailing = Mailing()
    mailing.setup("printf 'To: \"B, C\" <bernd>, carla (the cellist)\\nCc: group: anna;\\nSubject: x\\n\\ntext\\n' | sendmail anna")
    text = box(mailing)
    assert 'To: "B, C" <bernd@ubuntu>, carla@ubuntu (the cellist)' in text
    assert "Cc: group: anna@ubuntu;" in text


def test_recipients_from_the_headers() -> None:
    """sendmail -t takes To, Cc and Bcc."""
    mailing = Mailing()
    mailing.run("printf 'To: anna\\nCc: bernd\\nBcc: carla\\nSubject: x\\n\\ntext\\n' | sendmail -t")
    assert sorted(mailing.fates()) == [f"{name}@ubuntu sent (delivered to mailbox)" for name in ("anna", "bernd", "carla")]
    assert "Bcc" not in box(mailing, "carla")


def test_header_checks_say_what_they_do() -> None:
    """Each action has its line in the log."""
    mailing = Mailing()
    rules = ("/^Subject: no/ REJECT not this\\n/^Subject: gone/ DISCARD away\\n/^Subject: warn/ WARN look\\n/^Subject: hold/ HOLD\\n"
             "/^X-Old: (.*)/ REPLACE X-New: $1\\n/^X-Drop/ IGNORE\\n/^Subject: other/ REDIRECT carla@ubuntu\\n")  # fmt: skip
    mailing.setup(f"printf '{rules}' > /etc/postfix/checks")
    mailing.settings("header_checks=regexp:/etc/postfix/checks")
    for word in ("no", "gone", "warn", "hold", "other"):
        mailing.run(f"printf 'Subject: {word}\\nX-Old: value\\nX-Drop: 1\\n\\ntext\\n' | sendmail -f bernd anna")
    log = mailing.log()
    where = "from local; from=<bernd@ubuntu>"
    assert f"reject: header Subject: no {where} to=<anna@ubuntu>: 5.7.1 not this" in log
    assert f"discard: header Subject: gone {where} to=<anna@ubuntu>: away" in log
    assert f"warning: header Subject: warn {where} to=<anna@ubuntu>: look" in log
    assert f"hold: header Subject: hold {where} to=<anna@ubuntu>" in log
    assert f"redirect: header Subject: other {where} to=<anna@ubuntu>: carla@ubuntu" in log
    text = box(mailing)
    assert "X-New: value" in text
    assert "X-Drop" not in text
    assert "Subject: other" in box(mailing, "carla")
    assert "!" in mailing.run("mailq").splitlines()[1]


def test_virtual_aliases_of_virtual_aliases() -> None:
    """They are followed; the original address stays in X-Original-To."""
    mailing = Mailing()
    mailing.setup("printf 'choir anna,section@ubuntu\\nsection bernd\\n' > /etc/postfix/virtual; postmap /etc/postfix/virtual")
    mailing.settings("virtual_alias_maps=hash:/etc/postfix/virtual")
    assert sorted(mailing.mail("choir")) == ["anna@ubuntu sent (delivered to mailbox)", "bernd@ubuntu sent (delivered to mailbox)"]
    assert "X-Original-To: choir" in box(mailing, "bernd")


def test_an_endless_alias_is_refused() -> None:
    """virtual_alias_recursion_limit: the file stays in maildrop."""
    mailing = Mailing()
    mailing.setup("printf 'a b\\nb a\\n' > /etc/postfix/virtual; postmap /etc/postfix/virtual")
    mailing.settings("virtual_alias_maps=hash:/etc/postfix/virtual")
    mailing.run("echo x | sendmail a")
    assert "unreasonable virtual_alias_maps map nesting for a@ubuntu -- message not accepted, try again later" in mailing.log()
    assert "Mail queue is empty" not in mailing.run("mailq")


def test_copies_for_the_archive() -> None:
    """always_bcc, sender_bcc_maps, recipient_bcc_maps."""
    mailing = Mailing()
    mailing.settings("always_bcc=carla", "sender_bcc_maps=inline:{root@ubuntu=bernd}")
    assert sorted(mailing.mail("anna")) == [f"{name}@ubuntu sent (delivered to mailbox)" for name in ("anna", "bernd", "carla")]


def test_mail_with_too_many_hops_is_returned() -> None:
    """hopcount_limit."""
    mailing = Mailing()
    mailing.settings("hopcount_limit=3")
    mailing.setup("(for i in 1 2 3 4; do echo \"Received: by h$i\"; done; printf 'Subject: far\\n\\nx\\n') | sendmail -f bernd anna")
    assert "<anna@ubuntu> (expanded from <anna>): too many hops" in box(mailing, "bernd")


def test_masquerading_hides_host_names() -> None:
    """masquerade_domains, not for masquerade_exceptions."""
    mailing = Mailing()
    mailing.settings("masquerade_domains=firm.example", "masquerade_exceptions=root")
    mailing.setup("printf 'From: a@pc1.firm.example\\nTo: root@pc2.firm.example\\nSubject: x\\n\\nx\\n' | sendmail -f s@pc3.firm.example anna")
    text = box(mailing)
    assert "From s@firm.example" in text
    assert "From: a@firm.example" in text
    assert "To: root@pc2.firm.example" in text
