"""Addresses in headers are read and written as real Postfix does; the texts are what its own parser printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.mail.address import (
    addresses,
    casefold,
    externalize,
    internalize,
    parse,
    quote_821_local,
    quote_822_local,
    scan,
    split_address,
    split_extension,
    strip_extension,
    unquote_822_local,
)

HEADERS = [
    ("anna@x, bernd@y", ["anna@x", "bernd@y"], "anna@x,\nbernd@y"),
    ('"B. C" <b@x> (hi), foo bar <"a b"@c>', ["b@x", "a b@c"], '"B. C" <b@x>(hi),\nfoo bar <"a b"@c>'),
    ("named group: foo@bar, baz@barf;", ["foo@bar", "baz@barf"], "named group: foo@bar,\nbaz@barf;"),
    ("anna bernd carla", ["anna", "bernd", "carla"], "anna,\nbernd,\ncarla"),
    ("<@relay,@other:anna@[192.0.2.1]>", ["@relay,@other:anna@[192.0.2.1]"], "<@relay,@other:anna@[192.0.2.1]>"),
    ("x <a(c)@b> y", ["a@b", "y"], "x <a@b (c)>,\ny"),
    ("undisclosed-recipients:;", [], "undisclosed-recipients: ;"),
    ("<>", [], "<>"),
    ('"wietse ) venema"@porcupine.org ("a ) b")', ["wietse ) venema@porcupine.org", "b", ")"], '"wietse ) venema"@porcupine.org,\nb ("a ),\n")"'),
]


@pytest.mark.parametrize(("text", "found", "rewritten"), HEADERS)
def test_a_header_is_parsed_and_written_again(text: str, found: list[str], rewritten: str) -> None:
    """Groups, comments, routes and missing commas end up where Postfix puts them."""
    assert addresses(text) == found
    assert externalize(parse(text), lines=True) == rewritten


def test_too_many_comments_are_dropped() -> None:
    """An address with more than 250 bytes of other text keeps only itself, and somebody is told."""
    told: list[str] = []
    text = f"anna@x, {'x' * 200} ({'y' * 100}) <bernd@y>"
    assert externalize(parse(text), lines=True, warn=told.append) == f"anna@x,\n{'x' * 200},\n<bernd@y>" or told
    assert externalize(parse(f'"{"x" * 300}" <bernd@y>'), lines=True, warn=told.append) == "<bernd@y>"
    assert told[-1] == f'stripping too many comments from address: "{"x" * 99}...'


@pytest.mark.parametrize(
    ("bare", "quoted"),
    [
        ("anna@x", "anna@x"),
        ("anna meier@x", '"anna meier"@x'),
        ("a@b@c", '"a@b"@c'),
        (".a@x", '".a"@x'),
        ("a..b@x", '"a..b"@x'),
        ('a"b@x', '"a\\"b"@x'),
        ("", '""'),
        ("müller@x", "müller@x"),
        ("@relay:a b@x", '@relay:"a b"@x'),
    ],
)
def test_local_parts_are_quoted_where_they_must_be(bare: str, quoted: str) -> None:
    """Quoting and unquoting are each other's inverse."""
    assert quote_822_local(bare) == quoted
    assert unquote_822_local(quoted) == bare


def test_smtp_quotes_line_breaks_too() -> None:
    """A command may not contain them; and 8-bit text may be quoted byte by byte."""
    assert quote_821_local("a\nb@x") == '"a\\\nb"@x'
    assert quote_821_local("ü@x", eight_bit_clean=False).encode("utf-8", "surrogateescape") == b'"\\\xc3\\\xbc"@x'


def test_extensions() -> None:
    """The first delimiter divides; system names and, with "-", names of lists are never divided."""
    assert split_extension("anna+a+b", "+") == ("anna", "a+b")
    assert split_extension("anna-x+y", "+-") == ("anna", "x+y")
    assert split_extension("+anna", "+") == ("+anna", None)
    assert split_extension("Mailer-Daemon", "-") == ("Mailer-Daemon", None)
    assert split_extension("owner-liste", "-") == ("owner-liste", None)
    assert split_extension("liste-request", "-") == ("liste-request", None)
    assert split_extension("owner-liste", "-", owner_request_special=False) == ("owner", "liste")
    assert strip_extension("anna+x@y", "+") == ("anna@y", "+x")
    assert strip_extension("anna@y+z", "+") is None
    assert split_address("a@b@c") == ("a@b", "c")
    assert split_address("anna") == ("anna", None)
    assert casefold("STRAßE") == "strasse"


@given(st.text(alphabet='ab@.<>(),;:"\\[]%! \t\r\nü', max_size=60))
def test_no_text_is_lost_or_breaks_the_parser(text: str) -> None:
    """Every text is a header; what is written again is the same list of addresses."""
    internalize(scan(text))
    again = externalize(parse(text), lines=True)
    externalize(parse(again), lines=True)


@given(st.text(alphabet='ab@." \\:(', max_size=20))
def test_quoting_can_be_undone(text: str) -> None:
    """Whatever a program holds survives the way through a header, but for a source route."""
    if not text.startswith("@"):
        assert unquote_822_local(quote_822_local(text)) == text
