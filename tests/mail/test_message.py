"""A message is header fields and a body, and nothing of it gets lost."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.mail.message import Message, fold_address_list, header_name, unfold


def test_headers_end_at_the_first_line_that_is_none() -> None:
    """A folded field is one field; a message without an empty line still has a body."""
    message = Message.parse(b"Subject: hallo\n Welt\nTo: anna\n\nText\n")
    assert [header.name for header in message.headers] == ["Subject", "To"]
    assert message.get("subject") == "hallo Welt"
    assert message.body == "Text\n"
    bare = Message.parse("To: anna\nText ohne Leerzeile\n")
    assert bare.body == "Text ohne Leerzeile\n"
    assert not bare.separated


def test_what_a_header_is() -> None:
    """A name without blanks and a colon; blanks before the colon are tolerated."""
    assert header_name("Subject : x") == "Subject"
    assert header_name("kein header") is None
    assert header_name(": x") is None
    assert unfold("a\n b") == "a b"


def test_address_lists_are_folded_at_seventy_characters() -> None:
    """As many addresses on a line as fit; the next line begins with a tab."""
    names = ",\n".join(f"person{number}@firma.example" for number in range(5))
    assert fold_address_list(f"To: {names}") == (
        "To: person0@firma.example, person1@firma.example,\n"
        "\tperson2@firma.example, person3@firma.example, person4@firma.example"
    )


@given(st.lists(st.sampled_from([b"A: b", b" c", b"", b"text", b"\xff\xfe: x", b":", b"B:"]), max_size=8))
def test_a_message_survives(lines: list[bytes]) -> None:
    """Reading and writing gives the same bytes."""
    content = b"".join(line + b"\n" for line in lines)
    assert Message.parse(content).encode() == content
