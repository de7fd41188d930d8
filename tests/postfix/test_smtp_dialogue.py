"""smtp(8) and servers that behave in every possible way."""

from __future__ import annotations

import base64
import random

import pytest

from tests.postfix.mail_flow import fates, said, send, three
from tests.postfix.scripted_server import EHLO, replace_mx1

NAME = "mx1.example.net[192.0.2.31]"
PLAIN = "'relayhost = [mx1.example.net]' smtp_tls_security_level=none"


def test_commands_are_sent_together() -> None:
    """With PIPELINING in one go, with sizes and DSN parameters where the server knows them."""
    lab = three(PLAIN)
    server = replace_mx1(lab)
    send(lab, "-N success,failure -V id7 carla@example.net")
    assert server.heard[1].startswith("MAIL FROM:<anna@example.com> SIZE=")
    assert server.heard[1].endswith(" ENVID=id7")
    assert server.heard[2:4] == ["RCPT TO:<carla@example.net> ORCPT=rfc822;carla@example.net NOTIFY=SUCCESS,FAILURE", "DATA"]
    assert server.heard[-2:] == [".", "QUIT"]


@pytest.mark.parametrize(
    ("replies", "verbs"),
    [
        ({"ehlo": "500 what?"}, ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"]),
        ({"connect": "220 an old server"}, ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]),
        ({"ehlo": "250 srv"}, ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]),
        ({"rcpt": "550 no", "data": "554 no valid recipients"}, ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"]),
        ({"rcpt": "550 no", "ehlo": "250 srv"}, ["EHLO", "MAIL", "RCPT", "RSET", "QUIT"]),
    ],
)
def test_what_the_client_says(replies: dict[str, str], verbs: list[str]) -> None:
    """An old server is greeted with HELO; without PIPELINING nothing is said in advance."""
    lab = three(PLAIN)
    server = replace_mx1(lab, **replies)
    send(lab)
    known = {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"}
    assert [line.split(" ")[0] for line in server.heard if line.split(" ")[0] in known] == verbs


def test_a_message_too_large_for_the_server() -> None:
    """SIZE tells it before anything is sent."""
    lab = three(PLAIN)
    server = replace_mx1(lab, ehlo="250-srv\r\n250 SIZE 100")
    send(lab)
    size = server.heard and [line for line in server.heard if line.startswith("MAIL")]
    assert size == []
    assert fates(lab, daemon="postfix/smtp")[0][1:3] == ("5.3.4", "bounced")
    assert fates(lab, daemon="postfix/smtp")[0][3].endswith(f"exceeds size limit 100 of server {NAME}")


def test_dots_are_doubled_and_long_lines_are_cut() -> None:
    """What the mailbox gets is what was sent."""
    lab = three(PLAIN)
    server = replace_mx1(lab)
    send(lab, "-i carla@example.net", body=".\\n..x\\n" + "y" * 1200)
    start = server.heard.index("")
    assert server.heard[start + 1 : start + 3] == ["..", "...x"]
    assert [len(line) for line in server.heard[start + 3 : start + 5]] == [998, 203]


@pytest.mark.parametrize(
    ("silent", "seconds", "text"),
    [
        ("connect", 300, f"conversation with {NAME} timed out while receiving the initial server greeting"),
        ("ehlo", 300, f"conversation with {NAME} timed out while performing the EHLO handshake"),
        ("mail", 300, f"conversation with {NAME} timed out while sending MAIL FROM"),
        ("dot", 600, f"conversation with {NAME} timed out while sending end of data -- message may be sent more than once"),
    ],
)
def test_a_silent_server(silent: str, seconds: float, text: str) -> None:
    """Each stage has its time limit."""
    lab = three(PLAIN)
    replace_mx1(lab, **{"ehlo": "250 srv", silent: None})
    before = lab.now
    send(lab)
    lab.advance(seconds - 40)
    assert fates(lab) == []
    lab.advance(60)
    assert fates(lab)[0][1:] == ("4.4.2", "deferred", text)
    assert lab.now - before < seconds + 80


def test_lines_that_are_no_replies() -> None:
    """They are skipped, and the log complains."""
    lab = three(PLAIN)
    replace_mx1(lab, mail="hello there\r\n250 2.1.0 Ok")
    send(lab)
    assert fates(lab)[0][2] == "sent"
    lines = said(lab, "client", "postfix/smtp")
    assert f"warning: ID: non-ESMTP response from {NAME}:25: hello there" in lines


@pytest.mark.parametrize("offer", ["250 AUTH PLAIN LOGIN", "250 AUTH LOGIN", "250 AUTH CRAM-MD5 PLAIN"])
def test_logging_in(offer: str) -> None:
    """With a password for the server the client logs in, by the best way that both know."""
    lab = three(f"{PLAIN} smtp_sasl_auth_enable=yes smtp_sasl_security_options=noanonymous smtp_sasl_password_maps=hash:/etc/postfix/passwords")
    lab["client"].run("echo '[mx1.example.net] anna:geheim' > /etc/postfix/passwords; postmap /etc/postfix/passwords")
    challenge = base64.b64encode(b"<1@srv>").decode()
    user, word = (base64.b64encode(text).decode() for text in (b"anna", b"geheim"))
    mac = base64.b64encode(b"anna 17f75c77c91e91d4bb48cf4ddab31a79").decode()
    server = replace_mx1(
        lab, ehlo=f"250-srv\r\n{offer}", auth="235 ok", **{"AUTH LOGIN": "334 VXNlcm5hbWU6", user: "334 UGFzc3dvcmQ6", word: "235 ok", "AUTH CRAM-MD5": f"334 {challenge}", mac: "235 ok"}
    )  # fmt: skip
    send(lab)
    spoken = server.heard[1 : server.heard.index(next(line for line in server.heard if line.startswith("MAIL")))]
    if "CRAM" in offer:
        assert spoken[0] == "AUTH CRAM-MD5"
        assert base64.b64decode(spoken[1]).startswith(b"anna ")
    elif "PLAIN" in offer:
        assert spoken == ["AUTH PLAIN " + base64.b64encode(b"\0anna\0geheim").decode()]
    else:
        assert spoken == ["AUTH LOGIN", user, word]
    assert fates(lab)[0][2] == "sent"


@pytest.mark.parametrize(
    ("options", "reply", "fate"),
    [
        ("noanonymous", "535 5.7.8 no", ("4.7.8", f"SASL authentication failed; server {NAME} said: 535 5.7.8 no")),
        ("noplaintext", "235 ok", ("4.7.0", f"SASL authentication failed; cannot authenticate to server {NAME}: no mechanism available")),
    ],
)
def test_a_failed_login_keeps_the_mail(options: str, reply: str, fate: tuple[str, str]) -> None:
    """It may be mended; and passwords are not sent in the clear where that is forbidden."""
    lab = three(f"{PLAIN} smtp_sasl_auth_enable=yes smtp_sasl_security_options={options} smtp_sasl_password_maps=hash:/etc/postfix/passwords")
    lab["client"].run("echo '[mx1.example.net] anna:geheim' > /etc/postfix/passwords; postmap /etc/postfix/passwords")
    replace_mx1(lab, ehlo="250-srv\r\n250 AUTH PLAIN", auth=reply)
    send(lab)
    assert fates(lab)[0][1:] == (fate[0], "deferred", fate[1])


@pytest.mark.parametrize("seed", range(12))
def test_rubbish_of_all_kinds_leaves_the_mail_in_the_queue(seed: int) -> None:
    """Whatever the server sends, the message is neither lost nor sent twice, and the daemon lives."""
    chance = random.Random(seed)
    rubbish = "".join(chr(chance.choice((0, 7, 10, 13, 32, 45, 50, 53, 65, 128, 255))) for _ in range(chance.randrange(1, 4000)))
    lab = three(PLAIN)
    server = replace_mx1(lab, **{chance.choice(("connect", "ehlo", "mail", "rcpt", "data", "dot")): rubbish})
    send(lab)
    lab.advance(4000)
    left = lab["client"].run("mailq").stdout
    sent = sum(fate[2] in ("sent", "bounced") for fate in fates(lab, daemon="postfix/smtp"))
    assert (sent == 1) == ("empty" in left)
    server.replies.clear()
    lab["client"].run("postqueue -f")
    lab.settle()
    lab.advance(700)
    assert "empty" in lab["client"].run("mailq").stdout


def test_ehlo_words_in_any_case() -> None:
    """Keywords are not case sensitive."""
    lab = three(PLAIN)
    server = replace_mx1(lab, ehlo=EHLO.lower())
    send(lab)
    assert " SIZE=" in server.heard[1]


def test_a_server_for_seven_bits() -> None:
    """Without 8BITMIME the body becomes quoted-printable, unless main.cf forbids it."""
    lab = three(PLAIN)
    server = replace_mx1(lab, ehlo="250 srv")
    header = "MIME-Version: 1.0\\nContent-Type: text/plain; charset=utf-8\\nContent-Transfer-Encoding: 8bit\\n\\n"
    command = (
        f"printf 'Subject: x\\n{header}Gr\\303\\274\\303\\237e = '\"$(printf '%080d' 7)\"' \\n' | /usr/sbin/sendmail -B8BITMIME carla@example.net"
    )
    lab["client"].run(command)
    lab.settle()
    start = server.heard.index("Content-Transfer-Encoding: quoted-printable")
    body = server.heard[server.heard.index("", start) + 1 :]
    assert body[:2] == ["Gr=C3=BC=C3=9Fe =3D 00000000000000000000000000000000000000000000000000000=", "000000000000000000000000007=20"]
    assert "Content-Transfer-Encoding: 8bit" not in server.heard
    lab["client"].run("postconf -e disable_mime_output_conversion=yes; postfix reload; " + command)
    lab.settle()
    assert "Content-Transfer-Encoding: 8bit" in server.heard


def test_checks_on_the_way_out() -> None:
    """What smtp_header_checks and smtp_body_checks say, and what they cannot say."""
    lab = three(f"{PLAIN} smtp_header_checks=regexp:/etc/postfix/out smtp_body_checks=regexp:/etc/postfix/bod")
    lab["client"].run(
        "printf '/^X-Secret/ IGNORE\\n/^Subject: (.*)/ REPLACE Subject: [out] $1\\n/^Date/ REJECT no\\n' > /etc/postfix/out; echo '/wipe/ STRIP gone' > /etc/postfix/bod"
    )
    server = replace_mx1(lab)
    lab["client"].run("printf 'X-Secret: 1\\nSubject: x\\n\\nkeep\\nwipe\\n' | /usr/sbin/sendmail carla@example.net")
    lab.settle()
    assert "Subject: [out] x" in server.heard
    assert not [line for line in server.heard if "Secret" in line or line == "wipe"]
    lines = said(lab, "client", "postfix/smtp")
    assert {"ID: replace: header Subject: x: Subject: [out] x", "ID: strip: body wipe: gone"} < set(lines)
    assert "warning: unsupported command in smtp_header_checks map: REJECT no" in lines


def test_lmtp_to_a_socket() -> None:
    """One reply for each recipient; the socket must be there, and the mail system must be allowed to write to it."""
    lab = three("local_transport=lmtp:unix:private/store", host="hub")
    hub, path = lab["hub"], "/var/spool/postfix/private/store"
    send(lab, "anna@example.com", host="hub")
    assert fates(lab, "hub")[-1] == ("none", "4.4.1", "deferred", "connect to hub.example.com[private/store]: No such file or directory")
    server = replace_mx1(lab, dot="250 2.1.5 anna is happy\r\n550 5.2.2 bernd is full", lhlo=EHLO)
    hub.fs.mknod(path, "s")
    hub.net.listen_unix(path, server)
    hub.run("postsuper -d ALL; chmod 600 " + path)
    send(lab, "anna@example.com bernd@example.com", host="hub")
    assert fates(lab, "hub")[-1][3] == "connect to hub.example.com[private/store]: Permission denied"
    hub.run(f"chown postfix {path}; postqueue -f")
    lab.settle()
    name = "hub.example.com[private/store]"
    found = fates(lab, "hub", "postfix/lmtp")[-3:-1]  # the last is the notice to the sender
    assert found[0] == (name, "2.1.5", "sent", "250 2.1.5 anna is happy")
    assert found[1] == (name, "5.2.2", "bounced", f"host {name} said: 550 5.2.2 bernd is full (in reply to end of DATA command)")
    assert server.heard[0] == "LHLO hub.example.com"
