"""Mail loops and duplicates: delivered_hdr(3), been_here(3)."""

from simulator.postfix.lib.been_here import DuplicateFilter
from simulator.postfix.lib.delivered_hdr import DeliveredHeaders


def test_delivered_to_lines_of_the_header_count() -> None:
    """In any case, and never those of the body."""
    headers = DeliveredHeaders(b'Received: x\n\tby y\nDelivered-To: Anna@UBUNTU\ndelivered-to:"b c"@d\n\nDelivered-To: carla@ubuntu\n')
    assert "anna@ubuntu" in headers
    assert "ANNA@ubuntu" in headers
    assert "b c@d" in headers
    assert "carla@ubuntu" not in headers


def test_text_without_a_header_ends_the_search() -> None:
    """The first line that is neither a header nor its continuation ends it."""
    assert "a@b" not in DeliveredHeaders(b"no header here\nDelivered-To: a@b\n")


def test_a_duplicate_is_seen_whatever_its_case() -> None:
    """`seen` notes what it is asked for."""
    duplicates = DuplicateFilter(0)
    assert not duplicates.seen("mailbox Anna")
    assert duplicates.seen("mailbox anna")


def test_the_filter_forgets_what_is_above_its_limit() -> None:
    """duplicate_filter_limit: a list of thousands must not fill the memory; duplicates then come through."""
    duplicates = DuplicateFilter(1)
    assert [duplicates.seen(key) for key in ("a", "b", "a", "b")] == [False, False, True, False]
