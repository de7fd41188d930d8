"""The restrictions of smtpd(8)."""

from __future__ import annotations

import pytest

from simulator import open_lab
from simulator.lab import Lab
from simulator.postfix.smtpd_restrictions import RESTRICTIONS
from tests.postfix.smtp_dialogue import Dialogue, smtpd_lines

#: What main.cf says, and what a recipient is told then.
CASES = {
    "reject": "554 5.7.1 <anna@example.com>: Recipient address rejected: Access denied",
    "defer": "450 4.3.2 <anna@example.com>: Recipient address rejected: Try again later",
    "warn_if_reject reject": "250 2.1.5 Ok",
    "defer_if_permit": "450 4.7.0 <anna@example.com>: Recipient address rejected: defer_if_permit requested",
    "permit": "250 2.1.5 Ok",
    "reject_non_fqdn_helo_hostname": "504 5.5.2 <pc>: Helo command rejected: need fully-qualified hostname",
    "reject_unknown_sender_domain": "450 4.1.8 <dora@nowhere.example>: Sender address rejected: Domain not found",
    "reject_unknown_client_hostname": "250 2.1.5 Ok",
    "permit_mynetworks, reject": "554 5.7.1 <anna@example.com>: Recipient address rejected: Access denied",
    "check_sender_access inline:{{nowhere.example = REJECT not you}}": "554 5.7.1 <dora@nowhere.example>: Sender address rejected: not you",
    "check_recipient_access inline:{{anna@ = 451 4.2.0 asleep}}": "451 4.2.0 <anna@example.com>: Recipient address rejected: asleep",
    "check_client_access cidr:{{192.0.2.0/24 DEFER}}": "450 4.7.1 <client.example.com[192.0.2.41]>: Client host rejected: Access denied",
    "check_helo_access regexp:{{/^pc/ 554 5.7.1 home computers stay at home}}": "554 5.7.1 <pc>: Helo command rejected: home computers stay at home",
    "reject_nonsense": "451 4.3.5 Server configuration error",
    "check_policy_service unix:private/nothere": "451 4.3.5 <anna@example.com>: Recipient address rejected: Server configuration problem",
}  # fmt: skip


@pytest.mark.parametrize("restriction", CASES)
def test_a_restriction_has_the_last_word(restriction: str) -> None:
    """The reply is that of real Postfix, to the letter."""
    lab = open_lab("three")
    lab["hub"].run(f"postconf -e 'smtpd_recipient_restrictions = {restriction}'; postfix reload")
    client = Dialogue(lab)
    client.say("HELO pc")
    client.say("MAIL FROM:<dora@nowhere.example>")
    assert client.say("RCPT TO:<anna@example.com>") == CASES[restriction]
    client.hang_up()


def lab_with(*settings: str) -> Lab:
    lab = open_lab("three")
    quoted = " ".join(f"'{setting}'" for setting in settings)
    lab["hub"].run(f"postconf -e {quoted}; postfix reload")
    return lab


def test_a_refusal_at_once() -> None:
    """With smtpd_delay_reject = no a client is refused when it connects, and may only say goodbye."""
    lab = lab_with("smtpd_delay_reject = no", "smtpd_client_restrictions = reject")
    client = Dialogue(lab)
    assert client.greeting == "554 5.7.1 <client.example.com[192.0.2.41]>: Client host rejected: Access denied"
    assert client.say("EHLO client") == "503 5.7.0 Error: access denied for client.example.com[192.0.2.41]"
    assert client.say("QUIT") == "221 2.0.0 Bye"
    lab.settle()
    assert smtpd_lines(lab)[-1].endswith("ehlo=0/1 quit=1 commands=1/2")


def test_a_restriction_class() -> None:
    """A table may name a class of main.cf, and the class decides."""
    lab = lab_with(
        "smtpd_restriction_classes = strict",
        "strict = check_sender_access inline:{{example.net = REJECT not from there}}, permit",
        "smtpd_recipient_restrictions = check_recipient_access inline:{{anna@example.com = strict}}",
    )
    client = Dialogue(lab)
    client.say("HELO pc")
    client.say("MAIL FROM:<dora@example.net>")
    assert client.say("RCPT TO:<anna@example.com>") == "554 5.7.1 <dora@example.net>: Sender address rejected: not from there"
    assert client.say("RCPT TO:<bernd@example.com>") == "250 2.1.5 Ok"
    client.hang_up()


def test_a_table_is_read_anew_when_it_has_changed() -> None:
    """postmap is enough: the next client meets a new process."""
    lab = lab_with("smtpd_sender_restrictions = check_sender_access hash:/etc/postfix/senders")
    hub = lab["hub"]
    hub.run("echo 'dora@example.net REJECT' > /etc/postfix/senders; postmap /etc/postfix/senders")
    swaks = "swaks -s hub.example.com -f dora@example.net -t anna@example.com -q rcpt --silent 3"
    assert lab["client"].run(swaks).exit_code == 24
    lab.advance(2)
    hub.run("echo 'dora@example.net OK' > /etc/postfix/senders; postmap /etc/postfix/senders")
    assert lab["client"].run(swaks).exit_code == 0
    assert any("hash:/etc/postfix/senders(0,lock|fold_fix|utf8_request) has changed -- restarting" in line for line in smtpd_lines(lab))


def test_all_names_of_the_manual_are_there() -> None:
    """postconf(5) names these; a name that is missing would be "unknown smtpd restriction"."""
    names = (
        "check_ccert_access check_client_access check_client_a_access check_client_mx_access check_client_ns_access check_helo_access "
        "check_reverse_client_hostname_access check_sasl_access check_sender_access check_sender_ns_access check_recipient_mx_access "
        "permit_auth_destination permit_inet_interfaces permit_mynetworks permit_mx_backup permit_sasl_authenticated "
        "permit_tls_all_clientcerts permit_tls_clientcerts permit_naked_ip_address reject_invalid_helo_hostname "
        "reject_multi_recipient_bounce reject_non_fqdn_recipient reject_non_fqdn_sender reject_plaintext_session reject_rbl_client "
        "reject_rhsbl_client reject_rhsbl_sender reject_rhsbl_recipient reject_rhsbl_helo reject_unauth_destination "
        "reject_unauth_pipelining reject_unknown_client_hostname reject_unknown_helo_hostname reject_unknown_recipient_domain "
        "reject_unknown_reverse_client_hostname reject_unlisted_recipient reject_unlisted_sender reject_unverified_recipient "
        "reject_unverified_sender defer_unauth_destination permit_dnswl_client permit_rhswl_client sleep"
    )
    assert not [name for name in names.split() if name not in RESTRICTIONS]
