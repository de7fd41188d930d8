"""Python's own mail clients at the loopback door: what they think of our servers."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import threading
from collections.abc import Callable

import pytest

from simulator import Lab, open_lab

CONFIGURATION = """protocols = imap pop3
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
log_path = /var/log/dovecot.log
mail_location = maildir:~/Maildir
passdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
userdb {
  driver = passwd
}
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
"""
SUBMISSION = "submission inet n - y - - smtpd -o smtpd_tls_security_level=may -o smtpd_sasl_auth_enable=yes -o smtpd_sasl_type=dovecot -o smtpd_sasl_path=private/auth"


@pytest.fixture
def lab() -> Lab:
    """hub takes mail at 587 from those who log in, and gives it out at 110 and 143."""
    made = open_lab("three")
    hub = made["hub"]
    hub.write("/etc/dovecot/dovecot.conf", CONFIGURATION)
    hub.write("/etc/dovecot/users", "anna:{PLAIN}geheim\n")
    hub.run(
        f"dovecot; postconf -e home_mailbox=Maildir/; postconf -Me 'submission/inet={SUBMISSION}'; postfix reload; sleep 1; echo eins | mail -s one anna"
    )
    made.settle()
    return made


def visit(lab: Lab, port: int, conversation: Callable[[int], object]) -> object:
    """Let a real program talk to hub's port through the door; what it found."""
    door = lab.expose("hub", port, client="client")
    found: list[object] = []

    def run() -> None:
        try:
            found.append(conversation(door.port))
        except Exception as error:  # reported by the test's own thread
            found.append(error)

    visitor = threading.Thread(target=run)
    visitor.start()
    while visitor.is_alive():
        door.serve(0.1)
    door.close()
    lab.settle()
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def test_smtplib_logs_in_and_sends(lab: Lab) -> None:
    """AUTH at the submission port, and the mail lies in the Maildir."""

    def conversation(port: int) -> object:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
            server.login("anna", "geheim")
            return server.sendmail("anna@example.com", ["anna@example.com"], "Subject: from smtplib\n\nhello\n")

    assert visit(lab, 587, conversation) == {}
    assert "sasl_username=anna" in lab["hub"].read("/var/log/mail.log")
    assert "Subject: from smtplib" in lab["hub"].run("cat /home/anna/Maildir/new/*").stdout


def test_smtplib_is_told_of_a_wrong_password(lab: Lab) -> None:
    """535 5.7.8, as an exception of smtplib."""

    def conversation(port: int) -> object:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as server:
            return server.login("anna", "falsch")

    with pytest.raises(smtplib.SMTPAuthenticationError) as told:
        visit(lab, 587, conversation)
    assert told.value.smtp_code == 535


def test_poplib_reads_and_deletes(lab: Lab) -> None:
    """STAT, RETR, DELE, QUIT: afterwards the mailbox is empty."""

    def conversation(port: int) -> object:
        server = poplib.POP3("127.0.0.1", port, timeout=10)
        server.user("anna")
        server.pass_("geheim")
        count, _ = server.stat()
        _, lines, _ = server.retr(1)
        server.dele(1)
        server.quit()
        return count, b"Subject: one" in lines, lines[-1]

    assert visit(lab, 110, conversation) == (1, True, b"eins")
    assert lab["hub"].run("doveadm mailbox status -u anna messages INBOX").stdout == "INBOX messages=0\n"


def test_imaplib_works_in_folders(lab: Lab) -> None:
    """SELECT, SEARCH, FETCH, STORE, CREATE, COPY, APPEND, EXPUNGE as imaplib speaks them."""

    def conversation(port: int) -> object:
        with imaplib.IMAP4("127.0.0.1", port, timeout=10) as server:
            server.login("anna", "geheim")
            assert server.select() == ("OK", [b"1"])
            assert server.search(None, "SUBJECT", "one") == ("OK", [b"1"])
            fetched = server.fetch("1", "(BODY[TEXT])")[1][0]
            server.create("Archive")
            server.copy("1", "Archive")
            server.append("Archive", None, None, b"Subject: draft\r\n\r\nx\r\n")
            server.store("1", "+FLAGS", r"(\Deleted)")
            gone = server.expunge()
            return fetched[1], gone

    assert visit(lab, 143, conversation) == (b"eins\r\n", ("OK", [b"1"]))
    assert lab["hub"].run("doveadm mailbox status -u anna messages '*'").stdout == "Archive messages=2\nINBOX messages=0\n"
