"""Parameters as programs read them: defaults, types, who is stopped by what."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.postfix.lib import main_cf
from simulator.postfix.lib.compatibility_level import LEVEL_3_6
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.own_networks import Interfaces, mynetworks
from simulator.postfix.lib.parameter_table import builtin, read_by_programs
from simulator.postfix.lib.parameters import Parameters
from simulator.unix.fs import Fs

PASSWD = "root:x:0:0:root:/root:/bin/bash\npostfix:x:101:102::/var/spool/postfix:/bin/false\nnobody:x:65534:65534::/:/bin/false\n"
GROUP = "root:x:0:\npostfix:x:102:\npostdrop:x:103:\n"


class Clock:
    """A clock that somebody else moves."""

    now = 1_000_000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def machine(main: str, clock: Clock | None = None) -> Fs:
    """A host's files, main.cf written long ago."""
    clock = clock or Clock()
    fs = Fs(clock)
    fs.mkdir("/etc/postfix", parents=True)
    for path, text in {"postfix/main.cf": main, "passwd": PASSWD, "group": GROUP, "hostname": "ubuntu\n", "mailname": "schule.example\n"}.items():
        fs.write(f"/etc/{path}", text.encode("utf-8", "surrogateescape"))
    clock.now += 100
    return fs


def read(main: str, program: str = "", **overrides: str) -> Parameters:
    return Parameters.read(machine(main), overrides=overrides, program=program)


def fatal(main: str, program: str = "") -> str:
    with pytest.raises(Fatal) as trouble:
        read(main, program)
    return trouble.value.text


def test_defaults_are_expanded_from_each_other() -> None:
    """myhostname comes from the host, mydomain from myhostname, mydestination from both."""
    params = read("compatibility_level = 3.6")
    assert params["mydestination"] == "ubuntu.localdomain, localhost.localdomain, localhost"
    assert params.raw("mydestination") == "$myhostname, localhost.$mydomain, localhost"
    assert params["mynetworks"] == "127.0.0.1/32 [::1]/128 "
    assert params.compatibility_level == LEVEL_3_6


def test_types_and_units() -> None:
    """A bare number counts in the unit of the default; only the first letter of a unit counts."""
    params = read("maximal_queue_lifetime = 2\nminimal_backoff_time = 5minutes\nbiff = NO\nmessage_size_limit = 20000000000", "qmgr")
    assert params.time("maximal_queue_lifetime") == 2 * 86400
    assert params.time("minimal_backoff_time") == 300
    assert params.bool("biff") is False
    assert params.int("message_size_limit") == 20_000_000_000


@pytest.mark.parametrize(
    ("line", "program", "text"),
    [
        ("message_size_limit = 1000 # small", "", "bad numerical configuration: message_size_limit = 1000 # small"),
        ("soft_bounce = ja", "", "bad boolean configuration: soft_bounce = ja"),
        ("line_length_limit = 100", "", "invalid line_length_limit parameter value 100 < 512"),
        ("ipc_timeout = 0", "", "invalid ipc_timeout: 0 (min 1)"),
        ("maximal_queue_lifetime = 5y", "qmgr", "parameter maximal_queue_lifetime: bad time value or unit: 5y"),
        ("default_verp_delimiters = +", "", "bad string length 1 < 2: default_verp_delimiters = +"),
        ("myhostname = a..b", "", "file /etc/postfix/main.cf: parameter myhostname: bad parameter value: a..b"),
        ("relayhost = UBUNTU\nmyhostname = ubuntu", "", "myhostname and relayhost parameter settings must not be identical: ubuntu"),
        ("myorigin = a b", "", "myorigin parameter setting must not contain multiple values: a b"),
        ("mail_owner = nosuch", "", "file /etc/postfix/main.cf: parameter mail_owner: unknown user name value: nosuch"),
        ("default_privs = postfix", "", "file /etc/postfix/main.cf: parameters default_privs and mail_owner specify the same user postfix"),
        ("inet_protocols = ipv5", "", 'unknown inet_protocols value "ipv5" in "ipv5"'),
        ("mynetworks_style = all", "", 'unknown mynetworks mask style value "all" in "all"'),
        ("inet_interfaces = nosuch.example", "", "config variable inet_interfaces: host not found: nosuch.example"),
        ("smtpd_banner = ${", "smtpd", "dictionary mail_dict: macro processing error"),
        ("relayhost", "", "/etc/postfix/main.cf, line 1: missing '=' after attribute name: \"relayhost\""),
    ],
)
def test_a_bad_value_is_fatal_for_those_who_read_it(line: str, program: str, text: str) -> None:
    """Each text is that of a real program."""
    assert fatal(line, program) == text


def test_a_bad_value_is_nothing_to_those_who_do_not_read_it() -> None:
    """qmgr dies of a bad maximal_queue_lifetime, smtpd lives on."""
    assert fatal("maximal_queue_lifetime = never", "qmgr")
    assert read("maximal_queue_lifetime = never", "smtpd")["smtpd_banner"] == "ubuntu.localdomain ESMTP Postfix"


def test_origin_from_a_file() -> None:
    """Debian: myorigin may name a file; $myorigin in other values still is the file's name."""
    params = read("myorigin = /etc/mailname\nmasquerade_domains = $myorigin", "cleanup")
    assert (params["myorigin"], params["masquerade_domains"]) == ("schule.example", "/etc/mailname")
    assert fatal("myorigin = /etc/nosuch") == "/etc/nosuch: cannot open file: No such file or directory"


def test_overrides_win_and_may_use_the_service_name() -> None:
    """`-o name=value` of master.cf, as in `-o syslog_name=postfix/$service_name`."""
    params = Parameters.read(machine("myhostname = a.example"), overrides={"syslog_name": "postfix/$service_name"}, program="smtp", service_name="relay")
    assert params["syslog_name"] == "postfix/relay"
    assert [params.is_set(name) for name in ("syslog_name", "myhostname", "mydomain")] == [True, True, False]


def test_transport_parameters() -> None:
    """`relay_destination_concurrency_limit` is its own, or the default for all; the built-in exceptions stay."""
    params = read("relay_destination_concurrency_limit = 7", "qmgr")
    limits = [params.service_int(name, "_destination_concurrency_limit", "default_destination_concurrency_limit") for name in ("relay", "smtp", "local")]
    assert limits == [7, 20, 2]
    assert params.service_time("maildrop", "_time_limit", "command_time_limit") == 1000


def test_a_copy_of_a_lab_shares_them() -> None:
    """They never change, so nothing is copied."""
    params = read("")
    assert copy.deepcopy(params) is params


def test_warnings_are_repeated_until_main_cf_has_aged() -> None:
    """A program that starts right after an edit reads the file again and again, for two seconds."""
    clock = Clock()
    fs = machine("", clock)
    fs.write("/etc/postfix/main.cf", b"biff = no\nbiff = yes\n")
    heard: list[str] = []
    main_cf.read(fs, "/etc/postfix/main.cf", heard.append, {}, sleep=clock.sleep)
    first, last = (f"/etc/postfix/main.cf, line {line}: overriding earlier entry: biff={value}" for line, value in ((2, "no"), (1, "yes")))
    assert heard[:3] == [first, last, first]
    assert heard.count(first) > 4
    heard.clear()
    clock.now += 5
    main_cf.read(fs, "/etc/postfix/main.cf", heard.append, {}, sleep=clock.sleep)
    assert heard == [first]


def test_networks_of_the_host() -> None:
    """The default of mynetworks by style, in the kernel's order."""
    own = Interfaces.of([("127.0.0.1", 8), ("192.0.2.10", 24)]).own((4, 6), "all", lambda name, family: ())
    assert mynetworks("subnet", own) == "127.0.0.0/8 192.0.2.0/24 [::1]/128 [fe80::]/64 "
    assert mynetworks("class", own[:2]) == "127.0.0.0/8 192.0.2.0/24 "
    assert mynetworks("host", own[:2]) == "127.0.0.1/32 192.0.2.10/32 "


def test_every_default_is_a_good_value() -> None:
    """Each program starts with the defaults; virtual(8) alone insists on a base."""
    for program in read_by_programs():
        Parameters.read(machine("virtual_mailbox_base = /var/vmail"), program=program)


LINES = st.sampled_from(["biff = no", "a = $b", "b = $a", "relayhost = $a", "  x", "# c", "noequals", "= x", "mydestination = ${", "myhostname =", "inet_protocols = ", "message_size_limit = x", "compatibility_level = ${{$compatibility_level} == {1}}"])


def attempt(main: str, program: str, name: str) -> str:
    """The value, or the fatal error."""
    try:
        return read(main, program)[name]
    except Fatal as trouble:
        return trouble.text


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES | st.text(max_size=20), max_size=8).map("\n".join), st.sampled_from(sorted(read_by_programs())))
def test_no_main_cf_breaks_it(main: str, program: str) -> None:
    """Whatever stands in main.cf, a program starts or says why not."""
    for name in ("mydestination", "smtpd_banner", "relayhost"):
        assert isinstance(attempt(main, program, name), str)


def test_all_parameters_are_there() -> None:
    """828 built-in ones."""
    assert len(builtin()) == 828
