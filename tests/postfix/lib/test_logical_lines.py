"""Logical lines and `name = value`, as every Postfix configuration file has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.postfix.lib.braces import closing_brace, list_words, quoted_words, unbrace
from simulator.postfix.lib.logical_lines import clip, logical_lines, split_name_value, tokens


def test_an_indented_line_continues_the_one_before_it_across_comments() -> None:
    """Comments and blank lines inside a value vanish, the indentation stays, the first line gives the number."""
    text = "# ours\na = 1,\n   2,\n# between\n\n\t3\nb = 4"
    assert list(logical_lines(text, "x")) == [(2, "a = 1,   2,\t3"), (7, "b = 4")]


def test_a_line_that_continues_nothing_is_warned_of_and_skipped() -> None:
    """What stands in front of the first entry with a blank belongs to nobody, with all its continuation lines."""
    heard: list[str] = []
    text = "   biff = yes\n  and more text than thirty characters\na = 1\n"
    assert list(logical_lines(text, "/etc/postfix/main.cf", heard.append)) == [(3, "a = 1")]
    assert heard == ['/etc/postfix/main.cf: logical line must not start with whitespace: "   biff = yes  and more text t..."']


@pytest.mark.parametrize(("text", "problem"), [("foo", "missing '=' after attribute name"), (" = x", "missing attribute name"), ("a b = c", "missing '=' after attribute name")])
def test_a_line_without_name_or_equals_sign_is_none(text: str, problem: str) -> None:
    """The words are those of split_nameval(3)."""
    with pytest.raises(ValueError, match=problem):
        split_name_value(text)


def test_blanks_around_the_value_go_and_those_inside_stay() -> None:
    """A second `=` belongs to the value."""
    assert split_name_value("  a\t=  b = c  d \r") == ("a", "b = c  d")


def test_clip_may_tear_a_character() -> None:
    """printf's precision counts bytes."""
    assert clip("äb", 1).encode("utf-8", "surrogateescape") == b"\xc3"


def test_braces_quote_blanks() -> None:
    """`{ ... }` is one word, also when nested; a list ends words at commas too."""
    assert quoted_words("-o { a = b } c{d e}f") == ["-o", "{ a = b }", "c{d e}f"]
    assert list_words("inline:{{a=b}, c=d}, hash:/x") == ["inline:{{a=b}, c=d}", "hash:/x"]
    assert unbrace("{ a b }", strip=True) == ("a b", "")
    assert unbrace("{a}b")[1] == "syntax error after '}' in \"{a}b\""
    assert unbrace("{a")[1] == "missing '}' in \"{a\""
    assert closing_brace("x") == 0


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Nothing is lost but comments, blanks and orphans, and no word is empty."""
    for _, line in logical_lines(text, "x"):
        assert line == "" or line[0] not in " \t\n\v\f\r#"
    assert all(tokens(text))
    assert all(quoted_words(text))
