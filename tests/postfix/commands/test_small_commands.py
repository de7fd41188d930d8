"""postlog(1), postkick(1), postlock(1), qshape(1), rmail(1): small tools."""

import pytest

from simulator.lab import open_lab
from simulator.unix.host import Host


@pytest.fixture
def host() -> Host:
    return open_lab("ubuntu").hosts["ubuntu"]


def _log(host: Host) -> list[str]:
    return [line.split(" ubuntu ", 1)[1] for line in host.read("/var/log/mail.log").splitlines()]


def test_postlog_writes_as_a_program_of_postfix_would(host: Host) -> None:
    """Severity and tag; nothing on standard error without a terminal."""
    done = host.run("postlog -p warn -t probe eins zwei; printf 'a\\n\\nb\\n' | postlog; postlog -p nix x; echo $?")
    assert (done.stdout, done.stderr) == ("1\n", "")
    texts = [line.partition("[")[0] + line.partition("]")[2] for line in _log(host)[-5:]]
    assert texts == ["probe: warning: eins zwei", "postfix/postlog: a", "postfix/postlog: ", "postfix/postlog: b",
                     'postfix/postlog: fatal: bad severity: "nix"']  # fmt: skip


def test_postkick_wakes_a_service_up(host: Host) -> None:
    """What lies in maildrop is taken at once."""
    host.run("postfix stop; echo x | sendmail anna; postfix start")
    assert host.run("postkick public pickup W; echo $?; sleep 2").stdout == "0\n"
    assert host.fs.exists("/var/mail/anna")
    done = host.run("postkick public nix W; echo $?")
    assert done.stdout == "1\n"
    assert done.stderr.splitlines() == [
        "postkick: warning: unable to look up public/nix: No such file or directory",
        "postkick: warning: Cannot contact class public service nix - perhaps the mail system is down",
    ]


def test_a_daemon_does_not_understand_a_kick(host: Host) -> None:
    """Services that expect attributes say so in the log."""
    host.run("postkick private rewrite W; sleep 1")
    assert _log(host)[-1].endswith("warning: unexpected attribute W from rewrite socket (expecting: request)")


def test_postlock_holds_the_lock_while_a_command_runs(host: Host) -> None:
    """The lock file is there for the command, and gone afterwards; the status is the command's."""
    done = host.run("cd /tmp; postlock -l dotlock /tmp/box ls /tmp; echo $?; ls /tmp; postlock /tmp/box false; echo $?")
    assert done.stdout.splitlines() == ["box", "box.lock", "0", "box", "1"]
    assert host.run("postlock /tmp/box; echo $?").stderr.startswith("postlock: fatal: usage: postlock ")


def test_qshape_counts_domains_by_age(host: Host) -> None:
    """The table has a row a domain and a column an age."""
    host.run("postconf -e default_transport=retry:x; postfix reload; echo x | mail -s x a@a.example b@a.example c@b.example; sleep 360")
    rows = [line.split() for line in host.run("qshape deferred").stdout.splitlines()]
    assert rows[0] == ["T", "5", "10", "20", "40", "80", "160", "320", "640", "1280", "1280+"]
    assert rows[1][:4] == ["TOTAL", "3", "0", "3"]
    assert rows[2][:4] == ["a.example", "2", "0", "2"]
    assert host.run("qshape -s deferred").stdout.splitlines()[2].split()[:2] == ["ubuntu", "1"]


def test_qshape_needs_postconf(host: Host) -> None:
    """Users have no /usr/sbin in their path: Perl says what is wrong, at length."""
    done = host.run("/usr/sbin/qshape deferred; echo $?", user="anna")
    assert done.stdout == "2\n"
    assert done.stderr.startswith('/usr/sbin/qshape: Can\'t exec "postconf": No such file or directory at /usr/sbin/qshape line 172.\n')
    assert done.stderr.endswith("/usr/sbin/qshape: postconf failed\n")


def test_rmail_takes_the_sender_from_the_from_line(host: Host) -> None:
    """UUCP's path becomes an address."""
    host.run("printf 'From a b remote from c\\nSubject: x\\n\\nx\\n' | rmail anna; sleep 2")
    assert "Return-Path: <a@c>" in host.read("/var/mail/anna")
