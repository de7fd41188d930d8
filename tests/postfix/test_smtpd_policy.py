"""check_policy_service, with a program under spawn(8)."""

from __future__ import annotations

import pytest

from simulator import open_lab
from simulator.lab import Lab
from tests.postfix.smtp_dialogue import Dialogue, smtpd_lines

SCRIPT = """#!/bin/bash
while read -r line; do
  case $line in
    recipient=*) r=${line#recipient=};;
    "") case $r in anna@*) a=DUNNO;; bernd@*) a="REJECT no mail for $r";; *) exit 3;; esac
        printf 'action=%s\\n\\n' "$a";;
  esac
done
"""


@pytest.fixture
def lab() -> Lab:
    lab = open_lab("three")
    hub = lab["hub"]
    hub.write("/usr/local/bin/policy", SCRIPT)
    hub.run("chmod 755 /usr/local/bin/policy")
    hub.run("postconf -M 'policy/unix=policy unix - n n - 0 spawn user=nobody argv=/usr/local/bin/policy'")
    hub.run("postconf -e 'smtpd_recipient_restrictions = check_policy_service unix:private/policy'; postfix reload")
    return lab


def test_a_program_decides(lab: Lab) -> None:
    """What the program says is done as if it stood in an access table."""
    client = Dialogue(lab)
    client.say("EHLO client")
    client.say("MAIL FROM:<dora@example.net>")
    assert client.say("RCPT TO:<anna@example.com>") == "250 2.1.5 Ok"
    assert client.say("RCPT TO:<bernd@example.com>") == "554 5.7.1 <bernd@example.com>: Recipient address rejected: no mail for bernd@example.com"
    client.hang_up()


def test_a_program_that_breaks(lab: Lab) -> None:
    """The client is to try again later, and both daemons say why."""
    client = Dialogue(lab)
    client.say("EHLO client")
    client.say("MAIL FROM:<dora@example.net>")
    assert client.say("RCPT TO:<root@example.com>") == "451 4.3.5 <root@example.com>: Recipient address rejected: Server configuration problem"
    client.hang_up()
    assert "warning: problem talking to server private/policy: Application error" in smtpd_lines(lab)
    assert "postfix/spawn" in lab["hub"].read("/var/log/mail.log")
