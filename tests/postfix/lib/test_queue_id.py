"""Names of queue files tell when they were made and their inode number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.postfix.lib.queue_id import Hashing, inode_of, is_long, is_valid, long_id, short_id


def test_a_short_id() -> None:
    """Five digits of microseconds, then the inode number, both hexadecimal."""
    assert short_id(0x53A2F, 0xB1DE) == "53A2FB1DE"


@given(st.integers(0, 2**33), st.integers(0, 999_999), st.integers(1, 2**40))
def test_long_ids_sort_by_time(seconds: int, microseconds: int, inode: int) -> None:
    """No vowels, no time but the file's own, and never the same twice."""
    queue_id = long_id(seconds, microseconds, inode)
    assert is_long(queue_id)
    assert is_valid(queue_id)
    assert inode_of(queue_id) == inode
    assert not set("aeiouAEIOU") & set(queue_id)
    assert queue_id < long_id(seconds + 1, microseconds, inode)


@given(st.integers(0, 999_999), st.integers(1, 2**40))
def test_the_inode_is_in_a_short_id_too(microseconds: int, inode: int) -> None:
    """postsuper(1) renames files where it is not the right one."""
    queue_id = short_id(microseconds, inode)
    assert not is_long(queue_id)
    assert inode_of(queue_id) == inode


@pytest.mark.parametrize(("name", "valid"), [("ABC123", True), ("a_b", True), ("", False), ("a/b", False), ("a.b", False), ("x" * 300, False)])
def test_names_that_may_be_ids(name: str, valid: bool) -> None:
    """Letters, digits, and "_" of flush(8)'s logs."""
    assert is_valid(name) is valid


def test_hash_directories() -> None:
    """hash_queue_names, hash_queue_depth."""
    hashing = Hashing(frozenset(("deferred", "defer")), 2)
    assert hashing.subdirectories("deferred", "53A2FB1DE") == "5/3/"
    assert hashing.subdirectories("active", "53A2FB1DE") == ""
    assert hashing.subdirectories("defer", "A") == "A/_/"
