"""Whatever a client sends, a session of smtpd(8) neither breaks nor grows."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator import open_lab
from simulator.lab import Lab
from simulator.postfix.smtpd_stream import INPUT_LIMIT, ClientStream
from simulator.postfix.smtpd_token import split_command

LAB = open_lab("three")
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

WORDS = [
    b"EHLO x", b"HELO", b"MAIL FROM:<a@example.net>", b"MAIL FROM:<>", b"RCPT TO:<anna@example.com>", b"RCPT TO:<x@example.org>", b"DATA",
    b"BDAT 5", b"BDAT 3 LAST", b"BDAT 99999999999999999999999", b"RSET", b"NOOP", b"VRFY anna", b"ETRN example.net", b"QUIT", b"STARTTLS",
    b"AUTH PLAIN", b"XCLIENT NAME=x", b".", b"", b"\xff\xfe", b"\0", b"<" * 50, b'"' * 51, b"MAIL FROM:<" + b"(" * 300, b"x" * 5000,
    b"MAIL FROM:<@a,@b:c@d> SIZE=1 BODY=8BITMIME ENVID=+41 RET=FULL", b"RCPT TO:<anna@example.com> NOTIFY=NEVER ORCPT=rfc822;x+40y",
]  # fmt: skip
SESSION = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=120)), max_size=25)
ENDS = st.sampled_from([b"\r\n", b"\n", b"\r\r\n"])


def talk(lab: Lab, chunks: list[bytes]) -> bytes:
    """Send bytes in these pieces, then end of file; what the server said."""

    async def run() -> bytes:
        reader, writer = await lab["client"].net.open_connection("192.0.2.40", 25)
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
        said: bytes = await reader.read()
        writer.close()
        return said

    said = lab.clock.run_coroutine(run(), limit=3600.0)
    lab.settle()
    return said


@SETTINGS
@given(lines=SESSION, end=ENDS)
def test_no_input_breaks_a_session(lines: list[bytes], end: bytes) -> None:
    """Every session is answered to its end, and the next client is served."""
    said = talk(LAB, [end.join(lines) + end])
    assert said.startswith(b"220 hub.example.com ")
    assert all(line[:3].isdigit() for line in said.split(b"\r\n") if line)
    assert talk(LAB, [b"QUIT\r\n"]).endswith(b"221 2.0.0 Bye\r\n")


@SETTINGS
@given(lines=SESSION, cuts=st.lists(st.integers(1, 400), max_size=30))
def test_replies_do_not_depend_on_how_input_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    """The network may cut a stream anywhere; the dialogue is the same. Queue ids differ from session to session."""
    data = b"\r\n".join(lines) + b"\r\n"
    places = sorted({cut for cut in cuts if cut < len(data)})
    pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    assert [line[:3] for line in talk(LAB, pieces).split(b"\r\n")] == [line[:3] for line in talk(LAB, [data]).split(b"\r\n")]


@given(st.text(max_size=300))
def test_words_of_any_line(line: str) -> None:
    """Splitting never fails, and no word holds a blank outside of quotes and angle brackets."""
    for word in split_command(line):
        assert word.text
        if not set('<"\\') & set(word.text):
            assert not set(word.text) & set(" \t\n")


class _Pipe:
    """A transport that only notes whether its sender was asked to pause."""

    def __init__(self) -> None:
        self.paused = False

    def write(self, data: bytes) -> None:
        """Nobody listens."""

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return False


def test_a_flood_is_held_back() -> None:
    """Input that nobody reads yet stops the sender instead of filling the memory, and goes on when it was read."""
    pipe = _Pipe()
    stream = ClientStream(pipe, LAB.clock.loop, 10.0)
    sent = 0
    while not pipe.paused:
        stream.feed(b"x" * 4096)
        sent += 4096
    assert sent <= INPUT_LIMIT + 4096
    LAB.clock.run_coroutine(stream.read(sent))
    assert not pipe.paused


def test_a_line_without_an_end_is_cut() -> None:
    """A client that sends one endless line is told so and does not fill the log."""
    said = talk(LAB, [b"EHLO " + b"x" * 1_000_000 + b"\r\nQUIT\r\n"])
    assert said.endswith(b"221 2.0.0 Bye\r\n")
    log = LAB["hub"].read("/var/log/mail.log")
    assert "request longer than 2048: EHLO xxxxxxxxxxxxxxxxxxxxxxxxx..." in log
    assert max(map(len, log.splitlines())) < 4096
