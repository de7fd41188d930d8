"""$name in configuration text: every form, every complaint."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.postfix.lib.expansion import Expanded, expand
from simulator.postfix.lib.msg import Fatal

VALUES = {"a": "A$b", "b": "B", "empty": "", "loop": "$loop", "level": "3.6", "me": "${{$me} == {a} ? {b} : {c}}", "two": "$two$two", **{f"n{at}": f"$n{at + 1}$n{at + 1}" for at in range(40)}, "n40": "x", "grow": "$n0"}


def run(text: str, recurse: bool = True) -> tuple[str, list[str]]:
    heard: list[str] = []
    done = expand(text, lambda name, test: VALUES.get(name), heard.append, recurse=recurse)
    return ("ERROR" if done.error else done.text), heard


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$a ${a} $(a)", "AB AB AB"),
        ("$$a", "$a"),
        ("[$nosuch]", "[]"),
        ("${b?yes}${empty?yes}${nosuch?yes}", "yes"),
        ("${b:no}${empty:no}${nosuch:no}", "nono"),
        ("${b?{x}:{y}} ${ empty ? {x} : {y} }", "x y"),
        ("${b??foo:{b}ar}", "?foo:{b}ar"),
        ("${{$b} == {B} ? {same} : {other}}", "same"),
        ("${{10} > {9}}${{10} < {9}}", "true"),
        ("${{$level} <level {3.10} ? {old}}", "old"),
        ("${{$level} < {3.10} ? {old}}", ""),
    ],
)
def test_every_form_has_its_value(text: str, result: str) -> None:
    """The forms of postconf(5), old and new; versions compare as levels only with the suffix."""
    assert run(text) == (result, [])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("${b", 'truncated macro reference: "${b"'),
        ("$", 'empty macro name: "$"'),
        ("${b c}", 'attribute name syntax error at: "...b>>> c"'),
        ("${b?{x}y}", '":" expected at: "...x}>>>y"'),
        ("${b:{x}y}", 'unexpected input at: "...x}>>>y"'),
        ("${{a} = {b}}", '"==" or "!="" or "<"" or "<="" or ">="" or ">" expected at: "...a}>>>= {b}"'),
        ("${{a} ==foo {b}}", 'bad operator suffix at: "...==>>>foo"'),
        ("${{a} == b}", '"{expression}" expected at: "...{a} ==>>> b"'),
        ("${{3.x} >=level {3.6}}", 'malformed compatibility level syntax: "3.x"'),
        ("$loop", 'unreasonable macro call nesting: "loop"'),
    ],
)
def test_a_mistake_is_told_in_postfix_words(text: str, complaint: str) -> None:
    """After one warning the expansion is given up."""
    assert run(text) == ("ERROR", [complaint])


def test_one_level_only_where_the_text_comes_from_outside() -> None:
    """Without recursion values are not looked into, and each can be cleaned."""
    assert run("$a", recurse=False) == ("A$b", [])
    assert expand("$b", lambda name, test: "x/y", clean=lambda value: value.replace("/", "_")) == Expanded("x_y")


def test_a_name_that_is_asked_for_is_told_from_one_that_is_used() -> None:
    """The lookup learns whether ? or : stands behind the name."""
    seen: list[tuple[str, bool]] = []
    expand("$a ${b?x} ${c:y}", lambda name, test: seen.append((name, test)))
    assert seen == [("a", False), ("b", True), ("c", True)]


def test_scanning_finds_the_names_on_both_sides() -> None:
    """postconf(1) must know every name that a value might use."""
    seen: list[str] = []
    expand("${x?{$y}:{$z}}${{$p} == {$q} ? {$r}}", lambda name, test: seen.append(name), scan=True)
    assert seen == ["x", "y", "z", "p", "q", "r"]


@pytest.mark.parametrize("name", ["$me", "$grow"])
def test_endless_growth_ends(name: str) -> None:
    """A comparison inside itself, and a value that doubles, end in an error instead of filling the memory."""
    with pytest.raises(Fatal, match="insufficient memory"):
        run(name)


PIECES = st.sampled_from(["$", "${", "}", "{", "?", ":", "a", "loop", "me", "two", " ", "==", "<level", "$a", "${b?{", "}:{", "(", ")", "\0", "ü", "9"])


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join), st.booleans(), st.booleans())
def test_no_text_breaks_it(text: str, recurse: bool, scan: bool) -> None:
    """Whatever is written, there is a result, a warning or a fatal error."""
    heard: list[str] = []
    try:
        done = expand(text, lambda name, test: VALUES.get(name), heard.append, recurse=recurse, scan=scan)
    except Fatal:
        return
    assert bool(heard) == done.error
