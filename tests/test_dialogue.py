"""`lab.dialogue`: the SMTP conversation of a hop, as it went over the wire."""

import pytest

from simulator import Lab, open_lab


@pytest.fixture
def lab() -> Lab:
    lab = open_lab("three")
    lab.settle()
    lab["client"].run("echo 'Hello Carla' | mail -s hello carla@example.net; echo x | mail -s x wrong@example.net")
    lab.settle()
    lab.advance(10)
    return lab


def queue_id(lab: Lab, host: str, recipient: str) -> str:
    return next(event.queue_id for event in lab.trace.find("routed", host=host) if event.data["recipient"] == recipient)


def test_a_hop_is_found_from_both_ends(lab: Lab) -> None:
    """By the queue id that the message had on the sending host, and by the one it got on the receiving host."""
    sent = lab.dialogue(queue_id(lab, "client", "carla@example.net"))
    received = lab.dialogue(queue_id(lab, "mx1", "carla@example.net"))
    assert sent == received
    assert (sent.client, sent.server, sent.port) == ("client.example.com[192.0.2.41]", "mx1.example.net[192.0.2.31]", 25)
    assert "C: RCPT TO:<carla@example.net>" in str(sent)
    assert sent.replies() == ["220", "250", "220", "250", "250", "250", "354", "250", "221"]


def test_a_refused_message_has_a_conversation_too(lab: Lab) -> None:
    """It has no id at the other end: time and recipient find it."""
    talk = lab.dialogue(queue_id(lab, "client", "wrong@example.net"))
    assert "550" in talk.replies()
    assert "C: RCPT TO:<wrong@example.net>" in str(talk)


def test_tls_is_marked(lab: Lab) -> None:
    """The words before STARTTLS were open, those after it secret; the handshake itself is one remark."""
    talk = lab.dialogue("client", "mx1")
    remarks = [line.text for line in talk.lines if not line.side]
    assert remarks == ["TLS: encrypted from here on"]
    assert talk.encrypted
    assert [line.secret for line in talk.lines if line.text.startswith("EHLO")] == [False, True]


def test_a_long_message_is_cut(lab: Lab) -> None:
    """The envelope matters here; of the text only the first lines are shown, and the lone dot."""
    lab["mx1"].run("seq 500 | swaks -s hub.example.com -f dora@example.net -t anna@example.com -d -")
    text = str(lab.dialogue("mx1", "hub"))
    assert "more lines ---" in text
    assert text.count("\n") < 60
    assert "C: .\n" in text


def test_the_last_of_two_hosts_or_of_all(lab: Lab) -> None:
    """Two names are client and server; without a name it is the last conversation of all."""
    lab["mx1"].run("swaks -s hub.example.com -f dora@example.net -t anna@example.com -q helo")
    assert lab.dialogue() == lab.dialogue("mx1", "hub")
    with pytest.raises(LookupError, match="no SMTP conversation of hub with client"):
        lab.dialogue("hub", "client")
    with pytest.raises(LookupError, match="no host 'nowhere'"):
        lab.dialogue("client", "nowhere")
