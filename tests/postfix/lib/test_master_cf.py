"""master.cf as master(8) and the daemons read it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.postfix.lib.master_cf import MasterDefaults, ServiceEntry, daemon_options, read_services
from simulator.postfix.lib.msg import Fatal


def services(text: str, defaults: MasterDefaults | None = None) -> list[ServiceEntry]:
    return list(read_services(text, "/etc/postfix/master.cf", defaults or MasterDefaults()))


def test_fields_defaults_and_arguments() -> None:
    """`-` is the default of each field; `?` makes the wake-up wait for the first use; { } keep an argument together."""
    relay, flush = services("relay unix - - y - - smtp\n  -o syslog_name=postfix/$service_name\n  -o { smtp_helo_name = a b }\nflush unix n - y 1000? 0 flush\n")
    assert (relay.private, relay.unprivileged, relay.chroot, relay.maxproc, relay.wakeup) == (True, True, True, 100, 0)
    assert relay.overrides == {"syslog_name": "postfix/$service_name", "smtp_helo_name": "a b"}
    assert relay.socket == "private/relay"
    assert (flush.wakeup, flush.wakeup_conditional, flush.wakeup_always, flush.maxproc) == (1000, True, False, 0)


def test_the_command_line_of_a_daemon() -> None:
    """As ps(1) shows it on a real host."""
    pickup, smtp = services("pickup unix n - y 60 1 pickup\nsmtp inet n - y - - smtpd -v\n")
    assert " ".join(pickup.command_line()) == "pickup -l -t unix -u -c"
    assert " ".join(smtp.command_line()) == "smtpd -n smtp -t inet -u -c -o stress= -v"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("smtps inet n - y - smtpd", 'field "max_proc": bad value: "smtpd"'),
        ("x unix n - y - -", 'missing "command" field'),
        ("x unix z - y - - a", 'field "private": bad value: "z"'),
        ("x inet - - y - - a", "inet service cannot be private"),
        ("x tcp n - y - - a", "bad transport type: tcp"),
        ("x - n - y - - a", 'field "transport type" has no default value'),
        ("x unix n - y 1m - a {b", "missing '}' in \"{b\""),
        ("25x inet n - y - - a", 'garbage after numerical service in "25x"'),
        ("[::1:25 inet n - y - - a", 'missing "]" in "[::1:25"'),
    ],
)
def test_a_broken_line_is_fatal_when_its_turn_comes(line: str, problem: str) -> None:
    """Services before it have been seen by then."""
    found = read_services(f"# first\ngood unix - - n - - smtp\n{line}\n", "/etc/postfix/master.cf", MasterDefaults())
    assert next(found).name == "good"
    with pytest.raises(Fatal) as trouble:
        next(found)
    assert trouble.value.text == f"/etc/postfix/master.cf: line 3: {problem}"


def test_disabled_services_are_not_even_looked_at() -> None:
    """master_service_disable: by type, by name and type, with exceptions."""
    text = "smtp inet n - y - - smtpd\n2525 inet nonsense\nlocal unix - n n - - local\n"
    assert [entry.name for entry in services(text, MasterDefaults(disabled="!smtp/inet, inet"))] == ["smtp", "local"]


def test_old_compatibility_levels_chroot_by_default_and_say_so() -> None:
    """COMPATIBILITY_README: chroot=y below level 1."""
    heard: list[str] = []
    found = list(read_services("x unix - - - - - a\n", "master.cf", MasterDefaults(chroot=True, legacy_chroot=True), info=heard.append))
    assert found[0].chroot
    assert heard == ["master.cf: line 1: using backwards-compatible default setting chroot=y"]


def test_daemon_options() -> None:
    """`-o` may stand apart from its value or not; what follows the options is the program's own."""
    found = daemon_options(["-v", "-oa=1", "-o", "b = 2", "flags=F", "-o", "c=3"])
    assert (found.overrides, found.verbose, found.arguments) == ((("a", "1"), ("b", "2")), 1, ("flags=F", "-o", "c=3"))
    for args, text in ((["-o", "x"], "invalid \"-o x\" option value: missing '=' after attribute name"), (["-q"], "invalid option: q"), (["-o"], "invalid option: o")):
        with pytest.raises(Fatal, match=text.replace('"', '"')):
            _ = daemon_options(args)


FIELD = st.sampled_from(["smtp", "inet", "unix", "n", "-", "y", "60?", "0", "smtpd", "{", "}", "-o", "a=b", "-v", "\n", "\n ", "#", "[::1]:25", "25", ":"])


def attempt(text: str) -> str:
    """The fatal error, or "" if all is well."""
    try:
        for entry in services(text):
            assert entry.command_line()
            _ = entry.overrides
    except Fatal as trouble:
        return trouble.text
    return ""


@settings(max_examples=300, deadline=None)
@given(st.lists(FIELD | st.text(max_size=5), max_size=40).map(" ".join))
def test_no_master_cf_breaks_it(text: str) -> None:
    """Whatever stands there, there are services or a fatal error that names the line."""
    trouble = attempt(text)
    assert not trouble or trouble.startswith(("/etc/postfix/master.cf: line ", "invalid "))
