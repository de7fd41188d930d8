"""How long the whole chain takes: reported by pytest-benchmark, not asserted. The figure in the docstring is the promise."""

import pytest

from simulator import Lab, open_lab

pytest.importorskip("pytest_benchmark")

DOVECOT = """protocols = imap lmtp
ssl = no
log_path = /var/log/dovecot.log
auth_mechanisms = plain login
auth_username_format = %Ln
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
service lmtp {
  unix_listener /var/spool/postfix/private/dovecot-lmtp {
    mode = 0600
    user = postfix
    group = postfix
  }
}
"""
SUBMISSION = (
    "submission inet n - y - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o smtpd_sasl_type=dovecot"
    " -o smtpd_sasl_path=private/auth -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"
)


def log_in(lab: Lab, host: str, server: str) -> None:
    """`host` gives its mail to `server` at 587, encrypted and with a password."""
    lab[host].write("/etc/postfix/sasl_passwd", f"[{server}]:587 anna:geheim\n")
    lab[host].run(
        "postmap /etc/postfix/sasl_passwd; postconf -e smtp_sasl_auth_enable=yes smtp_sasl_security_options=noanonymous"
        f" smtp_sasl_password_maps=hash:/etc/postfix/sasl_passwd smtp_tls_security_level=encrypt 'relayhost = [{server}]:587'"
    )


@pytest.fixture
def lab() -> Lab:
    """swaks on client → client's submission → hub's submission → mx1's submission → Dovecot."""
    made = open_lab("three")
    for host in made:
        made[host].write("/etc/dovecot/dovecot.conf", DOVECOT)
        made[host].write("/etc/dovecot/users", "anna:{PLAIN}geheim\n")
        made[host].run(f"dovecot; postconf -Me 'submission/inet={SUBMISSION}'")
    log_in(made, "client", "hub.example.com")
    log_in(made, "hub", "mx1.example.net")
    made["mx1"].run("postconf -e mailbox_transport=lmtp:unix:private/dovecot-lmtp")
    for host in made:
        made[host].run("postfix reload")
    made.advance(2)
    return made


def test_a_message_over_the_whole_chain(benchmark, lab: Lab) -> None:
    """40 ms with TLS and AUTH on three hops, from swaks to the Maildir."""
    line = "swaks -s localhost:587 --tls -a PLAIN -au anna -ap geheim -f anna@example.com -t dora@example.net --silent 2"

    def send() -> None:
        lab["client"].run(line)
        lab.settle()

    benchmark(send)
    for host in lab:
        assert "sasl_method=PLAIN, sasl_username=anna" in lab[host].read("/var/log/mail.log")
    assert "ESMTPSA" in lab["mx1"].run("cat /home/dora/Maildir/new/*").stdout
