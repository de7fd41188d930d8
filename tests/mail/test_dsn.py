"""Enhanced status codes and xtext: RFC 3463, RFC 3461 4."""

import pytest

from simulator.mail.dsn import from_xtext, is_dsn, split_dsn, xtext


@pytest.mark.parametrize(("text", "valid"), [("2.0.0", True), ("5.1.10", True), ("3.0.0", False), ("5.1", False), ("5.1.1x", False), ("5.1.1234", False), ("", False)])
def test_codes(text: str, valid: bool) -> None:
    """Class 2, 4 or 5; two numbers of up to three digits."""
    assert is_dsn(text) is valid


def test_a_code_before_a_text() -> None:
    """Otherwise there is a default."""
    assert split_dsn("5.7.1 not this", "4.0.0") == ("5.7.1", "not this")
    assert split_dsn("not this", "4.0.0") == ("4.0.0", "not this")


def test_xtext_survives_the_way() -> None:
    """"+" and "=" and blanks are written as +XX."""
    assert xtext("a+b=c d") == "a+2Bb+3Dc+20d"
    assert from_xtext("a+2Bb+3Dc+20d") == "a+b=c d"
