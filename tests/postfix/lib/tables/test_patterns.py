"""regexp:, pcre: and cidr: tables answer, and complain, as the libraries of a real host do."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.postfix.lib.tables.pattern_rules import compile_pattern
from simulator.postfix.lib.tables.pcre_regex import NotSimulated, Options, PcreParser
from simulator.postfix.lib.tables.posix_bracket import RegexError
from simulator.postfix.lib.tables.posix_regex import PosixParser

Ask = Callable[..., str | None]

POSIX_ERRORS = {
    "*a": "Invalid preceding regular expression",
    "a|*b": "Invalid preceding regular expression",
    "a{1": "Unmatched \\{",
    "a{2,1}": "Invalid content of \\{\\}",
    "a{99999}": "Regular expression too big",
    "(a": "Unmatched ( or \\(",
    "[a": "Unmatched [, [^, [:, [., or [=",
    "[": "Invalid regular expression",
    "[b-a]": "Invalid range end",
    "[[:foo:]]": "Invalid character class name",
    "\\1": "Invalid back reference",
    "a\\": "Trailing backslash",
}
PCRE_ERRORS = {
    "a(b": (3, "missing closing parenthesis"),
    "a)b": (1, "unmatched closing parenthesis"),
    "[a": (2, "missing terminating ] for character class"),
    "*a": (0, "quantifier does not follow a repeatable item"),
    "a{2,1}": (5, "numbers out of order in {} quantifier"),
    "(?<=a*)b": (0, "lookbehind assertion is not fixed length"),
    "[[:foo:]]": (3, "unknown POSIX class name"),
    "[:alpha:]": (0, "POSIX named classes are supported only within a class"),
    "\\": (1, "\\ at end of pattern"),
    "(?z)": (2, "unrecognized character after (? or (?-"),
    "\\1": (1, "reference to non-existent subpattern"),
    "(?<n>a)(?<n>b)": (12, "two named subpatterns have the same name (PCRE2_DUPNAMES not set)"),
    "[b-a]": (3, "range out of order in character class"),
    "\\y": (1, "unrecognized character follows \\"),
    "\\x{zz}": (3, "non-hex character in \\x{} (closing brace missing?)"),
}


@pytest.mark.parametrize(("pattern", "text"), POSIX_ERRORS.items())
def test_what_regcomp_refuses(pattern: str, text: str) -> None:
    """The words are those of the C library."""
    with pytest.raises(RegexError, match=r".") as refused:
        PosixParser(pattern, extended=True, icase=True, newline=False).translate()
    assert refused.value.text == text


@pytest.mark.parametrize(("pattern", "fault"), PCRE_ERRORS.items())
def test_what_pcre_refuses(pattern: str, fault: tuple[int, str]) -> None:
    """Words and offset are those of PCRE2."""
    with pytest.raises(RegexError, match=r".") as refused:
        PcreParser(pattern, Options()).translate()
    assert (refused.value.offset, refused.value.text) == fault


def test_posix_is_not_perl() -> None:
    r"""+? is a repeated repetition, \d never matches without regard to case, an unmatched ) is itself."""

    def found(pattern: str, text: str, icase: bool = True) -> str | None:
        parser = PosixParser(pattern, extended=True, icase=icase, newline=False)
        match = compile_pattern(parser.translate(), icase).search(text)
        return None if match is None else str(match[0])

    assert found("a+?", "aaa") == "aaa"
    assert found("\\d", "d7") is None
    assert found("\\d", "7d", icase=False) == "d"
    assert found("a)", "a)") == "a)"
    assert found("[a\\]b]", "\\b]") == "\\b]"
    assert found("[--a]", "cABd") == "A"


def test_the_longest_match_fills_the_substrings(ask: Ask) -> None:
    """POSIX takes the leftmost longest match, Perl the first alternative that fits."""
    assert ask("regexp:{{/^(a|ab)(c|bcd)?/ $1,$2}}", "abcd") in ("a,bcd", "ab,c")
    assert ask("pcre:{{/^(a|ab)(c|bcd)?/ $1,$2}}", "abcd") == "a,bcd"


def test_substitution(ask: Ask) -> None:
    """$1, ${1}, $(1) and $$; no substring may be named in a negated rule."""
    assert ask("pcre:{{/^(.)(.)/ [$2] ${1} $(1) $$}}", "xy") == "[y] x x $"


def test_a_key_is_bytes(ask: Ask) -> None:
    """Without a locale each byte of an umlaut is a character of its own, and the answer is whole again."""
    assert ask("regexp:{{/^.{2}(.*)$/ $1}}", "üx") == "x"
    assert ask("pcre:{{/(.*)/ <$1>}}", "grün") == "<grün>"


def test_a_pattern_that_would_run_for_ever_is_given_up(ask: Ask, tables) -> None:  # type: ignore[no-untyped-def]
    """PCRE2 has a limit; the table goes on with its next rule."""
    assert ask("pcre:{{/^(a|aa)+$/ nie}, {/./ doch}}", "a" * 60 + "b") == "doch"
    assert tables.warnings[-1].endswith("line 1: match limit exceeded")


def test_conditions_nest(ask: Ask) -> None:
    """A rule inside of an IF that does not hold is skipped, up to the matching ENDIF."""
    rules = "{if /a/}, {if !/b/}, {/./ nur-a}, {endif}, {/./ beide}, {endif}, {/./ keins}"
    answers = [ask(f"pcre:{{{rules}}}", key) for key in ("a", "ab", "c")]
    assert answers == ["nur-a", "beide", "keins"]


def test_networks(ask: Ask, tables) -> None:  # type: ignore[no-untyped-def]
    """The first network that holds an address answers; host bits are an error."""
    tables.write("net", "192.0.2.1/24 x\n!10.0.0.0/8 fern\n10.0.0.0/8 nah\n2001:db8::/32 sechs\n")
    assert ask("cidr:net", "10.1.1.1") == "nah"
    assert ask("cidr:net", "192.0.2.7") == "fern"
    assert ask("cidr:net", "2001:db8::7") == "sechs"
    assert ask("cidr:net", "kein.name") is None
    assert 'perhaps you should use "192.0.2.0/24" instead' in tables.warnings[0]


_PIECES = st.sampled_from(
    "a b . * + ? | ( ) [ab] [^a] [ {2} {1,2} ^ $ \\ \\. \\1 \\w \\d \\b (?: (?= (?<= (?i) (?<n> \\x41 [[:alpha:]] \\Q \\E (?# \\p{L} *? ++ (?| (?P=n) ü".split()
)


@given(st.lists(_PIECES, max_size=8), st.booleans(), st.text(alphabet="abAB.7\nü", max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_pattern_compiles_or_is_refused(parts: list[str], flag: bool, text: str) -> None:
    """No pattern breaks the table; what is translated, the engine takes."""
    pattern = "".join(parts).encode().decode("latin-1")
    parsers = [PosixParser(pattern, extended=flag, icase=True, newline=False), PcreParser(pattern, Options(extended=flag))]
    for parser in parsers:
        try:
            spelt = parser.translate()
        except (RegexError, NotSimulated):
            continue
        compile_pattern(spelt, True).search(text.encode().decode("latin-1"), timeout=5)
