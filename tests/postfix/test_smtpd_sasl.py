"""AUTH of smtpd(8), with a server that speaks Dovecot's protocol."""

from __future__ import annotations

import asyncio
import base64

import pytest

from simulator import open_lab
from simulator.lab import Lab
from simulator.unix.fs import ROOT, Cred
from tests.postfix.smtp_dialogue import Dialogue, smtpd_lines

SOCKET = "/var/spool/postfix/private/auth"


class Dovecot(asyncio.Protocol):
    """Knows anna, whose password is geheim; PLAIN and LOGIN."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.user = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._answer("VERSION\t1\t1", "MECH\tPLAIN\tplaintext", "MECH\tLOGIN\tplaintext", "SPID\t1", "CUID\t1", "COOKIE\tx", "DONE")

    def _answer(self, *lines: str) -> None:
        self.transport.write("".join(f"{line}\n" for line in lines).encode())

    def data_received(self, data: bytes) -> None:
        for line in data.decode().splitlines():
            words = line.split("\t")
            if words[0] == "AUTH":
                self.said = words
                response = next((word[5:] for word in words if word.startswith("resp=")), None)
                self._plain(words[1], response) if words[2] == "PLAIN" else self._answer(f"CONT\t{words[1]}\tVXNlcm5hbWU6")
            elif words[0] == "CONT":
                self._login(words[1], words[2])

    def _plain(self, request: str, response: str | None) -> None:
        if response is None:
            self._answer(f"CONT\t{request}\t")
            return
        _, user, password = base64.b64decode(response).decode().split("\0")
        self._check(request, user, password)

    def _login(self, request: str, answer: str) -> None:
        text = base64.b64decode(answer).decode()
        if not self.user:
            self.user = text
            self._answer(f"CONT\t{request}\tUGFzc3dvcmQ6")
        else:
            self._check(request, self.user, text)

    def _check(self, request: str, user: str, password: str) -> None:
        good = (user, password) == ("anna", "geheim")
        self._answer(f"OK\t{request}\tuser={user}" if good else f"FAIL\t{request}\tuser={user}")


@pytest.fixture
def lab() -> Lab:
    """hub asks Dovecot; its users may relay."""
    lab = open_lab("three")
    hub = lab["hub"]
    hub.fs.mknod(SOCKET, "s", Cred(0, 0, umask=0), 0o666)
    hub.net.listen_unix(SOCKET, Dovecot)
    words = "smtpd_sasl_auth_enable=yes smtpd_sasl_type=dovecot smtpd_sasl_path=private/auth"
    hub.run(f"postconf -e {words} 'smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination'; postfix reload")
    return lab


def plain(user: str, password: str) -> str:
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def test_who_logs_in_may_relay(lab: Lab) -> None:
    """The login is in the reply, in the log, and opens the way to other domains."""
    client = Dialogue(lab)
    assert "250-AUTH PLAIN LOGIN" in client.say("EHLO client").splitlines()
    assert client.say(f"AUTH PLAIN {plain('anna', 'geheim')}") == "235 2.7.0 Authentication successful"
    client.say("MAIL FROM:<anna@example.com>")
    assert client.say("RCPT TO:<x@example.org>") == "250 2.1.5 Ok"
    client.hang_up()
    assert smtpd_lines(lab)[1].endswith(": client=client.example.com[192.0.2.41], sasl_method=PLAIN, sasl_username=anna")


def test_a_wrong_password(lab: Lab) -> None:
    """The client learns little, the log the name."""
    client = Dialogue(lab)
    client.say("EHLO client")
    assert client.say(f"AUTH PLAIN {plain('anna', 'x')}") == "535 5.7.8 Error: authentication failed: (reason unavailable)"
    client.hang_up()
    warning = "warning: client.example.com[192.0.2.41]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=anna"
    assert warning in smtpd_lines(lab)


def test_login_in_steps(lab: Lab) -> None:
    """AUTH LOGIN asks for name and password; a star gives up."""
    client = Dialogue(lab)
    client.say("EHLO client")
    assert client.say("AUTH LOGIN") == "334 VXNlcm5hbWU6"
    assert client.say("*") == "501 5.7.0 Authentication aborted"
    client.say("AUTH LOGIN")
    assert client.say(base64.b64encode(b"anna").decode()) == "334 UGFzc3dvcmQ6"
    assert client.say(base64.b64encode(b"geheim").decode()) == "235 2.7.0 Authentication successful"
    assert client.say("AUTH LOGIN") == "503 5.5.1 Error: already authenticated"
    client.hang_up()


def test_a_mechanism_that_there_is_not(lab: Lab) -> None:
    """Neither unknown mechanisms nor rubbish reach the server."""
    client = Dialogue(lab)
    client.say("EHLO client")
    assert client.say("AUTH CRAM-MD5") == "535 5.7.8 Error: authentication failed: Invalid authentication mechanism"
    assert client.say("AUTH PLAIN ???") == "535 5.7.8 Error: authentication failed: Invalid base64 data in initial response"
    client.hang_up()


def test_no_login_without_encryption(lab: Lab) -> None:
    """smtpd_tls_auth_only hides AUTH until STARTTLS."""
    lab["hub"].run("postconf -e smtpd_tls_auth_only=yes; postfix reload")
    client = Dialogue(lab)
    assert "AUTH" not in client.say("EHLO client")
    assert client.say(f"AUTH PLAIN {plain('anna', 'geheim')}") == "503 5.5.1 Error: authentication not enabled"
    client.hang_up()
    done = lab["client"].run("swaks -s hub.example.com -tls -a PLAIN -au anna -ap geheim -f a@example.com -t x@example.org -q rcpt --silent 3")
    assert done.exit_code == 0


def test_a_server_that_is_not_there(lab: Lab) -> None:
    """Without Dovecot the process cannot go on, and its first client goes with it."""
    hub = lab["hub"]
    hub.net.close(hub.net.unix_listeners[SOCKET])
    hub.fs.unlink(SOCKET, ROOT)
    lab["client"].run("nc -w3 hub.example.com 25 </dev/null")
    lab.advance(2)
    assert smtpd_lines(lab)[-2:] == [
        "warning: SASL: Connect to Dovecot auth socket 'private/auth' failed: No such file or directory",
        "fatal: no SASL authentication mechanisms",
    ]
    assert "smtpd: bad command startup -- throttling" in hub.read("/var/log/mail.log")
