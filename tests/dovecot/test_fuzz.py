"""Whatever a client sends or an administrator writes, the mailbox server, procmail and fetchmail answer or stop cleanly."""

from __future__ import annotations

import functools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator import Lab, open_lab

SETTINGS = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
CONFIGURATION = """protocols = imap pop3
ssl = no
disable_plaintext_auth = no
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
IMAP_WORDS = [
    b"a LOGIN anna geheim", b"a LOGIN anna x", b'a LOGIN "anna" {6+}\r\ngeheim', b"a AUTHENTICATE PLAIN AGFubmEAZ2VoZWlt", b"a AUTHENTICATE PLAIN",
    b"a CAPABILITY", b"a SELECT INBOX", b"a EXAMINE inbox", b"a FETCH 1:* (FLAGS UID BODY.PEEK[])", b"a FETCH 1 BODY[1.2.MIME]<3.9>", b"a FETCH 0 ENVELOPE",
    b"a UID FETCH 1:* BODYSTRUCTURE", b"a UID SEARCH OR SUBJECT x NOT SINCE 1-Jan-2026", b"a SEARCH CHARSET X ALL", b"a STORE 1 +FLAGS (\\Seen x)",
    b"a UID STORE 1:99999999999 -FLAGS.SILENT ()", b"a COPY 1 Trash", b"a CREATE Trash", b"a CREATE ../x", b"a CREATE a/../../b", b"a DELETE INBOX", b"a RENAME Trash Old",
    b'a LIST "" *', b'a LIST "" "%"', b"a STATUS INBOX (MESSAGES UIDNEXT)", b"a APPEND INBOX {3+}\r\nabc", b"a APPEND INBOX {99999999999}", b"a APPEND INBOX {40+}",
    b"a IDLE", b"DONE", b"a EXPUNGE", b"a CLOSE", b"a NOOP", b"a LOGOUT", b"a STARTTLS", b"", b"a", b"*", b"a (((", b'a LOGIN "', b"x" * 9000, b"(" * 2000, b"a FETCH " + b"(" * 1500,
]  # fmt: skip
POP3_WORDS = [
    b"USER anna", b"PASS geheim", b"PASS x", b"AUTH PLAIN AGFubmEAZ2VoZWlt", b"AUTH PLAIN", b"AUTH", b"CAPA", b"STAT", b"LIST", b"LIST 1", b"LIST 99999999999999999999",
    b"LIST -1", b"UIDL", b"UIDL 0", b"RETR 1", b"RETR", b"TOP 1 0", b"TOP 1 -3", b"TOP 1", b"DELE 1", b"RSET", b"NOOP", b"QUIT", b"STLS", b"LAST", b"XCLIENT", b"*", b"", b"x" * 9000,
]  # fmt: skip


def lines(words: list[bytes]) -> st.SearchStrategy[list[bytes]]:
    """Commands in any order, with noise between them."""
    return st.lists(st.one_of(st.sampled_from(words), st.binary(max_size=80)), max_size=20)


CUTS = st.lists(st.integers(1, 500), max_size=8)


@functools.cache
def mailbox_server() -> Lab:
    """hub with a mailbox for anna and two messages in it."""
    lab = open_lab("three")
    hub = lab["hub"]
    hub.write("/etc/dovecot/dovecot.conf", CONFIGURATION)
    hub.write("/etc/dovecot/users", "anna:{PLAIN}geheim\n")
    hub.run("dovecot; postconf -e home_mailbox=Maildir/; postfix reload; sleep 1; echo 1 | mail -s one anna; echo 2 | mail -s two anna")
    lab.settle()
    return lab


def talk(lab: Lab, port: int, data: bytes, cuts: list[int]) -> bytes:
    """Send bytes cut into pieces, then end of file; what the server said until it closed."""
    places = sorted({cut for cut in cuts if cut < len(data)})
    pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]

    async def run() -> bytes:
        reader, writer = await lab["client"].net.open_connection("192.0.2.40", port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
        said: bytes = await reader.read()
        writer.close()
        return said

    said = lab.clock.run_coroutine(run(), limit=7200.0)
    lab.clock.run_until(lab.clock.now + 1)
    return said


@SETTINGS
@given(commands=lines(IMAP_WORDS), login=st.booleans(), cuts=CUTS)
def test_no_input_breaks_an_imap_session(commands: list[bytes], login: bool, cuts: list[int]) -> None:
    """Greeted, answered, closed; and the next client is served."""
    lab = mailbox_server().fork()
    start = [b"0 LOGIN anna geheim", b"0 SELECT INBOX"] if login else []
    assert talk(lab, 143, b"\r\n".join([*start, *commands]) + b"\r\n", cuts).startswith(b"* OK [CAPABILITY ")
    assert b"z OK Logout completed" in talk(lab, 143, b"z LOGOUT\r\n", [])


@SETTINGS
@given(commands=lines(POP3_WORDS), login=st.booleans(), cuts=CUTS)
def test_no_input_breaks_a_pop3_session(commands: list[bytes], login: bool, cuts: list[int]) -> None:
    """Greeted, answered, closed; and the next client is served."""
    lab = mailbox_server().fork()
    start = [b"USER anna", b"PASS geheim"] if login else []
    assert talk(lab, 110, b"\r\n".join([*start, *commands]) + b"\r\n", cuts).startswith(b"+OK Dovecot (Debian) ready.\r\n")
    assert talk(lab, 110, b"QUIT\r\n", []).endswith(b"+OK Logging out\r\n")


def texts(pieces: list[str]) -> st.SearchStrategy[str]:
    """A file of plausible pieces in any order, with noise; no NUL, as in a text file."""
    noise = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
    return st.lists(st.one_of(st.sampled_from(pieces), noise), max_size=25).map("".join)


@SETTINGS
@given(
    text=texts(
        ["protocols = imap pop3\n", "ssl = maybe\n", "passdb {\n", "driver = passwd-file\n", "args = /x %u\n", "}\n", "{", "userdb {\n", "service auth {\n", "unix_listener a {\n",
         "mode = 9\n", "mail_location = maildir:%h/%{x}\n", "plugin {\n", "quota = maildir:%\n", "quota_rule = *:storage=\n", "!include *.conf\n", "!include_try dovecot.conf\n",
         "ssl_cert = </nonexistent\n", "protocol imap {\n", "local 1.2.3.4 {\n", "namespace x {\n", "a = $a\n", "#", "\\\n", "= \n", '"', "\t", "mail_max_userip_connections = -1\n"]
    )
)  # fmt: skip
def test_any_dovecot_conf(text: str) -> None:
    """doveconf, dovecot and doveadm read it or say what is wrong with it."""
    hub = mailbox_server().fork()["hub"]
    hub.write("/etc/dovecot/dovecot.conf", text)
    for command in ("doveconf -n", "doveadm user anna", "doveadm reload", "doveadm stop; dovecot", "doveadm mailbox status -u anna messages INBOX"):
        assert "Traceback" not in hub.run(command).stderr


@SETTINGS
@given(
    text=texts(
        [":0\n", ":0 c\n", ":0 fw:lock\n", ":0:\n", ":0 AaEeHBDhbcwWir\n", "* ^Subject:.*x\n", "* ! ^X\n", "* > 100\n", "* 1^1 x\n", "* -1^.5 .\n", "* ? true\n", "* $ ^$A\n",
         "* (((\n", "* [z-a]\n", "* \\<x\\>\n", "* B ?? x\n", "{\n", "}\n", "| cat\n", "! bernd\n", "box\n", "dir/\n", "mh/.\n", "/dev/null\n", "A=b\n", "A=`echo x`\n", "MAILDIR=/x\n",
         "LOGFILE=log\n", "VERBOSE=on\n", "INCLUDERC=.procmailrc\n", "SWITCHRC=.procmailrc\n", "HOST=\n", "${A:-$B", "$(", "`", '"', "'", "\\\n", "#\n", "TRAP=true\n", "EXITCODE=x\n"]
    )
)  # fmt: skip
def test_any_procmailrc(text: str) -> None:
    """procmail delivers, or leaves with an exit status."""
    host = mailbox_server().fork()["client"]
    host.write("/home/anna/.procmailrc", text)
    host.fs.chown("/home/anna/.procmailrc", 1000, 1000)
    result = host.run("printf 'From: a\\nSubject: x\\n\\nbody\\n' | procmail", user="anna")
    assert 0 <= result.exit_code < 256


@SETTINGS
@given(
    text=texts(
        ["poll hub.example.com ", "skip x ", "defaults ", "proto pop3 ", "proto imap ", "proto x ", "port 110 ", "port -1 ", "user anna ", "there ", "is bernd here ", "pass geheim ",
         "with ", "options keep ", "ssl ", "sslproto '' ", "no ", "fetchall ", "mda 'cat' ", "set daemon 60\n", "set logfile x\n", "set ", "interval 2 ", "folder a,b ", "to * ",
         "timeout 0 ", "fetchlimit 1 ", "\n", "#", '"', "'", "\\x", ",", "=", ";"]
    )
)  # fmt: skip
def test_any_fetchmailrc(text: str) -> None:
    """fetchmail polls, or says in which line it cannot read on."""
    host = mailbox_server().fork()["client"]
    host.write("/home/anna/.fetchmailrc", text)
    host.fs.chown("/home/anna/.fetchmailrc", 1000, 1000)
    host.fs.chmod("/home/anna/.fetchmailrc", 0o600)
    assert 0 <= host.run("fetchmail --nodetach -d 0", user="anna").exit_code < 256
