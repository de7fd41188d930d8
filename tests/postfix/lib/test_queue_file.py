"""Queue files have the format that real Postfix writes: records of a type, a length and data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.postfix.lib import records
from simulator.postfix.lib.queue_file import QueueFile, SizeRecord, attribute_record, text_record, time_record
from simulator.postfix.lib.records import BadRecord

RECORDS = st.lists(st.tuples(st.sampled_from("ARSNLTOFM"), st.binary(max_size=400)), max_size=20)


def test_a_short_record_has_one_byte_of_length() -> None:
    """Type, length, data."""
    assert records.encode("N", b"hello") == b"N\x05hello"


def test_a_long_record_has_several_bytes_of_length() -> None:
    """Seven bits each, the lowest first."""
    assert records.encode("N", b"x" * 200)[:3] == b"N\xc8\x01"


@given(RECORDS)
def test_what_was_written_is_read_again(written: list[tuple[str, bytes]]) -> None:
    """Whatever the types and lengths."""
    data = records.encode_all(written)
    assert [(kind, value) for _, kind, value in records.decode(data)] == written


@given(RECORDS, st.integers(1, 3))
def test_a_cut_file_is_noticed(written: list[tuple[str, bytes]], missing: int) -> None:
    """Unless the cut falls between two records."""
    data = records.encode_all([*written, ("N", b"the last line")])
    with pytest.raises(BadRecord, match="unexpected EOF"):
        list(records.decode(data[:-missing], 0, "active/A"))


def message() -> bytes:
    """A queue file with two recipients, one of them done."""
    head = [SizeRecord().encode()]
    parts = [
        time_record(1_795_510_804.25), attribute_record("rewrite_context", "local"), text_record(records.FROM, "anna@ubuntu"),
        attribute_record("notify_flags", "4"), text_record(records.ORIGINAL_RECIPIENT, "team"), text_record(records.RECIPIENT, "bernd@ubuntu"),
        text_record(records.DONE, "carla@ubuntu"), (records.MESSAGE, b""), text_record(records.LINE, "Subject: x"), text_record(records.LINE, ""),
        text_record(records.CONTINUED, "a long "), text_record(records.LINE, "line"), (records.EXTRACTED, b""), (records.END, b""),
    ]  # fmt: skip
    return b"".join(head) + records.encode_all(parts)


def test_sender_recipients_and_text() -> None:
    """Recipients know what was said of them, and where they stand."""
    data = message()
    parsed = QueueFile.parse(data, with_content=True)
    assert parsed.sender == "anna@ubuntu"
    assert parsed.arrival_time == 1_795_510_804.25
    assert parsed.attributes["rewrite_context"] == "local"
    todo, = parsed.todo
    assert (todo.address, todo.orig_address, todo.dsn_notify) == ("bernd@ubuntu", "team", 4)
    assert data[todo.offset : todo.offset + 1] == b"R"
    assert parsed.content() == b"Subject: x\n\na long line\n"
    assert parsed.complete


def test_what_can_be_saved_of_a_damaged_file() -> None:
    """The records before the damage, and what is wrong."""
    parsed, damage = QueueFile.salvage(message()[:200], "active/ABC")
    assert parsed.sender == "anna@ubuntu"
    assert not parsed.complete
    assert damage.startswith("active/ABC: unexpected EOF") or damage == ""
