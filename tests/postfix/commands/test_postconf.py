"""postconf(1): what it shows, how it edits, what it complains of."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import Clock
from simulator.net.network import Network
from simulator.postfix.commands import postconf
from simulator.unix.fs import Cred
from simulator.unix.host import Host
from simulator.unix.program import PROGRAMS, Process, Result, run_program

MAIN = """\
myhostname = ubuntu
mydestination = $myhostname,
    localhost
# the rest
relayhost =
compatibility_level = 3.6
mynetworks = 127.0.0.0/8
"""
MASTER = """\
smtp      inet  n       -       y       -       -       smtpd
# the relay
relay     unix  -       -       y       -       -       smtp
        -o syslog_name=postfix/$service_name
"""
PASSWD = "root:x:0:0::/root:/bin/bash\npostfix:x:101:102::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\nanna:x:1000:1000::/home/anna:/bin/bash\n"


def make_host(main: str = MAIN, master: str = MASTER) -> Host:
    """A host with nothing but configuration, written long ago."""
    clock = Clock(1.8e9)
    host = Host("ubuntu", "ubuntu", clock, None, lambda *_: Result())
    host.net = Network(clock).attach("ubuntu", {"eth0": "192.0.2.10/24"})
    host.fs.mkdir("/etc/postfix", parents=True)
    host.fs.mkdir("/home/anna", parents=True)
    for path, text in {"postfix/main.cf": main, "postfix/master.cf": master, "passwd": PASSWD, "group": "postfix:x:102:\npostdrop:x:103:\n", "hosts": "127.0.0.1 localhost\n"}.items():
        host.fs.write(f"/etc/{path}", text.encode())
    clock.run_until(clock.now + 100)
    return host


def run(host: Host, *argv: str, uid: int = 0) -> Result:
    process = Process(host, ["postconf", *argv], {}, "/", Cred(uid, uid), "root" if uid == 0 else "anna", pid=host.new_pid())
    done = run_program(PROGRAMS["/usr/sbin/postconf"], process)
    host.clock.run_until(host.clock.now + 5)
    return done


def test_values_defaults_and_expansion() -> None:
    """Blanks are shown as one; -d knows nothing of main.cf; -x expands; -n leaves out what main.cf does not set."""
    host = make_host()
    assert run(host, "mydestination").stdout == "mydestination = $myhostname, localhost\n"
    assert run(host, "-d", "mydestination").stdout == "mydestination = $myhostname, localhost.$mydomain, localhost\n"
    assert run(host, "-xh", "mydestination", "mydomain").stdout == "ubuntu, localhost\nlocaldomain\n"
    assert run(host, "-n").stdout.splitlines() == [
        "compatibility_level = 3.6", "mydestination = $myhostname, localhost", "myhostname = ubuntu", "mynetworks = 127.0.0.0/8", "relayhost =",
    ]
    assert run(host, "-n", "relay_domains").stdout == ""


def test_a_misspelt_name_is_warned_of_but_is_no_failure() -> None:
    """The exit status stays 0."""
    host = make_host(MAIN + "mydestinations = x\n")
    done = run(host, "mydestinations")
    assert (done.stdout, done.exit_code) == ("", 0)
    assert done.stderr.splitlines() == [
        "postconf: warning: mydestinations: unknown parameter",
        "postconf: warning: /etc/postfix/main.cf: unused parameter: mydestinations=x",
    ]


def test_a_name_of_ones_own_is_known_when_a_value_uses_it() -> None:
    """And an undefined one is told of."""
    host = make_host(MAIN + "firma = a.example\nrelay_domains = $firma, $filiale\n")
    done = run(host, "-C", "user")
    assert done.stdout == "firma = a.example\n"
    assert done.stderr == "postconf: warning: /etc/postfix/main.cf: undefined parameter: filiale\n"


def test_edits_touch_only_what_is_meant() -> None:
    """Comments stay, continuation lines go with their entry, new names are appended; the file is a new one of mode 644."""
    host = make_host()
    host.fs.chmod("/etc/postfix/main.cf", 0o600)
    assert run(host, "-e", "mydestination = localhost", "biff=no") == Result()
    assert host.read("/etc/postfix/main.cf").splitlines() == [
        "myhostname = ubuntu", "mydestination = localhost", "# the rest", "relayhost =", "compatibility_level = 3.6", "mynetworks = 127.0.0.0/8", "biff = no",
    ]
    assert host.fs.stat("/etc/postfix/main.cf").mode == 0o644
    run(host, "-#", "relayhost")
    run(host, "-X", "mydestination", "biff")
    assert host.read("/etc/postfix/main.cf") == "myhostname = ubuntu\n# the rest\n#relayhost =\ncompatibility_level = 3.6\nmynetworks = 127.0.0.0/8\n"


def test_a_last_line_without_newline_swallows_the_new_entry() -> None:
    """As real postconf does: editors beware."""
    host = make_host("a = 1")
    run(host, "-e", "biff=no")
    assert host.read("/etc/postfix/main.cf") == "a = 1biff = no\n"


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["-e", "relayhost"], "missing '=' after attribute name: \"relayhost\""),
        (["-e"], "-e requires name=value argument"),
        (["-X"], "missing service argument"),
        (["-X", "a", "b=c"], "-X or -# requires parameter names without value"),
        (["-e", "a=b\nc"], "-e, -X, or -# accepts no multi-line input"),
        (["-d", "-n"], "specify one of -d -n"),
        (["-M", "-h"], "with option -M, do not specify -h"),
        (["-C", "own"], 'unknown -C option value "own" in "own"'),
        (["-o", "x", "biff"], "invalid parameter override: x: missing '=' after attribute name"),
        (["-c", "/nosuch", "biff"], "open /nosuch/main.cf: No such file or directory"),
        (["-Me", "smtp=x"], "-Me, -MX or -M# requires service_name/type"),
        (["-Me", "x/unix=x unix"], 'bad field count: "x/unix=x unix"'),
        (["-Fe", "smtp/inet/kind=x"], 'invalid service attribute name: "kind"'),
        (["-Fe", "smtp/inet/chroot=ja"], 'invalid chroot field "ja" in "ja"'),
        (["-Pe", "smtp/inet/a=b c"], "-Pe does not accept whitespace in parameter value"),
        (["-M", "/"], "-M option requires service_name[/type]"),
    ],
)
def test_fatal_errors(argv: list[str], text: str) -> None:
    """Each in the words of real postconf, with exit status 1."""
    done = run(make_host(), *argv)
    assert (done.stderr, done.exit_code) == (f"postconf: fatal: {text}\n", 1)


def test_an_ordinary_user_may_look_but_not_touch() -> None:
    """The temporary file beside main.cf cannot be made."""
    host = make_host()
    assert run(host, "myhostname", uid=1000).stdout == "myhostname = ubuntu\n"
    assert run(host, "-e", "a=b", uid=1000).stderr == "postconf: fatal: open /etc/postfix/main.cf.tmp: Permission denied\n"


def test_master_entries_fields_and_parameters() -> None:
    """In columns, one by one, and what -o sets."""
    host = make_host()
    assert run(host, "-M", "smtp/inet").stdout == "smtp       inet  n       -       y       -       -       smtpd\n"
    assert run(host, "-Mf", "relay").stdout == "relay      unix  -       -       y       -       -       smtp\n    -o syslog_name=postfix/$service_name\n"
    assert run(host, "-F", "relay/unix/command").stdout == "relay/unix/command = smtp -o syslog_name=postfix/$service_name\n"
    assert run(host, "-P").stdout == "relay/unix/syslog_name = postfix/$service_name\n"
    assert run(host, "-Px").stdout == "relay/unix/syslog_name = postfix/relay\n"
    assert run(host, "-M", "nosuch").stderr == 'postconf: warning: unmatched request: "nosuch"\n'


def test_master_edits() -> None:
    """An entry that is changed is written anew; a comment behind it comes before it then, as in real postconf."""
    host = make_host()
    run(host, "-Pe", "smtp/inet/smtpd_banner=hi", "relay/unix/x=1")
    run(host, "-Fe", "relay/unix/chroot=n")
    run(host, "-Me", "25/inet=2525 inet n - n - - smtpd")
    assert host.read("/etc/postfix/master.cf") == (
        "# the relay\nsmtp       inet  n       -       y       -       -       smtpd\n    -o smtpd_banner=hi\n"
        "relay      unix  -       -       n       -       -       smtp\n    -o syslog_name=postfix/$service_name\n    -o x=1\n"
        "2525       inet  n       -       n       -       -       smtpd\n"
    )
    run(host, "-PX", "relay/unix/x", "relay/unix/syslog_name")
    run(host, "-M#", "2525/inet")
    run(host, "-MX", "smtp/inet")
    assert host.read("/etc/postfix/master.cf") == (
        "# the relay\nrelay      unix  -       -       n       -       -       smtp\n#2525       inet  n       -       n       -       -       smtpd\n"
    )


def test_what_was_printed_before_a_fatal_error_comes_in_whole_blocks() -> None:
    """Standard output is buffered; real postconf does not flush it when it gives up."""
    host = make_host(MAIN + "zz_last = ${\n")
    done = run(host, "-o", "smtpd_banner=${zz", "-x")
    assert done.exit_code == 1
    assert len(done.stdout) % 4096 == 0


LINE = st.sampled_from(["a = $b", "b = ${a?{x}", " x", "# c", "biff = yes", "noequals", "smtpd_restriction_classes = q, $a", "virtual_alias_maps = ldap:a", "process_id = 1"])
FIELDS = st.sampled_from(["x inet n - n - - smtpd", " -o a=$b", " -o {", "y unix - - n 60? 1 pipe { a b }", "z", "# c", "x unix q - - - - a", " -v -o", "x=y inet n - n - - a"])
ARGV = st.lists(st.sampled_from(["-n", "-x", "-d", "-M", "-F", "-P", "-e", "-X", "-#", "-f", "-h", "a", "b=1", "x/inet", "x/inet/a", "*/*/chroot=n", "*", "-o", "a=$b", "-C", "user", "-H", ""]), max_size=5)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINE, max_size=6).map("\n".join), st.lists(FIELDS, max_size=6).map("\n".join), ARGV)
def test_nothing_breaks_it(main: str, master: str, argv: list[str]) -> None:
    """Whatever the files and the command line say, it ends with status 0 or 1 and an explanation for 1."""
    done = run(make_host(main, master), *argv)
    assert done.exit_code in (0, 1, postconf_crash())
    assert done.exit_code != 1 or "fatal: " in done.stderr


def postconf_crash() -> int:
    """Real postconf dies of a null pointer in one case, and so does ours."""
    from simulator.postfix.commands.postconf_edit import SEGMENTATION_FAULT

    return SEGMENTATION_FAULT


def test_it_is_registered_with_its_manual_page() -> None:
    """`man postconf` shows the docstring."""
    assert PROGRAMS["/usr/sbin/postconf"].main is postconf.main
    assert "DIFFERS FROM POSTFIX" in PROGRAMS["/usr/sbin/postconf"].manual
