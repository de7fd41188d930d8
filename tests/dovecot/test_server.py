"""Dovecot on a host: passwords, mailboxes, delivery."""

from __future__ import annotations

from simulator import Lab, open_lab

CONFIG = """protocols = imap pop3 lmtp
ssl = no
log_path = /var/log/dovecot.log
mail_location = maildir:~/Maildir
passdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
userdb {
  driver = passwd
}
"""


def _started() -> Lab:
    lab = open_lab("ubuntu")
    host = lab["ubuntu"]
    host.write("/etc/dovecot/dovecot.conf", CONFIG)
    host.write("/etc/dovecot/users", "anna:{PLAIN}secret\n")
    assert host.run("dovecot").exit_code == 0
    return lab


def test_a_password_is_right_or_wrong() -> None:
    """`doveadm auth test` answers as the real one and waits two seconds before it says no."""
    lab = _started()
    host = lab["ubuntu"]
    assert host.run("doveadm auth test anna secret").stdout == "passdb: anna auth succeeded\nextra fields:\n  user=anna\n"
    before = lab.now
    assert host.run("doveadm auth test anna wrong").exit_code == 77
    assert lab.now - before >= 2


def test_mail_is_read_by_pop3_and_a_copy_of_the_lab_can_be_made() -> None:
    """What dovecot-lda delivered is counted by POP3; the lab at rest can be forked."""
    lab = _started()
    host = lab["ubuntu"]
    host.run("printf 'Subject: x\\n\\nhello\\n' | /usr/lib/dovecot/dovecot-lda -d anna")
    said = lab.fork()["ubuntu"].run("(printf 'USER anna\\r\\nPASS secret\\r\\n'; sleep 1; printf 'STAT\\r\\nQUIT\\r\\n') | nc -w2 localhost 110").stdout
    assert said.splitlines()[-3:] == ["+OK Logged in.", "+OK 1 21", "+OK Logging out."]


def test_an_unknown_setting_names_its_line() -> None:
    """A mistake in dovecot.conf keeps Dovecot from starting, with file and line."""
    host = open_lab("ubuntu")["ubuntu"]
    host.write("/etc/dovecot/dovecot.conf", "ssl = no\nfoo = bar\n")
    done = host.run("dovecot")
    assert (done.exit_code, done.stderr) == (89, "doveconf: Fatal: Error in configuration file /etc/dovecot/dovecot.conf line 2: Unknown setting: foo\n")
